"""Outputs kept under keys, so that what says the same and rests on the same does not run again.

A unit's key holds what its run can depend on and is known beforehand: its code and that of the units before it (as a
tree: neither comments nor formatting count, nor does anything about a cell but its code), the manifest of the project's
code that they reach together, the versions of what draws. What is known only afterwards, the records that were read,
the files that were opened and whether the text of the post itself was looked at, is kept with the outputs and compared
when they are looked up. Only what ran to its end is kept.

The units of a post share one state, and state is not kept: when one is out of date, all run again, or (in live preview)
those from the last snapshot on.
"""

from __future__ import annotations

import ast
import functools
import json
import sys
from collections.abc import Iterable
from pathlib import Path

import mlblog
from mlblog.files.atomic import write_atomically
from mlblog.files.canonical import digest, encode
from mlblog.lab import Code, Project, Read, Store
from mlblog.lab.running.environment import version
from mlblog.press.kernel.output import Outputs, Ran
from mlblog.press.kernel.watch import state_of
from mlblog.press.source.document import Cell, Post, Unit

SCHEMA = 2
_RUNS = 8  # of a post: an edit that is taken back finds the outputs it had
# engine files that outputs depend on
_DRAWN_BY = (
    *(
        f"press/kernel/{name}.py"
        for name in (
            "capture",
            "child",
            "displays",
            "examples",
            "failure",
            "figure",
            "output",
            "shell",
            "stream",
            "watch",
        )
    ),
    *("lab/records/runs.py", "lab/spec.py", "lab/records/student.py"),
)
_LIBRARIES = ("ipython", "matplotlib", "numpy", "torch")


def keys(post: Post, code: Code) -> list[str]:
    """One key for each unit: the key of the unit before it, its own code, and the manifest of all up to it."""
    found = [made_by()]
    for unit, reached in zip(post.units, _manifests(post, code), strict=True):
        found.append(digest("unit", found[-1], _code(post, unit), reached))
    return found[1:]


def manifest(post: Post, code: Code) -> dict[str, str]:
    """`{qualified name: digest}` of the first-party code that the units of `post` reach."""
    return code.manifest_of("\n".join(_python(unit) for unit in post.units))


def files_behind(post: Post, code: Code, experiments: Iterable[str]) -> set[Path]:
    """The files of the project that decide what `post` reaches, and what the declared `experiments` do."""
    return code.files_of("\n".join(_python(unit) for unit in post.units), experiments)


def _manifests(post: Post, code: Code) -> list[str]:
    """The digest of the manifest of the first unit, of the first two, and so on."""
    sources = [_python(unit) for unit in post.units]
    found: dict[int, str] = {}

    def at(number: int) -> str:
        if number not in found:
            found[number] = digest("manifest", encode(code.manifest_of("\n".join(sources[: number + 1]))))
        return found[number]

    def fill(first: int, last: int) -> None:
        """A manifest only grows: where it is the same at both ends, it is between them."""
        if last - first > 1 and at(first) == at(last):
            found.update((number, at(first)) for number in range(first + 1, last))
        elif last - first > 1:
            middle = (first + last) // 2
            fill(first, middle)
            fill(middle, last)

    fill(0, len(sources) - 1)
    return [at(number) for number in range(len(sources))]


def _whole(post: Post, code: Code) -> str:
    """The key of all outputs together, from one manifest instead of many."""
    parts = [_code(post, unit) for unit in post.units]
    return digest("post", made_by(), *parts, digest("manifest", encode(manifest(post, code))))


