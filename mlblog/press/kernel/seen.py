"""What the code of one unit reads, with states at the time of reading."""

from __future__ import annotations

import linecache
import os
import sys
from types import FrameType

from mlblog.lab.observing.asking import IMPORTING, OBSERVERS, asked_by, asking, name_of
from mlblog.lab.observing.observation import Observation
from mlblog.lab.observing.ownership import LIBRARIES, STANDARD
from mlblog.lab.project import Project
from mlblog.press.kernel.basis import MOVED, Basis

OBSERVERS.add(__file__)
# functions that ask for existence, type or size of a file only; any others may look at timestamps
_ASKING = {"exists", "getsize", "is_dir", "is_file", "is_symlink", "isdir", "isfile", "islink", "ismount", "lexists"}
_ASKING |= {"islink", "realpath", "_joinrealpath", "resolve", "readlink", "mkdir", "makedirs", "_walk", "walk"}
_SETTINGS = os.path.join(os.path.expanduser("~"), ".config", "")
_STYLE = "matplotlibrc"


class Seen(Observation):
    """Records what a unit reads.

    The lab rejects a record if an input changed during the run. Outputs are shown regardless, so
    here each state is taken when read; if it differs at lookup, the output is stale.

    Attributes:
        rests: states of dependencies by name (see `basis`).
    """

    def __init__(self, project: Project, basis: Basis, appended: set[str]) -> None:
        """Observe reads in `project` and elsewhere; `appended` are files that earlier units have appended to."""
        super().__init__(project)
        self.rests: dict[str, str] = {}
        self.appended = appended
        self._project, self._basis = project, basis

    def note(self, name: str, state: str | None = None) -> None:
        """Note a read; the first state counts."""
        if name not in self.rests:
            self.rests[name] = self._basis.state(name) if state is None else state
            if os.getpid() != self._parent and "\n" not in name:
                self._tell("rest", f"{name}\0{self.rests[name]}")

    # -- hooks of the lab's observation ---------------------------------------------------------------------------

    def open(self, path: object, mode: object, flags: object) -> None:
        """A file is being opened."""
        super().open(path, mode, flags)
        name = name_of(path)
        if name is None or name.startswith(self._work):
            return
        frame = sys._getframe(1)
        if name in self.records:
            if asked_by(frame) not in ("", IMPORTING):  # reads through an experiment are tracked more precisely
                self._saw(name)
        elif name.startswith(self._root) and f"{os.sep}site-packages{os.sep}" not in name:
            # displayed source lines, or a module that only a forked process imports
            forked = os.getpid() != self._parent and name.endswith(".py") and asked_by(frame) == IMPORTING
            if forked or _passes(frame, linecache.__file__):
                self._saw(name)

    def scanned(self, path: object = None) -> None:
        """A folder is being listed with types and sizes of its entries."""
        frame = asking(sys._getframe(1))
        name = name_of(path if path is not None else ".")
        if name is not None and not _is_standard(frame) and self._is_input(name, frame):
            self.note(f"sizes:{self._relative(name)}")
        self.listed(path)

    def started(self, program: object, arguments: object = (), *rest: object) -> None:
        """Another program is being started, possibly by a library."""
        super().started(program, arguments, *rest)
        if asked_by(sys._getframe(1)) not in ("", IMPORTING):
            self._report("program", os.fsdecode(program) if isinstance(program, str | bytes) else str(program))

    def looked_at(self, path: object) -> None:
        """Existence, size or timestamps of a file are being queried."""
        name = name_of(path)
        if name is None or name in self.written | self.appended or f"{name}{os.sep}" == self._work:
            return
        frame = sys._getframe(1)
        if not self._is_input(name, frame):
            return
        if name.startswith(self._root) or not asked_by(frame).startswith(LIBRARIES):
            self.note(f"{'look' if _only_asks(frame) else 'times'}:{self._relative(name)}")

    # -- states ----------------------------------------------------------------------------------------------------

    def _is_input(self, name: str, frame: FrameType | None) -> bool:
        # library settings outside the project that affect pages
        if name.startswith(_SETTINGS) or (os.path.basename(name) == _STYLE and not name.startswith(LIBRARIES)):
            return asked_by(frame) not in ("", IMPORTING)
        return super()._is_input(name, frame)

    def _saw(self, name: str) -> None:
        super()._saw(name)
        if name in self.files:
            self.note(f"data:{self._relative(name)}", MOVED if name in self.moved | self.appended else None)
            if name in self.moved:
                self.rests[f"data:{self._relative(name)}"] = MOVED

    def _take(self, kind: str, text: str) -> None:
        first, _, second = text.partition("\0")
        if kind == "rest":  # of a forked process
            self.rests.setdefault(first, second)
            return
        super()._take(kind, text)
        name = self._relative(first)
        if kind == "folder":
            self.note(f"list:{name}")
        elif kind == "pattern":
            self.note(f"glob:{name}\n{second}")
        elif kind == "program":
            self.note(f"unseen:{first}", MOVED)
        elif kind == "file":  # in a forked process
            self.note(f"data:{name}", MOVED if first in self.moved else None)

    def _relative(self, name: str) -> str:
        if name == str(self._project.root):
            return "."
        return name.removeprefix(self._root).replace(os.sep, "/")


def _passes(frame: FrameType | None, file: str) -> bool:
    """Whether code of `file` is on the call stack."""
    while frame is not None and (frame.f_code.co_filename in OBSERVERS or _is_standard(frame)):
        if frame.f_code.co_filename == file:
            return True
        frame = frame.f_back
    return False


def _only_asks(frame: FrameType | None) -> bool:
    """Whether a file query cannot reveal timestamps."""
    while frame is not None and (frame.f_code.co_filename in OBSERVERS or _is_standard(frame)):
        if frame.f_code.co_name in _ASKING:
            return True
        frame = frame.f_back
    return False


def _is_standard(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    return file.startswith(("<frozen", STANDARD)) and not file.startswith(LIBRARIES)
