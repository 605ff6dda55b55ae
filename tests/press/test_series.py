"""Series: each part names the others in order, leads on to the next, and knows nothing of drafts."""

from __future__ import annotations

from pathlib import Path

import markdown
import pytest
from bs4 import BeautifulSoup, Tag
from press.rendering import EXTENSIONS, OPTIONS
from toyproject import write_project

from mlblog.press import Compiled, compile_posts

FILES = {
    "last": ("Last & least", "2026-01-03", "series: Walks"),
    "first": ("First", "2026-01-01", "series: Walks"),
    "middle": ("Middle", "2026-01-02", "series: Walks"),
    "hidden": ("Hidden", "2026-01-02", "series: Walks\ndraft: true"),
    "alone": ("Alone", "2026-01-02", "series: Runs"),
    "other": ("Other", "2026-01-02", "tags: [A]"),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, (title, day, more) in FILES.items():
        text = f"---\ntitle: {title}\ndate: {day}\n{more}\n---\nFirst words.\n"
        (tmp_path / "posts_src").mkdir(exist_ok=True)
        (tmp_path / f"posts_src/{name}.md").write_text(text)
    return tmp_path


def compiled(root: Path) -> Compiled:
    done = compile_posts(write_project(root, {}))
    assert not done.errors
    return done


def page(done: Compiled, name: str) -> BeautifulSoup:
    body = (done.folder / f"blog/posts/{name}.md").read_text().split("---\n", 2)[2]
    return BeautifulSoup(markdown.markdown(body, extensions=EXTENSIONS, extension_configs=OPTIONS), "html.parser")


def only(found: list[Tag]) -> Tag:
    (one,) = found
    return one


def test_each_part_says_its_place_and_names_the_others(root: Path) -> None:
    done = compiled(root)
    for place, name in enumerate(("first", "middle", "last"), 1):
        box = only(page(done, name).select("details.mlblog-series[open]"))
        assert only(box.select("summary")).get_text(strip=True) == f"Part {place} of 3 ofWalks"
        assert [item.get_text(strip=True) for item in box.select("ol > li")] == ["First", "Middle", "Last & least"]
        links = {str(link["href"]) for link in box.select("a")}
        assert links == {"first.md", "middle.md", "last.md"} - {f"{name}.md"}


def test_the_text_leads_on_to_the_parts_beside(root: Path) -> None:
    done = compiled(root)
    expected = {
        "first": [("Next part", "middle.md")],
        "middle": [("Previous part", "first.md"), ("Next part", "last.md")],
        "last": [("Previous part", "middle.md")],
    }
    for name, ways in expected.items():
        found = only(page(done, name).select("div.mlblog-parts")).select("p")
        links = [only(paragraph.select("a")) for paragraph in found]
        assert [(p.get_text().partition(":")[0], a["href"]) for p, a in zip(found, links, strict=True)] == ways


@pytest.mark.parametrize("name", ["alone", "other", "hidden"])
def test_a_post_alone_or_in_draft_has_neither(root: Path, name: str) -> None:
    assert not page(compiled(root), name).select(".mlblog-series, .mlblog-parts")


def test_a_new_part_changes_the_pages_of_the_others(root: Path) -> None:
    compiled(root)
    draft = root / "posts_src/hidden.md"
    draft.write_text(draft.read_text().replace("draft: true\n", ""))
    done = compiled(root)
    assert "of 4 of" in page(done, "first").get_text()
    assert [a["href"] for a in page(done, "middle").select(".mlblog-parts a")] == ["hidden.md", "last.md"]
    assert "posts_src/other.md" in done.cached
    assert not page(done, "other").select(".mlblog-series")


def test_a_series_is_named_by_text(root: Path) -> None:
    (root / "posts_src/other.md").write_text("---\ntitle: T\ndate: 2026-01-01\nseries: [A]\n---\nText.\n")
    (error,) = compile_posts(write_project(root, {})).errors
    assert str(error) == "posts_src/other.md:4: series must be text"
