"""A small project made of the files that a test names; its own package is `toy`."""

from __future__ import annotations

import textwrap
from pathlib import Path

from mlblog.lab import Project


def write_project(root: Path, files: dict[str, str]) -> Project:
    """Write files below `root`, and what else makes it a project whose own package is `toy`."""
    (root / "pyproject.toml").write_text('[tool.mlblog]\npackages = ["toy"]\n', encoding="utf-8")
    for name in ("toy/__init__.py", "toy/experiments/__init__.py"):
        files.setdefault(name, "")
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    return Project.find(root)
