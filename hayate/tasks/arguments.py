"""What task.toml says of arguments: does it fit together, and does the declaration say the same?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from hayate.errors import WrongUse
from hayate.records import UNIT_ROUNDOFF, Argument, Values
from hayate.tasks.complain import did_you_mean
from hayate.tasks.expressions import substituted

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# HY_MAX_ARRAYS and HY_MAX_VALUES of judge/runner/protocol.h; what the function returns is an array there.
MOST_ARRAYS, MOST_VALUES, MOST_DIMENSIONS = 23, 64, 6
_MATRICES = ("symmetric_positive_definite", "lower_triangular", "diagonally_dominant", "one_hot")
_OF_FLOATS = ("real", "symmetric_positive_definite", "lower_triangular", "diagonally_dominant")
_OF_INTEGERS = ("integer", "index", "permutation", "offsets", "columns")
_OF_COMPLEX = ("real", "uniform", "constant")
_OF_SCALARS = ("real", "uniform", "integer", "index", "constant")
# Kinds whose elements make sense together, one after the other.
_IN_A_ROW = ("permutation", "sorted", "offsets", "columns")
# Kinds whose upper end has to be said: an index into what, offsets up to what.
_WITH_HIGH = ("index", "offsets", "columns")
# Types that C names itself; what a typedef stands for only a compiler knows.
_PLAIN = {
    "char": "int8",
    "signed char": "int8",
    "unsigned char": "uint8",
    "short": "int16",
    "unsigned short": "uint16",
    "int": "int32",
    "signed": "int32",
    "unsigned": "uint32",
    "unsigned int": "uint32",
    "long": "int64",
    "long int": "int64",
    "long long": "int64",
    "unsigned long": "uint64",
    "unsigned long long": "uint64",
    "size_t": "uint64",
    "ptrdiff_t": "int64",
    "float": "float32",
    "double": "float64",
    "float _Complex": "complex64",
    "double _Complex": "complex128",
    "float complex": "complex64",
    "double complex": "complex128",
    **{f"{sign}int{bits}_t": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}

Key = Callable[[str], str]  # of a key in the file: where it stands, for a message


def simple_declaration(entry: str, arguments: tuple[Argument, ...]) -> str:
    """The C declaration of a function of int sizes and dense arrays of double: what format 1 asked for."""
    words = {"size": "int {0}", "input": "const {1} *restrict {0}", "output": "{1} *restrict {0}"}
    kinds = {"float32": "float", "float64": "double"}
    parts = []
    for a in arguments:
        if a.kind == "inout":
            parts.append(f"{kinds.get(a.dtype, a.dtype)} *restrict {a.name}")
        elif a.kind == "scalar":
            parts.append(f"{kinds.get(a.dtype, a.dtype)} {a.name}")
        else:
            parts.append(words[a.kind].format(a.name, kinds.get(a.dtype, f"{a.dtype}_t")))
    return f"void {entry}({', '.join(parts)})"


def parameters(declaration: str, entry: str) -> list[tuple[str, str]] | None:
    """Type and name of each parameter as a declaration writes them, qualifiers and dimensions left out. None if it is
    no declaration of that function.

    >>> parameters("void f(const double *restrict x, int n[static 1], float (*A)[n])", "f")
    [('double', 'x'), ('int', 'n'), ('float', 'A')]
    """
    text = re.sub(r"\s+", " ", declaration.strip().rstrip(";"))
    found = re.search(rf"\b{re.escape(entry)} ?\((.*)\)$", text)
    if found is None:
        return None
    return [_parameter(part) for part in _split(found[1]) if part.strip() not in ("", "void")]


def _split(text: str) -> Iterator[str]:
    depth, start = 0, 0
    for i, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and depth == 0:
            yield text[start:i]
            start = i + 1
    yield text[start:]


def _parameter(text: str) -> tuple[str, str]:
    text = re.sub(r"\b(const|volatile|restrict|__restrict__|__restrict|register|static)\b", " ", text)
    text = re.sub(r"\[[^\]]*\]", " ", text)
    names: list[str] = IDENTIFIER.findall(text)
    if not names:
        return "", ""
    return " ".join(names[:-1]), names[-1]


def in_drawn_names(arguments: tuple[Argument, ...]) -> tuple[Argument, ...]:
    """Shapes and limits may name a size that has a value, such as lda: here its value stands in its place. Raises
    WrongUse for what is no expression."""
    computed = {a.name: a.value for a in arguments if a.kind == "size" and a.value}
    if not computed:
        return arguments

    def plain(text: str) -> str:
        return substituted(text, computed) if text else text

    found = []
    for a in arguments:
        change: dict[str, object] = {
            "shape": tuple(map(plain, a.shape)),
            "extent": tuple(map(plain, a.extent)),
        }
        if a.values is not None:
            change["values"] = a.values.model_copy(
                update={"low": plain(a.values.low), "high": plain(a.values.high)}
            )
        found.append(a.model_copy(update=change))
    return tuple(found)


def check_arguments(
    entry: str, declaration: str, arguments: tuple[Argument, ...], returns: str | None, at: Key
) -> None:
    """Raise `WrongUse` for the first thing that does not fit together. Expressions are checked elsewhere."""
    for i, a in enumerate(arguments, 1):
        key = at(f"argument[{i}] ({a.name})")
        if not IDENTIFIER.fullmatch(a.name):
            raise WrongUse(f"{a.name!r} is no C identifier", where=key)
        _check_one(a, arguments[: i - 1], key)
    arrays = sum(a.is_array for a in arguments)
    values = sum(max(1, len(a.fields)) * (2 if a.dtype.startswith("complex") else 1) for a in arguments)
    if arrays > MOST_ARRAYS:
        raise WrongUse(f"{arrays} arrays", where=at("argument"), allowed=f"at most {MOST_ARRAYS}")
    if values - arrays > MOST_VALUES:
        raise WrongUse(
            f"{values - arrays} numbers by value", where=at("argument"), allowed=f"at most {MOST_VALUES}"
        )
    if returns is None and not any(a.kind in ("output", "inout") for a in arguments):
        raise WrongUse(
            "there is no argument of kind 'output' or 'inout', and nothing is returned", where=at("argument")
        )
    _check_declaration(entry, declaration, arguments, returns, at)


def _check_one(a: Argument, before: tuple[Argument, ...], key: str) -> None:
    whole = a.dtype not in UNIT_ROUNDOFF
    if a.kind == "size" and (not whole or a.shape):
        raise WrongUse("a size has an integer type, such as 'int', and no shape", where=key)
    if a.kind == "scalar" and a.shape:
        raise WrongUse("a scalar has no shape", where=key)
    if a.is_array and not a.shape:
        raise WrongUse("an array has a shape", where=key, allowed='as in ["M", "K"]')
    if len(a.shape) > MOST_DIMENSIONS:
        raise WrongUse(f"{len(a.shape)} dimensions", where=key, allowed=f"at most {MOST_DIMENSIONS}")
    if a.extent and len(a.extent) != len(a.shape):
        raise WrongUse("extent and shape have different numbers of dimensions", where=key)
    if a.fields and (a.kind != "scalar" or not a.type):
        raise WrongUse(
            "fields are of a scalar that is a struct, whose type is said", where=key, allowed="type"
        )
    if a.value and a.kind not in ("size", "scalar"):
        raise WrongUse("an array has no value: values says what it holds", where=key)
    if a.kind == "output" and a.values is not None:
        raise WrongUse("an output holds nothing before the call", where=key, allowed="kind = 'inout'")
    if a.values is not None:
        _check_values(a, a.values, before, key)


def _check_values(a: Argument, values: Values, before: tuple[Argument, ...], key: str) -> None:
    kind, whole = values.kind, a.dtype not in UNIT_ROUNDOFF
    key = f"{key}.values"
    if a.kind == "size":
        raise WrongUse("a size is drawn from domain, or has a value", where=key)
    if (kind in _OF_FLOATS and whole) or (kind in _OF_INTEGERS and not whole):
        raise WrongUse(f"{kind!r} can't be of {a.dtype}", where=key)
    if a.dtype.startswith("complex") and kind not in _OF_COMPLEX:
        raise WrongUse(f"{kind!r} can't be of {a.dtype}", where=key, allowed=", ".join(_OF_COMPLEX))
    if a.kind == "scalar" and kind not in _OF_SCALARS:
        raise WrongUse(f"{kind!r} is for arrays", where=key, allowed=", ".join(_OF_SCALARS))
    if kind in _MATRICES and len(a.shape) < 2:
        raise WrongUse(f"{kind!r} is for matrices", where=key, allowed='a shape as ["N", "N"]')
    if kind in _IN_A_ROW and a.extent:
        raise WrongUse(f"{kind!r} has no padding", where=key, allowed="an array without extent")
    if kind in _WITH_HIGH and not values.high:
        raise WrongUse(f"{kind!r} wants high", where=key, allowed="an expression over the sizes")
    if kind == "columns":
        rows = [b.name for b in before if b.values is not None and b.values.kind == "offsets"]
        if values.of not in rows:
            raise WrongUse(
                f"of = {values.of!r} names no array of offsets before it{did_you_mean(values.of, rows)}",
                where=key,
                allowed=", ".join(rows),
            )


def _check_declaration(
    entry: str, declaration: str, arguments: tuple[Argument, ...], returns: str | None, at: Key
) -> None:
    found = parameters(declaration, entry)
    expected = simple_declaration(entry, arguments)
    fits = found is not None and [name for _, name in found] == [a.name for a in arguments]
    if fits and found is not None:
        for (kind, name), a in zip(found, arguments, strict=True):
            plain = _PLAIN.get(kind)
            if plain is not None and plain != a.dtype and not a.fields:
                raise WrongUse(
                    f"the declaration does not match the arguments: {name} is {kind} there, and {a.dtype} here",
                    where=at("declaration"),
                    allowed=repr(expected),
                )
        # Const says what is only read, wherever the declaration says it at all.
        const = {
            name: "const" in part for part, (_, name) in zip(_parts(declaration, entry), found, strict=True)
        }
        fits = not any(const[a.name] for a in arguments if a.kind in ("output", "inout"))
    if not fits:
        raise WrongUse(
            "the declaration does not match entry and arguments",
            where=at("declaration"),
            allowed=repr(expected),
        )
    head = re.sub(r"\s+", " ", declaration).split(f"{entry}")[0].strip()
    if (returns is None) != (head == "void"):
        raise WrongUse(
            f"the declaration returns {head or 'nothing'}, and returns is {returns!r}",
            where=at("declaration"),
            allowed="void, or returns = the type",
        )


def _parts(declaration: str, entry: str) -> list[str]:
    text = re.sub(r"\s+", " ", declaration.strip().rstrip(";"))
    found = re.search(rf"\b{re.escape(entry)} ?\((.*)\)$", text)
    inner = found[1] if found else ""
    return [part for part in _split(inner) if part.strip() not in ("", "void")]
