"""What a policy's samples are worth at a glance: how many keep the format, compile, and are new.

Only syntax and types are checked, inside the sandbox; whether a kernel is right, the judge says.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from hayate.errors import Fault, FaultKind
from hayate.policies.huggingface import HuggingFacePolicy
from hayate.prompts import extract
from hayate.records import Prompt
from hayate.sandbox import Command, Limits, Sandbox, best, new_box


def check_samples(
    policy: HuggingFacePolicy, examples: Sequence[tuple[Prompt, str]], count: int, seed: int = 0
) -> dict[str, dict[str, int]]:
    """Per task: `count` samples, for prompts drawn as often as they occur in `examples`.

    Keys: sampled, truncated, extracted, compiled, copies (of a kernel in `examples`), distinct.
    Raises `Fault` without gcc or a working sandbox.
    """
    if shutil.which("gcc") is None:
        raise Fault(FaultKind.COMPILER_MISSING, "gcc is not on the PATH", remedy="apt install gcc")
    sandbox = best()
    known = {source.strip() for _, source in examples}
    report = {}
    for task in sorted({prompt.assignment.task for prompt, _ in examples}):
        prompts = [prompt for prompt, _ in examples if prompt.assignment.task == task]
        drawn = random.Random(seed).choices(prompts, k=count)
        replies = [row[0] for row in policy.sample(drawn, 1, seed=seed)]
        sources = [s for reply in replies if (s := extract(reply.text)) is not None]
        with ThreadPoolExecutor(2) as pool:
            compiled = list(pool.map(lambda source: compiles(source, sandbox), sources))
        report[task] = {
            "sampled": count,
            "truncated": sum(r.truncated for r in replies),
            "extracted": len(sources),
            "compiled": sum(compiled),
            "copies": sum(s.strip() in known for s in sources),
            "distinct": len(set(sources)),
        }
    return report


def compiles(source: str, sandbox: Sandbox) -> bool:
    """Whether gcc takes it: syntax and types."""
    with new_box() as box:
        (box / "kernel.c").write_text(source)
        argv = ["gcc", "-std=gnu17", "-fopenmp", "-march=native", "-fsyntax-only", "kernel.c"]
        return sandbox.run(Command(argv, box, limits=Limits(cpu_s=10, wall_s=20))).ok
