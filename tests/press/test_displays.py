"""A display shows, where it stands, what it was last updated to: what a notebook's front end does is the oracle."""

from __future__ import annotations

from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from running import Run

START = "from IPython.display import clear_output, display, update_display\n"
CASES = {
    "from the next cell": ["h = display(1, display_id=True)", "h.update(2)"],
    "twice": ["h = display(1, display_id=True)", "h.update(2)\nh.update(3)", "h.update(4)"],
    "in its own cell and later": [
        "h = display(1, display_id=True)\nprint('a')\nh.update(2)\nprint('b')",
        "h.update(3)",
    ],
    "by an id of one's own": ["display(1, display_id='a')", "update_display(2, display_id='a')"],
    "shown in two cells": [
        "display(1, display_id='b')",
        "display(2, display_id='c')",
        "update_display(3, display_id='c')",
    ],
    "two at once": ["a = display(1, display_id=True)\nb = display(2, display_id=True)", "b.update(3)", "a.update(4)"],
    "between prints": ["h = display(1, display_id=True)", "print('a')\nh.update(2)\nprint('b')"],
    "that stands nowhere": ["update_display(1, display_id='none')\nprint('a')"],
    "cleared before": ["h = display(1, display_id=True)\nclear_output()", "h.update(2)"],
    "in a cell that clears itself": ["h = display(1, display_id=True)", "h.update(2)\nclear_output()"],
    "as HTML": [
        "from IPython.display import HTML\nh = display(HTML('<b>1</b>'), display_id=True)",
        "h.update(HTML('<i>2</i>'))",
    ],
}


def told(outputs: Any) -> list[Any]:
    found: list[Any] = []
    for one in outputs:
        if "text" in one and found and isinstance(found[-1], str):
            found[-1] += one["text"]  # a front end shows them as one
        else:
            found.append(one.get("text") or dict(one["data"]))
    return found


@pytest.fixture(scope="module")
def in_jupyter() -> dict[str, list[list[Any]]]:
    """What a notebook's cells show after all have run; all cases in one kernel."""
    book = nbformat.v4.new_notebook()
    book.cells = [nbformat.v4.new_code_cell(code) for codes in ([START], *CASES.values()) for code in codes]
    NotebookClient(book, timeout=60).execute()
    shown = iter([told(cell.outputs) for cell in book.cells[1:]])
    return {case: [next(shown) for _ in codes] for case, codes in CASES.items()}


@pytest.mark.parametrize("case", CASES)
def test_a_display_shows_its_last_state_where_it_stands(
    case: str, run: Run, in_jupyter: dict[str, list[list[Any]]]
) -> None:
    codes = CASES[case]
    _, outputs = run("\n".join(f"```python\n{code}\n```\n" for code in [START, *codes]))
    assert [told(ran.outputs) for ran in outputs.settled().ran[1:]] == in_jupyter[case]
    assert outputs.settled().settled() == outputs.settled()
    assert not any("transient" in one for ran in outputs.settled().ran for one in ran.outputs)


def test_ids_that_are_drawn_at_random_leave_no_trace(run: Run) -> None:
    body = "```python\nh = display(1, display_id=True)\n```\n\n```python\nh.update(2)\n```\n"
    assert run(body)[1] == run(body)[1]
