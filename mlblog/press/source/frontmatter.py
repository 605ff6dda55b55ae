"""The front matter of a post."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import yaml

from mlblog.errors import PostError

#: Keys written by Jupytext and JupyterLab, which pages ignore.
NOTEBOOK_KEYS = ("jupytext", "kernelspec", "language_info")
#: Keys that are always text: `title: 2026` is not a number, and `tags: [2026, on]` are two names.
_TEXTS = ("title", "description", "slug", "categories", "tags", "theme", "week")


def split_front_matter(text: str, path: str) -> tuple[dict[str, Any], str, int]:
    """Separate front matter and body.

    Returns:
        The front matter, the body, and the line of the file (from 1) where the body starts.

    Raises:
        PostError: the front matter is missing, not closed, not YAML, or lacks a title or a date.
    """
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        raise PostError(path, 1, "no front matter; a post starts with `---`, `title: …`, `date: YYYY-MM-DD`, `---`")
    end = next((i for i, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    if end is None:
        raise PostError(path, 1, "the front matter is not closed; end it with a line `---`")
    try:
        meta = _load("\n".join(lines[1:end]))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        raise PostError(path, 2 + (mark.line if mark else 0), f"the front matter is not YAML: {problem}") from error
    except (ValueError, RecursionError) as error:  # an impossible date, too many nested brackets
        day = next((i for i, line in enumerate(lines[:end], 1) if line.startswith("date:")), 2)
        raise PostError(path, day, f"the front matter is not YAML: {error}") from error
    if not isinstance(meta, dict):
        raise PostError(path, 2, "the front matter must be `key: value` lines")

    def line_of(key: str) -> int:
        return next((i for i, line in enumerate(lines[:end], 1) if line.startswith(f"{key}:")), 1)

    try:
        json.dumps(meta, ensure_ascii=False, skipkeys=True, default=str).encode()  # YAML allows lone surrogates
    except (UnicodeEncodeError, ValueError) as error:
        raise PostError(path, 2, f"the front matter cannot be written back: {error}") from error
    _check(meta, path, line_of)
    return {k: v for k, v in meta.items() if k not in NOTEBOOK_KEYS}, "\n".join(lines[end + 1 :]), end + 2


def _load(text: str) -> Any:
    loader = yaml.SafeLoader(text)
    try:
        tree = loader.get_single_node()
        if isinstance(tree, yaml.MappingNode):
            for key, value in tree.value:
                if key.value in _TEXTS:
                    for node in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                        if isinstance(node, yaml.ScalarNode) and node.tag != "tag:yaml.org,2002:null":
                            node.tag = "tag:yaml.org,2002:str"
        return None if tree is None else loader.construct_document(tree)
    finally:
        loader.dispose()


def _check(meta: dict[str, Any], path: str, line_of: Any) -> None:
    if not isinstance(meta.get("title"), str) or not meta["title"].strip():
        raise PostError(path, line_of("title"), "no title; add `title: …` to the front matter")
    day = meta.get("date")
    if isinstance(day, dict):  # Material's form: {created: …, updated: …}
        day = day.get("created")
    if day is None:
        raise PostError(path, line_of("date"), "no date; add `date: YYYY-MM-DD` to the front matter")
    if not isinstance(day, date):
        raise PostError(path, line_of("date"), f"{day!r} is not a date; write `date: YYYY-MM-DD`")
    for key in ("categories", "tags"):
        found = meta.get(key, [])
        if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
            raise PostError(path, line_of(key), f"{key} must be a list of names, as in `{key}: [Research]`")
    for key, unit in (("timeout", "seconds"), ("memory", "GiB")):
        value = meta.get(key, 1)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
            raise PostError(path, line_of(key), f"{key} must be a number of {unit} above 0")
    for key in ("description", "slug"):
        if key in meta and not isinstance(meta[key], str):
            raise PostError(path, line_of(key), f"{key} must be text")
    if not re.fullmatch(r"(\w[\w.-]*)?", meta.get("slug", "")):
        raise PostError(path, line_of("slug"), "slug must be letters, digits, hyphens, points and underscores")
