"""Every error that mlblog raises on purpose, in one tree.

    MlblogError                    caught once, at the command line or in the host
    ├── InputError                 what the author or the caller wrote is wrong     (exit code 2)
    │   ├── PostError              a post, a note or a list: encoding, front matter, fences, cell options
    │   ├── UnknownExperiment      no experiment has that name
    │   └── ProjectError           no project here, or its configuration is wrong
    ├── CellError                  a cell of a post raised, hung or died            (exit code 1)
    │   └── StillRuns              it still runs, and pages are served without it
    ├── Superseded                 files were saved while pages were made of what they were
    ├── RunError                   an experiment raised, diverged or was cut short
    └── RecordError                a record that cannot be trusted
        ├── MissingRecord          nothing has been recorded yet
        └── StoreBusy              another process holds the store's lock

Each message names a place first (`posts_src/x.md:41`, `docs/results/…json`), then what is wrong, then what to do.
"""

from __future__ import annotations

from pathlib import Path


class MlblogError(Exception):
    """Anything that mlblog raises on purpose; `exit_code` is what the command line ends with."""

    exit_code = 1


class InputError(MlblogError):
    """What the author or the caller wrote is wrong."""

    exit_code = 2


class PostError(InputError):
    """A post, or another text that people write, cannot be read: encoding, front matter, fences or cell options."""

    def __init__(self, path: Path | str, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}")
        self.path, self.line, self.message = str(path), line, message


class UnknownExperiment(InputError):
    """No experiment has that name."""


class ProjectError(InputError):
    """No project here, or its configuration is wrong."""


class CellError(MlblogError):
    """A cell of a post raised, hung or killed its process.

    `line` is the line of the post on which it happened; `traceback` is the whole of it, plain text.
    """

    def __init__(self, path: Path | str, line: int, message: str, traceback: str = "") -> None:
        super().__init__(f"{path}:{line}: {message}")
        self.path, self.line, self.message, self.traceback = str(path), line, message, traceback


class StillRuns(CellError):
    """A cell of a post still runs; the other pages are served meanwhile."""


class Superseded(MlblogError):
    """Files were saved while pages were made of what they were: a newer build is due."""


class RunError(MlblogError):
    """An experiment raised, diverged, ran out of memory or was cut short."""


class RecordError(MlblogError):
    """A record that cannot be trusted: another schema, a wrong digest, a broken file."""


class MissingRecord(RecordError):
    """Nothing has been recorded yet for what was asked."""


class StoreBusy(RecordError):
    """Another process holds the store's lock."""
