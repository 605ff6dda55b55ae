"""The README and the pages of the guide, taken apart: fences, commands and tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs/guide").glob("*.md"))]
_FENCE = re.compile(r"^(?P<ticks>`{3,})(?P<language>\w*)[^\n`]*\n(?P<text>.*?)^(?P=ticks)$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Fence:
    """A fence of a page: what its first line names, what it holds, and where it begins."""

    language: str
    text: str
    place: str


def fences(path: Path) -> Iterator[Fence]:
    """The fences of a page, outermost alone."""
    text = path.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield Fence(match["language"], match["text"], f"{path.relative_to(ROOT)}:{line}")


def rows(page: Path, heading: str) -> dict[str, list[str]]:
    """The rows of all tables under a heading, by what their first cell has in backticks; their further cells."""
    body = re.split(rf"^## {re.escape(heading)}.*$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)[1]
    found = {}
    for line in re.split(r"^## ", body, flags=re.MULTILINE)[0].splitlines():
        if match := re.match(r"\| `([^`]+)` \|(.*)\|$", line):
            assert match[1] not in found, f"{match[1]} stands twice"
            found[match[1]] = [cell.strip() for cell in match[2].split(" | ")]
    return found
