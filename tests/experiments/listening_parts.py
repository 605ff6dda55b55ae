"""The parts and options of the experiments on units of speech, for `test_parts.py`."""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import Any

import pytest
from changed_parts import Case

import mlblog.experiments.listening as trained
import mlblog.experiments.listening_units as units
from mlblog.classical.kmeans import fit_kmeans
from mlblog.data.syllables import NAMES, Syllables

#: In place of more, so that runs take no time; what was spoken once is kept.
FEW: tuple[tuple[ModuleType, str, Any], ...] = (
    (trained, "RATES", (5e-3, 1e-2)), (trained, "ASKED", (3, 9)), (units, "ASKED", (3, 9)),
    (units, "make_syllables", cache(units.make_syllables)),
    (units, "fit_kmeans", lambda x, count, *, rng, **_: fit_kmeans(x, count, rng=rng, starts=1, steps=2)),
)  # fmt: skip
NET = ("AdamW", "fit_kmeans", "solve")


def spoken(patch: pytest.MonkeyPatch, _: ModuleType, part: str) -> None:
    """Syllables: backwards, each phone called by the next one's name; parts are told by the seed."""
    real = units.make_syllables

    def other(n: int, *, seed: int, **options: Any) -> Syllables:
        drawn = real(n, seed=seed, **options)
        here = "train" if seed < units.VALIDATION else "validation" if seed < units.TEST else "test"
        if here != part:
            return drawn
        return drawn._replace(sound=drawn.sound[:, ::-1].copy(), phones=(drawn.phones + 1) % len(NAMES))

    patch.setattr(units, "make_syllables", other)


PARTED = {
    "hidden_unit_rates": Case(spoken, ("validation masked", "rate masked", "validation second", "validation labels")),
    "hidden_units": Case(
        spoken,
        ("validation masked", "validation second", "validation labels", "tells second", "read masked", "read mfcc"),
        ("probe masked", "probe labels", "probe mfcc", "mel", "phones", "purity chance"),
    ),
}
SHAPE: dict[str, tuple[Any, tuple[str, ...]]] = {
    "utterances": (7, NET), "clusters": (4, ("AdamW", "fit_kmeans", "solve")), "layers": (2, NET), "width": (16, NET),
    "channels": (6, NET), "batch": (3, NET), "sampling": (16_000, NET), "syllables": (4, NET),
}  # fmt: skip
OPTIONS: dict[str, dict[str, tuple[Any, tuple[str, ...]]]] = {
    "hidden_unit_rates": {**SHAPE, "steps": (2, NET)},
    "hidden_units": {**SHAPE, "steps": (4, NET), "lexicon": (True, NET), "losses": (["masked"], NET)},
}
