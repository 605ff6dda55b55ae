"""The pages of weekly goals."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from bs4 import BeautifulSoup
from markdown import Markdown

from mlblog.errors import PostError
from mlblog.goals import parse_week
from mlblog.goals.calibrate import Forecast, levels
from mlblog.lab import Lab, Project
from mlblog.press import Context
from mlblog.press.configuration import EXTENSIONS
from mlblog.site import goals
from mlblog.site.reliability import diagram, words

SAMPLE = Path(__file__).parents[1] / "samples/goals/2025-W07.md"
Make = Callable[[dict[str, str]], Project]
BIB = "@book{smith2020first,\n author = {Smith, Ann},\n title = {First},\n year = {2020},\n publisher = {P},\n}\n"
WEEKS = {
    "posts_src/goals/2026-W45.md": "## A\n- [x] Done, 4/5\n- [ ] Left *over*, 3/5\n",
    "posts_src/goals/2026-W47.md": (
        "Why <b>this</b> week.\n\n## A\n- [ ] Left over (2/5)\n"
        "    - [x] Read [@smith2020first]\n\n      A note of it.\n\n"
        "### B_c\n- [x] Plain\n- around\n    - [ ] Inner `walk`\n"
    ),
    "toy/papers/references.bib": BIB,
}


def made(project: Project) -> dict[str, str]:
    context = Context(Lab(project), (), lambda read: pytest.fail(f"looked up {read}"))  # type: ignore[arg-type]
    return {page.path: page.text for page in goals.pages(context)}


def shown(text: str) -> BeautifulSoup:
    extensions = [*EXTENSIONS, "attr_list", "tables", "md_in_html", "pymdownx.smartsymbols"]
    return BeautifulSoup(
        Markdown(extensions=list(dict.fromkeys(extensions))).convert(text.split("\n---\n", 1)[1]), "html.parser"
    )


def test_blog_without_goals_has_no_such_pages(make_project: Make) -> None:
    assert made(make_project({})) == {}


def test_week_is_shown_as_it_was_written(make_project: Make) -> None:
    pages = made(make_project(dict(WEEKS)))
    assert list(pages) == ["goals/index.md", "goals/2026-W45.md", "goals/2026-W47.md"]
    page = shown(pages["goals/2026-W47.md"])
    assert page.h1.get_text() == "Week 47 of 2026"
    assert [heading.get_text() for heading in page.find_all(["h2", "h3"])] == ["A", "B_c", "References"]
    rows = [
        [cell.get_text() for cell in row.find_all(["th", "td"])] for row in page.select(".mlblog-progress tbody tr")
    ]
    assert rows == [["A", "1 of 2", ""], ["A / B_c", "1 of 2", ""]]
    boxes = [
        (box["aria-label"], box.parent.get_text(" ", strip=True).split(" ")[0]) for box in page.select(".mlblog-box")
    ]
    assert [name for name, _ in boxes] == ["open", "reached", "reached", "open"]
    inner = page.select_one(".mlblog-goals li li")
    assert "A note of it." in inner.get_text()
    assert inner.select_one("a.mlblog-cite, a[href='#ref-smith2020first']") is not None
    assert "not earned" in inner.get_text()
    assert page.select_one(".mlblog-age").get_text() == "since 2026-W45, 2 weeks"
    assert page.select_one(".mlblog-confidence").get_text() == "2/5"
    assert page.b.get_text() == "this"
    assert "there is no note toy/papers/notes/smith2020first.md" in page.select_one("div.mlblog-stale").get_text()
    closed = shown(pages["goals/2026-W45.md"])
    assert "2 to 8 November 2026. Closed: 1 of 2 reached." in closed.get_text()


def test_index_sums_up_and_gives_the_home_page_this_week(make_project: Make) -> None:
    text = made(make_project(dict(WEEKS)))["goals/index.md"]
    page = shown(text)
    assert yaml.safe_load(text.split("\n---\n")[0].removeprefix("---\n"))["this_week"] == {
        "title": "Week 47 of 2026",
        "days": "16 to 22 November 2026",
        "page": "goals/2026-W47/",
        "done": 2,
        "count": 4,
        "groups": [{"title": "A", "done": 1, "count": 2}, {"title": "A / B_c", "done": 1, "count": 2}],
    }
    assert "Left over: since 2026-W45, 2 weeks" in page.get_text()
    assert "1 have a confidence; expected: 0.4" in page.get_text()
    assert [link["href"] for link in page.select("ul a[href^='2026']")] == ["2026-W47.md", "2026-W45.md"]
    cells = [[cell.get_text() for cell in row.find_all("td")] for row in page.select("table")[1].select("tbody tr")]
    assert cells == [["3/5", "1", "0", "0%, 0% to 79%"], ["4/5", "1", "1", "100%, 21% to 100%"]]
    assert len(page.select("svg circle")) == 2


def test_unknown_paper_is_named_with_its_line(make_project: Make) -> None:
    files = dict(WEEKS) | {"posts_src/goals/2026-W47.md": "\n- [ ] Read [@smith2020frist]\n"}
    with pytest.raises(PostError, match=r"^posts_src/goals/2026-W47.md:2: no paper 'smith2020frist'"):
        made(make_project(files))


def test_first_week_says_that_there_is_nothing_to_judge(make_project: Make) -> None:
    text = made(make_project({"posts_src/goals/2026-W47.md": "Nothing yet.\n"}))["goals/index.md"]
    assert "there is nothing to show" in text
    assert "0 of 0 goals are reached so far. No confidences were given." in text
    assert "<table>" not in text


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("2026-W47", "16 to 22 November 2026"),
        ("2026-W49", "30 November to 6 December 2026"),
        ("2026-W53", "28 December 2026 to 3 January 2027"),
    ],
)
def test_days_of_a_week(name: str, days: str) -> None:
    assert goals.days(parse_week("", f"{name}.md")) == days


def forecasts() -> list[Forecast]:
    found = parse_week(SAMPLE.read_bytes(), "2025-W07.md").goals
    return [(goal.probability, goal.done) for goal in found if goal.probability is not None]


def test_points_of_the_diagram_lie_where_their_numbers_say() -> None:
    svg = ElementTree.fromstring(diagram(levels(forecasts())).partition("\n<figcaption>")[0])
    assert svg.get("aria-label") == (
        "Share reached against confidence. "
        "said 1/5: 1 of 1 reached; said 3/5: 2 of 8 reached; said 4/5: 3 of 5 reached."
    )
    ends = re.findall(r"[\d.]+", next(path for path in svg.iter("path") if path.get("class") == "ideal").get("d") or "")
    left, bottom, right, top = map(float, ends)
    assert left < right
    assert top < bottom, "a larger share is higher up"
    found = [
        ((float(dot.get("cx") or 0) - left) / (right - left), (bottom - float(dot.get("cy") or 0)) / (bottom - top))
        for dot in svg.iter("circle")
    ]
    expected = [(0.2, 1.0), (0.6, 0.25), (0.8, 0.6)]
    assert found == [pytest.approx(point, abs=1e-3) for point in expected]
    widths = [float(dot.get("r") or 0) for dot in svg.iter("circle")]
    assert widths[0] < widths[2] < widths[1], "points are as large as they count"


def test_words_do_not_say_more_than_so_few_goals_can_tell() -> None:
    text = words(forecasts())
    assert "Of 14 goals" in text
    assert "6 were reached; 9.0 were expected" in text
    assert "not evidence" in text
    assert "is 0.323: worse than the 0.245" in text
    assert "unlikely to be chance" in words([(0.8, False)] * 9)
    assert "better than" in words([(0.8, True)] * 4 + [(0.2, False)])


NOTES = ["", "*A remark.*", "Two\n\nparagraphs.", "```\n- [ ] code\n```", "> quoted\n> text"]


@pytest.mark.parametrize("seed", range(40))
def test_every_goal_is_an_item_of_its_own_whatever_its_notes(make_project: Make, seed: int) -> None:
    """Items that a generator makes come out in their order, at their depth, each with its own box and title."""
    draw = random.Random(seed)
    text, wanted, depth = "## A\n\n", [], 0
    for number in range(draw.randint(2, 9)):
        depth = draw.randint(0, min(depth + 1, 3)) if number else 0
        confidence = draw.choice(["", ", 3/5", " (4/5)", ", 1/2 of it, 0/5"])
        box = draw.choice(["[ ] ", "[x] ", ""])
        text += f"{'    ' * depth}- {box}item {number}{confidence if box else ''}\n"
        for paragraph in filter(None, draw.choice(NOTES).split("\n\n") if box else []):
            text += "\n" + "".join(f"{'    ' * depth}  {line}\n" for line in paragraph.split("\n"))
        text += draw.choice(["", "\n"])
        wanted.append((depth, box[:3], f"item {number}"))
    page = shown(made(make_project({"posts_src/goals/2026-W47.md": text}))["goals/2026-W47.md"])
    found = []
    for item in page.select(".mlblog-goals li"):
        own = item.find("p", recursive=False) or item
        title = re.match(r"item \d+", own.get_text().replace("✓", "").strip())
        if title:
            box = own.select_one(":scope > .mlblog-box")
            sign = {None: "", "open": "[ ]", "reached": "[x]"}[box and box["aria-label"]]
            inside = [one for one in item.parents if one.name == "li"]
            found.append((len(inside), sign, title[0]))
    assert found == wanted, text
    assert not set("⅕⅖⅗⅘") & set(page.get_text())
