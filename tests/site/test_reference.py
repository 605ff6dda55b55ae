"""The reference against what Python itself finds by importing: every public name, and no other."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from mlblog.errors import InputError
from mlblog.lab import Project
from mlblog.papers import Bibliography
from mlblog.press import Post
from mlblog.site.documented import documented
from mlblog.site.reference import Uses

ROOT = Path(__file__).parents[2]
HEADING = re.compile(r"^###? `\w+` \{ #(\S+) \}$", re.MULTILINE)
MODULE = re.compile(r"^## `[\w.]+\.\w+` \{ #(\S+) \}$", re.MULTILINE)


@pytest.fixture(scope="module")
def project() -> Project:
    return Project.find(ROOT)


@pytest.fixture(scope="module")
def pages(project: Project) -> dict[str, str]:
    return documented(project, {}, Bibliography.of(project))


def modules(name: str) -> Iterator[ModuleType]:
    module = importlib.import_module(name)
    yield module
    if not hasattr(module, "__all__"):
        for found in pkgutil.iter_modules(getattr(module, "__path__", ())):
            yield from modules(f"{name}.{found.name}")


def public(module: ModuleType) -> set[str]:
    named = getattr(module, "__all__", None)
    found = [getattr(module, name) for name in named or vars(module) if not name.startswith("_")]
    kinds = (type, type(public))
    own = [one for one in found if isinstance(one, kinds) and (named or one.__module__ == module.__name__)]
    return {f"{one.__module__}.{one.__qualname__}" for one in own}


def test_every_public_name_is_in_the_reference_and_no_other(project: Project, pages: dict[str, str]) -> None:
    there = {name for text in pages.values() for name in HEADING.findall(text)}
    assert there == {name for part in project.reference for module in modules(part) for name in public(module)}
    assert len(there) > 100


def test_every_name_there_says_what_it_is(project: Project) -> None:
    for part in project.reference:
        for module in modules(part):
            assert module.__doc__, module
            for name in public(module):
                home, _, attribute = name.rpartition(".")
                assert inspect.getdoc(getattr(importlib.import_module(home), attribute)), name


def test_the_index_leads_to_every_name(pages: dict[str, str]) -> None:
    links = re.findall(r"\]\((\w+\.md)#(\S+?)\)", pages["reference/index.md"])
    told = [name for text in pages.values() for kind in (HEADING, MODULE) for name in kind.findall(text)]
    assert sorted(name for _, name in links) == sorted(told)
    for page, name in links:
        assert f"{{ #{name} }}" in pages[f"reference/{page}"]


SOURCE = '''\
"""Toys [shannon1948mathematical]."""

from typing import NamedTuple

LARGEST = 7


class Pair(NamedTuple):
    """Two numbers."""

    left: int
    right: float = 2.5


def half(x: float, *rest: int, exact: bool = False) -> float:
    """Half of **all** `x` * 1 [shannon1948mathematical, eq. 2].

        x / 2

    Args:
        x: in metres.
        exact: as in [nobody1999nothing].

    Raises:
        ValueError: never.

    Example:
        >>> half(3)
        1.5
    """
    return x / 2


def _hidden() -> None:
    """No."""
'''


def test_what_a_docstring_says_comes_out(tmp_path: Path, project: Project) -> None:
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy/__init__.py").touch()
    (tmp_path / "toy/tools.py").write_text(SOURCE)
    toy = Project(tmp_path, ("toy",), "toy.experiments", ("toy.tools",))
    post = Post("posts_src/a.md", {"title": "A *post*"}, ())
    text = documented(toy, {"toy.tools.half": Uses(["halving"], [post])}, Bibliography.of(project))[
        "reference/tools.md"
    ]
    for piece in (
        "class Pair(left: int, right: float)",
        "half(x: float, *rest: int, exact: bool = False) -> float\n```",
        "- `LARGEST = 7`",
        "```text\nx / 2\n```",
        "Half of **all** `x` &#42; 1 [Shannon, 1948](../papers/index.md#shannon1948mathematical), eq. 2.",
        "- `x`: in metres.",
        "as in &#91;nobody1999nothing&#93;",
        "- `ValueError`: never.",
        "```pycon\n>>> half(3)\n1.5\n```",
        "Posts: [A &#42;post&#42;](../blog/posts/a.md) · Experiments: [`halving`](../experiments.md#halving)",
    ):
        assert piece in text, piece
    assert "_hidden" not in text


def test_a_module_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy/__init__.py").touch()
    toy = Project(tmp_path, ("toy",), "toy.experiments", ("toy.none",))
    with pytest.raises(InputError, match=r"pyproject\.toml: \[tool\.mlblog\] reference names 'toy\.none'"):
        documented(toy, {}, Bibliography.of(toy))
