"""Bodies of requests: counted before they are read, read away from the event loop.

A validator looks at each value and words an error for each that is wrong. Within a body's bytes there is room for a
million, so that what is sent is counted first, by searches that take milliseconds for the largest body.
"""

from __future__ import annotations

from typing import TypeVar

import pydantic
from fastapi import Request
from pydantic import TypeAdapter
from starlette.concurrency import run_in_threadpool

from hayate.serve.refused import Refused

T = TypeVar("T")

# A submission of 256 jobs, with every key there is, all techniques and a dozen bands each, has 15,000.
MAX_VALUES = 20_000
MAX_MEMBERS = 32  # keys of one object
MAX_DEPTH = 6  # list, job, plan, bands: 4

_OPENING, _CLOSING = frozenset(b"[{"), frozenset(b"]}")
_NO_STRUCTURE = bytes(set(range(256)) - set(b"[]{},"))


def check(body: bytes) -> None:
    """Raises Refused if it has too many values, keys or levels. What is no JSON may pass."""
    # Without escaped backslashes and then escaped quotes, every quote left begins or ends a string.
    quotes = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    if quotes.count(b'"') > 4 * MAX_VALUES:
        raise _too_many("values", MAX_VALUES)
    structure = b"".join(quotes.split(b'"')[::2]).translate(None, _NO_STRUCTURE)
    if len(structure) > 3 * MAX_VALUES or structure.count(b",") > MAX_VALUES:
        raise _too_many("values", MAX_VALUES)
    members: list[int] = []  # of each level that is open; -1 at a list's
    for sign in structure:
        if sign in _OPENING:
            members.append(1 if sign == ord("{") else -1)
            if len(members) > MAX_DEPTH:
                raise _too_many("levels", MAX_DEPTH)
        elif sign in _CLOSING:
            if members:
                members.pop()
        elif members and members[-1] > 0:
            members[-1] += 1
            if members[-1] > MAX_MEMBERS:
                raise _too_many("keys in one object", MAX_MEMBERS)


def parse(kind: TypeAdapter[T], body: bytes) -> T:
    """Raises Refused: where and what, without what was sent."""
    check(body)
    try:
        return kind.validate_json(body)
    except pydantic.ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
    first = found[0]
    if first["type"] == "json_invalid":
        raise Refused(400, "no_json", str(first["msg"]), "send JSON")
    raise invalid(("body", *first["loc"]), str(first["msg"]), len(found) - 1)


async def read(request: Request, kind: TypeAdapter[T]) -> T:
    """Raises Refused."""
    return await run_in_threadpool(parse, kind, await request.body())


def invalid(where: tuple[object, ...], what: str, others: int) -> Refused:
    more = f" (and {others} more)" if others else ""
    return Refused(
        422, "invalid", f"{'.'.join(map(str, where))[:200]}: {what[:500]}{more}", "see /openapi.json"
    )


def _too_many(what: str, limit: int) -> Refused:
    return Refused(413, "too_many_values", f"the body has more than {limit} {what}", "send fewer at a time")
