"""The page of experiments: states, values, how they moved over commits, and what git does not know."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import markdown
import pytest
from bs4 import BeautifulSoup

from mlblog.lab import Lab, Project
from mlblog.lab.running.executors.inline import InlineExecutor
from mlblog.press import Context, Outputs, Ran, parse_post
from mlblog.press.page.provenance import evidence
from mlblog.press.page.published import Published
from mlblog.site import experiments
from mlblog.site.sparkline import sparkline
from mlblog.site.status import standings
from mlblog.site.value_history import trail

CODE = '''\
from mlblog.lab import Run, experiment

SHIFT = {shift}


def shifted(x):
    return x + SHIFT


@experiment(smoke=dict(n=1), small=dict(n=5), seeds=3, variants=[dict(width=7)])
def walk(run: Run, *, n: int, width: int = 2, seed: int) -> None:
    """Walk by `n` steps_and_more

    Further words."""
    run.save(length=shifted(n * width + seed), a_first=1.0, inside=[0.9, 0.97, 1.0][seed], name="x", path=[1.0, 2.0])


@experiment(smoke=dict(n=1), seeds=1)
def unrecorded(run: Run, *, n: int, seed: int) -> None:
    """Never recorded."""
    run.save(n=n)
'''
POST = """\
---
title: A *walk*
date: 2026-11-21
---
```python
from toy.experiments.walks import walk

walk.runs().mean("length"), walk.runs().mean("length"), walk.runs().mean("a_first")
```
"""


def git(root: Path, *arguments: str) -> str:
    who = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", str(root), *who, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def run(project: Project, scale: str = "small") -> None:
    lab = Lab(project)
    outcomes = lab.run(lab.plan(lab.experiments["walk"].keys(scale)), InlineExecutor(project))
    assert not [o.error for o in outcomes if o.error]
    for module in [name for name in __import__("sys").modules if name.startswith("toy.experiments.")]:
        del __import__("sys").modules[module]


def look(project: Project) -> tuple[Context, str]:
    lab = Lab(project)
    post = parse_post(POST, "posts_src/a.md")
    found = [(name, "") for name in lab.store.names() if "/base/" in name]
    read = {"experiment": "walk", "scale": None, "overrides": {}, "found": found}
    context = Context(lab, (Published.of(post, Outputs((Ran((), (read,)),))),), lambda read: evidence(read, lab))
    (page,) = experiments.pages(context)
    return context, page.text


@pytest.fixture
def project(make_project: Callable[[dict[str, str]], Project]) -> Project:
    return make_project({"toy/experiments/walks.py": CODE.format(shift=0), "docs/index.md": "# Home\n"})


def test_a_project_without_git_has_no_trail_and_has_a_page(project: Project) -> None:
    run(project)
    assert trail(project) == {}
    context, text = look(project)
    walk, unrecorded = standings(context)
    assert (walk.state, walk.scale, walk.main, len(walk.records), walk.missing) == ("fresh", "small", "length", 6, 0)
    assert (unrecorded.state, unrecorded.groups) == ("missing", ())
    assert "There are 2 experiments: 1 fresh, 1 not recorded." in text
    assert '</span> · <span class="mlblog-aside">length</span> 11&nbsp;±&nbsp;2.5\n' in text
    assert "\nComputed with scale small, 6 runs, 3 seeds · " in text
    assert "length by commit" not in text  # no history yet
    assert "Walk by `n` steps&#95;and&#95;more." in text
    assert "| `width` | 2 | 2 |" in text
    assert "- width&#61;7" in text
    # 10 + seed: mean 11, t(0.975, 2) = 4.3027, s = 1
    assert f"| `length` | 11 ± {4.3027 / 3**0.5:.2g} | 36 ± 2.5 |" in text
    assert "| `a_first` | 1 | 1 |" in text
    # mean 0.956667, Student's interval from 0.83 to 1.08; logit 3.095 ± 4.3027 · 0.029627 / (0.956667 · 0.043333)
    assert "| `inside` | 0.9567 (0.505 to 0.998) | 0.9567 (0.505 to 0.998) |" in text
    assert "`name`" not in text
    assert "(blog/posts/a.md)" in text
    assert "mlblog run unrecorded --scale smoke" in text


def test_smoke_runs_are_shown_as_what_they_are(project: Project) -> None:
    run(project, "smoke")
    context, text = look(project)
    walk = standings(context)[0]
    assert (walk.state, walk.scale, len(walk.records)) == ("smoke", "smoke", 6)
    assert "There are 2 experiments: 1 only tried, 1 not recorded." in text
    assert "scale smoke, 6 runs, 3 seeds" in text
    assert "results/walk/smoke/base/seed-1.json" in text
    assert "mlblog run walk --scale small" in text
    (project.root / "toy/experiments/walks.py").write_text(CODE.format(shift=2))
    assert standings(look(project)[0])[0].state == "stale"


def test_records_accepted_on_smoke_evidence_are_told(project: Project) -> None:
    run(project)
    store = Lab(project).store
    for name in store.names()[:2]:
        record = store.read(name)
        line = "2026-11-21T17:00:00+00:00 0123456789ab"
        store.put(replace(record, environment={**record.environment, "accepted": [line]}))
    context, text = look(project)
    assert standings(context)[0].state == "fresh"
    assert (
        "2 of 6 runs accepted on smoke evidence, 2026-11-21. The code has changed since these runs; that its"
        " results are unchanged was verified at smoke scale only." in text
    )


def test_values_are_followed_over_commits(project: Project) -> None:
    root = project.root
    git(root, "init", "-q")
    run(project)
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    first = git(root, "rev-parse", "HEAD")[:7]
    (root / "toy/experiments/walks.py").write_text(CODE.format(shift=2.5))
    context, text = look(project)
    assert standings(context)[0].state == "stale"
    assert 'class="mlblog-state mlblog-stale">stale<' in text
    assert "Stale: toy.experiments.walks.SHIFT changed" in text
    run(project)
    assert f"length by commit: 11 ({first}, " in look(project)[1]
    text = look(project)[1]
    assert "then 13.5 (not committed)" in text
    drawn = markdown.markdown(text, extensions=["tables", "attr_list", "pymdownx.blocks.html", "pymdownx.details"])
    assert drawn.count("<svg") == drawn.count("</svg>") == drawn.count('role="img"') == 1
    git(root, "commit", "-qam", "second")
    second = git(root, "rev-parse", "HEAD")[:7]
    points = trail(project)["walk/small"]
    assert [(point.commit, point.means["length"]) for point in points] == [(first, 11.0), (second, 13.5)]
    assert set(points[0].means) == {"length", "a_first", "inside"}
    assert trail(project)["walk/small"] == points  # as it was kept
    git(root, "rm", "-rq", "docs/results/walk/small/base")
    git(root, "commit", "-qm", "third")
    assert [point.commit for point in trail(project)["walk/small"]] == [first, second]


def test_a_project_below_the_repositorys_root(make_project: Callable[..., Project], tmp_path: Path) -> None:
    make_project({"inner/pyproject.toml": '[tool.mlblog]\npackages = ["toy"]\n'})
    inner = Project(tmp_path / "inner", ("toy",), "toy.experiments")
    record = inner.results / "walk" / "small" / "base" / "seed-0.json"
    record.parent.mkdir(parents=True)
    git(tmp_path, "init", "-q")
    for content in ('{"values": {"a": 1, "b": true, "c": "x", "d": 2.5}}', "half a rec", '{"values": {"a": 4}}'):
        record.write_text(content)
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "-qm", "one")
    assert [point.means for point in trail(inner)["walk/small"]] == [{"a": 1.0, "d": 2.5}, {"a": 4.0}]


def test_a_shallow_clone_that_is_made_whole_shows_the_whole_trail(tmp_path: Path) -> None:
    source, clone = tmp_path / "source", tmp_path / "clone"
    record = source / "docs/results/walk/small/base/seed-0.json"
    record.parent.mkdir(parents=True)
    git(tmp_path, "init", "-q", str(source))
    for value in (1, 4):
        record.write_text(f'{{"values": {{"a": {value}}}}}')
        git(source, "add", ".")
        git(source, "commit", "-qm", "one")
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{source}", str(clone))
    project = Project(clone, ("toy",), "toy.experiments")
    assert [point.means["a"] for point in trail(project)["walk/small"]] == [4.0]
    git(clone, "fetch", "-q", "--unshallow")
    assert [point.means["a"] for point in trail(project)["walk/small"]] == [1.0, 4.0]


def test_missing_and_broken_records_are_told(project: Project) -> None:
    run(project)
    (project.results / "walk/small/width=7/seed-2.json").unlink()
    context, text = look(project)
    assert standings(context)[0].state == "incomplete"
    assert "incomplete</span>, 1 to run" in text
    (project.results / "walk/small/width=7/seed-1.json").write_text("{}")
    context, text = look(project)
    assert standings(context)[0].state == "broken"
    assert re.search(r"mlblog-error\n\n.*seed-1.json: schema None", text)


def test_markdown_makes_the_page_that_is_meant(project: Project) -> None:
    run(project)
    text = look(project)[1].split("---\n", 2)[2]
    html = markdown.markdown(text, extensions=["tables", "attr_list", "pymdownx.blocks.html", "pymdownx.details"])
    entries = BeautifulSoup(html, "html.parser").select("div.mlblog-entries > details.mlblog-entry")
    assert [entry.select("summary > h2")[0]["id"] for entry in entries] == ["walk", "unrecorded"]
    assert [(entry["data-state"], entry["data-post"]) for entry in entries] == [
        ("fresh", "A *walk*"),
        ("not recorded", ""),
    ]
    assert [len(entry.find_all("table")) for entry in entries] == [2, 1]


@pytest.mark.parametrize(
    ("values", "line"),
    [([1.0, 3.0], "3.0,17.0 85.0,3.0"), ([1.0, 1.0, 1.0], "3.0,10.0 44.0,10.0 85.0,10.0")],
)
def test_a_sparkline_goes_from_the_lowest_to_the_highest(values: list[float], line: str) -> None:
    drawn = sparkline(values, 'a "b" < c')
    assert f'points="{line}"' in drawn
    assert 'aria-label="a &quot;b&quot; &lt; c"' in drawn
    assert "\n" not in drawn
