"""Options of the experiments on depth and on copying: another value of each, and the learners that it concerns."""

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
    "depth_memory": {"depths": ([2, 4], ()), "width": (12, ()), "batch": (5, ()), "nets": (3, ())},
    "depth_training": {"steps": (5, NET), "depths": ([2, 4], NET), "width": (12, NET), "batch": (20, NET)},
}  # fmt: skip
