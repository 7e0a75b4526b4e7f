"""A task's own code that fails: a fault that says whose it is, in bounded time; no verdict follows from it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from folders import ALL

from hayate import sandbox
from hayate.errors import Fault, FaultKind
from hayate.judge import Rejection
from hayate.judge.results import Measurement
from hayate.records import MeasurePlan
from hayate.tasks import load

Judge = Callable[..., Rejection | Measurement]

_INPUTS, _ORACLE = ALL["ranked"][1]["inputs.c"], ALL["axpby"][1]["oracle.c"]
_BODY = "int order[512];"
_EXACT = "double *exact, double *scale)\n{"
_REFERENCE = ALL["inverted"][1]["reference.c"]
BROKEN = {
    "a generator that crashes": (
        "ranked",
        {"inputs": _INPUTS.replace(_BODY, f"{_BODY} *(volatile int *)8 = 1;")},
        "inputs.c",
        "signal 11",
    ),
    "a generator that writes nothing": (
        "ranked",
        {"inputs": _INPUTS.replace(_BODY, f"{_BODY} return;")},
        "inputs.c",
        "unwritten",
    ),
    "a generator that opens a file": (
        "ranked",
        {"inputs": "#include <stdio.h>\n" + _INPUTS.replace(_BODY, f'{_BODY} fopen("/etc/passwd", "r");')},
        "inputs.c",
        "signal 31",
    ),
    "an oracle that crashes": (
        "axpby",
        {"oracle": _ORACLE.replace(_EXACT, f"{_EXACT} *(volatile int *)8 = 1;")},
        "oracle.c",
        "signal 11",
    ),
    "an oracle that writes inputs": (
        "axpby",
        {"oracle": _ORACLE.replace(_EXACT, f"{_EXACT} ((float *)x)[0] = 1;")},
        "oracle.c",
        "signal 11",
    ),
    "an oracle that prints": (
        "axpby",
        {"oracle": "#include <stdio.h>\n" + _ORACLE.replace(_EXACT, f'{_EXACT} for (;;) printf("%d", n);')},
        "oracle.c",
        "signal 31",
    ),
    "an oracle without numbers": (
        "axpby",
        {"oracle": _ORACLE.replace("(double)b * y[i];\n", "(double)b * y[i] + NAN;\n", 1)},
        "oracle.c",
        "but a number",
    ),
    "a negative bound": (
        "axpby",
        {"oracle": _ORACLE.replace("scale[i] = fabs", "scale[i] = -1e9 * fabs", 1)},
        "oracle.c",
        "but a number",
    ),
    "a reference that exits": (
        "inverted",
        {"reference": "#include <stdlib.h>\n" + _REFERENCE.replace("{ for", "{ exit(0); for")},
        "reference",
        "status 0",
    ),
}


def fault_of(
    name: str, changed: dict[str, str], write: Callable[..., Path], judge: Judge, tier: sandbox.Sandbox
) -> Fault:
    right = ALL[name][1]["reference.c"]
    folder = write(name, **changed)
    (folder / "yardsticks" / "10_plain.c").write_text(right)
    with pytest.raises(Fault) as told:
        judge(load(folder), right, tier)
    return told.value


@pytest.mark.parametrize("case", BROKEN)
def test_it_is_said_whose_it_is(
    case: str, written: Callable[..., Path], judged: Judge, tier: sandbox.Sandbox
) -> None:
    name, changed, file, said = BROKEN[case]
    fault = fault_of(name, changed, written, judged, tier)
    assert fault.kind is FaultKind.YARDSTICK_BROKEN
    assert f"the code of the task {name} failed ({file})" in fault.message
    assert said in fault.message


def test_a_cheap_scale_that_is_no_number_is_the_oracles(
    written: Callable[..., Path], judged: Judge, tier: sandbox.Sandbox
) -> None:
    """It is asked for beside timed calls alone, where two right results are held against each other."""
    at = _ORACLE.index("void axpby_scale")
    oracle = _ORACLE[:at] + _ORACLE[at:].replace("scale[i] = ", "scale[i] = NAN * ")
    folder = written("axpby", oracle=oracle)
    with pytest.raises(Fault, match=r"oracle\.c"):
        judged(load(folder), ALL["axpby"][1]["reference.c"], tier, MeasurePlan(verify_shapes=8, pairs=2))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "file", "changed"),
    [
        (
            "ranked",
            "inputs.c",
            {"inputs": _INPUTS.replace(_BODY, f"{_BODY} for (volatile int k = 0;; k++) {{}}")},
        ),
        (
            "axpby",
            "oracle.c",
            {"oracle": _ORACLE.replace(_EXACT, f"{_EXACT} for (volatile int k = 0;; k++) {{}}")},
        ),
    ],
)
def test_what_hangs_is_ended(
    name: str,
    file: str,
    changed: dict[str, str],
    written: Callable[..., Path],
    judged: Judge,
    tier: sandbox.Sandbox,
) -> None:
    """It has the clock's core, and a lower priority."""
    began = time.monotonic()
    fault = fault_of(name, changed, written, judged, tier)
    assert f"({file}): a call took longer than 20 s" in fault.message
    assert time.monotonic() - began < 45


def test_a_kernel_is_not_to_blame_for_it(
    written: Callable[..., Path], judged: Judge, tier: sandbox.Sandbox
) -> None:
    """The wrong kernel of a task whose oracle gives no numbers, too: nothing can be held against them."""
    folder = written("axpby", oracle=_ORACLE.replace("exact[i] = ", "exact[i] = NAN * "))
    with pytest.raises(Fault, match=r"oracle\.c"):
        judged(load(folder), ALL["axpby"][1]["reference.c"].replace("a * x", "b * x"), tier)
