"""The command line as a person or a machine meets it: real commands, exit codes, JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hayate import tasks
from hayate.cli.judge import DECIDED
from hayate.toolchains import compilers

ROOT = Path(__file__).parents[2]
HAYATE = Path(sys.executable).with_name("hayate")


def hayate(*arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(HAYATE), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=240,
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200", **environment},
    )


def yardstick(task: str) -> Path:
    return sorted((tasks.folder(task) / "yardsticks").glob("*.c"))[-1]


def test_help_has_examples() -> None:
    for command in ("doctor", "judge", "train", "report", "farm", "serve"):
        done = hayate(command, "--help")
        assert done.returncode == 0
        assert "Example" in done.stdout, command


def test_tasks_as_json() -> None:
    done = hayate("tasks", "--json")
    assert done.returncode == 0, done.stderr
    assert [t["name"] for t in json.loads(done.stdout)] == tasks.builtin_names()


def test_doctor_as_json() -> None:
    done = hayate("doctor", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["profile"]["peak_gflops"]["value"] > 0
    assert said["slots"]
    assert {c["name"] for c in said["checks"]} >= {"compiler"}


def test_a_good_kernel_is_accepted_with_the_documented_keys() -> None:
    done = hayate("judge", "dgemm", str(yardstick("dgemm")), "--launches", "1", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    documented = (
        "task candidate outcome reason reward metric speedup techniques host sandbox judge_version wall_s"
    )
    assert set(documented.split()) <= set(said)
    assert said["outcome"] == "accepted"
    assert set(said["metric"]) == {"name", "value", "low", "high"}
    assert set(said["speedup"]) == {"baseline", "median", "low", "high", "confidence"}


def test_a_wrong_kernel_is_rejected_with_exit_1(tmp_path: Path) -> None:
    source = yardstick("dgemm").read_text().replace("double", "float")
    done = hayate("judge", "dgemm", "-", "--json", stdin=source)
    assert done.returncode == 1, done.stdout + done.stderr
    assert json.loads(done.stdout)["outcome"] in ("wrong", "build_failed")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("judge", "nothing", "README.md"), "nothing"),
        (("judge", "dgemm", "no-such-file.c"), "no-such-file.c"),
        (("judge", "dgemm", "README.md", "--permit", "magic"), "magic"),
        (("judge", "dgemm", "README.md", "--bands", "7"), "480"),
        (("judge", "dgemm", "README.md"), "README.md: its name does not say in which language it is"),
        (("judge", "dgemm", "README.md", "--strictness", "none"), "report"),
        (("judge", "dgemm", "README.md", "--strictness", "check", "--launches", "2"), "nothing is timed"),
        (("judge", "dgemm", "README.md", "--until-width", "2%"), "with --against FILE"),
        (("judge", "dgemm", "README.md", "--within", "20"), "with --against FILE"),
        (("judge", "dgemm", "README.md", "--against", "README.md", "--launches", "2"), "--launches"),
        (("judge", "dgemm", "README.md", "--against", "README.md", "--until-width", "two"), "0.1% to 100%"),
        (("train", "no-such-run.toml"), "no-such-run.toml"),
        (("report", "no-such-folder"), "no-such-folder"),
        (("judge",), "Missing argument"),
        (("fly",), "No such command"),
    ],
)
def test_wrong_use_is_one_clear_message_and_exit_2(arguments: tuple[str, ...], words: str) -> None:
    done = hayate(*arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert words in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_a_wrong_key_in_a_run_file_names_file_and_key(tmp_path: Path) -> None:
    run = tmp_path / "run.toml"
    text = (ROOT / "runs" / "demo.toml").read_text()
    run.write_text(text.replace("check_samples = 16", "chek_samples = 16", 1))
    done = hayate("train", str(run), "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "run.toml" in done.stderr
    assert "chek_samples" in done.stderr
    assert "check_samples" in done.stderr  # what was meant


def test_no_compiler_is_a_fault_with_a_remedy(tmp_path: Path) -> None:
    done = hayate("judge", "dgemm", str(yardstick("dgemm")), PATH=str(tmp_path))
    assert done.returncode == 2
    assert "apt install gcc" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_state_folder_that_can_not_be_written_is_a_fault() -> None:
    done = hayate("doctor", HAYATE_STATE="/proc/nothing")
    assert done.returncode == 2
    assert "HAYATE_STATE" in done.stderr


def test_an_error_is_json_where_json_was_asked_for() -> None:
    done = hayate("judge", "nothing", "README.md", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["message"]


def test_a_file_in_cxx_is_known_by_its_name_or_said_to_be() -> None:
    if not compilers()[0].cxx:
        pytest.skip("no compiler of C++: apt install g++")
    kernel = ROOT / "tests" / "honest" / "dgemm" / "cxx_lambdas.cpp"
    said = json.loads(hayate("judge", "dgemm", str(kernel), "--launches", "1", "--json").stdout)
    assert said.get("outcome") == "accepted", json.dumps(said)
    refused = hayate("judge", "dgemm", str(kernel), "--language", "c")
    assert refused.returncode == 1
    assert hayate("judge", "dgemm", str(kernel), "--language", "fortran").returncode == 2


def test_judge_head_to_head_against_another_source(tmp_path: Path) -> None:
    kernel = str(yardstick("dgemm"))
    same = tmp_path / "old.c"
    same.write_text(yardstick("dgemm").read_text())
    done = hayate("judge", "dgemm", kernel, "--against", str(same), "--within", "3", "--json")
    said = json.loads(done.stdout)
    assert done.returncode == DECIDED[said["decision"]], done.stdout + done.stderr
    assert said["speedup"]["baseline"] == "old.c"
    assert said["speedup"]["confidence"] == 0.99
    assert "old.c" in said["reason"]


def test_a_rival_that_computes_something_else_is_wrong_use(tmp_path: Path) -> None:
    kernel = str(yardstick("dgemm"))
    rival = tmp_path / "old.c"
    rival.write_text("void dgemm(int M, int N, int K) { (void)M; (void)N; (void)K; }")
    done = hayate("judge", "dgemm", kernel, "--against", str(rival))
    assert done.returncode == 2
    assert "--against: old.c is rejected" in done.stderr
    done = hayate("judge", "dgemm", "-", "--against", "-")
    assert done.returncode == 2
    assert "standard input" in done.stderr


def test_a_reader_that_has_gone_does_not_change_the_exit_status() -> None:
    """As `hayate judge ... | head -0`: nobody reads, and accepted stays accepted."""
    command = [str(HAYATE), "judge", "dgemm", str(yardstick("dgemm")), "--strictness", "check"]
    for more in ([], ["--json"]):
        reading, writing = os.pipe()
        os.close(reading)
        try:
            done = subprocess.run(
                [*command, *more], stdout=writing, stderr=subprocess.PIPE, text=True, timeout=240, cwd=ROOT
            )
        finally:
            os.close(writing)
        assert done.returncode == 0, done.stderr
        assert "BrokenPipe" not in done.stderr


def test_a_warning_is_one_line_for_a_person(tmp_path: Path) -> None:
    """A home that can't be written: state goes among the temporary files, and that is worth a note."""
    done = subprocess.run(
        [str(HAYATE), "farm", "--json"],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=ROOT,
        env={
            **{k: v for k, v in os.environ.items() if k not in ("HAYATE_STATE", "XDG_STATE_HOME")},
            "HOME": "/proc/nobody",
            "TMPDIR": str(tmp_path),
        },
    )
    assert done.returncode == 0, done.stderr
    assert "hayate: note: /proc/nobody/.local/state/hayate can't be written; state goes to" in done.stderr
    assert "UserWarning" not in done.stderr
    assert "warnings.warn" not in done.stderr


