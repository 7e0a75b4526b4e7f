"""Samples of a policy outside training: what it can do, asked with everything permitted.

Within phase 3 the permitted sets grow, and speed grows with them; that alone is not learning. Samples before and
after it compare like with like. They stand in the archive and in the report as phases "before" and "after".
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from hayate.curriculum import Curriculum
from hayate.policies import HuggingFacePolicy
from hayate.prompts import source_in
from hayate.records import Candidate, Prompt
from hayate.train.session import Session


def probe(session: Session, when: Literal["before", "after"], model: str | Path, count: int) -> None:
    """`count` verdicts on samples of `model`; nothing if they are there already. In the main process only."""
    if session.judging is None or count == 0:
        return
    archive = session.archive()
    if any(p.name == when and p.ended is not None for p in archive.phases(session.name)):
        return
    for one in session.judging.archives:
        one.start_phase(session.name, when)
    session.progress.say(f"{count} samples of the policy {when} phase 3, everything permitted")
    check(session, session.policy(str(model)), when, count, step=0)
    for one in session.judging.archives:
        one.end_phase(session.name, when)


def check(session: Session, policy: HuggingFacePolicy, phase: str, count: int, step: int) -> None:
    """Verdicts on `count` replies, shared among the tasks, recorded as `step` of `phase`. Raises Fault.

    Those of an earlier attempt at the same step are marked abandoned. In the main process only.
    """
    session.abandon(phase, step)
    settings = session.run.curriculum.model_copy(update={"staging": "off", "exemplars": 0})
    asking = Curriculum(session.tasks, settings, language=session.run.run.language)
    prompts = [session.prompt(asking.next()) for _ in session.tasks]
    each = max(1, count // len(prompts))
    seed = session.run.run.seed + step
    replies = ask(session, policy, prompts, each, phase, step=step, seed=seed)
    results = session.evaluate(replies, rank=False)  # what it is asked for is a fair sample
    session.progress.group(results)


def ask(
    session: Session,
    policy: HuggingFacePolicy,
    prompts: Sequence[Prompt],
    each: int,
    phase: str,
    *,
    step: int,
    seed: int,
) -> list[Candidate]:
    """`each` replies to each prompt as candidates, group by group."""
    candidates = []
    for group, row in enumerate(policy.sample(prompts, each, seed=seed)):
        for index, reply in enumerate(row):
            source = source_in(reply.text, prompts[group].assignment, cut_off=reply.truncated)
            if source is None:
                session.keep_reply(reply.text)
            candidates.append(
                session.candidate(prompts[group], source, phase, step=step, group=group, index=index)
            )
    return candidates
