"""Another value for each option of the experiments on attention, and the learners that it concerns."""

from __future__ import annotations

from typing import Any

NET = ("AdamW", "Adam")
ATTENTION: dict[str, dict[str, tuple[Any, tuple[str, ...]]]] = {
    "attention_costs": {
        "sizes": ([64, 192], ()), "span": (36, ()), "rounds": (2, ()), "chunk": (32, ()), "features": (8, ()),
        "width": (12, ()),
    },
    "favor_errors": {
        "counts": ([4, 8], ()), "draws": (6, ()), "scales": ([0.5, 2.0], ()), "places": (30, ()), "width": (12, ())
    },
    "lsh_recall": {
        "rounds": ([1, 2], ()), "size": (96, ()), "chunk": (16, ()), "nearest": (2, ()), "width": (12, ())
    },
    "head_widths": {"widths": ([1, 2], NET), "places": (7, NET), "steps": (11, NET)},
    "adaptive_spans": {
        "steps": (7, NET), "size": (20, NET), "most": (13, NET), "ramp": (3, NET), "price": (0.1, NET),
        "batch": (5, NET), "asked": (9, ()), "heads": (2, NET), "width": (16, NET),
    },
}  # fmt: skip
