"""What has changed on the site: posts by the dates that they give, recorded numbers by the commits that changed them.

Verdicts are computed anew by each build and kept nowhere, so that their history is that of the numbers behind them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from mlblog.lab.records.history import gap
from mlblog.papers.citation import escaped
from mlblog.press import Context, Page, Post
from mlblog.site.experiments import number
from mlblog.site.value_history import Point, trail
from mlblog.site.value_names import ValueNames

PATH = "changes.md"
_HEAD = """---
title: Changes
description: When posts were published and updated, and which recorded numbers moved.
---

# Changes

Posts by the dates in their front matter. Numbers that posts name, means over seeds, by the commits that changed them.
"""
_MOST = 4  # numbers of one experiment in one commit


def pages(context: Context) -> Iterator[Page]:
    """Yield the page, if `mkdocs.yml` lists it and the blog has none of its own."""
    root = context.project.root
    settings = root / "mkdocs.yml"
    if not settings.is_file() or PATH not in settings.read_text(encoding="utf-8") or (root / "docs" / PATH).is_file():
        return
    days: dict[str, list[str]] = defaultdict(list)
    for post in sorted((one.post for one in context.posts), key=lambda post: post.title.casefold()):
        days[str(post.day)].append(f"- Published: {_link(post)}")
        if (changed := _updated(post)) > str(post.day):
            days[changed].append(f"- Updated: {_link(post)}")
    history = trail(context.project)
    for day, line in _moves(context, history):
        days[day].append(line)
    text = _HEAD
    if not history and (reason := gap(root)):
        text += f"\nNumbers are left out: {reason}.\n"
    for day in sorted(days, reverse=True):
        text += f"\n## {day}\n\n" + "\n".join(days[day]) + "\n"
    yield Page(PATH, text)


def _link(post: Post) -> str:
    return f"[{escaped(post.title)}]({post.page})"


def _updated(post: Post) -> str:
    """The day of the last change that the front matter gives; empty if it gives none."""
    written: Any = post.meta["date"]
    found = written.get("updated") if isinstance(written, dict) else post.meta.get("updated")
    return str(found.date() if isinstance(found, datetime) else found) if isinstance(found, date) else ""


def _moves(context: Context, history: Mapping[str, list[Point]]) -> Iterator[tuple[str, str]]:
    """Day and line of each commit that changed numbers which a post names."""
    names = ValueNames.of(context.project)
    for key, points in history.items():
        experiment = key.partition("/")[0]
        named = {name for one in context.posts if experiment in one.experiments for name in one.names}
        for before, after in pairwise(points):
            pairs = {
                name: (before.means[name], after.means[name])
                for name in sorted(named & {*before.means} & {*after.means})
            }
            told = {name: (number(old), number(new)) for name, (old, new) in pairs.items()}
            moved = [
                f"{escaped(names.shown(experiment, name))} {old} → {new}"
                for name, (old, new) in told.items()
                if old != new
            ]
            if moved:
                more = f", {len(moved) - _MOST} more" if len(moved) > _MOST else ""
                way = f"[{escaped(key.replace('/', ', scale '))}](experiments.md#{experiment})"
                yield after.date, f"- Recorded anew: {way}: {', '.join(moved[:_MOST])}{more} (commit {after.commit})"
