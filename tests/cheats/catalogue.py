"""docs/cheats.md, made from the files here: `python tests/cheats/catalogue.py`."""

from __future__ import annotations

import re
from pathlib import Path

FILES = sorted(path for path in Path(__file__).parent.iterdir() if path.suffix in (".c", ".cpp"))
DOCS = Path(__file__).parents[2] / "docs" / "cheats.md"

# Who catches it, by what the reason says; the first that fits.
RULES = (
    ("Reading the source, and what the compiler made of it", r"violation"),
    ("Compiling in the sandbox, with limits", r"build_failed"),
    (
        "The system call filters: a list of what is allowed, and all else ends the process",
        r"a system call that is not allowed|signal (4|31)\b",
    ),
    ("Read-only memory, and the end of what is mapped", r"crashed.*signal 11"),
    ("The outside clock: secret positions, stopped processes, the time to get ready", r"cheated"),
    ("Sentinels and guard bands", r"never written|next to the output"),
    ("The error bound, on secret shapes and five distributions", r"outside the error bound"),
    ("Limits of time, memory and output", r""),
)

INTRODUCTION = """\
# How kernels cheat, and what stops them

Made from `tests/cheats/` by `make cheats`; each row is a test that asserts outcome and reason. "Past the
guard" means that the test skips the reading of the source: what catches it is the running judge alone, so
that no static check is the defence. Classes in brackets are kinds of cheating that were seen in published
work or thought of by us; the list stands at the end.

What is *not* stopped, and why, stands after the tables, as in `docs/measurement.md`.
"""

MEASUREMENT = DOCS.with_name("measurement.md")

CLASSES = {
    1: "work on the side that the clock does not wait for",
    2: "a thread, a process or the same thread finishes the output after the end",
    5: "the timer is changed: import table, text, ptrace",
    8: "the channel of results is written by the candidate",
    9: "a printed score is believed",
    10: "one call does the work of several",
    11: "warm-up is recognised, later calls are skipped",
    12: "verification and timing are told apart",
    18: "the baseline is disturbed",
    19: "results cached by pointer",
    20: "results cached by fingerprint or shape",
    21: "results replayed from disk",
    22: "inputs prepared outside the timed calls",
    24: "a reference's output recycled from freed memory",
    25: "the answer found by reading memory",
    26: "not-a-number or infinity as a joker",
    27: "inputs changed",
    28: "a copy of an answer",
    29: "the network",
    30: "a library does the work",
    34: "zeros under an absolute tolerance",
    36: "lower precision, cast back",
    37: "part of the output",
    39: "writes out of bounds",
    40: "another problem than was asked",
    41: "shapes or values built in",
    42: "an input handed through",
    43: "right for some calls, then not",
    44: "an earlier output handed over again",
    52: "a filter evaded",
    54: "the build's flags or files changed",
    56: "more cores than the baseline",
    58: "affinity or priority",
    59: "signals to the judge, or from the kernel to oneself",
    60: "code that runs at load time",
    61: "right in some sizes or on some values only",
    62: "something that acts for a stopped process",
    63: "a way to a system call that no list of names knows",
    67: "code planted in a system header",
    68: "instructions in a form that a reader of names or of text misses",
    69: "scratch memory where nobody counts it",
    70: "what it leaves behind breaks what comes after",
    71: "time that is nobody's",
}


def declared(text: str) -> dict[str, str]:
    """What the first lines of a cheat say: expect, reason, how, and options."""
    return dict(re.findall(r"^// (\w+): (.*)$", text, flags=re.MULTILINE))


def _classes(row: str) -> str:
    """The bracket that names classes, "" if there is none."""
    return "".join(re.findall(r"\(class(?:es)? ([\d, ]+)\)", row))


def page() -> str:
    """docs/cheats.md as it should be."""
    rows: dict[str, list[str]] = {title: [] for title, _ in RULES}
    for path in FILES:
        says = declared(path.read_text())
        caught = f"{says['expect']} {says['reason']}"
        title = next(title for title, pattern in RULES if re.search(pattern, caught))
        past = "past the guard" if says.get("guard") == "off" else ""
        reason = " *or* ".join(words.strip() for words in says["reason"].split("|"))
        outcome = says["expect"].replace(", ", " *or* ")
        rows[title].append(f"| `{path.stem}` | {says['how']} | {outcome}: {reason} | {past} |")
    parts = [INTRODUCTION]
    for title, found in rows.items():
        if found:
            parts.append(
                f"## {title}\n\n| test | how it cheats | what the judge says | |\n|---|---|---|---|\n"
                + "\n".join(found)
                + "\n"
            )
    limits = MEASUREMENT.read_text().split("## What is not stopped\n")[1].split("\n## ")[0]
    parts.append(f"## What is not stopped\n\n{limits.strip()}\n")
    used = {int(n) for rows_of in rows.values() for row in rows_of for n in re.findall(r"\d+", _classes(row))}
    parts.append("## Classes\n\n" + "\n".join(f"- {n}: {CLASSES[n]}" for n in sorted(used)) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    DOCS.write_text(page())
