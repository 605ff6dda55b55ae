"""Live preview while a cell hangs: other pages are there, a fix shows at once, and Ctrl-C ends the cell first."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import FILES, HEAD, Serving, processes_in, write

OTHER, HUNG = "posts_src/other.md", "posts_src/hung.md"
CELL = "\n```python\n{}\n```\n"
# until the test says so, by a file that nothing watches; the limit of its post is 300 s
WAIT = "import time\nfrom pathlib import Path\nwhile not Path('.mlblog/go').exists():\n    time.sleep(0.01)\n'went on'"


def post(title: str, code: str) -> str:
    return HEAD.format(title, 1) + f"Of {title}.\n" + CELL.format(code)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hung").resolve()
    write(root, FILES | {OTHER: post("other", "'first'"), HUNG: post("hung", "'as it was'")})
    return root


@pytest.fixture(scope="module")
def serving(site: Path) -> Iterator[Serving]:
    serving = Serving(site)
    serving.wait_for("first", "/blog/other/")
    yield serving
    serving.end()


@pytest.fixture(autouse=True)
def mended(site: Path, serving: Serving) -> Iterator[None]:
    """After each test nothing hangs."""
    yield
    (site / ".mlblog/go").unlink(missing_ok=True)
    moment = time.time_ns()
    write(site, {HUNG: post("hung", f"'mended {moment}'")})
    serving.wait_for(f"mended {moment}", "/blog/hung/")


def hang(site: Path, serving: Serving, code: str = WAIT) -> None:
    """Save a cell that does not end, and wait until it runs."""
    before = len(serving.said)
    write(site, {HUNG: post("hung", f"{time.time_ns()}\n{code}")})  # what it has left before would be kept
    serving.wait_until_said("posts_src/hung.md:8: cell 1 of 1", before)


def test_old_pages_are_served_and_a_fix_shows_at_once(site: Path, serving: Serving) -> None:
    hang(site, serving)
    assert "first" in serving.get("/blog/other/")[1]
    assert "as it was" in serving.get("/blog/hung/")[1]
    write(site, {HUNG: post("hung", "'a fix'")})
    serving.wait_for("a fix", "/blog/hung/")


def test_another_post_is_edited_meanwhile_and_the_page_comes_when_the_cell_ends(site: Path, serving: Serving) -> None:
    hang(site, serving)
    write(site, {OTHER: post("other", "'second'")})
    serving.wait_for("second", "/blog/other/")
    assert "posts_src/hung.md:8: still running after" in serving.wait_for("mlblog-error", "/blog/hung/")
    write(site, {OTHER: post("other", "'third'")})
    serving.wait_for("third", "/blog/other/")
    (site / ".mlblog/go").touch()
    assert "mlblog-error" not in serving.wait_for("went on", "/blog/hung/")


def test_what_a_run_has_read_and_was_edited_since_is_read_anew(site: Path, serving: Serving) -> None:
    write(site, {"toy/table.txt": "old words"})
    hang(site, serving, f"text = open('toy/table.txt').read()\n{WAIT}\ntext")
    write(site, {"toy/table.txt": "new words"})
    (site / ".mlblog/go").touch()
    serving.wait_for("new words", "/blog/hung/")


@pytest.mark.parametrize(
    "code", [WAIT, "while True:\n    pass", "import subprocess\nsubprocess.run(['sleep', '600'])"],
    ids=["sleeps", "works", "waits for a program"],
)  # fmt: skip
def test_ctrl_c_ends_the_cell_and_not_the_preview(site: Path, serving: Serving, code: str) -> None:
    hang(site, serving, code)
    serving.interrupt()
    assert "KeyboardInterrupt" in serving.wait_for("mlblog-error", "/blog/hung/")
    assert "first" in serving.get("/blog/other/")[1] or "third" in serving.get("/blog/other/")[1]
    time.sleep(2.1)  # not the second of two


def test_a_second_ctrl_c_ends_the_preview_and_no_process_stays(site: Path, tmp_path: Path) -> None:
    own = (tmp_path / "own").resolve()
    deaf = "while True:\n    try:\n        while True: pass\n    except KeyboardInterrupt:\n        pass"
    write(own, FILES | {HUNG: post("hung", deaf)})
    serving = Serving(own)
    serving.wait_until_said("posts_src/hung.md:8: cell 1 of 1")
    serving.interrupt()
    serving.wait_until_said("press Ctrl-C again to end the preview")
    serving.interrupt()
    serving.process.wait(20)
    deadline = time.monotonic() + 20
    while processes_in(own) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes_in(own) == []


def test_ctrl_c_ends_the_preview_where_no_cell_runs(tmp_path: Path) -> None:
    own = (tmp_path / "own").resolve()
    write(own, FILES | {OTHER: post("other", "'first'")})
    serving = Serving(own)
    serving.wait_for("first", "/blog/other/")
    serving.interrupt()
    assert serving.process.wait(20) == 0
