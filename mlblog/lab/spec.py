"""What an experiment is: a function, the sizes at which it runs, and how its records are read back."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from mlblog.errors import InputError, MissingRecord
from mlblog.lab.design import SEEDS, Design, scales_of
from mlblog.lab.project import Project
from mlblog.lab.records.reading import Read, note, select
from mlblog.lab.records.record import Value
from mlblog.lab.records.runs import Runs
from mlblog.lab.records.store import Store
from mlblog.lab.records.stores import shown_store

_store: ContextVar[Store | None] = ContextVar("mlblog_store", default=None)
_previews = False


@dataclass(frozen=True)
class Experiment(Design):
    """An experiment: its design, and its function. Made by the decorator `experiment`.

    Attributes:
        function: takes a `Run`, the parameters and `seed`, by keyword.
    """

    function: Callable[..., None]

    def runs(self, scale: str | None = None, **overrides: Value) -> Runs:
        """Return what is recorded with these overrides: at `scale`, or at the largest scale recorded; every seed.

        It never trains.

        Raises:
            MissingRecord: nothing is recorded.
            InputError: no such scale or parameter.
        """
        self.params(scale or next(iter(self.scales)), overrides)
        store = current_store()
        found = select(store, self.name, scale, overrides)
        note(Read(self.name, scale, overrides, tuple((record.path, record.id) for record in found)))
        if not found:
            raise MissingRecord(missing(self.name, scale, overrides))
        return Runs(found)


def missing(experiment: str, scale: str | None, overrides: Mapping[str, Value]) -> str:
    """What to say where nothing is recorded, with the command that records it."""
    setting = "".join(f" --set {key}={value}" for key, value in sorted(overrides.items()))
    option = f" --scale {scale}" if scale else ""
    what = f"{experiment}: no records{setting.replace(' --set', '')}"
    return f"{what}. Record it: mlblog run {experiment}{option}{setting}"


def experiment(
    *,
    smoke: Mapping[str, Value],
    small: Mapping[str, Value] | None = None,
    full: Mapping[str, Value] | None = None,
    seeds: int = SEEDS,
    variants: Sequence[Mapping[str, Value]] = (),
    reads: Sequence[str] = (),
) -> Callable[[Callable[..., None]], Experiment]:
    """Declare a function to be an experiment.

    The function takes the `Run` first and everything else by keyword: parameters, each with a default or a value in
    every scale, and `seed`. Scales, seeds, variants, reads and defaults are literals, or constants that are bound once
    to literals (`smoke=dict(n=2, **COMMON)`), so that they can be read without importing the module.

    Args:
        smoke: parameters for seconds of work; what the tests run.
        small: parameters for minutes on any laptop.
        full: parameters for a GPU, at most 10 minutes on one H200.
        seeds: how many seeds are kept recorded, from 0.
        variants: overrides that are kept recorded too, such as ablations.
        reads: names of experiments whose records the function reads: they are run first, and when they change, this
            one is stale.

    Raises:
        InputError: the signature, a scale or a variant does not fit.
    """

    def declare(function: Callable[..., None]) -> Experiment:
        place = f"{function.__module__}.{function.__name__}"
        given = _parameters(function, place)
        made = Experiment(
            name=function.__name__,
            parameters=tuple(given),
            defaults={name: _listed(value) for name, value in given.items() if value is not inspect.Parameter.empty},
            scales=scales_of({"smoke": _listed(smoke), "small": _listed(small), "full": _listed(full)}),
            seeds=seeds,
            variants=tuple(_listed(variant) for variant in variants),
            reads=tuple(reads),
            function=function,
        )
        if made.problem:
            raise InputError(f"{place}: {made.problem}")
        return made

    return declare


def _parameters(function: Callable[..., None], place: str) -> dict[str, Any]:
    """The parameters by name, without `seed`, and their defaults."""
    run, *rest = inspect.signature(function).parameters.values()
    if run.kind is run.KEYWORD_ONLY or any(parameter.kind is not parameter.KEYWORD_ONLY for parameter in rest):
        raise InputError(
            f"{place}: an experiment takes its run first and all other arguments by keyword: (run, *, …, seed)"
        )
    if "seed" not in {parameter.name for parameter in rest}:
        raise InputError(f"{place}: an experiment must take `seed` by keyword")
    return {parameter.name: parameter.default for parameter in rest if parameter.name != "seed"}


def _listed(value: Any) -> Any:
    """`value` as a record would give it back: JSON knows lists, not tuples."""
    if isinstance(value, Mapping):
        return {name: _listed(item) for name, item in value.items()}
    return [_listed(item) for item in value] if isinstance(value, list | tuple) else value


class using:  # noqa: N801  # reads as a word in `with using(store):`
    """Read records from `store` inside the block, in place of the project's."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __enter__(self) -> Store:
        self._token = _store.set(self._store)
        return self._store

    def __exit__(self, *_: object) -> None:
        _store.reset(self._token)


def read_previews(*, wanted: bool) -> None:
    """Whether the project's store has previews from now on, in all threads of this process and in its forks."""
    global _previews
    _previews = wanted


def current_store() -> Store:
    """Return the store that `.runs()` reads: the one of an enclosing `using`, else the project's, with its previews."""
    return _store.get() or shown_store(Project.find(), previews=_previews)
