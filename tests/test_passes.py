"""Which passes of the tests a machine offers, and that what they change about it is changed."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import noise
import pytest

from hayate.errors import Fault, FaultKind
from hayate.sandbox import TierReport

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import check_types  # noqa: E402
import run_tests  # noqa: E402
import surroundings  # noqa: E402

WORKS = {"works": True, "reason": ""}
FAILS = {"works": False, "reason": "not installed"}
# What `make setup` installs, as far as hayate imports it; the rest must be known to be an extra's.
SET_UP = """
    alembic capstone elftools jinja2 markupsafe matplotlib numpy pydantic rich scipy sqlalchemy tree_sitter
    tomli_w tree_sitter_c tree_sitter_cpp typer accelerate datasets peft safetensors tokenizers torch transformers trl
    optuna psutil scipy_openblas64 kernel_tuner
"""
NEVER_FOLLOWED = {"sklearn", "verifiers", "openai"}  # by mypy, whether installed or not: pyproject.toml


def run_and_left_out(
    first: dict[str, object], second: dict[str, object], unavailable: str, spare: list[Path], highest: str
) -> tuple[list[run_tests.Pass], list[run_tests.Pass]]:
    tiers = [TierReport("bubblewrap", **first), TierReport("landlock", **second)]
    found = run_tests.passes(tiers, unavailable, spare, highest)
    return [one for one in found if not one.left_out], [one for one in found if one.left_out]


def test_a_machine_that_offers_all_runs_all() -> None:
    run, left = run_and_left_out(WORKS, WORKS, "", [Path("/usr/bin/bwrap")], "x86-64-v4")
    assert [(one.tier, one.user, one.bare, one.arch) for one in run] == [
        ("", False, False, ""),
        ("landlock", False, False, ""),
        ("", True, False, ""),
        ("", True, True, "x86-64-v3"),
    ]
    assert [one.left_out for one in left] == ["it is the strongest tier here: the first pass is in it"]
    assert run[0].folders == ("tests",)
    assert "tests/new" in run[-1].folders and "tests/new" not in run[-2].folders


def test_what_a_machine_does_not_offer_is_left_out_by_its_reason() -> None:
    run, left = run_and_left_out(FAILS, WORKS, "needs root", [], "x86-64-v3")
    assert [one.title for one in run] == ["all tests, on this machine as it is"]
    assert [one.left_out for one in left] == [
        "not installed",
        "it is the strongest tier here: the first pass is in it",
        "needs root",
        "needs root",
    ]


def test_a_lesser_machine_is_none_where_there_is_nothing_to_take_away() -> None:
    for spare, highest, runs in (([], "x86-64-v3", 2), ([], "x86-64-v4", 3), ([Path("/x")], "x86-64-v3", 3)):
        run, left = run_and_left_out(FAILS, WORKS, "", spare, highest)
        assert len(run) == runs
        assert (runs == 3) == all("none of them is here" not in one.left_out for one in left)


def test_the_path_of_a_candidate_is_there() -> None:
    assert all((ROOT / name).exists() for name in run_tests.BARE)


@pytest.mark.parametrize("closed", ["above", "itself"])
def test_an_ordinary_user_sees_what_it_is_shown_and_not_what_is_hidden(closed: str, tmp_path: Path) -> None:
    if surroundings.unavailable():
        pytest.skip(surroundings.unavailable())
    shown, program = tmp_path / "shown", tmp_path / "program"
    (shown / "within").mkdir(parents=True)
    for path in (shown / "file", shown / "within" / "file"):
        path.write_text("seen\n")
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (tmp_path if closed == "above" else shown).chmod(0o700)
    script = 'id -u; cat "$1/file" "$1/within/file"; test -x "$2" || echo hidden'
    words = ["sh", "-c", script, "sh", str(shown), str(program)]
    argv = surroundings.command(words, hide=[program], show=[shown, shown / "within"], user=12345)
    with tempfile.TemporaryDirectory() as temporary:
        done = subprocess.run(argv, capture_output=True, text=True, env={**os.environ, "TMPDIR": temporary})
        assert done.stdout.split() == ["12345", "seen", "seen", "hidden"], done
        assert not list(Path(temporary).iterdir())
    assert program.stat().st_size > 0  # here nothing has changed
    assert (shown / "within" / "file").read_text() == "seen\n"


def test_the_types_of_an_extra_that_is_missing_are_known_to_be_missing() -> None:
    imported: set[str] = set()
    for path in (ROOT / "hayate").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.partition(".")[0])
    others = imported - set(sys.stdlib_module_names) - {"hayate"} - set(SET_UP.split()) - NEVER_FOLLOWED
    assert others == set(check_types.EXTRAS)


@pytest.mark.parametrize(
    ("error", "is_noise"),
    [
        (Fault(FaultKind.HOST_TOO_NOISY, "the scheduler disturbed 3 launches"), True),
        (Fault(FaultKind.SANDBOX_BROKEN, "bad state", remedy="end other work on this machine"), False),
        (AssertionError('{"error": {"kind": "host_too_noisy", "message": "..."}}'), True),
        (AssertionError("assert 2 == 0"), False),
        (KeyError("host_too_noisy"), False),
    ],
)
def test_noise_is_no_failure_where_it_cannot_be_kept_out(
    error: Exception, is_noise: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for real_time in (False, True):
        monkeypatch.setattr(noise, "real_time", lambda answer=real_time: answer)
        assert noise.excused(error) is (is_noise and not real_time)
