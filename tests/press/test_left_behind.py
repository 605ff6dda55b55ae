"""No process of a post outlives it, nor those who compile it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from running import Run, texts
from toypost import HEAD

from mlblog.errors import CellError
from mlblog.lab import Project
from mlblog.press import Server, parse_post


def test_processes_that_a_post_leaves_behind_are_ended(project: Project, run: Run) -> None:
    _, outputs = run("```python\nimport subprocess\nsubprocess.Popen(['sleep', '600']).pid\n```\n")
    pid = int(texts(outputs.ran[0].outputs)[0])
    deadline = time.monotonic() + 10
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _alive(pid)


def test_closing_ends_a_post_that_runs(project: Project) -> None:
    """What Ctrl-C does: `close` while a thread waits for an endless cell."""
    import threading

    code = "from pathlib import Path\nimport os\nPath('pid').write_text(str(os.getpid()))\nwhile True: pass"
    post = parse_post(f"{HEAD}```python\n{code}\n```\n", "posts_src/t.md")
    server, raised = Server(project), []

    def hold() -> None:
        with pytest.raises(CellError) as caught:
            server.run(post)
        raised.append(caught.value)

    thread = threading.Thread(target=hold)
    thread.start()
    file = project.root / "pid"
    while not (file.is_file() and file.read_text()):
        time.sleep(0.02)
    server.close()
    thread.join(10)
    assert raised
    assert not _alive(int(file.read_text()))


def test_closing_ends_a_process_that_has_only_begun(fresh: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(fresh)
    start = server._start
    monkeypatch.setattr(server, "_start", lambda: (time.sleep(0.3), start()))  # it gets its turn after `close` has
    server.begin()
    server.close()
    assert server._starting is not None
    server._starting.join()
    working = [entry for entry in Path("/proc").glob("[0-9]*") if _folder(entry) == fresh.root.resolve()]
    assert [entry.name for entry in working if int(entry.name) != os.getpid() and _alive(int(entry.name))] == []


def _folder(entry: Path) -> Path | None:
    try:
        return (entry / "cwd").resolve(strict=True)
    except OSError:
        return None


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_nothing_stays_when_who_compiles_is_interrupted_or_killed(fresh: Project, end: signal.Signals) -> None:
    code = "import os, subprocess\np = subprocess.Popen(['sleep', '600'])\n"
    code += "open('pids', 'w').write(f'{os.getppid()} {os.getpid()} {p.pid}\\n')\nwhile True: pass"
    (fresh.posts / "t.md").write_text(f"{HEAD}```python\n{code}\n```\n")
    command = [
        sys.executable,
        "-c",
        "from mlblog.press import *; from mlblog.lab import *; compile_posts(Project.find())",
    ]
    process = subprocess.Popen(command, cwd=fresh.root, stderr=subprocess.DEVNULL, start_new_session=True)
    file, deadline = fresh.root / "pids", time.monotonic() + 60
    while not (file.is_file() and file.read_text().endswith("\n")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(end)
    process.wait(20)
    pids = [int(pid) for pid in file.read_text().split()]
    while any(map(_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not [pid for pid in pids if _alive(pid)]


def _alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
