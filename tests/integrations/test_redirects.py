"""A post whose name has changed: the old address leads to the new one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urljoin

from bs4 import BeautifulSoup, Tag

FILES = {
    "pyproject.toml": '[tool.mlblog]\npackages = ["toy"]\n',
    "toy/__init__.py": "",
    "toy/experiments/__init__.py": "",
    "mkdocs.yml": (
        "site_name: t\nsite_url: https://x.org/b/\ntheme: {name: material, font: false}\n"
        'plugins: [mlblog, blog: {post_url_format: "{slug}"},\n'
        "  redirects: {redirect_maps: {blog/old-name.md: blog/posts/new-name.md}}]\n"
    ),
    "docs/index.md": "# Home\n",
    "docs/blog/index.md": "# Blog\n",
    "posts_src/new-name.md": "---\ntitle: New\ndate: 2026-11-21\n---\nText.\n",
}


def test_an_old_address_leads_to_the_post(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    page = BeautifulSoup((tmp_path / "site/blog/old-name/index.html").read_text(), "html.parser")
    refresh = page.find("meta", attrs={"http-equiv": "refresh"})
    assert isinstance(refresh, Tag)
    way = str(refresh["content"]).partition("url=")[2]
    assert urljoin("/blog/old-name/", way) == "/blog/new-name/"
    assert (tmp_path / "site/blog/new-name/index.html").is_file()
