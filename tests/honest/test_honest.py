"""Two hundred and sixty honest kernels and more, in many styles: a judge that refuses one of them is of no use.

Those here are written by hand; the first line of a file names what must be permitted. The others are drawn from
the tasks' variants, combinations that are kept out of the corpus included, and from their `correct/` folders.
"""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path

import pytest

from hayate import hosts, sandbox
from hayate.judge import Rejection, build, measure
from hayate.records import Language, MeasurePlan, Outcome, Technique
from hayate.tasks import builtin, folder, templates
from hayate.toolchains import compilers

HERE = Path(__file__).parent
TASKS = ("dgemm", "jacobi2d")
VARIANTS = 80  # of each task, a quarter of them with a combination that is kept out of the corpus
CHECK = MeasurePlan(purpose="check", launches=0, verify_shapes=8)

Kernel = tuple[str, str, tuple[Technique, ...], Language]  # task, source, permitted


def _written() -> dict[str, Kernel]:
    folders = [HERE / task for task in TASKS] + [folder(task) / "correct" for task in TASKS]
    files = [path for one in folders for path in sorted(one.iterdir()) if path.suffix in (".c", ".cpp")]
    found: dict[str, Kernel] = {}
    for path in files:
        task = next(task for task in TASKS if task in path.parts)
        text = path.read_bytes().decode()  # line ends as they are
        first = re.match(r"// permitted:([^\r\n]*)", text)
        assert first is not None, path
        permitted = tuple(Technique(word) for word in first[1].split() if word != "none")
        found[f"{task}-{path.stem}"] = (task, text, permitted, "c" if path.suffix == ".c" else "c++")
    return found


@cache
def _drawn() -> dict[str, Kernel]:
    found: dict[str, Kernel] = {}
    for task in TASKS:
        variants, rng = templates.load(folder(task)), random.Random(7)
        texts: set[str] = set()
        while len(texts) < VARIANTS:
            variant = variants.sample(rng, held_out=len(texts) % 4 == 0)
            if variant.text not in texts:
                texts.add(variant.text)
                permitted = tuple(dict.fromkeys((*variant.techniques, *builtin(task).reference.techniques)))
                found[f"{task}-{variant.name}-{len(texts)}"] = (task, variant.text, permitted, "c")
    return found


KERNELS = {**_written(), **_drawn()}
QUICK = {name for name in KERNELS if "state" in name or "team" in name or "masks" in name or "cxx" in name}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in QUICK else [pytest.mark.slow]) for n in KERNELS]
)
def test_it_is_accepted(name: str) -> None:
    task_name, text, permitted, language = KERNELS[name]
    if language == "c++" and not compilers()[0].cxx:
        pytest.skip("no compiler of C++: apt install g++")
    task, host, best = builtin(task_name), hosts.profile(), sandbox.best()
    made = build(task, text, permitted, host=host, sandbox=best, language=language)
    assert not isinstance(made, Rejection), made.reason
    found = measure(task, made, CHECK, host=host, slot=hosts.slots()[0], sandbox=best)
    assert found.outcome is Outcome.ACCEPTED, found.reason


def test_there_are_two_hundred_and_sixty_of_them() -> None:
    assert len(KERNELS) >= 260
    assert len({text for _, text, _, _ in KERNELS.values()}) == len(KERNELS)
