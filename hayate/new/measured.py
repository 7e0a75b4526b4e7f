"""Shapes and kinds of all arrays, from the observed runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hayate.new.draft import Confidence, Guess
from hayate.new.fitting import Fitter, least_one
from hayate.new.observing import Seen, kind_of
from hayate.new.polynomials import Polynomial
from hayate.new.shapes import Shape, Shaper, chains
from hayate.new.strides import declared_lengths, declared_outer, strides_of
from hayate.tasks.expressions import evaluate_expression

_RELATED_MOST = 6  # names among which a relation is looked for


@dataclass
class Measured:
    """Of each array."""

    shapes: dict[str, Shape] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    guesses: list[Guess] = field(default_factory=list)
    requires: list[str] = field(default_factory=list)

    def guess(
        self, about: str, what: str, value: str, why: str, confidence: Confidence = "likely", option: str = ""
    ) -> None:
        self.guesses.append(
            Guess(about=about, what=what, value=value, why=why, confidence=confidence, option=option)
        )


def measure(seen: Seen, given: Mapping[str, tuple[str, ...]]) -> Measured:
    """`given` are shapes that a person gave."""
    found = Measured()
    sizes, flow = seen.sizes, seen.flow
    names = [
        *sizes.sizes,
        *sizes.unused,
        *(n for n in dict.fromkeys(seen.nonzeros.values()) if n not in sizes.unused),
    ]
    extras = dict.fromkeys(str(b) for b in sizes.bounds if len(b.terms) > 1 or len(b.names) > 1)
    fitter = Fitter(seen.shapes, names, list(extras)[:24])
    shaper = Shaper(seen.shapes, fitter, sizes.strides)
    declared, strides = declared_lengths(flow), strides_of(flow, sizes)
    for name in seen.probe.arrays:
        kind = flow.arguments[name]
        shape: Shape | None
        if name in given:
            shape = Shape(given[name], (), True)
            found.guess(name, "shape", ", ".join(given[name]), "given", "certain")
        else:
            inner = _chains(seen, name, declared.get(name, []), strides.get(name, set()))
            shape = _shape(seen, name, shaper, inner, found, names, extras)
            if kind.members and shape is not None:
                count = (str(len(kind.members)),)
                shape = Shape(
                    shape.dims + count if kind.members[0].dtype and len(kind.members) > 1 else shape.dims,
                    shape.extent + count if shape.extent and len(kind.members) > 1 else shape.extent,
                    shape.exact,
                )
        if shape is not None:
            found.shapes[name] = shape
    _columns(seen, found)
    _unify(seen, found)
    _indexed(seen, found, names, given)
    for name, shape in found.shapes.items():
        _kind(seen, found, name, shape)
        for dim in shape.used:
            condition = least_one(dim)
            if condition and condition not in found.requires:
                found.requires.append(condition)
        if shape.relation is not None:
            condition = f"{shape.relation[0]} <= {shape.relation[1]}"
            if condition not in found.requires:
                found.requires.append(condition)
    return found


def _chains(
    seen: Seen, name: str, declared: list[Polynomial], strides: set[Polynomial]
) -> list[list[Polynomial]]:
    inner = seen.flow.arguments[name].inner
    if inner:
        lengths = [
            Polynomial.number(n) if n is not None else seen.sizes.renamed(declared[at])
            for at, n in enumerate(inner)
            if n is not None or at < len(declared)
        ]
        if len(lengths) == len(inner) and all(p.known for p in lengths):
            products = [Polynomial.number(1)]
            for length in reversed(lengths):
                products.append(products[-1] * length)
            return [products[:0:-1]]
    return chains(strides, seen.shapes[0])


def _shape(
    seen: Seen,
    name: str,
    shaper: Shaper,
    inner: list[list[Polynomial]],
    found: Measured,
    names: list[str],
    extras: Mapping[str, object],
) -> Shape | None:
    option = f"--shape '{name}=...'"
    if name in seen.untouched:
        found.guess(name, "shape", "1", "it was never touched", "unsure", option)
        return Shape(("1",), (), False)
    traces = seen.of(name)
    last = max(traces, key=lambda t: t.high)
    where = seen.line(last.high_pc)
    for offsets, role in seen.roles.items():
        if role.kind == "offsets" and name in role.targets:
            found.guess(
                name, "shape", seen.nonzeros[offsets], f"{offsets} says where its rows begin ({where})"
            )
            return Shape((seen.nonzeros[offsets],), (), True)
    shape = shaper.shape(traces, inner)
    outer = declared_outer(seen.flow).get(name)
    if outer is not None and (shape is None or not shape.exact) and len(seen.flow.arguments[name].inner) == 0:
        found.guess(name, "shape", str(outer), "declared so")
        return Shape((str(outer),), (), True)
    if shape is None or (not shape.exact and not shape.dims[0].isidentifier()):
        shape = _related(seen, name, inner, names, list(extras)) or shape
    if shape is None:
        longest = max(t.length for t in traces)
        found.guess(name, "shape", str(longest), "no expression fits what was touched", "unsure", option)
        return Shape((str(longest),), (), False)
    text = ", ".join(shape.dims)
    if shape.exact:
        found.guess(name, "shape", text, f"{where or 'the function'} reaches that far", "likely", option)
    else:
        found.guess(name, "shape", text, f"{where or 'the function'} reaches no further", "unsure", option)
    return shape


def _related(
    seen: Seen, name: str, inner: list[list[Polynomial]], names: list[str], extras: list[str]
) -> Shape | None:
    """A shape that fits where one size is no larger than another."""
    for small in names[:_RELATED_MOST]:
        for large in names[:_RELATED_MOST]:
            if small == large:
                continue
            chosen = [i for i, s in enumerate(seen.shapes) if s[small] <= s[large]]
            if not 8 <= len(chosen) < len(seen.shapes):
                continue
            shapes = [seen.shapes[i] for i in chosen]
            shaper = Shaper(shapes, Fitter(shapes, names, extras[:24]), seen.sizes.strides)
            shape = shaper.shape([seen.of(name)[i] for i in chosen], inner)
            if shape is not None and shape.exact:
                return Shape(shape.dims, shape.extent, True, (small, large))
    return None


def _columns(seen: Seen, found: Measured) -> None:
    """What an index runs along is a size, though it bounds no loop: `table[i * width + index[i]]`."""
    for role in seen.roles.values():
        for target in role.targets if role.kind == "index" else ():
            shape = found.shapes.get(target)
            if shape is None or role.width[target] != 1 or not shape.extent or shape.extent[-1] != "1":
                continue
            name = shape.dims[-1]
            if name in seen.sizes.subscripts:
                seen.sizes.loops[name] = seen.sizes.subscripts[name]
            found.shapes[target] = Shape(shape.dims, (), shape.exact, shape.relation)


def _unify(seen: Seen, found: Measured) -> None:
    """Two-dimensional arrays of which one is touched up to the last row but one have the rows of the others."""
    rows = [s.dims[0] for s in found.shapes.values() if len(s.dims) > 1]
    for name, shape in found.shapes.items():
        head = shape.dims[0].partition(" - ")
        if len(shape.dims) > 1 and head[1] and head[2] in ("1", "2") and head[0] in rows:
            extent = (head[0], *shape.extent[1:]) if shape.extent else ()
            found.shapes[name] = Shape((head[0], *shape.dims[1:]), extent, shape.exact, shape.relation)


def _indexed(seen: Seen, found: Measured, names: list[str], given: Mapping[str, object]) -> None:
    """Arrays that are reached through indices alone: how many rows they have, the runs can't show."""
    free = [n for n in seen.sizes.unused if n not in seen.nonzeros.values()]
    for index, role in seen.roles.items():
        if role.kind != "index":
            continue
        for target in (t for t in role.targets if t not in given):
            shape = found.shapes.get(target)
            if shape is not None and len(shape.dims) > 1 and role.width[target] == 1:
                continue
            if shape is None or (
                shape.dims[0] != "1" and not (len(shape.dims) == 1 and shape.dims[0].isdigit())
            ):
                continue
            confidence: Confidence = "likely"
            dtype = seen.flow.arguments[index].dtype
            if dtype == "uint8":
                rows, why = "256", f"{index} holds bytes"
            elif role.scatters and role.of == "" and _whole(seen, index, target):
                rows, why = found.shapes[index].dims[0], f"each element is written once through {index}"
            elif free:
                rows, why = free[0], f"{free[0]} is used for nothing else, and {index} subscripts it"
            elif role.width[target] > 1 and dtype == "int8":
                rows, why = str(role.width[target]), f"{index} subscripts rows of as many"
            else:
                rows = _square_rows(seen, found, index, names)
                why, confidence = f"{index} subscripts it; nothing says how long it is", "unsure"
            dims = (rows, *shape.dims[1:])
            extent = (rows, *shape.extent[1:]) if shape.extent else ()
            found.shapes[target] = Shape(dims, extent, confidence != "unsure")
            found.guesses = [g for g in found.guesses if not (g.about == target and g.what == "shape")]
            found.guess(target, "shape", ", ".join(dims), why, confidence, f"--shape '{target}=...'")


