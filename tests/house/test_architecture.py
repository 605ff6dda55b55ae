"""ARCHITECTURE.md draws the code as it is: each box is there, and each solid arrow is a call."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
DRAWINGS = re.findall(r"```mermaid\n(.*?)```", PAGE, re.DOTALL)
_BOX = r'(\w+)(?:\["([\w.]+): ([\w.]+)"\])?'
_ARROW = re.compile(rf'^  {_BOX} (-->|-\. "[^"]+" \.->) {_BOX}$')
Definition = ast.FunctionDef | ast.ClassDef


@cache
def definition(module: str, name: str) -> Definition:
    """The definition of a function, class or method of the package."""
    path = ROOT.joinpath("mlblog", *module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    found: ast.AST = ast.parse(path.read_text(encoding="utf-8"))
    for part in name.split("."):
        inside = [one for one in ast.iter_child_nodes(found) if isinstance(one, Definition) and one.name == part]
        assert inside, f"mlblog.{module} has no {name}"
        found = inside[0]
    assert isinstance(found, Definition)
    return found


def mentioned(found: Definition) -> set[str]:
    """The names that the body of a function looks up, as such or of an object."""
    nodes = [node for statement in found.body for node in ast.walk(statement)]
    return {node.attr for node in nodes if isinstance(node, ast.Attribute)} | {
        node.id for node in nodes if isinstance(node, ast.Name)
    }


def arrows(drawing: str) -> Iterator[tuple[tuple[str, str], bool, tuple[str, str]]]:
    """Each arrow: from where, whether it is a call, and to where."""
    boxes: dict[str, tuple[str, str]] = {}
    first, *lines = drawing.splitlines()
    assert first == "flowchart TD"
    for line in lines:
        match = _ARROW.match(line)
        assert match, f"cannot read {line!r}"
        source, *source_is, how, target, target_module, target_name = match.groups()
        for box, module, name in ((source, *source_is), (target, target_module, target_name)):
            if module:
                assert boxes.setdefault(box, (module, name)) == (module, name)
        yield boxes[source], how == "-->", boxes[target]


ALL = [arrow for drawing in DRAWINGS for arrow in arrows(drawing)]


@pytest.mark.parametrize(("source", "is_call", "target"), ALL, ids=[f"{one[0][1]} to {one[2][1]}" for one in ALL])
def test_arrow_is_in_the_code(source: tuple[str, str], is_call: bool, target: tuple[str, str]) -> None:
    caller, called = definition(*source), definition(*target)
    if is_call:
        assert called.name in mentioned(caller), f"{'.'.join(source)} does not call {called.name}"


def test_there_are_three_drawings() -> None:
    assert len(DRAWINGS) == 3
    assert len(ALL) > 50
    assert sum(is_call for _, is_call, _ in ALL) > 40


def test_nouns_are_classes() -> None:
    nouns = re.findall(r"^\| \w+ \| .* \| `([\w.]+): (\w+)` \|$", PAGE, re.MULTILINE)
    assert len(nouns) == 10
    assert all(isinstance(definition(*noun), ast.ClassDef) for noun in nouns)


def test_paths_exist() -> None:
    for path in re.findall(r"`((?:mlblog|tests)/[\w/.]+)`", PAGE) + re.findall(r"\]\(([\w/.-]+)\)", PAGE):
        assert (ROOT / path).exists(), path
