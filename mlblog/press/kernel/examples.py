"""Doctests: in `pycon` fences, and in docstrings of definitions in cells.

A mismatch is a failure, reported on its own line of the post.
"""

from __future__ import annotations

import ast
import doctest
import re
from collections.abc import Iterator
from typing import Any


class ExampleFailed(Exception):
    """An example's output does not match.

    Attributes:
        line: line of the post.
        statement: first line of the statement.
        cause: the exception that the example raised, if any; its traceback starts in the example.
    """

    def __init__(self, message: str, line: int, statement: str = "", cause: BaseException | None = None) -> None:
        super().__init__(message)
        self.line, self.statement, self.cause = line, statement, cause


def run_examples(text: str, namespace: dict[str, Any], path: str, line: int) -> None:
    """Run the examples in `text`, which starts on `line` of the post at `path`, until one fails.

    Raises:
        ExampleFailed: an output does not match, or an example is malformed.
    """
    try:
        test = doctest.DocTestParser().get_doctest(text, {}, path, path, line - 1)
    except ValueError as error:  # no space after `>>>`, or inconsistent indentation
        found = re.match(r"line (\d+) of the docstring for \S+ (.*)", str(error), re.DOTALL)
        within, what = (int(found[1]), found[2]) if found else (1, str(error))
        raise ExampleFailed(f"this example {what}", line + within - 1) from error
    test.globs = namespace  # `DocTest` copies its globals
    runner = doctest.DebugRunner(verbose=False)  # raises on the first failure
    try:
        runner.run(test, out=lambda _: None, clear_globs=False)
    except doctest.DocTestFailure as failed:
        difference = doctest.OutputChecker().output_difference(failed.example, failed.got, runner.optionflags)
        raise ExampleFailed(difference.rstrip(), *_place(failed.example, line)) from None
    except doctest.UnexpectedException as failed:
        cause, trace = failed.exc_info[1], failed.exc_info[2].tb_next
        while trace is not None and not trace.tb_frame.f_code.co_filename.startswith("<doctest "):
            trace = trace.tb_next
        raise ExampleFailed("", *_place(failed.example, line), cause.with_traceback(trace)) from None


def docstrings(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield the docstrings with examples of definitions in `tree`, with their first lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            text = ast.get_docstring(node, clean=False)
            if text is not None and ">>>" in text:
                yield text, node.body[0].lineno


def _place(example: doctest.Example, line: int) -> tuple[int, str]:
    return line + example.lineno, example.source.split("\n")[0]
