"""What the compiler says of a function's parameters: its debugging information, read from the object."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from typing import Any

from elftools.elf.elffile import ELFFile

_REAL = {4: "float32", 8: "float64"}
_COMPLEX = {8: "complex64", 16: "complex128"}
# DWARF's encodings of base types.
_BOOLEAN, _COMPLEX_FLOAT, _FLOAT, _SIGNED, _SIGNED_CHAR, _UNSIGNED, _UNSIGNED_CHAR = 2, 3, 4, 5, 6, 7, 8
_QUALIFIERS = ("DW_TAG_const_type", "DW_TAG_volatile_type", "DW_TAG_restrict_type", "DW_TAG_typedef")


@dataclass(frozen=True)
class Member:
    """A number in a struct."""

    name: str
    dtype: str
    offset: int  # bytes


@dataclass(frozen=True)
class Type:
    """A type as far as a task can say it. `problem` tells what it can't say."""

    dtype: str = ""
    spelled: str = ""  # in C, without qualifiers: of the element, where it is a pointer
    pointer: bool = False
    const: bool = False  # what it points to
    inner: tuple[int | None, ...] = ()  # of a pointer to arrays: their lengths, None where they vary
    members: tuple[Member, ...] = ()  # of a struct of numbers
    bytes: int = 0
    plain_char: bool = False
    single: bool = False  # points to one const struct, not to an array of them
    enumerators: tuple[int, ...] = ()  # values of an enum
    problem: str = ""


@dataclass(frozen=True)
class Parameter:
    """A parameter as declared."""

    name: str
    type: Type


@dataclass
class Declared:
    """A function as the compiler sees it."""

    parameters: list[Parameter] = field(default_factory=list)
    returns: Type | None = None
    varargs: bool = False


def declared(object_file: bytes, entry: str) -> Declared | None:
    """The function of that name, with external linkage, in an object with debugging information; else None."""
    info = ELFFile(io.BytesIO(object_file)).get_dwarf_info()
    for unit in info.iter_CUs():
        for die in unit.get_top_DIE().iter_children():
            if die.tag != "DW_TAG_subprogram" or _name(die) != entry or "DW_AT_declaration" in die.attributes:
                continue
            if "DW_AT_external" not in die.attributes:
                continue  # another overload; or still static, where a macro wrote its head
            found = Declared()
            for child in die.iter_children():
                if child.tag == "DW_TAG_formal_parameter":
                    found.parameters.append(Parameter(_name(child), _type(_of(child))))
                elif child.tag == "DW_TAG_unspecified_parameters":
                    found.varargs = True
            returned = _of(die)
            found.returns = _type(returned) if returned is not None else None
            return found
    return None


def _name(die: Any) -> str:
    name = die.attributes.get("DW_AT_name")
    return name.value.decode(errors="replace") if name is not None else ""


def _of(die: Any) -> Any:
    return die.get_DIE_from_attribute("DW_AT_type") if "DW_AT_type" in die.attributes else None


def _bytes(die: Any) -> int:
    size = die.attributes.get("DW_AT_byte_size")
    return int(size.value) if size is not None else 0


def _type(die: Any) -> Type:
    spelled = ""
    while die is not None and die.tag in _QUALIFIERS:
        if die.tag == "DW_TAG_typedef" and not spelled:
            spelled = _name(die)
        die = _of(die)
    if die is None:
        return Type(spelled="void", problem="a void")
    match die.tag:
        case "DW_TAG_base_type":
            return _base(die, spelled)
        case "DW_TAG_enumeration_type":
            values = tuple(int(c.attributes["DW_AT_const_value"].value) for c in die.iter_children())
            return Type("int32", spelled or f"enum {_name(die)}", bytes=4, enumerators=values)
        case "DW_TAG_pointer_type":
            return _pointer(die)
        case "DW_TAG_structure_type" | "DW_TAG_class_type":
            return _struct(die, spelled)
        case "DW_TAG_reference_type" | "DW_TAG_rvalue_reference_type":
            return Type(problem="a C++ reference")
        case "DW_TAG_union_type":
            return Type(problem="a union")
    return Type(problem=die.tag.removeprefix("DW_TAG_").replace("_", " "))


