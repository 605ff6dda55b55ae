"""Sparklines."""

from __future__ import annotations

import html
from collections.abc import Sequence

_WIDTH, _HEIGHT, _MARGIN = 88, 20, 3


def sparkline(values: Sequence[float], told: str) -> str:
    """Inline SVG of a sparkline, oldest to newest, with a dot on the newest.

    Args:
        values: at least two.
        told: its text alternative.
    """
    low, high = min(values), max(values)
    span = high - low or 1.0
    step = (_WIDTH - 2 * _MARGIN) / (len(values) - 1)
    level = 0.5 if high == low else 0.0  # a constant series runs through the middle
    points = [
        (_MARGIN + step * at, _HEIGHT - _MARGIN - ((value - low) / span + level) * (_HEIGHT - 2 * _MARGIN))
        for at, value in enumerate(values)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    return (
        f'<svg class="mlblog-spark" role="img" aria-label="{html.escape(told)}" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
        f' width="{_WIDTH}" height="{_HEIGHT}"><polyline points="{line}"></polyline>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2"></circle></svg>'
    )
