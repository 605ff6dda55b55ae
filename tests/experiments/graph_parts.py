"""The parts and options of the experiments on graphs, for `test_parts.py`."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from changed_parts import Case

from mlblog.data.blocks import Blocks

NET = ("AdamW", "Adam")


def nodes(patch: pytest.MonkeyPatch, module: ModuleType, part: str) -> None:
    """Nodes: each of a part has the next class. Their features and edges stay: every part of a graph is seen."""
    real = module.draw_blocks
    first, last = {"train": (0, 40), "validation": (40, 140), "test": (140, None)}[part]

    def other(*sizes: int, **options: Any) -> Blocks:
        drawn = real(*sizes, **options)
        labels, here = drawn.labels.copy(), drawn.order[first:last]
        labels[here] = (labels[here] + 1) % options["classes"]
        return drawn._replace(labels=np.ascontiguousarray(labels))

    patch.setattr(module, "draw_blocks", other)


GIVEN = {"graph_depths": {"networks": ["GCN", "no edges", "initial residual", "no weights, PairNorm"]}}
#: In place of all rates, so that runs take no time.
RATES = (1e-2, 3e-2)
PARTED = {
    "graph_depths": Case(
        nodes,
        ("validation GCN", "chosen no edges", "fitted initial residual", "curve GCN", "quotient GCN after", "rate"),
        ("right GCN", "right no edges", "right no weights, PairNorm"),
    ),
}
OPTIONS: dict[str, dict[str, tuple[Any, tuple[str, ...]]]] = {
    "graph_limits": {"nodes": (44, ()), "degree": (9.0, ()), "most": (39, ())},
    "graph_depths": {
        "steps": (7, NET), "depths": ([1, 3], NET), "nodes": (164, NET), "homophily": (0.5, NET), "width": (5, NET),
        "networks": (["GCN", "residual"], NET),
    },
}  # fmt: skip
