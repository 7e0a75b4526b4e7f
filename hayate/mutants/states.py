"""Right in some calls only: what a kernel keeps from one call to the next, or takes from memory that nobody set."""

from __future__ import annotations

from collections.abc import Iterator

from hayate.mutants.arrays import FLOATING, copied, each, freed, restored
from hayate.mutants.domains import draft, drawn_sizes, lazy
from hayate.mutants.mutant import Draft
from hayate.mutants.reference import Reference
from hayate.mutants.signature import Array

_ADDRESSES = "the same addresses may never come again"
_SAME = "inputs of the same first elements, and of others behind, may never come"


def drafts(reference: Reference) -> Iterator[Draft]:
    outputs = reference.signature.outputs
    if reference.signature.returns and reference.task.returns:
        yield from _returned(reference)
    if not outputs:
        return
    yield from _calls(reference, outputs)
    yield from _stale(reference, outputs)
    for array in outputs:
        yield from _leftover(reference, array)
    for array in reference.signature.inputs:
        yield _prepared(reference, array)


def _calls(reference: Reference, outputs: list[Array]) -> Iterator[Draft]:
    for words, condition in (
        ("the first call only", "hayate_calls > 1"),
        ("the first five calls only", "hayate_calls > 5"),
        ("every second call only", "hayate_calls % 2 == 0"),
    ):
        before, after = lazy(outputs, condition)
        before = "    static long hayate_calls;\n    hayate_calls++;\n" + before
        yield draft(reference, f"right on {words}", f"It is right on {words}.", before, after)


def _returned(reference: Reference) -> Iterator[Draft]:
    """Of a number that the function returns."""
    kind = reference.signature.returns
    late = (
        f"    static {kind} hayate_old;\n    {kind} hayate_new = hayate_result;\n"
        "    hayate_result = hayate_old;\n    hayate_old = hayate_new;\n"
    )
    yield draft(reference, "result of the call before", "It returns the result of the call before.", "", late)
    for calls in (1, 5):
        before = "    static long hayate_calls;\n    hayate_calls++;\n"
        after = f"    if (hayate_calls > {calls}) hayate_result = 0;\n"
        text = f"result right {calls} times"
        yield draft(
            reference, text, f"The result is right in the first {calls} calls, then zero.", before, after
        )
    for name, drawn in drawn_sizes(reference):
        middle = int((max(drawn.low, 1) * drawn.high) ** 0.5)
        for mark, words in ((">", "up to"), ("<=", "beyond")):
            after = f"    if ({name} {mark} {middle}) hayate_result = 0;\n"
            text = f"result right for {name} {words} {middle}"
            yield draft(reference, text, f"The {text}, and is zero elsewhere.", "", after)


