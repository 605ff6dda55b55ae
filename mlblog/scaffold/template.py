"""Templates: package files with placeholders `{{name}}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).parent / "templates"
#: Template names differ from the files created. An underscore in one would match patterns such as `f"{a}_{b}"`,
#: with which experiments may name data files: their records would become stale.
_NAMES = {"gitignore": ".gitignore", "init.py": "__init__.py", "posts": "posts_src"}
_PLACE = re.compile(r"\{\{([a-z]+)\}\}")


def filled(path: Path, values: Mapping[str, str]) -> str:
    """Return the text of a template with its placeholders filled in.

    Raises:
        KeyError: a placeholder has no value, which is a bug in mlblog.
    """
    return _PLACE.sub(lambda match: values[match[1]], path.read_text(encoding="utf-8"))


def blog_files(values: Mapping[str, str]) -> dict[str, str]:
    """The files of a new blog by path; `values` are those of the placeholders, `package` among them."""
    below, found = FOLDER / "blog", {}
    for template in sorted(path for path in below.rglob("*.txt") if path.is_file()):
        path = template.relative_to(below).with_suffix("")
        parts = [{"PACKAGE": values["package"], **_NAMES}.get(part, part) for part in path.parts]
        text = template.read_text(encoding="utf-8") if "workflows" in parts else filled(template, values)
        found["/".join(parts)] = text
    return found
