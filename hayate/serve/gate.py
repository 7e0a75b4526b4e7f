"""What every request passes before it reaches a route: who it is, how often, how much it sends.

A plain ASGI application around the other, since the body must be counted while it comes in.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hayate.farm.settings import is_loopback
from hayate.serve.limits import Rates, ServeSettings, whole_seconds
from hayate.serve.metrics import Metrics
from hayate.serve.refused import Refused
from hayate.serve.tokens import Tokens

OPEN = ("/healthz", "/readyz", "/openapi.json")  # for probes, which carry no token
_ONCE = ("authorization", "host", "content-length", "content-type", "content-encoding", "transfer-encoding")
TOKEN_KEY = "hayate_token"  # in the scope: the token's name


class Gate:
    """Answers 401, 403, 408, 413, 415 and 429 itself. Counts all requests."""

    def __init__(self, app: ASGIApp, *, tokens: Tokens, settings: ServeSettings, metrics: Metrics) -> None:
        self.app, self.tokens, self.settings, self.metrics = app, tokens, settings, metrics
        self._rates = Rates(settings.rate, settings.rate_alone)
        self._open: Counter[str] = Counter()  # requests under way, by token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            headers = _headers(scope)
            scope[TOKEN_KEY] = name = self._admit(scope, headers)
            with self._one_more(scope["path"], name):
                body = await self._body(scope, headers, receive)
                await self.app(scope, _replay(body, receive), counted)
        except Refused as refused:
            self.metrics.refused.labels(refused.kind).inc()
            await refused.response()(scope, receive, counted)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            self.metrics.requests.labels(_method(scope["method"]), route, str(status)).inc()

    def _admit(self, scope: Scope, headers: dict[str, str]) -> str:
        """The token's name. Raises Refused."""
        if scope["path"] in OPEN:
            return ""
        if not self.tokens and not _is_this(headers.get("host", ""), scope):
            # Without tokens, a page in somebody's browser must not get here under a name of its own.
            raise Refused(
                403,
                "foreign_host",
                "the Host is not this server",
                "use 127.0.0.1 or localhost, and the server's port",
            )
        name = self.tokens.name(headers.get("authorization"))
        if name is None:
            raise Refused(
                401,
                "unauthorized",
                "no token, or one that is not known here",
                "send Authorization: Bearer TOKEN",
                headers={"WWW-Authenticate": "Bearer"},
            )
        wait_s = self._rates.take(name)
        if wait_s:
            raise Refused(
                429,
                "too_many_requests",
                f"more than {self.settings.rate:g} requests per second, and than its share of what few may send",
                "wait as long as Retry-After says",
                retry_after_s=whole_seconds(wait_s),
            )
        return name

    @contextmanager
    def _one_more(self, path: str, name: str) -> Iterator[None]:
        """One open request more of this token. Raises Refused."""
        if path not in OPEN and self._open[name] >= self.settings.open_requests:
            raise Refused(
                429,
                "too_many_open",
                f"{self._open[name]} requests of this token are open",
                "wait for some, or name more keys in one",
                retry_after_s=1,
            )
        self._open[name] += 1
        try:
            yield
        finally:
            self._open[name] -= 1

    async def _body(self, scope: Scope, headers: dict[str, str], receive: Receive) -> bytes:
        """All of it. Raises Refused as soon as it is too long, or not there in time."""
        limit = self.settings.body_bytes
        declared = headers.get("content-length", "0")
        if declared.isdigit() and int(declared[:20]) > limit:
            raise _too_large(limit)
        body = bytearray()
        try:
            async with asyncio.timeout(self.settings.body_s):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        return bytes(body)  # the client has gone; whoever reads on will see it
                    body += message.get("body", b"")
                    if len(body) > limit:
                        raise _too_large(limit)
                    if not message.get("more_body", False):
                        break
        except TimeoutError:
            raise Refused(
                408, "too_slow", f"the body did not come within {self.settings.body_s:g} s", "send it faster"
            ) from None
        if headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise Refused(415, "encoded", "the body is compressed", "send it as it is")
        if body and headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            raise Refused(
                415, "no_json", "the body is not declared to be JSON", "Content-Type: application/json"
            )
        return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replayed() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed


def _too_large(limit: int) -> Refused:
    return Refused(
        413,
        "too_large",
        f"the body has more than {limit} bytes",
        "send fewer jobs at a time",
        headers={"Connection": "close"},  # the rest is not read
    )


def _headers(scope: Scope) -> dict[str, str]:
    """By name. Raises Refused where two readers of one head may take it for different requests."""
    if scope["http_version"] not in ("1.0", "1.1"):
        raise Refused(
            400, "no_http", "neither HTTP/1.0 nor 1.1", "send HTTP/1.1", headers={"Connection": "close"}
        )
    found: dict[str, str] = {}
    for raw, value in scope["headers"]:
        name = raw.decode("latin-1")
        if name in found and name in _ONCE:
            raise _ambiguous(f"{name} is there twice")
        found[name] = value.decode("latin-1")
    if "transfer-encoding" in found and "content-length" in found:
        raise _ambiguous("Content-Length beside Transfer-Encoding")
    return found


def _ambiguous(what: str) -> Refused:
    return Refused(400, "ambiguous_head", what, "send one", headers={"Connection": "close"})


def _is_this(host: str, scope: Scope) -> bool:
    """A name of this machine with this server's port: another port is another server, perhaps a page's."""
    name, _, port = host.rpartition(":") if ":" in host and not host.endswith("]") else (host, "", "")
    served = (scope.get("server") or ("", None))[1]
    usual = "443" if scope.get("scheme") == "https" else "80"
    return is_loopback(name.strip("[]").lower()) and (port or usual) == str(served)


def _method(method: str) -> str:
    """Clients choose it, and each one would be another time series."""
    return method if method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS") else "other"
