"""What no run leaves may lie among the records all the same; no command crashes on it, and gc deletes no folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from workbench import Bench

BASE = "docs/results/with_two/smoke/base"
NOT_UTF8 = os.fsdecode(b"\xff")
COMMANDS = (
    ("status",), ("status", "--json"), ("check",), ("check", "--json"), ("why", "with_two"), ("gc",),
    ("gc", "--beyond", "with_two"), ("goals", "status"), ("gc", "--delete"), ("gc", "--beyond", "with_two", "--delete"),
)  # fmt: skip


def _file(path: Path, content: bytes = b"x") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _folder(path: Path) -> None:
    path.mkdir(parents=True)
    _file(path / "inside")


def _loop(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(path)


def _instead(path: Path) -> None:
    shutil.rmtree(path)
    _file(path)


def _pipe(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)


def _deep(path: Path) -> None:
    path.write_bytes(b"[" * 100_000)


#: What is made, where, and what some command says of it.
TREES: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "an experiment whose name is not UTF-8": (_file, f"docs/results/{NOT_UTF8}/smoke/base/seed-0.json", "\\udcff"),
    "overrides whose name is not UTF-8": (_file, f"docs/results/with_two/smoke/{NOT_UTF8}/seed-0.json", "\\udcff"),
    "arrays whose name is not UTF-8": (_file, f"{BASE}/seed-0-{NOT_UTF8}.safetensors", "names other arrays"),
    "a leftover with a line end in its name": (_file, f"{BASE}/.tmp-a\nb", "a writer was killed here"),
    "a log whose name is not UTF-8": (_file, f".mlblog/logs/{NOT_UTF8}.log", "the log of a run"),
    "data whose name is not UTF-8": (_file, f"toy/{NOT_UTF8}.txt", ""),
    "a link to itself for a record": (_loop, f"{BASE}/seed-1.json", "seed-1.json is a link; delete it"),
    "a link to itself for a leftover": (_loop, f"{BASE}/.tmp-x", f"{BASE}/.tmp-x: a writer"),
    "a link to itself for a log": (_loop, ".mlblog/logs/x.log", ".mlblog/logs/x.log: the log of a run"),
    "a link to itself for an experiment": (_loop, "docs/results/loop", ""),
    "a link to the folder above": (lambda path: path.symlink_to(path.parent), "docs/results/with_two/up", ""),
    "a link to nothing for a record": (lambda path: path.symlink_to("no"), f"{BASE}/seed-1.json", "is a link"),
    "a folder for a record": (_folder, f"{BASE}/seed-1.json", "not a regular file"),
    "a folder for a leftover": (_folder, f"{BASE}/.tmp-x", ""),
    "a folder for arrays": (_folder, f"{BASE}/seed-0-000000000000.safetensors", ""),
    "a folder for a checkpoint": (_folder, ".mlblog/checkpoints/gone/x.safetensors", ""),
    "a pipe for a record": (_pipe, f"{BASE}/seed-1.json", "not a regular file"),
    "a pipe for another experiment's record": (_pipe, "docs/results/gone/smoke/base/seed-0.json", "no experiment gone"),
    "a file for the records": (_instead, "docs/results", "no records"),
    "a file for an experiment": (_instead, "docs/results/with_two", "no records"),
    "a file for overrides": (_instead, BASE, "no records"),
    "a file for the posts": (lambda path: _file(path), "posts_src", ""),
    "a record of brackets": (_deep, f"{BASE}/seed-0.json", "not JSON"),
    "a seed beyond all numbers": (_file, f"{BASE}/seed-{'9' * 200}.json", "not JSON"),
    "a folder for the lock": (_folder, ".mlblog/locks/records.lock", "docs/results: cannot be locked: "),
}  # fmt: skip


@pytest.mark.parametrize("tree", TREES)
def test_no_command_crashes(recorded: Bench, tree: str) -> None:
    make, name, told = TREES[tree]
    if tree == "a folder for the lock":
        (recorded.project.root / name).unlink(missing_ok=True)
    make(recorded.project.root / name)
    path = recorded.project.root / name
    kept = {path / "inside"} if make is _folder else set()
    results = {command: recorded(*command) for command in COMMANDS}
    assert {result.exit_code for result in results.values()} <= {0, 1, 2}
    assert told in "".join(result.output for result in results.values())
    assert all(one.is_file() for one in kept), "what is in a folder is nobody's leftover"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[tool]\nmlblog = 3\n", "mlblog must be a table; put its settings under [tool.mlblog]"),
        ("tool = 3\n", "not in a project"),
    ],
)
def test_configuration_that_is_no_table_is_named(recorded: Bench, text: str, told: str) -> None:
    (recorded.project.root / "pyproject.toml").write_text(text, encoding="utf-8")
    result = recorded("status")
    assert (result.exit_code, told in result.stderr) == (2, True)
