"""What mutants showed, counted by kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

Line = dict[str, Any]


class Pair(NamedTuple):
    """What one mutant does to one experiment.

    Attributes:
        mutant: as it was printed.
        name: of the experiment.
        why: it is stale; nothing if it is fresh.
        changed: whether its values do; None if nobody looked.
        failed: whether it does not even run.
        used: whether it runs, imports or opens what is edited.
    """

    mutant: Line
    name: str
    why: list[str]
    changed: bool | None
    failed: bool
    used: bool

    @property
    def missed(self) -> bool:
        """Whether the record is called fresh, and is not."""
        return bool(self.changed and not self.why)

    @property
    def unaffected(self) -> bool:
        """Whether the values are known to be what they were, where the stale were looked at as the fresh were."""
        return self.changed is False and self.mutant["complete"]

    @property
    def for_nothing(self) -> bool:
        """Whether the record is stale although it never uses what is edited, and its values are what they were."""
        return self.unaffected and not self.used and bool(self.why)

    def __str__(self) -> str:
        m = self.mutant
        return " | ".join([m["kind"], m["file"], m["change"], self.name, *(["fails"] if self.failed else [])])


def pairs(lines: list[Line]) -> Iterator[Pair]:
    """Yield every mutant with every experiment."""
    for line in lines:
        for name, found in line.get("experiments", {}).items():
            yield Pair(line, name, found["why"], found.get("changed"), found.get("failed", False), found["used"])


def table(lines: list[Line]) -> str:
    """Return the counts by kind of mutant, and of all.

    `same` are stale records whose values are the same; `unused` are those among them that never run, import or open
    what is edited. Precision is the share of fresh ones among the records that neither use the edit nor change with it.
    """
    head = ("mutants", "pairs", "changed", "stale", "missed", "same", "unused", "precision")
    rows = [f"{'kind':18}" + "".join(f"{word:>10}" for word in head)]
    for kind in [*sorted({line["kind"] for line in lines if "kind" in line}), "all"]:
        own = [line for line in lines if "kind" in line and kind in (line["kind"], "all")]
        found = list(pairs(own))
        counts = (
            len(own), len(found), sum(p.changed is True for p in found), sum(bool(p.why) for p in found),
            sum(p.missed for p in found), sum(p.unaffected and bool(p.why) for p in found),
            sum(p.for_nothing for p in found),
        )  # fmt: skip
        rows.append(f"{kind:18}" + "".join(f"{count:>10}" for count in counts) + f"{precision(found):>10.1%}")
    return "\n".join(rows)


def precision(found: list[Pair]) -> float:
    """Return the share of fresh records among those that neither use what is edited nor change with it."""
    unused = [pair for pair in found if pair.unaffected and not pair.used]
    return 1 - sum(pair.for_nothing for pair in unused) / max(len(unused), 1)
