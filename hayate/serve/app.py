"""The routes. What they mean is in models.py, what they do in service.py."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Annotated, Any, TypeVar

from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.security import HTTPBearer
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import Route

from hayate import __version__
from hayate.archive import DatabaseFault, Job
from hayate.errors import Fault
from hayate.farm import Farms
from hayate.judge.results import Measurement
from hayate.records import decode
from hayate.serve.body import invalid, parse, read
from hayate.serve.gate import TOKEN_KEY, Gate
from hayate.serve.metrics import Metrics
from hayate.serve.models import (
    MAX_JOBS,
    MAX_STREAM_S,
    MAX_WAIT_S,
    BuildJob,
    DroppedReply,
    ErrorBody,
    ErrorReply,
    HealthReply,
    HostReply,
    JobReply,
    Key,
    KeysRequest,
    MeasureJob,
    ResultsReply,
    ResultsRequest,
    Submission,
    VerdictJob,
)
from hayate.serve.refused import Refused
from hayate.serve.requests import BuildResult
from hayate.serve.service import DATABASE_TROUBLE, Service
from hayate.serve.tokens import Tokens
from hayate.serve.waiting import Waiting

T = TypeVar("T")

log = logging.getLogger("hayate.serve")

_REFERENCE = "#/components/schemas/{model}"
_ALIVE_S = 15.0  # an empty line in a stream, so that proxies keep it open
_MEANINGS = {
    400: "Not JSON, or a head that can be read in two ways.",
    401: "No token, or an unknown one.",
    403: "The token may not do this.",
    404: "No such job, task, band or build.",
    405: "Not with this method.",
    408: "The body, or the request's head, came too slowly.",
    409: "It does not fit what is here: another version of the task, a build that is not finished.",
    413: "Too large, or too many values in it.",
    415: "Not declared to be JSON.",
    422: "Not what the schema says.",
    429: "Too many requests, or too many jobs waiting. Retry-After says how long to wait.",
    500: "The server failed.",
    503: "The server ends, or its database does not answer. Retry-After says how long to wait.",
}
_EVERYWHERE = (400, 401, 403, 405, 422, 429, 500, 503)
_WITH_BODY = (408, 413, 415)


def _refusals(*more: int) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI."""
    return {
        status: {"model": ErrorReply, "description": _MEANINGS[status]}
        for status in sorted({*_EVERYWHERE, *more})
    }


def _token(request: Request) -> str:
    name: str = request.scope[TOKEN_KEY]
    return name


# The gate has checked it already; this one is for the schema.
_bearer = HTTPBearer(auto_error=False, description="A token of the server's file, as `Bearer TOKEN`.")
Token = Annotated[str, Depends(_token)]
Wait = Annotated[float, Query(ge=0, le=MAX_WAIT_S, allow_inf_nan=False)]
StreamWait = Annotated[float, Query(ge=0, le=MAX_STREAM_S, allow_inf_nan=False)]
_SUBMISSION: TypeAdapter[list[BuildJob | MeasureJob | VerdictJob]] = TypeAdapter(Submission)
_KEYS, _QUESTION = TypeAdapter(KeysRequest), TypeAdapter(ResultsRequest)
Keys = Annotated[list[Key], Query(min_length=1, max_length=MAX_JOBS)]


