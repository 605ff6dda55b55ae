"""A figure in frames: the page shows one at a time, with a slider and a button that plays them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

#: A finished figure, or a function that draws in the axes of a new one.
Drawing = Figure | Callable[[Axes], object]


@dataclass(frozen=True)
class Frames:
    """A figure in frames.

    Attributes:
        figures: by label, in order.
        still: the label of the frame that is shown on paper and without scripts.
    """

    figures: dict[str, Figure]
    still: str

    def __repr__(self) -> str:
        return f"<{len(self.figures)} frames, {self.still!r} shown>"

    def _repr_png_(self) -> Any:
        """The still, where nothing can show frames, as in a plain notebook."""
        from IPython.core.pylabtools import print_figure

        return print_figure(self.figures[self.still], fmt="png")  # type: ignore[no-untyped-call]  # in IPython


def frames(drawings: Mapping[str, Drawing] | Iterable[tuple[str, Drawing]], *, still: str | None = None) -> Frames:
    """Put drawings of the same axes one after the other; as the last line of a cell it is the cell's figure.

    Limits that are not set are those that hold every frame. Limits that are set, scales and the number of axes must be
    the same in all, or the eye would compare what has another scale.

    Args:
        drawings: by label, in order; a generator of pairs of label and drawing will do.
        still: label of the most telling frame, shown on paper and without scripts; the last by default.

    Raises:
        ValueError: there are fewer than two frames, two have the same label, or they do not fit each other.
        TypeError: a drawing is neither a figure nor a function.

    Example:
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> steps = {f"step {n}": lambda ax, n=n: ax.plot([0, n]) for n in (1, 2, 3)}
        >>> made = frames(steps, still="step 2")
        >>> [figure.axes[0].get_ylim()[1].round(2).item() for figure in made.figures.values()]
        [3.15, 3.15, 3.15]
    """
    figures: dict[str, Figure] = {}
    for label, drawing in _pairs(drawings):
        if str(label) in figures:
            raise ValueError(f"two frames have the label {str(label)!r}")
        figure = _drawn(str(label), drawing)
        if other := next((name for name, one in figures.items() if one is figure), None):
            raise ValueError(f"frames {other!r} and {str(label)!r} are one figure; draw each in a figure of its own")
        figures[str(label)] = figure
    if len(figures) < 2:
        raise ValueError(f"frames need at least two drawings, got {len(figures)}")
    if still is None:
        still = list(figures)[-1]
    elif still not in figures:
        raise ValueError(f"still={still!r} is not the label of a frame; labels are {', '.join(map(repr, figures))}")
    _share_axes(figures)
    return Frames(figures, still)


def _pairs(drawings: Any) -> Iterator[tuple[Any, Drawing]]:
    if isinstance(drawings, Mapping):
        yield from drawings.items()
    elif isinstance(drawings, Iterable):
        for one in drawings:
            if not isinstance(one, tuple) or len(one) != 2:
                raise TypeError(f"each frame must be a pair of label and drawing, got {one!r}")
            yield one
    else:
        raise TypeError(f"frames takes drawings by label, or pairs of label and drawing, got {drawings!r}")


def _drawn(label: str, drawing: Drawing) -> Figure:
    if isinstance(drawing, Figure):
        figure = drawing
    elif callable(drawing):
        figure, ax = plt.subplots()
        drawing(ax)
    else:
        raise TypeError(f"frame {label!r} must be a figure or a function that draws in axes, got {type(drawing)}")
    plt.close(figure)  # the cell would show it on its own as well
    return figure


def _share_axes(figures: Mapping[str, Figure]) -> None:
    """Give all frames the same limits where none are set, and check the rest."""
    (first, one), *others = figures.items()
    for label, other in others:
        pair = f"frames {first!r} and {label!r}"
        if not np.allclose(one.get_size_inches(), other.get_size_inches()):
            sizes = " and ".join("{:g} by {:g}".format(*figure.get_size_inches()) for figure in (one, other))
            raise ValueError(f"{pair} have different sizes, {sizes} inches")
        if len(one.axes) != len(other.axes):
            raise ValueError(f"{pair} have different numbers of axes, {len(one.axes)} and {len(other.axes)}")
    for place, axes in enumerate(zip(*(figure.axes for figure in figures.values()), strict=True), 1):
        for name in ("x", "y"):
            _share_axis(name, place if len(one.axes) > 1 else 0, dict(zip(figures, axes, strict=True)))


def _share_axis(name: str, place: int, axes: Mapping[str, Axes]) -> None:
    def limits(ax: Axes) -> tuple[float, float]:
        low, high = ax.get_xlim() if name == "x" else ax.get_ylim()
        return float(low), float(high)

    (first, one), *others = axes.items()
    where = f"{name} axis" + (f" of panel {place}" if place else "")
    for label, other in others:
        scales = [str(getattr(ax, f"get_{name}scale")()) for ax in (one, other)]
        if scales[0] != scales[1]:
            raise ValueError(f"the {where} is {scales[0]} in frame {first!r} and {scales[1]} in {label!r}")
    if all(getattr(ax, f"get_autoscale{name}_on")() for ax in axes.values()):
        found = np.array([limits(ax) for ax in axes.values()])
        is_reversed = found[0, 0] > found[0, 1]
        low, high = found.min(), found.max()
        for ax in axes.values():
            getattr(ax, f"set_{name}lim")(*((high, low) if is_reversed else (low, high)))
    for label, other in others:
        if not np.allclose(limits(one), limits(other)):
            ends = ["{:g} to {:g}".format(*limits(ax)) for ax in (one, other)]
            raise ValueError(
                f"the {where} goes from {ends[0]} in frame {first!r} and from {ends[1]} in {label!r}; "
                f"set the same limits in each, such as ax.set({name}lim=(…)), or in none"
            )
