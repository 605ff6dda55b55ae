"""The one audit hook of a process: it reports events of the interpreter to the current observation."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any, TypeVar

from mlblog.lab.observing.asking import OBSERVERS
from mlblog.lab.observing.observation import Observation

OBSERVERS.add(__file__)
_EVENTS = {  # and the method of an observation that receives it
    "open": "open",
    "os.listdir": "listed",
    "os.scandir": "scanned",
    "pathlib.Path.glob": "looked_for",
    "glob.glob/2": "globbed",
    "sqlite3.connect": "connected",
    "import": "imported",
    "ctypes.dlopen": "loaded",
    "subprocess.Popen": "started",
    "os.exec": "started",
    "os.fork": "forked",
    "os.forkpty": "forked",
    "os.posix_spawn": "started",
    "os.system": "started",
}
_ASKING = ("stat", "lstat", "readlink", "access")


def _told(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of `os` that reports its path to the observation."""

    @wraps(function)
    def asked(path: Any, *arguments: Any, **options: Any) -> Any:
        if _current is not None:
            _current.looked_at(path)
        return function(path, *arguments, **options)

    for able in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids):
        if function in able:
            able.add(asked)
    return asked


Observed = TypeVar("Observed", bound=Observation)
_current: Observation | None = None  # an audit hook cannot be removed, so one stays and reports to this
_hooked = False


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _current is not None and (method := _EVENTS.get(event)) is not None:
        getattr(_current, method)(*arguments)
    elif _current is not None and event == "pathlib.Path.rglob":
        _current.looked_for(arguments[0], f"**/{arguments[1]}")


@contextlib.contextmanager
def observing(observation: Observed) -> Iterator[Observed]:
    """Report to `observation` what is read inside the block, in all threads and forked children."""
    global _current, _hooked  # see above
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked = True
    before, _current = _current, observation
    real = {name: getattr(os, name) for name in _ASKING}
    for name, function in real.items():  # the interpreter has no events for these
        setattr(os, name, _told(function))
    try:
        yield observation
    finally:
        for name, function in real.items():
            setattr(os, name, function)
        _current = before
        observation.close()


def seen_so_far() -> dict[str, Any] | None:
    """Return what the run of this process has read until now; None if it is not observed."""
    return None if _current is None else _current.state()


def go_on_from(state: Mapping[str, Any] | None) -> bool:
    """Take over what an earlier leg of the run has read; return whether all of it is unchanged."""
    return _current is None or state is None or _current.resume(state)
