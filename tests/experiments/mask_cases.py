"""The parts and options of the experiments on masks, for `test_parts.py`."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from changed_parts import Case

from mlblog.data.words import load_words
from mlblog.experiments import hidden_words, mask_parts

NET = ("AdamW", "Adam")
#: In place of all laws, horizons, rates and knobs, so that runs take no time.
ARMS = ("uniform", "table", "learned", "loss", "optimum", "all, fewer words", "half uniform")
RATES = {"Adam": (3e-3, 1e-2), "SGD": (1.0, 2.0)}


def quicken(patch: pytest.MonkeyPatch) -> None:
    """Few ways to train, and all the words: a thousand are set aside."""
    patch.setattr(hidden_words, "HORIZONS", (1.0,))
    patch.setattr(hidden_words, "RATES", RATES)
    patch.setattr(hidden_words, "KNOBS", ((3e-3, 0.1), (1e-2, 0.3)))
    patch.setitem(hidden_words.TRAINED, ("words", "Adam"), ARMS)
    patch.setattr(mask_parts, "load_words", load_words)


def backwards(patch: pytest.MonkeyPatch, module: ModuleType, part: str) -> None:
    """Words: those of a part backwards."""
    real = module.draw_strings

    def other(*arguments: Any) -> Any:
        drawn = real(*arguments)
        return drawn._replace(**{part: getattr(drawn, part).flip(1)})

    patch.setattr(module, "draw_strings", other)


PARTED = {
    "mask_rates": Case(backwards, ("validation uniform 1", "rate learned 1", "knobs learned 1")),
    "hidden_words": Case(
        backwards, ("trained uniform 1", "cost learned"), ("loss uniform 1", "loss optimum 1", "parts learned", "shown")
    ),
    "mask_parts": Case(
        backwards, ("fitted, known words 16",), ("uniform one", "optimum coin", "nats two", "fitted 16", "both four")
    ),
    "mask_replacements": Case(
        backwards, ("known words mostly",), ("nats always, mask", "nats never, itself", "parts mostly")
    ),
}
_NETS: dict[str, tuple[Any, tuple[str, ...]]] = {"steps": (5, NET), "width": (10, NET), "batch": (16, NET)}
_WORDS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "words": (50, NET), "kind": ("pairs", NET), "optimizer": ("SGD", NET),
}  # fmt: skip
OPTIONS: dict[str, dict[str, tuple[Any, tuple[str, ...]]]] = {
    "mask_rates": {**_NETS, **_WORDS},
    "hidden_words": {**_NETS, **_WORDS, "measured": (7, ())},
    "mask_parts": {
        **_NETS, "fitted": (3, NET), "measured": (3, ()), "words": (70, NET), "network": ("attention", NET),
    },
    "mask_replacements": {**_NETS, "measured": (3, ()), "words": (70, NET)},
}  # fmt: skip
