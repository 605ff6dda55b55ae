"""The state of records, as a table for people and as JSON for programs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlblog.lab.record_path import RecordPath
from mlblog.lab.records.acceptance import acceptances, on_smoke
from mlblog.lab.records.compare import Contrast
from mlblog.lab.records.store import as_label
from mlblog.lab.running.jobs import State
from mlblog.lab.staleness import Reason
from mlblog.lab.why import Explanation

if TYPE_CHECKING:
    from mlblog.lab.records.runs import Runs
    from mlblog.lab.records.student import Difference, Mean


def status_json(states: Sequence[State]) -> list[dict[str, Any]]:
    """Return one object per run: key, state, reasons and device."""
    return [
        {
            "experiment": state.key.experiment,
            "scale": state.key.scale,
            "overrides": dict(state.key.overrides),
            "seed": state.key.seed,
            "state": state.name,
            "why": list(map(str, state.why)),
            "record": state.record.path if state.record else None,
            "environment": dict(state.record.environment) if state.record else None,
            "accepted": _accepted(state),
        }
        for state in states
    ]


def _accepted(state: State) -> dict[str, Any] | None:
    """When the record was last accepted, the evidence, and whether it consists of smoke runs only."""
    if state.record is None or not (found := acceptances(state.record)):
        return None
    return {"date": found[-1].date, "evidence": found[-1].evidence, "smoke_only": on_smoke(state.record) is not None}


def status_table(states: Sequence[State]) -> str:
    """Return one line per experiment, scale and overrides, then what is wrong, then the cost of renewing."""
    groups: dict[tuple[str, str, str], list[State]] = {}
    for state in states:
        key = state.key
        groups.setdefault((key.experiment, key.scale, as_label(key.overrides)), []).append(state)
    rows: list[tuple[str, ...]] = [
        ("experiment", "scale", "overrides", "state", "seeds", "device", "recorded with", "time")
    ]
    for (experiment, scale, overrides), group in groups.items():
        rows.append((experiment, scale, overrides, *_summary(group)))
    lines = [_aligned(rows)]
    for group in groups.values():
        lines += _complaints(group)
    for group in groups.values():
        lines += _notes(group)
    return "\n".join([*lines, "", cost(states)])


def _summary(group: Sequence[State]) -> tuple[str, ...]:
    names = [state.name for state in group]
    worst = next((name for name in ("broken", "missing", "stale") if name in names), "fresh")
    environments = [state.record.environment for state in group if state.record]
    devices = sorted({environment.device for environment in environments})
    torch = sorted({environment.torch for environment in environments if environment.torch})
    seconds = [state.seconds for state in group if state.seconds is not None]
    return (
        worst if worst == "fresh" or names.count(worst) == len(names) else f"{worst} ({names.count(worst)})",
        str(len(group)),
        "; ".join(devices) or "-",
        "torch " + ", ".join(torch) if torch else "-",
        f"{duration(sum(seconds))}" if seconds else "-",
    )


def _complaints(group: Sequence[State]) -> list[str]:
    found: dict[tuple[Reason, ...], list[State]] = {}
    for state in group:
        if state.name in ("stale", "broken"):
            found.setdefault(state.why, []).append(state)
    return [
        f"  {_runs(states)}: {'; '.join(map(str, why[:4]))}" + (f"; and {len(why) - 4} more" if len(why) > 4 else "")
        for why, states in found.items()
    ]


def _notes(group: Sequence[State]) -> list[str]:
    found: dict[str, list[State]] = {}
    for state in group:
        if state.record is not None and (accepted := on_smoke(state.record)):
            found.setdefault(accepted.day, []).append(state)
    return [f"  {_runs(states)}: accepted on smoke evidence, {day}" for day, states in found.items()]


def _runs(states: Sequence[State]) -> str:
    key, seeds = states[0].key, ", ".join(str(state.key.seed) for state in states)
    return f"{key.experiment} {key.scale} {as_label(key.overrides)}, seed {seeds}"


def cost(states: Sequence[State]) -> str:
    """Describe how much is due, and its cost as estimated from earlier records."""
    due = [state for state in states if state.why]
    if not due:
        return f"{len(states)} fresh, nothing to do"
    known = [state.seconds for state in due if state.seconds is not None]
    unknown = len(due) - len(known)
    told = f"; about {duration(sum(known))} sequentially, by their last records" if known else ""
    untold = f"; {unknown} never recorded, cost unknown" if unknown else ""
    return f"{len(states) - len(due)} fresh, {len(due)} due{told}{untold}"


def beyond(experiment: str, paths: Sequence[RecordPath]) -> str:
    """Say which records of an experiment it does not declare, and how to delete them."""
    shown = [path.stem.removeprefix(f"{experiment}/") for path in paths]
    more = f" and {len(shown) - 3} more" if len(shown) > 3 else ""
    count = "1 record" if len(shown) == 1 else f"{len(shown)} records"
    return (
        f"{experiment}: {count} beyond those declared, kept up to date like the others: {', '.join(shown[:3])}{more};"
        f" to list or delete them: mlblog gc --beyond {experiment}"
    )


def duration(seconds: float) -> str:
    """Return `seconds` for people, as precisely as costs are meant: `4 ms`, `42.5 s`, `3 min`, `2.1 h`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.3g} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def why_json(explained: Sequence[tuple[State, Sequence[Explanation]]]) -> list[dict[str, Any]]:
    """Return one object per stale run, with its reasons."""
    return [
        {
            "run": str(state.key),
            "state": state.name,
            "why": [
                {
                    "kind": one.reason.kind, "name": one.reason.name, "detail": one.reason.detail,
                    "path": list(one.path), "diff": one.diff, "note": one.note,
                }
                for one in found
            ] or list(map(str, state.why)),
        }
        for state, found in explained
    ]  # fmt: skip


