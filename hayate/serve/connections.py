"""Connections: how long a request's head may take, and how many there may be.

Whoever opens connections needs no token. A head that does not come within its time is answered 408; when there are
too many connections, of one peer or in all, the oldest that has nothing under way makes room for the newest, so that
whoever asks something is answered beside those who only hold places.
"""

from __future__ import annotations

import asyncio
import resource
import sys
from collections import Counter
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from hayate.serve.limits import ServeSettings
from hayate.serve.metrics import Metrics
from hayate.serve.refused import Refused

_FLUSH_S = 2.0  # for a last answer, to a peer that may not read it
_WANTED_DESCRIPTORS = 65536
_OTHER_DESCRIPTORS = 256  # of the process: database, pipes to sandboxes


def raise_descriptors() -> int:
    """The soft limit up to the hard one. How many descriptors this process may have now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _WANTED_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return _WANTED_DESCRIPTORS if soft == resource.RLIM_INFINITY else soft


class Gathered:
    """A transport that sends what is written in one go of the event loop at once.

    A head and its body would be two packets; and each time that the loop sends, other threads get the interpreter
    before it goes on.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not data:
            return
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def _flush(self) -> None:
        data = b"".join(self._parts)
        self._parts.clear()
        if data and not self._transport.is_closing():
            self._transport.write(data)


class Crowd:
    """All connections of a server. Used by the event loop's thread alone."""

    def __init__(self, settings: ServeSettings, metrics: Metrics, descriptors: int) -> None:
        """`descriptors`: how many the process may have; connections take no more than it can spare."""
        self.settings, self.metrics = settings, metrics
        spare = max(descriptors // 2, descriptors - _OTHER_DESCRIPTORS)
        self._most = min(settings.connections, spare)
        self._all: dict[Connection, str] = {}  # in the order of their coming, with the peer
        self._of_peer: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._all)

    def come(self, new: Connection) -> None:
        """May hang up on it, or on another."""
        peer = new.client[0] if new.client else ""
        self._all[new] = peer
        self._of_peer[peer] += 1
        if self._of_peer[peer] > self.settings.connections_per_peer:
            self._make_room(new, peer)
        elif len(self._all) > self._most:
            self._make_room(new, None)

    def go(self, gone: Connection) -> None:
        peer = self._all.pop(gone, None)
        if peer is not None:
            self._of_peer[peer] -= 1
            if not self._of_peer[peer]:
                del self._of_peer[peer]

    def _make_room(self, new: Connection, peer: str | None) -> None:
        """Of `peer`, or of all."""
        idle = [
            one for one, of in self._all.items() if peer in (None, of) and not one.busy and one is not new
        ]
        # Who never asked anything goes before who may ask again.
        oldest = next((one for one in idle if one.cycle is None), idle[0] if idle else new)
        self.metrics.refused.labels("too_many_connections").inc()
        oldest.hang_up()
        self.go(oldest)  # now, and not only when the loop has told: many may come in one go


class Connection(H11Protocol):
    """One of a crowd. uvicorn's, with deadlines, and with refusals in the one form of all others."""

    def __init__(self, *arguments: Any, crowd: Crowd, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._crowd = crowd
        self._head_due: asyncio.TimerHandle | None = None

    @property
    def busy(self) -> bool:
        """A request is being carried out."""
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.transport = Gathered(transport, self.loop)  # type: ignore[assignment]
        self._expect_head()
        self._crowd.come(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        self._crowd.go(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self.busy:
            self._head_came()
        elif self._head_due is None and not self.transport.is_closing():
            self._expect_head()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.busy:  # the next one had come already
            self._head_came()

    def send_400_response(self, msg: str) -> None:
        """Called by uvicorn where h11 has found no HTTP, with h11's error at hand."""
        status = getattr(sys.exc_info()[1], "error_status_hint", 400)
        self._refuse(Refused(status, "no_http", msg, "send HTTP/1.1, with a head of 64 KiB at most"))

    def hang_up(self) -> None:
        """Without a word, and without waiting for what the peer has not read."""
        self._head_came()
        self.transport.abort()

    def _expect_head(self) -> None:
        self._head_due = self.loop.call_later(self._crowd.settings.head_s, self._too_slow)

    def _head_came(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None

    def _too_slow(self) -> None:
        self._head_due = None
        if self.busy or self.transport.is_closing():
            return
        limit = self._crowd.settings.head_s
        self._refuse(Refused(408, "too_slow", f"no request came within {limit:g} s", "send it faster"))

    def _refuse(self, refused: Refused) -> None:
        """Answer and close. No answer in the midst of another."""
        self._head_came()
        self._crowd.metrics.refused.labels(refused.kind).inc()
        response = refused.response()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            if self.busy:  # it waits for the rest of a body, which does not come
                self.cycle.disconnected = True
                self.cycle.message_event.set()
            head = h11.Response(
                status_code=response.status_code, headers=[*response.raw_headers, (b"connection", b"close")]
            )
            for event in (head, h11.Data(data=bytes(response.body)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
        self.loop.call_later(_FLUSH_S, self.transport.abort)
