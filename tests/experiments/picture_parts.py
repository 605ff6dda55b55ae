"""The parts and options of the experiments on digits said pixel by pixel, for `test_parts.py`."""

from __future__ import annotations

from typing import Any

from changed_parts import Case, digits

NET = ("AdamW", "Adam")
#: In place of all kinds, fields and rates, so that runs take no time.
KINDS = ("2-D",)
FIELDS = {16: ((8, 8), ((2, 2), (2, 1)))}
RATES, STRENGTHS = (1e-2, 4e-2), (1.0, 30.0)
PARTED = {
    "picture_rates": Case(digits, ("validation 2-D 16", "rate 2-D 16", "validation 2-D 16 given")),
    "picture_fields": Case(
        digits, ("validation 2-D 16", "drawn 2-D 16", "nearest 2-D 16"), ("bits 2-D 16", "map 2-D 16", "nearest_test")
    ),
    "picture_tables": Case(digits, ("validation histogram", "validation left, above"), ("bits left", "map histogram")),
    "picture_upscaled": Case(digits, ("validation 2-D",), ("bits 2-D", "map 2-D", "error draw 2-D", "linear", "true")),
}
OPTIONS: dict[str, dict[str, tuple[Any, tuple[str, ...]]]] = {
    "picture_rates": {
        "steps": (2, NET), "width": (12, NET), "hidden": (12, NET), "layers": (2, NET), "batch": (6, NET),
        "dropout": (0.5, NET),
    },
    "picture_fields": {
        "steps": (4, NET), "drawn": (4, ()), "width": (12, NET), "hidden": (12, NET), "layers": (2, NET),
        "batch": (6, NET), "dropout": (0.5, NET),
    },
    "picture_tables": {"known": (50, ("ContextTable",))},
    "picture_upscaled": {
        "steps": (4, NET), "asked": (4, ()), "drawn": (3, ()), "width": (12, NET), "hidden": (12, NET),
        "layers": (2, NET), "batch": (6, NET), "dropout": (0.5, NET),
    },
}  # fmt: skip
