"""What an output rests on, one case a row: each is a post of one blog, and something that its cell rests on changes.

The oracle is a build from nothing, in a new process; each row must show there that the change can be seen on its page.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from basis_changes import MODULE, filled, rezip
from basis_rows import OF_ALL, ROWS
from coinblog import write_project
from toypost import HEAD

from mlblog.lab import Project
from mlblog.press import compile_posts

LOG_SETTINGS = (
    "[loggers]\nkeys=root\n[handlers]\nkeys=v1\n[formatters]\nkeys=\n[logger_root]\nhandlers=v1\n"
    "[handler_v1]\nclass=StreamHandler\nargs=()\n"
)


def _row(number: int) -> str:
    return f"r{number:03}_"


def _lay_out(project: Project, outside: Path) -> None:
    root = project.root
    (root / "toy/where.py").write_text("import sys\n\n\ndef line():\n    return sys._getframe(1).f_lineno\n")
    (root / "data").mkdir()
    (root / "data/format.txt").write_text("%(lineno)d")
    for number, (code, _) in enumerate(ROWS.values()):
        name = _row(number)
        for path, text in {
            f"toy/{name}.py": MODULE,
            f"toy/{name}ext.py": "def load_ipython_extension(shell):\n    print('v1')\n",
            f"{name}beside.py": "WORD = 'v1'\n",
            f"data/{name}.txt": "v1\n",
            f"data/{name}.mplstyle": "lines.linewidth: 3\n",
            f"data/{name}.ini": LOG_SETTINGS,
            f"toy/{name}.cfg": "v1 of the module\n",
            f"docs/results/{name}.txt": "v1\n",
            f"folders/{name}/a": "v1\n",
            f"out/{name}": "",
            f"{outside}/{name}.txt": "v1\n",
            f"{outside}/{name}outside.py": "WORD = 'v1'\n",
            f"posts_src/{name}.md": f"{HEAD}\n```python\n{filled(code, name, outside)}\n```\n",
        }.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        with sqlite3.connect(root / f"data/{name}.db") as data:
            data.execute("create table t (x)")
            data.execute("insert into t values ('v1')")
        data.close()
        rezip(root, name, "v1")
        (root / f"data/{name}.link").symlink_to(root / f"data/{name}.txt")
        # an object of `Thing`, by its name
        (root / f"data/{name}.pickle").write_bytes(f"ctoy.{name}\nThing\n)\x81.".encode("latin1"))


Builds = tuple[dict[str, bytes], dict[str, bytes], dict[str, bytes], list[str]]


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builds]:
    """The pages before the changes, after them, and from nothing; and the posts that ran again before them."""
    folder = tmp_path_factory.mktemp("basis")
    project = write_project(folder / "blog")
    _lay_out(project, folder / "outside")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLTEST_WORD", "v1")
        before = _pages(project)
        again = compile_posts(project).ran
        patch.setenv("MLTEST_WORD", "v2")
        patch.setenv("MLTEST_NEW", "")
        after = {}
        for last in (False, True):
            for number, (row, (_, change)) in enumerate(ROWS.items()):
                if (row in OF_ALL) == last:
                    change(project.root, _row(number))
            pages = _pages(project)
            after |= {_row(n): pages[_row(n)] for n, row in enumerate(ROWS) if (row in OF_ALL) == last}
        shutil.rmtree(project.work)
        yield before, after, _pages(project), again


_TIMES = re.compile(rb".*(?:CPU times|Wall time|seconds|percall).*")


def _pages(project: Project) -> dict[str, bytes]:
    done = compile_posts(project)
    assert not done.errors, "\n\n".join(map(str, done.errors))
    return {path.stem: _TIMES.sub(b"", path.read_bytes()) for path in (project.work / "pages/blog/posts").glob("*.md")}


@pytest.mark.parametrize("row", ROWS)
def test_a_page_is_that_of_a_build_from_nothing(row: str, builds: Builds) -> None:
    name = _row(list(ROWS).index(row))
    before, after, fresh, _ = builds
    assert before[name] != fresh[name], "the change cannot be seen"
    assert after[name] == fresh[name]


_STARTS = ("!", "%sx", "%%bash", "%%python", "names", "a program", "a shell", "os.system", "os.popen")
_WRITES = ("%%writefile", "shutil.copy")
#: Nobody sees what another program reads; and what was asked for has been written since.
PROGRAMS = {row for row in ROWS if row.startswith((*_STARTS, *_WRITES))}


@pytest.mark.parametrize("row", ROWS)
def test_without_a_change_only_what_cannot_be_seen_runs_again(row: str, builds: Builds) -> None:
    path = f"posts_src/{_row(list(ROWS).index(row))}.md"
    assert (path in builds[3]) == (row in PROGRAMS)
