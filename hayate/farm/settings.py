"""Where verdicts are made: the [farm] table of a run file."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Kind = Literal["local", "parsl", "http", "replay"]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HttpSettings(_Table):
    """`kind = "http"`: a farm behind `hayate serve`."""

    url: str = Field(pattern=r"^https?://\S+$")
    token_env: str = "HAYATE_TOKEN"  # the environment variable that holds the token
    patience_s: float = Field(default=600, gt=0)  # how long an unreachable server is tried again


class ReplaySettings(_Table):
    """`kind = "replay"`: answers from an archive, nothing is measured."""

    archive: str  # path or URL
    unknown: Literal["fault", "guess"] = "fault"  # what the archive does not know
    seed: int = Field(default=0, ge=0)  # of the choice among several recorded measurements


class FarmSettings(_Table):
    """What is left out, the machine decides. A bare URL stands for `kind = "http"` at that address."""

    kind: Kind = "local"
    slots: int | None = Field(default=None, ge=1)  # measure on at most so many; None: on all
    builders: int | None = Field(default=None, ge=1)  # builds at a time; None: one per core that may build
    compiler: str | None = None  # "gcc" or "clang"; None: the first that is here
    sandbox: str | None = None  # tier; None: the strongest that works
    retries: int = Field(default=2, ge=0)  # of a job that met a fault that another try can help
    http: HttpSettings | None = None
    replay: ReplaySettings | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        if isinstance(given, str):
            if given.startswith(("http://", "https://")):
                return {"kind": "http", "http": {"url": given}}
            return {"kind": given}
        return given

    @model_validator(mode="after")
    def _table_of_its_kind(self) -> FarmSettings:
        for kind in ("http", "replay"):
            there = getattr(self, kind) is not None
            if there != (self.kind == kind):
                raise ValueError(
                    f"kind = {kind!r} needs [farm.{kind}]"
                    if not there
                    else f"[farm.{kind}] is for kind = {kind!r}, not {self.kind!r}"
                )
        return self
