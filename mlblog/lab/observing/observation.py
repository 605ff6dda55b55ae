"""What a run reads, observed: every file that is opened, every folder that is listed (see `hook`).

Files that the import system, mlblog itself and other libraries open for their own use are left out. Forked children
report to their parent through a file.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Mapping
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from mlblog.files.state import Mark, mark_of
from mlblog.lab.observing.asking import (
    IMPORTING,
    OBSERVERS,
    Opening,
    asked_by,
    asking,
    below_descriptor,
    exists,
    name_of,
    real_stat,
    state_of,
)
from mlblog.lab.observing.ownership import LIBRARIES, STANDARD, SYSTEM
from mlblog.lab.project import Project
from mlblog.lab.record_path import RecordPath

OBSERVERS.add(__file__)
# what libraries read for their own use
_THEIRS = (
    *("/etc/", "/usr/", "/lib", "/opt/", "/var/", "/run/", "/bin/", "/sbin/"),
    os.path.join(os.path.expanduser("~"), "."),  # their settings and caches
    *(os.path.join(tempfile.gettempdir(), name) for name in ("torchinductor", "triton", "numba", "pymp-", "ray")),
)
# how pathlib and glob list folders for a pattern, of which they tell by themselves
_PATTERNS = {
    "_select_from", "_scandir", "_iterate_directories", "_iterdir", "_glob0", "_glob1", "_glob2", "_rlistdir", "_iter",
}  # fmt: skip
_INTERPRETER = "<interpreter>"  # asked by neither code nor the import system
_IMPORTED = (".py", ".pyc", ".so", ".pyd", ".zip")


class Observation:
    """What was read while it was active.

    Attributes:
        files: absolute path of each file opened for reading, and its state then; None if it did not exist.
        moved: files that were opened in two different states.
        folders: folders that were listed.
        patterns: `(folder, pattern)` of files that were looked for.
        looked: files that were not opened, but asked for their existence, size or link.
        programs: what was started, and can read unobserved.
        records: files of records that were opened, by any code.
        written: files that the run created or overwrote.
        appended: files that it added to.
        is_alone: whether this process did all of it, without forked children or an earlier leg of the run.
    """

    def __init__(self, project: Project) -> None:
        """Observe reads below the root of `project` and elsewhere."""
        self._root = f"{project.root}{os.sep}"
        self._work = f"{project.work}{os.sep}"
        self._git = f"{project.root}{os.sep}.git{os.sep}"
        self._results = f"{project.results}{os.sep}"
        self.files: dict[str, Mark | None] = {}
        self.moved: set[str] = set()
        self.folders: set[str] = set()
        self.patterns: set[tuple[str, str]] = set()
        self.looked: set[str] = set()
        self.programs: set[str] = set()
        self.records: set[str] = set()
        self.written: set[str] = set()
        self.appended: set[str] = set()
        self.is_alone = True
        self._parent = os.getpid()
        self._reports = tempfile.TemporaryFile("ab+", prefix="mlblog-observed-")  # noqa: SIM115  # `gather` closes it

    # -- events of the interpreter ------------------------------------------------------------------------------

    def open(self, path: object, mode: object, flags: object) -> None:
        """A file is being opened."""
        if (name := name_of(path)) is None:
            return
        if not exists(name):
            name = below_descriptor(path) or name
        opening = Opening.of(mode, flags)
        if name.startswith(self._results) and RecordPath.ending(name) and os.path.isfile(name):
            self._report("record", name)
        elif opening.anew or (opening.writes and not exists(name)):
            if name not in self.files:
                self.written.add(name)  # the run itself wrote all that will be in it
        elif opening.reads and name not in self.written:
            frame = sys._getframe(1)
            # a custom loader may compile files that the fingerprint does not know as code
            strange = asked_by(frame) == IMPORTING and not name.endswith(_IMPORTED)
            if self._is_input(name, None if strange and name.startswith(self._root) else frame):
                self._saw(name)
                if name in self.appended:
                    self.moved.add(name)  # its former content is unknown
        elif opening.writes:
            self.appended.add(name)

    def listed(self, path: object = None) -> None:
        """A folder is being listed."""
        name, frame = name_of(path if path is not None else "."), asking(sys._getframe(1))
        by_pattern = frame.f_code.co_name in _PATTERNS and frame.f_code.co_filename.startswith(STANDARD)
        if name is not None and not by_pattern and self._is_input(name, frame):
            self._report("folder", name)

    def scanned(self, path: object = None) -> None:
        """A folder is being listed, with the kind and size of what is in it at hand."""
        self.listed(path)

    def looked_for(self, folder: object, pattern: object) -> None:
        """Files of a pattern are being looked for."""
        name = name_of(folder)
        if name is not None and isinstance(pattern, str) and self._is_input(name, sys._getframe(1)):
            self._report("pattern", f"{name}\0{pattern}")

    def globbed(self, pattern: object, recursive: object = False, folder: object = None, *_: object) -> None:
        """The same, by the module `glob`."""
        if isinstance(pattern, str | bytes):
            text = os.path.join(name_of(folder) or "", os.fsdecode(pattern)) if folder else os.fsdecode(pattern)
            head = text
            while set("*?[") & set(head):
                head = os.path.dirname(head)
            self.looked_for(head or ".", os.path.relpath(text, head) if head else text)

    def looked_at(self, path: object) -> None:
        """A file is asked for its existence or size; libraries ask for many files outside the project."""
        name = name_of(path)
        if name is None or name in self.looked or name in self.files or name in self.written | self.appended:
            return
        frame = sys._getframe(1)
        if asked_by(frame).startswith(LIBRARIES) or not self._is_input(name, frame):
            return
        if name.startswith(self._root):
            self._report("look", name)
        elif not os.path.isdir(name):
            self._saw(name)

    def connected(self, database: object, *_: object) -> None:
        """A database is being opened: by its path, or by a URI."""
        if isinstance(database, str) and database.startswith("file:"):
            database = urlsplit(database).path
        if (name := name_of(database)) is not None and self._is_input(name, sys._getframe(1)):
            self._saw(name)

    def imported(self, module: object, filename: object, *_: object) -> None:
        """A compiled module is being imported."""
        if isinstance(filename, str) and self._is_input(name := os.path.abspath(filename), None):
            self._saw(name)

    def loaded(self, name: object) -> None:
        """A shared library is being loaded; it can read unobserved."""
        owner = asked_by(sys._getframe(1))
        if owner not in ("", IMPORTING) and not owner.startswith(LIBRARIES):
            self._report("program", "a shared library")
        if isinstance(name, str) and os.sep in name and self._is_input(path := os.path.abspath(name), None):
            self._saw(path)

    def started(self, program: object, arguments: object = (), *_: object) -> None:
        """Another program is being started."""
        owner = asked_by(sys._getframe(1))
        words = [os.fsdecode(word) for word in arguments] if isinstance(arguments, list | tuple) else [str(arguments)]
        ours = any(self._root in word or os.path.exists(word) for word in words[1:])
        for named in (part for word in words[1:] for part in word.split()):
            if os.path.isfile(named) and owner and self._is_input(path := os.path.abspath(named), sys._getframe(1)):
                self._saw(path)
        if owner not in ("", IMPORTING) and (not owner.startswith(LIBRARIES) or ours):
            self._report("program", os.path.basename(words[0]) if words else str(program))

    def forked(self) -> None:
        """A child is being forked, which may do anything unobserved by this process."""
        self.is_alone = False

    # -- what counts --------------------------------------------------------------------------------------------

    def _is_input(self, name: str, frame: FrameType | None) -> bool:
        if name.startswith(self._work):
            return False
        if name.startswith(SYSTEM) and not name.startswith(self._root):
            return False
        if f"{os.sep}site-packages{os.sep}" in name:
            return False
        owner = asked_by(frame) if frame is not None else _INTERPRETER
        if not owner or owner == IMPORTING:
            return False
        if owner.startswith(LIBRARIES):
            return not name.startswith((self._git, *(() if name.startswith(self._root) else _THEIRS)))
        return True

    def _saw(self, name: str) -> None:
        try:
            stat = real_stat(name)
            mark = mark_of(stat)
            if not os.path.isfile(name):
                return  # a pipe, a device
        except OSError:
            mark = None
            if not name.startswith(self._root) and asked_by(sys._getframe(1)).startswith(LIBRARIES):
                return  # libraries look for what may be there in many places
        known = self.files.setdefault(name, mark)
        if known != mark:
            self.moved.add(name)
        elif os.getpid() != self._parent:
            self._tell("file", f"{name}\0{' '.join(map(str, mark or []))}")

    def _report(self, kind: str, text: str) -> None:
        self._take(kind, text)
        if os.getpid() != self._parent:
            self._tell(kind, text)

    def _take(self, kind: str, text: str) -> None:
        first, _, second = text.partition("\0")
        if kind == "folder":
            self.folders.add(first)
        elif kind == "pattern":
            self.patterns.add((first, second))
        elif kind == "look":
            self.looked.add(first)
        elif kind == "program":
            self.programs.add(first)
        elif kind == "record":
            self.records.add(first)
        else:
            mark = [int(number) for number in second.split()] or None
            if self.files.setdefault(first, mark) != mark:
                self.moved.add(first)

    def _tell(self, kind: str, text: str) -> None:
        report, number = f"{kind}\0{text}\n".encode("utf-8", "surrogateescape"), self._reports.fileno()
        try:
            os.write(number, report)
        except OSError:  # a process that execs another program may have closed it
            with contextlib.suppress(OSError):
                again = os.open(f"/proc/{self._parent}/fd/{number}", os.O_WRONLY | os.O_APPEND)
                os.write(again, report)
                os.close(again)

    def gather(self) -> None:
        """Take in what forked children have seen."""
        self._reports.seek(0)
        for line in self._reports.read().decode("utf-8", "surrogateescape").splitlines():
            kind, _, text = line.partition("\0")
            self._take(kind, text)
        if {"multiprocessing.popen_spawn_posix", "multiprocessing.popen_forkserver"} & set(sys.modules):
            self.programs.add("processes that are not forked")

    def close(self) -> None:
        """Stop observing."""
        self.gather()
        self._reports.close()

    # -- from one leg of a run to the next ----------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return what was seen, as JSON values, with the states of files and folders."""
        self.gather()
        return {
            "files": self.files,
            "folders": {folder: state_of(folder) for folder in self.folders},
            "patterns": {folder: [state_of(folder), pattern] for folder, pattern in self.patterns},
            "looked": {path: state_of(path) for path in self.looked},
            "programs": sorted(self.programs),
            "records": {record: state_of(record) for record in self.records},
        }

    def resume(self, state: Mapping[str, Any]) -> bool:
        """Take over what an earlier leg has seen, if all of it is unchanged; return whether it is."""
        self.is_alone = False
        marks = {**state["files"], **state["folders"], **state["looked"], **state["records"]}
        marks |= {folder: mark for folder, (mark, _) in state["patterns"].items()}
        if any(state_of(path) != mark for path, mark in marks.items()):
            return False
        for path, mark in state["files"].items():
            self.files.setdefault(path, mark)
        self.folders |= set(state["folders"])
        self.patterns |= {(folder, pattern) for folder, (_, pattern) in state["patterns"].items()}
        self.looked |= set(state["looked"])
        self.programs |= set(state["programs"])
        self.records |= set(state["records"])
        return True
