"""How good confidences were, for readers: a reliability diagram as SVG, and what it does and does not tell."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mlblog.goals import calibrate
from mlblog.goals.calibrate import Forecast, Level
from mlblog.papers import Bibliography
from mlblog.press.source.blocks import block

_SIZE, _LEFT, _TOP, _RIGHT, _BOTTOM = 300.0, 46.0, 14.0, 14.0, 44.0  # of the square, and around it, in its units
_NOTHING = "No week with a confidence in it is closed yet, so there is nothing to judge. The first to close shows here."
_SOURCES = ("brier1950verification", "murphy1973new", "wilson1927probable")


def judged(forecasts: Sequence[Forecast], bibliography: Bibliography) -> str:
    """The Markdown of the section: the diagram, its numbers as a table, the score in words.

    Its sources are cited where the bibliography has them; that of another blog may not.
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
    """A confidence as Markdown: in one piece, 3/5 would become a single sign where the site sets fractions."""
    return f"{confidence:g}<span>/</span>5"


def _interval(level: Level) -> str:
    low, high = level.interval
    return f"{low:.0%} to {high:.0%}"


def words(forecasts: Sequence[Forecast]) -> str:
    """What the numbers say, and how surely."""
    reached, expected, chance = calibrate.surprise(forecasts)
    score, hindsight = calibrate.brier(forecasts), calibrate.reference(forecasts)
    parts = calibrate.murphy(forecasts)
    better = "better than" if score < hindsight else "worse than" if score > hindsight else "as good as"
    side = "as few or fewer" if reached <= expected else "as many or more"
    told = "which is hard to put down to chance"
    if chance >= 0.05:
        told = "so this is not yet evidence against the confidence as a whole"
    return (
        f"Of {len(forecasts)} goals with a confidence in closed weeks, {reached} were reached, where {expected:.1f} "
        f"were to be expected. If every confidence were right and the goals independent, {side} would be reached with "
        f"probability {chance:.2f}, {told}.\n\nThe Brier score, the mean squared difference between what was said and "
        f"what came of it, is {score:.3f}: {better} the {hindsight:.3f} of always saying the share that was reached in "
        f"the end. It is {parts.reliability:.3f} for confidences that were off, less {parts.resolution:.3f} for "
        f"telling likely goals from unlikely ones, plus {parts.uncertainty:.3f} that nobody could have known. "
        "Intervals are Wilson's."
    )


def diagram(levels: Sequence[Level]) -> str:
    """A reliability diagram: what came true against what was said, with 95 % intervals; larger points count more."""
    most = max(level.count for level in levels)
    said = "; ".join(f"said {5 * one.probability:g}/5: {one.done} of {one.count} reached" for one in levels)
    parts = [
        f'<svg viewBox="0 0 {_LEFT + _SIZE + _RIGHT:g} {_TOP + _SIZE + _BOTTOM:g}" role="img" '
        f'aria-label="Share reached against confidence. {said}.">',
        f'<path class="frame" d="M{_x(0)} {_y(1)}V{_y(0)}H{_x(1)}"/>',
        f'<path class="ideal" d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}"/>',
        f'<text class="soft" text-anchor="end" x="{_x(0.93)}" y="{_y(0.97)}">as said</text>',
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
    parts.append(f'<text x="{_x(0.5)}" y="{_y(0):.0f}" dy="38" text-anchor="middle">confidence written down</text>')
    parts.append("</svg>")
    caption = (
        "Share of goals that were reached, by the confidence written down before; bars are 95 % intervals, "
        "and on the dashed line as much is reached as was said."
    )
    return "\n".join(parts) + f"\n<figcaption>{caption}</figcaption>"


def _x(share: float) -> str:
    return f"{_LEFT + _SIZE * share:.1f}"


def _y(share: float) -> float:
    return round(_TOP + _SIZE * (1 - share), 1)
