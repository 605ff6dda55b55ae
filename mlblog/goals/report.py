"""Progress of goals, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlblog.goals import calibrate
from mlblog.goals.calibrate import Forecast
from mlblog.goals.checklist import Goal, Week
from mlblog.goals.earned import Unearned
from mlblog.goals.ledger import Carried, Ledger, progress, reached

BETWEEN = " / "


def status_json(ledger: Ledger, week: Week, unearned: Sequence[Unearned], unverifiable: str = "") -> dict[str, Any]:
    """Return one object: the week, its groups and goals, what is carried over, and the score of closed weeks."""
    carried = {id(one.goal): one for one in ledger.carried(week)}
    lacking = {id(one.goal): one for one in unearned}
    return {
        "week": week.name,
        "path": week.path,
        "open": week is ledger.current,
        "done": reached(week.goals),
        "goals": len(week.goals),
        "groups": [{"group": list(one.group), "done": one.done, "goals": one.count} for one in progress(week.goals)],
        "items": [_item(goal, carried.get(id(goal)), lacking.get(id(goal))) for goal in week.goals],
        "calibration": score_json(ledger.forecasts),
        "note": unverifiable or None,
    }


def _item(goal: Goal, carried: Carried | None, unearned: Unearned | None) -> dict[str, Any]:
    return {
        "text": goal.text,
        "group": list(goal.group),
        "line": goal.line,
        "done": goal.done,
        "confidence": goal.probability,
        "papers": list(goal.papers),
        "experiments": list(goal.experiments),
        "since": carried.since if carried else None,
        "weeks": carried.age if carried else 0,
        "unearned": unearned.why if unearned else None,
    }


def score_json(forecasts: Sequence[Forecast]) -> dict[str, Any] | None:
    """Return the scores of `forecasts`; None if there are none."""
    if not forecasts:
        return None
    murphy = calibrate.murphy(forecasts)
    reached, expected, chance = calibrate.surprise(forecasts)
    return {
        "forecasts": len(forecasts),
        "brier": calibrate.brier(forecasts),
        "base_rate": calibrate.base_rate(forecasts),
        "brier_of_base_rate": calibrate.reference(forecasts),
        "reliability": murphy.reliability,
        "resolution": murphy.resolution,
        "done": reached,
        "expected": expected,
        "chance": chance,
        "levels": [
            {"confidence": one.probability, "count": one.count, "done": one.done, "interval": list(one.interval)}
            for one in calibrate.levels(forecasts)
        ],
    }


def status_table(ledger: Ledger, week: Week, unearned: Sequence[Unearned], unverifiable: str = "") -> str:
    """Return a line per group, carried-over goals, unearned ticks, and the calibration."""
    rows = [(BETWEEN.join(one.group) or "no group", f"{one.done}/{one.count}") for one in progress(week.goals)]
    rows.append(("total", f"{reached(week.goals)}/{len(week.goals)}"))
    width = max(len(name) for name, _ in rows)
    state = "open" if week is ledger.current else "closed"
    lines = [f"{week.name}, {week.monday} to {week.sunday}, {state}", ""]
    lines += [f"{name.ljust(width)}  {count}" for name, count in rows]
    if carried := ledger.carried(week):
        lines += ["", "carried over:"]
        lines += [f"  {one.goal.text}: since {one.since}, {weeks(one.age)}" for one in carried]
    if unearned:
        lines += ["", *(str(one) for one in unearned)]
    if unverifiable:
        lines += ["", f"note: {unverifiable}"]
    return "\n".join([*lines, "", score(ledger.forecasts)])


def counted(count: int, name: str) -> str:
    """A count with its noun: `1 week`, `2 weeks`."""
    return f"{count} {name}" if count == 1 else f"{count} {name}s"


def weeks(count: int) -> str:
    """A count of weeks."""
    return counted(count, "week")


def score(forecasts: Sequence[Forecast]) -> str:
    """Return a short assessment of the confidences in closed weeks."""
    if not forecasts:
        return "no confidences in closed weeks yet"
    reached, expected, chance = calibrate.surprise(forecasts)
    side = "fewer" if reached <= expected else "more"
    return (
        f"{counted(len(forecasts), 'confidence')} in closed weeks: Brier score {calibrate.brier(forecasts):.3f}, "
        f"{calibrate.reference(forecasts):.3f} for the base rate; "
        f"{reached} reached, {expected:.1f} expected; if they were right, the chance of {reached} or {side} would be "
        f"{chance:.2f}"
    )
