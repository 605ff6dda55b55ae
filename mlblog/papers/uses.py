"""Where code cites papers, found in its text: nothing is imported."""

from __future__ import annotations

import re

from mlblog.lab import Project

#: A key in a docstring or a comment, alone in brackets or before a place: `[key]`, `[key, eq. 3]`, `[@key]`.
CITED = re.compile(r"\[@?([a-z]+(?:1[6-9]|20)\d\d[a-z0-9]+)(?=[\],;])")


def modules_citing(project: Project) -> dict[str, list[str]]:
    """For each key the modules of the project that cite it, sorted, by their dotted names.

    The package of papers is left out, which speaks of keys and not of papers.
    """
    found: dict[str, set[str]] = {}
    for package in project.packages:
        folder = project.root.joinpath(*package.split("."))
        for file in sorted(folder.rglob("*.py")):
            inside = file.relative_to(folder)
            if inside.parts[0] == "papers":
                continue
            text = file.read_text(encoding="utf-8", errors="replace")
            parts = [package, *inside.with_suffix("").parts]
            module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            for key in CITED.findall(text):
                found.setdefault(key, set()).add(module)
    return {key: sorted(modules) for key, modules in found.items()}
