"""The parts and options of the experiments on pictures said by convolutions, for `test_parts.py`."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from changed_parts import Case, digits

from mlblog.data.shapes import Shapes
from mlblog.experiments import pixels

NET = ("AdamW", "Adam")
#: In place of all arms and rates, so that runs take no time.
ARMS = {name: pixels.ARMS[name] for name in ("digits, two stacks", "shapes, one stack", "shapes, mixture")}
RATES = (3e-3, 1e-2)


def pictures(patch: pytest.MonkeyPatch, module: ModuleType, part: str) -> None:
    """Digits, as elsewhere; and shapes: their negatives, where the seed is that of a part."""
    digits(patch, module, part)
    real, seeds = module.make_shapes, {"train": module.TRAIN, "validation": module.VALIDATION, "test": module.TEST}

    def other(n: int, *, seed: int, **options: Any) -> Shapes:
        made = real(n, seed=seed, **options)
        return made._replace(images=255 - made.images) if seed == seeds[part] else made

    patch.setattr(module, "make_shapes", other)


PARTED = {
    "pixel_rates": Case(pictures, ("validation digits, two stacks", "rate shapes, mixture")),
    "pixel_bits": Case(
        pictures,
        ("validation digits, two stacks", "validation shapes, one stack", "drawn shapes, mixture", "steps"),
        ("bits digits, two stacks", "bits shapes, one stack", "map shapes, mixture", "test digits", "test shapes"),
    ),
    "enlarged_rates": Case(digits, ("validation added", "validation regression", "rate helped")),
    "pixel_enlarged": Case(
        digits, ("validation added", "validation regression"),
        ("bits added", "bits alone", "error regression", "error mean helped", "drawn added", "coarse alone", "true"),
    ),
}  # fmt: skip
_NETS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "steps": (2, NET), "width": (12, NET), "layers": (2, NET), "batch": (6, NET), "dropout": (0.5, NET),
}  # fmt: skip
_PICTURES: dict[str, tuple[Any, tuple[str, ...]]] = {"known": (14, NET), "asked": (24, ()), "side": (9, NET)}
OPTIONS: dict[str, dict[str, tuple[Any, tuple[str, ...]]]] = {
    "pixel_rates": {**_NETS, **_PICTURES},
    "pixel_bits": {**_NETS, **_PICTURES, "count": (3, ())},
    "pixel_copies": {
        "steps": (2, NET), "asked": (9, ()), "width": (12, NET), "layers": (3, NET), "batch": (6, NET)
    },
    "enlarged_rates": _NETS,
    "pixel_enlarged": {**_NETS, "asked": (4, ()), "count": (3, ())},
}  # fmt: skip
