"""Several weeks: carrying over, opening the next, ticking, what a tick needs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from mlblog.errors import InputError, PostError
from mlblog.goals import Ledger, Proof, parse_week, progress, start, tick
from mlblog.goals.earned import sentences
from mlblog.lab import Lab, Project

SATURDAY = date(2026, 11, 21)  # of 2026-W47
Make = Callable[[dict[str, str]], Project]

WALK = """
    from mlblog.lab import Run, experiment

    @experiment(smoke=dict(n=3), small=dict(n=5), full=dict(n=7), seeds=2)
    def walk(run: Run, *, n: int, seed: int) -> None:
        "Walk."
        run.save(end=n + seed)
"""
NOTE = """---
topic: x
state: read
confidence: 3/5
---
## Summary

They walk, et al. and e.g. stand still. They also run in v. 2.5!

## Method
"""


def ledger(**weeks: str) -> Ledger:
    return Ledger(tuple(parse_week(text, f"g/2026-{name}.md") for name, text in weeks.items()))


def opened(project: Project, name: str = "", today: date = SATURDAY) -> str:
    path, _ = start(project, Proof(Lab(project)), today, name)
    return path.read_text(encoding="utf-8")


def test_age_counts_from_the_first_week_in_which_it_was_left() -> None:
    found = ledger(
        W44="- [ ] **Old**, 3/5\n- [x] Again\n- [ ] Other\n",
        W45="- [ ] old 2/5\n- [ ] Again\n",
        W47="- [ ] Old. (1/5)\n- [ ] [again](x)\n- [x] OTHER\n- [ ] New\n",
    )
    week = found.weeks[-1]
    assert [(one.goal.text, one.since, one.age) for one in found.carried(week)] == [
        ("Old.", "2026-W44", 3),
        ("OTHER", "2026-W44", 3),
        ("again", "2026-W45", 2),
    ]
    assert [(one.goal.text, one.age) for one in found.carried(found.weeks[1])] == [("old", 1)]
    assert found.carried(found.weeks[0]) == []


def test_two_of_one_name_are_told_apart_by_their_group() -> None:
    found = ledger(W46="## A\n- [x] Sheet 1\n## B\n- [ ] Sheet 1\n", W47="## A\n- [ ] Sheet 1\n## B\n- [ ] Sheet 1\n")
    assert [one.goal.group for one in found.carried(found.weeks[-1])] == [("B",)]


def test_year_may_turn() -> None:
    weeks = (parse_week("- [ ] a", "2026-W52.md"), parse_week("- [ ] a", "2027-W02.md"))
    assert Ledger(weeks).carried(weeks[1])[0].age == 3  # 2026 has 53 weeks


def test_nothing_is_judged_while_it_can_still_happen() -> None:
    found = ledger(W46="- [x] a 4/5\n- [ ] b\n- [ ] c 1/5\n", W47="- [ ] d 5/5\n")
    assert found.forecasts == [(0.8, True), (0.2, False)]


def test_progress_is_by_group_in_the_order_of_the_page() -> None:
    week = parse_week("- [x] a\n## B\n- [ ] b\n  - [x] c\n## A\n- [ ] d\n", "2026-W47.md")
    assert [(one.group, one.done, one.count) for one in progress(week.goals)] == [
        ((), 1, 1),
        (("B",), 1, 2),
        (("A",), 0, 1),
    ]


def test_next_week_takes_over_what_is_left_without_its_confidence(make_project: Make) -> None:
    project = make_project(
        {
            "posts_src/goals/2026-W47.md": "# Our week\n\nWhy.\n\n## A\n\nText.\n- [x] done 3/5\n- [x] around, 3/5\n"
            "    - [x] inner done\n    - [ ] inner (2/5)\n      note\n## B\n- [x] b\n## C\n### D\n- plain\n"
            "  - [ ] **bold, 4/5**\n\n  note\n"
        }
    )
    assert opened(project) == ("## A\n\n- around\n    - [ ] inner\n\n## C\n\n### D\n\n- plain\n    - [ ] **bold**\n")
    found = Ledger.of(project)
    assert [one.age for one in found.carried(found.weeks[-1])] == [1, 1]


def test_which_week_is_opened(make_project: Make) -> None:
    project = make_project({})
    assert opened(project).startswith("## First group")
    assert Ledger.of(project).weeks[0].goals == ()
    assert [path.name for path in (project.posts / "goals").iterdir()] == ["2026-W47.md"]
    opened(project)
    assert (project.posts / "goals/2026-W48.md").is_file()
    for name, message in {
        "": "2026-W49 is too far ahead",
        "2026-W48": "already open",
        "2026-W46": "is already open; weeks cannot be added retroactively",
        "W48": "is not an ISO week",
    }.items():
        with pytest.raises(InputError, match=message):
            opened(project, name)
    opened(project, "2027-W01", date(2026, 12, 31))
    assert (project.posts / "goals/2027-W01.md").is_file()


def test_week_with_ticks_that_are_not_earned_cannot_be_closed(make_project: Make) -> None:
    project = make_project({"posts_src/goals/2026-W47.md": "- [x] Read [@smith2020first]\n"})
    with pytest.raises(
        InputError,
        match=r"2026-W47.md:1: ticked but not earned: Read .*there is no note toy/papers/notes/smith2020first.md",
    ):
        opened(project)
    assert not (project.posts / "goals/2026-W48.md").exists()


def test_tick_changes_one_mark_and_no_other_byte(make_project: Make) -> None:
    project = make_project({"posts_src/goals/2026-W47.md": ""})
    path = project.root / "posts_src/goals/2026-W47.md"
    path.write_bytes("## A\r\n\r\n* []  Lire l'été [ ], 3/5  \r\n- [x] b\r\n- [ ] c d\r\n- [ ] c\r\n".encode())
    before = path.read_bytes()
    proof = Proof(Lab(project))
    assert tick(project, proof, "lire L").text == "Lire l'été [ ]"
    assert path.read_bytes() == before.replace(b"[]", b"[x]", 1)
    assert tick(project, proof, "C").text == "c"
    for words, message in {"b": "already ticked", "nowhere": "no goal contains", "...": "no goal contains"}.items():
        with pytest.raises(InputError, match=message):
            tick(project, proof, words)


def test_tick_of_several_asks_which(make_project: Make) -> None:
    project = make_project({"posts_src/goals/2026-W47.md": "- [ ] read one\n- [ ] read two\n"})
    with pytest.raises(
        InputError, match=r"2 goals contain 'read'; use more words:\n.*md:1: read one\n.*md:2: read two"
    ):
        tick(project, Proof(Lab(project)), "read")


def test_tick_without_a_week_says_what_to_do(make_project: Make) -> None:
    project = make_project({})
    with pytest.raises(InputError, match="mlblog goals start"):
        tick(project, Proof(Lab(project)), "a")


def test_paper_needs_a_note_and_an_implementation_a_fresh_record(make_project: Make) -> None:
    project = make_project(
        {
            "posts_src/goals/2026-W47.md": "- [ ] Read [@smith2020first]\n- [x] `walk`\n- [x] Build `run`\n- [x] Eat\n",
            "toy/experiments/walk.py": WALK,
        }
    )
    week = Ledger.of(project).weeks[0]

    def lacking() -> list[str]:
        return [one.why for one in Proof(Lab(project)).unearned(week)]

    assert lacking() == [
        "`walk` has no record; run it: mlblog run walk",
        "there is no experiment `run`; write it: mlblog new experiment run",
    ]
    from mlblog.lab.running.executors.inline import InlineExecutor

    lab = Lab(project)
    list(lab.run(lab.plan(lab.keys_of("walk", "smoke")[:1]), InlineExecutor(project)))
    assert lacking()[0] == "`walk` is missing at scale smoke; see: mlblog why walk"
    list(lab.run(lab.plan(lab.keys_of("walk", "smoke")), InlineExecutor(project)))
    assert len(lacking()) == 1
    module = project.root / "toy/experiments/walk.py"
    module.write_text(module.read_text(encoding="utf-8").replace("n + seed", "n - seed"), encoding="utf-8")
    assert lacking()[0] == "`walk` is stale at scale smoke; see: mlblog why walk"

    note = project.root / "toy/papers/notes/smith2020first.md"
    for text, why in {
        "": "there is no note",
        NOTE.replace("Summary", "Idea"): "smith2020first.md:6: no summary",
        NOTE.replace("state: read", "state: to read"): "the state in .* is 'to read'",
        NOTE.replace("They also run in v. 2.5!", "<!-- They run also. -->"): "has one sentence",
    }.items():
        if text:
            note.parent.mkdir(parents=True, exist_ok=True)
            note.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=why):
            tick(project, Proof(Lab(project)), "smith2020first")
    note.write_text(NOTE, encoding="utf-8")
    assert tick(project, Proof(Lab(project)), "smith2020first").papers == ("smith2020first",)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("They walk far.", 1),
        ("They walk far. They run too.", 2),
        ("They walk (A. Smith et al. 2020, Fig. 3) far.", 1),
        ("It is 2.5 times as fast", 0),
        ("Yes. No. So.", 0),
        ("Do they walk far? “They do walk!” So they say…", 3),
        ("**They walk far.** *They run, too.*", 2),
        ("They walk\nfar. They\nrun too.\n", 2),
    ],
)
def test_sentences(text: str, count: int) -> None:
    assert sentences(text) == count


def test_broken_week_is_named(make_project: Make) -> None:
    project = make_project({"posts_src/goals/2026-W47.md": "- [ ] a\n", "posts_src/goals/notes.md": "x"})
    with pytest.raises(PostError, match=r"posts_src/goals/notes.md:1: 'notes' is not an ISO week"):
        Ledger.of(project)
    (project.posts / "goals/notes.md").unlink()
    Path(project.posts / "goals/.2026-W48.md").write_text("[", encoding="utf-8")
    assert len(Ledger.of(project).weeks) == 1
