"""`mlblog rename`: what is edited, what is refused, and that records are as fresh afterwards as they were before."""

from __future__ import annotations

import json
from pathlib import Path

from renamed import GOALS, record, states, write
from workbench import Bench

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
