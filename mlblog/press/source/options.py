"""Options on the line of a fence, in Jupytext's syntax: `.noeval`, `key=<JSON value>`."""

from __future__ import annotations

import json
import re
from typing import Any

from mlblog.errors import PostError
from mlblog.press.source.document import TAGS, Options

_KEY = re.compile(r"\s*([A-Za-z_][\w-]*)=")
_LABEL = re.compile(r"[a-z][a-z0-9-]*")
#: Options of a cell.
CELL_KEYS = ("tags", "caption", "alt", "label", "timeout")
_SHOWN_KEYS = ("title", "hl_lines", "linenums", "linenums_style")  # Material's own, passed on to it


def split_options(text: str, path: str, line: int) -> tuple[bool, dict[str, Any]]:
    """Read what follows the language on a fence.

    Returns:
        Whether the cell is for display only, and the options as written.

    Raises:
        PostError: something that is neither `.noeval` nor `key=<JSON value>`.
    """
    decoder, found, noeval, rest = json.JSONDecoder(), {}, False, text.strip()
    while rest:
        if match := re.match(r"\.noeval(\s+|$)", rest):
            noeval, rest = True, rest[match.end() :]
            continue
        match = _KEY.match(rest)
        if not match:
            raise PostError(path, line, f'cannot read the option {rest.split()[0]!r}; write `.noeval` or `key="value"`')
        key = match.group(1)
        if key in found:
            raise PostError(path, line, f"option {key!r} is given twice")
        try:
            found[key], end = decoder.raw_decode(rest, match.end())
        except json.JSONDecodeError as error:
            raise PostError(path, line, f'the value of {key!r} is not JSON; write {key}="…" or {key}=["…"]') from error
        if re.search("[\ud800-\udfff]", str(found[key])):
            raise PostError(path, line, f"the value of {key!r} holds half a character; write the character itself")
        if end < len(rest) and not rest[end].isspace():
            raise PostError(path, line, f"a space is missing after the value of {key!r}")
        rest = rest[end:].strip()
    return noeval, found


def cell_options(found: dict[str, Any], path: str, line: int) -> Options:
    """Check the options of a cell that runs.

    Raises:
        PostError: an unknown option or tag, or a value of the wrong type.
    """
    for key, value in found.items():
        if key not in CELL_KEYS:
            raise PostError(path, line, f"unknown option {key!r}; a cell has {', '.join(CELL_KEYS)} and .noeval")
        if key == "tags":
            if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
                raise PostError(path, line, 'tags must be a list, as in tags=["hide-input"]')
            if unknown := sorted(set(value) - TAGS):
                raise PostError(path, line, f"unknown tag {unknown[0]!r}; there are {', '.join(sorted(TAGS))}")
        elif key == "timeout":
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
                raise PostError(path, line, "timeout must be a number of seconds, as in timeout=10")
        elif not isinstance(value, str) or not value.strip():
            raise PostError(path, line, f"{key} must be text in double quotes")
    label = found.get("label", "")
    if label and not _LABEL.fullmatch(label):
        raise PostError(path, line, f"label {label!r} must be lower-case letters, digits and hyphens")
    texts = found.get("caption", ""), found.get("alt", "")
    return Options(frozenset(found.get("tags", ())), *texts, label, found.get("timeout", 0))


def shown_options(found: dict[str, Any], path: str, line: int) -> str:
    """What Material is given on the fence of a cell for display only.

    Raises:
        PostError: an option that neither a cell nor Material has.
    """
    if unknown := sorted(set(found) - set(CELL_KEYS) - set(_SHOWN_KEYS)):
        raise PostError(path, line, f"unknown option {unknown[0]!r}; a .noeval fence has {', '.join(_SHOWN_KEYS)}")
    return "".join(f' {key}="{found[key]}"' for key in _SHOWN_KEYS if key in found)
