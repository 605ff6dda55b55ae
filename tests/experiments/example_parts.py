"""The parts and options of the experiments on which examples to look at, for `test_parts.py`."""

from __future__ import annotations

from typing import Any

from changed_parts import Case
from code_parts import through_codes

NET = ("SGD",)
PARTED = {
    "gradient_noise": Case(
        through_codes, ("trace oracle", "trace loss, mixed", "trace train", "now", "1 before"), ("test_error",)
    ),
    "digit_importance": Case(
        through_codes,
        ("validation clean uniform", "chosen noisy oracle", "train contrast norms as drawn", "spent clean shuffled"),
        ("loss clean uniform", "loss noisy losses as drawn", "loss contrast norms renewed"),
    ),
}
OPTIONS: dict[str, dict[str, tuple[Any, tuple[str, ...]]]] = {
    "gradient_noise": {"steps": (41, NET), "ages": ([2], ()), "points": (4, ())},
    "digit_importance": {"budget": (200, NET), "points": (3, ()), "decay": (False, NET)},
    "skewed_ridge": {
        "n": (200, ("ridge_optimum",)),
        "passes": (3, ()),
        "skews": ([1, 20], ("ridge_optimum",)),
        "width": (3, ("ridge_optimum",)),
    },
}
