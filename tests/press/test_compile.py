"""All posts at once: the good ones are made, the bad ones are named, nothing is written that has not changed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from toypost import HEAD

from mlblog.lab import Project
from mlblog.press import Compiled, Server, compile_posts, post_files


def write(project: Project, **posts: str) -> None:
    for name, body in posts.items():
        (project.posts / f"{name}.md").write_text(HEAD + body)


def pages(project: Project) -> dict[str, bytes]:
    folder = project.work / "pages" / "blog" / "posts"
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def warm(fresh: Project) -> Iterator[Callable[..., Compiled]]:
    with Server(fresh, timeout=20) as server:
        yield lambda **options: compile_posts(fresh, server=server, **options)


PLOT = '```python alt="A"\nimport matplotlib.pyplot as plt\n\nplt.plot([1, 2])\n```\n'


def test_bad_posts_do_not_stop_the_others(fresh: Project, warm: Callable[..., Compiled]) -> None:
    names = ["failing_cell", "killed_cell", "missing_record", "no_alt", "unclosed_fence", "not_utf8"]
    for name in names:
        (fresh.posts / f"{name}.md").write_bytes((Path(__file__).parents[1] / "samples" / f"{name}.md").read_bytes())
    write(fresh, a="```python\n1\n```\n", z="Prose.\n")
    done = warm()
    assert done.pages == ["blog/posts/a.md", "blog/posts/z.md"]
    assert [str(error).split(": ")[0] for error in done.errors] == [
        "posts_src/failing_cell.md:14",
        "posts_src/killed_cell.md:9",
        "posts_src/missing_record.md:8",
        "posts_src/no_alt.md:5",
        "posts_src/not_utf8.md:6",
        "posts_src/unclosed_fence.md:7",
    ]
    assert sorted(pages(fresh)) == ["a.md", "a/a.ipynb", "z.md"]
    assert done.summary == "2 pages: 2 ran, 1 unchanged, 6 failed"


def test_errors_get_pages_where_asked(fresh: Project, warm: Callable[..., Compiled]) -> None:
    write(fresh, good="Prose.\n", bad="```python\nundefined\n```\n")
    (fresh.posts / "headless.md").write_text("Prose.\n")
    done = warm(show_errors=True)
    assert len(done.errors) == 2
    assert b"posts_src/bad.md:6: NameError" in pages(fresh)["bad.md"]
    assert b"no front matter" in pages(fresh)["headless.md"]
    assert b"mlblog-error" not in pages(fresh)["good.md"]


def test_only_what_differs_is_written(fresh: Project, warm: Callable[..., Compiled]) -> None:
    write(fresh, a=PLOT, b="Prose.\n")
    warm()
    folder = fresh.work / "pages" / "blog" / "posts"
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    content = pages(fresh)
    assert sorted(content) == [
        "a.md",
        "a/a.ipynb",
        "a/figure-1-dark.svg",
        "a/figure-1-light.svg",
        "a/figure-1-lines-values.json",
        "a/figure-1.csv",
        "b.md",
    ]
    write(fresh, b="Other prose.\n")
    warm()
    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    assert {path.name for path in after if after[path] != before[path]} == {"b.md"}


def test_pages_and_figures_without_a_post_are_removed(fresh: Project, warm: Callable[..., Compiled]) -> None:
    write(fresh, a=PLOT, b="Prose.\n")
    warm()
    (fresh.posts / "a.md").unlink()
    warm()
    assert sorted(pages(fresh)) == ["b.md"]
    assert not (fresh.work / "pages" / "blog" / "posts" / "a").exists()


def test_a_fresh_compile_gives_the_same_bytes_as_a_cached_one(fresh: Project, warm: Callable[..., Compiled]) -> None:
    write(fresh, a=PLOT)
    assert warm().ran
    first = pages(fresh)
    assert warm().cached
    assert pages(fresh) == first
    for name in ("outputs", "pages"):
        shutil.rmtree(fresh.work / name)
    assert warm().ran
    assert pages(fresh) == first


def test_two_posts_cannot_have_one_address(fresh: Project, warm: Callable[..., Compiled]) -> None:
    (fresh.posts / "notes").mkdir()
    write(fresh, a="Prose.\n")
    (fresh.posts / "notes" / "a.md").write_text(HEAD)
    (error,) = warm().errors
    assert str(error).startswith("posts_src/notes/a.md:1: has the same address as posts_src/a.md")


def test_addresses_that_differ_only_in_case_are_one(fresh: Project, warm: Callable[..., Compiled]) -> None:
    """As they are on a Mac."""
    write(fresh, a="Prose.\n", b="Prose.\n")
    (fresh.posts / "b.md").write_text(HEAD.replace("---\n", "---\nslug: A\n", 1))
    (error,) = warm().errors
    assert str(error).startswith("posts_src/b.md:1: has the same address as posts_src/a.md")


def test_goals_are_no_posts(fresh: Project) -> None:
    (fresh.posts / "goals").mkdir()
    (fresh.posts / "goals" / "2026-W47.md").write_text("# Goals\n")
    write(fresh, a="Prose.\n")
    assert [path.name for path in post_files(fresh)] == ["a.md"]


def test_fail_fast_stops(fresh: Project, warm: Callable[..., Compiled]) -> None:
    write(fresh, **{f"p{i}": "```python\nundefined\n```\n" for i in range(12)})
    assert 1 <= len(warm(fail_fast=True).errors) < 12


def test_a_project_without_posts_has_no_pages(fresh: Project) -> None:
    done = compile_posts(fresh)
    assert (done.pages, done.errors) == ([], [])


def test_stale_records_are_told(fresh: Project, warm: Callable[..., Compiled], record: Callable[..., None]) -> None:
    record(fresh, "smoke")
    body = "```python\nfrom toy.experiments.coin import coin\n\ncoin.runs().mean('mean')\n```\n"
    write(fresh, a=body)
    assert warm().stale == {}
    assert b"Preview" in pages(fresh)["a.md"]
    module = fresh.root / "toy" / "experiments" / "coin.py"
    module.write_text(module.read_text().replace("- 0.5", "- 0.6"))
    done = warm()
    assert done.stale == {"coin": ("toy.experiments.coin.toss changed",)}
    assert done.ran == []  # what the cell does has not changed; what its records are worth has
    assert b"Stale: toy.experiments.coin.toss changed" in pages(fresh)["a.md"]
