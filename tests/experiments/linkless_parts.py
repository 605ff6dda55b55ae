"""The parts and options of the experiments on graphs without edges, for `test_parts.py`."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from changed_parts import Case

import mlblog.experiments.linkless
import mlblog.experiments.linkless_embeddings
import mlblog.experiments.linkless_pretrained
from mlblog.data.blocks import Blocks

NET, BOTH = ("Adam",), ("AdamW", "Adam")


def nodes(patch: pytest.MonkeyPatch, module: ModuleType, part: str) -> None:
    """Nodes: each of a part has the next class. Their features and edges stay: every part of a graph is seen."""
    real = module.draw_graph
    first, last = {"train": (0, 40), "validation": (40, 140), "test": (140, None)}[part]

    def other(*arguments: Any) -> Blocks:
        drawn = real(*arguments)
        labels, here = drawn.labels.copy(), drawn.order[first:last]
        labels[here] = (labels[here] + 1) % (labels.max() + 1)
        return drawn._replace(labels=np.ascontiguousarray(labels))

    patch.setattr(module, "draw_graph", other)


def shorten(patch: pytest.MonkeyPatch) -> None:
    """Fewer rates and fewer numbers of labels."""
    patch.setattr(mlblog.experiments.linkless, "RATES", (1e-3, 3e-2))
    patch.setattr(mlblog.experiments.linkless_embeddings, "RATES", (1e-2, 1e-1))
    patch.setattr(mlblog.experiments.linkless_pretrained, "SETTINGS", ((False, 1e-2), (True, 1e-1)))
    patch.setattr(mlblog.experiments.linkless_pretrained, "LABELS", (40,))


GIVEN: dict[str, dict[str, Any]] = {
    "linkless_depths": {"steps": 4, "networks": ["Graph-BERT", "bare", "propagation in blocks"]},
    "linkless_embeddings": {"arms": ["all", "role", "alone, role by table"], "steps": 3},
    "linkless_pretraining": {"kinds": ["none", "both"]},
}
PARTED = {
    "linkless_depths": Case(
        nodes,
        ("validation Graph-BERT", "fitted bare", "curve propagation in blocks", "quotient Graph-BERT after"),
        ("right Graph-BERT", "right bare", "own"),
    ),
    "linkless_embeddings": Case(
        nodes,
        ("validation communities: all", "fitted degrees: role", "rate communities: GCN", "roles degrees"),
        ("right communities: role", "right communities: GCN"),
    ),
    "linkless_pretraining": Case(
        nodes,
        ("validation both: all", "fitted both: features only", "loss both: all"),
        ("right both: all", "right GCN"),
        untaught=("AdamW",),
    ),
}
OPTIONS: dict[str, dict[str, tuple[Any, tuple[str, ...]]]] = {
    "linkless_depths": {
        "steps": (7, NET), "depths": ([1, 3], NET), "nodes": (164, NET), "width": (6, NET),
        "networks": (["Graph-BERT", "bare"], NET),
    },
    "linkless_embeddings": {
        "steps": (5, NET), "nodes": (180, NET), "width": (6, NET), "arms": (["all", "role"], NET),
        "graphs": (["copies", "two sides"], NET), "sizes": ([5], NET),
    },
    "linkless_pretraining": {
        "steps": (5, BOTH), "nodes": (164, BOTH), "width": (6, BOTH), "kinds": (["none", "context"], BOTH),
    },
}  # fmt: skip
