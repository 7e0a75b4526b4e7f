"""One request to `hayate serve`: tried again while the server is away or asks to wait."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import time
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from hayate.errors import Fault, FaultKind, WrongUse
from hayate.farm.settings import is_loopback
from hayate.farm.status import Farms

try:
    import httpx
except ModuleNotFoundError as error:
    raise Fault(FaultKind.DEPENDENCY_MISSING, "no httpx", remedy="pip install 'hayate[client]'") from error

log = logging.getLogger("hayate.farm.http")

_CONNECT_S = 10.0
_ANSWER_S = 30.0
_STATUS_S = 10.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 10.0
_TRY_LATER = (408, 425, 429, 500, 502, 503, 504)  # some are a proxy's


class Refusal(Exception):
    """The server's no, other than 'later'."""

    def __init__(self, status: int, kind: str, message: str, remedy: str) -> None:
        super().__init__(status, kind, message)
        self.status, self.kind, self.message, self.remedy = status, kind, message, remedy


class Caller:
    """Of one server. `async with` opens its connections."""

    def __init__(self, url: str, token_env: str, patience_s: float) -> None:
        """Raises WrongUse if the URL is none."""
        self.url, self._token_env, self._patience_s = url, token_env, patience_s
        self._answer_s = min(_ANSWER_S, max(1.0, patience_s))
        self._heard = time.monotonic()
        try:
            httpx.URL(url)
        except httpx.InvalidURL as error:
            raise WrongUse(f"{url!r} is no URL: {error}", where="farm.http.url") from error

    def heard(self) -> None:
        """A job was over: a server that asks to wait is at work."""
        self._heard = time.monotonic()

    async def __aenter__(self) -> Self:
        self._client = httpx.AsyncClient(
            base_url=self.url,
            headers=_head(self._token_env),
            timeout=httpx.Timeout(self._answer_s, connect=min(_CONNECT_S, self._answer_s)),
            trust_env=not is_loopback(urlsplit(self.url).hostname or ""),  # no proxy leads to this machine
        )
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        patience_s: float | None = None,
        more_s: float = 0.0,
    ) -> Any:
        """The answer's JSON, which may take `more_s` longer than others. Raises Fault(NODE_LOST), Refusal."""
        patience_s = self._patience_s if patience_s is None else patience_s
        began, pause_s = time.monotonic(), _FIRST_PAUSE_S
        content = None if body is None else json.dumps(body).encode()
        headers = {} if content is None else {"Content-Type": "application/json"}
        timeout = httpx.Timeout(self._answer_s, read=self._answer_s + more_s)
        while True:
            at_least_s = 0.0
            try:
                response = await self._client.request(
                    method, path, content=content, headers=headers, timeout=timeout
                )
                if response.status_code not in _TRY_LATER:
                    return _answer(response)
                trouble = _refusal(response).message
                at_least_s = _retry_after_s(response)
                if response.status_code == 429:  # no trouble as long as jobs end
                    began = max(began, self._heard)
            except httpx.TransportError as error:
                trouble = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            wait_s = max(at_least_s, pause_s * random.uniform(0.5, 1))
            left_s = began + patience_s - time.monotonic()
            if left_s <= 0:
                raise Fault(
                    FaultKind.NODE_LOST,
                    f"{self.url} did not take {method} {path} for {patience_s:g} s: {trouble}",
                    remedy="start `hayate serve` there, or look at its log; then go on with --resume",
                )
            log.info("%s: %s; again in %.1f s", self.url, trouble, wait_s)
            await asyncio.sleep(min(wait_s, left_s))
            pause_s = min(_LONGEST_PAUSE_S, 2 * pause_s)


def server_status(url: str, token_env: str) -> Farms:
    """What the server does now. Raises Fault(NODE_LOST) if it does not answer, WrongUse if it won't."""
    url = url.rstrip("/")
    try:
        with httpx.Client(
            trust_env=not is_loopback(urlsplit(url).hostname or ""), timeout=_STATUS_S
        ) as client:
            response = client.get(f"{url}/v1/farm", headers=_head(token_env))
        if response.status_code in (401, 403):
            raise WrongUse("the server does not know the token", where=url, allowed=f"one in ${token_env}")
        return Farms.model_validate(response.raise_for_status().json())
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise Fault(
            FaultKind.NODE_LOST, f"{url} does not answer: {error}", remedy="is hayate serve up there?"
        ) from error


def _head(token_env: str) -> dict[str, str]:
    token = os.environ.get(token_env, "").strip()
    return {"Authorization": f"Bearer {token}"} if token else {}


def _answer(response: httpx.Response) -> Any:
    if response.status_code != 200:
        raise _refusal(response)
    return response.json()


def _refusal(response: httpx.Response) -> Refusal:
    status = response.status_code
    try:
        error = response.json()["error"]
        return Refusal(status, str(error["kind"]), str(error["message"]), str(error["remedy"]))
    except (KeyError, TypeError, ValueError):
        return Refusal(
            status, "http", f"HTTP {status} {response.reason_phrase}", "the address of a hayate server"
        )


def _retry_after_s(response: httpx.Response) -> float:
    """0 if it isn't said in seconds."""
    said = response.headers.get("Retry-After", "")
    return float(said) if said.isdigit() and len(said) < 6 else 0.0
