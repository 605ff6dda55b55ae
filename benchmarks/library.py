"""Pieces of the library against the implementations that everybody uses, timed in turn in one run.

    OMP_NUM_THREADS=1 python benchmarks/library.py [--only kneighbors] [--rounds 9] [--json]

Each row first checks that both sides give the same answer, then times them one after the other, round by round: the
ratio is the median of the ratios of neighbours, so that a machine that slows down slows down both. Below 1, ours is
faster.
Run it with one thread: the table compares implementations, not how many cores each takes. Its rows are in `pieces.py`.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

from pieces import ROWS, Row
from results import Report


def measure(row: Row, rounds: int) -> tuple[float, float, float]:
    """Median seconds of ours and of theirs, and the median ratio of neighbours."""
    row.agree(row.ours(), row.theirs())  # also warms both up
    repeats = max(1, round(0.05 / max(1e-6, _seconds(row.theirs, 1))))  # a round takes about 50 ms a side
    pairs = [(_seconds(row.ours, repeats), _seconds(row.theirs, repeats)) for _ in range(rounds)]
    ours, theirs = zip(*pairs, strict=True)
    return statistics.median(ours), statistics.median(theirs), statistics.median(a / b for a, b in pairs)


def _seconds(work: Callable[[], Any], repeats: int) -> float:
    """Seconds that one call takes, the mean over `repeats` calls."""
    start = time.perf_counter()
    for _ in range(repeats):
        work()
    return (time.perf_counter() - start) / repeats


def _written(seconds: float) -> str:
    """Seconds with a unit that a reader can compare."""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def main() -> None:
    """Check, time and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", help="name of a row's function; may be given several times")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true", help="one document, for benchmarks/results.py")
    arguments = parser.parse_args()
    chosen = [row for row in ROWS if not arguments.only or row.__name__ in arguments.only]
    if not chosen:
        parser.error(f"no such row; there are {', '.join(row.__name__ for row in ROWS)}")
    report = Report("library", ("piece", "reference", "ours", "theirs", "ours / theirs"), as_json=arguments.json)
    for make in chosen:
        row = make()
        ours, theirs, ratio = measure(row, arguments.rounds)
        report.say(row.piece, row.reference, _written(ours), _written(theirs), f"{ratio:.2f}")
    report.end()


if __name__ == "__main__":
    main()
