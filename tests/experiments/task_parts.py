"""The parts and options of the experiments on tasks that are learned together, for `test_parts.py`."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from changed_parts import Case

from mlblog.data.shapes import Shapes
from mlblog.experiments import task_groups

NET = ("Adam",)


def shapes(patch: pytest.MonkeyPatch, module: ModuleType, part: str) -> None:
    """Shapes: their negatives, where the seed is that of a part."""
    real = task_groups.make_shapes
    parts = {task_groups.VALIDATION: "validation", task_groups.TEST: "test"}

    def other(n: int, *, seed: int, **options: Any) -> Shapes:
        made = real(n, seed=seed, **options)
        return made._replace(images=255 - made.images) if parts.get(seed, "train") == part else made

    patch.setattr(task_groups, "make_shapes", other)


PARTED = {
    "task_groups": Case(
        shapes, ("validation", "curves", "points", "rates", "sizes"), ("test", "read kind", "wins place")
    ),
    "task_twins": Case(shapes, ("validation kind", "rate place"), ("test kind", "test place")),
}  # fmt: skip
_BOTH: dict[str, tuple[Any, tuple[str, ...]]] = {
    "steps": (3, NET), "tasks": (["kind", "area"], NET), "width": (3, NET), "noise": (20.0, NET), "batch": (32, NET),
}  # fmt: skip
OPTIONS: dict[str, dict[str, tuple[Any, tuple[str, ...]]]] = {
    "task_groups": {**_BOTH, "known": (50, NET), "few": (15, NET), "seen": (30, ()), "weighing": ("alone", NET)},
    "task_twins": {**_BOTH, "labelled": (25, NET), "seen": (30, ())},
}
