"""`mlblog rename` refuses what it could not do whole, and puts everything back if a step fails."""

from __future__ import annotations

import os
from typing import Any

import pytest
from renamed import GOALS, everything, states, write
from workbench import Bench

from mlblog.lab.renaming import swap as swapping

UNCLEAR = [
    (
        "toy/other.py",
        "from toy.experiments.with_two import with_two\n\nx = with_two.name\n",
        "toy/other.py:3: with_two.name reads the name, so a new one changes what this code finds",
    ),
    (
        "toy/other.py",
        "from toy.experiments.with_two import with_two\nab = 1\n",
        "toy/other.py:2: ab means something else in this file",
    ),
    (
        "toy/other.py",
        "from toy.experiments.with_two import with_two\n\nwith_two = with_two.runs\n",
        "toy/other.py:3: with_two is the experiment in this file, but something else here",
    ),
    (
        "toy/other.py",
        "from toy.experiments.with_two import with_two\n\ndef f():\n    global with_two\n    with_two = 1\n",
        "with_two is ",
    ),
    (
        "toy/other.py",
        "import toy.experiments.with_two as m\n\ndef f(m):\n    return m.with_two\n",
        "toy/other.py:4: m may be the module of the experiment here",
    ),
    ("toy/star.py", "from toy.experiments.with_two import *\nab = 1\n", "toy/star.py:2: ab means something else"),
    ("toy/other.py", "x = (\n", "toy/other.py:1: not Python"),
    (
        "posts_src/a.md",
        "---\ntitle: A\ndate: 2026-01-02\n---\n```python\nfrom toy.experiments.with_two import with_two\nab = 2\n```\n",
        "posts_src/a.md:7: ab means something else in this file",
    ),
    ("posts_src/a.md", "---\ntitle: A\ndate: 2026-01-02\n---\r\nwith_two\r\n", "save it with Unix line ends"),
]


def test_what_is_not_clear_is_refused_with_its_place(recorded: Bench) -> None:
    start = recorded.git("rev-parse", "HEAD")
    for file, text, message in UNCLEAR:
        path = recorded.project.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        recorded.commit()
        before = everything(recorded)
        done = recorded("rename", "with_two", "ab")
        assert message in done.stderr
        assert done.exit_code == 2
        assert everything(recorded) == before
        recorded.git("reset", "-q", "--hard", start)


IMPOSSIBLE = [
    ("with_tow", "ab", "Did you mean with_two?"),
    ("with_two", "with_none", "toy/experiments/with_none.py:6: the experiment with_none already exists"),
    ("with_two", "a-b", "'a-b' cannot be the name of an experiment"),
    ("with_two", "class", "'class' cannot be the name of an experiment"),
    ("with_two", "../x", "cannot be the name of an experiment"),
    ("with_two", "losses", "toy/experiments/with_two.py:3: losses means something else"),
    ("with_two", "gone", "docs/results/gone: there are records of an earlier experiment gone"),
    ("with_two", "with_two", "the experiment with_two already exists"),
    ("with_two", "Both", "'Both' cannot be the name of an experiment; use lower-case letters"),
]


def test_names_that_cannot_be_had(recorded: Bench) -> None:
    (recorded.project.results / "gone").mkdir()
    before = everything(recorded)
    for old, new, message in IMPOSSIBLE:
        done = recorded("rename", old, new)
        assert message in done.stderr
        assert done.exit_code == 2
        assert everything(recorded) == before


@pytest.mark.parametrize("what", ["source", "record", "new record", "goal"])
def test_what_is_not_committed_is_not_touched(recorded: Bench, what: str) -> None:
    write(recorded, "posts_src/goals/2026-W01.md", GOALS.replace("[x]", "[ ]"))
    recorded.commit()
    if what == "source":
        recorded.edit("toy/experiments/with_two.py", "'''Measure with_two.'''", "'''Measure.'''")
    elif what == "goal":
        write(recorded, "posts_src/goals/2026-W01.md", GOALS.replace("[x]", "[ ]") + "\n")
    else:
        more = ("--all",) if what == "record" else ("--set", "x=9")
        assert recorded("run", "with_two", "--scale", "smoke", "--executor", "inline", *more).exit_code == 0
    before = everything(recorded)
    done = recorded("rename", "with_two", "ab")
    assert "not committed; commit it first" in done.stderr
    assert done.exit_code == 2
    assert everything(recorded) == before


def test_reference_that_cannot_be_followed_is_refused(recorded: Bench) -> None:
    """A string may name the experiment; its text would have to be guessed."""
    recorded.edit(
        "toy/losses.py",
        "return abs(x)",
        "import pkgutil\n    pkgutil.resolve_name('toy.experiments.with_two.with_two')\n    return abs(x)",
    )
    assert recorded("run", "with_absolute", "--scale", "smoke", "--executor", "inline").exit_code in (0, 1)
    recorded.commit()
    before = everything(recorded)
    done = recorded("rename", "with_two", "ab")
    assert done.exit_code == 1
    assert "not renamed: " in done.stderr
    assert everything(recorded) == before


def test_failure_at_any_step_puts_everything_back(recorded: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    write(recorded, "toy/other.py", "from toy.experiments.with_two import with_two\n")
    recorded.commit()
    before = everything(recorded)
    steps = 0

    def failing(real: Any, at: int) -> Any:
        def step(*arguments: Any) -> Any:
            nonlocal steps
            steps += 1
            if steps == at:
                raise OSError(28, "No space left on device", "x")
            return real(*arguments)

        return step

    for at in range(1, 6):  # two sources, a record, two moves
        steps = 0
        with monkeypatch.context() as patch:
            patch.setattr(swapping, "write_atomically", failing(swapping.write_atomically, at))
            patch.setattr(swapping.os, "rename", failing(os.rename, at))
            done = recorded("rename", "with_two", "ab")
        assert done.stderr == "mlblog: x: No space left on device; nothing was renamed\n", at
        assert done.exit_code == 1
        assert everything(recorded) == before
        assert not list(recorded.project.work.glob("rename-*"))
    assert states(recorded, "with_two") == ["fresh"]
    assert recorded("rename", "with_two", "ab").exit_code == 0


def test_broken_record_is_named_and_nothing_done(recorded: Bench) -> None:
    path = recorded.project.results / "with_two/smoke/base/seed-0.json"
    path.write_text("{}", encoding="utf-8")
    recorded.commit()
    before = everything(recorded)
    done = recorded("rename", "with_two", "ab")
    assert "docs/results/with_two/smoke/base/seed-0.json: schema None" in done.stderr
    assert done.exit_code == 1
    assert everything(recorded) == before


def test_without_git_nothing_is_renamed(recorded: Bench) -> None:
    (recorded.project.root / ".git").rename(recorded.project.root / "git-away")
    done = recorded("rename", "with_two", "ab")
    assert "no git repository" in done.stderr
    assert done.exit_code == 2
    assert (recorded.project.results / "with_two").is_dir()
