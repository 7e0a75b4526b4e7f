"""Arguments of a task, from what was measured and what it is used for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from hayate.new.measured import Measured
from hayate.new.observing import Seen
from hayate.new.valued import Valued, array_values, scalar_values
from hayate.records import Argument, DType, SizeRange, StructField, Values


def argument_of(
    seen: Seen,
    measured: Measured,
    name: str,
    computed: Mapping[str, str],
    domain: Mapping[str, SizeRange],
    given: Mapping[str, Values],
) -> Argument:
    kind = seen.flow.arguments[name]
    if name in measured.shapes:
        dtype = cast(DType, kind.members[0].dtype if kind.members else kind.dtype)
        shape = measured.shapes[name]
        what = measured.kinds[name]
        valued = Valued(given[name], "given", "certain") if name in given else None
        if valued is None and what != "output":
            valued = array_values(seen, name, dtype, measured.shapes, what)
        if valued is not None:
            option = f"--values '{name}=...'"
            text = valued.values.kind if valued.values else "real"
            measured.guess(name, "values", text, valued.why, valued.confidence, option)
        return Argument(
            name=name,
            kind=what,
            dtype=dtype,
            shape=shape.dims,
            extent=shape.extent,
            values=valued.values if valued is not None else None,
        )
    if kind.members:
        return _struct(seen, measured, name, domain)
    dtype = cast(DType, kind.dtype)
    if name in computed:
        return Argument(name=name, kind="size", dtype=dtype, value=computed[name])
    if name in domain and name not in given:
        return Argument(name=name, kind="size", dtype=dtype)
    uses = [u for u in seen.uses if u.argument == name]
    valued = (
        Valued(given[name], "given", "certain")
        if name in given
        else scalar_values(dtype, uses, kind.enumerators)
    )
    measured.guess(name, "values", valued.values.kind if valued.values else "", valued.why, valued.confidence)
    return Argument(name=name, kind="scalar", dtype=dtype, values=valued.values)


def _struct(seen: Seen, measured: Measured, name: str, domain: Mapping[str, SizeRange]) -> Argument:
    kind = seen.flow.arguments[name]
    by_member = {i.member: n for n, i in seen.sizes.integers.items() if i.argument == name}
    fields = []
    for member in kind.members:
        size = by_member.get(member.name, "")
        if size in domain:
            fields.append(StructField(name=member.name, dtype=cast(DType, member.dtype), value=size))
            continue
        uses = [u for u in seen.uses if u.argument == f"{name}.{member.name}"]
        valued = scalar_values(member.dtype, uses)
        fields.append(StructField(name=member.name, dtype=cast(DType, member.dtype), values=valued.values))
    measured.guess(name, "values", "a struct", f"of {len(fields)} numbers", "certain")
    dtype = cast(DType, kind.members[0].dtype)
    return Argument(
        name=name,
        kind="scalar",
        dtype=dtype,
        fields=tuple(fields),
        type=kind.spelled,
        by_pointer=kind.pointer,
    )
