"""Documented commands exist and are taken as documented; pages that are linked to are there."""

from __future__ import annotations

import itertools
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
HAYATE = Path(sys.executable).with_name("hayate")


def documented(prefix: str) -> list[tuple[str, str]]:
    """(page, command) of every line in a code block, or inline code, that begins so."""
    found = []
    for page in PAGES:
        text = page.read_text()
        blocks = re.findall(r"```[a-z]*\n(.*?)```", text, flags=re.DOTALL)
        inline = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
        for line in [line for block in blocks for line in block.splitlines()] + inline:
            command = line.split(" #")[0].strip()
            if command.startswith(prefix + " "):
                found.append((page.name, command))
    return sorted(set(found))


@pytest.mark.parametrize(("page", "command"), documented("hayate"))
def test_documented_options_exist(page: str, command: str) -> None:
    words = shlex.split(command)[1:]
    path = [w for w in words[:2] if re.fullmatch(r"[a-z]+", w)]
    if path[:1] != ["tasks"] or path[1:] != ["check"]:
        path = path[:1]
    done = subprocess.run(
        [str(HAYATE), *path, "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        env={"COLUMNS": "200", "NO_COLOR": "1"},
    )
    assert done.returncode == 0, f"{page}: {command}"
    for word in words:
        if word.startswith("--"):
            assert word.split("=")[0] in done.stdout, f"{page}: {command}: {word}"


@pytest.mark.parametrize(("page", "command"), documented("make"))
def test_documented_make_targets_exist(page: str, command: str) -> None:
    target = shlex.split(command)[1]
    if "=" in target:
        pytest.skip("a variable alone")
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(rf"^{re.escape(target)}:", makefile, flags=re.MULTILINE), f"{page}: {command}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, heading = target.partition("#")
        there = (page.parent / name) if name else page
        assert there.exists(), f"{page.name} links to {target}"
        if heading:
            titles = re.findall(r"^#+ (.*)$", there.read_text(), flags=re.MULTILINE)
            marks = {re.sub(r"[^a-z0-9 -]", "", t.lower()).replace(" ", "-") for t in titles}
            assert heading in marks, f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_tables_have_as_many_columns_as_their_heads(page: Path) -> None:
    """Otherwise a reader sees no table, but lines of bars."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    lines = [line.strip() for line in text.splitlines()]
    for head, below in itertools.pairwise(lines):
        if re.fullmatch(r"\|[-| :]+\|", below) and head.startswith("|"):
            assert below.count("|") == len(re.findall(r"(?<!\\)\|", head)), head
