"""The worst and the best example beside the mean: picked by code, so that nobody chooses what is shown."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mlblog.figures.look import COLOURS


def extremes(
    values: np.ndarray,
    draw: Callable[[Axes, int], object],
    *,
    label: str,
    high_is_best: bool = False,
    digits: int = 2,
    size: tuple[float, float] = (5.6, 3.0),
) -> Figure:
    """Draw the worst example, the one nearest to the mean, and the best one, above the values of all.

    Of equal ones it takes the first.

    Args:
        values: shape (n,), one for each example, three at least.
        draw: draws example number i, as `draw(ax, i)`.
        label: what the values are, with their unit.
        high_is_best: whether the highest value is the best one; the lowest by default.
        digits: behind the point, in the titles.
        size: of the figure, in inches.

    Raises:
        ValueError: there are fewer than three values, or one is not finite.

    Example:
        >>> figure = extremes(np.array([0.5, 0.1, 0.3]), lambda ax, i: ax.plot([i]), label="error")
        >>> [ax.get_title() for ax in figure.axes[:3]]
        ['worst: 0.50', 'nearest the mean: 0.30', 'best: 0.10']
    """
    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or len(values) < 3:
        raise ValueError(f"values must have the shape (n,), with three or more, got {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError(
            f"values must be finite, got {values[~np.isfinite(values)][0]} as number {np.isfinite(values).argmin()}"
        )
    mean = values.mean()
    best, worst = (values.argmax(), values.argmin()) if high_is_best else (values.argmin(), values.argmax())
    chosen = {"worst": int(worst), "nearest the mean": int(np.abs(values - mean).argmin()), "best": int(best)}
    figure, axes = plt.subplot_mosaic([[*chosen], ["all"] * 3], figsize=size, height_ratios=[1, 0.22])
    for (name, number), colour in zip(chosen.items(), ("vermilion", "purple", "blue"), strict=True):
        axes[name].set_title(f"{name}: {values[number]:.{digits}f}", color=COLOURS[colour])
        draw(axes[name], number)
        axes["all"].plot(values[number], 0.5, "v", color=COLOURS[colour], markersize=7, label=f"_{name}", zorder=3)
    axes["all"].plot(values, np.zeros(len(values)), "|", color="black", alpha=0.35, markersize=9, label="_all")
    axes["all"].axvline(mean, color="black", linewidth=1, linestyle=(0, (2, 2)), label="_mean")
    axes["all"].set(xlabel=f"{label}; the mean of {len(values)} is {mean:.{digits}f}", yticks=[], ylim=(-0.5, 0.9))
    axes["all"].grid(visible=False)
    axes["all"].spines["left"].set_visible(False)
    return figure
