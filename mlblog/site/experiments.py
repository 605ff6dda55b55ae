"""The page of experiments: a line each, which opens on cost, history of the main value, and all recorded values."""

from __future__ import annotations

import json
import math
import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Mapping

from mlblog.lab import Runs
from mlblog.lab.records.record import plain
from mlblog.lab.records.shares import printed
from mlblog.lab.records.store import as_label
from mlblog.lab.records.table import Estimate
from mlblog.lab.report import duration
from mlblog.papers.citation import escaped
from mlblog.press import Context, Page
from mlblog.press.page import evidence
from mlblog.press.source import blocks
from mlblog.site.entries import entry, listed
from mlblog.site.sparkline import sparkline
from mlblog.site.status import STATES, Standing, standings
from mlblog.site.value_history import Trail, trail
from mlblog.site.value_names import ValueNames

PATH = "experiments.md"
_NOTHING = '<span class="mlblog-none">–</span>'  # noqa: RUF001
_WORDS = {"smoke": "only tried", "missing": "not recorded"}
_CODE = re.compile(r"(`[^`]+`)")
_HEAD = """---
title: Experiments
description: Every experiment behind this site, its records, and whether the code behind them has changed since.
counts: {counts}
---

# Experiments

Every figure and number here that takes more than a moment to compute comes from a *record*, a file committed with the
code. A record is **fresh** while the code and parameters that produced it are unchanged, and **stale** as soon as any
function that it depends on changes.
"""


def pages(context: Context) -> Iterator[Page]:
    """Yield the page, if there are experiments."""
    found = standings(context)
    if not found:
        return
    moved = trail(context.project)
    counts = Counter(one.state for one in found)
    told = ", ".join(f"{counts[state]} {_WORDS.get(state, state)}" for state in STATES if counts[state])
    recorded = [one for one in found if one.groups]
    cost = f" Computing all records took {duration(sum(one.seconds for one in recorded))}." if recorded else ""
    count = "There is 1 experiment" if len(found) == 1 else f"There are {len(found)} experiments"
    text = f"\n{count}: {told}.{cost}\n\n"
    if counts["smoke"]:
        text += "Records at scale smoke only show that the code runs; such an experiment is *only tried*.\n\n"
    names = ValueNames.of(context.project)
    text += listed(("state", "post"), "\n".join(_entry(one, context, moved, names) for one in found))
    shown = json.dumps({_WORDS.get(state, state): counts[state] for state in STATES if counts[state]})
    yield Page(PATH, _HEAD.format(counts=shown) + text)


def _entry(one: Standing, context: Context, moved: Trail, names: ValueNames) -> str:
    name = one.declaration.name
    line = [f"## {escaped(name)} {{ #{name} }}\n\n{_state(one)}"]
    if value := _main(one):
        line.append(f'<span class="mlblog-aside">{names.shown(name, one.main)}</span> {value}')
    kinds = {"state": _WORDS.get(one.state, one.state), "post": [post.title for post in one.posts]}
    return entry("", " · ".join(line), _section(one, context, moved, names), **kinds)


def _title(one: Standing) -> str:
    """The first line of the docstring, escaped except for code spans."""
    pieces = _CODE.split(one.declaration.title.removesuffix(".") + ".")
    return "".join(piece if piece.startswith("`") else escaped(piece) for piece in pieces)


def _state(one: Standing) -> str:
    more = f", {one.missing} to run" if one.state == "incomplete" else ""
    return f'<span class="mlblog-state mlblog-{one.state}">{_WORDS.get(one.state, one.state)}</span>{more}'


def _main(one: Standing) -> str:
    return interval(one.base, one.main).replace(" ", "&nbsp;") if one.base and one.main else ""


def _history(one: Standing, moved: Trail, name: str) -> str:
    """The main value over the commits that changed it; empty if it never moved."""
    if one.base is None or not one.main:
        return ""
    points = [
        (point.means[one.main], f"{number(point.means[one.main])} ({point.commit}, {point.date})")
        for point in moved.get(f"{one.declaration.name}/{one.scale}", ())
        if one.main in point.means
    ]
    now = one.base.mean(one.main)
    if not points or not math.isclose(points[-1][0], now, rel_tol=1e-12):
        points.append((now, f"{number(now)} (not committed)"))
    if len(points) == 1:
        return ""
    told = f"{name} by commit: {', then '.join(words for _, words in points)}"
    return f"{name[:1].upper()}{name[1:]}, by commit: {sparkline([value for value, _ in points], told)}"


