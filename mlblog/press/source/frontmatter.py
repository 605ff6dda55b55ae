"""The front matter of a post."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import yaml

from mlblog.errors import PostError
from mlblog.markup import frontmatter

#: Keys written by Jupytext and JupyterLab, which pages ignore.
NOTEBOOK_KEYS = ("jupytext", "kernelspec", "language_info")
#: Keys that are always text.
_TEXTS = ("title", "description", "slug", "categories", "tags", "theme", "series", "week")
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # in C, if available


def split_front_matter(text: str, path: str) -> tuple[dict[str, Any], str, int]:
    """Separate front matter and body.

    Returns:
        The front matter, the body, and the line of the file (from 1) where the body starts.

    Raises:
        PostError: the front matter is missing, not closed, not YAML, or lacks a title or a date.
    """
    head = frontmatter.read(text, path, "a post starts with `---`, `title: …`, `date: YYYY-MM-DD`, `---`", _TEXTS)
    try:
        json.dumps(head.values, ensure_ascii=False, skipkeys=True, default=str).encode()  # YAML allows lone surrogates
    except (UnicodeEncodeError, ValueError) as error:
        raise PostError(path, 2, f"the front matter cannot be written back: {error}") from error
    _check(head)
    return {k: v for k, v in head.values.items() if k not in NOTEBOOK_KEYS}, head.body, head.line


def _check(head: frontmatter.FrontMatter) -> None:
    meta = head.values
    if not isinstance(meta.get("title"), str) or not meta["title"].strip():
        raise head.error("title", "no title; add `title: …` to the front matter")
    day = meta.get("date")
    if isinstance(day, dict):  # Material's form: {created: …, updated: …}
        day = day.get("created")
    if day is None:
        raise head.error("date", "no date; add `date: YYYY-MM-DD` to the front matter")
    if not isinstance(day, date):
        raise head.error("date", f"{day!r} is not a date; write `date: YYYY-MM-DD`")
    for key in ("categories", "tags"):
        found = meta.get(key, [])
        if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
            raise head.error(key, f"{key} must be a list of names, as in `{key}: [Research]`")
    for key, unit in (("timeout", "seconds"), ("memory", "GiB")):
        value = meta.get(key, 1)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
            raise head.error(key, f"{key} must be a number of {unit} above 0")
    for key in ("description", "series", "slug"):
        if key in meta and not isinstance(meta[key], str):
            raise head.error(key, f"{key} must be text")
    if not re.fullmatch(r"(\w[\w.-]*)?", meta.get("slug", "")):
        raise head.error("slug", "slug must be letters, digits, hyphens, points and underscores")
