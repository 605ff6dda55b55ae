"""IPython's shell without what only a terminal has: windows, an exit, tracebacks printed as they happen.

Runs in the process of the cells: imports IPython.
"""

# IPython is typed in part:
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Iterator
from typing import Any

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from matplotlib_inline.config import InlineBackend

_INLINE = (None, "", "auto", "inline", "agg")


class PageShell(InteractiveShell):
    """Magics that notebooks begin with do here what they do there; what needs a window is refused.

    Attributes:
        reported: the first error since it was last set to None that IPython reported to whoever sits before it.
    """

    reported: BaseException | None = None

    def init_builtins(self) -> None:
        """Leave unsaid how to leave a terminal."""
        super().init_builtins()
        warnings.filterwarnings("ignore", "To exit: use", UserWarning)

    def init_magics(self) -> None:
        """Let notebooks set the format of inline figures: it changes nothing, figures here are SVG."""
        super().init_magics()
        configurables: list[Any] = self.configurables
        configurables.append(InlineBackend.instance(parent=self))

    @contextlib.contextmanager
    def _tee(self, channel: str) -> Iterator[None]:
        """Keep no second copy of what is printed, for a history that nobody asks."""
        yield

    def enable_gui(self, gui: str | None = None) -> None:
        """Refuse what would run the event loop of windows."""
        if gui not in _INLINE:
            self.reported = UsageError(f"{gui} opens windows, and a page has none; remove this line")
            raise self.reported  # `%gui` only logs it

    def enable_matplotlib(self, gui: str | None = None) -> tuple[str | None, str]:
        """Leave Matplotlib as it is: figures appear on the page without more ado."""
        self.enable_gui(gui)
        return gui, "inline"

    def ask_exit(self) -> None:
        """End as any program would; a post does not go on after that."""
        raise SystemExit

    def showtraceback(self, exc_tuple: Any = None, *_: Any, **__: Any) -> None:
        """Note the error for whoever runs the cell: also one that IPython would only print, as when a `repr` fails."""
        error = exc_tuple[1] if exc_tuple else sys.exc_info()[1]
        if self.reported is None:
            self.reported = error

    def showsyntaxerror(self, *_: Any, **__: Any) -> None:
        """As `showtraceback`."""
        self.showtraceback()
