"""The parts and options of the experiments on gradients of hyperparameters, for `test_parts.py`."""

from __future__ import annotations

from typing import Any

from changed_parts import Case, digits

ADAM, NEWTON = ("Adam",), ("solve",)
PARTED = {
    "tuned_decays": Case(
        digits,
        ("validation one, grid", "train per pixel, random", "decays per pixel, gradient", "train one, refitted"),
        ("test one, grid", "errors per pixel, random", "test per weight, gradient", "test one, refitted"),
    ),
}
OPTIONS: dict[str, dict[str, tuple[Any, tuple[str, ...]]]] = {
    "hypergradient_errors": {
        "points": ([2, 4], NEWTON), "features": (3, NEWTON), "known": (11, NEWTON), "hidden": (3, NEWTON),
        "terms": (7, ()),
    },
    "tuned_decays": {"budget": (540, ADAM), "known": (31, ADAM), "noise": (3, ADAM), "inner": (15, ADAM)},
}  # fmt: skip
