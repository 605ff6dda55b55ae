"""Status of each experiment: its records at the scale that pages show, staleness, and posts that read them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mlblog.errors import RecordError
from mlblog.lab import Read, Reason, Record, Runs
from mlblog.lab.declared import Declaration
from mlblog.lab.records.record import SCALES
from mlblog.press import Context, Post
from mlblog.press.page.provenance import Evidence, accepted
from mlblog.press.page.published import Published
from mlblog.site.value_names import ValueNames

#: The states of an experiment, best to worst.
STATES = ("fresh", "stale", "incomplete", "broken", "smoke", "missing")


@dataclass(frozen=True)
class Standing:
    """One experiment.

    Attributes:
        declaration: as declared.
        scale: largest recorded scale, or empty; `smoke`, whose runs only show that the code runs, if there is no other.
        groups: records at that scale by overrides, base first.
        broken: errors of unreadable records.
        missing: number of declared runs at that scale without a record.
        posts: posts that read its records.
        main: the value that is named first (`values.toml`), else the one that posts quote most, or empty.
    """

    declaration: Declaration
    scale: str
    groups: tuple[Evidence, ...]
    broken: tuple[str, ...]
    missing: int
    posts: tuple[Post, ...]
    main: str

    @property
    def state(self) -> str:
        """The worst state of its records."""
        if self.broken:
            return "broken"
        if not self.groups:
            return "missing"
        if self.reasons:
            return "stale"
        return "smoke" if self.scale == "smoke" else "incomplete" if self.missing else "fresh"

    @property
    def records(self) -> list[Record]:
        """All records at its scale."""
        return [record for group in self.groups for record in group.records]

    @property
    def reasons(self) -> list[Reason]:
        """Why it is stale."""
        return list(dict.fromkeys(reason for group in self.groups for reason in group.reasons))

    @property
    def accepted(self) -> str:
        """How many of its records were accepted on smoke evidence, and when; empty if none."""
        return "".join(accepted(self.records))

    @property
    def seconds(self) -> float:
        """Total duration of its runs."""
        return sum(record.environment.seconds or 0.0 for record in self.records)

    @property
    def base(self) -> Runs | None:
        """The runs without overrides."""
        return next((Runs(group.records) for group in self.groups if not group.read.overrides), None)


def standings(context: Context) -> list[Standing]:
    """Return the status of every experiment, in order of declaration."""
    lab, names = context.lab, ValueNames.of(context.project)
    readers = _readers(context)
    paths: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path in lab.store.names():
        paths[path.experiment, path.scale].append(path)
    found = []
    for name, declaration in lab.experiments.items():
        recorded = [scale for scale in SCALES if (name, scale) in paths]
        scale = recorded[-1] if recorded else ""
        records, broken = _read(context, paths[name, scale] if scale else ())
        there = {record.key for record in records}
        missing = sum(key not in there for key in declaration.keys(scale)) if scale in declaration.scales else 0
        posts = readers.get(name, [])
        groups = tuple(_groups(context, records))
        main = names.main(name, groups[0].records[0].values if groups else (), _main(groups, posts))
        read = tuple(one.post for one in posts)
        found.append(Standing(declaration, scale, groups, broken, missing, read, main))
    return found


def _readers(context: Context) -> Mapping[str, list[Published]]:
    """Posts by experiment whose records they read."""
    found: dict[str, list[Published]] = defaultdict(list)
    for one in context.posts:
        for name in one.experiments:
            found[name].append(one)
    return found


def _read(context: Context, paths: Iterable[str]) -> tuple[list[Record], tuple[str, ...]]:
    records, broken = [], []
    for path in paths:
        try:
            records.append(context.lab.store.read(path))
        except RecordError as error:
            broken.append(str(error))
    return records, tuple(broken)


def _groups(context: Context, records: list[Record]) -> Iterable[Evidence]:
    by_group: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_group[record.key.group].append(record)
    for _, same in sorted(by_group.items(), key=lambda item: (item[0] != "base", item[0])):
        same.sort(key=lambda record: record.seed)
        first = same[0]
        read = Read(first.experiment, first.scale, first.overrides, tuple((record.path, "") for record in same))
        reasons = dict.fromkeys(reason for record in same for reason in context.lab.reasons(record))
        yield Evidence(read, tuple(same), tuple(reasons))


def _main(groups: tuple[Evidence, ...], posts: list[Published]) -> str:
    """The number that posts mention most in their code; if none, the first by name."""
    if not groups:
        return ""
    numbers = [name for name, value in sorted(groups[0].records[0].values.items()) if type(value) in (int, float)]
    quoted = Counter(name for post in posts for name in post.names)
    return max(numbers, key=lambda name: quoted[name], default="")