def _made(one: Standing) -> str:
    records = one.records
    if not records:
        return ""
    devices = dict.fromkeys(record.environment.device for record in records)
    dates = sorted(record.environment.day for record in records)
    seeds = max(len(group.records) for group in one.groups)
    counts = f"{_counted(len(records), 'run')}, {_counted(seeds, 'seed')}"
    spent = f"{duration(one.seconds)}, {' to '.join(dict.fromkeys((dates[0], dates[-1])))}"
    told = map(evidence.named, (f"scale {one.scale}, {counts}", ", ".join(devices), spent))
    return f"Computed with {' · '.join(told)}."


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def interval(runs: Runs, name: str) -> str:
    """A mean over seeds, with the half width of its 95 % interval, or both ends if it is longer on one side."""
    found = Estimate(*printed(runs.values(name)), len(runs))
    mean = number(found.mean)
    if math.isnan(found.low) or found.low == found.high:
        return mean
    if found.lopsided:
        return f"{mean} ({number(found.low, 3)} to {number(found.high, 3)})"
    return f"{mean} ± {number((found.high - found.low) / 2, 2)}"


def number(value: float, digits: int = 4) -> str:
    """A number with some significant digits; integer if large."""
    return f"{value:,.0f}" if 10**digits <= abs(value) < 1e15 else f"{value:.{digits}g}"


def _section(one: Standing, context: Context, moved: Trail, names: ValueNames) -> str:
    declaration = one.declaration
    place = f"{context.project.relative(declaration.path)}:{declaration.line}"
    lines = [f"{_title(one)} Declared in `{place}`.", _made(one)]
    lines.append(_history(one, moved, names.shown(declaration.name, one.main)))
    if one.posts:
        links = ", ".join(f"[{escaped(post.title)}]({_way(post.page)})" for post in one.posts)
        lines.append(f"Read by {links}.")
    text = "\n\n".join(filter(None, lines)) + "\n"
    for wrong in one.broken:
        text += "\n" + blocks.block("p.mlblog-error", evidence.named(wrong))
    if one.reasons:
        text += "\n" + blocks.block("p.mlblog-stale", f"Stale: {evidence.named('; '.join(map(str, one.reasons)))}")
    if one.accepted:
        told = f"{one.accepted[:1].upper()}{one.accepted[1:]}. The code has changed since these runs; that its"
        text += f"\n{told} results are unchanged was verified at smoke scale only.\n"
    text += "\n" + blocks.folded("Parameters", _parameters(one))
    if one.groups:
        home = context.repository
        text += "\n" + blocks.folded("Values", _values(one))
        text += "\n" + blocks.folded(
            "Records", "".join(f"- {evidence.recorded(group, '.', home)}\n" for group in one.groups)
        )
    scale = one.scale if one.scale != "smoke" else ""
    scale = scale or declaration.largest("smoke", "small") or "smoke"
    return text + "\n" + blocks.fence("bash", f"mlblog run {declaration.name} --scale {scale}")


def _way(path: str) -> str:
    return posixpath.relpath(path, posixpath.dirname(PATH) or ".")


def _parameters(one: Standing) -> str:
    declaration = one.declaration
    scales = list(declaration.scales)
    rows = [["parameter", *scales], ["---"] * (1 + len(scales))]
    for name in declaration.parameters:
        settings = (declaration.params(scale, {}) for scale in scales)
        rows.append([f"`{name}`", *(escaped(plain(setting[name])) for setting in settings)])
    text = _markdown_table(rows) + f"\nSeeds: {declaration.seeds}.\n"
    if declaration.variants:
        variants = "".join(f"- {escaped(as_label(variant))}\n" for variant in declaration.variants)
        text += f"\nAlso recorded with:\n\n{variants}"
    return text


def _values(one: Standing) -> str:
    columns: Mapping[str, Runs] = {as_label(group.read.overrides): Runs(group.records) for group in one.groups}
    first = next(iter(columns.values()))[0]
    names = [name for name, value in sorted(first.values.items()) if type(value) in (int, float)]
    rows = [["value", *map(escaped, columns)], ["---", *["---:"] * len(columns)]]
    for name in names:
        rows.append([f"`{name}`", *(_cell(runs, name) for runs in columns.values())])
    text = _markdown_table(rows)
    if any(len(runs) > 1 for runs in columns.values()):
        text += (
            "\n± is the half width of the 95 % interval of the mean over seeds. In brackets are its two ends where all"
        )
        text += " seeds lie in 0 to 1 and ± would leave that: it is then taken on the logit, as of a share.\n"
    if first.arrays:
        shapes = (f"`{name}` ({_shape(array.shape)})" for name, array in first.arrays.items())
        text += f"\nArrays: {', '.join(shapes)}.\n"
    return text


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "one number"  # noqa: RUF001


def _cell(runs: Runs, name: str) -> str:
    there = all(type(record.values.get(name)) in (int, float) for record in runs)
    return interval(runs, name) if there else _NOTHING


def _markdown_table(rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"
