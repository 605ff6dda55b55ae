"""Costs are told in a unit that suits them, on pages and in the terminal alike."""

from __future__ import annotations

import pytest

from mlblog.lab.report import duration


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 ms"),
        (0.0042, "4 ms"),
        (0.85, "850 ms"),
        (1, "1 s"),
        (42.53, "42.5 s"),
        (119, "119 s"),
        (120, "2 min"),
        (3600, "60 min"),
        (7200, "2.0 h"),
        (100_000, "27.8 h"),
    ],
)
def test_a_duration(seconds: float, told: str) -> None:
    assert duration(seconds) == told
