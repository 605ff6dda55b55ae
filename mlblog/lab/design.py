"""The design of an experiment: its parameters, the sizes at which it runs, and the runs that are kept recorded.

It is known from the decorated function (`spec`), or from the source alone (`declared`). The rules for both are here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlblog.errors import InputError
from mlblog.lab.records.record import SCALES, Key, Value, is_value, misnamed

SEEDS = 3  # kept recorded unless the declaration says otherwise


@dataclass(frozen=True)
class Design:
    """What an experiment declares.

    Attributes:
        name: of the function, by which records, posts and commands know the experiment.
        parameters: the names of the function's parameters, in order, without `seed`.
        defaults: `{parameter: default}` of those with one.
        scales: `{scale: parameters}`, in ascending order of size.
        seeds: how many seeds are kept recorded, from 0.
        variants: overrides that are kept recorded besides the base.
        reads: names of the experiments whose records it reads.
    """

    name: str
    parameters: tuple[str, ...]
    defaults: Mapping[str, Value]
    scales: Mapping[str, Mapping[str, Value]]
    seeds: int
    variants: tuple[Mapping[str, Value], ...]
    reads: tuple[str, ...]

    def params(self, scale: str, overrides: Mapping[str, Value]) -> dict[str, Value]:
        """Return the parameters of a run: the defaults, then the scale's, then `overrides`.

        Raises:
            InputError: there is no such scale or parameter.
        """
        if scale not in self.scales:
            raise InputError(f"{self.name} has no scale {scale!r}; it has {', '.join(self.scales)}")
        if unknown := sorted(set(overrides) - set(self.parameters)):
            raise InputError(f"{self.name} has no parameter {unknown[0]!r}; it has {', '.join(self.parameters)}")
        given = {**self.defaults, **self.scales[scale], **overrides}
        return {name: given[name] for name in self.parameters}

    def keys(self, scale: str) -> list[Key]:
        """Return the declared runs at `scale`: the base and every variant, with every seed."""
        return [
            Key(self.name, scale, overrides, seed) for overrides in ({}, *self.variants) for seed in range(self.seeds)
        ]

    def largest(self, *allowed: str) -> str | None:
        """Return the largest of the scales `allowed` that is declared."""
        return max((scale for scale in self.scales if scale in allowed), key=SCALES.index, default=None)

    @property
    def problem(self) -> str:
        """What is wrong with it, in words; empty if nothing is. Values read from source may have any type."""
        if wrong := misnamed(self.name, self.parameters):
            return wrong
        if "smoke" not in self.scales:
            return "no smoke scale, which the tests need"
        if type(self.seeds) is not int or self.seeds < 1:
            return f"seeds is {self.seeds!r}; it must be at least 1"
        if not isinstance(self.reads, list | tuple) or not all(isinstance(name, str) for name in self.reads):
            return f"reads is {self.reads!r}; it must be a list of names of experiments"
        variants: Any = self.variants
        if not isinstance(variants, list | tuple):
            return f"variants is {variants!r}; it must be a list of dictionaries of parameters"
        places = {f"scale {scale}": values for scale, values in self.scales.items()}
        places |= {f"variant {number}": values for number, values in enumerate(variants)}
        for where, values in places.items():
            if wrong := self._problem_of(values):
                return f"{where} {wrong}"
        for scale, values in self.scales.items():
            if absent := [name for name in self.parameters if name not in values and name not in self.defaults]:
                return f"scale {scale} does not set {absent[0]!r}, which has no default"
        return ""

    def _problem_of(self, values: Any) -> str:
        if not isinstance(values, Mapping):
            return "is not a dictionary of parameters"
        if unknown := sorted(set(values) - set(self.parameters), key=str):
            return f"sets {unknown[0]!r}, which is not a parameter"
        if odd := [name for name, value in values.items() if not is_value(value)]:
            return f"sets {odd[0]!r} to a value that records cannot store"
        return ""


def scales_of(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the scales among the arguments of the decorator, in ascending order of size."""
    return {scale: arguments[scale] for scale in SCALES if arguments.get(scale) is not None}