def create_app(service: Service, tokens: Tokens) -> FastAPI:
    """The application; its service is started and stopped by the caller."""
    waiting = Waiting(service.archive)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        waiting.loop = asyncio.get_running_loop()
        service.on_end = waiting.wake
        yield

    app = FastAPI(
        title="hayate",
        summary="A farm that builds and measures kernels, behind HTTP.",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,  # their pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.waiting = waiting
    app.add_middleware(Gate, tokens=tokens, settings=service.settings, metrics=service.metrics)
    _add_handlers(app, service.metrics)
    secured = [Depends(_bearer)]

    @app.post(
        "/v1/jobs",
        response_model=list[JobReply],
        responses=_refusals(404, 409, *_WITH_BODY),
        openapi_extra=_takes(_SUBMISSION),
        dependencies=secured,
    )
    async def submit(request: Request, token: Token) -> Response:
        """Submit jobs. What was submitted before is not run again: the job comes back as it stands."""
        body = await request.body()

        def in_a_thread() -> Response:
            jobs = parse(_SUBMISSION, body)
            found = service.submit(token, jobs)
            return _as_json(*(reply(service, job) for job in found), many=True)

        return await run_in_threadpool(in_a_thread)

    @app.get("/v1/jobs/{key}", response_model=JobReply, responses=_refusals(404), dependencies=secured)
    async def job(request: Request, key: Key, wait_s: Wait = 0.0) -> Response:
        """One job; with `wait_s` as soon as it is over, but not later."""
        async with contextlib.aclosing(waiting.over([key], wait_s, request)) as coming:
            async for seen in coming:
                if seen.over:
                    return _as_json(reply(service, seen.over[0]))
        return _as_json(reply(service, await run_in_threadpool(_found, service, key)))

    @app.delete("/v1/jobs/{key}", responses=_refusals(404, 409), dependencies=secured)
    async def drop(key: Key, token: Token) -> DroppedReply:
        """Take a job back; what runs is ended."""
        return DroppedReply(dropped=await run_in_threadpool(_drop, service, key, token))

    @app.post("/v1/drop", responses=_refusals(*_WITH_BODY), openapi_extra=_takes(_KEYS), dependencies=secured)
    async def drop_many(request: Request, token: Token) -> DroppedReply:
        """Take back those that wait or run and are this token's alone; others stay as they are."""
        wanted = await read(request, _KEYS)
        return DroppedReply(dropped=await run_in_threadpool(service.drop, wanted.keys, token))

    @app.post(
        "/v1/results",
        response_model=ResultsReply,
        responses=_refusals(*_WITH_BODY),
        openapi_extra=_takes(_QUESTION),
        dependencies=secured,
    )
    async def results(request: Request) -> Response:
        """Those that are over; with `wait_s` as soon as there is one."""
        wanted = await read(request, _QUESTION)
        async with contextlib.aclosing(waiting.over(wanted.keys, wanted.wait_s, request)) as coming:
            seen = await anext(coming)
        known = {*seen.waiting, *(job.key for job in seen.over)}
        return _as_json(
            ResultsReply(
                over=[reply(service, job) for job in seen.over],
                waiting=[key for key in dict.fromkeys(wanted.keys) if key in seen.waiting],
                unknown=sorted(set(wanted.keys) - known),
            )
        )

    @app.get(
        "/v1/results",
        responses={
            **_refusals(),
            200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}},
        },
        response_class=StreamingResponse,
        dependencies=secured,
    )
    async def stream(request: Request, keys: Keys, wait_s: StreamWait = MAX_WAIT_S) -> StreamingResponse:
        """One line for each job as it ends; empty lines in between mean nothing. Ends after `wait_s`."""

        async def lines() -> AsyncIterator[str]:
            async for seen in waiting.over(keys, wait_s, request, alive_s=_ALIVE_S):
                yield "".join(reply(service, job).model_dump_json() + "\n" for job in seen.over) or "\n"

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    @app.get("/v1/host", responses=_refusals(), dependencies=secured)
    async def host() -> HostReply:
        """The machine, its judge and its tasks."""
        return service.host()

    @app.get("/v1/farm", responses=_refusals(), dependencies=secured)
    async def farm() -> Farms:
        """What the farm does: slots, nodes, queue, throughput, faults. `hayate farm URL` shows it."""
        return await run_in_threadpool(service.status)

    @app.get(
        "/metrics",
        responses={**_refusals(), 200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
        response_class=Response,
        dependencies=secured,
    )
    async def metrics() -> Response:
        """For Prometheus."""
        counts = await run_in_threadpool(service.archive.count_jobs)
        text = service.metrics.text(counts, draining=service.draining)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    @app.get("/healthz")
    async def health() -> HealthReply:
        """The process answers."""
        return HealthReply(ok=True)

    @app.get("/readyz", responses={503: {"model": HealthReply, "description": "Send nothing here now."}})
    async def ready() -> Response:
        """Whether jobs may be sent here."""
        reasons = service.unready()
        body = HealthReply(ok=not reasons, reasons=reasons)
        return JSONResponse(body.model_dump(), status_code=503 if reasons else 200)

    app.openapi = partial(_openapi, app)  # type: ignore[method-assign]
    return app


def _takes(kind: TypeAdapter[Any]) -> dict[str, Any]:
    """For OpenAPI: bodies are read by body.py, which FastAPI does not see."""
    schema = kind.json_schema(ref_template=_REFERENCE)
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {k: v for k, v in schema.items() if k != "$defs"}}},
        }
    }


