"""Trying a draft out: the reference on arrays of just the guessed lengths, under the sanitizers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hayate.errors import WrongUse
from hayate.new.draft import Draft, Guess
from hayate.new.drawing import arguments_at, length, shape_at
from hayate.new.read import Found
from hayate.new.running import Call, Caller, Complaint, Result
from hayate.records import Argument, Shape, Values
from hayate.records.problem import ITEM_BYTES, UNIT_ROUNDOFF
from hayate.sandbox import Sandbox

SHAPES = 12
_CORRECTIONS_MOST = 6
_ELEMENTS_MOST = 1 << 22


@dataclass(frozen=True)
class Problem:
    """What is wrong with a draft, and what overrules it."""

    about: str  # an argument, or the entry
    what: str
    option: str = ""


@dataclass(frozen=True)
class Tried:
    """The draft as corrected, what was corrected, and what is left."""

    draft: Draft
    corrected: tuple[str, ...]
    problems: tuple[Problem, ...]


def try_out(draft: Draft, found: Found, *, seed: int = 1, within: Sandbox | None = None) -> Tried:
    """Call the reference at a dozen shapes, and correct the guess where what goes wrong says how.

    Raises WrongUse if no shape keeps what the draft requires.
    """
    caller = Caller(found, sanitized=True, within=within)
    corrected: list[str] = []
    try:
        for _ in range(_CORRECTIONS_MOST):
            shapes = _shapes(draft, seed)
            problems, better = _once(draft, found, caller, shapes, seed)
            if better is None:
                break
            draft = better[0]
            corrected.append(better[1])
    finally:
        caller.close()
    return Tried(draft, tuple(corrected), tuple(problems))


def _shapes(draft: Draft, seed: int) -> list[Shape]:
    rng = np.random.default_rng(seed)
    found = []
    for at in range(SHAPES):
        low, high = ((1, 3), (1, 8), (5, 13), (8, 33))[at % 4]
        shape = shape_at(draft, rng, low, high) or shape_at(draft, rng, 1, 64)
        if shape is not None and all(
            length(a, shape, draft) < _ELEMENTS_MOST for a in draft.arguments if a.is_array
        ):
            found.append(shape)
    if not found:
        raise WrongUse("no shape of the domain keeps what is required", where=draft.entry, allowed="--range")
    return found


def _once(
    draft: Draft, found: Found, caller: Caller, shapes: Sequence[Shape], seed: int
) -> tuple[list[Problem], tuple[Draft, str] | None]:
    """Problems, and a better draft with what was changed, if one is known."""
    calls = []
    for at, shape in enumerate(shapes):
        for garbage in (0, 1):
            rng = np.random.default_rng((seed, at))
            calls.append(Call(arguments_at(draft, found, shape, rng, garbage)))
    results = caller.call(calls)
    last = results[-1]
    if isinstance(last, Complaint):
        return _complained(draft, found, last, shapes[last.at // 2])
    pairs = [
        (a, b)
        for a, b in zip(results[::2], results[1::2], strict=True)
        if isinstance(a, Result) and isinstance(b, Result)
    ]
    for argument in draft.arguments:
        if argument.kind == "output":
            better = _depends(draft, argument, pairs)
            if better is not None:
                return [], better
    return _numbers(draft, pairs, calls[::2])


def _depends(
    draft: Draft, argument: Argument, pairs: Sequence[tuple[Result, Result]]
) -> tuple[Draft, str] | None:
    """An output that changes with what it held before is none."""
    for first, second in pairs:
        if first.arrays[argument.name] != second.arrays[argument.name]:
            why = "what it holds afterwards depends on what it held before"
            changed = argument.model_copy(update={"kind": "inout", "values": argument.drawn})
            return _replaced(draft, changed, Guess(
                about=argument.name, what="kind", value="inout", why=why, confidence="certain"
            ))  # fmt: skip
    return None


def _numbers(
    draft: Draft, pairs: Sequence[tuple[Result, Result]], calls: Sequence[Call]
) -> tuple[list[Problem], tuple[Draft, str] | None]:
    """Results that are no numbers: from values that do not suit."""
    bad = ""
    for argument in draft.arguments:
        if argument.kind in ("output", "inout") and argument.dtype in UNIT_ROUNDOFF:
            for first, _ in pairs:
                if not np.isfinite(np.frombuffer(first.arrays[argument.name], argument.dtype)).all():
                    bad = argument.name
    if draft.returns in UNIT_ROUNDOFF:
        for first, _ in pairs:
            if not np.isfinite(np.frombuffer(first.returned, draft.returns, 1)).all():
                bad = bad or draft.entry
    if not bad:
        return [], None
    changed = _tamer(draft)
    if changed is not None:
        return [], changed
    names = [
        a.name for a in draft.arguments if a.kind in ("input", "inout", "scalar") and a.dtype in UNIT_ROUNDOFF
    ]
    options = ", ".join(f"--values '{n}=...'" for n in names[:3])
    return [Problem(bad, f"{bad} holds infinities or what is no number", options)], None


def _tamer(draft: Draft) -> tuple[Draft, str] | None:
    """The next kind of values that is worth a try, for all arguments that hold any number."""
    steps = [
        ("real", Values(kind="real", low="-2", high="2")),
        ("real", Values(kind="uniform", low="0.5", high="2")),
    ]
    for argument in draft.arguments:
        loose = [f for f in argument.fields if f.dtype in UNIT_ROUNDOFF and f.values == Values(kind="real")]
        if loose:
            fields = tuple(
                f.model_copy(update={"values": steps[1][1]}) if f in loose else f for f in argument.fields
            )
            return _replaced(draft, argument.model_copy(update={"fields": fields}), Guess(
                about=argument.name, what="values", value="uniform", confidence="unsure",
                why="with other values, results are no finite numbers",
            ))  # fmt: skip
    for argument in draft.arguments:
        if argument.dtype in UNIT_ROUNDOFF and argument.kind != "output" and not argument.fields:
            drawn = argument.drawn
            wide = drawn.kind == "real" and (not drawn.high or drawn.high == "8")
            tame = drawn.kind == "real" and drawn.high == "2"
            if wide or tame:
                changed = argument.model_copy(update={"values": steps[0 if wide else 1][1]})
                why = "with other values, results are no finite numbers"
                text = changed.values.kind if changed.values is not None else ""
                return _replaced(draft, changed, Guess(
                    about=argument.name, what="values", value=text, why=why, confidence="unsure",
                    option=f"--values '{argument.name}=...'",
                ))  # fmt: skip
    return None


def _replaced(draft: Draft, changed: Argument, guess: Guess) -> tuple[Draft, str]:
    arguments = tuple(changed if a.name == changed.name else a for a in draft.arguments)
    guesses = tuple(g for g in draft.guesses if not (g.about == guess.about and g.what == guess.what))
    better = draft.model_copy(update={"arguments": arguments, "guesses": (*guesses, guess)})
    return better, f"{guess.what} of {guess.about} is {guess.value}: {guess.why}"


def _complained(
    draft: Draft, found: Found, complaint: Complaint, shape: Shape
) -> tuple[list[Problem], tuple[Draft, str] | None]:
    where = _where(found, complaint.line)
    at = ", ".join(f"{n} = {v}" for n, v in shape.items())
    if complaint.array:
        argument = draft.argument(complaint.array)
        elements = abs(complaint.beyond_bytes) // ITEM_BYTES[argument.dtype]
        side = "beyond its end" if complaint.beyond_bytes > 0 else "before its start"
        smallest = _raised(draft, shape)
        if smallest is not None:
            return [], (smallest, f"sizes begin at 2: at 1, {argument.name} is used {side}{where}")
        positive = _from_zero(draft)
        if positive is not None:
            return [], (positive, f"integers begin at 0: else {argument.name} is used {side}{where}")
        text = f"{argument.name} is used {max(1, elements)} elements {side}{where}, at {at}"
        return [Problem(argument.name, text, f"--shape '{argument.name}=...'")], None
    if "signed integer overflow" in complaint.what:
        calmer = _calmer(draft)
        if calmer is not None:
            return [], (calmer, f"integers are smaller: {complaint.what}{where}")
    smallest = _raised(draft, shape)
    if smallest is not None:
        return [], (smallest, f"sizes begin at 2: at 1, {complaint.what}{where}")
    return [Problem(draft.entry, f"{complaint.what}{where}, at {at}", "--range or --values")], None


def _where(found: Found, line: int) -> str:
    place = found.places[line - 1] if 0 < line <= len(found.places) else None
    return f" in {place}" if place is not None else ""


def _raised(draft: Draft, shape: Shape) -> Draft | None:
    """Sizes from 2 on, where one of them was 1."""
    ones = [n for n, v in shape.items() if v == 1 and draft.domain[n].low == 1 and draft.domain[n].high > 1]
    if not ones:
        return None
    domain = {n: r.model_copy(update={"low": 2}) if n in ones else r for n, r in draft.domain.items()}
    return draft.model_copy(update={"domain": domain})


def _from_zero(draft: Draft) -> Draft | None:
    """Arrays of integers without negative ones."""
    arguments = tuple(
        a.model_copy(update={"values": a.values.model_copy(update={"low": "0"})})
        if a.is_array and a.values is not None and a.values.kind == "integer" and a.values.low.startswith("-")
        else a
        for a in draft.arguments
    )
    return draft.model_copy(update={"arguments": arguments}) if arguments != draft.arguments else None


def _calmer(draft: Draft) -> Draft | None:
    """Integers from 0 on, or a tenth as large."""
    arguments = []
    changed = False
    for argument in draft.arguments:
        values = argument.values
        if values is not None and values.kind == "integer" and argument.is_array and values.high.isdigit():
            high = int(values.high)
            if values.low.startswith("-"):
                values = values.model_copy(update={"low": "0"})
                changed = True
            elif high > 10:
                values = values.model_copy(update={"high": str(high // 10)})
                changed = True
        arguments.append(argument.model_copy(update={"values": values}))
    return draft.model_copy(update={"arguments": tuple(arguments)}) if changed else None
