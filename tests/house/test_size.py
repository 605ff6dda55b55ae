"""No part of the engine grows past what its decision record allows, and no file past what a reader holds in mind."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

from mlblog.lab.fingerprint import engine

ROOT = Path(__file__).parents[2]
DECISION = ROOT / "docs" / "adr" / "0019-how-large-the-engine-is.md"
PARTS = {
    "lab": ("lab",),
    "markup": ("markup",),
    "press": ("press",),
    "site, goals, papers": ("site", "goals", "papers"),
    "integrations, cli, scaffold, files and the modules at the top": ("integrations", "cli", "scaffold", "files", ""),
}
LONGEST = 300


def code_lines(text: str) -> int:
    """Lines that hold code: no blank ones, no comments, no docstrings."""
    shown: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(
            node
        ):
            shown.update(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    beside = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    tokens = (token for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type not in beside)
    return len({line for token in tokens for line in range(token.start[0], token.end[0] + 1)} - shown)


def files(part: str) -> list[Path]:
    package = ROOT / "mlblog"
    return sorted((package / part).rglob("*.py") if part else package.glob("*.py"))


@pytest.mark.parametrize(("name", "parts"), PARTS.items(), ids=PARTS)
def test_a_part_is_no_larger_than_was_decided(name: str, parts: tuple[str, ...]) -> None:
    row = re.search(rf"^\| {re.escape(name)} \| [\d,]+ \| ([\d,]+) \|$", DECISION.read_text("utf-8"), re.MULTILINE)
    assert row is not None
    limit = int(row[1].replace(",", ""))
    size = sum(code_lines(path.read_text("utf-8")) for part in parts for path in files(part))
    assert limit - 300 < size <= limit, "say in the decision record for what"


def test_every_part_of_the_engine_is_measured() -> None:
    folders = {name for name in engine.PARTS if (ROOT / "mlblog" / name).is_dir()}
    assert folders == {part for parts in PARTS.values() for part in parts if part}


def test_files_are_short() -> None:
    folders = ("mlblog", "tests", "benchmarks")
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines())
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if "site-packages" not in path.parts
    }
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST} == {}


def test_lines_are_counted_as_told() -> None:
    text = '"""A docstring\nof two lines."""\n\nx = 1  # a remark\n# another\n\n\n'
    text += 'def f():\n    """One."""\n    return (\n        x\n    )\n'
    assert code_lines(text) == 5
