"""What recorded values are called on pages, with their units: `values.toml` beside the experiments.

    [coin]
    share = "share of heads"

The first value that an experiment names there is its main one; a table without values says that it has none.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mlblog.errors import InputError
from mlblog.lab import Project

FILE = "values.toml"


@dataclass(frozen=True)
class ValueNames:
    """Names by experiment and value."""

    names: Mapping[str, Mapping[str, str]]

    @classmethod
    def of(cls, project: Project) -> ValueNames:
        """The names that a project gives.

        Raises:
            InputError: the file is not TOML, or holds something else than names.
        """
        path = project.root.joinpath(*project.experiments.split(".")) / FILE
        if not path.is_file():
            return cls({})
        try:
            found = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InputError(f"{project.relative(path)}: {error}") from error
        for experiment, names in found.items():
            if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
                raise InputError(f"{project.relative(path)}: [{experiment}] must hold a name for each of its values")
        return cls(found)

    def main(self, experiment: str, values: Iterable[str], otherwise: str) -> str:
        """The main one of an experiment's recorded values, or empty."""
        if experiment not in self.names:
            return otherwise
        recorded = set(values)
        return next((value for value in self.names[experiment] if value in recorded), "")

    def shown(self, experiment: str, value: str) -> str:
        """What a value is called."""
        return self.names.get(experiment, {}).get(value) or value.replace("_", " ")
