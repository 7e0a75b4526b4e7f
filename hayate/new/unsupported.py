"""What a task can't say, named with its line and what to change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tree_sitter import Node

from hayate.errors import WrongUse
from hayate.new.preprocessed import Place, Preprocessed
from hayate.new.syntax import Item, bare, declared_name, field, function_head
from hayate.toolchains.source.nodes import every, text_of

_OUTPUT = "printf fprintf puts putchar fputs fputc vprintf vfprintf perror fwrite write dprintf putc"
_INPUT = "scanf fscanf sscanf getchar fgets fgetc getc fread read fopen fclose open close fseek mmap getline"
_ENDS = "exit abort _exit quick_exit _Exit longjmp raise kill"
_WORLD = "time clock clock_gettime gettimeofday getenv system popen sleep usleep nanosleep getpid fork"
_STATE = "rand srand random srandom drand48 lrand48 srand48 erand48 strtok"
_TEXT = "strlen strcpy strncpy strcmp strncmp strcat strchr strstr strdup atoi atof strtol strtod"
_CALLS = {
    **dict.fromkeys(_OUTPUT.split(), "writes output; return what is to be shown, and print it in the caller"),
    **dict.fromkeys(_INPUT.split(), "reads input; read it in the caller, and pass the data as arrays"),
    **dict.fromkeys(_ENDS.split(), "ends the program; return a code instead"),
    **dict.fromkeys(
        _WORLD.split(), "depends on the machine; take the call out, or pass its result as an argument"
    ),
    **dict.fromkeys(
        _STATE.split(), "keeps state between calls; draw the numbers from a seed that is an argument"
    ),
    **dict.fromkeys(
        _TEXT.split(), "works on text that ends with a zero; pass the characters with their number"
    ),
}
_STREAMS = {"cout", "cerr", "cin", "clog"}


def refuse(message: str, place: Place | None, remedy: str) -> WrongUse:
    """The one message for what is not supported."""
    return WrongUse(message, where=str(place) if place else "", allowed=remedy)


def place_of(source: Preprocessed, node: Node) -> Place | None:
    """The person's line of a node."""
    for row in range(node.start_point[0], min(node.end_point[0] + 1, len(source.places))):
        if source.places[row] is not None:
            return source.places[row]
    return None


def check_head(source: Preprocessed, item: Item, name: str) -> None:
    """Raises WrongUse for a head that no C function has: templates, references, containers, varargs."""
    place = place_of(source, item.node)
    if item.kind != "function":
        raise refuse(
            f"{name} is a template",
            place,
            f'write by hand an instantiation with plain pointers, such as `extern "C" void {name}_double(int n, '
            f"const double *x, double *y) {{ {name}<double>(n, x, y); }}`, and name that",
        )
    parameters = field(function_head(item.node), "parameters")
    for parameter in parameters.named_children if parameters is not None else []:
        text = text_of(parameter)
        if "vector" in text or "std::array" in text or "span" in text or "valarray" in text:
            raise refuse(
                f"parameter `{text}` of {name} is a container",
                place_of(source, parameter),
                f'write by hand a wrapper with plain pointers: `extern "C" void {name}_plain(int n, const double *x'
                f", ...)`, with the loops on the pointers, and name that",
            )
        if parameter.type == "variadic_parameter" or text == "...":
            raise refuse(
                f"{name} takes a variable number of arguments",
                place,
                "a fixed list of arguments, or an array with its length",
            )


def check_bodies(source: Preprocessed, chosen: Sequence[Item], everything: Sequence[Item]) -> None:
    """Raises WrongUse for what the functions do that a task can't say."""
    functions = [item for item in chosen if item.kind == "function"]
    variables = {
        name: item
        for item in everything
        if item.kind == "variable" and not _is_constant(item.node)
        for name in item.names
    }
    for function in functions:
        for node in every(function.node):
            _check_node(source, node)
        _check_globals(source, function.node, variables)
        _check_statics(source, function.node)


def _check_node(source: Preprocessed, node: Node) -> None:
    if node.type == "call_expression":
        called = text_of(field(node, "function")).removeprefix("std::")
        if called in _CALLS:
            raise refuse(
                f"the call of {called}() {_CALLS[called].split(';')[0]}",
                place_of(source, node),
                _CALLS[called].split("; ")[1],
            )
    elif node.type in ("sized_type_specifier", "primitive_type", "type_identifier"):
        words = text_of(node).split()
        if "long" in words and "double" in words:
            raise refuse("long double has no type of its own in a task", place_of(source, node), "double")
        if words == ["FILE"]:
            raise refuse(
                "a FILE is used", place_of(source, node), "read the data in the caller, and pass arrays"
            )
    elif node.type == "identifier" and text_of(node) in _STREAMS:
        raise refuse(
            f"std::{text_of(node)} reads input or writes output",
            place_of(source, node),
            "do that in the caller",
        )
    elif node.type == "sized_type_specifier" and text_of(node) == "long double":
        raise refuse("long double", place_of(source, node), "double")


def writes(node: Node) -> Iterator[tuple[str, Node]]:
    """Names of variables that are assigned, incremented or have their address taken, below a node."""
    for inner in every(node):
        target = None
        if inner.type == "assignment_expression":
            target = field(inner, "left")
        elif inner.type == "update_expression" or (
            inner.type == "pointer_expression" and text_of(inner).startswith("&")
        ):
            target = field(inner, "argument")
        if target is not None:
            yield base_name(target), inner


def base_name(node: Node | None) -> str:
    """The variable that an expression such as `a.b[i][j]` or `*p` starts from."""
    node = bare(node)
    while node is not None and node.type != "identifier":
        node = bare(field(node, "argument") or (node.named_children[0] if node.named_children else None))
    return text_of(node)


def _locals(function: Node) -> set[str]:
    names = set()
    for node in every(function):
        if node.type in ("declaration", "parameter_declaration"):
            names |= {declared_name(d) for d in node.children_by_field_name("declarator")}
    return names


def _is_constant(declaration: Node) -> bool:
    words = [text_of(child) for child in declaration.children if child.type == "type_qualifier"]
    return "const" in words or "constexpr" in words


def _check_globals(source: Preprocessed, function: Node, variables: dict[str, Item]) -> None:
    own = _locals(function)
    for name, node in writes(function):
        if name in variables and name not in own:
            raise refuse(
                f"the global variable {name} is written",
                place_of(source, node),
                f"pass {name} as an argument",
            )
    for node in every(function):
        name = text_of(node) if node.type == "identifier" else ""
        item = variables.get(name)
        if item is None or name in own:
            continue
        for declarator in item.node.children_by_field_name("declarator"):
            if declared_name(declarator) == name and field(declarator, "value") is None:
                raise refuse(
                    f"the global variable {name} is read, and what it holds is set elsewhere",
                    place_of(source, node),
                    f"pass {name} as an argument, or give it an initialiser and `const`",
                )


def _check_statics(source: Preprocessed, function: Node) -> None:
    written = {name for name, _ in writes(function)}
    for node in every(function):
        if node.type != "declaration":
            continue
        if "static" not in [text_of(c) for c in node.children if c.type == "storage_class_specifier"]:
            continue
        for declarator in node.children_by_field_name("declarator"):
            name = declared_name(declarator)
            if name in written and not _is_constant(node):
                raise refuse(
                    f"the static variable {name} keeps its value from call to call",
                    place_of(source, node),
                    f"pass {name} as an argument, or make it an ordinary local variable",
                )
