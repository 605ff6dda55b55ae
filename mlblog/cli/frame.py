"""What all commands share: the group that they belong to, exit codes, and the options that several have."""

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

#: A disk that is read-only or full, or not ours to write: no fault of mlblog, and no traceback helps.
_OF_THE_DISK = (errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM)


def reported(command: Callable[..., int | None]) -> Callable[..., None]:
    """Turn our errors into a message and an exit code: 0 fine, 1 stale, missing or failed, 2 wrong call or input."""

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
            click.echo(f"mlblog: {place}{error.strerror}; the command ended there", err=True)
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
    """Write and publish an ML blog: run its experiments, compile its posts, check that its pages are up to date."""
    if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")  # names of files need not be UTF-8


SCALE = click.option("--scale", type=click.Choice(SCALES), help="Size of the runs.")
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document instead of a table.")
