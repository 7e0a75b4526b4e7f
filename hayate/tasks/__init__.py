"""Tasks as folders: load one, find one, read its solutions, make variants. See docs/task-format.md."""

from hayate.tasks import templates
from hayate.tasks.expressions import evaluate_condition, evaluate_expression
from hayate.tasks.loader import builtin, builtin_names, correct, find, folder, load, where, wrong
from hayate.tasks.templates import Template, TemplateSet, Variant

__all__ = [
    "Template",
    "TemplateSet",
    "Variant",
    "builtin",
    "builtin_names",
    "correct",
    "evaluate_condition",
    "evaluate_expression",
    "find",
    "folder",
    "load",
    "templates",
    "where",
    "wrong",
]
