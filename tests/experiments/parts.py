"""What an experiment learns from, and what it is scored on: found by changing one part of the data at its source.

If everything that learns does to the bit what it did before, nothing of that part has reached it.
"""

from __future__ import annotations

import hashlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.optim.optimizer import register_optimizer_step_post_hook

import mlblog.experiments
from mlblog.data.anagrams import Split
from mlblog.data.digits import Digits
from mlblog.data.tones import Tones
from mlblog.lab.determinism import deterministic
from mlblog.lab.records.record import Key
from mlblog.lab.running.run import Run
from mlblog.lab.spec import Experiment

#: Of what experiments take from `mlblog.classical`: what learns from the data it is given …
LEARNERS = ("kneser_ney", "fit_ppca", "AnagramDictionary", "CoverDictionary", "KNeighbors", "RandomForest")
#: … and what only counts, or learns from nothing.
COUNTERS = ("edit_distance", "shuffle_probability", "excess_risk", "leave_one_out_on_a_line")
#: What scores answers, given the examples to ask about before anything but a name.
SCORERS = ("scores", "set_scores", "phrase_scores")
#: What is read of other experiments' records.
PLANTED = {"pointing_rates": 2e-3, "memory_rates": 3e-3}


class _Recorded(NamedTuple):
    """An experiment whose records all hold one value."""

    value: float

    def runs(self, **_: object) -> _Recorded:
        return self

    def mean(self, _: str) -> float:
        return self.value


class Ran(NamedTuple):
    """What a run at smoke size has left.

    Attributes:
        learned: by each learner, in order: its name, and a digest of the data that it was given, or, of an optimiser,
            of the weights after each of its steps.
        saved: what the run has saved, by name, as digests.
        values: the same as they are.
        asked: the examples that scorers were given, in order.
    """

    learned: list[tuple[str, str]]
    saved: dict[str, str]
    values: dict[str, Any]
    asked: list[Any]


@cache
def experiments() -> dict[str, tuple[ModuleType, Experiment]]:
    """Every experiment of the blog with its module."""
    found = {}
    for info in pkgutil.iter_modules(mlblog.experiments.__path__):
        module = import_module(f"mlblog.experiments.{info.name}")
        for value in vars(module).values():
            if isinstance(value, Experiment) and value.function.__module__ == module.__name__:
                found[value.name] = (module, value)
    return found


def digest(value: Any) -> str:
    """A digest of data of any shape, by content."""
    hashed = hashlib.blake2b(digest_size=8)

    def add(one: Any) -> None:
        if isinstance(one, Tensor):
            one = one.detach().cpu().numpy()
        if isinstance(one, np.ndarray):
            hashed.update(f"{one.dtype} {one.shape}".encode() + np.ascontiguousarray(one).tobytes())
        elif isinstance(one, dict):
            add([item for pair in one.items() for item in pair])
        elif isinstance(one, list | tuple):
            hashed.update(f"({len(one)}".encode())
            for item in one:
                add(item)
        elif hasattr(one, "__dict__") and not isinstance(one, type):
            add(vars(one))
        else:
            hashed.update(repr(one).encode())

    add(value)
    return hashed.hexdigest()


class _Learned(Exception):
    """Nothing is to be scored."""


def ran(name: str, *, seed: int = 0, scored: bool = True, **overrides: Any) -> Ran:
    """Run an experiment at smoke size, and note what learns and what is asked.

    If not `scored`, it ends where the first answers are to be scored.
    """
    module, declared = experiments()[name]
    params = declared.params("smoke", overrides)
    learned: list[tuple[str, str]] = []
    asked: list[Any] = []
    made: dict[torch.optim.Optimizer, str] = {}  # by each optimiser, in all its steps

    def stepped(optimizer: torch.optim.Optimizer, *_: object) -> None:
        weights = [weight for group in optimizer.param_groups for weight in group["params"]]
        made[optimizer] = digest([made.get(optimizer, ""), weights])

    def noting(kind: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any, **options: Any) -> Any:
            if kind in SCORERS and not scored:
                raise _Learned
            if kind in SCORERS:
                asked.append(next(one for one in arguments if not isinstance(one, str)))
            else:
                learned.append((kind, digest([arguments, options])))
            return function(*arguments, **options)

        return noted

    with pytest.MonkeyPatch.context() as patch:
        for one in {module, *(import_module(m) for m in _imported(module))}:
            for kind in (*LEARNERS, *SCORERS):
                if kind in vars(one):
                    patch.setattr(one, kind, noting(kind, vars(one)[kind]))
        for other in declared.reads:
            patch.setattr(module, other, _Recorded(PLANTED[other]))
        patch.setattr(torch.linalg, "solve", noting("solve", torch.linalg.solve))
        handle = register_optimizer_step_post_hook(stepped)
        try:
            with deterministic(seed, "cpu"), suppress(_Learned):
                run = Run(Key(name, "smoke", overrides, seed), params)
                declared.function(run, **params, seed=seed)
        finally:
            handle.remove()
    measured = run.results.measured
    values = {**run.results.values, **run.results.all_arrays()}
    values = {key: value for key, value in values.items() if key not in measured}
    learned += [(type(optimizer).__name__, weights) for optimizer, weights in made.items()]
    return Ran(learned, {key: digest(value) for key, value in values.items()}, values, asked)


def _imported(module: ModuleType) -> list[str]:
    """The experiments' modules from which one takes functions."""
    origins = {getattr(value, "__module__", None) or "" for value in vars(module).values()}
    return [origin for origin in origins if origin.startswith("mlblog.experiments.")]


# -- the parts, changed at their source ----------------------------------------------------------------------------

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


def points(patch: pytest.MonkeyPatch, module: ModuleType, part: str) -> None:
    """Problems: other ones, where the generator is that of a part."""
    real = module.draw_problems
    kept = {
        str(np.random.default_rng([seed, size]).bit_generator.state): name
        for name, seed in {"test": module.TEST, "validation": module.VALIDATION}.items()
        for size in range(3, 300)
    }

    def other(task: Any, *, count: int, size: int, rng: np.random.Generator) -> Any:
        if kept.get(str(rng.bit_generator.state), "train") == part:
            rng = np.random.default_rng([size, count, 77])
        return real(task, count=count, size=size, rng=rng)

    patch.setattr(module, "draw_problems", other)


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


@contextmanager
def altered(name: str, alter: Alter, part: str) -> Iterator[None]:
    """The data of an experiment with one part changed."""
    with pytest.MonkeyPatch.context() as patch:
        alter(patch, experiments()[name][0], part)
        yield


@contextmanager
def few_words(every: int = 12) -> Iterator[None]:
    """A word list of every `every`-th word, so that scoring takes no time."""
    with pytest.MonkeyPatch.context() as patch:
        for module, _ in experiments().values():
            if "load_words" in vars(module) and not hasattr(module.load_words, "few"):
                real = module.load_words

                def few(real: Callable[..., tuple[str, ...]] = real, **options: Any) -> tuple[str, ...]:
                    return real(**options)[::every]

                few.few = True  # type: ignore[attr-defined]
                patch.setattr(module, "load_words", few)
        yield
