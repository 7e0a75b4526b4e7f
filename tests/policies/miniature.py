"""Sizes, kernels and prompts of the miniature policy that these tests make."""

from __future__ import annotations

from hayate.policies.tiny_settings import TinyShape
from hayate.records import Assignment, Prompt, Technique

KERNELS = [
    f"void scale(int n, const double *x, double *y)\n{{\n  for (int i = 0; i < n; i += {step})\n"
    f"    for (int j = i; j < i + {step} && j < n; j++)\n      y[j] = {factor} * x[j];\n}}\n"
    for step in (1, 2, 4, 8, 16, 32, 64, 128)
    for factor in (2, 3, 10, 25)
]
SMALLEST = TinyShape(layers=2, width=32, heads=4, kv_heads=2, intermediate=48, positions=512)
CHAT_TEMPLATE = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}</{{ m.role }}>\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def make_prompt(task: str = "scale", technique: Technique = Technique.BLOCKING) -> Prompt:
    return Prompt(
        system="You write fast kernels.",
        user=f"Write {task} faster.\n\nPermitted techniques:\n- {technique}: one of them\n",
        assignment=Assignment(task=task, permitted=(technique,)),
    )
