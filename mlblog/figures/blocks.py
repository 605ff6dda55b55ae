"""What a module is, drawn from a call of it: blocks in blocks, shapes, parameters, masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from mlblog.figures.calls import Block, trace
from mlblog.figures.look import COLOURS
from mlblog.figures.sequence import Frames, frames

if TYPE_CHECKING:
    from torch import nn

_ROW, _WIDTH, _INSET = 0.3, 5.6, 0.16  # inches
_MASK, _COLUMN = 1.0, 1.6  # inches
_FILLS = (COLOURS["sky"], COLOURS["orange"], COLOURS["green"], COLOURS["purple"])


def diagram(
    module: nn.Module, *example: Any, depth: int = 3, dims: Mapping[str, int] | None = None, still: int | None = None
) -> Figure | Frames:
    """Draw what a module is, from a call of it: change the code, and the drawing changes.

    Each box is a call of a module in it, with the shape of its output and the number of its parameters; small words
    name operations between them. Calls in a row that are alike are one box. Dropout is left out. With more than two
    levels the drawing has frames, in which the boxes open level by level.

    Args:
        module: it is called once, without gradients.
        example: the arguments of the call.
        depth: how many levels of boxes to open.
        dims: names for sizes, such as {"B": 2, "T": 7}: a 7 in a shape is written T. Choose sizes that differ.
        still: how many levels are open on paper; all by default.

    Raises:
        ValueError: the depth is not positive.

    Example:
        >>> import torch
        >>> from torch import nn
        >>> net = nn.Sequential(nn.Linear(4, 8), nn.Sequential(nn.ReLU(), nn.Linear(8, 2)))
        >>> list(diagram(net, torch.zeros(3, 4), dims={"B": 3}).figures)
        ['2 levels', '3 levels']
    """
    if depth < 1:
        raise ValueError(f"depth must be positive, got {depth}")
    whole = trace(module, *example)
    levels = min(depth, _levels(whole))
    if levels <= 2:
        return _draw(whole, levels, levels, dims or {})
    return frames(
        {f"{n} levels": _draw(whole, n, levels, dims or {}) for n in range(2, levels + 1)},
        still=f"{levels if still is None else still} levels",
    )


def _levels(block: Block) -> int:
    below = max((_levels(part) for part in block.parts if isinstance(part, Block)), default=0)
    return below + bool(block.kind)


def _is_open(block: Block, levels: int) -> bool:
    """Whether the parts of a block show, given how many levels are open from it on."""
    return not block.kind or (levels > 1 and any(isinstance(part, Block) for part in block.parts))


def _rows(block: Block, levels: int) -> float:
    """The height in rows of a block with `levels` open levels."""
    masks = _MASK / _ROW + 0.2 if block.masks else 0
    if not _is_open(block, levels):
        return 1.2 + masks if masks else 1.0
    below = levels - bool(block.kind)
    return (
        (1.2 if block.kind else 0.9)
        + masks
        + sum(_rows(part, below) + 0.2 if isinstance(part, Block) else 0.6 for part in block.parts)
    )


def _draw(whole: Block, shown: int, levels: int, dims: Mapping[str, int]) -> Figure:
    rows = _rows(whole, levels)
    figure = Figure(figsize=(_WIDTH, _ROW * (rows + 0.2)))
    figure.set_layout_engine("none")
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, _WIDTH), ylim=(_ROW * (rows + 0.1), -0.1 * _ROW))
    ax.axis("off")
    sizes = {size: name for name, size in dims.items()}
    _put(ax, whole, 0.0, 0, shown, levels, sizes)
    return figure


def _put(ax: Axes, block: Block, top: float, level: int, shown: int, levels: int, sizes: Mapping[int, str]) -> None:
    """Draw a block from a height on, in rows; what is closed keeps the room that it takes when it is open."""
    rows, inset = _rows(block, levels), 0.04 + _INSET * level
    _frame(ax, inset, top * _ROW, rows * _ROW, _FILLS[level % len(_FILLS)] if block.kind else "")
    is_open = _is_open(block, levels) and _is_open(block, shown)
    right = _WIDTH - inset - 0.1
    if block.kind:
        at = (top + (0.6 if is_open or block.masks else rows / 2)) * _ROW
        label = block.label + (f", {block.calls} times" if block.calls > 1 else "")
        numbers = " × ".join(sizes.get(size, str(size)) for size in block.shape)  # noqa: RUF001
        count = "shared" if block.is_shared and block.parameters else _short(block.parameters)
        ax.text(inset + 0.1, at, label, va="center", fontweight="bold" if level == 0 else "normal")
        ax.text(_WIDTH - _COLUMN, at, numbers, va="center", ha="right")
        ax.text(right, at, f"{count} learned" if level == 0 else count, va="center", ha="right", color="#555555")
    else:
        ax.text(inset + 0.1, (top + 0.4) * _ROW, f"{block.calls} times", va="center", color="#555555")
    place = top + (1.1 if block.kind else 0.8)
    if block.masks:
        _put_masks(ax, block.masks, place * _ROW)
        place += _MASK / _ROW + 0.2
    if not is_open:
        return
    for part in block.parts:
        if isinstance(part, Block):
            _put(ax, part, place, level + 1, shown - bool(block.kind), levels - bool(block.kind), sizes)
            place += _rows(part, levels - bool(block.kind)) + 0.2
        else:
            ax.text(inset + 0.3, (place + 0.2) * _ROW, part, va="center", fontsize="small", color="#555555")
            place += 0.6


def _frame(ax: Axes, inset: float, top: float, height: float, fill: str) -> None:
    """A box, opaque, in a tint of `fill`; with a dashed edge and no tint without one."""
    looks: list[dict[str, Any]] = [{"facecolor": "white", "edgecolor": "none"}]
    if fill:
        looks.append({"facecolor": fill, "edgecolor": "none", "alpha": 0.2})
    looks.append(
        {"facecolor": "none", "edgecolor": "black", "linewidth": 0.9, "linestyle": "-" if fill else (0, (3, 2))}
    )
    for look in looks:
        box = FancyBboxPatch(
            (inset, top), _WIDTH - 2 * inset, height, boxstyle="round,pad=0,rounding_size=0.06", **look
        )
        ax.add_patch(box)


def _put_masks(ax: Axes, masks: Sequence[np.ndarray], top: float) -> None:
    for number, mask in enumerate(masks[:2]):
        left = _WIDTH / 2 - 0.6 + 1.1 * _MASK * number
        box = (left, left + _MASK, top + _MASK, top)
        ax.imshow(mask, extent=box, cmap="Greys", vmin=0, vmax=1.6, aspect="auto", interpolation="nearest", zorder=3)


def _short(count: int) -> str:
    """A count of parameters as people say it."""
    for unit, name in ((1_000_000, "M"), (1_000, "k")):
        if count >= 10 * unit:
            return f"{count / unit:.0f} {name}"
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return str(count) if count else ""
