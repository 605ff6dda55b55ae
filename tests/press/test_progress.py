"""What is said while cells run: which, of which post, for how long; on a terminal and elsewhere."""

from __future__ import annotations

import io

import pytest
from toypost import HEAD

from mlblog.lab import Project
from mlblog.press import Post, Server, parse_post
from mlblog.press.runner.progress import Progress, where

BODY = "```python\n1\n```\n\n`{python} 2`\n\n```pycon\n>>> 3\n3\n```\n\n```python\n{}\n```\n"


def post(last: str = "4") -> Post:
    return parse_post(HEAD + BODY.replace("{}", last), "posts_src/t.md")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr("mlblog.press.runner.progress.time.monotonic", lambda: now[0])
    return now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_units_are_counted_by_their_kind() -> None:
    found = post()
    assert [where(found, unit) for unit in found.units] == [
        "posts_src/t.md:5: cell 1 of 2",
        "posts_src/t.md:9: expression 1 of 1",
        "posts_src/t.md:11: doctest 1 of 1",
        "posts_src/t.md:16: cell 2 of 2",
    ]


def test_elsewhere_there_is_a_line_every_five_seconds(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    found, progress = post(), Progress()
    for second in range(13):
        clock[0] = 1000 + second
        progress.tell(found, found.units[0], second + 0.5)
        progress.tell(found, found.units[3], second + 0.7)  # another post runs beside it
    assert capsys.readouterr().err.splitlines() == [
        f"posts_src/t.md:5: cell 1 of 2, {seconds} s" for seconds in (1, 6, 11)
    ]


def test_on_a_terminal_one_line_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    found, progress = post(), Progress()
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    for second in range(4):
        progress.tell(found, found.units[3], second)
    said = [f"posts_src/t.md:16: cell 2 of 2, {second} s" for second in (1, 2, 3)]
    assert terminal.getvalue() == "".join(f"\r\x1b[2K{text}" for text in said)


def test_posts_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    found, progress = post(), Progress()
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    progress.begin(2)
    progress.ended("posts_src/s.md")
    progress.tell(found, found.units[3], 1)
    progress.ended("posts_src/t.md")
    said = ["[1/2] posts_src/s.md", "[1/2] posts_src/t.md:16: cell 2 of 2, 1 s", "[2/2] posts_src/t.md"]
    assert terminal.getvalue() == "".join(f"\r\x1b[2K{text}" for text in said) + "\n"


def test_elsewhere_posts_that_run_fast_are_not_told_of(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    progress.begin(3)
    for seconds, path in ((1, "a.md"), (4, "b.md"), (6, "c.md")):
        clock[0] = 1000 + seconds
        progress.ended(path)
    assert capsys.readouterr().err == "[3/3] c.md\n"


def test_a_process_that_is_slow_to_start_is_told_of_later(capsys: pytest.CaptureFixture[str]) -> None:
    for seconds in (1, 4.9, 5):
        Progress().tell(post(), None, seconds)
    assert capsys.readouterr().err == "posts_src/t.md: waiting for the kernel process, 5 s\n"


def test_a_cell_that_runs_is_told_of(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    with Server(project) as server:
        server.run(post())
        server.progress = Progress()  # the start of the process may have been reported just now
        server.run(post("import time\ntime.sleep(2.2)"))
        assert "posts_src/t.md:16: cell 2 of 2, 1 s\n" in capsys.readouterr().err
        server.run(post("time = 1"))
        assert capsys.readouterr().err == ""