def _openapi(app: FastAPI) -> dict[str, Any]:
    """FastAPI's, with the types that bodies are made of."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        types = made["components"]["schemas"]
        for kind in (_SUBMISSION, _KEYS, _QUESTION):
            for name, schema in kind.json_schema(ref_template=_REFERENCE).get("$defs", {}).items():
                types.setdefault(name, schema)
        app.openapi_schema = made
    return app.openapi_schema


def _as_json(*replies: BaseModel, many: bool = False) -> Response:
    """What FastAPI would make of them, without validating what was made here."""
    text = ",".join(one.model_dump_json() for one in replies)
    return Response(f"[{text}]" if many else text, media_type="application/json")


def reply(service: Service, job: Job) -> JobReply:
    found: dict[str, Any] = {}
    if job.result is not None:
        if job.kind == "build":
            result = decode(BuildResult, job.result)
            found = {"built": result.built, "rejection": result.rejection}
        elif job.kind == "measure":
            found = {"measurement": decode(Measurement, job.result)}
        else:
            found = {"verdict": json.loads(job.result)}
    if job.fault is not None:
        found["fault"] = ErrorBody(
            kind=job.fault, message=job.fault_message or "", remedy=job.fault_remedy or ""
        )
    return JobReply.model_validate(
        {
            "key": job.key,
            "place": service.requests.place,
            "kind": job.kind,
            "state": job.state,
            "created": job.created,
            "started": job.started,
            "ended": job.ended,
            **found,
        }
    )


def _found(service: Service, key: str) -> Job:
    job = service.archive.job(key)
    if job is None:
        raise Refused(404, "unknown_job", f"no job {key} here", "submit it")
    return job


def _drop(service: Service, key: str, token: str) -> list[str]:
    dropped = service.drop([key], token)
    if dropped:
        return dropped
    job = _found(service, key)
    if job.token != token:
        raise Refused(403, "not_yours", "another token submitted this job", "leave it")
    if not job.over:
        raise Refused(409, "shared", "another token asked for the same job", "leave it")
    raise Refused(409, "over", f"the job is {job.state}", "nothing is left to be taken back")


def _add_handlers(app: FastAPI, metrics: Metrics) -> None:
    def told(make: Callable[[Request, Any], Refused]) -> Callable[[Request, Any], Awaitable[Response]]:
        async def handle(request: Request, error: Any) -> Response:
            refused = make(request, error)
            metrics.refused.labels(refused.kind).inc()
            return refused.response()

        return handle

    app.add_exception_handler(Refused, told(lambda _, refused: refused))
    app.add_exception_handler(Fault, told(_fault))
    app.add_exception_handler(RequestValidationError, told(_invalid))
    app.add_exception_handler(HTTPException, told(_http))
    app.add_exception_handler(Exception, told(_internal))


def _internal(_: Request, error: Exception) -> Refused:
    return Refused(500, "internal", type(error).__name__, "see the server's log")


def _fault(_: Request, fault: Fault) -> Refused:
    """What it is about is the operator's, and so are the paths in it: they are in the log."""
    log.error("%s", fault)
    what = DATABASE_TROUBLE if isinstance(fault, DatabaseFault) else "the server met trouble"
    return Refused(503, fault.kind.value, what, "wait as long as Retry-After says", retry_after_s=5)


def _invalid(_: Request, error: RequestValidationError) -> Refused:
    """Where and what, without what was sent."""
    first, *others = error.errors()
    return invalid(first["loc"], str(first["msg"]), len(others))


def _http(request: Request, error: HTTPException) -> Refused:
    """Starlette's own: 404, 405 and 400."""
    kinds = {400: "no_json", 404: "no_such_path", 405: "method_not_allowed"}
    headers = dict(error.headers or {})
    if error.status_code == 405:  # Starlette names the methods of the first route at this path only
        headers["Allow"] = ", ".join(sorted(_methods(request)))
    kind = kinds.get(error.status_code, "http")
    return Refused(error.status_code, kind, str(error.detail), "see /openapi.json", headers=headers)


def _methods(request: Request) -> set[str]:
    found: set[str] = set()
    for route in request.app.routes:
        if isinstance(route, Route) and route.path_regex.match(request.url.path):
            found |= set(route.methods or ())
    return found
