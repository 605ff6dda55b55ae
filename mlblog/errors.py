"""Every error that mlblog raises on purpose, in one tree.

    MlblogError                    caught once, at the command line or in the host
    ├── InputError                 what the author or the caller wrote is wrong     (exit code 2)
    │   ├── PostError              a post, note or checklist: encoding, front matter, fences, cell options
    │   ├── UnknownExperiment      there is no experiment of that name
    │   └── ProjectError           not in a project, or its configuration is wrong
    ├── CellError                  a cell of a post raised, hung or died            (exit code 1)
    │   └── StillRuns              it is still running, and pages are served without it
    ├── Superseded                 files changed during a build
    ├── RunError                   an experiment raised, diverged or was interrupted
    ├── GitError                   a git command failed, as without a repository
    │   └── NoGit                  git is not installed
    └── RecordError                a record that cannot be trusted
        ├── MissingRecord          nothing has been recorded yet
        └── StoreBusy              another process holds the store's lock

Each message gives the location (`posts_src/x.md:41`, `docs/results/…json`), the problem, and what to do.
"""

from __future__ import annotations

from pathlib import Path


class MlblogError(Exception):
    """Any error that mlblog raises on purpose; `exit_code` is the exit code of the command line."""

    exit_code = 1


class InputError(MlblogError):
    """What the author or the caller wrote is wrong."""

    exit_code = 2


class PostError(InputError):
    """A post or other text cannot be read: encoding, front matter, fences or cell options."""

    def __init__(self, path: Path | str, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}")
        self.path, self.line, self.message = str(path), line, message


class UnknownExperiment(InputError):
    """There is no experiment of that name."""


class ProjectError(InputError):
    """Not in a project, or its configuration is wrong."""


class CellError(MlblogError):
    """A cell of a post raised, hung or killed its process.

    `line` is the line of the post; `traceback` is the full traceback as plain text.
    """

    def __init__(self, path: Path | str, line: int, message: str, traceback: str = "") -> None:
        super().__init__(f"{path}:{line}: {message}")
        self.path, self.line, self.message, self.traceback = str(path), line, message, traceback


class StillRuns(CellError):
    """A cell is still running; the other pages are served meanwhile."""


class Superseded(MlblogError):
    """Files changed during a build, so a newer build is due."""


class RunError(MlblogError):
    """An experiment raised, diverged, ran out of memory or was interrupted."""


class GitError(MlblogError):
    """A git command failed; the message is git's own, and `told` is what the command printed before."""

    def __init__(self, message: str, told: bytes = b"") -> None:
        super().__init__(message)
        self.told = told


class NoGit(GitError):
    """Git is not installed."""


class RecordError(MlblogError):
    """A record that cannot be trusted: another schema, a wrong digest, a broken file."""


class MissingRecord(RecordError):
    """There is no record yet."""


class StoreBusy(RecordError):
    """Another process holds the store's lock."""
