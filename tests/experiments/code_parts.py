"""The parts and options of the experiments on codes of digits, for `test_parts.py`."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from changed_parts import Case, digits

import mlblog.experiments.codes

NET = ("AdamW", "Adam")


def through_codes(patch: pytest.MonkeyPatch, module: ModuleType, part: str) -> None:
    """Digits, of experiments that take them cut into parts by another."""
    digits(patch, mlblog.experiments.codes, part)


#: In place of all kinds and rates, so that runs take no time.
KINDS = {"linear": ((128, 0.0),), "denoising": ((16, 0.2), (16, 0.4)), "contractive": ((16, 0.1),)}
RATES = (1e-3, 1e-2)
ARMS = ("gradient", "running means, restarts")
PARTED = {
    "linear_codes": Case(digits, ("error", "least", "shares", "at the end plain")),
    "digit_codes": Case(
        digits,
        ("validation linear", "chosen denoising", "blots"),
        ("errors linear", "errors few denoising", "unexplained linear", "seen", "errors pixels"),
    ),
    "digit_noise": Case(
        through_codes,
        ("validation", "curve", "few"),
        ("right_test", "variety_test", "filled error mean", "nearest_test", "filled right nearest"),
    ),
    "digit_codebooks": Case(
        through_codes,
        ("validation gradient 4", "rate gradient 4", "perplexity gradient 8", "drawn chain", "used gradient 4"),
        ("error gradient 4", "error quarters 8", "apart chain", "variance"),
    ),
}
OPTIONS: dict[str, dict[str, tuple[Any, tuple[str, ...]]]] = {
    "linear_codes": {"steps": (5, NET), "latent": (3, NET), "batch": (50, NET), "points": (1, ())},
    "digit_codes": {"steps": (5, NET), "known": (120, NET), "batch": (50, NET)},
    "digit_codebooks": {"steps": (4, NET), "sizes": ([4, 9], NET), "hidden": (9, NET), "batch": (50, NET)},
    "exact_noise": {"drawn": (41, ()), "steps": ([2, 4], ())},
    "ring_noise": {"steps": (4, NET), "drawn": (41, ()), "hidden": (9, NET), "batch": (60, NET)},
    "digit_noise": {
        "steps": (3, NET), "taken": ([2, 4], ()), "strengths": ([1.0, 2.0], ()), "drawn": (21, ()), "asked": (13, ()),
        "hidden": (9, NET), "batch": (60, NET),
    },
}  # fmt: skip
