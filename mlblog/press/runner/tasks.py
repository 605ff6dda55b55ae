"""Units of a post as the kernel sees them."""

from __future__ import annotations

from mlblog.press.kernel.unit import Task
from mlblog.press.source.document import Unit


def task(unit: Unit) -> Task:
    """What the kernel needs to run `unit`."""
    line = int(unit.code_line)  # in a notebook it knows its cell, too
    return Task(unit.kind, unit.code, line, unit.options.may_raise, unit.options.raster)
