"""The page of changes: posts by the dates that they give, numbers by the commits that changed their records."""

from __future__ import annotations

import json
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from toyproject import write_project

from mlblog.lab import Lab, Project
from mlblog.press import Context, Post
from mlblog.press.page.published import Published
from mlblog.site.changes import pages


def published(name: str, day: str, **meta: Any) -> Published:
    post = Post(f"posts_src/{name}.md", {"title": f"On {name}", "date": date.fromisoformat(day), **meta}, ())
    return Published(post, (), (), ("coin",), ("share", "share", "never"), ())


POSTS = (
    published("a", "2026-01-02", updated=date(2026, 2, 3)),
    published("b", "2026-02-03", date={"created": date(2026, 2, 3), "updated": date(2026, 3, 4)}),
    published("c*", "2026-01-02"),
)
DATES = """\
## 2026-03-04

- Updated: [On b](blog/posts/b.md)

## 2026-02-03

- Updated: [On a](blog/posts/a.md)
- Published: [On b](blog/posts/b.md)

## 2026-01-02

- Published: [On a](blog/posts/a.md)
- Published: [On c&#42;](blog/posts/c*.md)
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return write_project(tmp_path, {"mkdocs.yml": "nav: [changes.md]\n", ".gitignore": ".mlblog\n"})


def text(project: Project, posts: tuple[Published, ...] = POSTS) -> str:
    (page,) = pages(Context(Lab(project), posts, lambda read: pytest.fail("reads no record")))
    assert page.path == "changes.md"
    return page.text


def commit(project: Project, day: str, *values: dict[str, float]) -> str:
    for seed, one in enumerate(values):
        path = project.results / f"coin/small/base/seed-{seed}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"values": one}))
    at = {"GIT_AUTHOR_DATE": f"{day}T12:00:00", "GIT_COMMITTER_DATE": f"{day}T12:00:00"}
    for command in (["add", "-A"], ["-c", "user.name=n", "-c", "user.email=e", "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=project.root, check=True, env={"PATH": "/usr/bin:/bin", **at})
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=project.root, check=True, capture_output=True, text=True)
    return done.stdout[:7]


def test_posts_come_by_their_dates_and_without_git_the_page_says_so(project: Project) -> None:
    told = text(project)
    assert told.partition("\n## ")[0].endswith("Numbers are left out: there is no readable git repository here.\n")
    assert told[told.index("## 2026") :] == DATES


def test_numbers_that_posts_name_come_by_the_commits_that_moved_them(project: Project) -> None:
    subprocess.run(["git", "init", "-q"], cwd=project.root, check=True)
    commit(project, "2026-04-01", {"share": 0.25, "other": 1.0}, {"share": 0.75, "other": 1.0})
    commit(project, "2026-04-02", {"share": 0.25, "other": 2.0}, {"share": 0.75, "other": 2.0})
    last = commit(project, "2026-04-03", {"share": 0.5, "other": 2.0}, {"share": 0.75, "other": 2.0})
    told = text(project)
    assert "left out" not in told
    line = "- Recorded anew: [coin, scale small](experiments.md#coin): share 0.5 → 0.625"
    assert told[told.index("## 2026") :] == f"## 2026-04-03\n\n{line} (commit {last})\n\n{DATES}"


@pytest.mark.parametrize("own", [False, True])
def test_a_blog_that_does_not_list_it_or_has_its_own_gets_none(project: Project, own: bool) -> None:
    if own:
        (project.root / "docs").mkdir(exist_ok=True)
        (project.root / "docs/changes.md").write_text("# Ours\n")
    else:
        (project.root / "mkdocs.yml").write_text("site_name: t\n")
    assert not [*pages(Context(Lab(project), POSTS, lambda read: pytest.fail("reads no record")))]
