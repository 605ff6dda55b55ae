"""The front matter of posts, notes and checklists: YAML between two lines `---`."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import yaml

from mlblog.errors import PostError

_FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C, if available


@dataclass(frozen=True)
class FrontMatter:
    """Front matter, and the body below it.

    Attributes:
        values: by key.
        body: the text below.
        line: the line of the file, from 1, where the body starts.
        path: the file, for messages.
        lines: of the front matter, the first `---` included.
    """

    values: dict[str, Any]
    body: str
    line: int
    path: str
    lines: tuple[str, ...]

    def line_of(self, key: str) -> int:
        """The line of the file with a key; 1 if it is not there."""
        return next((i for i, line in enumerate(self.lines, 1) if line.startswith(f"{key}:")), 1)

    def error(self, key: str, message: str) -> PostError:
        """An error on the line of a key."""
        return PostError(self.path, self.line_of(key), message)


def split(text: str, path: str) -> tuple[tuple[str, ...], str, int]:
    """The lines of front matter with the first `---`, the body, and where it starts; no lines if there is none.

    Raises:
        PostError: the front matter is not closed.
    """
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return (), text, 1
    end = next((i for i, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    if end is None:
        raise PostError(path, 1, "the front matter is not closed; end it with a line `---`")
    return tuple(lines[:end]), "\n".join(lines[end + 1 :]), end + 2


def read(text: str, path: str, starts: str, texts: Collection[str] = ()) -> FrontMatter:
    """Read a file that must have front matter.

    Args:
        text: the file.
        path: for messages.
        starts: how such a file starts, for messages.
        texts: keys that are always text: `title: 2026` is not a number, and `tags: [2026, on]` are two names.

    Raises:
        PostError: the front matter is missing, not closed, or not YAML; with the line.
    """
    lines, body, first = split(text, path)
    if not lines:
        raise PostError(path, 1, f"no front matter; {starts}")
    try:
        values = _load("\n".join(lines[1:]), texts)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        raise PostError(path, 2 + (mark.line if mark else 0), f"the front matter is not YAML: {problem}") from error
    except (ValueError, RecursionError) as error:  # an impossible date, too many nested brackets
        day = next((i for i, line in enumerate(lines, 1) if line.startswith("date:")), 2)
        raise PostError(path, day, f"the front matter is not YAML: {error}") from error
    if not isinstance(values, dict):
        raise PostError(path, 2, "the front matter must be `key: value` lines")
    return FrontMatter(values, body, first, path, lines)


def _load(text: str, texts: Collection[str]) -> Any:
    with contextlib.suppress(yaml.YAMLError, ValueError, RecursionError):
        return _loaded(_FAST(text), texts)
    return _loaded(yaml.SafeLoader(text), texts)  # which says more of what is wrong


def _loaded(loader: Any, texts: Collection[str]) -> Any:
    try:
        tree = loader.get_single_node()
        for key, value in tree.value if isinstance(tree, yaml.MappingNode) else ():
            if key.value in texts:
                for node in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    if isinstance(node, yaml.ScalarNode) and node.tag != "tag:yaml.org,2002:null":
                        node.tag = "tag:yaml.org,2002:str"
        return None if tree is None else loader.construct_document(tree)
    finally:
        loader.dispose()
