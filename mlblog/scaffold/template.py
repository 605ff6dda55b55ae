"""Templates: files of the package in which `{{name}}` stands for a value."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parent / "templates"
_PLACE = re.compile(r"\{\{([a-z]+)\}\}")


def filled(path: Path, values: dict[str, str]) -> str:
    """Return the text of a template with its places filled in.

    Raises:
        KeyError: a place has no value; the templates are ours, so that is a mistake of ours.
    """
    return _PLACE.sub(lambda match: values[match[1]], path.read_text(encoding="utf-8"))
