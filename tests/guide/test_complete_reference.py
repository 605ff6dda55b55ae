"""The guide's reference names what the code has: no more and no less."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from guide.pages import ROOT, rows

from mlblog.cli import main
from mlblog.errors import ProjectError
from mlblog.integrations import pytest as plugin
from mlblog.integrations.mkdocs import PluginConfig
from mlblog.integrations.records import EXPERIMENTS
from mlblog.lab import Project, Run, experiment
from mlblog.papers import STATES
from mlblog.papers.note import _KNOWN
from mlblog.press.kernel.limits import MEMORY, TIMEOUT
from mlblog.press.source.document import TAGS
from mlblog.press.source.frontmatter import _TEXTS
from mlblog.press.source.options import CELL_KEYS

PAGE = ROOT / "docs/guide/reference.md"
PACKAGE = ROOT / "mlblog"


def commands(command: click.Command, names: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        for name, one in command.commands.items():
            yield from commands(one, (*names, name))
    else:
        yield " ".join(names), command


def is_meta(node: ast.expr) -> bool:
    return (isinstance(node, ast.Name) and node.id == "meta") or (
        isinstance(node, ast.Attribute) and node.attr == "meta"
    )


def looked_up(path: Path) -> Iterator[str]:
    """The keys that a module looks up in a front matter: `meta["x"]`, `post.meta.get("x")`, `meta.setdefault("x")`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        key: ast.expr | None = None
        if isinstance(node, ast.Subscript) and is_meta(node.value):
            key = node.slice
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and is_meta(node.func.value):
            key = node.args[0] if node.args else None
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value


def test_front_matter_of_a_post() -> None:
    files = [file for folder in ("press", "site", "integrations") for file in (PACKAGE / folder).rglob("*.py")]
    found = {key for file in files for key in looked_up(file)} | set(_TEXTS)
    assert {"title", "draft"} <= found
    table = rows(PAGE, "Front matter of a post")
    assert set(table) == found
    assert str(round(TIMEOUT)) in table["timeout"][0]
    assert str(round(MEMORY)) in table["memory"][0]


def test_front_matter_of_a_note() -> None:
    table = rows(PAGE, "Front matter of a note on a paper")
    assert set(table) == set(_KNOWN)
    assert re.findall("`([a-z ]+)`", table["state"][0]) == list(STATES)


def test_options_and_tags_of_a_block() -> None:
    assert set(rows(PAGE, "Options of a block")) == {".noeval", *CELL_KEYS}
    assert set(rows(PAGE, "Tags of a block")) == TAGS


def test_arguments_of_an_experiment() -> None:
    assert list(rows(PAGE, "Arguments of an experiment")) == list(inspect.signature(experiment).parameters)


def test_methods_of_a_run() -> None:
    public = [name for name, one in vars(Run).items() if inspect.isfunction(one) and not name.startswith("_")]
    assert list(rows(PAGE, "Methods of a run")) == public


def test_settings(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.mlblog]\nnonesuch = ""\n', encoding="utf-8")
    with pytest.raises(ProjectError, match="known are ") as refused:
        Project.find(tmp_path)
    told = str(refused.value).rpartition("known are ")[2].split(", ")
    assert set(rows(PAGE, "`[tool.mlblog]`")) == set(told)


def test_options_of_the_plugin() -> None:
    table = rows(PAGE, "Options of the plugin")
    assert set(table) == {name for name, _ in PluginConfig._schema}
    assert set(re.findall("`([a-z]+)`", table["experiments"][0])) == set(EXPERIMENTS)


def test_options_of_pytest() -> None:
    parser = pytest.Parser(_ispytest=True)
    plugin.pytest_addoption(parser)
    names = {name for group in parser._groups for option in group.options for name in option.names()}
    assert set(rows(PAGE, "Options of pytest")) == names


def test_variables() -> None:
    texts = (file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*") if file.suffix in (".py", ".txt"))
    found = {name for text in texts for name in re.findall(r"MLBLOG_[A-Z]+", text)}
    assert set(rows(PAGE, "Variables")) == found


def test_commands_with_their_options() -> None:
    expected = {
        name: {option.opts[0] for option in command.params if isinstance(option, click.Option)}
        for name, command in commands(main)
    }
    table = rows(PAGE, "Commands")
    assert {name: set(re.findall("`(--[a-z-]+)`", cell)) for name, (cell,) in table.items()} == expected


def test_targets_of_make() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert list(rows(PAGE, "Targets of make")) == re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE)
