"""Where a network looks: weights as a matrix, and as lines from what is written to what is read."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from mlblog.figures.look import COLOURS


def attention(weights: np.ndarray, wrote: Sequence[str], read: Sequence[str]) -> Figure:
    """Draw weights as a matrix (left) and as lines (right), as wide as the weight.

    Args:
        weights: shape (T, N), none negative; row t says how much of its attention step t gives to each place.
        wrote: T tokens, what each step wrote.
        read: N tokens, what each place holds.

    Raises:
        ValueError: the shapes do not fit, or a weight is negative or not finite.

    Example:
        >>> attention(np.eye(2), "ab", "ab").axes[0].get_xlabel()
        'read'
    """
    weights = np.asarray(weights, dtype=float)
    if weights.shape != (len(wrote), len(read)):
        wanted = f"({len(wrote)}, {len(read)})"
        raise ValueError(f"weights must have the shape {wanted}, tokens written by tokens read, got {weights.shape}")
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise ValueError("weights must be finite and not negative")
    height = max(2.4, 0.32 * max(len(wrote), len(read)) + 0.9)
    figure, (matrix, lines) = plt.subplots(1, 2, figsize=(5.6, height), width_ratios=[1.2, 1])
    shades = np.empty((*weights.shape, 4))
    # see-through, so that they are right on any ground; never so dark that numbers on them could not be read
    shades[..., :3], shades[..., 3] = to_rgb(COLOURS["blue"]), 0.75 * np.minimum(weights, 1)
    matrix.imshow(shades, aspect="auto")
    matrix.set_xticks(range(len(read)), read)
    matrix.set_yticks(range(len(wrote)), wrote)
    matrix.set(xlabel="read", ylabel="written, step by step")
    matrix.grid(visible=False)
    for row, column in np.argwhere(weights >= 0.1):
        share = f"{weights[row, column]:.1f}".removeprefix("0")
        matrix.text(column, row, share, ha="center", va="center", size="small")
    ends = [_places(len(tokens)) for tokens in (wrote, read)]
    for row, column in np.argwhere(weights >= 0.02):
        share = weights[row, column]
        lines.plot(
            [0.14, 0.86], [ends[0][row], ends[1][column]], color=COLOURS["blue"], linestyle="-",
            linewidth=0.3 + 3.7 * share, alpha=0.15 + 0.85 * share, label=f"_{wrote[row]} to {read[column]}",
        )  # fmt: skip
    for side, tokens, places in ((0.06, wrote, ends[0]), (0.94, read, ends[1])):
        for token, place in zip(tokens, places, strict=True):
            lines.text(side, place, token, ha="center", va="center")
    lines.set(xlim=(0, 1), ylim=(1.08, -0.08))
    lines.axis("off")
    return figure


def _places(count: int) -> np.ndarray:
    """Heights of `count` tokens, spread over a column, the first at the top."""
    return np.linspace(0, 1, count) if count > 1 else np.array([0.5])