def why_text(name: str, explained: Sequence[tuple[State, Sequence[Explanation]]]) -> str:
    """Return the reasons as text, grouping runs that share them."""
    if not explained:
        return f"{name}: every record is fresh"
    groups: dict[tuple[Any, ...], list[State]] = {}
    for state, found in explained:
        groups.setdefault((tuple(found), state.why if not found else ()), []).append(state)
    parts = []
    for (found, why), states in groups.items():
        parts.append(f"{', '.join(str(state.key) for state in states)}: {states[0].name}")
        parts += [f"  {line}" for line in why]
        for one in found:
            parts.append(f"\n{one.reason}")
            if len(one.path) > 1:
                parts.append("  reached by " + " -> ".join(one.path))
            if one.diff:
                parts.append("\n".join(f"  {line}" for line in one.diff.splitlines()))
            if one.note:
                parts.append(f"  ({one.note})")
    return "\n".join(parts)


def diff_json(moves: Sequence[tuple[str, Contrast]]) -> list[dict[str, Any]]:
    """Return one object per value."""
    return [
        {
            "group": group, "name": one.name, "then": _plain(one.first), "now": _plain(one.second),
            "p": one.p, "moved": one.moved,
        }
        for group, one in moves
    ]  # fmt: skip


def _plain(summary: Mean | Difference | None) -> list[float | None] | None:
    """Mean, low and high; null for the ends of an interval that one seed does not have."""
    return None if summary is None else [None if math.isnan(number) else number for number in summary[:3]]


def diff_table(moves: Sequence[tuple[str, Contrast]], against: str) -> str:
    """Return one line per value: then, now, and whether it moved beyond noise."""
    if not moves:
        return "no records, either then or now"
    rows = [("runs", "value", f"at {against}", "now", "p", "")]
    for group, one in moves:
        verdict = _verdict(one.first, one.second, one.moved)
        rows.append((group, one.name, _interval(one.first), _interval(one.second), _p(one.p), verdict))
    told = "MOVED: beyond noise, by Welch's test, each at 5 %; ?: unknown, one seed. Brackets: 95 % intervals."
    return f"{_aligned(rows)}\n\n{told}"


def _aligned(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(lines)


def contrast_json(contrasts: Sequence[Contrast], first: Runs, second: Runs) -> list[dict[str, Any]]:
    """Return one object per value."""
    return [
        {
            "name": one.name, "scale": first.scale, "seeds": [list(first.seeds), list(second.seeds)],
            "first": _plain(one.first), "second": _plain(one.second), "difference": _plain(one.difference),
            "p": one.p, "paired": one.paired, "moved": one.moved,
        }
        for one in contrasts
    ]  # fmt: skip


def contrast_table(contrasts: Sequence[Contrast], first: Runs, second: Runs, labels: tuple[str, str]) -> str:
    """Return one line per value: both variants, their difference, and whether it is beyond noise."""
    from mlblog.lab.records.table import shortened

    rows = [("value", *labels, "difference", "p", "")]
    for one in contrasts:
        verdict = _verdict(one.first, one.second, one.moved)
        found = (_interval(one.first), _interval(one.second), _interval(one.difference), _p(one.p))
        rows.append((one.name, *found, verdict))
    seeds = [shortened(side.seeds) for side in (first, second)]
    test = (
        f"paired by seed ({seeds[0]}), Student's t"
        if first.seeds == second.seeds
        else f"Welch's test (seeds {seeds[0]} and {seeds[1]})"
    )
    told = (
        f"scale {first.scale}. MOVED: beyond noise, each at 5 %, {test}; ?: unknown, one seed."
        " Brackets: 95 % intervals."
    )
    return f"{_aligned(rows)}\n\n{told}"


def _verdict(then: Mean | None, now: Mean | None, moved: bool | None) -> str:
    return "new" if then is None else "gone" if now is None else {True: "MOVED", False: "", None: "?"}[moved]


def _p(p: float | None) -> str:
    return "-" if p is None else f"{p:.2g}"


def _interval(summary: Mean | Difference | None) -> str:
    if summary is None:
        return "-"
    mean, low, high = summary[:3]
    return f"{mean:.4g}" if math.isnan(low) else f"{mean:.4g} [{low:.4g}, {high:.4g}]"