def _whole(seen: Seen, index: str, target: str) -> bool:
    """Whether increasing numbers in the index make each element of the target be written."""
    return bool(seen.scattered) and all(
        t.arrays[target].length == t.arrays[index].length and (t.arrays[target].states != 0).all()
        for t in seen.scattered
    )


def _square_rows(seen: Seen, found: Measured, index: str, names: list[str]) -> str:
    offsets = seen.roles[index].of
    if offsets and offsets in found.shapes:
        return found.shapes[offsets].dims[0].removesuffix(" + 1")
    dims = found.shapes[index].dims if index in found.shapes else ()
    return dims[0] if dims else (names[0] if names else "1")


def _kind(seen: Seen, found: Measured, name: str, shape: Shape) -> None:
    whole = []
    count = len(seen.flow.arguments[name].members)
    dims = shape.used[:-1] if count > 1 else shape.used
    for sizes in seen.shapes:
        total = 1
        for dim in dims:
            total *= int(evaluate_expression(dim, sizes))
        whole.append(total)
    led = any(r.kind == "index" and name in r.targets for r in seen.roles.values())
    kind, why = kind_of(seen, name, whole=None if led and _scattered_whole(seen, name) else whole)
    found.kinds[name] = kind
    found.guess(name, "kind", kind, why, "certain" if kind == "input" else "likely")


def _scattered_whole(seen: Seen, name: str) -> bool:
    return any(r.scatters and _whole(seen, i, name) for i, r in seen.roles.items() if name in r.targets)
