"""Options on the line of a fence, in Jupytext's syntax: `.noeval`, `key=<JSON value>`."""

from __future__ import annotations

import json
import re
from typing import Any

from mlblog.errors import PostError
from mlblog.press.source.document import Options

_KEY = re.compile(r"\s*([A-Za-z_][\w-]*)=")
_LABEL = re.compile(r"[a-z][a-z0-9-]*")
_LAYOUT = re.compile(r"([1-9])x([1-9])")
#: Options of cells.
CELL_KEYS = ("tags", "caption", "alt", "label", "layout", "raster", "timeout")
_SHOWN_KEYS = ("title", "hl_lines", "linenums", "linenums_style")  # Material's options, passed through


def split_options(text: str, path: str, line: int) -> tuple[bool, dict[str, Any]]:
    """Read the options after the language of a fence.

    Returns:
        Whether the cell is for display only, and the options as written.

    Raises:
        PostError: an option is neither `.noeval` nor `key=<JSON value>`.
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
            raise PostError(path, line, f"the value of {key!r} has a lone surrogate; write the character itself")
        if end < len(rest) and not rest[end].isspace():
            raise PostError(path, line, f"a space is missing after the value of {key!r}")
        rest = rest[end:].strip()
    return noeval, found


def cell_options(found: dict[str, Any], path: str, line: int) -> Options:
    """Check the options of a cell that runs.

    Raises:
        PostError: an unknown option, or a value of the wrong type. Tags are free, as in Jupyter.
    """
    for key, value in found.items():
        if key not in CELL_KEYS:
            raise PostError(path, line, f"unknown option {key!r}; cells take {', '.join(CELL_KEYS)} and .noeval")
        if key == "tags":
            if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
                raise PostError(path, line, 'tags must be a list, as in tags=["hide-input"]')
        elif key == "timeout":
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
                raise PostError(path, line, "timeout must be a number of seconds, as in timeout=10")
        elif key == "raster":
            if not isinstance(value, bool):
                raise PostError(path, line, "raster must be true or false, as in raster=true")
        elif key == "alt" and isinstance(value, list):
            if not value or not all(isinstance(text, str) and text.strip() for text in value):
                raise PostError(path, line, 'alt must be text, or a list of texts, as in alt=["left", "right"]')
        elif not isinstance(value, str) or not value.strip():
            raise PostError(path, line, f"{key} must be text in double quotes")
    label = found.get("label", "")
    if label and not _LABEL.fullmatch(label):
        raise PostError(path, line, f"label {label!r} must be lower-case letters, digits and hyphens")
    layout = _LAYOUT.fullmatch(found.get("layout", "1x1"))
    if layout is None:
        raise PostError(path, line, 'layout must be rows x columns of figures, each at most 9, as in layout="2x1"')
    alt = found.get("alt", [])
    return Options(
        frozenset(found.get("tags", ())),
        found.get("caption", ""),
        (alt,) if isinstance(alt, str) else tuple(alt),
        label,
        (int(layout[1]), int(layout[2])) if "layout" in found else (0, 0),
        found.get("raster", False),
        found.get("timeout", 0),
    )


def written_options(options: Options) -> dict[str, Any]:
    """The options of a cell as written on a fence, without defaults."""
    rows, columns = options.layout
    found = {
        "tags": sorted(options.tags),
        "caption": options.caption,
        "alt": options.alt[0] if len(options.alt) == 1 else list(options.alt),
        "label": options.label,
        "layout": f"{rows}x{columns}" if rows else "",
        "raster": options.raster,
        "timeout": options.timeout,
    }
    return {key: value for key, value in found.items() if value}


def shown_options(found: dict[str, Any], path: str, line: int) -> str:
    """Material's options for the fence of a display-only cell.

    Raises:
        PostError: an option is unknown to both cells and Material.
    """
    if unknown := sorted(set(found) - set(CELL_KEYS) - set(_SHOWN_KEYS)):
        raise PostError(path, line, f"unknown option {unknown[0]!r}; .noeval fences take {', '.join(_SHOWN_KEYS)}")
    return "".join(f' {key}="{found[key]}"' for key in _SHOWN_KEYS if key in found)
