"""Whatever a cell does to its process, its post shows it or fails by name, and the posts beside it are as ever."""

from __future__ import annotations

from typing import Any

import pytest
from running import Run
from toypost import HEAD

from mlblog.errors import CellError
from mlblog.lab import Project
from mlblog.press import Outputs, Post, Server, compile_posts


def shown(outputs: Outputs) -> str:
    """All text that the units of a post show."""
    found: list[Any] = [output for ran in outputs.ran for output in ran.outputs]
    return "".join(output.get("text") or output["data"].get("text/plain", "") + "\n" for output in found)


# code: what the page shows of it, in whatever order processes get there
SHOWS = {
    "a fork": ("import os\npid = os.fork()\nprint('parent' if pid else 'child')", "child parent"),
    "a fork that is waited for": (
        "import os\npid = os.fork()\nif pid:\n    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\nelse:\n"
        "    raise SystemExit(7)",
        "7",
    ),
    "a fork that leaves": ("import os\nif not os.fork():\n    print('c', flush=True)\n    os._exit(0)\n'p'", "'p' c"),
    "a fork of a fork": ("import os\nos.fork()\nos.fork()\nprint('x')", "x x x x"),
    "a fork that shows a value": ("import os\nos.fork() and None\n3", "3 3"),
    "a pool by fork": (
        "import multiprocessing as m\nwith m.get_context('fork').Pool(2) as p:\n    p.map(print, 'ab')",
        "a b",
    ),
    "a function of a cell in a pool by fork": (
        "import multiprocessing as m\ndef f(x):\n    print('f', x)\n    return x + 1\n"
        "with m.get_context('fork').Pool(1) as p:\n    print(p.map(f, [1]))",
        "[2] 1 f",
    ),
    "an executor": (
        "from concurrent.futures import ProcessPoolExecutor\nwith ProcessPoolExecutor(2) as e:\n"
        "    list(e.map(print, ['a', 'b', 'c']))",
        "a b c",
    ),
    "an executor by spawn": (
        "import math, multiprocessing as m\nfrom concurrent.futures import ProcessPoolExecutor as E\n"
        "with E(1, mp_context=m.get_context('spawn')) as e:\n    print(*e.map(math.sqrt, [4, 9]))",
        "2.0 3.0",
    ),
    "a pool by forkserver": (
        "import multiprocessing as m\nwith m.get_context('forkserver').Pool(1) as p:\n    print(p.map(abs, [-1]))",
        "[1]",
    ),
    "a process by spawn that prints": (
        "import multiprocessing as m\np = m.get_context('spawn').Process(target=print, args=('s',))\n"
        "p.start(); p.join()",
        "s",
    ),
    "a module's function by spawn": (
        "import multiprocessing as m\nfrom toy.parts import double\n"
        "with m.get_context('spawn').Pool(1) as p:\n    print(p.map(double, [4]))",
        "[8]",
    ),
    "a thread that stays": (
        "import threading\nthreading.Thread(target=threading.Event().wait).start()\n'on'",
        "'on'",
    ),
    "threads that print": (
        "import threading\nts = [threading.Thread(target=print, args=(i,)) for i in range(3)]\n"
        "for t in ts: t.start(); t.join()",
        "0 1 2",
    ),
    "descriptor 1 closed": ("import os\nos.close(1)\nprint('still')", "still"),
    "standard output closed": ("import sys\nsys.stdout.close()\nprint('still')", "still"),
    "standard output replaced": ("import io, sys\nsys.stdout = io.StringIO()\nprint('lost')", ""),
    "another folder": ("import os\nos.chdir('/')\nos.getcwd()", "'/'"),
    "a folder that is deleted": (
        "import os, tempfile\nd = tempfile.mkdtemp()\nos.chdir(d)\nos.rmdir(d)\n'gone'",
        "'gone'",
    ),
    "signals": (
        "import signal\nfor s in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGPIPE):\n"
        "    signal.signal(s, signal.SIG_IGN)\n'deaf'",
        "'deaf'",
    ),
    "an exit handler": ("import atexit\natexit.register(print, 'late')\n1", "1"),
    "%matplotlib": ("%matplotlib inline\n%config InlineBackend.figure_format = 'retina'\n1", "1"),
    "%pylab": ("%pylab inline\nfloat(pi) > 3", "%pylab is deprecated, use %matplotlib inline and import the required"
               " libraries.\nPopulating the interactive namespace from numpy and matplotlib\nTrue"),
    "%gui": ("%gui\n1", "1"),
    "%autoreload": ("%load_ext autoreload\n%autoreload 2\nimport toy\n1", "1"),
    "a shell that opens its output anew": ("!echo a | tee /dev/stderr > /dev/null\n!echo b > /dev/stdout", "a b"),
    "a character in two pieces": (
        "import os\nos.write(1, b'\\xc3')\nprint(end='')\nos.write(1, b'\\xa4')\nNone",
        "ä",
    ),
    "no frames left": ("import sys\ndef f(): f()\ntry:\n    f()\nexcept RecursionError:\n    print('deep')", "deep"),
    "half a character": ("print('\\ud800')", "\ud800"),
    "no number to close": ("import os\nos.closerange(200, 250)\n1", "1"),
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), SHOWS.values(), ids=SHOWS.keys())
def test_what_cells_and_their_processes_print_is_shown(project: Project, run: Run, code: str, expected: str) -> None:
    (project.root / "toy/parts.py").write_text("def double(x):\n    return 2 * x\n")
    _, outputs = run(f"```python\n{code}\n```\n\n```python\nprint('after')\n```\n")
    text = shown(outputs)
    assert text.endswith("after\n"), text
    words = text.replace("after", "").split()
    assert sorted(words) == sorted(expected.replace("\ud800", "?").split()), text


