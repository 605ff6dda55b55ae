"""`mlblog goals`, as typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date

from click.testing import CliRunner, Result

from mlblog.cli import main
from mlblog.goals.change import name_of
from mlblog.lab import Project

Make = Callable[[dict[str, str]], Project]
WEEKS = {
    "posts_src/goals/2020-W50.md": "## A\n- [x] one, 4/5\n- [ ] two 3/5\n- [ ] three\n",
    "posts_src/goals/2020-W51.md": "## A\n- [ ] Two, 1/5\n## B\n- [x] four [@smith2020first]\n- [ ] five\n",
}


def goals(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["goals", *arguments])


def test_status_tells_all_and_fails_on_what_is_not_earned(make_project: Make) -> None:
    make_project(dict(WEEKS))
    result = goals("status")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "2020-W51, 2020-12-14 to 2020-12-20, open",
        "",
        "A      0/1",
        "B      1/2",
        "total  1/3",
        "",
        "carried over:",
        "  Two: since 2020-W50, 1 week",
        "",
        "posts_src/goals/2020-W51.md:4: ticked but not earned: four [@smith2020first]: there is no note "
        "toy/papers/notes/smith2020first.md; write one: mlblog new note smith2020first",
        "",
        "2 confidences in closed weeks: Brier score 0.200, 0.250 for the base rate; 1 reached, 1.4 expected; "
        "if they were right, the chance of 1 or fewer would be 0.52",
    ]
    assert goals("status", "2020-W50").exit_code == 0
    assert "2020-W50, 2020-W51" in goals("status", "2020-W49").stderr


def test_status_as_json(make_project: Make) -> None:
    make_project(dict(WEEKS))
    found = json.loads(goals("status", "--json").stdout)
    assert (found["week"], found["open"], found["done"], found["goals"]) == ("2020-W51", True, 1, 3)
    assert found["groups"] == [{"group": ["A"], "done": 0, "goals": 1}, {"group": ["B"], "done": 1, "goals": 2}]
    assert [(item["text"], item["confidence"], item["since"], item["weeks"]) for item in found["items"]] == [
        ("Two", 0.2, "2020-W50", 1),
        ("four [@smith2020first]", None, None, 0),
        ("five", None, None, 0),
    ]
    assert found["items"][1]["papers"] == ["smith2020first"]
    assert "there is no note" in found["items"][1]["unearned"]
    assert found["calibration"]["levels"][0]["count"] == 1
    closed = json.loads(goals("status", "2020-W50", "--json").stdout)
    assert closed["open"] is False


def test_week_is_opened_ticked_and_checked(make_project: Make) -> None:
    project = make_project({name: text.replace("[x] four", "[ ] four") for name, text in WEEKS.items()})
    name = name_of(date.today())
    opened = goals("start")
    assert opened.exit_code == 0, opened.stderr
    assert opened.stdout.startswith(f"posts_src/goals/{name}.md: 3 goals carried over. Add your confidence")
    path = project.posts / f"goals/{name}.md"
    assert path.read_text(encoding="utf-8") == (
        "## A\n\n- [ ] Two\n\n## B\n\n- [ ] four [@smith2020first]\n- [ ] five\n"
    )
    assert goals("tick", "FIVE").stdout == "ticked: five\n"
    refused = goals("tick", "four")
    assert refused.exit_code == 2
    assert "not earned yet: there is no note" in refused.stderr
    assert CliRunner().invoke(main, ["check"]).exit_code == 0
    path.write_text(path.read_text(encoding="utf-8").replace("[ ] four", "[x] four"), encoding="utf-8")
    checked = CliRunner().invoke(main, ["check"])
    assert checked.exit_code == 1
    assert f"posts_src/goals/{name}.md:7: ticked but not earned: four" in checked.stdout
    path.write_text("- [~] x\n", encoding="utf-8")
    assert "[~] is not a valid box" in CliRunner().invoke(main, ["check"]).stdout
