"""Dependencies of outputs other than reachable code, by name, with the current state of each.

`data:x.csv` is a file, `list:data` the names in a folder, `look:x.csv` existence and size of a file, all as in
the lab, except that paths outside the project are absolute. Cells have more kinds of dependencies:

- `times:x.csv`: a file's timestamps, size and type;
- `sizes:data`: the names in a folder, with type, size and timestamp;
- `glob:FOLDER⏎PATTERN`: the files that match a pattern;
- `environment:NAME`: an environment variable, `environment:*` all of them;
- `library:numpy`: the installed distribution of that name, `library:*` names and versions of all of them;
- `absent:tqdm`: a module that was not found;
- `base:DIGEST`: what the warm process had read before the fork;
- `unseen:…`: something unobservable, which never compares equal.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from mlblog.files.canonical import digest
from mlblog.files.memo import Memo
from mlblog.lab.fingerprint.inputs import DATA, ENVIRONMENT, Inputs
from mlblog.lab.fingerprint.sources import Sources
from mlblog.lab.observing.ownership import LIBRARIES, STANDARD
from mlblog.lab.project import Project
from mlblog.press.kernel.libraries import Libraries

#: State of what changed while being read or cannot be observed; it never compares equal.
MOVED = "moved"
#: Variables that describe where a process runs, not what it does.
PASSING = {"_", "OLDPWD", "PWD", "SHLVL"}
_OURS = "MLBLOG_"
# variables read by the interpreter or compiled libraries, which Python code cannot observe
_UNOBSERVED = ("PYTHON", "LC_", "LANG", "TZ", "LD_", "OMP_", "MKL_", "OPENBLAS_", "CUDA_")
_GENERATED = {"__pycache__", ".mlblog", ".git"}


#: Variables fixed for every kernel process, of any project.
_FIXED = {
    "MPLBACKEND": "Agg",
    # deterministic set order and sums in every process, on any number of cores
    "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",  # writing beside the sources would trigger file watchers
    "PYTHONBREAKPOINT": "",  # a debugger named there (Ray sets one) would fail in its own words
    # macOS ends a process that forked once Objective-C was in use, as it is in torch and Matplotlib
    "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",
}


def environment(project: Project) -> dict[str, str]:
    """Variables fixed for every kernel process."""
    return {"MLBLOG_ROOT": str(project.root), "IPYTHONDIR": str(project.work / "ipython"), **_FIXED}


def is_observed(variable: str, project: Project) -> bool:
    """Whether reads of a variable are observed and its value may change between builds."""
    return variable not in PASSING and not variable.startswith(_OURS) and variable not in environment(project)


def unobserved(environ: Mapping[str, str] = os.environ) -> str:
    """The state of variables whose reads cannot be observed, but for those fixed for every kernel process."""
    return json.dumps(
        sorted(item for item in environ.items() if item[0].startswith(_UNOBSERVED) and item[0] not in _FIXED)
    )


class Basis:
    """Current states. Those that cannot change during a run are cached."""

    def __init__(
        self, project: Project, inputs: Inputs | None = None, environ: Mapping[str, str] | None = None
    ) -> None:
        """Read below the root of `project`.

        Args:
            project: the project whose cells run.
            inputs: reads files and caches their digests between builds.
            environ: environment variables; the current ones by default.
        """
        self._project, self._environ = project, os.environ if environ is None else environ
        self._inputs = inputs or Inputs(Sources(project.root, (), None), None, self._environ)
        self._libraries = Libraries(project.work / "cache" / "libraries.json")
        self._bases: dict[str, str] = {}
        self._modules: dict[str, bool] = {}

    def holds(self, rests: Mapping[str, str]) -> bool:
        """Whether every state is unchanged."""
        return all(self.state(name) == state for name, state in rests.items())

    def state(self, name: str) -> str:
        """The current state; empty if missing or unreadable."""
        kind, _, rest = name.partition(":")
        try:
            if kind == "times":
                return _times(self._project.root / rest)
            if kind == "sizes":
                return _sizes(self._project.root / rest)
            if kind == "glob":
                return _glob(self._project.root, *rest.split("\n", 1))
            if kind == ENVIRONMENT and rest == "*":
                variables = sorted(item for item in self._environ.items() if is_observed(item[0], self._project))
                return digest("environment", json.dumps(variables))
            if kind == "library":
                return self._libraries.everything if rest == "*" else self._libraries.state(rest)
            if kind == "absent":
                return "there" if self._is_there(rest) else ""
            if kind == "base":
                return self._base(rest)
            if kind == "unseen" or (kind == DATA and not os.path.isfile(self._project.root / rest)):
                return ""
            return self._inputs.digest(name) or ""
        except (OSError, ValueError, NotImplementedError):
            return ""

    def keep(self, rests: Mapping[str, str]) -> dict[str, str]:
        """Combine many states, such as those of the shared warm process, into one that refers to a file."""
        name = digest("base", json.dumps(rests, sort_keys=True))
        self._kept(name).put(name, dict(rests))
        return {f"base:{name}": name}

    def _base(self, name: str) -> str:
        if name not in self._bases:
            rests = self._kept(name).get(name)
            self._bases[name] = name if rests is not None and self.holds(rests) else ""
        return self._bases[name]

    def _kept(self, base: str) -> Memo:
        return Memo(self._project.work / "bases" / f"{base}.json")

    def _is_there(self, module: str) -> bool:
        """Whether a module can be found in the project or among installed libraries."""
        if module not in self._modules:
            places = [self._project.root, self._project.root / "src", *map(Path, LIBRARIES), Path(STANDARD)]
            for part in module.split("."):
                found = [Path(place, entry) for place in places for entry in _entries(place) if _is(entry, part)]
                places = [place for place in found if place.is_dir()]
            self._modules[module] = bool(found)
        return self._modules[module]


def _is(entry: str, module: str) -> bool:
    return entry == module or (entry.startswith(f"{module}.") and entry.endswith((".py", ".so", ".pyd")))


def _entries(folder: Path) -> Iterable[str]:
    with contextlib.suppress(OSError):
        return [name for name in os.listdir(folder) if name not in _GENERATED]
    return []


def _times(path: Path) -> str:
    stat = path.stat()
    link = os.readlink(path) if path.is_symlink() else ""
    return digest("times", link, str(stat.st_mode), str(stat.st_size), str(stat.st_mtime_ns))


def _sizes(folder: Path) -> str:
    found = (f"{name}={_times(folder / name)}" for name in sorted(_entries(folder)) if (folder / name).exists())
    return digest("sizes", *found)


def _glob(root: Path, folder: str, pattern: str) -> str:
    found = (path for path in (root / folder).glob(pattern) if not _GENERATED & set(path.parts))
    return digest("glob", *sorted(map(str, found)))