# code: where it fails, and what is said
FAILS = {
    "exit()": ("exit()", 6, "SystemExit"),
    "quit": ("1\nquit()", 7, "posts must not exit; remove this call, or mark the block `.noeval`"),
    "sys.exit(0)": ("import sys\nsys.exit(0)", 7, "SystemExit: 0"),
    "os._exit(0)": ("import os\nos._exit(0)", 5, "the process of the post died here (exit code 0)"),
    "a signal": ("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)", 5, "died here (SIGTERM)"),
    "a segmentation fault": ("import ctypes\nctypes.string_at(0)", 5, "died here (SIGSEGV)"),
    "input()": ("input('name?')", 6, "`input()` does not work in a post"),
    "breakpoint()": ("breakpoint()\n1", 6, "use `pytest --pdb posts_src`"),
    "memory": ("x = bytearray(2**33)", 6, "MemoryError"),
    "%matplotlib qt": ("1\n%matplotlib qt", 7, "qt opens windows, which a post cannot"),
    "%gui qt": ("%gui qt", 6, "opens windows"),
    "recursion": ("def f(): f()\nf()", 7, "RecursionError"),
    "Ctrl-C": ("import os\nos.kill(os.getpid(), 2)\nfor _ in range(10**9): pass", 7, "KeyboardInterrupt"),
    "a repr that fails": ("class A:\n    def __repr__(self): 1 / 0\nA()", 7, "ZeroDivisionError"),
    "an error whose message fails": (
        "class E(Exception):\n    def __str__(self): 1 / 0\nraise E",
        8,
        "E: the error message is not available",
    ),
    "a script that fails": ("open('.mlblog/s.py', 'w').write('1/0')\n%run .mlblog/s.py", 6, "ZeroDivisionError"),
    "a cell's function by spawn": (
        "import multiprocessing as m\ndef f(x):\n    return x\nwith m.get_context('spawn').Pool(1) as p:\n"
        "    p.map(f, [1])",
        10,
        "f is defined in a cell, and a spawned process does not run the cells of its post",
    ),
    "a cell's method by forkserver": (
        "import multiprocessing as m\nclass C:\n    def f(self, x): return x\n"
        "with m.get_context('forkserver').Pool(1) as p:\n    p.map(C().f, [1])",
        10,
        "C.f is defined in a cell",
    ),
    "a fork that raises, waited for": (
        "import os\npid = os.fork()\nif not pid:\n    1 / 0\nassert os.waitpid(pid, 0)[1] == 0",
        10,
        "AssertionError",
    ),
    "a display that is too much": ("from IPython.display import HTML\nHTML('x' * 70_000_000)", 7, "the limit is 64"),
    "more outputs than a page takes": ("for i in range(20_000): display(i)", 6, "more than 10,000 outputs"),
    "all descriptors closed": ("import os\nos.closerange(3, 1000)", 5, "the process of the post died here"),
    "words on the socket of its build": (
        "import os, socket, stat\nfor fd in range(3, 100):\n    try:\n"
        "        socket.socket(fileno=os.dup(fd)).send(b'[]\\n')\n    except OSError:\n        pass",
        5,
        "a cell corrupted its process's connection to the build",
    ),
}


