"""Track the dependencies of units: what they read, ran and imported, and whether they inspected source lines."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import enum
import functools
import inspect
import linecache
import logging
import os
import re
import sys
import traceback
import typing
from collections.abc import Iterator
from importlib import metadata
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import FrameType
from typing import Any

from mlblog.files.canonical import digest_content
from mlblog.lab.observing.asking import IMPORTING, OBSERVERS, asked_by
from mlblog.lab.observing.executed import Calls
from mlblog.lab.observing.fromsource import executed
from mlblog.lab.observing.hook import observing
from mlblog.lab.observing.ownership import ENGINE, LIBRARIES, STANDARD, SYSTEM, is_engine
from mlblog.lab.project import Project
from mlblog.press.kernel.basis import MOVED, Basis, is_observed
from mlblog.press.kernel.seen import Seen

OBSERVERS.add(__file__)
# functions that return source lines
_LINES = re.compile(rb"lineno|_getframe|currentframe|co_lines|co_positions|co_l\w*tab|stack_info|getsource|\bdis\b")
_FRAMES = {inspect.__file__, traceback.__file__}
# compiles functions from text that is in no cell
_MAKERS = {module.__file__ for module in (collections, dataclasses, enum, functools, typing)}
_SHELL = ("IPython", "traitlets", "jedi", "pygments", "stack_data", "executing", "asttokens")


class Watch:
    """Tracks dependencies of the units of one post, in the process that runs them."""

    def __init__(self, project: Project) -> None:
        """Start tracking in this process."""
        self._environ = dict(os.environ)
        self._base: dict[str, str] = {}
        self._appended: set[str] = set()
        self._known: set[str] = set()
        self._executed: set[Path] = set()
        self._searched: dict[str, None] = {}
        self._called: dict[str, set[str]] = {}
        self._seen: Seen | None = None
        self._calls: Calls | None = None
        self._post = ""
        self._lines = self._opaque = self._is_busy = False
        self._of(project)
        self._watch_variables()
        self._watch_lines()
        self._watch_versions()
        sys.meta_path.insert(0, self)
        sys.addaudithook(self._hook)

    def _of(self, project: Project) -> None:
        self._project = project
        self._basis = Basis(project, environ=self._environ)
        folders = (name.replace(".", os.sep) for name in project.packages)
        self._packages = tuple(f"{project.root}{os.sep}{folder}{os.sep}" for folder in folders)

    def begin(self, rests: dict[str, str]) -> dict[str, str]:
        """Use `rests` as the base of all posts forked from this process."""
        self._base = self._basis.keep(rests)
        return rests

    def open_post(self, project: Project, post: str) -> None:
        """Track one post in this process, forked from the one that called `begin`."""
        self._of(project)
        self._post = post
        self._calls = Calls()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Note a module lookup, and leave it to other finders."""
        self._searched[name] = None
        return None

    @contextlib.contextmanager
    def watching(self, code: str = "") -> Iterator[dict[str, Any]]:
        """Track a unit with `code`; the yielded dict finally holds the fields of `Ran` other than outputs."""
        found: dict[str, Any] = {}
        self._lines, self._opaque = bool(_LINES.search(code.encode(errors="replace"))), False
        with observing(Seen(self._project, self._basis, self._appended)) as seen:
            self._seen = seen
            yield found
            self._note_imports(seen)
        self._seen = None
        modules = self._modules()
        found["rests"] = {**self._base, **seen.rests}
        found["modules"], found["calls"] = modules, self._calls_since()
        found["opaque"], found["lines"] = self._opaque, self._lines or self._logs_lines()
        self._base = {}

    def modules(self) -> list[str]:
        """Project files whose code is loaded in this process."""
        files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
        root = f"{self._project.root}{os.sep}"
        ours = {file for file in files if isinstance(file, str) and file.startswith(root) and file.endswith(".py")}
        return sorted(file.removeprefix(root).replace(os.sep, "/") for file in ours if "site-packages" not in file)

    # -- what ran ----------------------------------------------------------------------------------------------------

    def _modules(self) -> dict[str, str]:
        """States of project modules that ran since the last call, as of when they ran."""
        new, found = set(executed) - self._executed, {}
        self._executed |= new
        for path in sorted(new):
            content = executed[path][0]
            self._lines = self._lines or bool(_LINES.search(content))
            if str(path).startswith(self._packages):
                found[path.relative_to(self._project.root).as_posix()] = digest_content([content])
        return found

    def _calls_since(self) -> dict[str, list[str]]:
        """Functions of project modules called for the first time."""
        found: dict[str, list[str]] = {}
        for path, (_, code) in list(executed.items()):
            if self._calls is not None and str(path).startswith(self._packages):
                name = path.relative_to(self._project.root).as_posix()
                known = self._called.setdefault(name, set())
                called = {function.co_qualname: function for function in self._calls.of(code)}
                new = sorted(set(called) - known)
                known |= set(new)
                if new:
                    found[name] = [f"{called[one].co_firstlineno} {one}" for one in new]
        return found

    def _note_imports(self, seen: Seen) -> None:
        """Note newly imported modules outside the project's packages."""
        new = {name: module for name, module in list(sys.modules.items()) if name not in self._known}
        self._known |= set(new)
        for name, module in new.items():
            file = getattr(module, "__file__", None)
            if isinstance(file, str) and name not in ("__main__", "__mp_main__"):
                self._note_module(seen, name, os.path.abspath(file))
        for name in [name for name in self._searched if name not in sys.modules]:
            seen.note(f"absent:{name}")
        self._searched.clear()

    def _note_module(self, seen: Seen, name: str, file: str) -> None:
        if file.startswith(self._packages) and not is_engine(file):
            return  # tracked by reachable definitions, or as a whole module
        if file.startswith(LIBRARIES) and not file.startswith(ENGINE):
            seen.note(f"library:{name.partition('.')[0]}")
        elif file.startswith(ENGINE) or not file.startswith((STANDARD, *SYSTEM)):
            ran = executed.get(Path(file))
            inside = file.removeprefix(f"{self._project.root}{os.sep}")
            seen.note(f"data:{inside.replace(os.sep, '/')}", digest_content([ran[0]]) if ran else None)

    # -- queries ---------------------------------------------------------------------------------------------------

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if self._seen is None or self._is_busy or event not in _EVENTS:
            return
        self._is_busy = True  # inspecting a frame raises an audit event, too
        try:
            self._on_event(event, args, sys._getframe(1))
        finally:
            self._is_busy = False

    def _on_event(self, event: str, args: tuple[Any, ...], frame: FrameType) -> None:
        file = frame.f_code.co_filename
        if event == "os.fork":  # calls in the child are counted there
            self._opaque = True
        elif event == "os.forkpty":
            self._seen.note("unseen:a terminal", MOVED) if self._seen is not None else None
        elif event == "pickle.find_class":
            path = getattr(sys.modules.get(str(args[0])), "__file__", None)
            self._opaque = self._opaque or (isinstance(path, str) and path.startswith(self._packages))
        elif event == "compile":
            owner = asked_by(frame)
            theirs = owner in ("", IMPORTING) or owner.startswith(LIBRARIES) or file in _MAKERS
            self._opaque = self._opaque or (args[0] is not None and not theirs)
        elif file in OBSERVERS:
            pass
        elif file.startswith(STANDARD) and not file.startswith(LIBRARIES):
            self._lines = self._lines or (file in _FRAMES and not _is_shell(asked_by(frame)))
        elif not file.startswith(ENGINE) and not _is_shell(file):
            self._lines = True

    def _watch_variables(self) -> None:
        watch = self

        class ObservedEnviron(type(os.environ)):  # type: ignore[misc]  # its class has no public name
            def __getitem__(self, key: Any) -> Any:
                watch.variable(key)
                return super().__getitem__(key)

            def __iter__(self) -> Any:
                watch.variable("*")
                return super().__iter__()

            def __repr__(self) -> Any:
                watch.variable("*")
                return super().__repr__()

        os.environ.__class__ = os.environb.__class__ = ObservedEnviron

    def variable(self, key: str | bytes) -> None:
        """Note the read of an environment variable."""
        if (seen := self._seen) is None:
            return
        name = os.fsdecode(key) if isinstance(key, str | bytes) else ""
        owner = asked_by(sys._getframe(2))
        if owner and name and is_observed(name, self._project):
            seen.note(f"environment:{name}")

    def _watch_versions(self) -> None:
        """Note queries for installed distributions, as libraries make them to find plug-ins."""
        find = metadata.MetadataPathFinder.find_distributions

        def found(*arguments: Any, **options: Any) -> Any:
            owner = _past_standard(sys._getframe(1))
            if self._seen is not None and owner and not owner.startswith((ENGINE, *LIBRARIES)):
                self._seen.note("library:*")
            return find(*arguments, **options)

        metadata.MetadataPathFinder.find_distributions = found  # type: ignore[method-assign]

    def _watch_lines(self) -> None:
        """Note reads of the post's source lines, as by tracebacks, warnings and `inspect.getsource`."""
        getlines, checkcache = linecache.getlines, linecache.checkcache

        def watched(filename: str, module_globals: Any = None) -> list[str]:
            self._lines = self._lines or filename == self._post
            return getlines(filename, module_globals)

        def checked(filename: str | None = None) -> None:
            self._lines = self._lines or filename == self._post
            checkcache(filename)

        linecache.getlines, linecache.checkcache = watched, checked

    @staticmethod
    def _logs_lines() -> bool:
        """Whether any logging handler prints line numbers."""
        handlers = (reference() for reference in logging._handlerList)  # type: ignore[attr-defined]
        formats = (str(getattr(getattr(handler, "formatter", None), "_fmt", "")) for handler in handlers)
        return any("lineno" in form for form in formats)


_EVENTS = {"os.fork", "os.forkpty", "pickle.find_class", "compile", "sys._getframe"}


def _past_standard(frame: FrameType | None) -> str:
    while frame is not None and (name := frame.f_code.co_filename).startswith(("<frozen", STANDARD)):
        if name.startswith(LIBRARIES):
            return name
        frame = frame.f_back
    return frame.f_code.co_filename if frame is not None else ""


def _is_shell(file: str) -> bool:
    """Whether a file is part of the kernel."""
    folder = next((folder for folder in LIBRARIES if file.startswith(folder)), None)
    return not file or (folder is not None and file.removeprefix(folder).startswith(_SHELL))
