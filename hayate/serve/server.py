"""The process: bind, serve, drain on SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import uvicorn

from hayate.errors import WrongUse
from hayate.farm.settings import is_loopback
from hayate.serve.app import create_app
from hayate.serve.connections import Connection, Crowd, raise_descriptors
from hayate.serve.quiet import quieten
from hayate.serve.service import Service
from hayate.serve.tokens import Tokens
from hayate.serve.waiting import Waiting

_LAST_ANSWERS_S = 5.0  # for what is still being sent when all else has ended
_LOOK_S = 0.1
_BACKLOG = 1024
_SWITCH_S = (
    0.0005  # the event loop waits so long for a thread that computes, each time that it has sent or received
)


def serve(
    service: Service,
    tokens: Tokens,
    *,
    bind: str,
    certificate: Path | None = None,
    key: Path | None = None,
    say: Callable[[str], None],
) -> None:
    """Serve until SIGTERM or SIGINT, then drain. A second signal ends it at once.

    Raises WrongUse where the address or the files of TLS can't be right. Whether the address may be served
    without tokens is `check_exposure`'s matter.
    """
    host, port = parse_bind(bind)
    _check_tls(certificate, key)
    quieten()
    sys.setswitchinterval(_SWITCH_S)
    crowd = Crowd(service.settings, service.metrics, raise_descriptors())
    app = create_app(service, tokens)
    with _bound(host, port) as listening:
        config = uvicorn.Config(
            app,
            http=partial(Connection, crowd=crowd),  # type: ignore[arg-type]
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            ssl_certfile=certificate,
            ssl_keyfile=key,
            timeout_graceful_shutdown=int(_LAST_ANSWERS_S),
            h11_max_incomplete_event_size=64 * 1024,  # a line of the head; a stream names its keys there
        )
        port = listening.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        service.start()
        try:
            say(f"serving at {'https' if certificate else 'http'}://{shown}:{port}")
            asyncio.run(_until_drained(uvicorn.Server(config), service, app.state.waiting, listening, say))
        finally:
            service.stop()
    say("ended; what waits is kept")


def _check_tls(certificate: Path | None, key: Path | None) -> None:
    """Raises WrongUse unless they are a certificate and its key (which may be in the same file), or neither."""
    if certificate is None and key is None:
        return
    if certificate is None:
        raise WrongUse("a key without its certificate", where="--tls-key", allowed="--tls-cert as well")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except OSError as error:  # SSLError is one
        where = ", ".join(str(file) for file in (certificate, key) if file is not None)
        raise WrongUse(
            f"TLS can't use these: {error}", where=where, allowed="PEM files, a certificate chain and its key"
        ) from error


def parse_bind(bind: str) -> tuple[str, int]:
    """HOST:PORT, an IPv6 address in brackets. Raises WrongUse."""
    host, colon, port = bind.rpartition(":")
    allowed = "HOST:PORT, e.g. 127.0.0.1:8177 or [::1]:8177"
    if not colon or not host or not port.isdigit() or int(port) > 65535:
        raise WrongUse(f"{bind!r} is no address", where="--bind", allowed=allowed)
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise WrongUse(f"{bind!r} is no address", where="--bind", allowed=allowed)
    return host, int(port)


def check_exposure(host: str, tokens: Tokens, *, tls: bool, say: Callable[[str], None]) -> None:
    """Raises WrongUse if others could reach a server without tokens; says where they would travel in the clear."""
    if is_loopback(host):
        if not tokens:
            say("no tokens: every process on this machine may submit")
        return
    if not tokens:
        raise WrongUse(
            f"{host} can be reached from other machines, and there are no tokens",
            where="--bind",
            allowed="127.0.0.1, or --tokens FILE",
        )
    if not tls:
        say(f"no TLS on {host}: tokens and sources travel in the clear (--tls-cert, or a proxy that has TLS)")


@contextlib.contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    """A socket on that address. Raises WrongUse."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # With its protocol by name: else asyncio leaves out TCP_NODELAY, and an answer waits 40 ms for the one before.
        bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError as error:
        raise WrongUse(f"{host} is no address here: {error.strerror}", where="--bind") from error
    with bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind(address)
            bound.listen(_BACKLOG)  # from now on clients wait where they would be refused
        except OSError as error:
            raise WrongUse(f"can't be bound: {error.strerror}", where=f"--bind {host}:{port}") from error
        yield bound


async def _until_drained(
    server: uvicorn.Server,
    service: Service,
    waiting: Waiting,
    listening: socket.socket,
    say: Callable[[str], None],
) -> None:
    asked = asyncio.Event()
    at_once = asyncio.Event()

    def on_signal() -> None:
        (at_once if asked.is_set() else asked).set()

    loop = asyncio.get_running_loop()
    if server.config.is_ssl:  # until it has shaken hands a connection is not in the crowd
        limit_s = service.settings.head_s
        loop.create_server = partial(loop.create_server, ssl_handshake_timeout=limit_s)  # type: ignore[method-assign]
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)

    async def drain() -> None:
        await asked.wait()
        service.drain()
        limit_s = service.settings.drain_s
        say(f"draining: {service.busy} jobs run, up to {limit_s:g} s; once more ends them")
        deadline = loop.time() + limit_s
        while service.busy and loop.time() < deadline and not at_once.is_set():
            await asyncio.sleep(_LOOK_S)
        waiting.end()
        server.should_exit = True

    # uvicorn would end on the first signal, and ask for its own handlers.
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    draining = asyncio.ensure_future(drain())
    try:
        await server.serve(sockets=[listening])
    finally:
        draining.cancel()
