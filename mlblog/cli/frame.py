"""Shared by all commands: their group, exit codes and common options."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from functools import wraps
from io import TextIOWrapper
from typing import Any

import click

from mlblog import __version__
from mlblog.cli.extras import extra_for
from mlblog.errors import MlblogError
from mlblog.lab.records.record import SCALES

#: Disk errors (read-only, full, no permission), for which a traceback is no help.
_OF_THE_DISK = (errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM)


def reported(command: Callable[..., int | None]) -> Callable[..., None]:
    """Turn errors into a message and an exit code: 0 success, 1 stale, missing or failed, 2 wrong usage or input."""

    @wraps(command)
    def wrapped(*arguments: Any, **options: Any) -> None:
        try:
            code = command(*arguments, **options)
        except MlblogError as error:
            click.echo(f"mlblog: {error}", err=True)
            code = error.exit_code
        except OSError as error:
            if error.errno not in _OF_THE_DISK:
                raise
            place = f"{error.filename}: " if error.filename else ""
            click.echo(f"mlblog: {place}{error.strerror}; the command stopped", err=True)
            code = 1
        except ModuleNotFoundError as error:
            if not (extra := extra_for(error.name or "")):
                raise
            needed = f"this command needs {error.name}, which is not installed"
            click.echo(f"mlblog: {needed}; install it: pip install 'mlblog[{extra}]'", err=True)
            code = 2
        except KeyboardInterrupt:
            click.echo("mlblog: interrupted", err=True)
            code = 130
        sys.exit(code or 0)

    return wrapped


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mlblog")
def main() -> None:
    """An ML blog that runs its posts and marks every result whose code has changed."""
    if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")  # file names need not be UTF-8


SCALE = click.option("--scale", type=click.Choice(SCALES), help="Size of the runs.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
