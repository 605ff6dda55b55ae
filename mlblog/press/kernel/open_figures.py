"""Figures that a unit has opened with pyplot. They are displayed at its end, or by `plt.show`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


class OpenFigures:
    """The open figures of the current unit. Matplotlib is not imported for a post that does not.

    Attributes:
        raster: whether to rasterise the figures of this unit.
    """

    def __init__(self, display: Callable[[Any], None]) -> None:
        """Show figures with `display`."""
        self.raster = False
        self._display = display
        self._displayed: set[int] = set()

    def begin(self) -> None:
        """Start a unit."""
        self._displayed.clear()
        if pyplot := _pyplot():
            pyplot.show = lambda *_, **__: self._show()

    def note(self, figure: Any) -> None:
        """Note that `figure` was displayed."""
        self._displayed.add(id(figure))

    def flush(self) -> None:
        """Display the figures that the unit did not."""
        for figure in _open_figures():
            if id(figure) not in self._displayed:
                self._display(figure)

    @staticmethod
    def close() -> None:
        """Close all figures."""
        if pyplot := _pyplot():
            pyplot.close("all")

    @staticmethod
    def contain(result: Any) -> bool:
        """Whether `result` is part of a figure (axes, lines, …) that will be displayed, so that its repr is noise."""
        if not (figures := _open_figures()):
            return False
        if isinstance(result, sys.modules["matplotlib.figure"].Figure):
            return id(result) in map(id, figures)
        kinds = sys.modules["matplotlib.artist"].Artist, sys.modules["matplotlib.container"].Container
        if isinstance(result, kinds):
            return True
        items = result.values() if isinstance(result, dict) else getattr(result, "flat", result)
        return isinstance(items, (list, tuple)) and bool(items) and all(isinstance(item, kinds) for item in items)

    def _show(self) -> None:
        self.flush()
        self.close()


def _pyplot() -> Any:
    return sys.modules.get("matplotlib.pyplot")


def _open_figures() -> list[Any]:
    pyplot = _pyplot()
    return [pyplot.figure(number) for number in pyplot.get_fignums()] if pyplot else []