def _stale(reference: Reference, outputs: list[Array]) -> Iterator[Draft]:
    inputs = [a for a in reference.signature.arrays if a.argument.kind != "output"]
    first = "".join(
        f"    if ({a.count} > 0 && (hayate_key{k} != hayate_last{k})) hayate_same = 0;\n"
        for k, a in enumerate(inputs)
    )
    keys = "".join(
        f"    static unsigned char hayate_last{k}; unsigned char hayate_key{k} = "
        f"{a.count} > 0 ? *((unsigned char *){a.pointer} + sizeof({a.ctype}) / 2) : 0;\n"
        for k, a in enumerate(inputs)
    )
    learned = "".join(f"    hayate_last{k} = hayate_key{k};\n" for k in range(len(inputs)))
    places = "".join(f"    static void *hayate_place{k};\n" for k in range(len(inputs)))
    moved = "".join(
        f"    if (hayate_place{k} != (void *){a.name}) hayate_same = 0;\n    hayate_place{k} = (void *){a.name};\n"
        for k, a in enumerate(inputs)
    )
    for name, why, before, same, equivalent in (
        (
            "results of the last call",
            "It hands over the results of the last call of the same sizes.",
            "",
            "",
            "",
        ),
        (
            "results of a call that began alike",
            "It hands over earlier results where the inputs begin with the same elements.",
            keys,
            first + learned,
            _SAME,
        ),
        (
            "results of the last call at these addresses",
            "It hands over earlier results where the inputs lie where they lay before.",
            places,
            moved,
            _ADDRESSES,
        ),
    ):
        memory = "".join(
            f"    static {a.ctype} *hayate_old{k}; static long hayate_size{k} = -1;\n"
            f"    if (hayate_size{k} != {a.count}) hayate_same = 0;\n"
            for k, a in enumerate(outputs)
        )
        after = "".join(
            f"    if (hayate_same) {{\n{restored(a, f'hayate_old{k}')}    }} else {{\n"
            f"        __builtin_free(hayate_old{k});\n"
            f"        hayate_old{k} = ({a.ctype} *)__builtin_malloc({a.bytes} + 1);\n"
            f"        __builtin_memcpy(hayate_old{k}, {a.pointer}, {a.bytes});\n"
            f"        hayate_size{k} = {a.count};\n    }}\n"
            for k, a in enumerate(outputs)
        )
        start = "    int hayate_same = 1;\n"
        yield draft(reference, name, why, before + start + memory + same, after, equivalent)
    for k, array in enumerate(outputs):
        yield _one_late(reference, array, k)


def _one_late(reference: Reference, array: Array, number: int) -> Draft:
    """Each call hands over what the one before computed, as far as it goes."""
    before = f"    static {array.ctype} *hayate_old; static long hayate_size;\n"
    end = f"(hayate_size < {array.inner_count} ? hayate_size : {array.inner_count})"
    after = (
        copied("hayate_new", array)
        + each(array, "p[at] = hayate_old[hayate_i];", end=end)
        + freed("hayate_old")
        + f"    hayate_old = hayate_new;\n    hayate_size = {array.inner_count};\n"
    )
    name = f"{array.name} of the call before"
    return draft(reference, name, f"{array.name} is what the call before computed.", before, after)


def _leftover(reference: Reference, array: Array) -> Iterator[Draft]:
    """It depends on what nobody has set."""
    change = "p[at] += hayate_kept[at];" if array.argument.dtype in FLOATING else "p[at] ^= hayate_kept[at];"
    yield draft(
        reference,
        f"{array.name} added to what it held",
        f"{array.name} is added to what it held before, as if it had been cleared.",
        copied("hayate_kept", array),
        each(array, change) + freed("hayate_kept"),
    )
    change = "p[at] = hayate_dirty[hayate_i % 64] == 0 ? p[at] : 0;"
    dirty = "    unsigned char *hayate_dirty = (unsigned char *)__builtin_malloc(64);\n"
    yield draft(
        reference,
        f"{array.name} by fresh memory",
        f"{array.name} is right where fresh memory happens to hold zeros.",
        "",
        dirty + each(array, change) + freed("hayate_dirty"),
        "memory from the heap may always hold zeros, or never",
    )


def _prepared(reference: Reference, array: Array) -> Draft:
    """An input that is taken over once, as if it stayed the same."""
    size = array.bytes
    before = (
        f"    static {array.ctype} *hayate_old; static long hayate_size = -1;\n"
        f"    if (hayate_size != {array.count}) {{\n"
        "        __builtin_free(hayate_old);\n"
        f"        hayate_old = ({array.ctype} *)__builtin_malloc({size} + 1);\n"
        f"        __builtin_memcpy(hayate_old, {array.pointer}, {size});\n"
        f"        hayate_size = {array.count};\n    }}\n"
    )
    constant = array.argument.drawn.kind == "constant"
    return draft(
        reference,
        f"{array.name} of the first call",
        f"{array.name} is prepared in the first call of a size, and used again as if it stayed the same.",
        before,
        "",
        "it is constant" if constant else "",
        **{array.name: f"(__typeof__({array.name}))hayate_old"},
    )
