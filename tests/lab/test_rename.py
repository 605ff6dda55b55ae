"""`mlblog rename`: what is edited, what is refused, and that records are as fresh afterwards as they were before."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from workbench import Bench

from mlblog.lab.renaming import swap as swapping

POST = """\
---
title: A post
date: 2026-01-02
---
The loss is `{python} with_two.runs(scale="smoke").mean("loss")`, says `with_two`.

```python
from toy.experiments.with_two import with_two

runs = with_two.runs(scale="smoke")
```

- Indented, with é before it:

    ```python
    é = 1; again = [with_two for with_two in (1, 2)]; é = with_two.runs(scale="smoke")
    ```

>>> with_two
"""
GOALS = "- [x] Two losses at once, `with_two`, 4/5\n- [ ] Not ``with_two`` nor with_two, `with_two_more`\n"


def states(bench: Bench, name: str) -> list[str]:
    return [one["state"] for one in bench.json("status", name, "--scale", "smoke")]


def everything(bench: Bench) -> dict[str, bytes]:
    """Every file of the project that git could see, and what git makes of them."""
    base = bench.project.root
    skipped = {".git", ".mlblog", "__pycache__"}
    files = (path for path in base.rglob("*") if path.is_file() and not skipped & set(path.parts))
    return {path.relative_to(base).as_posix(): path.read_bytes() for path in files}


def write(bench: Bench, name: str, text: str) -> None:
    path = bench.project.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def record(bench: Bench, name: str, seed: int = 0) -> dict[str, Any]:
    path = bench.project.results / f"{name}/smoke/base/seed-{seed}.json"
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def test_fresh_records_stay_fresh_and_keep_what_they_say(recorded: Bench) -> None:
    before = record(recorded, "with_two")
    arrays = {path.name: path.read_bytes() for path in recorded.project.results.glob("with_two/**/*.safetensors")}
    done = recorded("rename", "with_two", "both_losses")
    assert done.exit_code == 0, done.output
    assert "docs/results/with_two -> docs/results/both_losses: 1 records, 1 of them fresh" in done.stdout
    after = record(recorded, "both_losses")
    assert after["environment"] == {**before["environment"], "renamed": ["with_two"]}
    for field in ("values", "params", "data", "arrays", "seed", "overrides", "scale"):
        assert after[field] == before[field]
    own, new = "toy.experiments.with_two.with_two", "toy.experiments.with_two.both_losses"
    assert {k: v for k, v in after["manifest"].items() if k != new} == {
        k: v for k, v in before["manifest"].items() if k != own
    }
    assert arrays == {
        path.name: path.read_bytes() for path in recorded.project.results.glob("both_losses/**/*.safetensors")
    }
    assert states(recorded, "both_losses") == ["fresh"]
    assert recorded("status").exit_code == 0
    assert recorded("check").exit_code == 0
    assert not (recorded.project.results / "with_two").exists()
    again = recorded("run", "both_losses", "--scale", "smoke", "--executor", "inline", "--all")
    assert again.exit_code == 0, again.output
    assert record(recorded, "both_losses")["manifest"] == after["manifest"], "as a new run would have it"


def test_git_sees_moves(recorded: Bench) -> None:
    assert recorded("rename", "with_squared", "of_squares").exit_code == 0
    recorded.git("add", "-A")
    moved = [line.split() for line in recorded.git("diff", "--cached", "--name-status", "-M").splitlines()]
    assert [line for line in moved if line[0] == "M"] == [["M", "toy/experiments/with_squared.py"]]
    assert len([line for line in moved if line[0].startswith("R")]) == 6  # three seeds, JSON and arrays
    assert len(moved) == 7


def test_stale_records_move_and_stay_stale_for_the_same_reasons(recorded: Bench) -> None:
    recorded.edit("toy/losses.py", "return x * x", "return x * x * 1")
    run = ("run", "with_squared", "--scale", "smoke", "--sweep", "x=3.0", "--seeds", "1", "--executor", "inline")
    assert recorded(*run).exit_code == 0
    recorded.commit()
    before = recorded.json("why", "with_squared", "--scale", "smoke")
    done = recorded("rename", "with_squared", "of_squares")
    assert "4 records, 1 of them fresh, as before" in done.stdout
    after = recorded.json("why", "of_squares", "--scale", "smoke")
    assert [[why["name"] for why in one["why"]] for one in after] == [["toy.losses.squared"]] * 3
    assert json.loads(json.dumps(before).replace("with_squared smoke", "of_squares smoke").replace(
        ".with_squared.with_squared", ".with_squared.of_squares")) == after  # fmt: skip


def test_why_compares_with_the_function_under_its_former_name(recorded: Bench) -> None:
    assert recorded("rename", "with_two", "ab").exit_code == 0
    recorded.edit("toy/experiments/with_two.py", "losses.absolute(slope)", "losses.absolute(-slope)")
    ((one,),) = [explained["why"] for explained in recorded.json("why", "ab")]
    removed = [line for line in one["diff"].splitlines() if line.startswith("-") and not line.startswith("---")]
    assert [line.split("(")[0] for line in removed] == ["-def with_two", "-    run.save"]


def test_posts_and_goals_follow(recorded: Bench) -> None:
    write(recorded, "posts_src/a-post.md", POST)
    write(recorded, "posts_src/goals/2026-W01.md", GOALS.replace("[x]", "[ ]"))
    recorded.commit()
    write(recorded, "posts_src/goals/2026-W01.md", GOALS)
    recorded.commit()
    assert recorded("check").exit_code == 0, recorded("check").output
    done = recorded("rename", "with_two", "ab")
    assert done.exit_code == 0, done.output
    root = recorded.project.root
    text = (root / "posts_src/a-post.md").read_text(encoding="utf-8")
    expected = POST
    for before, after in (
        ("{python} with_two.", "{python} ab."),
        ("import with_two\n", "import ab\n"),
        ("runs = with_two.", "runs = ab."),
        ("é = with_two.", "é = ab."),
    ):
        assert expected.count(before) == 1
        expected = expected.replace(before, after)
    assert text == expected
    goals = (root / "posts_src/goals/2026-W01.md").read_text(encoding="utf-8")
    assert goals == GOALS.replace(" `with_two`,", " `ab`,")
    recorded.commit()
    assert recorded("check").exit_code == 0, "a tick that was earned under the old name is earned"
    assert "posts_src/a-post.md:5" in done.stdout
    assert "posts_src/a-post.md:19:>>> with_two" in done.stdout, "what is still written is shown"


FORMS = {
    "import": ("from toy.experiments.with_two import with_two\n\nx = with_two\n", True),
    "import as": ("from toy.experiments.with_two import with_two as two\n\nx = two\n", True),
    "import as itself": ("from toy.experiments.with_two import with_two as with_two\n\nx = with_two.runs\n", True),
    "import of several": (
        "from toy.experiments.with_two import (\n    EXTRA,\n    with_two,\n)\n\nx = [with_two]\n",
        True,
    ),
    "relative": ("from .experiments.with_two import with_two\n", True),
    "module": ("from toy.experiments import with_two\n\nx = with_two.with_two.runs\n", None),
    "whole path": ("import toy.experiments.with_two\n\nx = toy.experiments.with_two.with_two\n", None),
    "module under another name": ("import toy.experiments.with_two as m\n\nx = (m\n    .with_two)\n", None),
    "in a function": ("def f():\n    from toy.experiments.with_two import with_two\n    return with_two\n", True),
    "nested": (
        "from toy.experiments.with_two import with_two\n\n"
        "def f(with_two):\n    return with_two\n\n"
        "class C:\n    with_two = 1\n\n    def g(self, a=with_two):\n        return lambda: with_two\n",
        None,
    ),
    "all": ("from toy.experiments.with_two import with_two\n\n__all__ = ['with_two', \"other\"]\nother = 1\n", True),
    "star": ("from toy.experiments.with_two import *\n\nx = with_two\n", True),
    "f-string": ("from toy.experiments.with_two import with_two\n\nx = f'{with_two.title} is with_two'\n", None),
    "a word in text": ("# with_two\n'''with_two'''\nwith_two_more = 1\nx = dict(with_two=with_two_more)\n", False),
    "another thing": ("def with_two():\n    return 1\n\nx = with_two()\n", False),
}
RESULT = {
    "module": "from toy.experiments import with_two\n\nx = with_two.ab.runs\n",
    "whole path": "import toy.experiments.with_two\n\nx = toy.experiments.with_two.ab\n",
    "module under another name": "import toy.experiments.with_two as m\n\nx = (m\n    .ab)\n",
    "nested": "from toy.experiments.with_two import ab\n\n"
    "def f(with_two):\n    return with_two\n\n"
    "class C:\n    with_two = 1\n\n    def g(self, a=with_two):\n        return lambda: ab\n",
    "f-string": "from toy.experiments.with_two import ab\n\nx = f'{ab.title} is with_two'\n",
}


def test_every_form_of_reference(recorded: Bench) -> None:
    with (recorded.project.root / "toy/experiments/with_two.py").open("a", encoding="utf-8") as file:
        file.write("\nEXTRA = 1\n")
    files = {form: f"toy/form_{number}.py" for number, form in enumerate(FORMS)}
    for form, (text, _) in FORMS.items():
        write(recorded, files[form], text)
    recorded.commit()
    done = recorded("rename", "with_two", "ab")
    assert done.exit_code == 0, done.output
    for form, (text, all_of_it) in FORMS.items():
        expected = text if all_of_it is False else RESULT.get(form) or _renamed(text)
        assert (recorded.project.root / files[form]).read_text(encoding="utf-8") == expected, form
    assert states(recorded, "ab") == ["fresh"]


def _renamed(text: str) -> str:
    """Every use but the module's name."""
    return text.replace("with_two", "ab").replace("experiments.ab", "experiments.with_two")


