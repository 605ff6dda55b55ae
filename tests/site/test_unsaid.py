"""Claims without their place or without what would change them, found in the text of posts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from mlblog.cli import main
from mlblog.lab import Project
from mlblog.site.unsaid import unsaid

POST = """---
title: T
date: 2026-11-21
---

```python
{}
```
"""


@pytest.mark.parametrize(
    ("code", "left_out"),
    [
        ('claim("A", holds=True)', "overturned_by="),
        ('claim("A", holds=True, overturned_by="B.")', ""),
        ('claim("A", holds=True, overturned_by="")', "overturned_by="),
        ('claim("A", "key", holds=True, overturned_by=f"{B}.")', "place="),
        ('claim("A", source=KEY, holds=True)', "place= and overturned_by="),
        ('claim("A", source="", holds=True, overturned_by=B)', ""),
        ('claim("A", "key", holds=True, place="§3", overturned_by="B.")', ""),
        ('claim("A", "key", holds=True, **more)', ""),
        ('disclaim("A")', ""),
        ("%time claim('A', holds=True)", "overturned_by="),
    ],
)
def test_what_a_claim_leaves_out(make_project: Callable[[dict[str, str]], Project], code: str, left_out: str) -> None:
    project = make_project({"posts_src/a.md": POST.format(f"b = 1\n\n{code}")})
    line = 6 if code.startswith("%") else 9
    assert unsaid(project) == ([f"posts_src/a.md:{line}: a claim without {left_out}"] if left_out else [])


def test_it_is_a_note_of_check(
    make_project: Callable[[dict[str, str]], Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project({"posts_src/a.md": POST.format('claim("A", holds=True)'), "posts_src/b.md": "no post"})
    monkeypatch.chdir(project.root)
    told = CliRunner().invoke(main, ["check"]).output
    assert told.count("note: posts_src/a.md:7: a claim without overturned_by=") == told.count("a claim without") == 1


def test_every_claim_of_this_blog_says_both() -> None:
    assert unsaid(Project.find(Path(__file__).parents[2])) == []
