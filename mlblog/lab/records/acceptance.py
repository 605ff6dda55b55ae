"""When a record was accepted, for which code, and on what evidence.

`environment.accepted` is a list of lines, the latest last: date, commit, evidence. Lines without evidence are from
versions that had smoke runs only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mlblog.lab.records.record import Record, Value

_LINE = re.compile(r"(\d{4}-\d\d-\d\dT[0-9:+.Z-]+) ([0-9a-f]{7,40})( with uncommitted changes)?(?:: (.+))?")
_SAME_CODE = "same code as commit "
_SMOKE = "smoke runs only"
_RUN = re.compile(r"seed \d+ at (smoke|small|full), same bits as ")


@dataclass(frozen=True)
class Acceptance:
    """One acceptance of a record for code other than that which made it.

    Attributes:
        date: when.
        commit: that was checked out, 12 digits.
        dirty: whether files differed from that commit.
        evidence: what was found to be the same.
    """

    date: str
    commit: str
    dirty: bool
    evidence: str

    @property
    def day(self) -> str:
        """The date without the time, as text."""
        return self.date[:10] or "on an unknown day"

    def __str__(self) -> str:
        """The line in the record."""
        return f"{self.date} {self.commit}{' with uncommitted changes' if self.dirty else ''}: {self.evidence}"

    @classmethod
    def of(cls, line: Value) -> Acceptance:
        """Read a line; one that cannot be read counts as the weakest evidence."""
        found = _LINE.fullmatch(line) if isinstance(line, str) else None
        if found is None:
            return cls("", "", True, _SMOKE)
        date, commit, dirty, evidence = found.groups()
        return cls(date, commit, bool(dirty), evidence or _SMOKE)


def same_code(commit: str) -> str:
    """Evidence: the commit has the current code."""
    return _SAME_CODE + commit[:12]


def same_bits(run: Record, other: str) -> str:
    """Evidence: `run`, by the current code at the recorded scale, gave the bits of `other`."""
    return f"seed {run.seed} at {run.scale}, same bits as {other}{_aside(run)} ({run.environment.device})"


def same_smoke(run: Record, commit: str) -> str:
    """Evidence: `run`, by the current code at smoke scale, gave the bits of the code of a commit."""
    return f"{_SMOKE}: seed {run.seed}, same bits as commit {commit[:12]}{_aside(run)} ({run.environment.device})"


def _aside(run: Record) -> str:
    return ", measured values aside" if run.environment.measured else ""


def acceptances(record: Record) -> list[Acceptance]:
    """Return every time that `record` was accepted, the latest last."""
    return [Acceptance.of(line) for line in record.environment.accepted]


def on_smoke(record: Record) -> Acceptance | None:
    """Return the acceptance by which `record` rests on smoke runs; None if not.

    Runs are always compared with the record itself or with the code that made it, so the latest of them decides. The
    same code as at an earlier acceptance is worth what that one was.
    """
    for one in reversed(acceptances(record)):
        if one.evidence.startswith(_SAME_CODE):
            if record.environment.commit.startswith(one.evidence.removeprefix(_SAME_CODE)):
                return None
        else:
            return None if _RUN.match(one.evidence) else one
    return None
