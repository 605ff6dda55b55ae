"""Random edits of a blog of twelve posts; after each, every page must be that of a build from nothing.

    PYTHONPATH=FOLDER/site-packages python random_edits.py FOLDER EDITS SEED

The blog is built by a server that keeps snapshots, as live preview does; what it has kept is put aside while another
builds the same from nothing. Prints each edit after which they differ.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

from mlblog.lab import Project
from mlblog.press import Server, compile_posts

CELLS = (
    "from toy.m{m} import f\nf({n})",
    "from toy.m{m} import WORD\nWORD * {n}",
    "import toy.m{m}\ntoy.m{m}.g({n})",
    "from toy.m{m} import *\nf({n}), WORD",
    "import toy.m{m} as module\ngetattr(module, 'WO' + 'RD')",
    "import importlib\nimportlib.import_module('to' + 'y.m{m}').g({n})",
    "exec('from toy.m{m} import WORD; print(WORD, {n})')",
    "from toy.m{m} import g\nprint(eval('g({n})'))",
    "import pickle\npickle.loads(b'ctoy.m{m}\\nThing\\n)\\x81.')",
    "from toy.m{m} import f\nseen = []\n%timeit -n 1 -r 1 -q seen.append(f({n}))\nseen",
    "from toy.m{m} import f\nx = %prun -q -r print(f({n}))",
    "%%capture out\nfrom toy.m{m} import WORD\nprint(WORD)",
    "%run toy/m{m}.py",
    "%pdoc toy",
    "!cat data/d{d}.txt",
    "lines = !cat data/d{d}.txt\nlines",
    "%%bash\ncat data/d{d}.t*; echo $MLTEST_{v}",
    "!{{__import__('sys').executable}} -m toy.m{m}",
    "import subprocess\nsubprocess.run('cat data/d{d}.txt', shell=True, capture_output=True).stdout",
    "from pathlib import Path\npath = Path('data', 'd{d}.txt')\npath.read_text() if path.exists() else 'none'",
    "import os\nname = 'd{d}'\nos.path.exists(f'data/{{name}}.txt')",
    "import os\nsorted(os.listdir('data'))",
    "import glob\nsorted(glob.glob('data/d*'))",
    "import os\nsum(e.stat().st_size for e in os.scandir('data'))",
    "import sqlite3\nsqlite3.connect('base.db').execute('pragma user_version').fetchall()",
    "import os\nos.environ.get('MLTEST_{v}')",
    "import os\nsorted(x for x in os.environ if x.startswith('MLTEST'))",
    "import gadget{v}\ngadget{v}.WORD",
    "from importlib.metadata import version\nversion('gadget{v}')",
    "try:\n    import novelty{v}\n    print('there')\nexcept ImportError:\n    print('none')",
    "import beside{v}\nbeside{v}.WORD",
    "import inspect\nfrom toy.m{m} import f\nprint(inspect.getsource(f))",
    "import inspect\ninspect.currentframe().f_lineno",
    "import warnings\nwarnings.warn('careful {n}')",
    "kept = {n}\nkept",
    "kept = globals().get('kept', 0) + {n}\nkept;",
    "from multiprocessing import get_context\nfrom toy.m{m} import f\n"
    "with get_context('fork').Pool(1) as pool:\n    print(pool.map(f, [{n}]))",
    "import matplotlib.pyplot as plt\nplt.rcParams['lines.linewidth'] + {n}",
    "def made(x):\n    return x + {n}\n\nmade(1)  # remark",
    "from toy.experiments.coin import coin\ncoin.seeds",
    "1 / 0 if {n} > 7 else 'fine'",
)
MODULE = '''"""Words."""

from toy import shared

WORD = "{word}"


def f(x):
    """Doc {word}."""
    return inner(x), shared.SHARED


def inner(x):
    return x + {number}  # remark


def g(x):
    return [WORD, x]


class Thing:
    def __repr__(self):
        return WORD + str(inner(0))


if __name__ == "__main__":
    print(WORD)
'''


class Blog:
    """A blog below `folder`, and how it is changed."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random, self.folder, self.root = random.Random(seed), folder, folder / "blog"
        self.project = Project(self.root.resolve(), ("toy",), "toy.experiments")
        self.posts: list[list[tuple[str, str]]] = [[self.cell() for _ in range(3)] for _ in range(12)]
        self.heads = [""] * 12
        self.prose = ["Prose.\n\n"] * 12
        self.was: dict[Path, list[str]] = {}
        self.new_environment = self.new_style = False
        self.write(self.root / "toy/shared.py", "SHARED = 1\n")
        for number in range(4):
            self.module(number)
        for number in range(3):
            self.write(self.root / f"data/d{number}.txt", "first\n")
            self.write(self.root / f"beside{number}.py", "WORD = 'first'\n")
            self.library(f"gadget{number}")
        for number in range(12):
            self.lay(number)

    def cell(self) -> tuple[str, str]:
        """Options and code of a new cell."""
        pick = self.random.randrange
        code = self.random.choice(CELLS).format(m=pick(4), n=pick(9), d=pick(3), v=pick(3))
        return self.random.choice(["", "", "", ' tags=["hide-input"]', " timeout=60"]), code

    def write(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.was.setdefault(path, []).append(text)
        path.write_text(text)

    def lay(self, number: int) -> None:
        """Write a post."""
        cells = "\n".join(f"```python{options}\n{code}\n```\n" for options, code in self.posts[number])
        head = f"---\ntitle: P{number}\ndate: 2026-11-21\n{self.heads[number]}---\n\n"
        (self.root / f"posts_src/p{number}.md").write_text(f"{head}{self.prose[number]}{cells}")

    def module(self, number: int) -> None:
        word, more = self.random.choice("abcdef"), self.random.randrange(9)
        self.write(self.root / f"toy/m{number}.py", MODULE.format(word=word, number=more))

    def library(self, name: str) -> None:
        version = f"{self.random.randrange(9)}.0"
        place, text = self.folder / "site-packages", f"WORD = 'of {version} {self.random.randrange(3)}'\n"
        for old in place.glob(f"{name}-*/*"):
            old.unlink()
            old.parent.rmdir() if not any(old.parent.iterdir()) else None
        notes = place / f"{name}-{version}.dist-info"
        notes.mkdir(parents=True)
        (place / f"{name}.py").write_text(text)
        (notes / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (notes / "RECORD").write_text(f"{name}.py,sha256={text!r},\n")

    # -- edits -------------------------------------------------------------------------------------------------------

    def edit(self) -> str:
        """Change something; return what."""
        kind = self.random.choice(EDITS)
        kind(self)
        return kind.__name__

    def a_cell(self) -> None:
        number = self.random.randrange(12)
        self.posts[number][self.random.randrange(len(self.posts[number]))] = self.cell()
        self.lay(number)

    def one_more_cell(self) -> None:
        number = self.random.randrange(12)
        cells = self.posts[number]
        if len(cells) < 5:
            cells.insert(self.random.randint(0, len(cells)), self.cell())
        else:
            del cells[self.random.randrange(len(cells))]
        self.lay(number)

    def order_of_cells(self) -> None:
        number = self.random.randrange(12)
        self.random.shuffle(self.posts[number])
        self.lay(number)

    def a_semicolon(self) -> None:
        number = self.random.randrange(12)
        options, code = self.posts[number][-1]
        self.posts[number][-1] = options, code.removesuffix(";") if code.endswith(";") else f"{code};"
        self.lay(number)

    def options(self) -> None:
        number = self.random.randrange(12)
        self.heads[number] = self.random.choice(["", "timeout: 50\n", "memory: 3\n", "tags: [One]\n"])
        self.lay(number)

    def prose_of_a_post(self) -> None:
        number = self.random.randrange(12)
        self.prose[number] = "Prose.\n\n" * self.random.randrange(4)
        self.lay(number)

    def a_module(self) -> None:
        self.module(self.random.randrange(4))

    def a_shared_module(self) -> None:
        self.write(self.root / "toy/shared.py", f"SHARED = {self.random.randrange(9)}\n")

    def a_module_beside(self) -> None:
        number = self.random.randrange(3)
        self.write(self.root / f"beside{number}.py", f"WORD = '{self.random.choice('abcdef')}'\n")

    def data(self) -> None:
        path = self.root / f"data/d{self.random.randrange(3)}.txt"
        if path.exists() and self.random.random() < 0.3:
            path.unlink()
        else:
            self.write(path, self.random.choice(["first\n", "other\n", "longer text\n"]))

    def data_of_the_same_time(self) -> None:
        path = self.root / f"data/d{self.random.randrange(3)}.txt"
        if path.exists():
            stat = path.stat()
            self.write(path, self.random.choice(["first\n", "other\n"]))
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    def a_database(self) -> None:
        import sqlite3

        with sqlite3.connect(self.root / "base.db") as base:
            base.execute(f"pragma user_version = {self.random.randrange(9)}")
        base.close()

    def a_version(self) -> None:
        self.library(f"gadget{self.random.randrange(3)}")

    def a_new_module(self) -> None:
        path = self.root / f"novelty{self.random.randrange(3)}.py"
        path.unlink() if path.exists() else path.write_text("x = 1\n")

    def a_variable(self) -> None:
        name = f"MLTEST_{self.random.randrange(3)}"
        if self.random.random() < 0.3:
            os.environ.pop(name, None)
        else:
            os.environ[name] = self.random.choice("abc")
        self.new_environment = True

    def a_style(self) -> None:
        (self.root / "matplotlibrc").write_text(f"lines.linewidth: {self.random.randrange(1, 9)}\n")
        self.new_style = True

    def back(self) -> None:
        path = self.random.choice(sorted(self.was))
        path.write_text(self.random.choice(self.was[path]))

    def touched(self) -> None:
        self.random.choice(sorted(path for path in self.was if path.exists())).touch()


EDITS: tuple[Callable[[Blog], None], ...] = (
    *(Blog.a_cell, Blog.a_cell, Blog.one_more_cell, Blog.order_of_cells, Blog.a_semicolon, Blog.options),
    *(Blog.prose_of_a_post, Blog.a_module, Blog.a_module, Blog.a_shared_module, Blog.a_module_beside, Blog.data),
    *(Blog.data, Blog.data_of_the_same_time, Blog.a_database, Blog.a_version, Blog.a_new_module, Blog.a_variable),
    *(Blog.a_style, Blog.back, Blog.touched),
)


def built(blog: Blog, server: Server) -> dict[str, bytes]:
    """Every page, and what was said of the posts that have none."""
    done = compile_posts(blog.project, server=server)
    folder = blog.project.work / "pages"
    pages = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return pages | {str(error): b"" for error in done.errors}


def main(folder: Path, edits: int, seed: int) -> int:
    blog = Blog(folder, seed)
    work, aside, wrong = blog.project.work, blog.root / ".aside", 0
    with Server(blog.project, timeout=60, live=True, worth=0) as live, Server(blog.project, timeout=60) as plain:
        for number in range(edits):
            kind = blog.edit() if number else "nothing"
            if blog.new_environment:  # variables are those that a process was started with
                live.renew()
                plain.renew()
                blog.new_environment = False
            if blog.new_style:  # the server of a preview has to see by itself that it began with another
                plain.renew()
                blog.new_style = False
            shown = built(blog, live)
            work.rename(aside)
            plain.base = {}  # it is kept in the folder that has just gone
            fresh = built(blog, plain)
            _remove(work)
            aside.rename(work)
            differing = sorted(name for name in {*shown, *fresh} if shown.get(name) != fresh.get(name))
            if differing:
                wrong += 1
                print(f"edit {number}, {kind}: {', '.join(differing)}", flush=True)
    print(f"{edits} edits, {wrong} wrong")
    return min(wrong, 1)


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
