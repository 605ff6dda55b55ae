"""Scribbles stand beside the blog, on pages and in an index of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlblog.lab import Project
from mlblog.site import compile_site

HEAD = "---\ntitle: {}\ndate: 2026-01-02\ntheme: {}\ndescription: About {}.\n---\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "pyproject.toml").write_text('[tool.mlblog]\npackages = ["notes"]\n')
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/__init__.py").touch()
    scribbles = tmp_path / "posts_src/scribbles"
    scribbles.mkdir(parents=True)
    (scribbles / "knn.md").write_text(HEAD.format("Neighbours", "Statistics", "k") + "Near.\n")
    (scribbles / "em.md").write_text(HEAD.format("By *EM*", "Statistics", "EM") + "Up.\n")
    (scribbles / "ddp.md").write_text(HEAD.format("Replicas", "Systems", "DDP") + "Mean.\n")
    (tmp_path / "posts_src/knn.md").write_text(HEAD.format("A post", "Statistics", "posts") + "A post.\n")
    return Project.find(tmp_path)


def test_a_scribble_has_a_page_of_its_own_and_stands_in_the_index(project: Project) -> None:
    done = compile_site(project)
    assert not done.errors
    assert sorted(done.pages) == [
        "blog/posts/knn.md",
        "scribbles/ddp.md",
        "scribbles/em.md",
        "scribbles/index.md",
        "scribbles/knn.md",
    ]
    index = (done.folder / "scribbles/index.md").read_text()
    lines = [line for line in index.splitlines() if line.startswith(("##", "- "))]
    assert lines == [
        "## Statistics",
        "- [By &#42;EM&#42;](em.md): About EM.",
        "- [Neighbours](knn.md): About k.",
        "## Systems",
        "- [Replicas](ddp.md): About DDP.",
    ]


def test_without_scribbles_there_is_no_index(project: Project) -> None:
    for path in (project.posts / "scribbles").iterdir():
        path.unlink()
    assert compile_site(project).pages == ["blog/posts/knn.md"]


def test_a_draft_is_previewed_alone(project: Project) -> None:
    (project.posts / "scribbles/em.md").write_text(
        HEAD.format("EM", "Statistics", "EM")[:-4] + "draft: true\n---\nUp.\n"
    )
    done = compile_site(project)
    assert "scribbles/em.md" in done.pages
    assert "em.md" not in (done.folder / "scribbles/index.md").read_text()
    assert set(done.pages) - set(done.without_drafts().pages) == {"scribbles/em.md"}
