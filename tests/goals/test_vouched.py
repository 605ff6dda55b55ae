"""A confidence counts as written before the work if a commit shows it beside an open box."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from mlblog.goals import Ledger, findings
from mlblog.goals.vouched import late
from mlblog.lab import Project

PATH = "posts_src/goals/2026-W47.md"
Make = Callable[[dict[str, str]], Project]


def commit(project: Project, text: str) -> None:
    (project.root / PATH).write_text(text, encoding="utf-8")
    for arguments in (("add", "."), ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "x")):
        subprocess.run(["git", "-C", str(project.root), *arguments], check=True, capture_output=True)


def found(project: Project) -> list[str]:
    return [one.goal.text for one in late(project, Ledger.of(project).weeks[-1])]


def test_number_must_be_committed_before_the_tick(make_project: Make) -> None:
    project = make_project({PATH: "- [ ] early, 3/5\n- [ ] changed, 3/5\n- [ ] without\n- [ ] open, 1/5\n"})
    subprocess.run(["git", "init", "-q", str(project.root)], check=True)
    commit(project, (project.root / PATH).read_text(encoding="utf-8"))
    commit(project, "- [x] broken\n- [~] y\n")
    text = "- [x] **Early** (3/5)\n- [x] changed, 5/5\n- [x] without\n- [x] new, 5/5\n- [ ] open, 2/5\n"
    (project.root / PATH).write_text(text, encoding="utf-8")
    assert found(project) == ["changed", "new"]
    commit(project, text)
    assert found(project) == ["changed", "new"]
    assert findings(project) == [
        f"{PATH}:{line}: ticked, not earned: {name}: its confidence is in no commit in which it was still open;"
        " take the number out"
        for line, name in ((2, "changed"), (4, "new"))
    ]
    commit(project, text.replace("changed, 5/5", "changed").replace("new, 5/5", "new"))
    assert findings(project) == []


def test_without_a_repository_nothing_is_said(make_project: Make, tmp_path: Path) -> None:
    project = make_project({PATH: "- [x] new, 5/5\n"})
    assert findings(project) == []
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert findings(project) == [], "there is no commit yet"