def _base(die: Any, spelled: str) -> Type:
    encoding, size, name = die.attributes["DW_AT_encoding"].value, _bytes(die), _name(die)
    dtype = ""
    if encoding == _FLOAT:
        dtype = _REAL.get(size, "")
    elif encoding == _COMPLEX_FLOAT:
        dtype = _COMPLEX.get(size, "")
    elif encoding in (_SIGNED, _SIGNED_CHAR) and size <= 8:
        dtype = f"int{8 * size}"
    elif encoding in (_UNSIGNED, _UNSIGNED_CHAR, _BOOLEAN) and size <= 8:
        dtype = f"uint{8 * size}"
    if not dtype:
        return Type(problem=name)
    if encoding == _COMPLEX_FLOAT:
        name = "float _Complex" if size == 8 else "double _Complex"
    return Type(dtype, spelled or name, bytes=size, plain_char=name == "char")


def _pointer(die: Any) -> Type:
    inner: list[int | None] = []
    const = False
    die = _of(die)
    while die is not None:
        if die.tag == "DW_TAG_const_type":
            const, die = True, _of(die)
        elif die.tag in ("DW_TAG_volatile_type", "DW_TAG_restrict_type") or (
            die.tag == "DW_TAG_typedef" and _behind(die).tag == "DW_TAG_array_type"
        ):
            die = _of(die)
        elif die.tag == "DW_TAG_array_type":
            inner += [_count(c) for c in die.iter_children() if c.tag == "DW_TAG_subrange_type"]
            die = _of(die)
        else:
            break
    if die is None:
        return Type(pointer=True, problem="a pointer to void")
    behind = _behind(die)
    if behind is not None and behind.tag == "DW_TAG_const_type":
        const = True
    if behind is not None and behind.tag == "DW_TAG_pointer_type":
        return Type(pointer=True, problem="a pointer to pointers")
    if behind is not None and behind.tag == "DW_TAG_subroutine_type":
        return Type(pointer=True, problem="a function pointer")
    element = _type(die)
    return replace(element, pointer=True, const=const, inner=tuple(inner))


def _behind(die: Any) -> Any:
    while die is not None and die.tag in ("DW_TAG_typedef", "DW_TAG_volatile_type", "DW_TAG_restrict_type"):
        die = _of(die)
    return die


def _count(die: Any) -> int | None:
    for key, more in (("DW_AT_count", 0), ("DW_AT_upper_bound", 1)):
        given = die.attributes.get(key)
        if given is not None and isinstance(given.value, int) and "data" in given.form:
            return int(given.value) + more
    return None


def _struct(die: Any, spelled: str) -> Type:
    name = spelled or f"struct {_name(die)}"
    if _name(die) == "FILE" or spelled == "FILE" or _name(die) == "_IO_FILE":
        return Type(problem="a FILE")
    members: list[Member] = []
    for child in die.iter_children():
        if child.tag in ("DW_TAG_inheritance", "DW_TAG_member") and "DW_AT_external" not in child.attributes:
            at = child.attributes.get("DW_AT_data_member_location")
            offset = int(at.value) if at is not None and isinstance(at.value, int) else 0
            problem = _members(child, _name(child), offset, members)
            if problem:
                return Type(spelled=name, problem=f"a struct with {problem} in it ({_name(child) or name})")
    return Type("", name, members=tuple(members), bytes=_bytes(die))


def _members(child: Any, name: str, offset: int, found: list[Member]) -> str:
    """Add the numbers of one member; what it is instead, if it is no number."""
    die = _of(child)
    behind = die
    while behind is not None and behind.tag in _QUALIFIERS:
        behind = _of(behind)
    if behind is not None and behind.tag == "DW_TAG_array_type":
        counts = [_count(c) or 0 for c in behind.iter_children() if c.tag == "DW_TAG_subrange_type"]
        element = _type(_of(behind))
        if element.problem or element.pointer or len(counts) != 1:
            return element.problem or "an array"
        for i in range(counts[0]):
            found.append(Member(f"{name}[{i}]", element.dtype, offset + i * element.bytes))
        return ""
    inner = _type(die)
    if inner.pointer:
        return "a pointer"
    if inner.problem:
        return inner.problem
    if inner.members:
        found += [Member(f"{name}.{m.name}", m.dtype, offset + m.offset) for m in inner.members]
    else:
        found.append(Member(name, inner.dtype, offset))
    return ""
