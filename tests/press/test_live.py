"""Live preview: an edit runs what follows it, from the state that a fresh run would have."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toypost import HEAD

from mlblog.lab import Project
from mlblog.press import Compiled, Server, compile_posts


def cells(*codes: str) -> str:
    return "\n".join(f"```python\n{code}\n```\n" for code in codes)


@pytest.fixture(scope="module")
def live(project: Project, home: Path) -> Iterator[Server]:
    project.work.mkdir()
    with Server(project, timeout=20, live=True, worth=0) as server:
        yield server


@pytest.fixture
def shown(project: Project, live: Server) -> Callable[..., str]:
    """Write the post, compile it; the page, or what is wrong."""

    def shown(*codes: str, name: str = "t") -> str:
        for path in project.posts.glob("*.md"):
            path.unlink()
        (project.posts / f"{name}.md").write_text(HEAD + cells(*codes))
        done: Compiled = compile_posts(project, server=live)
        if done.errors:
            return str(done.errors[0])
        return (project.work / "pages" / "blog" / "posts" / f"{name}.md").read_text()

    return shown


def times() -> int:
    """How often the first cell has run."""
    return len((Path(os.environ["HOME"]) / "count").read_text())


COUNT = "import os\nwith open(os.environ['HOME'] + '/count', 'a') as file:\n    file.write('x')"  # in no manifest


@pytest.fixture(autouse=True)
def counted(home: Path) -> None:
    (home / "count").write_text("")


def test_editing_the_last_cell_does_not_wait_for_the_first(project: Project, shown: Callable[..., str]) -> None:
    slow = "import time, random\ntime.sleep(3)\nrandom.seed(5)\ntable = [1]"
    last = "table.append({}); (table, random.random())"
    shown(slow, "table.append(2)", last.format(3))
    start = time.perf_counter()
    page = shown(slow, "table.append(2)", last.format(4))
    seconds = time.perf_counter() - start
    assert f"([1, 2, 4], {random.Random(5).random()})" in page  # neither a 3 nor numbers that were drawn before
    assert seconds < 1.5  # half of the sleep


STATES: dict[str, tuple[list[str], str, str]] = {
    "a list": (["x = []"], "x.append({})\nx", "[{}]"),
    "a module's attribute": (["import json"], "json.left = getattr(json, 'left', '') + '{}'\njson.left", "'{}'"),
    "random": (
        ["import random\nrandom.seed(3)"],
        "{0} and random.randrange(10**6)",
        str(random.Random(3).randrange(10**6)),
    ),
    "numpy's generator": (
        ["import numpy as np\ng = np.random.default_rng(1)"],
        "{0} and int(g.integers(10**6))",
        str(np.random.default_rng(1).integers(10**6)),
    ),
    "a file's place": (
        ["from pathlib import Path\nPath('.mlblog/rows').write_text('a\\nb\\n')\nf = open('.mlblog/rows')"],
        "{0} and f.readline()",
        "'a\\n'",
    ),
    "the environment": (["import os"], "os.environ['E'] = os.environ.get('E', '') + '{}'\nos.environ['E']", "'{}'"),
    "an import of the edited cell": (
        ["import sys"],
        "seen = 'toy' in sys.modules\nimport toy\n{}, seen",
        "({}, False)",
    ),
    "warnings": (["import warnings"], "warnings.warn('careful {}')", "careful {}"),
    "an awaited value": (["import asyncio\nawait asyncio.sleep(0)"], "await asyncio.sleep(0, {})", "{}"),
    "a thread": (
        ["import threading\ne = threading.Event()\nt = threading.Thread(target=e.wait, daemon=True)\nt.start()"],
        "{}, t.is_alive()",
        "({}, True)",
    ),
    "a process": (
        ["import subprocess\np = subprocess.Popen(['cat'], stdin=-1, stdout=-1)"],
        "{}, p.communicate(b'c')[0]",
        "({}, b'c')",
    ),
    "a file being written": (["f = open('.mlblog/made', 'w')"], "f.write('{}')\nf.tell()", "1"),
    "a logging handler": (
        ["import logging\nlogging.basicConfig(format='%(message)s')"],
        "logging.warning('said {}')",
        "said {}",
    ),
}


@pytest.mark.parametrize(("before", "last", "expected"), STATES.values(), ids=STATES.keys())
def test_the_state_is_that_of_a_fresh_run(
    before: list[str], last: str, expected: str, shown: Callable[..., str]
) -> None:
    for value in (3, 4, 5):
        page = shown(*before, last.format(value))
        assert f"```text\n{expected.format(value)}\n```" in page or f"careful {value}" in page, page


def test_a_cell_that_failed_is_mended_from_its_start(shown: Callable[..., str]) -> None:
    assert "ZeroDivisionError" in shown(COUNT, "1 / 0")
    assert "NameError" in shown(COUNT, "undefined")
    assert "'mended'" in shown(COUNT, "'mended'")
    assert times() == 1


def test_a_cell_that_killed_its_process_is_mended(project: Project, shown: Callable[..., str]) -> None:
    kill = "import os\nos.kill(os.getpid(), 9)"
    assert "died here (SIGKILL)" in shown(COUNT, kill)
    assert "'mended'" in shown(COUNT, "'mended'")
    assert times() == 1
    assert "died here" in shown(COUNT, kill)  # woken, died; run from the start, died again
    assert times() == 2


def test_lines_are_those_of_the_post_as_it_is(shown: Callable[..., str]) -> None:
    define = "def f(x):\n    return 1 / x"
    shown(define, "f(1)")
    assert "posts_src/t.md:15: ZeroDivisionError" in shown("1", define, "f(0)")
    shown("# a\n# b\n1", define, "f(1)")
    assert "posts_src/t.md:14 in f" in shown("# a\n# b\n# c\n1", define, "f(0)")
    ask = "import inspect\ninspect.getsource(f), {}"
    shown(define, ask.format(1))
    assert "1 / x  # remark" in shown(define + "  # remark", ask.format(2))
    shown("1", define, ask.format(1))
    assert "return 1 / x\\n'" in shown("# above\n1", define, ask.format(2))


def test_a_module_that_was_imported_and_edited_is_imported_again(project: Project, shown: Callable[..., str]) -> None:
    module = project.root / "toy" / "parts.py"
    module.write_text("def f():\n    return 1\n\n\ndef g():\n    return 10\n")
    body = (COUNT, "from toy.parts import f, g", "f()", "g() + 1")
    assert "```text\n11\n```" in shown(*body)
    module.write_text(module.read_text().replace("10", "20"))
    assert "```text\n21\n```" in shown(*body)
    assert times() == 1  # before the import nothing knows the module
    assert "```text\n22\n```" in shown(*body[:-1], "g() + 2")
    assert times() == 1


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGSTOP])
def test_a_fork_that_is_dead_or_hangs_is_made_good_by_a_whole_run(
    sign: signal.Signals, live: Server, shown: Callable[..., str]
) -> None:
    shown(COUNT, f"'{sign}'")
    before = times()
    chains: Any = live._chains
    pid = next(one.snapshot.pid for one in chains._chains["posts_src/t.md"].asleep if one.snapshot.unit == 1)
    os.kill(pid, sign)
    time.sleep(0.1)
    assert f"'again {sign}'" in shown(COUNT, f"'again {sign}'")
    assert times() == before + 1
    assert f"'at last {sign}'" in shown(COUNT, f"'at last {sign}'")
    assert times() == before + 1
    stat = Path(f"/proc/{pid}/stat")
    assert not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


SLEEPS = "import time\ntime.sleep({})"


@pytest.mark.parametrize(
    ("slow", "runs"),
    [
        ("print('begun')\n" + SLEEPS.format(600), 1),  # it has shown something: it does not hang for being a fork
        ("while True:\n    pass", 1),  # it is at work
        (SLEEPS.format(600), 3),  # from the start: it may wait for a lock that only a fork finds taken
    ],
    ids=["prints", "works", "waits"],
)
def test_a_cell_that_takes_too_long_is_not_run_twice_if_it_was_alive(
    project: Project, live: Server, shown: Callable[..., str], slow: str, runs: int
) -> None:
    shown(COUNT, f"'{slow[:5]}'")
    before = times()
    for path in project.posts.glob("*.md"):  # with a limit of its own
        fence = f"```python timeout=1\n{COUNT}\n{slow}"
        path.write_text(path.read_text().replace(f"```python\n'{slow[:5]}'", fence))
    done = compile_posts(project, server=live)
    assert "t.md:11: timed out after 1 s" in str(done.errors[0])
    assert times() - before == runs


def test_snapshots_are_bounded(project: Project, live: Server, shown: Callable[..., str]) -> None:
    shown(*["1"] * 40)
    assert _sleepers(live) <= 24 * 8
    for number in range(12):
        shown("1", f"{number} + 1", name=f"n{number}")
    chains: Any = live._chains
    assert len(chains._chains) == 8


def _sleepers(live: Server) -> int:
    chains: Any = live._chains
    return sum(len(chain.asleep) for chain in chains._chains.values())


DEAF = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)"


ASLEEP, AT_WORK = "3", "while True:\n    pass"


@pytest.mark.parametrize(
    ("last", "before", "end"),
    [
        (ASLEEP, "1", signal.SIGINT),
        (ASLEEP, DEAF, signal.SIGKILL),
        (AT_WORK, "1", signal.SIGKILL),
        (AT_WORK, DEAF, signal.SIGINT),
        pytest.param(ASLEEP, "1", signal.SIGKILL, marks=pytest.mark.audit),
        pytest.param(ASLEEP, DEAF, signal.SIGINT, marks=pytest.mark.audit),
        pytest.param(AT_WORK, "1", signal.SIGINT, marks=pytest.mark.audit),
        pytest.param(AT_WORK, DEAF, signal.SIGKILL, marks=pytest.mark.audit),
    ],
)
def test_no_process_stays(fresh: Project, last: str, before: str, end: signal.Signals) -> None:
    helper = "import subprocess\nhelper = subprocess.Popen(['sleep', '600'])"  # nothing is kept after a child began
    begun = "open('begun', 'w').close()"
    (fresh.posts / "t.md").write_text(HEAD + cells("1", before, "2", f"{helper}\n{begun}\n{last}"))
    code = (
        "from mlblog.press import *; from mlblog.lab import *; import time; from pathlib import Path\n"
        "project = Project.find(); server = Server(project, live=True, worth=0)\n"
        "compile_posts(project, server=server); Path('done').write_text('1'); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=fresh.root, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (fresh.root / ("done" if last == ASLEEP else "begun")).exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert len(_processes_in(fresh.root)) >= 5
    process.send_signal(end)
    process.wait(20)
    deadline = time.monotonic() + 20
    while _processes_in(fresh.root) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _processes_in(fresh.root) == []


def _processes_in(folder: Path) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cwd").resolve(strict=True) == folder:
                found.append(entry.name)
        except OSError:
            continue
    return found


@pytest.mark.parametrize(
    "code", ["import inspect\ninspect.currentframe().f_lineno", "import warnings\nwarnings.warn('x')"]
)
def test_a_cell_that_sees_lines_runs_again_where_it_stands_on_others(code: str, fresh: Project) -> None:
    body = f"```python\n1\n```\n\n```python\n{code}\n```\n"
    post, page = fresh.posts / "t.md", fresh.work / "pages/blog/posts/t.md"
    with Server(fresh, timeout=60, live=True, worth=0) as live:
        for above in ("", "Prose.\n\n"):
            post.write_text(f"---\ntitle: T\ndate: 2026-11-21\n---\n{above}{body}")
            assert not compile_posts(fresh, server=live).errors
        line = 12 + code.count("\n")
        assert str(line) in page.read_text().partition("inspect" if "inspect" in code else "warnings")[2]
