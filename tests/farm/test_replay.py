"""Runs repeated from an archive: the same verdicts bit for bit, and a Fault or a marked guess for the rest."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from record_examples import HOST, accepted, refused
from scripted_judge import (
    TASK,
    Policy,
    ScriptedFarm,
    candidate,
    evaluator,
    fill,
    record,
    replay_farm,
    source,
    train,
)

from hayate import farm as farms
from hayate.archive import Archive, MeasurementKey
from hayate.errors import Fault, FaultKind, WrongUse
from hayate.evaluate import judge_one
from hayate.farm import FarmSettings, ReplaySettings
from hayate.farm.replay import REPLAYED
from hayate.judge import JUDGE_VERSION, Measurement, Rejection
from hayate.records import (
    GUESSED,
    Built,
    MeasurePlan,
    Outcome,
    Task,
    Technique,
    Verdict,
    encode,
)
from hayate.surrogate import model
from hayate.toolchains.reading import pool

STEPS = 12


@pytest.fixture(autouse=True)
def _small_forests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "_TREES", 15)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recorded") / "archive.db"
    found = record(path, STEPS, confirm="always")
    outcomes = {r.outcome for step in found for r, _ in step if isinstance(r, Verdict)}  # type: ignore[misc]
    assert outcomes == {Outcome.ACCEPTED, Outcome.WRONG, Outcome.BUILD_FAILED}
    return path


def _replayed(path: Path, into: Path, **settings: object) -> list[list[tuple[Verdict | Fault, float | None]]]:
    with Archive(into) as archive, replay_farm(path) as farm:
        return list(train(evaluator(farm, archive, confirm="always", **settings), range(STEPS)))


def _bits(steps: list[list[tuple[Verdict | Fault, float | None]]]) -> list[tuple[str, float | None]]:
    return [(encode(r) if isinstance(r, Verdict) else repr(r), paid) for step in steps for r, paid in step]


def _found(result: Verdict | Fault) -> object:
    """Of a verdict, what was found: not where, nor when, nor for the how manieth time."""
    assert isinstance(result, Verdict)
    return encode(result.model_copy(update={"host": HOST, "wall_s": 0.0, "steps": (), "reused": False}))


def test_a_run_is_repeated_bit_for_bit(recorded: Path, tmp_path: Path) -> None:
    """Each verdict moves the policy, so that one that differed would change all that follow."""
    one = _replayed(recorded, tmp_path / "one.db")
    two = _replayed(recorded, tmp_path / "two.db")
    assert _bits(one) == _bits(two)
    original = record(tmp_path / "again.db", STEPS, confirm="always")
    assert [paid for step in one for _, paid in step] == [paid for step in original for _, paid in step]  # type: ignore[misc]
    for ours, theirs in zip(one, original, strict=True):
        assert [_found(r) for r, _ in ours] == [_found(r) for r, _ in theirs]  # type: ignore[misc]
    with Archive(tmp_path / "one.db") as archive, Archive(recorded) as source_archive:
        for name in ("candidate", "niche", "quality", "confirmed"):
            elites = [[getattr(e, name) for e in a.elites("dgemm")] for a in (archive, source_archive)]
            assert elites[0] == elites[1], name


def test_a_replayed_verdict_says_so(recorded: Path, tmp_path: Path) -> None:
    (first, _), *_ = _replayed(recorded, tmp_path / "one.db")[0]
    assert isinstance(first, Verdict)
    assert REPLAYED in first.host.warnings
    assert (first.sandbox, first.judge_version) == ("landlock", JUDGE_VERSION)
    assert not first.guess


def test_a_replay_that_was_interrupted_goes_on_alike(recorded: Path, tmp_path: Path) -> None:
    whole = _replayed(recorded, tmp_path / "whole.db")
    into = tmp_path / "parts.db"
    policy = Policy()
    with Archive(into) as archive, replay_farm(recorded) as farm:
        before = list(train(evaluator(farm, archive, confirm="always"), range(5), policy=policy))
        saved = dict(policy.best)
        list(train(evaluator(farm, archive, confirm="always"), range(5, 7), policy=policy))  # lost
    with Archive(into) as archive, replay_farm(recorded) as farm:
        policy.best = saved
        after = list(train(evaluator(farm, archive, confirm="always"), range(5, STEPS), policy=policy))
    assert [[_found(r) for r, _ in step] for step in before + after] == [
        [_found(r) for r, _ in step] for step in whole
    ]
    assert [paid for step in before + after for _, paid in step] == [p for step in whole for _, p in step]


_CHILD = """
import sys
from pathlib import Path
from scripted_judge import evaluator, replay_farm, train
from hayate.archive import Archive
with Archive(sys.argv[2]) as archive, replay_farm(Path(sys.argv[1])) as farm:
    for step in train(evaluator(farm, archive, confirm="always"), range(12)):
        print([paid for _, paid in step], flush=True)