def test_judging_imports_no_heavy_library() -> None:
    """They were four of the six seconds that a verdict took."""
    text = """
import sys
from hayate.cli import judge, main
sys.argv = ["hayate", "judge", "dgemm", sys.argv[1], "--strictness", "training", "--json"]
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
heavy = ("scipy.stats", "matplotlib", "torch", "transformers", "trl", "sklearn")
assert [name for name in heavy if name in sys.modules] == []
"""
    done = subprocess.run(
        [sys.executable, "-c", text, str(yardstick("dgemm"))],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outcome"] == "accepted"


def test_judge_on_the_farm_of_a_run_file(tmp_path: Path) -> None:
    run = tmp_path / "run.toml"
    run.write_text('farm = "local"\n[run]\nname = "x"\ntasks = ["dgemm"]\n[phases.grpo]\nsteps = 1\n')
    kernel = str(yardstick("dgemm"))
    done = hayate("judge", "dgemm", kernel, "--launches", "1", "--run", str(run), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)["verdicts"]
    assert set(said) == {""}
    assert said[""]["outcome"] == "accepted"
    run.write_text('farm = "nowhere"\n')
    done = hayate("judge", "dgemm", kernel, "--run", str(run))
    assert done.returncode == 2
    assert "farm" in done.stderr


def test_farm_shows_this_machine_and_a_runs_folder(tmp_path: Path) -> None:
    done = hayate("farm", "--json")
    assert done.returncode == 0, done.stderr
    here = json.loads(done.stdout)["farms"][""]
    assert here["slots"]
    assert here["host_class"]
    (tmp_path / "farm.json").write_text(done.stdout)
    done = hayate("farm", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert here["slots"][0]["name"] in done.stdout
    assert "0 running" in done.stdout or "1 running" in done.stdout
    done = hayate("farm", str(tmp_path / "nothing"))
    assert done.returncode == 2
    assert "no farm.json" in done.stderr
    assert "Traceback" not in done.stderr


def test_brackets_reach_the_reader(tmp_path: Path) -> None:
    """Sources, tools and remedies have brackets, which a terminal library could take for its own."""
    kernel = tmp_path / "kernel.c"
    kernel.write_text("#include <[/x]>\nvoid dgemm(void) {}\n")
    done = hayate("judge", "dgemm", str(kernel))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "[/x]" in done.stdout
    run = tmp_path / "run.toml"
    run.write_text('farm = "parsl"\n[run]\nname = "x"\ntasks = ["dgemm"]\n[phases.grpo]\nsteps = 1\n')
    done = hayate("judge", "dgemm", str(kernel), "--run", str(run))
    assert done.returncode == 2
    assert "[farm.parsl]" in done.stderr
