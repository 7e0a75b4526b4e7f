"""Variants of a task's solution: Jinja templates with parameters, techniques, combinations held out.

templates = load(folder("dgemm"))
templates.sample(random.Random(1)).text
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path

import jinja2
from pydantic import Field

from hayate.errors import WrongUse
from hayate.records import Record, Technique
from hayate.tasks.complain import did_you_mean, read_text, read_toml
from hayate.tasks.expressions import evaluate_condition, names_in

Parameter = int | str
Parameters = dict[str, Parameter]


class Variant(Record):
    """One rendered solution. `held_out`: it uses a combination kept out of phase 1's corpus."""

    name: str  # of the template
    parameters: Parameters
    techniques: tuple[Technique, ...]  # in the order of `Technique`
    text: str
    held_out: bool


class Template(Record):
    """One [[template]] of variants.toml: a family of solutions that differ in their parameters."""

    name: str
    file: str
    weight: float = Field(default=1.0, ge=0)  # share in a corpus
    techniques: tuple[Technique, ...] = ()  # always used
    constraints: tuple[str, ...] = ()  # conditions over the parameters; all must hold
    parameters: dict[str, tuple[Parameter, ...]] = Field(default={})
    technique_if: dict[Technique, str] = Field(default={})  # used where the condition holds

    def allows(self, parameters: Mapping[str, Parameter]) -> bool:
        """Whether these values, one for each parameter, satisfy the constraints."""
        return all(evaluate_condition(c, parameters) for c in self.constraints)

    def techniques_of(self, parameters: Mapping[str, Parameter]) -> tuple[Technique, ...]:
        used = {*self.techniques}
        used |= {t for t, condition in self.technique_if.items() if evaluate_condition(condition, parameters)}
        return tuple(t for t in Technique if t in used)

    @cached_property
    def combinations(self) -> tuple[Parameters, ...]:
        """Every allowed combination of the parameters' values, in the order of the file."""
        names = list(self.parameters)
        every = (dict(zip(names, v, strict=True)) for v in itertools.product(*self.parameters.values()))
        return tuple(p for p in every if self.allows(p))


class _HeldOut(Record):
    techniques: tuple[Technique, ...] = Field(min_length=2)


class _VariantsFile(Record):
    template: tuple[Template, ...] = Field(min_length=1)
    held_out: tuple[_HeldOut, ...] = ()


