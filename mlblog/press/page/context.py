"""Input of the pages that cover all posts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mlblog.lab import Lab, Project, Read
from mlblog.press.page.provenance import Evidence
from mlblog.press.page.published import Published


@dataclass(frozen=True)
class Context:
    """Published posts, the lab, a lookup of the records behind a read, and the URL of the repository, if known."""

    lab: Lab
    posts: tuple[Published, ...]
    look_up: Callable[[Read], Evidence]
    repository: str = ""

    @property
    def project(self) -> Project:
        """The project."""
        return self.lab.project
