"""Five experiments, five posts: an edit to one loss marks one post, and pages say in which order they need records."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mlblog.lab import Lab, Project, Record
from mlblog.lab.running.executors.inline import InlineExecutor
from mlblog.press import compile_posts
from mlblog.press.needs import experiments_needed

LOSSES = "".join(f"def loss_{n}(x):\n    return (x - {n}) ** 2\n\n\n" for n in range(5))
EXPERIMENT = """
from mlblog.lab import Run, experiment
from toy.losses import loss_{n}

@experiment(smoke=dict(x=1.0), small=dict(x=2.0), seeds=1)
def fit_{n}(run: Run, *, x: float, seed: int) -> None:
    '''Fit {n}.'''
    run.save(loss=loss_{n}(x))
"""
POST = """---
title: Post {n}
date: 2026-11-0{day}
---
```python
from toy.experiments.fit_{n} import fit_{n}

fit_{n}.runs().mean("loss")
```
"""
DAYS = {0: 3, 1: 5, 2: 1, 3: 4, 4: 2}


@pytest.fixture
def project(make_project: Callable[[dict[str, str]], Project]) -> Project:
    files = {"toy/losses.py": LOSSES}
    for n, day in DAYS.items():
        files[f"toy/experiments/fit_{n}.py"] = EXPERIMENT.format(n=n)
        files[f"posts_src/post_{n}.md"] = POST.format(n=n, day=day)
    made = make_project(files)
    lab = Lab(made)
    outcomes = list(lab.run(lab.plan(lab.keys("small")), InlineExecutor(made)))
    assert all(isinstance(outcome.record, Record) for outcome in outcomes)
    return made


def badges(project: Project) -> dict[str, str]:
    """The stale marks of the pages, by post."""
    compiled = compile_posts(project)
    assert not compiled.errors
    found = {}
    for page in compiled.pages:
        text = (compiled.folder / page).read_text(encoding="utf-8")
        if "mlblog-stale" in text:
            found[Path(page).stem] = text[text.index("Stale: ") :].partition("\n")[0]
    return found


def test_an_edited_loss_marks_the_post_that_rests_on_it_and_no_other(project: Project) -> None:
    assert badges(project) == {}
    losses = project.root / "toy" / "losses.py"
    losses.write_text(losses.read_text(encoding="utf-8").replace("(x - 3) ** 2", "abs(x - 3)"), encoding="utf-8")
    assert badges(project) == {"post_3": "Stale: toy.losses.loss\\_3 changed"}
    losses.write_text("# a comment\n" + LOSSES, encoding="utf-8")
    assert badges(project) == {}


@pytest.mark.parametrize(
    ("evidence", "told"),
    [
        ("", "accepted on smoke evidence, 2026-11-21"),
        (": smoke runs only: seed 0, same bits as commit 0123456789ab (cpu: x)", "smoke evidence, 2026-11-21"),
        (": seed 0 at small, same bits as recorded (cpu: x)", ""),
    ],
)
def test_an_accepted_record_makes_its_page_anew_which_says_on_what_evidence(
    project: Project, evidence: str, told: str
) -> None:
    losses = project.root / "toy" / "losses.py"
    losses.write_text(LOSSES.replace("(x - 3) ** 2", "(x - 3) * (x - 3)"), encoding="utf-8")
    pages = compile_posts(project)
    for file in (*project.root.rglob("*.py"), *project.root.rglob("*.md"), *project.results.rglob("*.json")):
        os.utime(file, (0, 0))  # long ago, so that pages are kept
    compile_posts(project)
    lab = Lab(project)
    record = lab.store.read("fit_3/small/base/seed-0.json")
    accepted = {**record.environment, "accepted": [f"2026-11-21T17:00:00+00:00 0123456789ab{evidence}"]}
    manifest = lab.code.manifest("toy.experiments.fit_3.fit_3")
    lab.store.put(replace(record, environment=accepted, manifest=manifest))
    assert badges(project) == {}
    texts = {Path(page).stem: (pages.folder / page).read_text(encoding="utf-8") for page in pages.pages}
    assert told in texts["post_3"]
    assert [name for name, text in texts.items() if "smoke evidence" in text] == (["post_3"] if told else [])


def test_experiments_are_needed_in_the_order_of_the_newest_pages(project: Project) -> None:
    needed = experiments_needed(Lab(project))
    newest_first = sorted(DAYS, key=DAYS.__getitem__, reverse=True)
    assert list(needed) == [f"fit_{n}" for n in newest_first]
    assert needed["fit_4"] == ["posts_src/post_4.md"]


def test_a_post_that_cannot_be_read_needs_nothing(project: Project) -> None:
    (project.posts / "post_1.md").write_text("no front matter", encoding="utf-8")
    assert "fit_1" not in experiments_needed(Lab(project))