class TemplateSet:
    """The templates of one task."""

    def __init__(
        self, templates: tuple[Template, ...], held_out: tuple[frozenset[Technique], ...], root: Path
    ) -> None:
        self.templates = templates
        self.held_out = held_out
        self._root = root
        self._jinja = jinja2.Environment(
            loader=jinja2.FileSystemLoader(root),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,
        )
        self._pools: dict[tuple[str, bool | None], tuple[Parameters, ...]] = {}

    def template(self, name: str) -> Template:
        """The template of that name. `WrongUse` if there is none."""
        names = [t.name for t in self.templates]
        if name not in names:
            raise WrongUse(
                f"there is no template {name!r}{did_you_mean(name, names)}",
                where=str(self._root / "variants.toml"),
                allowed=", ".join(names),
            )
        return self.templates[names.index(name)]

    def count(self, held_out: bool | None = None) -> int:
        """How many combinations of parameters there are: held out, not held out, or (None) in all."""
        return sum(len(self._pool(t, held_out)) for t in self.templates)

    def sample(self, rng: random.Random, held_out: bool | None = False) -> Variant:
        """A variant: template by weight, parameters evenly. `held_out` as for `count`."""
        able = [t for t in self.templates if t.weight > 0 and self._pool(t, held_out)]
        if not able:
            raise WrongUse("no variant is left to draw", where=str(self._root / "variants.toml"))
        template = rng.choices(able, weights=[t.weight for t in able])[0]
        return self.render(template.name, rng.choice(self._pool(template, held_out)))

    def all(self, limit: int | None = None, held_out: bool | None = None) -> Iterator[Variant]:
        """Every variant, template after template, texts distinct; at most `limit`."""
        seen: set[str] = set()
        for template in self.templates:
            for parameters in self._pool(template, held_out):
                if limit is not None and len(seen) >= limit:
                    return
                variant = self.render(template.name, parameters)
                if variant.text not in seen:
                    seen.add(variant.text)
                    yield variant

    def render(self, name: str, parameters: Mapping[str, Parameter]) -> Variant:
        """One variant. `WrongUse` for an unknown or missing parameter, or a combination that is not allowed.

        Values outside the listed ones are let through if the constraints hold: a search may go finer.
        """
        template = self.template(name)
        where = f"{self._root / 'variants.toml'}: template {name!r}"
        for key in parameters:
            if key not in template.parameters:
                raise WrongUse(
                    f"unknown parameter {key!r}{did_you_mean(key, template.parameters)}",
                    where=where,
                    allowed=", ".join(template.parameters),
                )
        if missing := [key for key in template.parameters if key not in parameters]:
            raise WrongUse(f"no value for {', '.join(missing)}", where=where)
        for condition in template.constraints:
            if not evaluate_condition(condition, parameters):
                raise WrongUse(f"{dict(parameters)} does not satisfy it", where=where, allowed=condition)
        try:
            text = self._jinja.get_template(template.file).render(dict(parameters))
        except jinja2.TemplateError as error:
            raise WrongUse(f"can't be rendered: {error}", where=str(self._root / template.file)) from error
        techniques = template.techniques_of(parameters)
        return Variant(
            name=name,
            parameters=dict(parameters),
            techniques=techniques,
            text=_tidy(text),
            held_out=self._is_held_out(techniques),
        )

    def _is_held_out(self, techniques: tuple[Technique, ...]) -> bool:
        return any(combination <= set(techniques) for combination in self.held_out)

    def _pool(self, template: Template, held_out: bool | None) -> tuple[Parameters, ...]:
        key = (template.name, held_out)
        if key not in self._pools:
            self._pools[key] = tuple(
                p
                for p in template.combinations
                if held_out is None or self._is_held_out(template.techniques_of(p)) == held_out
            )
        return self._pools[key]


def load(folder: Path) -> TemplateSet:
    """The templates of the task folder `folder`, checked. `WrongUse` names file, key and remedy.

    Read anew only if a file in `variants/` has changed.
    """
    root = folder / "variants"
    stamp = tuple(sorted((p.name, p.stat().st_mtime_ns) for p in root.glob("*")))
    return _load(root, stamp)


@lru_cache(maxsize=16)
def _load(root: Path, stamp: tuple[tuple[str, int], ...]) -> TemplateSet:
    where = root / "variants.toml"
    file = read_toml(where, _VariantsFile)
    seen: set[str] = set()
    for i, template in enumerate(file.template, 1):
        key = f"{where}: template[{i}] ({template.name})"
        if template.name in seen:
            raise WrongUse("two templates have this name", where=key)
        seen.add(template.name)
        read_text(root / template.file)
        _check_template(template, key)
    return TemplateSet(file.template, tuple(frozenset(h.techniques) for h in file.held_out), root)


def _check_template(template: Template, where: str) -> None:
    for name, values in template.parameters.items():
        if not values or len(set(values)) != len(values):
            raise WrongUse(
                f"parameter {name!r} has values {list(values)}",
                where=where,
                allowed="distinct values, at least one",
            )
    conditions = [("constraints", c) for c in template.constraints]
    conditions += [(f"technique_if.{t}", c) for t, c in template.technique_if.items()]
    for key, condition in conditions:
        try:
            unknown = sorted(names_in(condition, logic=True) - set(template.parameters))
        except WrongUse as error:
            raise WrongUse(error.message, where=f"{where}: {key}", allowed=error.allowed) from error
        if unknown:
            raise WrongUse(
                f"{condition!r} uses {unknown[0]!r}{did_you_mean(unknown[0], template.parameters)}",
                where=f"{where}: {key}",
                allowed=", ".join(template.parameters),
            )
    if not template.combinations:
        raise WrongUse("no combination of parameters satisfies the constraints", where=where)


def _tidy(text: str) -> str:
    """No trailing blanks, no empty line inside a function, never two in a row, one newline at the end."""
    text = re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)
    text = re.sub(r"\n{2,}(?=[ \t}])", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"
