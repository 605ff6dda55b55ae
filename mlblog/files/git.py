"""Git, as a program: the one way to call it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from mlblog.errors import GitError, NoGit


class Git:
    """The repository around a folder, if there is one."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        """Call git in `folder`, with more variables in its environment."""
        self._folder, self._environment = folder, environment or {}

    def run(self, *arguments: str, given: bytes = b"") -> bytes:
        """Return what git prints.

        Args:
            arguments: a command and its arguments.
            given: its standard input.

        Raises:
            NoGit: git is not installed.
            GitError: it failed, as without a repository.
        """
        # as a guest: a build must not make a command of the user's wait for the index
        command = ["git", "-C", str(self._folder), "--no-optional-locks", *arguments]
        try:
            done = subprocess.run(command, input=given, capture_output=True, env={**os.environ, **self._environment})
        except OSError as error:
            raise NoGit(f"git cannot be started: {error}") from error
        if done.returncode:
            raise GitError(done.stderr.decode("utf-8", "replace").strip(), done.stdout)
        return done.stdout

    def text(self, *arguments: str) -> str:
        """Return what git prints, without the last line's end; bytes that are not UTF-8 as Python has them in names.

        Raises:
            NoGit: git is not installed.
            GitError: it failed, as without a repository.
        """
        return os.fsdecode(self.run(*arguments)).removesuffix("\n")

    def ask(self, *arguments: str) -> str:
        """The same, but empty if git fails or is not installed."""
        try:
            return self.text(*arguments)
        except GitError:
            return ""


def is_installed() -> bool:
    """Whether there is a git to call."""
    return shutil.which("git") is not None
