"""Which functions ran in this process: asked of the interpreter afterwards, so that it costs a run nothing.

CPython 3.11 counts the first calls of each code object, to know which to specialise; from 3.12 on, `sys.monitoring`
tells of the first call alone. On other interpreters no function is known to have run.
"""

from __future__ import annotations

import ctypes
import inspect
import sys
from collections.abc import Iterator
from types import CodeType

_STEP = ctypes.sizeof(ctypes.c_int)


class Calls:
    """The code objects that have been called since this was made."""

    def __init__(self) -> None:
        self._seen: set[CodeType] = set()
        self._tool: int | None = None
        if sys.version_info >= (3, 12):
            self._monitor()

    def _monitor(self) -> None:
        monitoring = sys.monitoring  # type: ignore[attr-defined,unused-ignore]  # from 3.12 on
        self._tool = next((tool for tool in range(5, -1, -1) if monitoring.get_tool(tool) is None), None)
        if self._tool is None:
            return  # all taken by debuggers and profilers

        def started(code: CodeType, _: int) -> object:
            self._seen.add(code)
            return monitoring.DISABLE

        monitoring.use_tool_id(self._tool, "mlblog")
        monitoring.register_callback(self._tool, monitoring.events.PY_START, started)
        monitoring.set_events(self._tool, monitoring.events.PY_START)

    def close(self) -> None:
        """Stop looking."""
        if self._tool is not None:
            sys.monitoring.free_tool_id(self._tool)  # type: ignore[attr-defined,unused-ignore]
            self._tool = None

    def of(self, module: CodeType) -> Iterator[CodeType]:
        """Yield the functions in the code of a module that were called."""
        for inner in _functions(module):
            if inner in self._seen or (_WARMUP is not None and _counter(inner) != _UNUSED):
                yield inner


def _functions(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_flags & inspect.CO_OPTIMIZED:  # not the body of a class
                yield constant
            yield from _functions(constant)


def _counter(code: CodeType) -> int:
    assert _WARMUP is not None
    return ctypes.c_int.from_address(id(code) + _WARMUP).value


def _calibrated() -> tuple[int | None, int]:
    """Where in a code object the interpreter counts calls, and from what: found by calling a new function twice."""
    if sys.implementation.name != "cpython" or sys.version_info >= (3, 12):
        return None, 0
    namespace: dict[str, object] = {}
    exec("def probe(): pass", namespace)  # noqa: S102  # new code, never called
    probe = namespace["probe"]
    code: CodeType = probe.__code__  # type: ignore[attr-defined]
    places = range(2 * ctypes.sizeof(ctypes.c_void_p), type(code).__basicsize__, _STEP)

    def read() -> list[int]:
        return [ctypes.c_int.from_address(id(code) + place).value for place in places]

    counts = [read()]
    for _ in range(2):
        probe()  # type: ignore[operator]
        counts.append(read())
    rising = [
        (place, first)
        for place, first, second, third in zip(places, *counts, strict=True)
        if second == first + 1 and third == first + 2
    ]
    return rising[0] if len(rising) == 1 else (None, 0)


_WARMUP, _UNUSED = _calibrated()
