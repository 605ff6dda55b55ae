"""Which ticks are earned: commands and pages give one answer, and none of them accuses where history is missing."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mlblog.cli import main
from mlblog.goals.change import name_of
from mlblog.lab import Lab, Project
from mlblog.press import Context
from mlblog.site import goals

NAME = name_of(date.today())
PATH = f"posts_src/goals/{NAME}.md"
Make = Callable[[dict[str, str]], Project]
BIB = "@book{smith2020first,\n author = {Smith, Ann},\n title = {First},\n year = {2020},\n publisher = {P},\n}\n"


def mlblog(*arguments: str) -> Result:
    result = CliRunner().invoke(main, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def git(root: Path, *arguments: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main")
    command = ["git", "-C", str(root), *who, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def commit(project: Project, text: str, path: str = PATH) -> None:
    write(project, text, path)
    git(project.root, "add", ".")
    git(project.root, "commit", "-q", "--allow-empty", "-m", "x")


def write(project: Project, text: str, path: str = PATH) -> None:
    (project.root / path).parent.mkdir(parents=True, exist_ok=True)
    (project.root / path).write_text(text, encoding="utf-8")


def page(project: Project, name: str = NAME) -> str:
    context = Context(Lab(project), (), lambda read: pytest.fail(f"looked up {read}"))  # type: ignore[arg-type]
    return {page.path: page.text for page in goals.pages(context)}[f"goals/{name}.md"]


LATE = "its confidence is in no commit in which the goal was still open; remove the number"
#: What was committed, the goal as it is now, and what is said of its tick; nothing where it is earned.
SITUATIONS: dict[str, tuple[list[str], str, str]] = {
    "a number that was never committed": (["- [ ] other\n"], "walk far, 3/5", LATE),
    "a number committed while it was open": (["- [ ] walk far, 3/5\n"], "walk far, 3/5", ""),
    "other marks and case around the same words": (["- [ ] Walk *far* (3/5)\n"], "**walk far**, 3/5", ""),
    "a number changed since": (["- [ ] walk far, 3/5\n"], "walk far, 4/5", LATE),
    "a number changed, and changed back": (["- [ ] walk far, 3/5\n", "- [ ] walk far, 4/5\n"], "walk far, 3/5", ""),
    "a number committed with the tick": (["- [ ] walk far\n", "- [x] walk far, 3/5\n"], "walk far, 3/5", LATE),
    "a number committed with the tick, the list deleted since": (["- [x] walk far, 3/5\n", ""], "walk far, 3/5", LATE),
    "a version between that cannot be read": (["- [ ] walk far, 3/5\n", "- [~] y\n"], "walk far, 3/5", ""),
    "no number": (["- [ ] other\n"], "walk far", ""),
    "a paper without a note": (["- [ ] other\n"], "Read [@smith2020first]", "there is no note"),
    "an experiment that is not there": (["- [ ] other\n"], "Run `walk`", "there is no experiment"),
    "neither a note nor a number in time": (["- [ ] other\n"], "Read [@smith2020first], 3/5", f"notes?.*; {LATE}"),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_commands_and_pages_agree(make_project: Make, situation: str) -> None:
    committed, goal, why = SITUATIONS[situation]
    project = make_project({"toy/papers/references.bib": BIB})
    git(project.root, "init", "-q")
    for text in committed:
        commit(project, text)

    write(project, f"- [x] {goal}\n")
    status, check, shown = mlblog("goals", "status"), mlblog("check"), page(project)
    start = mlblog("goals", "start")
    assert (status.exit_code, check.exit_code, start.exit_code) == ((1, 1, 2) if why else (0, 0, 0))
    assert ("not earned" in shown) is bool(why)
    for said in (status.stdout, check.stdout, start.stderr) if why else ():
        assert f"{PATH}:1: ticked but not earned: " in said
        assert re.search(why, said), said
    assert "note:" not in status.output + check.output + shown

    for path in (project.posts / "goals").glob("*.md"):
        path.unlink()
    write(project, f"- [ ] {goal}\n")
    ticked = mlblog("goals", "tick", goal.partition(",")[0])
    assert (ticked.exit_code, "not earned yet" in ticked.stderr) == ((2, True) if why else (0, False))
    assert (project.root / PATH).read_text(encoding="utf-8").startswith("- [ ]" if why else "- [x]")


def test_goal_that_is_still_open_is_told_to_be_committed(make_project: Make) -> None:
    project = make_project({PATH: "- [ ] walk far, 3/5\n"})
    git(project.root, "init", "-q")
    commit(project, "- [ ] walk far, 2/5\n")
    write(project, "- [ ] walk far, 3/5\n")
    assert (
        "still open; commit the list before you tick it, or remove the number" in mlblog("goals", "tick", "walk").stderr
    )


def test_version_that_a_merge_dropped_counts(make_project: Make) -> None:
    project = make_project({})
    git(project.root, "init", "-q")
    commit(project, "- [ ] walk far, 1/5\n")
    git(project.root, "checkout", "-q", "-b", "side")
    commit(project, "- [ ] walk far, 3/5\n")
    git(project.root, "checkout", "-q", "main")
    git(project.root, "merge", "-q", "-s", "ours", "--no-ff", "-m", "x", "side")
    write(project, "- [x] walk far, 3/5\n")
    assert mlblog("goals", "status").exit_code == 0


def test_closed_week_is_judged_by_its_commits_alone(make_project: Make) -> None:
    """Its notes and records may change later; a number that is written later would pass for a forecast."""
    earlier = "posts_src/goals/2020-W50.md"
    project = make_project({earlier: "- [ ] Read [@smith2020first], 3/5\n", "toy/papers/references.bib": BIB})
    git(project.root, "init", "-q")
    commit(project, "- [ ] b\n")
    write(project, "- [x] Read [@smith2020first], 3/5\n", earlier)
    assert mlblog("goals", "status", "2020-W50").exit_code == 0
    assert mlblog("check").exit_code == 0
    assert "not earned" not in page(project, "2020-W50")
    write(project, "- [x] Read [@smith2020first], 5/5\n", earlier)
    assert mlblog("goals", "status", "2020-W50").exit_code == 1
    assert f"{earlier}:1: ticked but not earned: Read" in mlblog("check").stdout
    assert "not earned" in page(project, "2020-W50")


def _shallow(root: Path) -> None:
    source = root.parent / "source"
    root.rename(source)
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{source}", str(root)], check=True)


def _foreign(root: Path) -> None:
    shutil.rmtree(root / ".git")
    git(root.parent, "init", "-q")
    (root.parent / "other").write_text("x", encoding="utf-8")
    git(root.parent, "add", "other")
    git(root.parent, "commit", "-q", "-m", "x")


def _without_commits(root: Path) -> None:
    shutil.rmtree(root / ".git")
    git(root, "init", "-q")


def _replaced(root: Path) -> None:
    git(root, "replace", "--graft", "HEAD")


def _lost(root: Path) -> None:
    first = git(root, "rev-parse", "HEAD~1")
    (root / ".git/objects" / first[:2] / first[2:]).unlink()


GAPS: dict[str, tuple[Callable[[Path], None], str]] = {
    "a shallow clone": (_shallow, "this clone is shallow; fetch the rest: git fetch --unshallow"),
    "an archive": (lambda root: shutil.rmtree(root / ".git"), "there is no readable git repository here"),
    "an archive inside another repository": (_foreign, "this project is not committed to the git repository around it"),
    "no commit yet": (_without_commits, "there is no commit yet"),
    "a graft": (_replaced, "grafts or replacements"),
    "a commit that is lost": (_lost, "git could not read the whole history"),
}


@pytest.mark.parametrize("case", GAPS)
def test_where_history_is_missing_nobody_is_accused(
    make_project: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    change, reason = GAPS[case]
    inner = tmp_path / "inner"
    make_project({f"inner/{name}": "" for name in ("toy/__init__.py", "toy/experiments/__init__.py")})
    (inner / "pyproject.toml").write_text('[tool.mlblog]\npackages = ["toy"]\n', encoding="utf-8")
    project = Project.find(inner)
    git(inner, "init", "-q")
    commit(project, "- [ ] walk far, 3/5\n- [ ] run, 2/5\n")
    commit(project, "- [x] walk far, 3/5\n- [x] run, 2/5\n- [ ] sit, 1/5\n")
    monkeypatch.chdir(inner)
    assert "note:" not in mlblog("check").output
    change(inner)
    monkeypatch.chdir(inner)

    for command in (("goals", "status"), ("check",)):
        result = mlblog(*command)
        assert (result.exit_code, result.output.count("note: ")) == (0, 1), result.output
        assert reason in result.output
    assert mlblog("check", "--json").stdout == "[]\n"
    assert reason in mlblog("goals", "status", "--json").stdout
    shown = page(Project.find(inner))
    assert "not earned" not in shown
    assert reason.split(";")[0] in shown.replace("\\", "")
    write(project, "- [x] walk far, 3/5\n- [x] run `away`, 2/5\n- [ ] sit, 4/5\n")
    wrong = mlblog("goals", "status")
    assert (wrong.exit_code, wrong.output.count("not earned")) == (1, 1), "what needs no history is still judged"
    ticked = mlblog("goals", "tick", "sit")
    assert ticked.exit_code == 0, ticked.stderr
    assert reason in ticked.stdout


def test_without_git_nobody_is_accused(make_project: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    make_project({PATH: "- [x] new, 5/5\n"})
    monkeypatch.setenv("PATH", str(tmp_path / "toy"))
    result = mlblog("check")
    assert (result.exit_code, result.output.count("note: ")) == (0, 1)
    assert "git is not installed" in result.output


def test_what_needs_no_history_does_not_mention_it(make_project: Make) -> None:
    project = make_project({PATH: "- [x] a\n- [ ] b, 3/5\n"})
    assert "note:" not in mlblog("check").output + mlblog("goals", "status").output + page(project)
