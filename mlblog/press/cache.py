"""Outputs kept under a key, so that a post whose code says the same does not run again.

The key holds what a run can depend on and is known beforehand: the code of every unit (as a tree: neither comments nor
formatting count, nor does anything about the cell but its code), the manifest of the first-party code that it reaches,
the versions of what draws. What is known only afterwards, the records that were read and the files that were opened,
is kept with the outputs and compared when they are looked up. Only what ran to its end is kept.
"""

from __future__ import annotations

import ast
import functools
import json
import sys
from importlib import metadata
from pathlib import Path

from mlblog.lab import Code, Project, Read, Store
from mlblog.lab.atomic import write_atomically
from mlblog.lab.canonical import digest, digest_file, encode
from mlblog.press.document import Post, Unit
from mlblog.press.output import Outputs

SCHEMA = 1
# engine files that outputs depend on
_DRAWN_BY = ("child.py", "figure.py", "output.py", "shell.py", "../lab/runs.py", "../lab/spec.py", "../lab/student.py")
_LIBRARIES = ("ipython", "matplotlib", "numpy", "torch")


def keys(post: Post, code: Code) -> list[str]:
    """One key for each unit: the key of the unit before it, and its own code; the post's manifest starts the chain."""
    found = [digest("outputs", _made_by(), encode(manifest(post, code)))]
    for unit in post.units:
        found.append(digest("unit", found[-1], type(unit).__name__, *_options(unit), _normal(unit.code)))
    return found[1:]


def manifest(post: Post, code: Code) -> dict[str, str]:
    """`{qualified name: digest}` of the first-party code that the units of `post` reach."""
    return code.manifest_of("\n".join(_python(unit) for unit in post.units))


class OutputCache:
    """Outputs under `.mlblog/outputs`."""

    def __init__(self, project: Project, store: Store) -> None:
        self._project, self._store = project, store

    def get(self, post: Post, key: str) -> Outputs | None:
        """The outputs kept under `key`, if the records read and the files opened are what they were."""
        try:
            kept = json.loads(self._path(key).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        outputs = Outputs.from_json(kept["outputs"])
        if kept["lines"] and kept["lines"] != _lines(post):
            return None
        if any(self._digest(path) != found for path, found in outputs.files.items()):
            return None
        reads = {json.dumps(read, sort_keys=True) for ran in outputs.ran for read in ran.reads}
        if not all(Read.from_json(json.loads(read)).is_current(self._store) for read in reads):
            return None
        return outputs

    def put(self, post: Post, key: str, outputs: Outputs) -> None:
        """Keep `outputs`. Where they name lines of the post (a warning does), they hold for those lines only."""
        body = outputs.to_json()
        lines = _lines(post) if f"{post.path}:" in json.dumps(body) else []
        write_atomically(self._path(key), encode({"outputs": body, "lines": lines}))

    def _path(self, key: str) -> Path:
        return self._project.work / "outputs" / key[:2] / f"{key}.json"

    def _digest(self, path: str) -> str:
        file = self._project.root / path
        return digest_file(file) if file.is_file() else ""


def _lines(post: Post) -> list[int]:
    return [unit.line for unit in post.units]


def _options(unit: Unit) -> tuple[str, ...]:
    # the one option that changes what runs: it lets the post go on
    return ("raises",) if "raises-exception" in getattr(getattr(unit, "options", None), "tags", ()) else ()


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
def _made_by() -> str:
    here = Path(__file__).parent
    versions = []
    for name in _LIBRARIES:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            versions.append(f"{name} none")
    engine = digest("engine", *[(here / name).read_bytes() for name in _DRAWN_BY])
    return digest("made by", str(SCHEMA), sys.version, *versions, engine)
