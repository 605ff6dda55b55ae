"""Which code asks for which file: paths, modes and frames of the interpreter's events."""

from __future__ import annotations

import contextlib
import fcntl
import linecache
import os
from types import FrameType
from typing import NamedTuple

from mlblog.files.state import Mark, mark_of
from mlblog.lab.observing.ownership import LIBRARIES, STANDARD, is_engine

real_stat = os.stat  # the original, which `hook` replaces while a run is observed
_GET_PATH: int | None = getattr(fcntl, "F_GETPATH", None)  # macOS
_LONGEST = 255  # bytes of a file's name
IMPORTING = "<import>"  # asked by the import system
THREAD = "<thread>"  # asked by a thread of the standard library, on behalf of unknown code
_IMPORTS = f"{STANDARD}importlib{os.sep}metadata"  # it looks through all folders of sys.path
OBSERVERS = {__file__}  # files whose frames are not the asking code; the others add themselves


def state_of(path: str) -> Mark | None:
    """The state of a file or folder; None if it does not exist."""
    try:
        return mark_of(real_stat(path))
    except OSError:
        return None


def name_of(path: object) -> str | None:
    """The absolute name of what a path or a descriptor is; None if it has none, or cannot be a path."""
    if isinstance(path, int):
        return _opened(path)
    try:
        name = os.path.abspath(os.fsdecode(path))  # type: ignore[arg-type]
        if max(map(len, os.fsencode(name).split(b"/"))) > _LONGEST:
            return None  # IPython asks of each text that is displayed whether it is a file
        return os.path.realpath(name) if name.startswith("/proc/self/") else name
    except (TypeError, ValueError):
        return None


def _descriptors() -> list[int]:
    for folder in ("/proc/self/fd", "/dev/fd"):  # Linux, macOS
        with contextlib.suppress(OSError):
            return [int(number) for number in os.listdir(folder)]
    return []


def _opened(descriptor: int) -> str | None:
    """The absolute name of what is open; None if it has none."""
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        if _GET_PATH is None:
            return None
    try:
        return os.fsdecode(fcntl.fcntl(descriptor, _GET_PATH, bytes(1024)).rstrip(b"\0")) or None
    except OSError:
        return None


def exists(name: str) -> bool:
    """Whether the path exists."""
    try:
        real_stat(name)
    except (OSError, ValueError):
        return False
    return True


def below_descriptor(path: object) -> str | None:
    """Where a relative path leads from an open folder: events do not include `dir_fd`."""
    if not isinstance(path, str | bytes | os.PathLike) or os.path.isabs(path):
        return None
    folders = {name_of(number) for number in _descriptors()}
    below = (os.path.join(folder, os.fsdecode(path)) for folder in sorted(filter(None, folders)))
    return next((name for name in below if exists(name)), None)


class Opening(NamedTuple):
    """How a file is opened: whether what is in it can be read, can be changed, and is thrown away first."""

    reads: bool
    writes: bool
    anew: bool

    @classmethod
    def of(cls, mode: object, flags: object) -> Opening:
        """Return what a mode as `open` has it says, or flags as `os.open` has them."""
        if isinstance(mode, str):
            anew = bool({"w", "x"} & set(mode))
            return cls("r" in mode or "+" in mode, bool({"a", "+"} & set(mode)), anew)
        bits = flags if isinstance(flags, int) else 0
        return cls(not bits & os.O_WRONLY, bool(bits & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)), bool(bits & os.O_TRUNC))


def asking(frame: FrameType) -> FrameType:
    """The frame that caused an event: the first one that is not of those who observe it."""
    while frame.f_code.co_filename in OBSERVERS and frame.f_back is not None:
        frame = frame.f_back
    return frame


def asked_by(frame: FrameType | None) -> str:
    """The file of the code that asks, past the standard library; `IMPORTING`, or empty for mlblog itself."""
    through_lines = False
    frame = asking(frame) if frame is not None else None
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(("<frozen importlib", "<frozen zipimport", _IMPORTS)):
            return IMPORTING
        through_lines = through_lines or name == linecache.__file__
        if is_engine(name):
            return ""
        library = name.startswith(LIBRARIES)
        if library or not (name.startswith((STANDARD, "<frozen")) or os.path.realpath(name).startswith(STANDARD)):
            return "" if through_lines else name
        frame = frame.f_back
    return "" if through_lines else THREAD
