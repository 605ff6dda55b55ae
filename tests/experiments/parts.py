"""What an experiment learns from, and what it is scored on: found by changing one part of the data at its source.

If everything that learns does to the bit what it did before, nothing of that part has reached it.
"""

from __future__ import annotations

import hashlib
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from changed_parts import Alter
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook

import mlblog.experiments
from mlblog.lab.determinism import deterministic
from mlblog.lab.records.record import Key
from mlblog.lab.running.run import Run
from mlblog.lab.spec import Experiment

#: Of what experiments take from `mlblog.classical`: what learns from the data it is given …
LEARNERS = (
    "kneser_ney",
    "fit_kmeans",
    "fit_mixture",
    "fit_ppca",
    "ContextTable",
    "AnagramDictionary",
    "CoverDictionary",
    "KNeighbors",
    "RandomForest",
    "ridge_optimum",
)
#: … and what only counts, or learns from nothing.
COUNTERS = (
    "edit_distance", "shuffle_probability", "excess_risk", "leave_one_out_on_a_line", "cluster_purity",
    "kmeans_targets", "log_mel", "mfcc", "phone_purity", "pnmi", "Buckets", "draw_from_buckets",
    "minibatch_importance_sampling", "GaussianMixture", "RidgeWeights", "winning_shares",
)  # fmt: skip
#: What scores answers, given the examples to ask about before anything but a name.
SCORERS = ("scores", "set_scores", "phrase_scores")
#: What is read of other experiments' records.
PLANTED = {
    "caption_rates": 3e-3, "character_rates": 3e-3, "copying_rates": 2e-3, "enlarged_rates": 1e-2,
    "hidden_unit_rates": 5e-3, "mask_rates": 3e-3, "memory_rates": 3e-3, "picture_rates": 1e-2, "pixel_rates": 1e-2,
    "pointing_rates": 2e-3, "position_rates": 3e-3, "reversing_rates": 3e-3, "sound_rates": 1e-2, "sum_rates": 3e-3,
}  # fmt: skip


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
        if isinstance(one, np.random.Generator):
            one = str(one.bit_generator.state)
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
        patch.setattr(Run, "save_model", _weights)
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


def _weights(run: Run, net: nn.Module, example: dict[str, Tensor], *, name: str, outputs: tuple[str, ...]) -> None:
    """Keep what tells one network from another: tracing it takes seconds, and an extra."""
    net(**example)
    run.save(**{name: digest(list(net.parameters()))})


def _imported(module: ModuleType) -> list[str]:
    """The experiments' modules from which one takes functions."""
    origins = {getattr(value, "__module__", None) or "" for value in vars(module).values()}
    return [origin for origin in origins if origin.startswith("mlblog.experiments.")]


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
