"""Templates: package files with placeholders `{{name}}`."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parent / "templates"
_PLACE = re.compile(r"\{\{([a-z]+)\}\}")


def filled(path: Path, values: dict[str, str]) -> str:
    """Return the text of a template with its placeholders filled in.

    Raises:
        KeyError: a placeholder has no value, which is a bug in mlblog.
    """
    return _PLACE.sub(lambda match: values[match[1]], path.read_text(encoding="utf-8"))
