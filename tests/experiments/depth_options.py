"""Options of the experiments on depth, copying and reversing: another value of each, and the learners concerned."""

from __future__ import annotations

from typing import Any

NET = ("AdamW", "Adam")
DEPTH_AND_MEMORY: dict[str, dict[str, tuple[Any, tuple[str, ...]]]] = {
    "copying": {
        "steps": (5, NET), "longest": (4, NET), "asked": (6, ()), "batch": (5, NET), "width": (12, NET),
        "lengths": ([2, 6], ()), "network": ("lstm", NET),
    },
    "copying_rates": {
        "steps": (3, NET), "longest": (4, NET), "asked": (6, ()), "batch": (5, NET), "width": (12, NET),
    },
    "reversing": {
        "steps": (5, NET), "longest": (4, NET), "asked": (7, ()), "batch": (5, NET), "width": (12, NET),
        "lengths": ([2, 6], ()), "example": (5, ()), "network": ("vector", NET),
    },
    "reversing_longer": {
        "steps": (5, NET), "longest": (4, NET), "asked": (7, ()), "batch": (5, NET), "width": (12, NET),
        "lengths": ([2, 6], ()),
    },
    "reversing_rates": {"steps": (3, NET), "longest": (4, NET), "asked": (7, ()), "batch": (5, NET)},
    "depth_memory": {"depths": ([2, 4], ()), "width": (12, ()), "batch": (5, ()), "nets": (3, ())},
    "depth_training": {"steps": (5, NET), "depths": ([2, 4], NET), "width": (12, NET), "batch": (20, NET)},
}  # fmt: skip
