"""What a node of a cluster refuses to be, with this machine's real profile; and that it leaves."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from cluster_settings import settings

from hayate import hosts, sandbox
from hayate.errors import Fault, FaultKind, WrongUse
from hayate.farm import BuildJob, node
from hayate.farm.node import Answer, Host, Wanted
from hayate.farm.tracked import ended_by
from hayate.judge import JUDGE_VERSION
from hayate.records import decode, encode
from hayate.sandbox import Command
from hayate.tasks import builtin


def ask(**wanted: object) -> Answer:
    return decode(
        Answer, node.describe(encode(Wanted.model_validate({"judge_version": JUDGE_VERSION, **wanted})))
    )


@pytest.fixture(autouse=True)
def _afresh() -> None:
    node._ready.cache_clear()


def test_a_node_describes_itself() -> None:
    answer = ask(noise_max=1e9)
    assert answer.fault is None
    host = decode(Host, answer.record)
    assert host.profile.host_class == hosts.profile().host_class
    assert host.sandbox_tier == sandbox.best().tier
    assert host.slots == len(hosts.slots())


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"judge_version": "0.older"}, "its judge is"),
        ({"host_class": "another"}, "it is of the class"),
        ({"noise_max": 1e-12}, "its noise is"),
        ({"compiler": "icc"}, "no compiler 'icc'"),
        ({"sandbox": "nowhere"}, "nowhere"),
    ],
)
def test_an_unfit_node_says_why(wanted: dict[str, object], says: str) -> None:
    answer = ask(**{"noise_max": 1e9, **wanted})
    assert answer.unfit
    assert answer.fault is FaultKind.NODE_LOST
    assert says in answer.message


def test_a_worker_beyond_the_slots_is_unfit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARSL_WORKER_RANK", str(len(hosts.slots())))
    monkeypatch.setattr(node, "_leave", lambda: None)  # it would end this process's parent
    answer = ask(noise_max=1e9)
    assert answer.unfit
    assert "lower slots_per_node" in answer.message


@pytest.mark.parametrize("tier", ["bubblewrap", "landlock"])
def test_a_job_is_ended_by_a_file(tier: str, tmp_path: Path) -> None:
    try:
        inner = sandbox.get(tier)
    except (Fault, WrongUse) as why:
        pytest.skip(str(why))
    ended = tmp_path / "ended"
    with sandbox.new_box() as box, ended_by(ended, inner) as own:
        with own.start(Command(("sleep", "60"), box=box)) as running:
            ended.touch()
            assert running.wait(30).stopped == "killed"
        with pytest.raises(Fault):
            own.start(Command(("true",), box=box))
    with pytest.raises(Fault), ended_by(ended, inner):
        pass


def test_a_job_that_was_ended_before_it_began_is_not_begun(tmp_path: Path) -> None:
    (tmp_path / "ended").touch()
    wanted = encode(Wanted(judge_version=JUDGE_VERSION, noise_max=1e9))
    job = encode(BuildJob(task=builtin("dgemm"), source="int ours;", permitted=()))
    assert decode(Answer, node.build(wanted, job, str(tmp_path / "none"))).kind == "rejection"
    answer = decode(Answer, node.build(wanted, job, str(tmp_path / "ended")))
    assert answer.fault is FaultKind.NODE_LOST
    assert not answer.unfit


@pytest.mark.slow
def test_nodes_that_are_unfit_leave_and_the_farm_says_so(tmp_path: Path) -> None:
    """The real functions in real workers: each refuses, its block ends, and the farm does not open."""
    pytest.importorskip("parsl", reason="parsl is missing: pip install -e '.[parsl]'")
    from hayate.farm.cluster import ParslFarm

    events: list[str] = []
    hosts.profile()  # some seconds of calibration are made here, not by the nodes
    impossible = settings(tmp_path, noise_max=1e-12, patience_s=40)
    with pytest.raises(Fault, match=r"no node|unfit"):
        ParslFarm(impossible, on_event=events.append)
    assert any("its noise is" in event and "sent away" in event for event in events)
    assert any(event.startswith("block 0: ") and "running" not in event for event in events), events