def test_renames_through_reexports_keep_other_experiments_fresh(recorded: Bench) -> None:
    """An experiment that calls another is stale if that changes; a new name alone is no change."""
    write(recorded, "toy/api.py", "from toy.experiments.with_two import with_two as two, with_two\n")
    write(
        recorded,
        "toy/deep.py",
        "from toy.api import two\n\ndef call(run, x, seed):\n    two.function(run, x=x, seed=seed)\n",
    )
    recorded.edit(
        "toy/experiments/with_none.py",
        "from toy import losses",
        "from toy import api, losses\nfrom toy.deep import call",
    )
    recorded.edit(
        "toy/experiments/with_none.py",
        "run.save(loss=x + seed,",
        "call(run, x, seed)\n    print(api.with_two)\n    run.save(none=x + seed,",
    )
    recorded.edit("toy/experiments/with_none.py", "curve=", "line=")
    recorded.edit("toy/experiments/with_none.py", "    run.measure(clock=", "    run.measure(tick=")
    recorded.commit()
    done = recorded("run", "--scale", "smoke", "--executor", "inline")
    assert done.exit_code == 0, done.output
    recorded.commit()
    done = recorded("rename", "with_two", "ab")
    assert done.exit_code == 0, done.output
    assert "1 records of with_none refer to it and were updated" in done.stdout
    assert states(recorded, "with_none") == states(recorded, "ab") == ["fresh"]
    assert "renamed" not in record(recorded, "with_none")["environment"]
    again = recorded("run", "with_none", "--scale", "smoke", "--executor", "inline", "--all")
    assert again.exit_code == 0, again.output


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


def test_windows_line_ends_and_permissions_stay(recorded: Bench) -> None:
    path = recorded.project.root / "toy/experiments/with_two.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    path.chmod(0o755)
    recorded.commit()
    text = path.read_bytes()
    assert recorded("rename", "with_two", "ab").exit_code == 0
    assert path.read_bytes() == text.replace(b"def with_two(", b"def ab(")
    assert path.stat().st_mode & 0o777 == 0o755


def test_renaming_back_gives_the_same_manifest(recorded: Bench) -> None:
    before, code = record(recorded, "with_two"), Path("toy/experiments/with_two.py").read_bytes()
    for old, new in (("with_two", "ab"), ("ab", "with_two")):
        assert recorded("rename", old, new).exit_code == 0
        recorded.commit()
    after = record(recorded, "with_two")
    assert after["manifest"] == before["manifest"]
    assert after["environment"]["renamed"] == ["with_two", "ab"]
    assert Path("toy/experiments/with_two.py").read_bytes() == code
