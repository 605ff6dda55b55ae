"""Checklists as people write them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlblog.errors import PostError
from mlblog.goals.checklist import Bullet, Goal, Heading, Prose, Week, parse_week
from mlblog.goals.confidence import plain

SAMPLE = Path(__file__).parents[1] / "samples/goals/2025-W07.md"


def read(text: str) -> Week:
    return parse_week(text, "goals/2026-W47.md")


def only(text: str) -> Goal:
    (goal,) = read(text).goals
    return goal


def test_long_list_is_read_whole() -> None:
    """27 boxes, 14 of them ticked; 14 carry a number: 3/5 eight times, 4/5 five times, 1/5 once."""
    goals = parse_week(SAMPLE.read_bytes(), "goals/2025-W07.md").goals
    assert (len(goals), sum(goal.done for goal in goals)) == (27, 14)
    assert Counter((goal.fifths, goal.done) for goal in goals if goal.fifths is not None) == {
        (3, True): 2,
        (3, False): 6,
        (4, True): 3,
        (4, False): 2,
        (1, True): 1,
    }
    assert sum(goal.done for goal in goals if goal.fifths is None) == 8
    groups = Counter(goal.group for goal in goals)
    assert groups == {
        ("Lessons", "Homework"): 3,
        ("Lessons", "Reading along"): 5,
        ("Articles", "Pictures, first week"): 4,
        ("Articles", "Sequences (a list from here)"): 12,
        ("Building",): 3,
    }
    by_text = {goal.text: goal for goal in goals}
    assert by_text["Ned Six, et al. “Pictures by blocks” 2018."].note == (
        "*Blocks of a picture are drawn one after another.*",
        "*Each block sees its neighbours ($H \\times 3 \\times W$).*",
        "*Judges took 3/5 of them for photographs.*",
    )
    assert by_text["Finish the demo [link]"].markdown == "**Finish the demo** [[link]](https://example.org/s)"
    assert by_text["Max Five. (“As long as it takes”)"].note[0].startswith("*A net decides")


def test_what_is_in_comments_and_code_is_no_group_and_no_goal() -> None:
    quiet = "<!--\n# No\n\n- [ ] no\n-->\n\n~~~\n# No\n````\n- [ ] no\n~~~\n\n    # No\n"
    week = read(f"# A\n\nText\n\n{quiet}\n## B\n\n- [ ] one\n")
    assert [(goal.text, goal.group) for goal in week.goals] == [("one", ("B",))]


def test_a_comment_within_an_item_stays_in_it() -> None:
    goal = only("- [ ] Read it <!-- or\n  not --> (3/5)\n")
    assert goal.markdown == "Read it <!-- or not -->"


@pytest.mark.parametrize(
    ("written", "text", "fifths"),
    [
        ("Read it", "Read it", None),
        ("Read it 3/5", "Read it", 3),
        ("Read it, 3/5", "Read it", 3),
        ("Read it (3/5)", "Read it", 3),
        ("Read it [4/5].", "Read it", 4),
        ("Read it: 0/5", "Read it", 0),
        ("Read it - 5 / 5", "Read it", 5),
        ("Read it (confidence 2/5)", "Read it", 2),
        ("Read it, confidence: 2/5", "Read it", 2),
        ("Read it, 3.5/5", "Read it", 3.5),
        ("**Read it, 3/5**", "Read it", 3),
        ("**Read it** 3/5", "Read it", 3),
        ("**Read it (3/5)**", "Read it", 3),
        ("**Read it** (3/5)", "Read it", 3),
        ("__Read it__, 3/5 <br>", "Read it", 3),
        ("Read **it, 3/5**", "Read it", 3),
        ("Read it, **3/5**", "Read it", 3),
        ("Read it (3/5) and say why", "Read it", 3),
        ("[Read it](https://example.org/1/5) 4/5", "Read it", 4),
        ("Read [it](https://example.org/1/5)", "Read it", None),
        ("Read https://example.org/1/5", "Read https://example.org/1/5", None),
        ("Read `it, 1/5`", "Read it, 1/5", None),
        ("Read 3/5 of it", "Read 3/5 of it", None),
        ("Read it by 12/5", "Read it by 12/5", None),
        ("Read it by 3/5/2026", "Read it by 3/5/2026", None),
        ("Read it by 2026/3/5", "Read it by 2026/3/5", None),
        ("Read it 3/50", "Read it 3/50", None),
        ("Do exercise 2/5 and 3/5, 4/5", "Do exercise 2/5 and 3/5", 4),
        ("3/5", "3/5", None),
        ("Read *all* of it (3/5)", "Read all of it", 3),
        ("Read `walk` [@smith2020first], 3/5", "Read walk [@smith2020first]", 3),
    ],
)  # fmt: skip
def test_confidence_is_found_where_people_put_it(written: str, text: str, fifths: float | None) -> None:
    goal = only(f"- [ ] {written}\n")
    assert (goal.text, goal.fifths) == (text, fifths)


@pytest.mark.parametrize(
    ("mark", "done"), [("[ ]", False), ("[]", False), ("[x]", True), ("[X]", True), ("[✓]", True), ("[\t]", False)]
)
@pytest.mark.parametrize("bullet", ["-", "*", "+", "1.", "12)"])
def test_boxes_of_all_kinds(bullet: str, mark: str, done: bool) -> None:
    goal = only(f"{bullet} {mark} Read it\n")
    assert (goal.text, goal.done) == ("Read it", done)


def test_nested_items_count_and_keep_their_depth() -> None:
    week = read(
        "# All\n## A\n- [ ] one\n  - [x] two, 2/5\n    its note\n      - [ ] three\n    - [ ] four\n"
        "- five\n\t- [x] six\n"
    )
    assert [(goal.text, goal.depth, goal.done) for goal in week.goals] == [
        ("one", 0, False),
        ("two", 1, True),
        ("three", 2, False),
        ("four", 2, False),
        ("six", 1, True),
    ]
    assert week.goals[1].note == ("its note",)
    assert [part.markdown for part in week.parts if isinstance(part, Bullet)] == ["five"]


def test_one_space_more_is_no_nesting() -> None:
    assert [goal.depth for goal in read("- [ ] one\n - [ ] two\n- [ ] three\n  - [ ] four\n").goals] == [0, 0, 0, 1]


def test_headings_of_any_depth_and_kind_are_groups() -> None:
    week = read("##### Deep #####\n- [ ] a\n\n## Higher\n- [ ] b\n\nUnderlined\n---\n- [ ] c\n\nTop\n===\n- [ ] d\n")
    assert [goal.group for goal in week.goals] == [("Deep",), ("Higher",), ("Underlined",), ("Top",)]
    assert [part.line for part in week.parts if isinstance(part, Heading)] == [1, 4, 7, 11]


def test_single_title_is_no_group() -> None:
    assert [goal.group for goal in read("# Week\n## A\n- [ ] a\n## B\n- [ ] b\n").goals] == [("A",), ("B",)]
    assert [goal.group for goal in read("# A\n## C\n- [ ] a\n# B\n- [ ] b\n").goals] == [("A", "C"), ("B",)]
    assert only("# A\n- [ ] a\n").group == ("A",)


def test_what_is_no_goal_is_left_alone() -> None:
    week = read(
        "---\ntitle: x\n---\nIntroduction\nof two lines.\n\n```\n- [ ] code\n```\n<!--\n- [ ] a comment\n-->\n"
        "- [a link](x.md)\n- plain\n- [ ] a goal\n\n  ```\n  - [ ] code in its note\n  ```\n"
        "\n---\n\nAn afterword.\n"
    )
    assert [goal.text for goal in week.goals] == ["a goal"]
    prose = [part for part in week.parts if isinstance(part, Prose)]
    assert (prose[0].line, prose[0].text.splitlines()[0]) == (4, "Introduction")
    assert prose[-1].text == "An afterword."
    assert "- [ ] code in its note" in week.goals[0].note[0]


def test_title_may_be_wrapped() -> None:
    goal = only("- [ ] Read the long\n      title of it, 3/5\n      and this is a note\n")
    assert (goal.text, goal.fifths, goal.note) == ("Read the long title of it", 3, ("and this is a note",))


def test_papers_and_experiments_are_found() -> None:
    goal = only("- [ ] Build `walk` and `x.y` of [@smith2020first; see @lee2021second, §3], 3/5\n")
    assert goal.papers == ("smith2020first", "lee2021second")
    assert goal.experiments == ("walk",)


def test_line_ends_and_marks_of_order_do_not_matter() -> None:
    text = "## A\n- [x] a, 3/5\n\n  note\n- [ ] b\n"
    expected = read(text).parts
    assert read(text.replace("\n", "\r\n")).parts == expected
    assert parse_week(b"\xef\xbb\xbf" + text.encode(), "2026-W47.md").parts == expected


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("- [ ] a\n- [ ]\n", "g/2026-W47.md", "g/2026-W47.md:2: a goal without text"),
        ("- [ ] <br>\n", "g/2026-W47.md", "g/2026-W47.md:1: a goal without text"),
        ("\n- [~] a\n", "g/2026-W47.md", "g/2026-W47.md:2: [~] is not a valid box"),
        ("- [ ] a (7/5)\n", "g/2026-W47.md", "g/2026-W47.md:1: (7/5) is not a confidence"),
        ("---\ntitle: a\n", "g/2026-W47.md", "g/2026-W47.md:1: the front matter is not closed"),
        ("- [ ] a\n```\n", "g/2026-W47.md", "g/2026-W47.md:2: this fence is not closed"),
        (b"a\n\xff\n", "g/2026-W47.md", "g/2026-W47.md:2: not UTF-8"),
        ("", "g/2026-W54.md", "g/2026-W54.md:1: '2026-W54' is not an ISO week"),
        ("", "g/next.md", "g/next.md:1: 'next' is not an ISO week"),
        ("", "g/0000-W01.md", "'0000-W01' is not an ISO week"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str | bytes, path: str, message: str) -> None:
    with pytest.raises(PostError) as raised:
        parse_week(text, path)
    assert message in str(raised.value)


def read_or_refused(data: str | bytes) -> Week | PostError:
    try:
        return parse_week(data, "2026-W47.md")
    except PostError as error:
        return error


MARKS = """- [ ] |- [x] |* [X]|1. [ ] |  |    |## |#|**|*|_|`|```|~~~|<br>|<!--|-->|---|===|(3/5)|, 4/5| 9/5|[~] |
|[@a2020b]|[l](u)|[[l]](u)|words|a| |:|é|>|$x$|[|]|(|)|\\"""
PIECES = st.sampled_from([*MARKS.split("|"), "\t", "\n", "\n\n", "\r\n", "\x00"])


@given(st.lists(PIECES, max_size=40).map("".join))
def test_any_text_is_read_or_refused_with_its_line(text: str) -> None:
    found = read_or_refused(text)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if isinstance(found, PostError):
        assert 1 <= found.line <= len(lines)
        return
    for goal in found.goals:
        assert goal.text == plain(goal.markdown) != ""
        assert goal.fifths is None or 0 <= goal.fifths <= 5
        assert "[" in lines[goal.line - 1]


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    found = read_or_refused(data)
    assert not isinstance(found, PostError) or found.line >= 1


TITLES = st.lists(st.sampled_from(["Read", "the", "paper", "on", "walks", "é", "n-grams", "v2"]), min_size=1).map(
    " ".join
)


@given(
    st.lists(st.tuples(TITLES, st.booleans(), st.sampled_from([None, 0, 1, 2, 3, 4, 5]), st.booleans()), max_size=9),
    st.sampled_from([", {}/5", " ({}/5)", " {}/5", " [{}/5]", ": {} / 5"]),
)
def test_what_was_written_is_read_back(items: list[tuple[str, bool, int | None, bool]], form: str) -> None:
    """Another writer than the one in the package."""
    lines = []
    for title, done, fifths, bold in items:
        said = title + ("" if fifths is None else form.format(fifths))
        lines.append(f"- [{'x' if done else ' '}] " + (f"**{said}**" if bold else said))
    found = [(goal.text, goal.done, goal.fifths) for goal in read("\n".join(lines)).goals]
    assert found == [(title, done, fifths) for title, done, fifths, _ in items]
