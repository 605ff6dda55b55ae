"""Run a post in this process, for debuggers: slower to start and without isolation, but all frames are accessible."""

from __future__ import annotations

import os
import sys

from mlblog.errors import CellError
from mlblog.lab import Project
from mlblog.press.runner.tasks import task
from mlblog.press.source.document import Post


class InProcess:
    """Runs the units of a post in this process, in order, each once."""

    def __init__(self, project: Project, post: Post) -> None:
        """Open `post` without running anything."""
        from mlblog.press.kernel.shell import PostShell

        os.chdir(project.root)
        if str(project.root) not in sys.path:
            sys.path.insert(0, str(project.root))
        self._post, self._next = post, 0
        self._shell = PostShell.instance()
        self._shell.open_post(post.path, post.shadow)

    def run_to(self, number: int) -> None:
        """Run the units not run yet, up to and including unit `number`.

        Raises:
            CellError: a unit tagged `raises-exception` did not raise.
            BaseException: raised by a unit, with its traceback.
        """
        from mlblog.press.kernel.unit import Failed, NothingRaised, run_unit

        while self._next <= number:
            unit = self._post.units[self._next]
            self._next += 1
            try:
                run_unit(self._shell, task(unit))
            except Failed as failed:
                raise failed.error from None
            except NothingRaised as error:
                raise CellError(self._post.path, unit.line, str(error)) from None
