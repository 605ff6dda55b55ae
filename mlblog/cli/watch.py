"""`mlblog run --watch`: watch current runs from a second terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection

import click

from mlblog.lab import Lab
from mlblog.lab.declared import find
from mlblog.lab.report import duration
from mlblog.lab.running.in_progress import Note, RunsInProgress
from mlblog.lab.running.progress import SECONDS_BETWEEN_LINES

_BETWEEN = 0.5  # seconds between updates
Look = Callable[[], list[Note]]


def watch(lab: Lab, names: Collection[str]) -> int:
    """Show current runs of all or the named experiments until the last one finishes; return 0."""
    wanted = {find(lab.experiments, name).name for name in names}
    going = RunsInProgress(lab.project.work)

    def look() -> list[Note]:
        return [note for note in going.notes() if not wanted or note.experiment in wanted]

    if not look():
        click.echo(f"nothing is running{' of ' + ', '.join(sorted(wanted)) if wanted else ''}")
        return 0
    if sys.stdout.isatty():
        _on_a_terminal(look)
    else:
        _in_lines(look)
    return 0


def _on_a_terminal(look: Look) -> None:
    from rich.live import Live
    from rich.text import Text

    with Live(auto_refresh=False) as live:
        while notes := look():
            live.update(Text("\n".join(map(_line, notes))), refresh=True)
            time.sleep(_BETWEEN)
        live.update(Text("all runs have finished"), refresh=True)


def _in_lines(look: Look) -> None:
    said: dict[str, float] = {}
    while notes := look():
        for ended in said.keys() - {note.run for note in notes}:
            click.echo(f"{ended}: ended")
            del said[ended]
        for note in notes:
            if time.monotonic() - said.get(note.run, -SECONDS_BETWEEN_LINES) >= SECONDS_BETWEEN_LINES:
                said[note.run] = time.monotonic()
                click.echo(_line(note))
        time.sleep(_BETWEEN)
    for ended in said:
        click.echo(f"{ended}: ended")


def _line(note: Note) -> str:
    return f"{note}  ({duration(max(time.time() - note.began, 0.0))})"
