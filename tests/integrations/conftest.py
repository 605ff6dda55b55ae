"""A small blog with authors, a figure and other pages, built by MkDocs once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from toyproject import write_project

FIGURE = '```python alt="Rises & falls" caption="A caption" label="line"\nimport matplotlib.pyplot as plt\n\n'
FIGURE += "plt.plot([1, 3, 2])\n```\n"
DIAGRAM = "```mermaid\ngraph LR\n  A[Data & more] --> B{Fits?}\n```\n"
FILES = {
    "mkdocs.yml": (
        "site_name: The site\nsite_description: About it.\nsite_url: https://x.org/b/\n"
        "theme: {name: material, font: false}\n"
        'plugins: [search, mlblog: {design: true}, blog: {post_url_format: "{slug}", authors_profiles: true},\n'
        "  rss: {match_path: blog/posts/.*, use_git: false, date_from_meta: {as_creation: date, as_update: date}}]\n"
        "markdown_extensions: [pymdownx.superfences, pymdownx.details]\n"
    ),
    "docs/index.md": "---\ntemplate: home.html\n---\n\n# Home\n\nThe [blog](blog/index.md).\n\n<!-- latest -->\n",
    "docs/guide/one.md": "---\ndescription: A guide.\n---\n\n# Guide\n\nSee [home](../index.md#home) and [no page](https://y.org/).\n",
    "docs/blog/index.md": "# Blog\n",
    "docs/blog/.authors.yml": (
        "authors:\n  ada: {name: Ada Lovelace, description: Engines, avatar: 'https://y.org/a.png'}\n"
        "  bob: {name: Bob, description: Local, avatar: assets/bob.svg}\n"
        "  eve: {name: Eve, description: Unseen, avatar: ''}\n"
    ),
    "docs/assets/bob.svg": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9z"/></svg>\n',
    "posts_src/walk.md": (
        "---\ntitle: A walk\ndate: 2026-11-20\nauthors: [ada, bob]\nseries: Ways\ndescription: Told.\n---\n\n"
        f"First words: `{{python}} 6 * 7`.\n\n<!-- more -->\n\nThen [the other](other.md).\n\n{FIGURE}\n{DIAGRAM}"
    ),
    "posts_src/other.md": (
        "---\ntitle: Another\ndate: 2026-11-21\nauthors: [eve]\nseries: Ways\n---\n\n"
        f"{FIGURE}\n<!-- more -->\n\nText.\n"
    ),
    "posts_src/plain.md": "---\ntitle: Plain\ndate: 2026-11-19\n---\n\nOnly words.\n",
}  # fmt: skip


@pytest.fixture(scope="session")
def small_blog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("small")
    write_project(root, dict(FILES))
    built(root)
    return root


def built(root: Path) -> str:
    """Build strictly, and return what MkDocs said."""
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "MLBLOG_EXPERIMENTS": "never"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stderr
