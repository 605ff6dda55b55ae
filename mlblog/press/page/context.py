"""What the pages that are made of all posts together have to go by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mlblog.lab import Lab, Project, Read
from mlblog.press.page.provenance import Evidence
from mlblog.press.page.published import Published


@dataclass(frozen=True)
class Context:
    """The posts that have a page; the lab; and the records behind a read."""

    lab: Lab
    posts: tuple[Published, ...]
    look_up: Callable[[Read], Evidence]

    @property
    def project(self) -> Project:
        """The project that all of this belongs to."""
        return self.lab.project
