"""The parts and options of the experiments on sound, for `test_parts.py`."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from changed_parts import Case

from mlblog.data.syllables import Syllables
from mlblog.experiments import sounds, sounds_levels

NET = ("AdamW", "Adam")
#: Few of each, so that runs take no time.
FEW: dict[ModuleType, dict[str, Any]] = {
    sounds: {"ARMS": {name: sounds.ARMS[name] for name in ("plain", "up to 128")}, "RATES": (5e-3, 2e-2), "LAGS": (3,)},
    sounds_levels: {"ORDERS": (2, 3), "MEMORIES": (0.98, 0.99), "SMOOTHING": (0.6, 0.9)},
}


def quicken(patch: pytest.MonkeyPatch) -> None:
    """Take few in place of all."""
    for module, some in FEW.items():
        for name, value in some.items():
            patch.setattr(module, name, value)


def syllables(patch: pytest.MonkeyPatch, module: ModuleType, part: str) -> None:
    """Syllables at half the level, where the seed is that of a part."""
    real = sounds.make_syllables
    seeds = {"train": sounds.TRAIN, "validation": sounds.VALIDATION, "test": sounds.TEST}

    def softer(n: int, *, seed: int, **options: Any) -> Syllables:
        made = real(n, seed=seed, **options)
        return made._replace(sound=made.sound / 2) if seed == seeds[part] else made

    for one in {sounds, module}:
        patch.setattr(one, "make_syllables", softer)


PARTED = {
    "sound_rates": Case(syllables, ("validation plain", "rate up to 128")),
    "sound_bits": Case(
        syllables, ("validation plain", "drawn up to 128", "steps"), ("bits plain", "bits up to 128")
    ),
    "sound_predicted": Case(
        syllables, ("validation adaptive", "order", "memory", "smoothing"), ("bits counts", "bits adaptive")
    ),
    "sound_levels": Case(
        syllables, ("levels",), ("mu-law 16", "linear 256", "linear 64 whole", "mu-law 256 by level", "sound")
    ),
}  # fmt: skip
#: Sounds as long as a frame of 40 ms at 16 kHz.
GIVEN = {"sound_bits longer": {"samples": 640}}
_NETS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "steps": (3, NET), "width": (8, NET), "layers": (3, NET), "batch": (3, NET),
}  # fmt: skip
_SOUNDS: dict[str, tuple[Any, tuple[str, ...]]] = {"known": (7, NET), "asked": (6, ()), "sampling": (16_000, NET)}
OPTIONS: dict[str, dict[str, tuple[Any, tuple[str, ...]]]] = {
    "sound_rates": {**_NETS, **_SOUNDS},
    "sound_bits": {
        **_NETS, **{name: case for name, case in _SOUNDS.items() if name != "sampling"},
        "count": (3, ()), "samples": (175, ()),
    },
    "sound_bits longer": {"sampling": (16_000, NET)},
    "sound_copies": {**_NETS, "asked": (5, ()), "length": (115, NET)},
    "sound_predicted": {"known": (7, ()), "asked": (9, ()), "sampling": (16_000, ())},
    "sound_levels": {"asked": (9, ()), "sampling": (16_000, ())},
    "sound_costs": {"most": (1, ()), "width": (8, ())},
}  # fmt: skip
