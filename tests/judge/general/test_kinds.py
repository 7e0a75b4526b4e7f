"""Every kind of argument, type and value: the right kernel is accepted and timed, wrong ones are refused by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from folders import ALL

from hayate import sandbox
from hayate.errors import Fault, FaultKind
from hayate.judge import Rejection
from hayate.judge.results import Measurement
from hayate.records import MeasurePlan, Outcome, Task
from hayate.tasks import load

TIMED = MeasurePlan(verify_shapes=8, max_launches=1, pairs=2)
Judge = Callable[..., Rejection | Measurement]


# Where speed is measured: calls of tens of microseconds and more. Below some two, which `tasks check` refuses, a call
# on a busy machine is mostly what other processes have left in the caches, and no launch can be believed.
CENTRES: dict[str, dict[str, int]] = {
    "axpby": {"n": 200_000},
    "histogram": {"n": 100_000, "bins": 150},
    "spmv": {"rows": 10_000, "columns": 10_000, "nonzeros": 100_000},
    "scaled": {"m": 400, "n": 400, "pad": 2},
    "dot": {"n": 100_000},
    "shifted": {"w": 400, "h": 400},
    "inverted": {"h": 600, "w": 600},
    "zaxpy": {"n": 100_000},
    "ranked": {"n": 30_000},
    "strided": {"M": 1024, "K": 512, "n": 400},
    "sums": {"n": 200_000},
    "clipped": {"n": 200_000},
}


def large(name: str) -> dict[str, object]:
    """Of task.toml: a domain around that centre, and the band."""
    centre = CENTRES[name]
    domain = {
        size: {**limits, "high": 2 * centre[size]}
        if isinstance(limits, dict)
        else [limits[0], 2 * centre[size]]
        for size, limits in ALL[name][0]["domain"].items()
    }
    return {"domain": domain, "band": [{"name": "all", "center": centre, "spread": 0.0, "training": True}]}


def reference(name: str) -> str:
    return ALL[name][1]["reference.c"]


@pytest.mark.parametrize("name", ALL)
def test_the_right_kernel_is_accepted_and_timed(
    name: str, written: Callable[..., Path], judged: Judge, tier: sandbox.Sandbox
) -> None:
    texts = ALL[name][1]
    room = {"inputs": texts.get("inputs.c", "").replace("int order[512]", "static int order[1 << 16]")}
    folder = written(name, said=large(name), **(room if "inputs.c" in texts else {}))
    found = judged(load(folder), reference(name), tier, TIMED)
    assert found.outcome is Outcome.ACCEPTED, found.reason
    assert isinstance(found, Measurement) and found.timing is not None and found.timing.launches


def changed(name: str, old: str, new: str) -> tuple[str, str]:
    text = reference(name)
    assert old in text, old
    return name, text.replace(old, new, 1)


WRONG = {
    "other scalar": (*changed("axpby", "b * y[i]", "a * y[i]"), "outside the error bound"),
    "inout only read": (
        *changed("axpby", "y[i] = a * x[i] + b * y[i]", "(void)0"),
        "outside the error bound",
    ),
    "inout taken for an output": (*changed("axpby", " + b * y[i]", ""), "outside the error bound"),
    "half precision": (
        *changed("axpby", "y[i] = a * x[i] + b * y[i]", "y[i] = (float)(_Float16)(a * x[i]) + b * y[i]"),
        "outside the error bound",
    ),
    "a bin too few": (
        *changed("histogram", "counts[keys[i]]++", "counts[keys[i]] |= 1"),
        "not equal to what is right",
    ),
    "an integer unwritten": (
        *changed("histogram", "b < bins; b++) counts[b] = 0", "b < bins; b++) if (b || n) counts[b] = 0"),
        "not equal to what is right",
    ),
    "empty rows": (
        *changed("spmv", "y[i] = sum;", "if (start[i] < start[i + 1]) y[i] = sum;"),
        "never written",
    ),
    "the last column": (
        *changed("spmv", "k < start[i + 1]", "k < start[i + 1] - (i == 2)"),
        "outside the error bound",
    ),
    "padding written": (*changed("scaled", "j < n", "j < lda"), "the padding of A"),
    "padding read": (
        *changed(
            "scaled",
            "A[i * lda + j] *= d[i * ldd]",
            "A[i * lda + j] *= d[i * ldd] + 0 * d[i * ldd + ldd - 1]",
        ),
        "outside the error bound",
    ),
    "nothing returned": (*changed("dot", "return s;", "return 0;"), "outside the error bound"),
    "not a number returned": (
        *changed("dot", "return s;", "return n > 2 ? 0.0 / 0.0 : s;"),
        "outside the error bound",
    ),
    "another field": (*changed("shifted", "+ by->add", "+ by->times"), "not equal to what is right"),
    "a sum off by one in 64 bits": (*changed("shifted", "+ by->add", "+ by->add + (i == 3)"), "not equal"),
    "a byte behind": (*changed("inverted", "{ for", "{ (&B[0][0])[h * w] ^= 1; for"), "next to the output"),
    "a byte before": (*changed("inverted", "{ for", "{ (&B[0][0])[-1] ^= 1; for"), "next to the output"),
    "a row too few": (*changed("inverted", "i < h", "i < h - 1"), "not equal to what is right"),
    "returns early": (
        *changed("inverted", "{ for", "{ if (h > 3) return; for"),
        "not equal to what is right",
    ),
    "conjugated": (*changed("zaxpy", "a * x[i]", "a * __builtin_conj(x[i])"), "outside the error bound"),
    "real part alone": (
        *changed("zaxpy", "y[i] += a", "y[i] += __builtin_creal(a)"),
        "outside the error bound",
    ),
    "a NaN": (*changed("zaxpy", "a * x[i]; }", "a * x[i]; y[0] = 0.0 / 0.0; }"), "outside the error bound"),
    "a ring taken for sorted": (*changed("ranked", "at = ring[at]", "at++"), "not equal to what is right"),
    "taken for square": (*changed("strided", "M - 1 - k", "K - 1 - k"), "not equal to what is right"),
    "half in an automatic task": (
        *changed("sums", "x[(i + 1) % n] * x[i]", "(float)(_Float16)(x[(i + 1) % n] * x[i])"),
        "outside the error bound",
    ),
    "an input passed through": (
        *changed("sums", "x[i] + x[(i + 1) % n] * x[i]", "x[i]"),
        "outside the error bound",
    ),
    "a branch turned": (*changed("clipped", "> limit", "< limit"), "outside the error bound"),
}


@pytest.mark.parametrize("case", WRONG)
def test_the_wrong_kernel_is_refused(
    case: str, written: Callable[..., Path], judged: Judge, tier: sandbox.Sandbox
) -> None:
    name, text, said = WRONG[case]
    found = judged(load(written(name)), text, tier)
    assert found.outcome is Outcome.WRONG, found.reason
    assert said in found.reason


def test_a_struct_is_the_tasks_own(written: Callable[..., Path]) -> None:
    """Its type is known to whoever implements the entry, by the preamble alone."""
    task: Task = load(written("shifted"))
    assert "struct grid" in task.preamble
    assert "struct grid {" not in task.reference.text


def test_an_automatic_oracle_that_knows_little(
    written: Callable[..., Path], judged: Judge, tier: sandbox.Sandbox
) -> None:
    """Where its bound is infinite nothing is compared; where a branch is near, no result of the call is."""
    from folders import SUMS_ORACLE

    wrong = reference("sums").replace("x[i] + x", "2 * x[i] + x")
    half = SUMS_ORACLE.replace("UNKNOWN", "i % 2").replace("NEAR", "0")
    found = judged(load(written("sums", automatic=half)), wrong, tier)
    assert found.outcome is Outcome.WRONG
    at_odd = reference("sums").replace("y[i] = x[i]", "y[i] = (1 + i % 2) * x[i]")
    assert judged(load(written("sums", automatic=half)), at_odd, tier).outcome is Outcome.ACCEPTED
    near = SUMS_ORACLE.replace("UNKNOWN", "false").replace("NEAR", "n > 1")
    found = judged(load(written("sums", automatic=near)), wrong, tier)
    assert found.outcome is Outcome.WRONG  # where n is 1
    assert isinstance(found, Measurement)


def test_a_task_may_have_macros_of_any_name(
    written: Callable[..., Path], judged: Judge, tier: sandbox.Sandbox
) -> None:
    """But the judge's own, which begin with hy_."""
    macros = "".join(
        f"#define {name} 3 nonsense\n" for name in ("a", "v", "f", "c", "want", "bound", "s0", "outputs")
    )
    task, files = ALL["dot"]
    oracle = files["oracle.c"] + macros
    preamble = f"{task['preamble']}\n{macros}"
    folder = written("dot", said={"preamble": preamble}, oracle=oracle)
    found = judged(load(folder), reference("dot"), tier)
    assert found.outcome is Outcome.ACCEPTED, found.reason


