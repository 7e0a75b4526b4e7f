"""A farm behind HTTP: `hayate serve`. Its client is hayate.farm.http."""

from hayate.serve.limits import ServeSettings
from hayate.serve.server import check_exposure, parse_bind, serve
from hayate.serve.service import Service
from hayate.serve.tokens import Tokens

__all__ = ["ServeSettings", "Service", "Tokens", "check_exposure", "parse_bind", "serve"]
