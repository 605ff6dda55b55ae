"""The parts and options of the experiments on captioned shapes, for `test_parts.py`."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from changed_parts import Case

from mlblog.data.shapes import Shapes
from mlblog.experiments import captions_read

NET = ("AdamW", "Adam")


def captioned(patch: pytest.MonkeyPatch, module: ModuleType, part: str) -> None:
    """Captioned shapes: their negatives, where the seed is that of a part."""
    real = captions_read.make_shapes
    seeds = {
        "train": (captions_read.TRAIN, captions_read.JUDGED),  # the reader has lessons of its own
        "validation": (captions_read.VALIDATION,),
        "test": (captions_read.TEST,),
    }

    def other(n: int, *, seed: int, **options: Any) -> Shapes:
        made = real(n, seed=seed, **options)
        return made._replace(images=255 - made.images) if seed // 1_000 * 1_000 in seeds[part] else made

    patch.setattr(captions_read, "make_shapes", other)


PARTED = {
    "caption_rates": Case(captioned, ("validation symbols 16", "rate noise 16")),
    "caption_pictures": Case(
        captioned,
        ("validation symbols 16", "validation noise 16", "strength noise 16", "parameters noise 16"),
        ("shown_real",),
    ),
}
_NETS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "steps": (3, NET), "widths": ([32], NET), "drawn": (720, NET), "entries": (17, NET), "judging": (3, NET),
}  # fmt: skip
OPTIONS: dict[str, dict[str, tuple[Any, tuple[str, ...]]]] = {
    "caption_rates": _NETS,
    "caption_pictures": {**_NETS, "asked": (5, ()), "choices": (4, ())},
}
