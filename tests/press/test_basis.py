"""What an output rests on, one case a row: each is a post of one blog, and something that its cell rests on changes.

The oracle is a build from nothing, in a new process; each row must show there that the change can be seen on its page.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import write_project

from mlblog.lab import Project
from mlblog.press import compile_posts

HEAD = "---\ntitle: T\ndate: 2026-11-21\n---\n"
MODULE = (
    'WORD = "v1"\n\n\ndef f():\n    return WORD\n\n\nclass Thing:\n    def __repr__(self):\n        return f()\n\n\n'
    'def g():\n    """v1"""\n\n\nif __name__ == "__main__":\n    print(WORD)\n'
)

Change = Callable[[Path, str], object]


def edit(path: str) -> Change:
    def change(root: Path, name: str) -> None:
        file = root / _filled(path, name)
        file.write_text(file.read_text().replace("v1", "v2"))

    return change


def write(path: str, text: str = "v2\n") -> Change:
    def change(root: Path, name: str) -> None:
        (root / _filled(path, name)).parent.mkdir(parents=True, exist_ok=True)
        (root / _filled(path, name)).write_text(text)

    return change


def delete(path: str) -> Change:
    return lambda root, name: (root / _filled(path, name)).unlink()


def same_size_and_time(path: str) -> Change:
    def change(root: Path, name: str) -> None:
        file = root / _filled(path, name)
        stat = file.stat()
        edit(path)(root, name)
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    return change


def touch(path: str) -> Change:
    return lambda root, name: os.utime(root / _filled(path, name), (10**9, 10**9))


def insert(root: Path, name: str) -> None:
    with sqlite3.connect(root / f"data/{name}.db") as data:
        data.execute("insert into t values ('v2')")
    data.close()


def prose(root: Path, name: str) -> None:
    post = root / f"posts_src/{name}.md"
    post.write_text(post.read_text().replace("---\n\n", "---\n\nProse.\n\nMore of it.\n\n"))


def in_post(old: str, new: str) -> Change:
    def change(root: Path, name: str) -> None:
        post = root / f"posts_src/{name}.md"
        assert old in post.read_text()
        post.write_text(post.read_text().replace(old, new))

    return change


THE_MODULE, THE_FILE = edit("toy/NAME.py"), edit("data/NAME.txt")

#: What a cell says, and what changes. `NAME` is the row's own module `toy/NAME.py`, file `data/NAME.txt`, post.
ROWS: dict[str, tuple[str, Change]] = {
    # IPython's syntax
    "%time": ("from toy.NAME import f\n%time print(f())", THE_MODULE),
    "%time of a name": ("from toy.NAME import WORD\nx = %time WORD\nx", THE_MODULE),
    "%%time": ("%%time\nfrom toy.NAME import f\nprint(f())", THE_MODULE),
    "%%capture": ("%%capture out\nfrom toy.NAME import f\nprint(f())\n```\n\n```python\nout.show()", THE_MODULE),
    "%prun": ("from toy.NAME import f\nx = %prun -q -r print(f())", THE_MODULE),
    "%timeit": ("from toy.NAME import f\nseen = []\n%timeit -n 1 -r 1 -q seen.append(f())\nseen", THE_MODULE),
    "question mark": ("from toy.NAME import g\nprint(g.__doc__)\n%pdoc g", THE_MODULE),
    "%run": ("%run toy/NAME.py", THE_MODULE),
    "%load_ext": ("%load_ext toy.NAMEext", edit("toy/NAMEext.py")),
    "get_ipython": ('get_ipython().run_line_magic("time", "from toy.NAME import f; print(f())")', THE_MODULE),
    "names = !": ("files = !cat data/NAME.txt\nfiles", THE_FILE),
    "! with a value": ("path = 'data/NAME.txt'\n!cat {path}", THE_FILE),
    "! of a module": ("import sys\n!{sys.executable} -m toy.NAME", THE_MODULE),
    "%%bash": ("%%bash\ncat data/NAME.t?t", THE_FILE),
    "%%bash, outside the project": ("%%bash\ncat OUTSIDE/NAME.t?t", edit("OUTSIDE/NAME.txt")),
    "%%bash and a variable": ("%%bash\necho $MLTEST_WORD", lambda *_: None),
    "%%writefile": ("%%writefile out/NAME.txt\nx\n", in_post("\nx\n", "\ny\n")),
    "%env": ("%env MLTEST_WORD", lambda *_: None),
    # code of text
    "exec": ('exec("from toy.NAME import WORD; print(WORD)")', THE_MODULE),
    "exec of a constant of a module in use": (
        'from toy.NAME import g\ng()\nexec("from toy.NAME import WORD; print(WORD)")',
        THE_MODULE,
    ),
    "eval": ('import toy.NAME\neval("toy." + "NAME.WORD")', THE_MODULE),
    "timeit": ('import timeit\ntimeit.timeit("print(f())", "from toy.NAME import f", number=1);', THE_MODULE),
    "cProfile": (
        'import cProfile, io\nfrom toy.NAME import g\ncProfile.Profile().run("import toy.NAME as m; print(m.f())");',
        THE_MODULE,
    ),
    "runpy": ("import runpy\nrunpy.run_module('toy.' + 'NAME')['WORD']", THE_MODULE),
    "a computed import": ("import importlib\nimportlib.import_module('to' + 'y.NAME').WORD", THE_MODULE),
    "a pickle": ("import pickle\npickle.load(open('data/NAME.pickle', 'rb'))", THE_MODULE),
    "a pickle, of a module in use": (
        "import pickle\nfrom toy.NAME import g\ng()\npickle.load(open('data/NAME.pickle', 'rb'))",
        THE_MODULE,
    ),
    "a forked process": (
        "import multiprocessing\nfrom toy.NAME import f\n"
        "with multiprocessing.get_context('fork').Pool(1) as pool:\n    print(pool.apply(f))",
        THE_MODULE,
    ),
    "a forked process that imports": (
        "import multiprocessing, importlib\ndef work():\n    return importlib.import_module('toy' + '.NAME').WORD\n"
        "with multiprocessing.get_context('fork').Pool(1) as pool:\n    print(pool.apply(work))",
        THE_MODULE,
    ),
    "a class in a logging configuration": (
        "from logging.config import dictConfig\n"
        "dictConfig({'version': 1, 'formatters': {'x': {'()': 'toy.NAME' + '.f'}}})\n"
        "import sys\nsys.modules['toy.' + 'NAME'].f()",
        THE_MODULE,
    ),
    "a docstring": ("from toy.NAME import g\ng.__doc__", THE_MODULE),
    # inputs
    "a computed name": ("name = 'NAME'\nopen(f'data/{name}.txt').read()", THE_FILE),
    "below the results": ("name = 'NAME'\nopen(f'docs/results/{name}.txt').read()", edit("docs/results/NAME.txt")),
    "a database": (
        "import sqlite3\nname = 'NAME'\nsqlite3.connect(f'data/{name}.db').execute('select * from t').fetchall()",
        insert,
    ),
    "a database by URI": (
        "import sqlite3\nsqlite3.connect('file:data/NAME.db?mode=ro', uri=True).execute('select * from t').fetchall()",
        insert,
    ),
    "a program with a computed path": (
        "import subprocess\nname = 'NAME'\nsubprocess.run(['cat', f'data/{name}.txt'], capture_output=True).stdout",
        THE_FILE,
    ),
    "a shell with a computed path": (
        "import subprocess\nsubprocess.check_output('cat data/*NAME.txt', shell=True)",
        THE_FILE,
    ),
    "os.system": ("import os\nos.system('cat data/NAME.txt')", THE_FILE),
    "os.popen": ("import os\nos.popen('cat data/NAME.txt').read()", THE_FILE),
    "os.path.exists": ("import os\nname = 'NAME'\nos.path.exists(f'data/{name}.new')", write("data/NAME.new")),
    "Path.exists": ("from pathlib import Path\nPath('data', 'NAME' + '.txt').exists()", delete("data/NAME.txt")),
    "os.path.getsize": ("import os\nos.path.getsize('data/NAME.txt')", write("data/NAME.txt", "longer\n")),
    "os.path.getmtime": ("import os\nos.path.getmtime('data/NAME.txt')", touch("data/NAME.txt")),
    "Path.stat": ("from pathlib import Path\nPath('data/NAME.txt').stat().st_mtime", touch("data/NAME.txt")),
    "sizes by os.scandir": (
        "import os\n[e.stat().st_size for e in os.scandir('folders/NAME')]",
        write("folders/NAME/a", "longer\n"),
    ),
    "a folder": ("import os\nos.listdir('folders/NAME')", write("folders/NAME/b")),
    "a folder by bytes": ("import os\nos.listdir(b'folders/NAME')", write("folders/NAME/b")),
    "a pattern": ("import glob\nlen(glob.glob('folders/NAME/*'))", write("folders/NAME/b")),
    "a pattern in folders": (
        "from pathlib import Path\nlen(list(Path('folders').rglob('NAME*')))",
        write("folders/x/NAME"),
    ),
    "a walk": ("import os\nsorted(f for _, _, fs in os.walk('folders/NAME') for f in fs)", write("folders/NAME/c/d")),
    "bytes": ("open(b'data/NAME.txt').read()", THE_FILE),
    "a descriptor": ("import os\nos.read(os.open('data/NAME.txt', os.O_RDONLY), 9)", THE_FILE),
    "a folder's descriptor": (
        "import os\nos.read(os.open('NAME.txt', os.O_RDONLY, dir_fd=os.open('data', os.O_RDONLY)), 9)",
        THE_FILE,
    ),
    "after chdir": ("import os\nos.chdir('data')\nopen('NAME.txt').read()", THE_FILE),
    "a thread": (
        "import threading\nt = threading.Thread(target=lambda: print(*open('data/NAME.txt')))\nt.start()\nt.join()",
        THE_FILE,
    ),
    "threads of the standard library": (
        "from concurrent.futures import ThreadPoolExecutor\nfrom pathlib import Path\n"
        "list(ThreadPoolExecutor(1).map(Path.read_text, [Path('data/NAME.txt')]))",
        THE_FILE,
    ),
    "numpy": ("import numpy as np\nnp.genfromtxt('data/NAME.txt', dtype=str)", THE_FILE),
    "numpy.fromfile": ("import numpy as np\nnp.fromfile('data/NAME.txt', dtype='u1')", THE_FILE),
    "mmap": (
        "import mmap\nf = open('data/NAME.txt', 'rb')\nmmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)[:]",
        THE_FILE,
    ),
    "a style": (
        "import matplotlib.pyplot as plt\nplt.style.use('data/NAME.mplstyle')\nplt.rcParams['lines.linewidth']",
        write("data/NAME.mplstyle", "lines.linewidth: 7\n"),
    ),
    "outside the project": ("open('OUTSIDE/NAME.txt').read()", edit("OUTSIDE/NAME.txt")),
    "a file outside the project that is not there": (
        "import os\nos.path.exists('OUTSIDE/NAME.new')",
        write("OUTSIDE/NAME.new"),
    ),
    "a module outside the project": (
        "import sys\nsys.path.append('OUTSIDE')\nimport NAMEoutside\nNAMEoutside.WORD",
        edit("OUTSIDE/NAMEoutside.py"),
    ),
    "a module beside the packages": ("import NAMEbeside\nNAMEbeside.WORD", edit("NAMEbeside.py")),
    "a module that was not there": (
        "try:\n    import NAMEnew\n    print(NAMEnew.x)\nexcept ImportError:\n    print('none')",
        write("NAMEnew.py", "x = 1\n"),
    ),
    "a submodule that was not there": (
        "import importlib\ntry:\n    importlib.import_module('toy.NAMEnew')\nexcept ImportError as e:\n    print(e)",
        write("toy/NAMEnew.py", "x = 1\n"),
    ),
    "find_spec": (
        "from importlib.util import find_spec\nfind_spec('NAMEnew') is None",
        write("NAMEnew.py", "x = 1\n"),
    ),
    "what an earlier cell read": ("text = open('data/NAME.txt').read()\n```\n\n```python\ntext", THE_FILE),
    "what an expression reads": ("1\n```\n\n`{python} open('data/NAME.txt').read()`\n\n```python\n2", THE_FILE),
    "a variable": ("import os\nos.environ.get('MLTEST_WORD')", lambda *_: None),
    "a variable in bytes": ("import os\nos.environb.get(b'MLTEST_WORD')", lambda *_: None),
    "a variable that is asked for": ("import os\n'MLTEST_NEW' in os.environ", lambda *_: None),
    "all variables": ("import os\nlen([x for x in os.environ if x.startswith('MLTEST')])", lambda *_: None),
    "a variable in a path": ("import os\nos.path.expandvars('$MLTEST_WORD')", lambda *_: None),
    "a root matplotlibrc": (
        "import matplotlib\nmatplotlib.rcParams['lines.linewidth']",
        write("matplotlibrc", "lines.linewidth: 5\n"),
    ),
    # same size and time
    "a file of the same size and time": ("open('data/NAME.txt').read()", same_size_and_time("data/NAME.txt")),
    "a module of the same size and time": ("from toy.NAME import f\nf()", same_size_and_time("toy/NAME.py")),
    # lines
    "a logged line": (
        "import logging, sys\nlog = logging.getLogger('NAME')\nlog.propagate = False\n"
        "handler = logging.StreamHandler(sys.stdout)\nhandler.setFormatter(logging.Formatter('%(lineno)d'))\n"
        "log.addHandler(handler)\nlog.error('x')",
        prose,
    ),
    "a line logged by a file's format": (
        "import logging, sys\nlog = logging.getLogger('NAME')\nlog.propagate = False\n"
        "handler = logging.StreamHandler(sys.stdout)\n"
        "handler.setFormatter(logging.Formatter(open('data/format.txt').read()))\nlog.addHandler(handler)\nlog.error('x')",
        prose,
    ),
    "currentframe": ("import inspect\ninspect.currentframe().f_lineno", prose),
    "a frame by another module": ("import toy.where\ntoy.where.line()", prose),
    "a warning": ("import warnings\nwarnings.warn('x')", prose),
    "a recorded warning": (
        "import warnings\nwith warnings.catch_warnings(record=True) as w:\n    warnings.simplefilter('always')\n"
        "    warnings.warn('x')\nw[0].lineno",
        prose,
    ),
    "a traceback's line": (
        "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    print(e.__traceback__.tb_lineno)",
        prose,
    ),
    "a line of code": ("def f():\n    pass\nf.__code__.co_firstlineno", prose),
    "a semicolon": ("'v1'", in_post("'v1'", "'v1';")),
    "a semicolon and a remark": ("'v1'", in_post("'v1'", "'v1';  # quiet")),
    "a semicolon goes": ("'v1';  # quiet", in_post("'v1';  # quiet", "'v1'  # loud")),
}
#: These change what all posts rest on, and so would hide what the others show.
OF_ALL = ("a root matplotlibrc",)


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
            f"docs/results/{name}.txt": "v1\n",
            f"folders/{name}/a": "v1\n",
            f"out/{name}": "",
            f"{outside}/{name}.txt": "v1\n",
            f"{outside}/{name}outside.py": "WORD = 'v1'\n",
            f"posts_src/{name}.md": f"{HEAD}\n```python\n{_filled(code, name, outside)}\n```\n",
        }.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        with sqlite3.connect(root / f"data/{name}.db") as data:
            data.execute("create table t (x)")
            data.execute("insert into t values ('v1')")
        data.close()
        # an object of `Thing`, by its name
        (root / f"data/{name}.pickle").write_bytes(f"ctoy.{name}\nThing\n)\x81.".encode("latin1"))


def _filled(code: str, name: str, outside: Path | str = "../outside") -> str:
    return code.replace("NAME", name).replace("OUTSIDE", str(outside))


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


_STARTS = ("!", "%%bash", "%%writefile", "names", "a program", "a shell", "os.system", "os.popen")
#: Nobody sees what another program reads; and what was asked for has been written since.
PROGRAMS = {row for row in ROWS if row.startswith(_STARTS)}


@pytest.mark.parametrize("row", ROWS)
def test_without_a_change_only_what_cannot_be_seen_runs_again(row: str, builds: Builds) -> None:
    path = f"posts_src/{_row(list(ROWS).index(row))}.md"
    assert (path in builds[3]) == (row in PROGRAMS)
