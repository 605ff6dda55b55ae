"""IPython's shell without terminal features: GUI windows, exit, printed tracebacks.

Runs in the kernel process; imports IPython.
"""

# IPython is partially typed:
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
    """Supports common notebook magics; refuses those that need a window.

    Attributes:
        reported: the first error that IPython reported to the user since this was last reset to None.
    """

    reported: BaseException | None = None

    def init_builtins(self) -> None:
        """Suppress IPython's hint on exiting."""
        super().init_builtins()
        warnings.filterwarnings("ignore", "To exit: use", UserWarning)

    def init_magics(self) -> None:
        """Accept the setting for the format of inline figures, and ignore it: figures are always SVG."""
        super().init_magics()
        configurables: list[Any] = self.configurables
        configurables.append(InlineBackend.instance(parent=self))

    @contextlib.contextmanager
    def _tee(self, channel: str) -> Iterator[None]:
        """Do not copy printed output to IPython's history."""
        yield

    def enable_gui(self, gui: str | None = None) -> None:
        """Refuse GUI event loops."""
        if gui not in _INLINE:
            self.reported = UsageError(f"{gui} opens windows, which a post cannot; remove this line")
            raise self.reported  # `%gui` only logs it

    def enable_matplotlib(self, gui: str | None = None) -> tuple[str | None, str]:
        """Do nothing: figures appear on the page anyway."""
        self.enable_gui(gui)
        return gui, "inline"

    def ask_exit(self) -> None:
        """Raise SystemExit, which fails the post."""
        raise SystemExit

    def showtraceback(self, exc_tuple: Any = None, *_: Any, **__: Any) -> None:
        """Record the error, including those IPython would only print, such as a failing `repr`."""
        error = exc_tuple[1] if exc_tuple else sys.exc_info()[1]
        if self.reported is None:
            self.reported = error

    def showsyntaxerror(self, *_: Any, **__: Any) -> None:
        """As `showtraceback`."""
        self.showtraceback()
