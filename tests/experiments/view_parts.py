"""The parts and options of the experiments on test-time augmentation, for `test_parts.py`."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from changed_parts import Case, digits

from mlblog.data.shapes import Shapes
from mlblog.experiments import views, views_shapes

NET = ("AdamW", "Adam")
#: In place of all rates, tests and views, so that runs take no time.
RATES = (3e-3, 1e-2)
TESTS = ("centred", "moved by 1")
SHIFTS, COUNTS = views.SHIFTS[:9], views.COUNTS[:3]
ARMS = tuple(arm for arm in views.ARMS if not arm.endswith(tuple(map(str, views.COUNTS[3:]))))


def shorten(patch: pytest.MonkeyPatch) -> None:
    """Fewer rates, tests and views."""
    for module in (views, views_shapes):
        patch.setattr(module, "RATES", RATES)
    for name in ("TESTS", "SHIFTS", "COUNTS", "ARMS"):
        patch.setattr(views, name, globals()[name])


def shapes(patch: pytest.MonkeyPatch, module: ModuleType, part: str) -> None:
    """Shapes: their negatives, where the seed is that of a part."""
    real, seeds = module.make_shapes, {"train": module.TRAIN, "validation": module.VALIDATION, "test": module.TEST}

    def other(n: int, *, seed: int, **options: Any) -> Shapes:
        made = real(n, seed=seed, **options)
        return made._replace(images=255 - made.images) if seed == seeds[part] else made

    patch.setattr(module, "make_shapes", other)


PARTED = {
    "digit_views": Case(
        digits,
        ("validation plain", "validation augmented", "cost"),
        ("scores plain centred", "scores augmented moved by 1", "bins augmented centred", "ledger plain moved by 1",
         "subsets plain centred", "alone augmented centred", "gain plain centred", "pictures augmented moved by 1"),
    ),
    "shape_views": Case(shapes, ("validation plain", "validation augmented"), ("scores plain", "scores augmented")),
}  # fmt: skip
_NETS: dict[str, tuple[Any, tuple[str, ...]]] = {"steps": (3, NET), "channels": (3, NET), "batch": (50, NET)}
OPTIONS: dict[str, dict[str, tuple[Any, tuple[str, ...]]]] = {
    "digit_views": {**_NETS, "members": (3, NET)},
    "shape_views": {**_NETS, "known": (80, NET), "asked": (50, ()), "noise": (30.0, NET)},
}
