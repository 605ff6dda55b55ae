"""Examples with `>>>`, in `pycon` fences and in docstrings: they run, and one that fails is told by its own line."""

from __future__ import annotations

import pytest
from running import Run

from mlblog.errors import CellError

CELL = '```python\ndef f(x):\n    """Double it.\n\n    >>> f(2)\n    4\n{}    """\n    return 2 * x\n```\n'


@pytest.mark.parametrize(
    ("body", "line", "says"),
    [
        ("```pycon\n>>> 1\n1\n>>> 1 + 1\n3\n```\n", 8, ["1 + 1", "Expected:\n    3\nGot:\n    2"]),
        ("a\n\n```pycon\n>>> x = 1\n>>> x / 0\n```\n", 9, ["ZeroDivisionError: division by zero", "x / 0"]),
        ("```pycon\n>>> for i in range(2):\n...     print(i)\n0\n2\n```\n", 6, ["Got:\n    0\n    1"]),
        ("```pycon\n>>> 1\n1\n>>>2\n```\n", 8, ["lacks blank after >>>"]),
        ("```pycon\n>>> (1\n```\n", 6, ["SyntaxError"]),
        ("```pycon\n>>> raise SystemExit(3)\n```\n", 6, ["SystemExit: 3"]),
        (CELL.format("\n    >>> f(3)\n    7\n"), 12, ["f(3)", "Expected:\n    7\nGot:\n    6"]),
        (CELL.format("    >>> f(None)\n"), 11, ["TypeError", "f(None)", "raised at posts_src/t.md:13 in f"]),
        ("```python\n%time 1\nclass A:\n    def g(self):\n        '''\n        >>> A().g()\n        1\n        '''\n```\n",
         10, ["A().g()", "Got nothing"]),
        ("```python\n\n\n\ndef f():\n    ''' >>> 1\n    2\n    '''\n```\n", 10, ["Got:\n    1"]),
        ('```python tags=["raises-exception"]\ndef f():\n    """\n    >>> 1\n    1\n    """\n```\n', 6, ["it raised nothing"]),
    ],
)  # fmt: skip
def test_an_example_that_fails_is_told_by_its_line(body: str, line: int, says: list[str], run: Run) -> None:
    with pytest.raises(CellError) as caught:
        run(body)
    assert str(caught.value).startswith(f"posts_src/t.md:{line}: "), caught.value
    for piece in says:
        assert piece in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        CELL.format(""),
        CELL.format("    >>> f(3)  # doctest: +SKIP\n    7\n"),
        CELL.format("    >>> f('a')  # doctest: +ELLIPSIS\n    'a...'\n"),
        CELL.format(
            "    >>> f(None)\n    Traceback (most recent call last):\n    TypeError: unsupported operand\n"
        ).replace(">>> f(None)", ">>> f(None)  # doctest: +IGNORE_EXCEPTION_DETAIL"),
        "```pycon\n>>> x = 3\n```\n\n```python\nassert x == 3\n```\n",
        "```python\ns = 'not a docstring >>> 1'\n```\n",
    ],
)
def test_one_that_holds_shows_nothing(body: str, run: Run) -> None:
    _, outputs = run(body)
    assert all(not ran.outputs for ran in outputs.ran)


def test_examples_of_a_docstring_leave_the_names_of_the_post_alone(run: Run) -> None:
    example = '```python\nx = 1\n\n\ndef f():\n    """\n    >>> x = 2; print("gone")\n    gone\n    """\n\n\nprint("kept")\n```\n'
    _, outputs = run(example + "\n`{python} x`\n")
    assert [output.get("text") for output in outputs.ran[0].outputs] == ["kept\n"]
    assert outputs.ran[1].outputs[0]["data"]["text/plain"] == "1"
