"""What an experiment is: a function, the sizes at which it runs, and how its records are read back."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from mlblog.errors import InputError, MissingRecord
from mlblog.lab.project import Project
from mlblog.lab.records.reading import Read, note, select
from mlblog.lab.records.record import SCALES, Value, is_value, misnamed
from mlblog.lab.records.runs import Runs
from mlblog.lab.records.store import Store
from mlblog.lab.records.stores import shown_store

_store: ContextVar[Store | None] = ContextVar("mlblog_store", default=None)
_previews = False


@dataclass(frozen=True)
class Experiment:
    """An experiment: its function, scales, seeds and kept variants. Made by the decorator `experiment`.

    Attributes:
        function: takes a `Run`, the parameters and `seed`, by keyword.
        scales: `{scale: parameters}`, in ascending order of size.
        defaults: the function's own parameters and their defaults.
        seeds: how many seeds are kept recorded, from 0.
        variants: overrides that are kept recorded too, besides none.
        reads: experiments whose records it reads, by name.
    """

    function: Callable[..., None]
    scales: Mapping[str, Mapping[str, Value]]
    defaults: Mapping[str, Value]
    seeds: int
    variants: tuple[Mapping[str, Value], ...] = field(default=())
    reads: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The function's name, by which records, posts and commands know the experiment."""
        return self.function.__name__

    def params(self, scale: str, overrides: Mapping[str, Value]) -> dict[str, Value]:
        """Return the parameters of a run: the function's defaults, then the scale's, then `overrides`.

        Raises:
            InputError: no such scale, or an override that is not a parameter.
        """
        if scale not in self.scales:
            raise InputError(f"{self.name} has no scale {scale!r}; it has {', '.join(self.scales)}")
        if unknown := sorted(set(overrides) - set(self.defaults)):
            raise InputError(f"{self.name} has no parameter {unknown[0]!r}; it has {', '.join(self.defaults)}")
        return {**self.defaults, **self.scales[scale], **overrides}

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
    seeds: int = 3,
    variants: Sequence[Mapping[str, Value]] = (),
    reads: Sequence[str] = (),
) -> Callable[[Callable[..., None]], Experiment]:
    """Declare a function to be an experiment.

    The function takes the `Run` first and everything else by keyword: parameters, each with a default or a value in
    every scale, and `seed`. Scales, seeds, variants, reads and defaults are literals, or constants that are bound once
    to literals (`smoke=dict(n=2, **COMMON)`), so that they can be read without running the module.

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
    given = {"smoke": smoke, "small": small, "full": full}
    scales = {name: dict(given[name] or {}) for name in SCALES if given[name] is not None}

    def declare(function: Callable[..., None]) -> Experiment:
        defaults = _parameters(function)
        place = f"{function.__module__}.{function.__name__}"
        if wrong := misnamed(function.__name__, defaults):
            raise InputError(f"{place}: {wrong}")
        if seeds < 1:
            raise InputError(f"{place}: seeds must be at least 1")
        for where, values in [*scales.items(), *((f"variant {number}", v) for number, v in enumerate(variants))]:
            if unknown := sorted(set(values) - set(defaults)):
                raise InputError(f"{place}: {where} sets {unknown[0]!r}, which is not a parameter")
            if odd := [key for key, value in values.items() if not is_value(_listed(value))]:
                raise InputError(f"{place}: {where} sets {odd[0]!r} to a value that records cannot store")
        for scale, values in scales.items():
            if absent := [
                key for key, value in defaults.items() if value is inspect.Parameter.empty and key not in values
            ]:
                raise InputError(f"{place}: scale {scale} does not set {absent[0]!r}, which has no default")
        plain = {key: _listed(value) for key, value in defaults.items() if value is not inspect.Parameter.empty}
        return Experiment(
            function=function,
            scales={scale: {key: _listed(value) for key, value in values.items()} for scale, values in scales.items()},
            # parameters without a default are set by every scale; None only marks their existence
            defaults={key: plain.get(key) for key in defaults},
            seeds=seeds,
            variants=tuple({key: _listed(value) for key, value in variant.items()} for variant in variants),
            reads=tuple(reads),
        )

    return declare


def _parameters(function: Callable[..., None]) -> dict[str, Any]:
    place = f"{function.__module__}.{function.__name__}"
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
