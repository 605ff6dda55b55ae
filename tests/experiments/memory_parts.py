"""The parts and options of the experiments on memory, for `test_parts.py`."""

from __future__ import annotations

from typing import Any

from changed_parts import Case, corridors, source

from mlblog.data.stdlib import Source, load_source

#: In place of the whole library, so that runs take no time.
EXCERPTS = Source(*(part[:40_000] for part in load_source()))
NET = ("AdamW", "Adam")
PARTED = {
    "memory_rates": Case(source, ("validation_64_64", "rate_64_64")),
    "memory_segments": Case(source, ("series/validation",), ("bits", "by_place", "by_context")),
    "source_compressed": Case(source, (), ("alone", "after_read", "after_all")),
    "character_rates": Case(source, ("validation all", "rate all")),
    "character_losses": Case(source, ("validation all", "validation plain"), ("bits all", "layers plain")),
    "character_tables": Case(source, ("validation 0", "validation 2"), ("bits 0", "bits 2")),
    "gate_rates": Case(corridors, ("validation",), ("right",)),
}
GIVEN = {"memory_rates": {"asked": 8_300}, "memory_segments": {"asked": 8_300, "steps": 3}}
OPTIONS: dict[str, dict[str, tuple[Any, tuple[str, ...]]]] = {
    "memory_rates": {
        "steps": (3, NET), "characters": (512, NET), "width": (24, NET), "hidden": (24, NET), "layers": (1, NET),
        "asked": (20_000, ()),
    },
    "memory_segments": {
        "steps": (5, NET), "contexts": ([3], ()), "targets": (7, ()), "memory": (0, NET), "segment": (32, NET),
        "characters": (512, NET), "width": (24, NET), "hidden": (24, NET), "layers": (1, NET), "asked": (20_000, ()),
    },
    "source_compressed": {"read": (8_000, ()), "most": (11_000, ()), "asked": (4_000, ())},
    "character_rates": {
        "steps": (2, NET), "layers": (3, NET), "width": (12, NET), "places": (5, NET), "batch": (4, NET),
        "asked": (60, ()),
    },
    "character_losses": {
        "steps": (3, NET), "layers": (3, NET), "width": (12, NET), "places": (5, NET), "batch": (4, NET),
        "asked": (60, ()),
    },
    "character_tables": {"read": (1_500, ("ContextTable",)), "places": (9, ("ContextTable",)), "asked": (30, ())},
    "gate_rates": {
        "steps": (3, NET), "rates": ([2e-3], NET), "segment": (8, NET), "segments": (3, NET), "memory": (4, NET),
        "batch": (6, NET), "width": (12, NET), "layers": (2, NET), "asked": (30, ()),
    },
}  # fmt: skip
