"""No, with the reason: an HTTP status and the one JSON form of every refusal."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi.responses import JSONResponse

from hayate.serve.models import ErrorBody, ErrorReply


class Refused(Exception):
    """A request that is not carried out. `retry_after_s`: whole seconds after which another try makes sense."""

    def __init__(
        self,
        status: int,
        kind: str,
        message: str,
        remedy: str = "",
        *,
        retry_after_s: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, kind, message)
        self.status, self.kind, self.message, self.remedy = status, kind, message, remedy
        self.headers = dict(headers or {})
        if retry_after_s is not None:
            self.headers["Retry-After"] = str(retry_after_s)

    def response(self) -> JSONResponse:
        body = ErrorReply(error=ErrorBody(kind=self.kind, message=self.message, remedy=self.remedy))
        return JSONResponse(body.model_dump(), status_code=self.status, headers=self.headers)
