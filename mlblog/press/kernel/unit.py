"""Run one unit of a post; for its own process and for a debugger's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mlblog.press.kernel.output import Output

if TYPE_CHECKING:
    from mlblog.press.kernel.shell import PostShell


class Failed(Exception):
    """A unit raised `error`."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(type(error).__name__)
        self.error = error


class NothingRaised(Exception):
    """A unit tagged `raises-exception` did not raise."""

    def __init__(self) -> None:
        super().__init__("tagged raises-exception, but it raised nothing; remove the tag")


@dataclass(frozen=True)
class Task:
    """A unit as the kernel sees it; `line` is the first line of its code in the post."""

    kind: Literal["cell", "doctest", "expression"]
    code: str
    line: int
    may_raise: bool
    raster: bool


def run_unit(shell: PostShell, task: Task) -> tuple[list[Output], BaseException | None]:
    """Run a unit; return its outputs, and the error that its tag allows.

    Raises:
        Failed: it raised; output up to then is in `shell.recorder`.
        NothingRaised: its tag promises an error.
    """
    run = {"cell": shell.run_cell_at, "expression": shell.evaluate, "doctest": shell.check}[task.kind]
    shell.figures.raster = task.raster
    try:
        outputs = run(task.code, task.line)
    except Failed as failed:
        if not task.may_raise:
            raise
        return shell.recorder.outputs, failed.error
    if task.may_raise:
        raise NothingRaised
    return outputs, None
