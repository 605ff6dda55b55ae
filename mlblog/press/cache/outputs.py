"""The output cache: a post whose code and inputs are unchanged does not run again.

A unit's key covers the dependencies known before it runs: its code and that of the units before it (as an AST,
so comments and formatting do not count, and of a cell only code and limits do), and the
manifest of the project code they reach. Dependencies known only afterwards are stored with the outputs and
checked at lookup: records and other inputs that were read, imported libraries, code
that ran outside the manifest, and whether the post's own text was inspected. Only completed runs
are cached.

The units of a post share a namespace, which is not cached: if one is stale, all run again, or (in live preview)
those after the last usable snapshot.
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

from mlblog.files.canonical import digest, encode
from mlblog.files.memo import Memo
from mlblog.lab import Code, Project, Read, Store
from mlblog.press.kernel.basis import Basis, unobserved
from mlblog.press.kernel.output import Outputs, Ran
from mlblog.press.source.document import Doctest, Post, Unit
from mlblog.press.source.magics import as_python

SCHEMA = 4
_BLANK = {tokenize.COMMENT, tokenize.NEWLINE, tokenize.NL, tokenize.ENDMARKER, tokenize.INDENT, tokenize.DEDENT}
_RUNS = 8  # cached runs per post, so that undoing an edit is a cache hit


def keys(post: Post, code: Code) -> list[str]:
    """One key per unit, from the previous unit's key, its own code, and the manifest up to it."""
    found = [digest("post", made_by(), json.dumps(post.limits))]
    for unit, reached in zip(post.units, _manifests(post, code), strict=True):
        found.append(digest("unit", found[-1], _code(post, unit), reached))
    return found[1:]


def manifest(post: Post, code: Code) -> dict[str, str]:
    """`{qualified name: digest}` of the project code that the units of `post` reach."""
    return code.manifest_of("\n".join(_python(unit) for unit in post.units))


def files_behind(post: Post, code: Code, experiments: Iterable[str]) -> set[Path]:
    """The project files that determine what `post` reaches and what `experiments` compute."""
    return code.files_of("\n".join(_python(unit) for unit in post.units), experiments)


def settled(post: Post, code: Code, outputs: Outputs) -> Outputs:
    """Add whole modules as dependencies where the manifest of `post` does not cover what ran.

    A module counts as a whole if the manifest reaches nothing in it, if a function was called that the
    manifest lacks, or if the post compiles code from text or inspects source lines.
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
    """Whether the manifest covers every called function of a module; lambdas count with the function around them."""
    module = code.module_of(file)
    if module is None:
        return False
    for line, _, name in (call.partition(" ") for call in calls):
        owner = code.owner(module, name, int(line))
        if owner and f"{module}.{owner}" not in names:
            return False
    return True


def _manifests(post: Post, code: Code) -> list[str]:
    """Digests of the manifests of the first unit, the first two units, and so on."""
    sources = [_python(unit) for unit in post.units]
    found: dict[int, str] = {}

    def at(number: int) -> str:
        if number not in found:
            found[number] = digest("manifest", encode(code.manifest_of("\n".join(sources[: number + 1]))))
        return found[number]

    def fill(first: int, last: int) -> None:
        """Manifests only grow, so if both ends are equal, so is everything between them."""
        if last - first > 1 and at(first) == at(last):
            found.update((number, at(first)) for number in range(first + 1, last))
        elif last - first > 1:
            middle = (first + last) // 2
            fill(first, middle)
            fill(middle, last)

    fill(0, len(sources) - 1)
    return [at(number) for number in range(len(sources))]


def _whole(post: Post, code: Code) -> str:
    """One key for the whole post, which needs a single manifest."""
    parts = [_code(post, unit) for unit in post.units]
    return digest("post", made_by(), json.dumps(post.limits), *parts, digest("manifest", encode(manifest(post, code))))


class OutputCache:
    """Outputs under `.mlblog/outputs`: one file per run, and one index per post of its last runs."""

    def __init__(self, project: Project, store: Store, basis: Basis) -> None:
        """Cache outputs in `project`; they are valid while the records in `store` and the `basis` are unchanged."""
        self._project, self._store, self._basis = project, store, basis
        self._current: dict[str, bool] = {}

    def get(self, post: Post, code: Code) -> tuple[Ran, ...]:
        """The longest prefix of units of `post` whose outputs are still valid; it may be empty."""
        whole = _whole(post, code)
        if (found := self._run(post, whole)) and len(found) == len(post.units):
            return found
        best: tuple[Ran, ...] = ()
        index = self._runs(post)
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
        """Store `outputs`. If they show lines of the post (as warnings do), they are valid for this text only."""
        body = []
        for ran in outputs.ran:
            body.append(ran.to_json() | {"text": _text(post) if ran.shows_lines(post.path) else ""})
        mine = keys(post, code)
        name = _whole(post, code)
        self._kept(name).put(name, body)
        index = [(name, mine), *(run for run in self._runs(post) if run[0] != name)]
        self._index(post).put(post.path, index[:_RUNS])

    def holds(self, ran: Ran) -> bool:
        """Whether every record and input that a unit read is unchanged."""
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
        found = []
        for kept in self._kept(name).get(name) or ():
            ran = Ran.from_json(kept)
            if (kept["text"] and kept["text"] != _text(post)) or not self.holds(ran):
                break
            found.append(ran)
        return tuple(found)

    def _runs(self, post: Post) -> list[tuple[str, list[str]]]:
        return [(name, unit_keys) for name, unit_keys in self._index(post).get(post.path) or ()]

    def _index(self, post: Post) -> Memo:
        return Memo(self._project.work / "outputs" / "posts" / f"{digest('path', post.path)}.json")

    def _kept(self, name: str) -> Memo:
        return Memo(self._project.work / "outputs" / name[:2] / f"{name}.json")


def _text(post: Post) -> str:
    return digest("text", post.path, "".join(post.shadow))


def _code(post: Post, unit: Unit) -> str:
    where = post.path if "__file__" in unit.code else ""
    # only options that change what runs or what is drawn; the others affect the page alone
    options = str((unit.options.may_raise, unit.options.raster, unit.options.timeout))
    return digest("code", unit.kind, options, _normal(unit.code), where)


def _normal(code: str) -> str:
    try:
        tree = ast.dump(ast.parse(code))
        ends = [token for token in tokenize.generate_tokens(io.StringIO(code).readline) if token.type not in _BLANK]
    except (SyntaxError, ValueError):
        return code  # magics or a syntax error: use the text as is
    # IPython hides the value after a trailing `;`, which the AST does not contain
    return tree + (";" if ends and ends[-1].string == ";" else "")


def _python(unit: Unit) -> str:
    """The Python code of a unit, for the manifest."""
    if isinstance(unit, Doctest):
        examples = (line for line in unit.code.split("\n") if line.lstrip().startswith((">>> ", "... ")))
        return as_python("\n".join(line.lstrip()[4:] for line in examples)).code
    return as_python(unit.code).code


@functools.cache
def made_by() -> str:
    """Digest of dependencies shared by all posts whose reads cannot be observed."""
    return digest("made by", str(SCHEMA), sys.version, unobserved())
