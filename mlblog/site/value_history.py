"""History of recorded values: read from git once per commit, then cached."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from mlblog.errors import GitError
from mlblog.files.canonical import digest
from mlblog.files.git import Git
from mlblog.files.made_by import made_by
from mlblog.files.memo import Memo
from mlblog.lab import Project
from mlblog.lab.record_path import RecordPath


@dataclass(frozen=True)
class Point:
    """Means over seeds at one commit, of numeric values."""

    commit: str
    date: str
    means: Mapping[str, float]


#: By `experiment/scale`: a point per commit that changed a base record.
Trail = dict[str, list[Point]]


def trail(project: Project) -> Trail:
    """Return the history of values; empty without git."""
    head, _, shallow = Git(project.root).ask("rev-parse", "HEAD", "--is-shallow-repository").partition("\n")
    if not head:
        return {}
    if shallow == "true":
        return _read(project)  # a later fetch may add history to the same commit

    def made() -> dict[str, list[tuple[str, str, Mapping[str, float]]]]:
        trail = _read(project).items()
        return {name: [(one.commit, one.date, one.means) for one in points] for name, points in trail}

    key = digest("trail", made_by(__file__), head, project.relative(project.results))
    found = Memo(project.work / "trail.json").value(key, made)
    return {name: [Point(*point) for point in points] for name, points in found.items()}


def _read(project: Project) -> Trail:
    results = project.relative(project.results)
    changes = list(_changes(project.root, results))
    contents = _blobs(project.root, sorted({blob for *_, blob in changes if blob}))
    seeds: dict[str, dict[int, dict[str, float]]] = defaultdict(dict)  # values by experiment and scale, then seed
    found: Trail = {}
    for commit, date, path, blob in changes:
        record = RecordPath.ending(path)
        if record is None:
            continue
        name, seed = f"{record.experiment}/{record.scale}", record.seed
        if values := _numbers(contents.get(blob, b"")):
            seeds[name][seed] = values
        else:
            seeds[name].pop(seed, None)
        names = set.intersection(*map(set, seeds[name].values())) if seeds[name] else set()
        means = {one: fmean(values[one] for values in seeds[name].values()) for one in sorted(names)}
        points = found.setdefault(name, [])
        if points and points[-1].commit == commit:
            points.pop()
        if means:
            points.append(Point(commit, date, means))
    return {name: points for name, points in sorted(found.items()) if points}


def _changes(root: Path, results: str) -> Iterator[tuple[str, str, str, str]]:
    """Commit, date, path below results, and blob (empty if deleted) of each change, oldest first."""
    log = Git(root).ask(
        "-c", "core.quotePath=false", "log", "--reverse", "--relative", "--raw", "--no-renames", "--no-abbrev",
        "--format=commit %h %cs", "--", f"{results}/*/base/seed-*.json",
    )  # fmt: skip
    commit = date = ""
    for line in log.splitlines():
        if line.startswith("commit "):
            _, commit, date = line.split(" ")
            commit = commit[:7]
        elif line.startswith(":"):
            about, _, path = line.partition("\t")
            blob = about.split(" ")[3]
            yield commit, date, path.removeprefix(f"{results}/"), blob if blob.strip("0") else ""


def _blobs(root: Path, names: list[str]) -> dict[str, bytes]:
    given = "".join(f"{name}\n" for name in names).encode()
    try:
        out = Git(root).run("cat-file", "--batch", given=given) if names else b""
    except GitError:
        return {}  # a damaged repository has no history to show
    found, at = {}, 0
    while at < len(out):
        end = out.index(b"\n", at)
        name, _, size = out[at:end].decode().split(" ")
        found[name] = out[end + 1 : end + 1 + int(size)]
        at = end + 2 + int(size)
    return found


def _numbers(text: bytes) -> dict[str, float]:
    try:
        values = json.loads(text)["values"]
    except (ValueError, KeyError, TypeError):
        return {}  # deleted, or older than the record schema
    return {name: float(value) for name, value in values.items() if type(value) in (int, float)}