def test_no_copy_of_what_is_overwritten_can_be_read(
    written: Callable[..., Path], judged: Judge, tier: sandbox.Sandbox
) -> None:
    """The kernel looks for what y held behind x, where other inputs lie, and is wrong if it is there."""
    found = """static int copied(int n, const float *x, const float *y)
{
    const char *end = (const char *)(x + n);
    for (const char *at = (const char *)x; at < end + 8192; at += 4)
        if (!__builtin_memcmp(at, y, 4UL * (unsigned)n)) return 1;
    return 0;
}
"""
    text = reference("axpby").replace("b * y[i]", "(copy ? 0 : b) * y[i]")
    text = found + text.replace("{ for", "{ int copy = n > 4 && copied(n, x, y); for")
    verdict = judged(load(written("axpby")), text, tier)
    assert verdict.outcome is Outcome.ACCEPTED, verdict.reason


def test_a_task_that_is_always_near_a_branch_is_to_blame(
    written: Callable[..., Path], judged: Judge, tier: sandbox.Sandbox
) -> None:
    from folders import SUMS_ORACLE

    for told in (
        SUMS_ORACLE.replace("UNKNOWN", "false").replace("NEAR", "n > 1"),
        SUMS_ORACLE.replace("UNKNOWN", "true").replace("NEAR", "0"),
    ):
        with pytest.raises(Fault, match="too near branches") as found:
            judged(load(written("sums", automatic=told)), reference("sums"), tier)
        assert found.value.kind is FaultKind.YARDSTICK_BROKEN


def test_nonsense_where_a_branch_is_near_is_refused(
    written: Callable[..., Path], judged: Judge, tier: sandbox.Sandbox
) -> None:
    """The oracle can't tell who is right at the sizes that are timed; the opponent's results are there. Few sizes are
    near, or the calls of the verification that can't be compared would be too many."""
    from folders import SUMS_ORACLE

    near = SUMS_ORACLE.replace("UNKNOWN", "false").replace("NEAR", "n > 1800")
    said = {"band": [{"name": "timed", "center": {"n": 1900}, "spread": 0.02, "training": True}]}
    folder = written("sums", automatic=near, said=said)
    nonsense = reference("sums").replace(
        "{ for", "{ if (n > 1800) { for (int i = 0; i < n; i++) y[i] = 1; return; } for"
    )
    found = judged(load(folder), nonsense, tier, TIMED)
    assert found.outcome is Outcome.WRONG and "too near a branch" in found.reason, found.reason
    one = reference("sums").replace("; }", "; if (n > 1800) y[7] += 1; }")
    assert judged(load(folder), one, tier, TIMED).outcome is Outcome.ACCEPTED
    assert judged(load(folder), reference("sums"), tier, TIMED).outcome is Outcome.ACCEPTED
