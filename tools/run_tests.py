"""Runs the tests in every surroundings that this machine offers, pass by pass, and says which.

    python tools/run_tests.py quick|all [PYTEST OPTIONS]

First come all tests, on this machine as it is. Then the path of a candidate (sandbox, judge, demo in small, kernels
that cheat, kernels that don't) runs again where it might differ: in the weaker tier of the sandbox, as an ordinary
user, and as on a lesser machine: without bubblewrap, clang, a compiler of C++ and AVX-512. A pass that this machine
does not offer is named with the reason. As an ordinary user the slow tests are left out. Passes don't run beside each
other: their tests use the same slot.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import surroundings

from hayate.hosts.profile import highest_architecture
from hayate.sandbox import TierReport, probe

ROOT = Path(__file__).resolve().parents[1]
USER = 12_345  # nobody's: no name, no home, no group
PATH_OF_A_CANDIDATE = (
    "tests/sandbox",
    "tests/conformance",
    "tests/hosts",
    "tests/judge",
    "tests/cheats",
    "tests/honest",
    "tests/tasks/test_proofs.py",
    "tests/farm/test_local.py",
    "tests/test_evaluate_real.py",
    "tests/cli",
    "tests/train/test_demo_in_small.py",
)
# Where compilers that a bare machine has not are used besides.
BARE = (*PATH_OF_A_CANDIDATE, "tests/mutants", "tests/new", "tests/running")
# Said at the beginning of a pass, by the pass itself.
DESCRIBE = """
import os
from hayate import sandbox, toolchains
from hayate.hosts.profile import architecture
names = ", ".join(c.label for c in toolchains.compilers())
cxx = "" if toolchains.compilers()[0].cxx else ", no C++"
user = "root" if os.geteuid() == 0 else f"user {os.geteuid()}"
print(f"{user}, tier {sandbox.best().tier}, {architecture()}, {names}{cxx}")
"""


@dataclass(frozen=True)
class Pass:
    """One run of pytest."""

    title: str
    left_out: str = ""  # why this machine does not offer it
    folders: tuple[str, ...] = PATH_OF_A_CANDIDATE
    tier: str = ""  # "": the strongest
    user: bool = False  # an ordinary one
    bare: bool = False  # without the programs that a bare machine has not
    arch: str = ""  # "": what the machine has


def passes(tiers: list[TierReport], unavailable: str, spare: list[Path], highest: str) -> list[Pass]:
    """What is run here, or left out for a reason. `tiers` are strongest first; `unavailable` says why surroundings
    can't be changed, "" if they can; `spare` are programs that a bare machine has not; `highest` is the machine's
    level of instructions."""
    working = [report.tier for report in tiers if report.works]
    found = [Pass("all tests, on this machine as it is", folders=("tests",))]
    for report in tiers:
        title = f"a candidate's path in tier {report.tier}"
        if report.tier == (working or [""])[0]:
            found.append(Pass(title, "it is the strongest tier here: the first pass is in it"))
        else:
            found.append(Pass(title, report.reason, tier=report.tier))
    found.append(Pass("a candidate's path as an ordinary user", unavailable, user=True))
    title = "a candidate's path as an ordinary user without bubblewrap, clang, C++ and AVX-512"
    arch = "x86-64-v3" if highest == "x86-64-v4" else ""
    reason = unavailable or ("" if spare or arch else "none of them is here: the pass before is such a one")
    found.append(Pass(title, reason, folders=BARE, user=True, bare=True, arch=arch))
    return found


def run(one: Pass, options: list[str], folder: Path) -> int:
    """pytest's exit status. `folder` is the user's: home, state, temporary files."""
    python = [sys.executable, "-m", "pytest", *options, *one.folders]
    describe = [sys.executable, "-c", DESCRIBE]
    environment = dict(os.environ)
    if one.tier:
        environment["HAYATE_SANDBOX"] = one.tier
    if one.arch:
        environment["HAYATE_ARCH"] = one.arch
    if one.user:
        folder.mkdir()
        os.chown(folder, USER, USER)
        environment |= {
            "HOME": str(folder),
            "HAYATE_STATE": str(folder / "state"),
            "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / "hypothesis"),
            "PYTHONDONTWRITEBYTECODE": "1",  # the checkout is another's
            "PYTHONPATH": str(ROOT),
        }
        for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "TMPDIR"):
            environment.pop(name, None)
        python[3:3] = ["-p", "no:cacheprovider"]
        hide = surroundings.spare_programs() if one.bare else []
        show = [ROOT, Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve(), folder]
        python, describe = (
            surroundings.command(words, hide=hide, show=show, user=USER) for words in (python, describe)
        )
    status = subprocess.run(describe, cwd=ROOT, env=environment).returncode
    return status or subprocess.run(python, cwd=ROOT, env=environment).returncode


def main() -> int:
    """1 if a pass failed."""
    if len(sys.argv) < 2 or sys.argv[1] not in ("quick", "all"):
        print(__doc__, file=sys.stderr)
        return 2
    options = [*(["-m", "not slow"] if sys.argv[1] == "quick" else []), *sys.argv[2:]]
    base = Path(tempfile.mkdtemp(prefix="hayate-passes-"))
    base.chmod(0o755)
    spare, highest = surroundings.spare_programs(), highest_architecture()
    planned = passes(probe(), surroundings.unavailable(), spare, highest)
    said: list[str] = []
    failed = False
    try:
        for number, one in enumerate(planned, 1):
            print(f"\n== pass {number}: {one.title}", flush=True)
            if one.left_out:
                print(f"left out: {one.left_out}", flush=True)
                said.append(f"pass {number}, left out: {one.title}")
                continue
            began = time.monotonic()
            # Who the user is changes neither kernels nor cheats: the slow ones run in each tier, as root.
            quick = ["-m", "not slow"] if one.user else []
            status = run(one, [*options, *quick], base / str(number))
            failed |= status != 0
            word = "passed" if status == 0 else "FAILED"
            said.append(f"pass {number}, {word} in {(time.monotonic() - began) / 60:.1f} min: {one.title}")
    finally:
        shutil.rmtree(base, ignore_errors=True)
    print("\n" + "\n".join(said))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
