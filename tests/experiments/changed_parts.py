"""The parts of experiments' data, changed at their source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from mlblog.data.anagrams import Split
from mlblog.data.digits import Digits
from mlblog.data.tones import Tones

Alter = Callable[[pytest.MonkeyPatch, ModuleType, str], None]


class Case(NamedTuple):
    """How an experiment's parts are changed.

    Attributes:
        alter: changes one part.
        fixed: what is saved of training and of what was seen: as it was, whatever the test set.
        scored: what is saved of the test set: never as it was.
        untaught: learners that see nothing of what is changed here.
    """

    alter: Alter
    fixed: tuple[str, ...] = ()
    scored: tuple[str, ...] = ()
    untaught: tuple[str, ...] = ()


def words_by(split: Callable[[ModuleType, Sequence[str]], Split]) -> Alter:
    """Words: of every second group of a part, the words are not there."""

    def alter(patch: pytest.MonkeyPatch, module: ModuleType, part: str) -> None:
        real = module.load_words

        def fewer(**options: Any) -> tuple[str, ...]:
            words = real(**options)
            gone = set(getattr(split(module, words), part)[::2])
            return tuple(word for word in words if word not in gone)

        patch.setattr(module, "load_words", fewer)

    return alter


def phrases(patch: pytest.MonkeyPatch, module: ModuleType, part: str) -> None:
    """Phrases: every one of a part is the first one of that part."""
    real = module.draw_phrases

    def fewer(*arguments: Any, **options: Any) -> tuple[str, ...]:
        drawn = real(*arguments, **options)
        here = getattr(module.split_by_letters(drawn, unseen=module.EXAMPLES), part)
        swapped = set(here)
        return tuple(here[0] if phrase in swapped else phrase for phrase in drawn)

    patch.setattr(module, "draw_phrases", fewer)


def digits(patch: pytest.MonkeyPatch, module: ModuleType, part: str) -> None:
    """Digits: upside down, and each called by the next one's name."""
    real = module.load_digits()
    rows = {"train": slice(0, 1_200), "validation": slice(1_200, 1_400), "test": slice(1_400, None)}[part]
    images, labels = real.images.copy(), real.labels.copy()
    images[rows], labels[rows] = images[rows][:, ::-1, ::-1], (labels[rows] + 1) % 10
    patch.setattr(module, "load_digits", lambda: Digits(images, labels))


def tones(patch: pytest.MonkeyPatch, module: ModuleType, part: str) -> None:
    """Tones: their features in reverse order; the test's are drawn from seeds above 2,000."""
    real = module.make_tones

    def other(n: int, *, seed: int) -> Tones:
        drawn = real(n, seed=seed)
        here = "test" if seed >= 2_000 else "train"
        return drawn._replace(sound=drawn.sound[..., ::-1].copy()) if here == part else drawn

    patch.setattr(module, "make_tones", other)


def drawn_by(drawer: str) -> Alter:
    """Problems: other ones, where the generator is that of a part."""

    def alter(patch: pytest.MonkeyPatch, module: ModuleType, part: str) -> None:
        real = getattr(module, drawer)
        kept = {
            str(np.random.default_rng([seed, size]).bit_generator.state): name
            for name, seed in {"test": module.TEST, "validation": module.VALIDATION}.items()
            for size in range(3, 300)
        }

        def other(*task: Any, rng: np.random.Generator, **sizes: int) -> Any:
            if kept.get(str(rng.bit_generator.state), "train") == part:
                rng = np.random.default_rng([*map(int, sizes.values()), 77])
            return real(*task, rng=rng, **sizes)

        patch.setattr(module, drawer, other)

    return alter


def generated_by(drawer: str) -> Alter:
    """Vectors or sequences: other ones, where the seed of torch's generator is that of a part."""

    def alter(patch: pytest.MonkeyPatch, module: ModuleType, part: str) -> None:
        real, parts = getattr(module, drawer), {module.TEST: "test", module.VALIDATION: "validation"}

        def other(*sizes: int, generator: torch.Generator) -> Any:
            seed = generator.initial_seed()
            if parts.get(seed, "train") == part:
                generator = torch.Generator().manual_seed(seed + 77)
            return real(*sizes, generator=generator)

        patch.setattr(module, drawer, other)

    return alter


def sequences(patch: pytest.MonkeyPatch, module: ModuleType, part: str) -> None:
    """Sequences: other ones, where the first seed is that of a part."""
    real, kept = module._sequences, {module.TEST: "test", module.VALIDATION: "validation"}

    def other(count: int, size: int, *seeds: int) -> Tensor:
        return real(count, size, *([77] if kept.get(seeds[0], "train") == part else []), *seeds)

    patch.setattr(module, "_sequences", other)


def copies(patch: pytest.MonkeyPatch, module: ModuleType, part: str) -> None:
    """Sequences to be copied: other ones, where the generator is that of a part."""
    real = module.draw
    kept = {
        str(np.random.default_rng([seed, length]).bit_generator.state): name
        for name, seed in {"test": module.TEST, "validation": module.VALIDATION}.items()
        for length in range(100)
    }

    def other(count: int, length: int, rng: np.random.Generator, device: str) -> Any:
        if kept.get(str(rng.bit_generator.state), "train") == part:
            rng = np.random.default_rng([length, count, 77])
        return real(count, length, rng, device)

    patch.setattr(module, "draw", other)


def source(patch: pytest.MonkeyPatch, module: ModuleType, part: str) -> None:
    """Source: the text of a part backwards."""
    real = module.load_source()
    patch.setattr(module, "load_source", lambda: real._replace(**{part: getattr(real, part)[::-1].copy()}))


def corridors(patch: pytest.MonkeyPatch, module: ModuleType, part: str) -> None:
    """Corridors: other ones, where the generator is that of a part."""
    real = module.draw_corridors
    length = 24
    kept = {
        str(np.random.default_rng([seed, length]).bit_generator.state): name
        for name, seed in {"test": module.TEST, "validation": module.VALIDATION}.items()
    }

    def other(count: int, *, length: int, rng: np.random.Generator, **options: Any) -> Any:
        if kept.get(str(rng.bit_generator.state), "train") == part:
            rng = np.random.default_rng([length, count, 77])
        return real(count, length=length, rng=rng, **options)

    patch.setattr(module, "draw_corridors", other)
