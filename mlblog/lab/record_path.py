"""The path of a record below its store: the one place that makes such paths and takes them apart."""

from __future__ import annotations

import re

_FORM = re.compile(r"([^/]+)/([^/]+)/([^/]+)/seed-([0-9]+)\.json\Z")


class RecordPath(str):
    """The path of a record below its store, `solver/small/heads=1,rate=0.5/seed-0.json`, and its parts.

    Attributes:
        experiment: its name.
        scale: `smoke`, `small` or `full`.
        group: the folder of the overrides; `base` for none.
        seed: a whole number.
    """

    experiment: str
    scale: str
    group: str
    seed: int

    def __new__(cls, path: str) -> RecordPath:
        """Take `path` apart.

        Raises:
            ValueError: it is not the path of a record.
        """
        found = _FORM.fullmatch(path)
        if found is None:
            raise ValueError(f"{path!r} is not the path of a record")
        made = super().__new__(cls, path)
        made.experiment, made.scale, made.group, made.seed = found[1], found[2], found[3], int(found[4])
        return made

    @classmethod
    def of(cls, experiment: str, scale: str, group: str, seed: int) -> RecordPath:
        """Return the path of the record with these parts."""
        return cls(f"{experiment}/{scale}/{group}/seed-{seed}.json")

    @classmethod
    def ending(cls, path: str) -> RecordPath | None:
        """Return the part of a longer path that names a record within its store; None if it names none."""
        found = _FORM.search(path)
        return None if found is None else cls(found[0])

    @property
    def stem(self) -> str:
        """The path without its ending, by which other files about the run are named."""
        return self.removesuffix(".json")
