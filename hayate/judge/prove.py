"""Prove a task folder, and say which part of it is wrong.

oracle, bound, values and reference against each other   proving/definition.py
reference and yardsticks build and are right; correct/ passes, wrong/ fails as it declares    the judge itself
variants: right by the judge
all of these under sanitizers, where the compiler has them
the yardsticks' order, the bands' scale                  proving/speeds.py
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from hayate.errors import Fault
from hayate.hosts import Slot, vector_bytes
from hayate.judge.build import build
from hayate.judge.calibrate import calibrate_task
from hayate.judge.library import Library
from hayate.judge.measure import measure
from hayate.judge.proving.blame import REFERENCE
from hayate.judge.proving.definition import OWN_CODE, PARTS, Definition
from hayate.judge.proving.harness import CALL, EXACT, SCALE, Asked, Broken, Harness, sanitizers_missing
from hayate.judge.proving.speeds import band_out_of_scale, out_of_order
from hayate.judge.proving.variants import Which, variants
from hayate.judge.results import Measurement, Rejection
from hayate.judge.shapes import UNIFORM, sample
from hayate.records import Built, HostProfile, MeasurePlan, Record, SourceText
from hayate.sandbox import Sandbox
from hayate.tasks import correct, load, wrong
from hayate.toolchains import compilers

VERIFY_ONLY = MeasurePlan(purpose="check", launches=0, verify_shapes=16)
SANITIZED_SHAPES = 5
SANITIZED_WORK = 2e5  # of the oracle's measure: sanitized code is slow
WHERE = {
    "inputs": "[bound] integer_bits, integer_scale in task.toml",
    "bound": "[bound] terms, factor in task.toml",
    "values": "[[argument]] values in task.toml",
    "branches": "[[argument]] values in task.toml, or the conditions in reference.c",
}


class Proof(Record):
    """One source or part of the folder, what it should get and what it got."""

    source: str  # "correct/strassen.c", "oracle.c", "bound"
    expected: str
    outcome: str  # "skipped": it can't be tried here, and the reason says why
    reason: str
    remedy: str = ""  # with the folder's path, where a part of it is blamed

    @property
    def holds(self) -> bool:
        return self.outcome in (self.expected, "skipped")


def prove(
    folder: Path,
    *,
    host: HostProfile,
    slot: Slot,
    sandbox: Sandbox,
    on_proof: Callable[[Proof], None] | None = None,
    which: Which = "covering",
) -> list[Proof]:
    """`which`: the variants. Raises Fault where nothing can be tried at all, and WrongUse."""
    return _Prover(folder, host, slot, sandbox, on_proof or (lambda _: None), which).run()


class _Prover:
    def __init__(
        self,
        folder: Path,
        host: HostProfile,
        slot: Slot,
        sandbox: Sandbox,
        on_proof: Callable[[Proof], None],
        which: Which,
    ) -> None:
        self.folder = folder.parent if folder.name == "task.toml" else folder
        self.task = load(self.folder)
        self.host, self.slot, self.sandbox = host, slot, sandbox
        self.on_proof, self.which = on_proof, which
        self.proofs: list[Proof] = []

    def run(self) -> list[Proof]:
        task, folder = self.task, self.folder
        trusted = [(REFERENCE, task.reference)]
        trusted += [(f"yardsticks/{y.name}", y) for y in task.yardsticks]
        honest = [(f"correct/{source.name}", source) for source in correct(folder)]
        made = list(variants(task, folder, self.which))
        with Harness(task, self.host.arch, compilers()[0], self.sandbox) as harness:
            if self._definition(harness, trusted):
                blamed = {proof.source for proof in self.proofs if not proof.holds}
                for where, source in [*trusted, *honest, *made]:
                    if where not in blamed:
                        self._judge(where, source, "accepted")
                for source in wrong(folder):
                    self._judge(f"wrong/{source.name}", source, source.expect)
            self._sanitized(harness, [*trusted, *honest, *made])
        if all(proof.holds for proof in self.proofs if proof.source.startswith((REFERENCE, "yardsticks/"))):
            self._speeds()
        return self.proofs

    def _tell(
        self, source: str, outcome: str, reason: str, *, expected: str = "accepted", remedy: str = ""
    ) -> None:
        self.proofs.append(
            Proof(source=source, expected=expected, outcome=outcome, reason=reason, remedy=remedy)
        )
        self.on_proof(self.proofs[-1])

    def _blame(self, part: str, reason: str) -> None:
        where = WHERE.get(part, part)
        remedy = f"mend {where} in {self.folder}, then hayate tasks check {self.folder}"
        self._tell(part, "blamed", reason, remedy=remedy)

    # -- the parts of the definition against each other

    def _definition(self, harness: Harness, trusted: Sequence[tuple[str, SourceText]]) -> bool:
        """False where the judge can't verify anything: the task's own code does not compile, or its calls don't end."""
        own = OWN_CODE[self.task.correct]
        try:
            definition = Definition(self.task, harness, Library(self.host), harness.own_code())
            findings = definition.findings(trusted)
        except Broken as broken:
            self._blame(broken.part or own, str(broken))
            return False
        blamed = {finding.part for finding in findings}
        for finding in findings:
            self._blame(finding.part, finding.reason)
        for part in PARTS[self.task.correct]:
            if part not in blamed:
                self._tell(part, "accepted", f"fits the reference and {len(trusted) - 1} yardsticks")
        return True

    # -- by the judge

    def _judge(self, where: str, source: SourceText, expected: str) -> None:
        result: Built | Rejection | Measurement = build(
            self.task,
            source.text,
            source.techniques,
            host=self.host,
            sandbox=self.sandbox,
            name=Path(source.name).stem,
            extra_flags=source.flags,
            language=source.language,
        )
        if isinstance(result, Built):
            try:
                result = measure(
                    self.task,
                    result,
                    VERIFY_ONLY,
                    host=self.host,
                    slot=self.slot,
                    sandbox=self.sandbox,
                    rival=result,  # not timed, and so in no need of a yardstick, which may be what is broken
                )
            except Fault as fault:
                self._tell(where, "fault", fault.message, expected=expected, remedy=self._remedy(fault))
                return
        self._tell(where, result.outcome.value, result.reason, expected=expected)

    def _remedy(self, fault: Fault) -> str:
        return fault.remedy.replace("FOLDER", str(self.folder))

    # -- under sanitizers

    def _sanitized(self, harness: Harness, sources: Iterable[tuple[str, SourceText]]) -> None:
        missing = sanitizers_missing(harness.compiler, self.sandbox)
        if missing:
            self._tell("sanitizers", "skipped", missing)
            return
        small = self.task.model_copy(
            update={"oracle_work_max": min(SANITIZED_WORK, self.task.oracle_work_max)}
        )
        own = OWN_CODE[self.task.correct]
        rng = random.Random(1)
        try:
            definition = Definition(self.task, harness, Library(self.host), harness.own_code(sanitized=True))
            calls = [
                (shape, definition.given(shape, UNIFORM, rng.getrandbits(62)))
                for shape in sample(small, SANITIZED_SHAPES, rng)
            ]
        except Broken as broken:
            part = broken.part or own
            self._tell(f"{part}, sanitized", "blamed", str(broken), remedy=f"mend {part} in {self.folder}")
            return

        def call(name: str, make: Callable[[], Path], *commands: int) -> None:
            told = f"{name}, sanitized"
            try:
                program = make()
                asked = [
                    Asked(shape, given, command, offset=at % 2)
                    for at, (shape, given) in enumerate(calls)
                    for command in commands
                ]
                harness.call(program, asked)
            except Broken as broken:
                self._tell(told, "blamed", str(broken), remedy=f"mend {name} in {self.folder}")
            else:
                self._tell(told, "accepted", f"no complaint on {len(calls)} shapes")

        if self.task.correct != "exact":  # else it is the reference
            wanted = (EXACT, SCALE) if self.task.correct == "analytic" else (EXACT,)
            call("oracle.c" if own == "oracle.c" else "oracle", lambda: definition.own, *wanted)
        for name, source in sources:
            if source.language == "c++" and not harness.compiler.cxx:
                self._tell(f"{name}, sanitized", "skipped", "no compiler of C++ here")
                continue
            call(name, lambda source=source: harness.solution(source, sanitized=True), CALL)  # type: ignore[misc]

    # -- timed

    def _speeds(self) -> None:
        task = self.task
        first = next(band for band in task.bands if band.training)
        try:
            known = calibrate_task(task, [first.name], host=self.host, slot=self.slot, sandbox=self.sandbox)
        except Fault as fault:
            self._tell("yardsticks", "fault", fault.message, remedy=self._remedy(fault))
            return
        remedy = f"rename the files in {self.folder / 'yardsticks'}: slowest first"
        wrong_order = out_of_order(task, known, first.name, vector_bytes(self.host.arch))
        if wrong_order:
            self._tell("yardsticks", "blamed", wrong_order, remedy=remedy)
        else:
            self._tell("yardsticks", "accepted", f"slowest first, in band {first.name}")
        for band in task.bands:
            complaint = band_out_of_scale(task, band, known, first.name)
            if complaint:
                remedy = f"mend [[band]] {band.name}, or flops and bytes, in {self.folder / 'task.toml'}"
                self._tell(f"band {band.name}", "blamed", complaint, remedy=remedy)
            else:
                self._tell(f"band {band.name}", "accepted", "its calls are neither too short nor too long")
