"""A training in which nothing was accepted: the reasons, each with what the policy wrote."""

from __future__ import annotations

from pathlib import Path

from record_examples import accepted
from record_examples import refused as rejected

from hayate.archive import Archive
from hayate.records import Candidate, Origin, Outcome, Verdict
from hayate.train import refused
from hayate.train.state import ARCHIVE, UNREAD


def sample(index: int, source: str) -> Candidate:
    origin = Origin(kind="policy", policy="tiny", run="r", phase="grpo", step=0, group=0, index=index)
    return Candidate(task="dgemm", source=source, permitted=(), origin=origin)


def because(one: Candidate, outcome: Outcome, reason: str) -> Verdict:
    return rejected(one, outcome).model_copy(update={"reason": reason})


def test_the_three_most_frequent_reasons_with_a_reply_for_each(tmp_path: Path) -> None:
    with Archive(tmp_path / ARCHIVE) as archive:
        for i in range(9):
            if i < 4:
                one, what = sample(i, ""), (Outcome.VIOLATION, "no code block in the reply")
            elif i < 7:
                one = sample(i, f"int broken{i};\n")
                what = (Outcome.BUILD_FAILED, f"does not compile: line {i}")
            else:
                one, what = sample(i, f"int other{i};\n"), (Outcome.WRONG, "first" if i == 7 else "second")
            archive.record_sample(one, because(one, *what), -1.0)
    (tmp_path / UNREAD).write_text("I can't help with that.")
    found = refused(tmp_path, "r")
    assert [(one.outcome, one.count) for one in found] == [
        ("violation", 4),
        ("build_failed", 3),
        ("wrong", 1),
    ]
    assert [one.reply for one in found] == ["I can't help with that.", "int broken4;\n", "int other7;\n"]
    assert str(found[0]).splitlines() == [
        "4 times violation: no code block in the reply",
        "    I can't help with that.",
    ]
    long = found[1].model_copy(update={"reply": "int x;\n" * 50})
    assert str(long).splitlines()[-1] == "    ... 30 lines more"


def test_one_accepted_is_enough_and_none_judged_is_no_failure(tmp_path: Path) -> None:
    with Archive(tmp_path / ARCHIVE):
        pass
    assert refused(tmp_path, "r") == []
    with Archive(tmp_path / ARCHIVE) as archive:
        wrong, right = sample(0, "int a;\n"), sample(1, "int b;\n")
        archive.record_sample(wrong, because(wrong, Outcome.WRONG, "wrong"), -1.0)
        assert refused(tmp_path, "r")
        archive.record_sample(right, accepted(right), 2.0)
    assert refused(tmp_path, "r") == []
