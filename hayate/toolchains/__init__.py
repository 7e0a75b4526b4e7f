"""Source and permitted techniques -> build plan; and what a source or an object shows. Runs no candidate."""

from hayate.toolchains.base import BuildPlan, Compiler, compilers, named
from hayate.toolchains.c import compile_flags, plan
from hayate.toolchains.headers import after_boundary, allowed_headers
from hayate.toolchains.objects import ObjectFacts, object_facts
from hayate.toolchains.syntax import SourceFacts, inspect, inspect_preprocessed

__all__ = [
    "BuildPlan",
    "Compiler",
    "ObjectFacts",
    "SourceFacts",
    "after_boundary",
    "allowed_headers",
    "compile_flags",
    "compilers",
    "inspect",
    "inspect_preprocessed",
    "named",
    "object_facts",
    "plan",
]