@pytest.mark.parametrize(("code", "line", "says"), FAILS.values(), ids=FAILS.keys())
def test_what_ends_a_cell_is_told_by_its_line(project: Project, run: Run, code: str, line: int, says: str) -> None:
    project.work.mkdir(exist_ok=True)
    with pytest.raises(CellError) as caught:
        run(f"```python\n{code}\n```\n")
    assert str(caught.value).startswith(f"posts_src/t.md:{line}: "), caught.value
    assert says in str(caught.value)


def test_a_debugger_that_the_environment_names_is_not_opened(
    project: Project, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONBREAKPOINT", "ray.util.rpdb.set_trace")
    with pytest.raises(CellError, match="use `pytest --pdb posts_src`"):
        run("```python\nbreakpoint()\n```\n")


def test_an_error_in_a_fork_is_shown_without_paths_of_this_machine(project: Project, run: Run) -> None:
    _, outputs = run("```python\nimport os\nif not os.fork():\n    1 / 0\n```\n")
    text = shown(outputs)
    assert 'File "posts_src/t.md", line 8' in text
    assert "ZeroDivisionError" in text
    assert str(project.root) not in text


KILLS = {
    "forks": "import os\nos.fork()\nprint('x')",
    "exits": "import os\nos._exit(3)",
    "kills what it was forked from": "import os, signal, time\nos.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(9)",
    "kills its group": "import os, signal\nos.kill(0, signal.SIGKILL)",
    "breaks off in the middle of the build's socket": "import os\nos.write(3, b'{\"event\"')\nos._exit(1)",
}


@pytest.mark.parametrize("code", KILLS.values(), ids=KILLS.keys())
def test_no_post_ends_another(fresh: Project, code: str) -> None:
    (fresh.posts / "bad.md").write_text(f"{HEAD}```python\n{code}\n```\n")
    for number in range(3):
        body = f"```python\nimport time\ntime.sleep(0.5)\nprint('fine {number}')\n```\n"
        (fresh.posts / f"good{number}.md").write_text(HEAD + body)
    done = compile_posts(fresh)
    for number in range(3):
        page = fresh.work / f"pages/blog/posts/good{number}.md"
        assert f"fine {number}" in page.read_text(), done.errors
    assert all(str(error).startswith("posts_src/bad.md:") for error in done.errors), done.errors
    assert len(done.errors) == 1 or "fork()" in code or "getppid" in code


def test_an_error_that_nobody_foresaw_ends_its_post_alone(
    fresh: Project, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("bad", "good"):
        (fresh.posts / f"{name}.md").write_text(f"{HEAD}```python\n'{name}'\n```\n")
    usual = server.run

    def run(post: Post, *rest: Any) -> Outputs:
        if post.path == "posts_src/bad.md":
            raise KeyError("unforeseen")
        return usual(post, *rest)

    monkeypatch.setattr(server, "run", run)
    done = compile_posts(fresh, server=server)
    assert [str(error) for error in done.errors] == [
        "posts_src/bad.md:1: internal error: KeyError: 'unforeseen'; please report it, with this post"
    ]
    assert "'good'" in (fresh.work / "pages/blog/posts/good.md").read_text()
