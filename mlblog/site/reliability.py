"""Calibration for readers: a reliability diagram as SVG, with an interpretation."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mlblog.goals import calibrate
from mlblog.goals.calibrate import Forecast, Level
from mlblog.papers import Bibliography
from mlblog.press.source.blocks import block

_SIZE, _LEFT, _TOP, _RIGHT, _BOTTOM = 300.0, 46.0, 14.0, 14.0, 44.0  # plot size and margins, in SVG units
_NOTHING = "No week with confidences has closed yet, so there is nothing to show."
_SOURCES = ("brier1950verification", "murphy1973new", "wilson1927probable")


def judged(forecasts: Sequence[Forecast], bibliography: Bibliography) -> str:
    """The Markdown of the section: diagram, table and scores.

    Sources are cited if the bibliography has them, which that of another blog may not.
    """
    if not forecasts:
        return f"{_NOTHING}\n"
    found = calibrate.levels(forecasts)
    table = "| confidence | goals | reached | share, 95 % interval |\n| --- | ---: | ---: | --- |\n"
    for one in found:
        table += f"| {fifths(5 * one.probability)} | {one.count} | {one.done} | {one.share:.0%}, {_interval(one)} |\n"
    known = [f"@{key}" for key in _SOURCES if key in bibliography]
    sources = f" See [{'; '.join(known)}]." if known else ""
    return f"{block('figure.mlblog-reliability', diagram(found), raw=True)}\n{table}\n{words(forecasts)}{sources}\n"


def fifths(confidence: float) -> str:
    """A confidence in Markdown, written so that smart symbols do not turn it into a fraction character."""
    return f"{confidence:g}<span>/</span>5"


def _interval(level: Level) -> str:
    low, high = level.interval
    return f"{low:.0%} to {high:.0%}"


def words(forecasts: Sequence[Forecast]) -> str:
    """An interpretation of the numbers, with its uncertainty."""
    reached, expected, chance = calibrate.surprise(forecasts)
    score, hindsight = calibrate.brier(forecasts), calibrate.reference(forecasts)
    parts = calibrate.murphy(forecasts)
    better = "better than" if score < hindsight else "worse than" if score > hindsight else "as good as"
    side = "as few or fewer" if reached <= expected else "as many or more"
    told = "which is unlikely to be chance"
    if chance >= 0.05:
        told = "so this is not evidence of miscalibration overall"
    return (
        f"Of {len(forecasts)} goals with a confidence in closed weeks, {reached} were reached; {expected:.1f} "
        f"were expected. If every confidence were right and the goals independent, {side} would be reached with "
        f"probability {chance:.2f}, {told}.\n\nThe Brier score, the mean squared difference between confidence and "
        f"outcome, is {score:.3f}: {better} the {hindsight:.3f} of always stating the share that was reached in "
        f"the end. It is the sum of {parts.reliability:.3f} for miscalibration, minus {parts.resolution:.3f} for "
        f"separating likely from unlikely goals, plus {parts.uncertainty:.3f} of inherent uncertainty. "
        "Intervals are Wilson's."
    )


def diagram(levels: Sequence[Level]) -> str:
    """A reliability diagram: frequency against confidence, with 95 % intervals; larger points have more goals."""
    most = max(level.count for level in levels)
    said = "; ".join(f"said {5 * one.probability:g}/5: {one.done} of {one.count} reached" for one in levels)
    parts = [
        f'<svg viewBox="0 0 {_LEFT + _SIZE + _RIGHT:g} {_TOP + _SIZE + _BOTTOM:g}" role="img" '
        f'aria-label="Share reached against confidence. {said}.">',
        f'<path class="frame" d="M{_x(0)} {_y(1)}V{_y(0)}H{_x(1)}"/>',
        f'<path class="ideal" d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}"/>',
        f'<text class="soft" text-anchor="end" x="{_x(0.93)}" y="{_y(0.97)}">calibrated</text>',
    ]
    for tick in range(6):
        parts.append(f'<text x="{_x(tick / 5)}" y="{_y(0):.0f}" dy="18" text-anchor="middle">{tick}/5</text>')
        parts.append(f'<text x="{_x(0)}" y="{_y(tick / 5)}" dx="-8" dy="4" text-anchor="end">{20 * tick} %</text>')
    for one in levels:
        low, high = one.interval
        x, radius = _x(one.probability), 3 + 5 * math.sqrt(one.count / most)
        parts.append(f'<path class="interval" d="M{x} {_y(low)}V{_y(high)}"/>')
        parts.append(f'<circle cx="{x}" cy="{_y(one.share)}" r="{radius:.1f}"/>')
        right = one.probability < 0.9
        at = f'x="{x}" dx="{12 if right else -12}" text-anchor="{"start" if right else "end"}"'
        parts.append(f'<text {at} y="{_y(one.share)}" dy="4">{one.done} of {one.count}</text>')
    parts.append(f'<text x="{_x(0.5)}" y="{_y(0):.0f}" dy="38" text-anchor="middle">stated confidence</text>')
    parts.append("</svg>")
    caption = (
        "Share of goals reached, by stated confidence; bars are 95 % intervals, the dashed line is perfect calibration."
    )
    return "\n".join(parts) + f"\n<figcaption>{caption}</figcaption>"


def _x(share: float) -> str:
    return f"{_LEFT + _SIZE * share:.1f}"


def _y(share: float) -> float:
    return round(_TOP + _SIZE * (1 - share), 1)