class OutputCache:
    """Outputs under `.mlblog/outputs`: a file for each run, and for each post an index of its last runs by unit."""

    def __init__(self, project: Project, store: Store) -> None:
        self._project, self._store = project, store
        self._current: dict[str, bool] = {}

    def get(self, post: Post, code: Code) -> tuple[Ran, ...]:
        """The outputs of the units of `post`, from the first, that still hold; all, none or some."""
        whole = _whole(post, code)
        if (found := self._run(post, whole)) and len(found) == len(post.units):
            return found
        best: tuple[Ran, ...] = ()
        index = self._index(post)
        mine = keys(post, code) if index else []
        for name, theirs in index:
            same = next((n for n, (a, b) in enumerate(zip(mine, theirs, strict=False)) if a != b), len(theirs))
            same = min(same, len(mine))
            if same > len(best):
                best = max(best, self._run(post, name)[:same], key=len)
        if best and len(best) == len(post.units):
            self.put(post, code, Outputs(best))
        return best

    def put(self, post: Post, code: Code, outputs: Outputs) -> None:
        """Keep `outputs`. Where they show lines of the post (a warning does), they hold for this text only."""
        body = []
        for ran in outputs.ran:
            kept = ran.to_json()
            seen = ran.lines or f"{post.path}:" in json.dumps(kept["outputs"], ensure_ascii=False)
            body.append(kept | {"text": _text(post) if seen else ""})
        mine = keys(post, code)
        name = _whole(post, code)
        write_atomically(self._path(name), encode({"ran": body}))
        index = [(name, mine), *(run for run in self._index(post) if run[0] != name)]
        write_atomically(self._index_path(post), encode({"runs": [list(run) for run in index[:_RUNS]]}))

    def holds(self, ran: Ran) -> bool:
        """Whether the records and files that a unit has read are what they were."""
        root = self._project.root
        for path, found in ran.files.items():
            if state_of(root, path) != found:
                return False
        for read in ran.reads:
            asked = json.dumps(read, sort_keys=True)
            if asked not in self._current:
                self._current[asked] = Read.from_json(read).is_current(self._store)
            if not self._current[asked]:
                return False
        return True

    def _run(self, post: Post, name: str) -> tuple[Ran, ...]:
        try:
            body = json.loads(self._path(name).read_text(encoding="utf-8"))["ran"]
        except (FileNotFoundError, ValueError):
            return ()
        found = []
        for kept in body:
            ran = Ran.from_json(kept)
            if (kept["text"] and kept["text"] != _text(post)) or not self.holds(ran):
                break
            found.append(ran)
        return tuple(found)

    def _index(self, post: Post) -> list[tuple[str, list[str]]]:
        try:
            return [(name, unit_keys) for name, unit_keys in json.loads(self._index_path(post).read_text())["runs"]]
        except (FileNotFoundError, ValueError):
            return []

    def _path(self, name: str) -> Path:
        return self._project.work / "outputs" / name[:2] / f"{name}.json"

    def _index_path(self, post: Post) -> Path:
        return self._project.work / "outputs" / "posts" / f"{digest('path', post.path)}.json"


def _text(post: Post) -> str:
    return digest("text", post.path, "".join(post.shadow))


def _code(post: Post, unit: Unit) -> str:
    where = post.path if "__file__" in unit.code else ""
    return digest("code", type(unit).__name__, *_options(unit), _normal(unit.code), where)


def _options(unit: Unit) -> tuple[str, ...]:
    # of the options those that change what runs, or what it draws; all others are of the page alone
    if not isinstance(unit, Cell):
        return ()
    raises = ("raises",) if "raises-exception" in unit.options.tags else ()
    return (*raises, "raster") if unit.options.raster else raises


def _normal(code: str) -> str:
    try:
        tree = ast.dump(ast.parse(code))
    except SyntaxError:
        return code  # magics, or a mistake: as it is written
    # the one thing that the tree does not hold and IPython heeds: a last `;` hides the value
    return tree + (";" if code.rstrip().endswith(";") else "")


def _python(unit: Unit) -> str:
    """What of a unit is Python, for the manifest."""
    if type(unit).__name__ == "Doctest":
        lines = [line[4:] for line in unit.code.split("\n") if line.lstrip().startswith((">>> ", "... "))]
    else:
        lines = [line for line in unit.code.split("\n") if not line.lstrip().startswith(("%", "!"))]
    text = "\n".join(lines)
    try:
        ast.parse(text)
    except SyntaxError:
        return ""
    return text


@functools.cache
def made_by() -> str:
    """Names everything that outputs depend on and that is the same for all posts."""
    here = Path(mlblog.__file__).parent
    versions = [f"{name} {version(name)}" for name in _LIBRARIES]
    engine = digest("engine", *[(here / name).read_bytes() for name in _DRAWN_BY])
    return digest("made by", str(SCHEMA), sys.version, *versions, engine)
