"""The fingerprint, audited: what really ran and was read during a run, against what the manifest covers."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from mlblog.lab.fingerprint import Code
from mlblog.lab.project import Project


@dataclass
class Trace:
    """What ran and was opened while a trace was on.

    Attributes:
        functions: code objects of first-party functions that were called.
        files: files below the project's root that were opened for reading.
    """

    functions: set[CodeType] = field(default_factory=set)
    files: set[Path] = field(default_factory=set)


_opened: Trace | None = None  # an audit hook cannot be removed, so one stays and writes here, if anywhere
_root = ""
_hooked = False


@contextmanager
def tracing(project: Project) -> Iterator[Trace]:
    """Note every function of the project's packages that is called, in this thread, and every file opened below it."""
    global _opened, _root, _hooked  # see above
    trace = Trace()
    folders = tuple(f"{project.root / Path(*package.split('.'))}{os.sep}" for package in project.packages)

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(folders):
            trace.functions.add(frame.f_code)

    if not _hooked:
        sys.addaudithook(_note_opening)
        _hooked = True
    _opened, _root = trace, f"{project.root}{os.sep}"
    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield trace
    finally:
        sys.setprofile(before)
        _opened = None


def _note_opening(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and _opened is not None and isinstance(arguments[0], str):
        path, mode, flags = arguments
        reads = (isinstance(mode, str) and "r" in mode) or (mode is None and not flags & (os.O_WRONLY | os.O_RDWR))
        if reads and os.path.abspath(path).startswith(_root):
            _opened.files.add(Path(os.path.abspath(path)))


def uncovered(trace: Trace, manifest: Mapping[str, str], project: Project, code: Code) -> list[str]:
    """Return the names of functions that ran and files that were read although `manifest` does not cover them."""
    files = {file: name for name, file in code.modules().items()}
    missing = set()
    for function in trace.functions:
        module = files.get(Path(function.co_filename))
        if module is None or not function.co_flags & inspect.CO_OPTIMIZED:
            continue  # the engine; or the body of a module or a class, which runs when it is imported
        name = function.co_qualname.partition(".<locals>")[0]
        if f"{module}.{name}" not in manifest and not _anonymous(name, module, manifest):
            missing.add(f"{module}.{name}")
    for file in trace.files:
        relative = project.relative(file)
        kept = file.suffix in (".py", ".pyc", ".toml") or relative.startswith((".mlblog/", ".git/", ".venv/"))
        if not kept and f"data:{relative}" not in manifest:
            missing.add(f"data:{relative}")
    return sorted(missing)


def _anonymous(name: str, module: str, manifest: Mapping[str, str]) -> bool:
    """A lambda or a generated method has no name to find: its module, or its class, must be covered."""
    owner, _, last = name.rpartition(".")
    if not last.startswith(("<", "__")):
        return False
    return f"{module}.{owner}" in manifest if owner else any(known.startswith(f"{module}.") for known in manifest)
