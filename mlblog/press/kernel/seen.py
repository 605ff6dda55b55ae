"""What the code of one unit reads, each with the state in which it was when it was read."""

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
# functions that ask whether a file is there, of which kind, or how large it is; any other may look at its times
_ASKING = {"exists", "getsize", "is_dir", "is_file", "is_symlink", "isdir", "isfile", "islink", "ismount", "lexists"}
_ASKING |= {"islink", "realpath", "_joinrealpath", "resolve", "readlink", "mkdir", "makedirs", "_walk", "walk"}
_SETTINGS = os.path.join(os.path.expanduser("~"), ".config", "")
_STYLE = "matplotlibrc"


class Seen(Observation):
    """What a unit read.

    The lab compares states after a run and refuses its record where one has moved. Outputs are shown whatever moved, so
    here each state is that of its reading: what has another one when it is looked up is out of date.

    Attributes:
        rests: the state of each thing that was read, by its name (see `basis`).
    """

    def __init__(self, project: Project, basis: Basis, appended: set[str]) -> None:
        """Look at what is below the root of `project`, and elsewhere; `appended` is what units before have added to."""
        super().__init__(project)
        self.rests: dict[str, str] = {}
        self.appended = appended
        self._project, self._basis = project, basis

    def note(self, name: str, state: str | None = None) -> None:
        """Note that something is read; the first time counts."""
        if name not in self.rests:
            self.rests[name] = self._basis.state(name) if state is None else state
            if os.getpid() != self._parent and "\n" not in name:
                self._tell("rest", f"{name}\0{self.rests[name]}")

    # -- what the lab's observation leaves to others --------------------------------------------------------------

    def open(self, path: object, mode: object, flags: object) -> None:
        """A file is being opened."""
        super().open(path, mode, flags)
        name = name_of(path)
        if name is None or name.startswith(self._work):
            return
        frame = sys._getframe(1)
        if name in self.records:
            if asked_by(frame) not in ("", IMPORTING):  # not through its experiment, which says more precisely what
                self._saw(name)
        elif name.startswith(self._root) and f"{os.sep}site-packages{os.sep}" not in name:
            # lines that are shown; and a module that only a forked process imports
            forked = os.getpid() != self._parent and name.endswith(".py") and asked_by(frame) == IMPORTING
            if forked or _passes(frame, linecache.__file__):
                self._saw(name)

    def scanned(self, path: object = None) -> None:
        """A folder is being listed, with the kind and size of what is in it at hand."""
        frame = asking(sys._getframe(1))
        name = name_of(path if path is not None else ".")
        if name is not None and not _is_standard(frame) and self._is_input(name, frame):
            self.note(f"sizes:{self._relative(name)}")
        self.listed(path)

    def started(self, program: object, arguments: object = (), *rest: object) -> None:
        """Another program is being started, by a library for whoever asked it."""
        super().started(program, arguments, *rest)
        if asked_by(sys._getframe(1)) not in ("", IMPORTING):
            self._report("program", os.fsdecode(program) if isinstance(program, str | bytes) else str(program))

    def looked_at(self, path: object) -> None:
        """Somebody asks whether a file is there, how large it is, or when it was changed."""
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
        # settings of libraries that show on a page, wherever they are
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
    """Whether the code of `file` asks, for whomever."""
    while frame is not None and (frame.f_code.co_filename in OBSERVERS or _is_standard(frame)):
        if frame.f_code.co_filename == file:
            return True
        frame = frame.f_back
    return False


def _only_asks(frame: FrameType | None) -> bool:
    """Whether what is asked of a file says nothing of its times."""
    while frame is not None and (frame.f_code.co_filename in OBSERVERS or _is_standard(frame)):
        if frame.f_code.co_name in _ASKING:
            return True
        frame = frame.f_back
    return False


def _is_standard(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    return file.startswith(("<frozen", STANDARD)) and not file.startswith(LIBRARIES)
