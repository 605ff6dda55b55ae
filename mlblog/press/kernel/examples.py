"""Examples with `>>>`: those of a `pycon` fence, and those in the docstrings of what a cell defines.

One that gives something else than it shows is a failure, on its own line of the post.
"""

from __future__ import annotations

import ast
import doctest
import re
from collections.abc import Iterator
from typing import Any


class ExampleFailed(Exception):
    """An example gave something else than it shows.

    Attributes:
        line: of the post.
        statement: its first line.
        cause: what it raised, if it raised; its traceback starts in the example.
    """

    def __init__(self, message: str, line: int, statement: str = "", cause: BaseException | None = None) -> None:
        super().__init__(message)
        self.line, self.statement, self.cause = line, statement, cause


def run_examples(text: str, namespace: dict[str, Any], path: str, line: int) -> None:
    """Run the examples in `text`, which starts on `line` of the post at `path`, until one fails.

    Raises:
        ExampleFailed: one gave something else than it shows, or is not written as an example is.
    """
    try:
        test = doctest.DocTestParser().get_doctest(text, {}, path, path, line - 1)
    except ValueError as error:  # a blank is missing after `>>>`, or lines are indented less than their prompt
        found = re.match(r"line (\d+) of the docstring for \S+ (.*)", str(error), re.DOTALL)
        within, what = (int(found[1]), found[2]) if found else (1, str(error))
        raise ExampleFailed(f"this example {what}", line + within - 1) from error
    test.globs = namespace  # a doctest copies what it is given
    runner = doctest.DebugRunner(verbose=False)  # the one that raises
    try:
        runner.run(test, out=lambda _: None, clear_globs=False)
    except doctest.DocTestFailure as failed:
        told = doctest.OutputChecker().output_difference(failed.example, failed.got, runner.optionflags)
        raise ExampleFailed(told.rstrip(), *_place(failed.example, line)) from None
    except doctest.UnexpectedException as failed:
        cause, trace = failed.exc_info[1], failed.exc_info[2].tb_next
        while trace is not None and not trace.tb_frame.f_code.co_filename.startswith("<doctest "):
            trace = trace.tb_next
        raise ExampleFailed("", *_place(failed.example, line), cause.with_traceback(trace)) from None


def docstrings(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield the docstrings with examples of what `tree` defines, and the line on which each starts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            text = ast.get_docstring(node, clean=False)
            if text is not None and ">>>" in text:
                yield text, node.body[0].lineno


def _place(example: doctest.Example, line: int) -> tuple[int, str]:
    return line + example.lineno, example.source.split("\n")[0]
