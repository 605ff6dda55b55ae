"""What lines in a record say of its acceptance, and when all that it rests on is smoke runs."""

from __future__ import annotations

import pytest

from mlblog.lab import Record
from mlblog.lab.records.acceptance import Acceptance, acceptances, on_smoke, same_bits, same_code, same_smoke
from mlblog.lab.records.arrays import Arrays
from mlblog.lab.records.record import Value

MADE, LATER = "a" * 40, "b" * 40
OLD = "2026-11-20T17:00:00+00:00 0123456789ab"  # as versions before wrote it
AT = "2026-11-21T17:00:00+00:00 0123456789ab: "
RUN = AT + "seed 0 at small, same bits as recorded (cpu: AMD EPYC)"
BESIDE = AT + "seed 3 at full, same bits as commit aaaaaaaaaaaa (cuda: NVIDIA H100)"
SMOKE = AT + "smoke runs only: seed 0, same bits as commit aaaaaaaaaaaa (cpu: AMD EPYC)"
OWN, OTHER = AT + "same code as commit aaaaaaaaaaaa", AT + "same code as commit bbbbbbbbbbbb"


def record(accepted: Value, *measured: str) -> Record:
    environment = {"commit": MADE, "accepted": accepted, "device": "cpu: AMD EPYC", "measured": list(measured)}
    return Record("e", "small", {}, {}, 0, {"a": 1}, Arrays(b""), {}, {}, environment)


@pytest.mark.parametrize(
    ("lines", "day"),
    [
        ([], None),
        ([OLD], "2026-11-20"),
        ([OLD + " with uncommitted changes"], "2026-11-20"),
        ([SMOKE], "2026-11-21"),
        ([RUN], None),
        ([BESIDE], None),
        ([OWN], None),
        # runs are compared with the record or its own commit, so the latest of them decides
        ([OLD, RUN], None),
        ([RUN, SMOKE], "2026-11-21"),
        ([RUN, OLD], "2026-11-20"),
        ([OLD, OWN], None),
        # as good as what went before
        ([OLD, OTHER], "2026-11-20"),
        ([RUN, OTHER], None),
        ([OLD, OTHER, OTHER], "2026-11-20"),
        # nobody knows what these say
        ([AT + "trust me"], "2026-11-21"),
        ([7], "on an unknown day"),
        (["<script> 0123456789ab"], "on an unknown day"),
        ("2026", None),
    ],
)
def test_what_a_record_rests_on(lines: Value, day: str | None) -> None:
    found = on_smoke(record(lines))
    assert (found.day if found else None) == day


@pytest.mark.parametrize(
    ("evidence", "line"),
    [
        (same_code(LATER), OTHER),
        (same_bits(record([]), "recorded"), RUN),
        (same_bits(record([], "clock"), "recorded"), RUN.replace(" (", ", measured values aside (")),
        (same_smoke(record([]), MADE), SMOKE),
    ],
)
def test_lines_are_read_as_they_were_written(evidence: str, line: str) -> None:
    written = Acceptance("2026-11-21T17:00:00+00:00", "0123456789ab", False, evidence)
    assert str(written) == line
    assert acceptances(record([line, OLD])) == [
        written,
        Acceptance("2026-11-20T17:00:00+00:00", "0123456789ab", False, "smoke runs only"),
    ]
