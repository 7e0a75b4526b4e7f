"""Right in some calls only, or for some sizes."""

from __future__ import annotations

from collections.abc import Iterator

from hayate.mutants.arrays import FLOATING, copied, each, freed, restored
from hayate.mutants.mutant import Draft, Kind
from hayate.mutants.reference import Reference
from hayate.mutants.signature import Array

_SAME = "inputs of the same first elements, and of others behind, may never come"


def drafts(reference: Reference) -> Iterator[Draft]:
    outputs = reference.signature.outputs
    if not outputs:
        return
    yield from _calls(reference, outputs)
    yield from _sizes(reference, outputs)
    yield from _stale(reference, outputs)
    for array in outputs:
        yield from _leftover(reference, array)
    for array in reference.signature.inputs:
        yield _prepared(reference, array)


def _draft(
    reference: Reference, name: str, why: str, before: str, after: str, equivalent: str = "", **instead: str
) -> Draft:
    return Draft(
        Kind.STATE, name, reference.line, why, before=before, after=after, instead=instead, equivalent=equivalent
    )


def _lazy(outputs: list[Array], condition: str, begin: str = "0") -> tuple[str, str]:
    """Before and after a call that leaves outputs as they were where the condition holds."""
    before = "".join(copied(f"hayate_kept{k}", a) for k, a in enumerate(outputs))
    back = "".join(restored(a, f"hayate_kept{k}", begin) for k, a in enumerate(outputs))
    after = f"    if ({condition}) {{\n{back}    }}\n" + "".join(
        freed(f"hayate_kept{k}") for k in range(len(outputs))
    )
    return before, after


def _calls(reference: Reference, outputs: list[Array]) -> Iterator[Draft]:
    for words, condition in (
        ("the first call only", "hayate_calls > 1"),
        ("the first five calls only", "hayate_calls > 5"),
        ("every second call only", "hayate_calls % 2 == 0"),
    ):
        before, after = _lazy(outputs, condition)
        before = "    static long hayate_calls;\n    hayate_calls++;\n" + before
        yield _draft(reference, f"right on {words}", f"It is right on {words}.", before, after)


def _sizes(reference: Reference, outputs: list[Array]) -> Iterator[Draft]:
    for block in (4, 8):
        # The tail of the last dimension, row by row.
        before = "".join(copied(f"hayate_kept{k}", a) for k, a in enumerate(outputs))
        after = ""
        for k, array in enumerate(outputs):
            row = array.inner[-1]
            tail = f"if (hayate_i % {row} >= {row} / {block} * {block}) p[at] = hayate_kept{k}[at];"
            after += each(array, tail) + freed(f"hayate_kept{k}")
        name = f"blocks of {block} only"
        yield _draft(
            reference, name, f"What is behind the last whole block of {block} is not computed.", before, after,
            "its sizes are multiples of that" if not _ragged(reference, outputs, block) else "",
        )  # fmt: skip
    for argument, name in zip(reference.task.arguments, reference.signature.names, strict=True):
        drawn = reference.task.domain.get(argument.name)
        if argument.kind != "size" or drawn is None or drawn.low >= drawn.high:
            continue
        middle = int((max(drawn.low, 1) * drawn.high) ** 0.5)
        for words, condition in (
            (f"up to {middle}", f"{name} > {middle}"),
            (f"from {middle + 1} on", f"{name} <= {middle}"),
            (f"up to {drawn.high * 4 // 5}", f"{name} > {drawn.high * 4 // 5}"),
        ):
            before, after = _lazy(outputs, condition)
            text = f"right for {name} {words}"
            yield _draft(reference, text, f"It is {text}, and computes nothing else.", before, after)
        if drawn.power_of == 0 and drawn.multiple_of % 2:
            before, after = _lazy(outputs, f"{name} % 2")
            yield _draft(reference, f"right for even {name}", f"It is right for even {name} only.", before, after)


def _ragged(reference: Reference, outputs: list[Array], block: int) -> bool:
    """Whether any output's rows may have other lengths than multiples of the block."""
    for array in outputs:
        sides = array.argument.extent or array.argument.shape
        drawn = reference.task.domain.get(sides[-1])
        if drawn is None and sides[-1].isdigit():
            if int(sides[-1]) % block:
                return True
        elif drawn is None or not (drawn.multiple_of % block == 0 or (drawn.power_of and drawn.low >= block)):
            return True
    return False


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
    for name, why, before, same, equivalent in (
        ("results of the last call", "It hands over the results of the last call of the same sizes.", "", "", ""),
        (
            "results of a call that began alike",
            "It hands over earlier results where the inputs begin with the same elements.",
            keys,
            first + learned,
            _SAME,
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
            f"        hayate_old{k} = ({a.ctype} *)__builtin_malloc(sizeof({a.ctype}) * (unsigned long)({a.count} + 1));\n"
            f"        __builtin_memcpy(hayate_old{k}, {a.pointer}, sizeof({a.ctype}) * (unsigned long){a.count});\n"
            f"        hayate_size{k} = {a.count};\n    }}\n"
            for k, a in enumerate(outputs)
        )
        start = "    int hayate_same = 1;\n"
        yield _draft(reference, name, why, before + start + memory + same, after, equivalent)
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
    return _draft(reference, name, f"{array.name} is what the call before computed.", before, after)


def _leftover(reference: Reference, array: Array) -> Iterator[Draft]:
    """It depends on what nobody has set."""
    change = "p[at] += hayate_kept[at];" if array.argument.dtype in FLOATING else "p[at] ^= hayate_kept[at];"
    yield _draft(
        reference,
        f"{array.name} added to what it held",
        f"{array.name} is added to what it held before, as if it had been cleared.",
        copied("hayate_kept", array),
        each(array, change) + freed("hayate_kept"),
    )
    change = "p[at] = hayate_dirty[hayate_i % 64] == 0 ? p[at] : 0;"
    dirty = "    unsigned char *hayate_dirty = (unsigned char *)__builtin_malloc(64);\n"
    yield _draft(
        reference,
        f"{array.name} by fresh memory",
        f"{array.name} is right where fresh memory happens to hold zeros.",
        "",
        dirty + each(array, change) + freed("hayate_dirty"),
        "memory from the heap may always hold zeros, or never",
    )


def _prepared(reference: Reference, array: Array) -> Draft:
    """An input that is taken over once, as if it stayed the same."""
    size = f"sizeof({array.ctype}) * (unsigned long){array.count}"
    before = (
        f"    static {array.ctype} *hayate_old; static long hayate_size = -1;\n"
        f"    if (hayate_size != {array.count}) {{\n"
        "        __builtin_free(hayate_old);\n"
        f"        hayate_old = ({array.ctype} *)__builtin_malloc({size} + 1);\n"
        f"        __builtin_memcpy(hayate_old, {array.pointer}, {size});\n"
        f"        hayate_size = {array.count};\n    }}\n"
    )
    constant = array.argument.drawn.kind == "constant"
    return _draft(
        reference,
        f"{array.name} of the first call",
        f"{array.name} is prepared in the first call of a size, and used again as if it stayed the same.",
        before,
        "",
        "it is constant" if constant else "",
        **{array.name: f"(__typeof__({array.name}))hayate_old"},
    )
