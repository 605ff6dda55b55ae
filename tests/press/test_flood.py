"""Cells that print very much: in order, in time, and no more of it than a page can carry."""

from __future__ import annotations

import os
import threading

import pytest
from running import Run
from toypost import HEAD

from mlblog.errors import CellError
from mlblog.lab import Project
from mlblog.press import Outputs, Server, parse_post
from mlblog.press.kernel.transcript import MOST_TEXT


def streams(outputs: Outputs) -> list[tuple[str, str]]:
    return [(output["name"], output["text"]) for ran in outputs.ran for output in ran.outputs]


def note(dropped: int) -> tuple[str, str]:
    return "stdout", f"[{dropped:,} more characters are not shown: a cell may show 2,000,000]\n"


def test_many_prints_are_kept_whole(run: Run) -> None:
    _, outputs = run("```python\nfor i in range(100_000): print(i)\n```\n")
    assert streams(outputs) == [("stdout", "".join(f"{i}\n" for i in range(100_000)))]


TOO_MUCH = {
    "one print": ("print('x' * 200_000_000)", 200_000_001),
    "many prints": ("for i in range(3000): print('x' * 999)", 3_000_000),
    "bytes": ("import os\nfor i in range(300): _ = os.write(1, b'x' * 100_000)", 30_000_000),
    "a program": (
        "import subprocess\n_ = subprocess.run('head -c 300000000 /dev/zero | tr \"\\\\0\" x', shell=True)",
        300_000_000,
    ),
    "a program, while Python prints": (
        "import subprocess\nfor i in range(30):\n    print('x' * 100_000)\n"
        "    _ = subprocess.run('head -c 100000 /dev/zero | tr \"\\\\0\" x', shell=True)",
        30 * 200_001,
    ),
    "a worker": (
        "import multiprocessing as m\np = m.get_context('fork').Process(target=print, args=('x' * 30_000_000,))\n"
        "p.start(); p.join()",
        30_000_001,
    ),
}


@pytest.mark.parametrize(("code", "size"), TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_what_is_too_much_is_cut_and_said_to_be(run: Run, code: str, size: int) -> None:
    _, outputs = run(f"```python\n{code}\n```\n\n```python\nprint('after')\n```\n")
    (name, text), cut, after = streams(outputs)
    assert (name, len(text), set(text) - {"\n"}) == ("stdout", MOST_TEXT, {"x"})
    assert cut == note(size - MOST_TEXT)
    assert after == ("stdout", "after\n")


def test_a_value_that_is_too_long_is_cut(run: Run) -> None:
    _, outputs = run("```python\n'x' * 5_000_000\n```\n\n`{python} 'y' * 3_000_000`\n")
    (value,), (inline,) = (ran.outputs for ran in outputs.ran)
    assert value["data"]["text/plain"] == "'" + "x" * (MOST_TEXT - 1) + "\n" + note(3_000_002)[1].rstrip()
    assert inline["data"]["text/plain"].endswith("y\n" + note(1_000_000)[1].rstrip())


def test_streams_that_take_turns_are_cut_before_they_are_too_many(run: Run) -> None:
    code = "import sys\nfor i in range(6000):\n    print('o')\n    print('e', file=sys.stderr)"
    _, outputs = run(f"```python\n{code}\n```\n")
    *kept, cut = streams(outputs)
    assert kept == [("stdout", "o\n"), ("stderr", "e\n")] * 5000
    assert cut == note(4000)


def test_what_is_cleared_does_not_count(run: Run) -> None:
    code = (
        "from IPython.display import clear_output\nfor i in range(5):\n    clear_output()\n    print('x' * 1_500_000)"
    )
    _, outputs = run(f"```python\n{code}\n```\n")
    assert streams(outputs) == [("stdout", "x" * 1_500_000 + "\n")]


@pytest.mark.parametrize(
    "code",
    [
        "import subprocess\nsubprocess.run(['yes'])",
        "while True: print('x' * 1000)",
        "import os\nwhile True: os.write(1, b'x' * 1000)",
    ],
    ids=["a program", "print", "descriptor 1"],
)
def test_a_flood_ends_at_the_time_limit_and_fills_no_disk(project: Project, code: str) -> None:
    before = os.statvfs("/tmp")
    least = before.f_bavail
    is_over = threading.Event()

    def look() -> None:
        nonlocal least
        while not is_over.wait(0.02):
            least = min(least, os.statvfs("/tmp").f_bavail)

    thread = threading.Thread(target=look)
    post = parse_post(f"{HEAD}```python timeout=3\n{code}\n```\n", "posts_src/t.md")
    with Server(project) as server:
        server.run(parse_post(f"{HEAD}```python\n1\n```\n", "posts_src/t.md"))
        thread.start()
        with pytest.raises(CellError, match=r"t.md:5: timed out after 3 s"):
            server.run(post)
    is_over.set()
    thread.join()
    assert (before.f_bavail - least) * before.f_frsize < 1_000_000_000  # unchecked, it would be several times that


def test_a_limit_holds_for_a_post_that_is_never_silent(project: Project) -> None:
    many = "\n".join(f"```python\nimport time\ntime.sleep(0.002)\n{number}\n```\n" for number in range(700))
    post = parse_post(f"{HEAD[:-4]}timeout: 0.5\n---\n{many}", "posts_src/t.md")
    with Server(project) as server, pytest.raises(CellError, match=r"timed out after 0\.5 s"):
        server.run(post)
