"""A C interface to a C++ function that has none, where that is a matter of one call."""

from __future__ import annotations

from dataclasses import dataclass

from hayate.new.syntax import Item, declared_name, field, function_head
from hayate.toolchains.source.nodes import text_of

_NUMBERS = {
    "double", "float", "int", "long", "short", "char", "unsigned", "bool", "size_t", "std::size_t",
    "int8_t", "int16_t", "int32_t", "int64_t", "uint8_t", "uint16_t", "uint32_t", "uint64_t",
}  # fmt: skip


@dataclass(frozen=True)
class Wrapper:
    """A function with external C linkage that calls the person's."""

    entry: str
    declaration: str
    definition: str


def wrapper(item: Item, name: str) -> Wrapper | None:
    """Needed for a function in a namespace, or one that takes numbers by reference; None where it is not needed.

    Any other reference stays as it is, and is refused with its type.
    """
    parameters = field(function_head(item.node), "parameters")
    heads, calls, references = [], [], False
    for parameter in parameters.named_children if parameters is not None else []:
        if parameter.type == "comment":
            continue
        declarator = field(parameter, "declarator")
        own = declared_name(declarator)
        text = text_of(parameter)
        base = text_of(field(parameter, "type"))
        if declarator is not None and declarator.type == "reference_declarator":
            if not set(base.split()) <= _NUMBERS or text.count("&") != 1:
                return None
            references = True
            if "const" in text.split():
                heads.append(f"{base} {own}")
                calls.append(own)
            else:
                heads.append(f"{base} *{own}")
                calls.append(f"*{own}")
        else:
            heads.append(text)
            calls.append(own)
    if not references and not item.space:
        return None
    entry = f"{name}_plain" if references else name
    returns = text_of(field(item.node, "type"))
    declaration = f"{returns} {entry}({', '.join(heads)})"
    call = f"{item.space}{name}({', '.join(calls)});"
    body = call if returns == "void" else f"return {call}"
    return Wrapper(entry, declaration, f'extern "C" {declaration} {{ {body} }}')
