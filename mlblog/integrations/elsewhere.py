"""Where else readers can open a notebook: in Colab, if GitHub has it and its imports can be installed there."""

from __future__ import annotations

import json
import re
from pathlib import Path

from mlblog.files.git import Git
from mlblog.lab import Project
from mlblog.press.page.origin import Origin

_GITHUB = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?")
_COLAB = "https://colab.research.google.com/github"


def elsewhere(path: Path, project: Project, repository: str) -> str:
    """HTML that leads to a notebook in Colab; empty where that is not known to work.

    Args:
        path: the notebook.
        project: the project that it is in.
        repository: `repo_url` of `mkdocs.yml`, or empty.
    """
    github = _GITHUB.fullmatch(repository)
    if github is None or not path.is_relative_to(project.root):
        return ""
    origin = Origin.of(project, repository)
    name = path.relative_to(project.root).as_posix()
    whole = Git(project.root).ask(
        "ls-files", "--full-name", "--", name
    )  # the project may be a folder of the repository
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    if not origin.commit or not whole or name in origin.edited or not origin.can_install(code):
        return ""
    address = f"{_COLAB}/{github[1]}/blob/{origin.commit}/{whole}"
    return f'<p class="mlblog-elsewhere"><a href="{address}">Open this notebook in Colab</a></p>'