"""


def test_killed_and_started_anew_it_pays_the_same(recorded: Path, tmp_path: Path) -> None:
    whole = _replayed(recorded, tmp_path / "whole.db")

    def start() -> subprocess.Popen[str]:
        argv = [sys.executable, "-c", _CHILD, str(recorded), str(tmp_path / "run.db")]
        return subprocess.Popen(argv, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE, text=True)

    with start() as killed:
        assert killed.stdout is not None
        for _ in range(4):
            killed.stdout.readline()
        killed.send_signal(signal.SIGKILL)
    with start() as child:
        told, _ = child.communicate(timeout=120)
    assert child.returncode == 0
    assert told.splitlines() == [str([paid for _, paid in step]) for step in whole]


def test_what_was_refused_or_built_is_told_as_it_was(recorded: Path) -> None:
    with Archive(recorded) as archive, replay_farm(recorded) as farm:
        rows = archive.samples()
        failed = next(row for row in rows if row.outcome is Outcome.BUILD_FAILED)
        right = next(row for row in rows if row.accepted)
        for row in (failed, right):
            of = archive.candidate(row.hash)
            assert of is not None
            answer = farm.build(TASK, of.source, of.permitted, of.hash).result()
            if row is failed:
                assert isinstance(answer, Rejection)
                assert answer.reason == "does not compile: expected ;"
                assert (answer.wall_s, answer.steps[0].name) == (0.25, "guard")
                assert answer.techniques == (Technique.BLOCKING,)
            else:
                assert isinstance(answer, Built)
                assert (answer.object_code, answer.object_hash) == (b"", row.object_hash)
                assert answer.flags == ("-O3", "-march=x86-64-v4")
                assert (answer.compiler, answer.compile_wall_s) == (HOST.compiler, 0.2)


def test_the_unknown_is_a_fault_with_its_remedy(recorded: Path, tmp_path: Path) -> None:
    new = candidate(source(5, 5))
    with Archive(tmp_path / "run.db") as archive, replay_farm(recorded) as farm:
        told = evaluator(farm, archive, fault_share=1).evaluate([new])[0]
        assert isinstance(told, Fault)
        assert told.kind is FaultKind.NOT_RECORDED
        assert not told.retriable
        assert new.hash[:12] in str(told)
        assert "unknown = 'guess'" in told.remedy
        assert archive.counts("r1") == {"fault": 1}
        with pytest.raises(Fault, match="not in"):
            judge_one(TASK, source(5, 5), farm=farm)


def test_other_plans_rivals_and_permissions_are_unknown(recorded: Path) -> None:
    with Archive(recorded) as archive, replay_farm(recorded) as farm:
        rows = [row for row in archive.samples() if row.accepted]
        of = archive.candidate(rows[0].hash)
        assert of is not None
        built = farm.build(TASK, of.source, of.permitted, of.hash).result()
        assert isinstance(built, Built)
        assert farm.measure(TASK, built, MeasurePlan()).result().outcome is Outcome.ACCEPTED
        for plan in (MeasurePlan(launches=2), MeasurePlan(bands=("960",)), MeasurePlan(purpose="report")):
            with pytest.raises(Fault, match=r"object .* with purpose"):
                farm.measure(TASK, built, plan).result()
        stranger = built.model_copy(update={"name": "0" * 32, "object_hash": "0" * 32})
        with pytest.raises(Fault, match="against 000000000000"):
            farm.measure(TASK, built, MeasurePlan(purpose="confirm", launches=3), stranger).result()
        with pytest.raises(Fault, match="is not in"):
            farm.build(TASK, of.source, (Technique.ALLOC,), of.hash).result()


def test_a_closed_farm_says_so(recorded: Path) -> None:
    farm = replay_farm(recorded)
    farm.close()
    with pytest.raises(Fault, match="closed"):
        farm.build(TASK, source(4, 4), ()).result()


def _several(path: Path) -> tuple[Built, list[float]]:
    """An archive in which one object code was measured five times."""
    figures = [2.0, 2.1, 1.9, 2.2, 1.8]
    of = candidate(source(8, 8))
    with Archive(path) as archive, ScriptedFarm(noise=0) as farm:
        made = farm.build(TASK, of.source, of.permitted, of.hash).result()
        assert isinstance(made, Built)
        one = evaluator(farm, archive, confirm="never")
        one.evaluate([of])
        key = one.claims.key(TASK, made, MeasurePlan())
        _, known = archive.find_measurement(key) or (0, None)
        assert known is not None
        assert known.speedup is not None
        for figure in figures[1:]:
            faster = known.speedup.model_copy(update={"median": figure})
            archive.store_measurement(key, known.model_copy(update={"speedup": faster}))
        return made, [known.speedup.median, *figures[1:]]


def _asked(path: Path, built: Built, times: int, **settings: object) -> list[float]:
    with replay_farm(path, **settings) as farm:
        found = [farm.measure(TASK, built, MeasurePlan()).result() for _ in range(times)]
    return [m.speedup.median for m in found if m.speedup is not None]


def test_several_measurements_come_in_an_order_that_the_seed_decides(tmp_path: Path) -> None:
    built, figures = _several(tmp_path / "a.db")
    assert _asked(tmp_path / "a.db", built, 7) == [*figures, *figures[:2]]  # as they were recorded
    orders = []
    for seed in range(1, 6):
        order = _asked(tmp_path / "a.db", built, 5, seed=seed)
        assert sorted(order) == sorted(figures)
        assert order == _asked(tmp_path / "a.db", built, 5, seed=seed)
        orders.append(tuple(order))
    assert len(set(orders)) > 1


def test_threads_do_not_change_an_answer(recorded: Path) -> None:
    with Archive(recorded) as archive:
        hashes = sorted({row.hash for row in archive.samples() if row.accepted})[:24]
        sources = [archive.candidate(name) for name in hashes]

    def ask(order: list[int], threads: int) -> dict[str, str]:
        found: dict[str, str] = {}
        with replay_farm(recorded, seed=3) as farm:

            def work(mine: list[int]) -> None:
                for i in mine:
                    one = sources[i]
                    assert one is not None
                    built = farm.build(TASK, one.source, one.permitted, one.hash).result()
                    assert isinstance(built, Built)
                    found[built.object_hash] = encode(farm.measure(TASK, built, MeasurePlan()).result())

            distinct = {archive_objects[i]: i for i in order}.values()
            parts = [list(distinct)[n::threads] for n in range(threads)]
            workers = [threading.Thread(target=work, args=(part,)) for part in parts]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
        return found

    with replay_farm(recorded) as farm:
        archive_objects = [_object(farm.build(TASK, s.source, s.permitted).result()) for s in sources if s]
    forward = list(range(len(sources)))
    assert ask(forward, 1) == ask(forward[::-1], 4)


def _object(built: Built | Rejection) -> str:
    assert isinstance(built, Built)
    return built.object_hash


# Versions of task and judge.


def test_another_version_of_the_task_is_no_substitute(recorded: Path) -> None:
    changed = Task.model_validate({**TASK.model_dump(), "flops": "3"})
    with replay_farm(recorded) as farm:
        with pytest.raises(Fault, match=r"only in another version .*the hayate of then"):
            farm.build(changed, source(4, 4), ()).result()
        stranger = Task.model_validate({**TASK.model_dump(), "name": "lu"})
        with pytest.raises(Fault, match=r"no verdict on lu; it has dgemm"):
            farm.build(stranger, source(4, 4), ()).result()


def _older(path: Path, into: Path, version: str = "0.old") -> Path:
    """The archive as if an older judge had written it."""
    into.write_bytes(path.read_bytes())
    with Archive(into) as archive, archive._write() as connection:
        for table in ("verdicts", "measurements", "elites", "elite_history"):
            connection.exec_driver_sql(f"UPDATE {table} SET judge_version = '{version}'")
        connection.exec_driver_sql(
            f"UPDATE verdicts SET record = replace(record, '{JUDGE_VERSION}', '{version}')"
        )
    return into


def test_an_older_judges_archive_is_replayed_as_that_judges(recorded: Path, tmp_path: Path) -> None:
    older = _older(recorded, tmp_path / "older.db")
    one = _replayed(older, tmp_path / "one.db")
    assert [p for s in one for _, p in s] == [p for s in _replayed(recorded, tmp_path / "b.db") for _, p in s]
    verdicts = [r for step in one for r, _ in step if isinstance(r, Verdict)]
    assert {v.judge_version for v in verdicts} == {"0.old"}
    with Archive(tmp_path / "one.db") as archive, replay_farm(older) as farm:
        assert {e.judge_version for e in archive.elites("dgemm")} == {"0.old"}
        before = len(archive.samples())
        again = evaluator(farm, archive, confirm="always")  # known to the run's archive under that version
        row = archive.samples()[0]
        of = archive.candidate(row.hash)
        assert of is not None
        (verdict,) = again.evaluate([of])
        assert isinstance(verdict, Verdict)
        assert verdict.reused
        assert len(archive.samples()) == before + 1


def test_the_judge_with_most_verdicts_on_the_task_answers(recorded: Path, tmp_path: Path) -> None:
    mixed = tmp_path / "mixed.db"
    mixed.write_bytes(recorded.read_bytes())
    with Archive(mixed) as archive:
        of = candidate(source(8, 8))
        odd = accepted(of, task_hash=TASK.hash, speedup=99).model_copy(update={"judge_version": "9.new"})
        archive.record_sample(of, odd, 1.0)
    with replay_farm(mixed) as farm:
        assert farm.judge_version(TASK) == JUDGE_VERSION


def test_what_is_written_later_is_not_seen(recorded: Path, tmp_path: Path) -> None:
    """A run that replays the archive that it writes to does not answer itself."""
    own = tmp_path / "own.db"
    own.write_bytes(recorded.read_bytes())
    new = candidate(source(7, 7))
    with Archive(own) as archive, replay_farm(own) as farm:
        with ScriptedFarm() as scripted:
            evaluator(scripted, archive, confirm="never").evaluate([new])
        with pytest.raises(Fault, match="not in"):
            farm.build(TASK, new.source, new.permitted).result()
    with replay_farm(own) as farm:
        assert isinstance(farm.build(TASK, new.source, new.permitted).result(), Built)


def test_the_commonest_class_of_host_answers(recorded: Path, tmp_path: Path) -> None:
    mixed = tmp_path / "mixed.db"
    mixed.write_bytes(recorded.read_bytes())
    other = HOST.model_copy(update={"host_class": "Other CPU", "cpu": "Other"})
    of = candidate(source(8, 8))
    with Archive(mixed) as archive:
        odd = accepted(of, task_hash=TASK.hash, host=other).model_copy(
            update={"judge_version": JUDGE_VERSION}
        )
        archive.record_sample(of, odd, 1.0)
    with replay_farm(mixed) as farm:
        assert farm.host.host_class == HOST.host_class


# Head-to-heads.


def test_a_head_to_head_is_answered_for_the_rivals_object_code(recorded: Path) -> None:
    """`confirm` of one alone, and against a rival, are told apart, though a plan may look at both as often."""
    with Archive(recorded) as archive, replay_farm(recorded) as farm:
        keys = archive.measurement_keys(HOST.host_class)
        heads = [
            (number, key)
            for number, key in keys
            if key.purpose == "confirm" and _baseline(archive.measurement(number)) != "reference"
        ]
        assert heads
        for number, key in heads:
            found = archive.measurement(number)
            rival = archive.candidate(_baseline(found))
            assert rival is not None
            against = farm.build(TASK, rival.source, rival.permitted, rival.hash).result()
            assert isinstance(against, Built)
            # The same object code under another name is the same rival.
            against = against.model_copy(update={"name": "another"})
            asked = _built(key)
            launches = int(key.bands.split("x")[1])
            plan = MeasurePlan(purpose="confirm", launches=launches, max_launches=5)
            answer = farm.measure(TASK, asked, plan, against).result()
            assert answer.speedup is not None
            assert answer.speedup.baseline == rival.hash


def _baseline(found: Measurement | None) -> str:
    assert found is not None
    return "reference" if found.speedup is None else found.speedup.baseline


def _built(key: MeasurementKey) -> Built:
    return Built(
        name="asked", object_code=b"", object_hash=key.object_hash, flags=tuple(key.flags.split(" "))
    )


# Wrong use.


@pytest.mark.parametrize("name", ["gone.db", "sqlite:///gone.db"])
def test_an_archive_that_is_not_there_is_told_and_not_made(name: str, tmp_path: Path) -> None:
    text = name.replace("gone", f"{tmp_path}/gone") if "://" in name else str(tmp_path / name)
    with pytest.raises(WrongUse, match="no archive here to replay"):
        farms.open(FarmSettings(kind="replay", replay=ReplaySettings(archive=text)))
    assert list(tmp_path.iterdir()) == []


def test_an_archive_without_verdicts_is_told(tmp_path: Path) -> None:
    with Archive(tmp_path / "a.db") as archive:
        archive.record_candidate(candidate(source(4, 4)))
    with pytest.raises(WrongUse, match="no verdict to replay"):
        replay_farm(tmp_path / "a.db")


def test_a_text_that_is_no_archive_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("no database at all, but long enough to be looked at\n" * 50)
    with pytest.raises(WrongUse, match="no archive"):
        replay_farm(tmp_path / "a.db")


# Guesses.


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("known") / "archive.db"
    fill(path)
    return path


@pytest.fixture
def guessing(known: Path, tmp_path: Path) -> Iterator[tuple[farms.Farm, Archive]]:
    pytest.importorskip("sklearn", reason="no scikit-learn: pip install 'hayate[surrogate]'")
    with Archive(tmp_path / "run.db") as archive, replay_farm(known, unknown="guess") as farm:
        yield farm, archive


def test_what_is_unknown_is_guessed_and_marked(guessing: tuple[farms.Farm, Archive]) -> None:
    farm, archive = guessing
    batch = [candidate(source(b, u), index=i) for i, (b, u) in enumerate([(5, 1), (40, 10), (80, 14)])]
    one = evaluator(farm, archive, confirm="never")
    (*guesses, measured) = one.evaluate([*batch, candidate(source(96, 16), index=3)])
    assert isinstance(measured, Verdict)
    assert not measured.guess
    for verdict in guesses:
        assert isinstance(verdict, Verdict)
        assert verdict.guess
        assert verdict.outcome is Outcome.ACCEPTED
        assert verdict.judge_version == GUESSED + JUDGE_VERSION
        assert verdict.reason.startswith("guessed to be right")
        assert verdict.timing is None
        assert verdict.speedup is not None
        assert verdict.speedup.low < verdict.speedup.median < verdict.speedup.high
        assert verdict.metric is not None
        assert verdict.metric.value == pytest.approx(3 * verdict.speedup.median)
        assert 0 < verdict.numbers["guess_held_out"] <= 1
    speeds = [v.speedup.median for v in guesses if isinstance(v, Verdict) and v.speedup]
    assert speeds == sorted(speeds)
    rows = archive.samples("r1")
    assert [row.guess for row in rows].count(True) == 3
    assert archive.counts("r1") == {"guess": 3, "accepted": 1}
    # Neither a measurement nor an elite.
    keys = archive.measurement_keys(HOST.host_class)
    assert {key.object_hash for _, key in keys} == {measured.object_hash}
    assert [e.candidate for e in archive.elites("dgemm")] == [measured.candidate]


def test_a_strangers_text_is_read_in_a_process_that_is_ended_at_its_limits(
    guessing: tuple[farms.Farm, Archive], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "CPU_MAX_S", 0.002)
    pool._pool.close()  # who waits there has the limits of before
    farm, archive = guessing
    tangled = candidate("struct { " * 4_600 + "int x;" + "} a;" * 4_600)
    (verdict,) = evaluator(farm, archive, confirm="never").evaluate([tangled])
    pool._pool.close()
    assert isinstance(verdict, Verdict)
    assert verdict.outcome is Outcome.VIOLATION
    assert "can't be read: it is too tangled" in verdict.reason


def test_a_guess_is_not_recalled_as_a_verdict(guessing: tuple[farms.Farm, Archive], known: Path) -> None:
    farm, archive = guessing
    new = candidate(source(40, 10))
    (guess,) = evaluator(farm, archive).evaluate([new])
    assert isinstance(guess, Verdict)
    assert guess.guess
    with ScriptedFarm() as scripted:
        (verdict,) = evaluator(scripted, archive).evaluate([new])
        assert scripted.builds == 1
    assert isinstance(verdict, Verdict)
    assert not verdict.guess
    assert not verdict.reused


def test_guesses_repeat_themselves(known: Path, tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="no scikit-learn: pip install 'hayate[surrogate]'")
    batch = [candidate(source(b, u), index=b) for b, u in ((5, 1), (40, 10), (80, 14), (4, 4))]

    def once(name: str, order: int) -> dict[str, str]:
        with Archive(tmp_path / name) as archive, replay_farm(known, unknown="guess") as farm:
            results = evaluator(farm, archive, confirm="never").evaluate(batch[::order])
        return {r.candidate: encode(r) for r in results if isinstance(r, Verdict)}

    assert once("a.db", 1) == once("b.db", -1)


def test_the_guard_is_asked_not_guessed(guessing: tuple[farms.Farm, Archive]) -> None:
    farm, archive = guessing
    text = source(4, 4).replace("#include <stddef.h>", "#include <stdio.h>")
    (verdict,) = evaluator(farm, archive).evaluate([candidate(text)])
    assert isinstance(verdict, Verdict)
    assert verdict.outcome is Outcome.VIOLATION
    assert verdict.guess
    assert "stdio.h" in verdict.reason


def test_nothing_is_confirmed_or_reported_by_guess(guessing: tuple[farms.Farm, Archive]) -> None:
    farm, _ = guessing
    unknown = farm.build(TASK, source(40, 10), ()).result()
    known_one = farm.build(TASK, source(4, 4), ()).result()
    assert isinstance(unknown, Built)
    assert isinstance(known_one, Built)
    for purpose in ("confirm", "report"):
        plan = MeasurePlan.model_validate({"purpose": purpose})
        with pytest.raises(Fault, match="only guessed"):
            farm.measure(TASK, unknown, plan).result()
        with pytest.raises(Fault, match="not in"):
            farm.measure(TASK, known_one, plan).result()
    with pytest.raises(Fault, match="only guessed"):
        farm.measure(TASK, known_one, MeasurePlan(), unknown).result()
    more = farm.measure(TASK, known_one, MeasurePlan(launches=2)).result()  # known, but never so
    assert more.guess
    right = farm.measure(TASK, unknown, MeasurePlan(launches=0)).result()
    assert (right.outcome, right.speedup, right.guess) == (Outcome.ACCEPTED, None, True)


def test_too_little_to_learn_from_is_a_fault(tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="no scikit-learn: pip install 'hayate[surrogate]'")
    fill(tmp_path / "a.db", count=10)
    with (
        replay_farm(tmp_path / "a.db", unknown="guess") as farm,
        pytest.raises(Fault, match=r"10 object codes .*too few"),
    ):
        farm.build(TASK, source(5, 5), ()).result()


def test_guesses_in_an_archive_are_not_replayed(guessing: tuple[farms.Farm, Archive], tmp_path: Path) -> None:
    farm, archive = guessing
    evaluator(farm, archive).evaluate([candidate(source(40, 10)), candidate(source(4, 4))])
    with replay_farm(tmp_path / "run.db") as second:
        assert isinstance(second.build(TASK, source(4, 4), ()).result(), Built)
        with pytest.raises(Fault, match="not in"):
            second.build(TASK, source(40, 10), ()).result()


def test_older_records_have_no_guess() -> None:
    """What was written before guesses were there is read as measured."""
    old = refused(candidate("x"), Outcome.WRONG).model_dump(mode="json")
    del old["guess"]
    assert not Verdict.model_validate(old).guess
    assert not Measurement.model_validate({"outcome": "wrong", "reason": "r"}).guess
