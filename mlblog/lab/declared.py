"""The experiments of a project as their source declares them, found without importing anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlblog.errors import ProjectError, UnknownExperiment
from mlblog.lab.fingerprint import Code
from mlblog.lab.fingerprint.experiments import Declared
from mlblog.lab.project import Project
from mlblog.lab.records.record import SCALES, Key, misnamed


@dataclass(frozen=True)
class Declaration:
    """An experiment as declared.

    Attributes:
        name: the function's name.
        module: where it is.
        path: its file.
        line: of the function.
        title: the first line of its docstring.
        scales: `{scale: parameters}`.
        defaults: the function's keyword parameters and their defaults.
        seeds: number of seeds to record.
        variants: overrides to record as well.
        reads: experiments whose records it reads, by name.
    """

    name: str
    module: str
    path: Path
    line: int
    title: str
    scales: Mapping[str, Mapping[str, Any]]
    defaults: Mapping[str, Any]
    seeds: int
    variants: tuple[Mapping[str, Any], ...]
    reads: tuple[str, ...] = ()

    @property
    def qualified(self) -> str:
        """Module and name, as manifests write it."""
        return f"{self.module}.{self.name}"

    def params(self, scale: str, overrides: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters of a run: defaults, then the scale's, then `overrides`.

        Raises:
            UnknownExperiment: there is no such scale or parameter.
        """
        if scale not in self.scales:
            raise UnknownExperiment(f"{self.name} has no scale {scale!r}; it has {', '.join(self.scales)}")
        if unknown := sorted(set(overrides) - set(self.defaults)):
            raise UnknownExperiment(f"{self.name} has no parameter {unknown[0]!r}; it has {', '.join(self.defaults)}")
        return {**self.defaults, **self.scales[scale], **overrides}

    def keys(self, scale: str) -> list[Key]:
        """Return the declared runs at `scale`: the base and every variant, with every seed."""
        return [
            Key(self.name, scale, overrides, seed) for overrides in ({}, *self.variants) for seed in range(self.seeds)
        ]

    def largest(self, *allowed: str) -> str | None:
        """Return the largest of the scales `allowed` that is declared."""
        return max((scale for scale in self.scales if scale in allowed), key=SCALES.index, default=None)


def experiments(project: Project, code: Code | None = None) -> dict[str, Declaration]:
    """Return every experiment of `project` by name, found statically.

    Raises:
        ProjectError: a declaration cannot be read, or two experiments share a name; with file and line.
    """
    code = code or Code.of(project)
    found: dict[str, Declaration] = {}
    for name, (module, path, declared) in code.experiments(project.experiments):
        place = f"{project.relative(path)}:{declared.line}"
        if declared.problem:
            raise ProjectError(declared.problem)
        if name in found:
            other = found[name]
            raise ProjectError(
                f"{place}: experiment {name!r} is also declared in {project.relative(other.path)}:{other.line};"
                " records are stored by name, so names must be unique"
            )
        if wrong := misnamed(name, declared.defaults) or _wrong(declared):
            raise ProjectError(f"{place}: {name}: {wrong}")
        found[name] = Declaration(
            name, module, path, declared.line, declared.title, declared.scales, declared.defaults,
            declared.seeds, tuple(declared.variants), tuple(declared.reads),
        )  # fmt: skip
    for declaration in found.values():
        place = f"{project.relative(declaration.path)}:{declaration.line}"
        for name in declaration.reads:
            if name not in found:
                raise ProjectError(f"{place}: {declaration.name} reads records of {name!r}, which is not an experiment")
        if circle := _circle(found, declaration.name, ()):
            raise ProjectError(f"{place}: experiments read each other's records: {' -> '.join(circle)}")
    return found


def _circle(found: Mapping[str, Declaration], name: str, path: tuple[str, ...]) -> tuple[str, ...]:
    """The cycle through which an experiment reads its own records; empty if there is none."""
    if name in path:
        return (*path[path.index(name) :], name)
    circles = (_circle(found, read, (*path, name)) for read in found[name].reads if read in found)
    return next((circle for circle in circles if circle), ())


def _wrong(declared: Declared) -> str:
    """What would make the decorator raise, which would break every run in the file."""
    if "smoke" not in declared.scales:
        return "no smoke scale, which the tests need"
    if type(declared.seeds) is not int or declared.seeds < 1:
        return f"seeds is {declared.seeds!r}; it must be at least 1"
    if not isinstance(declared.reads, list) or not all(isinstance(name, str) for name in declared.reads):
        return f"reads is {declared.reads!r}; it must be a list of names of experiments"
    variants = ((f"variant {number}", values) for number, values in enumerate(declared.variants))
    for where, values in (*declared.scales.items(), *variants):
        if not isinstance(values, Mapping):
            return f"{where} is not a dictionary of parameters"
        if unknown := sorted(set(values) - set(declared.defaults)):
            return f"{where} sets {unknown[0]!r}, which is not a parameter"
    return ""


def find(declarations: Mapping[str, Declaration], name: str) -> Declaration:
    """Return the experiment called `name`.

    Raises:
        UnknownExperiment: there is none; with suggestions.
    """
    from difflib import get_close_matches

    if name in declarations:
        return declarations[name]
    near = get_close_matches(name, declarations, n=1)
    hint = f" Did you mean {near[0]}?" if near else f" Known experiments: {', '.join(sorted(declarations)) or 'none'}."
    raise UnknownExperiment(f"there is no experiment {name!r}.{hint}")
