"""Outputs kept under keys, so that what says the same and rests on the same does not run again.

A unit's key holds what its run can depend on and is known beforehand: its code and that of the units before it (as a
tree: neither comments nor formatting count, nor does anything about a cell but its code and its limits), and the
manifest of the project's code that they reach together. What is known only afterwards is kept with the outputs and
compared when they are looked up: the records and all else that was read, the libraries that were imported, the code
that ran though no manifest reaches it, and whether the text of the post itself was looked at. Only what ran to its end
is kept.

The units of a post share one state, and state is not kept: when one is out of date, all run again, or (in live preview)
those from the last snapshot on.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import io
import json
import sys
import tokenize
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

from mlblog.files.atomic import read_sealed, write_sealed
from mlblog.files.canonical import digest, encode
from mlblog.lab import Code, Project, Read, Store
from mlblog.press.kernel.basis import Basis, untold
from mlblog.press.kernel.output import Outputs, Ran
from mlblog.press.source.document import Cell, Doctest, Post, Unit
from mlblog.press.source.magics import as_python

SCHEMA = 3
_BLANK = {tokenize.COMMENT, tokenize.NEWLINE, tokenize.NL, tokenize.ENDMARKER, tokenize.INDENT, tokenize.DEDENT}
_RUNS = 8  # of a post: an edit that is taken back finds the outputs it had


def keys(post: Post, code: Code) -> list[str]:
    """One key for each unit: the key of the unit before it, its own code, and the manifest of all up to it."""
    found = [digest("post", made_by(), _limits(post))]
    for unit, reached in zip(post.units, _manifests(post, code), strict=True):
        found.append(digest("unit", found[-1], _code(post, unit), reached))
    return found[1:]


def manifest(post: Post, code: Code) -> dict[str, str]:
    """`{qualified name: digest}` of the first-party code that the units of `post` reach."""
    return code.manifest_of("\n".join(_python(unit) for unit in post.units))


def files_behind(post: Post, code: Code, experiments: Iterable[str]) -> set[Path]:
    """The files of the project that decide what `post` reaches, and what the declared `experiments` do."""
    return code.files_of("\n".join(_python(unit) for unit in post.units), experiments)


def settled(post: Post, code: Code, outputs: Outputs) -> Outputs:
    """Let outputs rest on the modules that ran though the manifest of `post` does not say what of them was used.

    A module counts whole where the manifest reaches nothing of it, where one of its functions was called that the
    manifest does not have, and everywhere as soon as the post makes code of text, or sees lines.
    """
    root, reached = code.root, files_behind(post, code, ())
    names = set(manifest(post, code))
    is_opaque = any(ran.opaque or ran.lines for ran in outputs.ran) or any(
        as_python(unit.code).is_opaque for unit in post.units
    )
    states: dict[str, str] = {}
    found = []
    for ran in outputs.ran:
        states |= ran.modules
        whole = {path for path in ran.modules if is_opaque or root / path not in reached}
        whole |= {path for path, calls in ran.calls.items() if not _foreseen(root / path, calls, code, names)}
        rests = ran.rests | {f"data:{path}": states[path] for path in sorted(whole)}
        found.append(dataclasses.replace(ran, rests=rests, modules={}, calls={}, opaque=False))
    return Outputs(tuple(found))


def _foreseen(file: Path, calls: Iterable[str], code: Code, names: set[str]) -> bool:
    """Whether all functions of a module that were called are in a manifest; some have no definition of their own."""
    module = code.module_of(file)
    if module is None:
        return False
    for line, _, name in (call.partition(" ") for call in calls):
        owner = code.owner(module, SimpleNamespace(co_qualname=name, co_firstlineno=int(line)))
        if owner and f"{module}.{owner}" not in names:
            return False
    return True


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
    return digest("post", made_by(), _limits(post), *parts, digest("manifest", encode(manifest(post, code))))


class OutputCache:
    """Outputs under `.mlblog/outputs`: a file for each run, and for each post an index of its last runs by unit."""

    def __init__(self, project: Project, store: Store, basis: Basis) -> None:
        """Keep outputs in `project`; they hold while records in `store`, and the `basis`, are as they were."""
        self._project, self._store, self._basis = project, store, basis
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
        write_sealed(self._path(name), encode({"ran": body}))
        index = [(name, mine), *(run for run in self._index(post) if run[0] != name)]
        write_sealed(self._index_path(post), encode({"runs": [list(run) for run in index[:_RUNS]]}))

    def holds(self, ran: Ran) -> bool:
        """Whether the records, and all else that a unit has read, are what they were."""
        if not self._basis.holds(ran.rests):
            return False
        for read in ran.reads:
            asked = json.dumps(read, sort_keys=True)
            if asked not in self._current:
                self._current[asked] = Read.from_json(read).is_current(self._store)
            if not self._current[asked]:
                return False
        return True

    def _run(self, post: Post, name: str) -> tuple[Ran, ...]:
        content = read_sealed(self._path(name))
        if content is None:
            return ()
        found = []
        for kept in json.loads(content)["ran"]:
            ran = Ran.from_json(kept)
            if (kept["text"] and kept["text"] != _text(post)) or not self.holds(ran):
                break
            found.append(ran)
        return tuple(found)

    def _index(self, post: Post) -> list[tuple[str, list[str]]]:
        content = read_sealed(self._index_path(post))
        runs = json.loads(content)["runs"] if content is not None else []
        return [(name, unit_keys) for name, unit_keys in runs]

    def _path(self, name: str) -> Path:
        return self._project.work / "outputs" / name[:2] / f"{name}.json"

    def _index_path(self, post: Post) -> Path:
        return self._project.work / "outputs" / "posts" / f"{digest('path', post.path)}.json"


def _text(post: Post) -> str:
    return digest("text", post.path, "".join(post.shadow))


def _code(post: Post, unit: Unit) -> str:
    where = post.path if "__file__" in unit.code else ""
    limit = str(unit.options.timeout) if isinstance(unit, Cell) else ""
    return digest("code", type(unit).__name__, *_options(unit), limit, _normal(unit.code), where)


def _options(unit: Unit) -> tuple[str, ...]:
    # of the options those that change what runs, or what it draws; all others are of the page alone
    if not isinstance(unit, Cell):
        return ()
    raises = ("raises",) if "raises-exception" in unit.options.tags else ()
    return (*raises, "raster") if unit.options.raster else raises


def _limits(post: Post) -> str:
    """What may end a post before its last unit."""
    return json.dumps([post.meta.get("timeout"), post.meta.get("memory")])


def _normal(code: str) -> str:
    try:
        tree = ast.dump(ast.parse(code))
        ends = [token for token in tokenize.generate_tokens(io.StringIO(code).readline) if token.type not in _BLANK]
    except (SyntaxError, ValueError):
        return code  # magics, or a mistake: as it is written
    # the one thing that the tree does not hold and IPython heeds: a last `;` hides the value
    return tree + (";" if ends and ends[-1].string == ";" else "")


def _python(unit: Unit) -> str:
    """What of a unit is Python, for the manifest."""
    if isinstance(unit, Doctest):
        examples = (line for line in unit.code.split("\n") if line.lstrip().startswith((">>> ", "... ")))
        return as_python("\n".join(line.lstrip()[4:] for line in examples)).code
    return as_python(unit.code).code


@functools.cache
def made_by() -> str:
    """Names what outputs depend on that is the same for all posts, and of which nobody is told when it is read."""
    return digest("made by", str(SCHEMA), sys.version, untold())
