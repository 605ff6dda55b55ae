"""Edits that change nothing: the record must stay fresh, or nobody will believe a stale one."""

from __future__ import annotations

from pathlib import Path

from promise.case import Case, delete, shell, write
from promise.trial import rows, stands

HERE = "from pathlib import Path\nHERE = Path(__file__).parents[1]"
F = {"a": "def f(): return 1\ndef g(): return 2"}
T = "from toy.a import f"
REG = "TABLE = {}\ndef reg(k):\n    def put(f):\n        TABLE[k] = f\n        return f\n    return put\n"

CLONE = "git -c user.name=t -c user.email=t@e add -A; git -c user.name=t -c user.email=t@e commit -qm y; "
CLONE += "cd ..; git clone -q project new; rm -rf project; mv new project"


def kept(top: str, body: str, edit: object, files: dict[str, object], **more: object) -> Case:
    return Case(top, body, edit, files, changes=False, **more)  # type: ignore[arg-type]


COMMON = {
    "experiments/find": """
    from mlblog.lab import experiment
    COMMON = dict(k=3, m=1)

    @experiment(smoke=dict(n=2, **COMMON), small=dict(n=9), seeds=1)
    def find(run, *, n: int = 0, k: int = 0, m: int = 0, seed: int) -> None:
        run.save(x=n * k)
"""
}

# fmt: off
ROWS: dict[str, Case] = {
    "comment": kept(T, "f()", ("a", "return 1", "return 1  # one"), F),
    "comment on a line of its own": kept(T, "f()", ("a", "def f", "# one\n\n\ndef f"), F),
    "layout": kept(T, "f()", ("a", "def f(): return 1", "def f(\n):\n    return (\n        1\n    )"), F),
    "quotes and number spelling": kept(T, "f()", ("a", "'x', 1_000", '"x", 1000'), {"a": "def f(): return ['x', 1_000]"}),
    "line ends": kept(T, "f()", lambda root: (root / "toy/a.py").write_bytes(b"def f(): return 1\r\ndef g(): return 2\r\n"), F),
    "docstring nobody reads": kept(T, "f()", ("a", "one", "two"), {"a": "def f():\n    '''one'''\n    return 1"}),
    "docstring of a module nobody reads": kept(T, "f()", ("a", "one", "two"), {"a": "'''one'''\ndef f(): return 1"}),
    "docstring of a class and method nobody reads": kept("from toy.a import C", "C().f()", ("a", "'''one'''", "'''two\n    more'''"), {"a": "class C:\n    '''one'''\n    def f(self): return 1"}),
    "docstring of the experiment": kept("", "'''One.'''\nrun.save(x=1)", ("experiments/find", "One", "Two"), {}),
    "annotation nobody reads": kept(T, "f(1)", ("a", "n: int", "n: float"), {"a": "def f(n: int): return n"}),
    "return annotation added": kept(T, "f(1)", ("a", "(n):", "(n) -> int:"), {"a": "def f(n): return n"}),
    "annotation of a constant nobody reads": kept("from toy.a import N", "N", ("a", "N: int", "N: float"), {"a": "N: int = 1"}),
    "annotation of a variable in a function": kept(T, "f()", ("a", "n: int", "n: float"), {"a": "def f():\n    n: int = 1\n    return n"}),
    "unused import of the standard library": kept(T, "f()", ("a", "def f", "import math\ndef f"), F),
    "unused import of the standard library, removed": kept(T, "f()", ("a", "import math\n", ""), {"a": "import math\ndef f(): return 1"}),
    "import of typing names under TYPE_CHECKING": kept(T, "f()", ("a", "import TYPE_CHECKING", "import TYPE_CHECKING\nif TYPE_CHECKING:\n    from toy.b import g"),
                                                       {"a": "from typing import TYPE_CHECKING\ndef f(): return 1", "b": "def g(): return 1"}),
    "order of two functions": kept(T, "f()", ("a", "def f(): return 1\ndef g(): return 2", "def g(): return 2\ndef f(): return 1"), F),
    "order of two literal constants": kept("from toy.a import A, B", "A + B", ("a", "A = 1\nB = 2", "B = 2\nA = 1"), {"a": "A = 1\nB = 2"}),
    "order of two imports of the standard library": kept(T, "f()", ("a", "import os\nimport sys", "import sys\nimport os"), {"a": "import os\nimport sys\ndef f(): return len(os.sep) + (sys.maxsize > 0)"}),
    "order of two plain classes": kept("from toy.a import C", "C.n", ("a", "class C: n = 1\nclass D: n = 2", "class D: n = 2\nclass C: n = 1"), {"a": "class C: n = 1\nclass D: n = 2"}),
    "other function of the module, edited": kept(T, "f()", ("a", "return 2", "return 3"), F),
    "other function of the module, added": kept(T, "f()", ("a", "def g", "def h(): return 3\ndef g"), F),
    "other function of the module, removed": kept(T, "f()", ("a", "\ndef g(): return 2", ""), F),
    "other class of the module, edited": kept(T, "f()", ("a", "n = 2", "n = 3"), {"a": "def f(): return 1\nclass C:\n    n = 2\n    def g(self): return self.n"}),
    "other literal constant of the module, edited": kept(T, "f()", ("a", "N = 2", "N = 3"), {"a": "def f(): return 1\nN = 2"}),
    "other function of the experiment's module": kept("def other(): return 5", "1", ("experiments/find", "5", "6"), {}),
    "other experiment, edited": kept(T, "f()", ("experiments/other", "2", "3"), {**F, "experiments/other": "from mlblog.lab import experiment\n@experiment(smoke={}, seeds=1)\ndef other(run, *, seed):\n    run.save(x=2)"}),
    "other experiment, added": kept(T, "f()", write("experiments/other", "from mlblog.lab import experiment\n@experiment(smoke={}, seeds=1)\ndef other(run, *, seed):\n    run.save(x=2)"), F),
    "other experiment in the same module": kept(T, "f()", ("experiments/find", "import experiment", "import experiment\n@experiment(smoke={}, seeds=1)\ndef other(run, *, seed):\n    run.save(x=2)"), F),
    "new module": kept(T, "f()", write("b", "def h(): return 3"), F),
    "new module, unused, with effects": kept(T, "f()", write("b", "import random\nN = random.random()"), F),
    "unused module, edited": kept(T, "f()", ("b", "3", "4"), {**F, "b": "def h(): return 3"}),
    "unused module, deleted": kept(T, "f()", delete("b"), {**F, "b": "def h(): return 3"}),
    "sibling through a package's re-exports": kept("from toy.p import f", "f()", ("p/b", "2", "3"), {"p/__init__": "from .a import f\nfrom .b import g", "p/a": "def f(): return 1", "p/b": "def g(): return 2"}),
    "new re-export of a package": kept("from toy.p import f", "f()", ("p/__init__", "import f", "import f\nfrom .a import g"), {"p/__init__": "from .a import f", "p/a": "def f(): return 1\ndef g(): return 2"}),
    "__all__ that no star reads": kept("from toy.a import f", "f()", ("a", "['f']", "['f', 'g']"), {"a": "__all__ = ['f']\ndef f(): return 1\ndef g(): return 2"}),
    "code under __main__": kept(T, "f()", ("a", "print(1)", "print(2)"), {"a": "def f(): return 1\nif __name__ == '__main__':\n    print(1)"}),
    "name of a logger like a module": kept("import logging\nlog = logging.getLogger('toy.losses')", "log.debug('x')\nrun.save(x=1)", ("losses", "1", "2"), {"losses": "def l(): return 1"}),
    "name of its own logger": kept("import logging\nfrom toy.a import f\nlog = logging.getLogger(__name__)", "log.debug('x')\nrun.save(x=f())", ("a", "return 2", "return 3"), F),
    "name of a logger like a package": kept("import logging\nlog = logging.getLogger('toy')", "log.debug('x')\nrun.save(x=1)", ("b", "1", "2"), {"b": "def l(): return 1"}),
    "word like a folder": kept("", "split = 'train'\nrun.save(x=split == 'train')", ("toy/train/x.txt", "1", "2"), {"toy/train/x.txt": "1"}),
    "word like a folder, as a parameter": kept("", "run.save(x=split == 'train')", ("toy/train/x.txt", "1", "2"), {"toy/train/x.txt": "1"}, smoke="dict(split='train')", parameters="split: str = '', "),
    "word like a module": kept("from toy.a import f", "kind = 'losses'\nrun.save(x=[f(), kind])", ("losses", "1", "2"), {**F, "losses": "def l(): return 1"}),
    "ending of a file name": kept("", "'x.png'.endswith('.png')", write("toy/b.png", b"2"), {"toy/a.png": b"1"}),
    "ending of a file name, written elsewhere": kept("import tempfile, pathlib", "with tempfile.TemporaryDirectory() as d:\n    p = pathlib.Path(d, 'out.txt')\n    p.write_text('1')\n    run.save(x=p.read_text())",
                                                     ("toy/a.txt", "1", "2"), {"toy/a.txt": "1"}),
    "key of a dictionary like a file": kept("D = {'x.txt': 1}", "D['x.txt']", ("toy/x.txt", "1", "2"), {"toy/x.txt": "1"}),
    "another file of the folder, read by its whole name": kept(HERE, "(HERE / 'd' / 'x.txt').read_text()", ("toy/d/y.txt", "1", "2"), {"toy/d/x.txt": "1", "toy/d/y.txt": "1"}),
    "another file of the folder, beside the package": kept(HERE, "(HERE.parent / 'data' / 'x.txt').read_text()", write("data/y.txt", "2"), {"data/x.txt": "1"}),
    "data nobody reads": kept(T, "f()", write("toy/d/y.txt", "2"), {**F, "toy/d/x.txt": "1"}),
    "output of the run itself": kept(HERE, "(HERE.parent / 'out').mkdir(exist_ok=True)\n(HERE.parent / 'out' / 'log.txt').write_text('1')\nrun.save(x=1)", write("out/log.txt", "other"), {".gitignore": "out/\n.mlblog\n"}),
    "registry, a new entry in the literal": kept("from toy.a import make", "make('f')", ("a", "{'f': f}", "{'f': f, 'g': g}"), {"a": "def f(): return 1\ndef g(): return 2\nTABLE = {'f': f}\ndef make(k): return TABLE[k]()"}),
    "enum, a new member": kept("from toy.a import E", "E.A.value", ("a", "B = 2", "B = 2\n    C = 3"), {"a": "import enum\nclass E(enum.Enum):\n    A = 1\n    B = 2"}),
    "tests": kept(T, "f()", ("tests/test_a.py", "1", "2"), {**F, "tests/test_a.py": "def test(): assert 1"}),
    "README": kept(T, "f()", ("README.md", "1", "2"), {**F, "README.md": "1"}),
    "docs and posts": kept(T, "f()", [("docs/x.md", "1", "2"), ("posts_src/x.md", "1", "2")], {**F, "docs/x.md": "1", "posts_src/x.md": "1"}),
    "scratch file at the root": kept(T, "f()", write("scratch.py", "print(1)"), F),
    "scratch file in the package": kept(T, "f()", write("toy/notes.txt", "1"), F),
    "settings of other tools": kept(T, "f()", ("pyproject.toml", "[tool.mlblog]", "[tool.ruff]\nline-length = 99\n[tool.mlblog]"), F),
    "commit": kept(T, "f()", shell("git -c user.name=t -c user.email=t@e commit -q --allow-empty -m y"), F),
    "touched files": kept(T, "f()", lambda root: [p.touch() for p in (root / "toy").rglob("*.py")], F),
    "temporary editor files": kept(T, "f()", [write("toy/.a.py.swp", b"x"), write("toy/a.py~.bak", "x")], F),
    "caches of Python": kept(T, "f()", lambda root: [p.unlink() for p in root.rglob("*.pyc")], F),
    "data that is read, touched": kept(HERE, "(HERE / 'd' / 'x.txt').read_text()", shell("touch toy/d/x.txt"), {"toy/d/x.txt": "1"}),
    "fresh clone": kept(f"{HERE}\n{T}", "f() + int((HERE / 'd' / 'x.txt').read_text())", shell(CLONE), {**F, "toy/d/x.txt": "1"}),
    "moved elsewhere, reached by a link": kept(f"{HERE}\n{T}", "f() + int((HERE / 'd' / 'x.txt').read_text())", shell("cd ..; mv project elsewhere; ln -s elsewhere project"), {**F, "toy/d/x.txt": "1"}),
    "file that the run writes, then reads": kept(HERE, "p = HERE.parent / 'made.txt'\np.write_text('1')\nrun.save(x=p.read_text())", write("made.txt", "2"), {".gitignore": "made.txt\n.mlblog\n"}),
    "log that the run appends to": kept(HERE, "with open(HERE.parent / 'log.txt', 'a') as log:\n    log.write('1')\nrun.save(x=1)", write("log.txt", "2"), {".gitignore": "log.txt\n.mlblog\n"}),
    "bytecode appears in a listed folder": kept(HERE, "len(list(HERE.glob('*.py')))", shell("\"$PYTHON\" -m compileall -q toy"), F),
    "file of the system that always differs": kept("", "open('/proc/self/stat').read()\nopen('/dev/urandom', 'rb').read(3)\nrun.save(x=1)", ("README.md", "1", "2"), {"README.md": "1"}),
    "settings that are not there": kept("import os", "os.path.exists(os.path.expanduser('~/.config/nothing-of-this-name'))", ("README.md", "1", "2"), {"README.md": "1"}),
    "pool of forks": kept("import multiprocessing as mp\ndef twice(n): return 2 * n", "with mp.get_context('fork').Pool(1) as pool:\n    found = pool.map(twice, [1])\nrun.save(x=found)", ("README.md", "1", "2"), {"README.md": "1"}),
    "thread pool": kept("from concurrent.futures import ThreadPoolExecutor as P\nfrom toy.a import f", "with P(2) as pool:\n    found = [pool.submit(f).result()]\nrun.save(x=found)", ("a", "return 2", "return 3"), F),
    "library that looks for its settings": kept("import matplotlib", "matplotlib.rcParams['figure.dpi']", ("README.md", "1", "2"), {"README.md": "1"}),
    "torch": kept("import torch", "float(torch.rand(1))", ("README.md", "1", "2"), {"README.md": "1"}, torch=True),
    "foreign library beside an unused one": kept("import mylib", "mylib.N", write("../site/otherlib.py", "N = 2"), {"../site/mylib.py": "N = 1"}, paths=("../site",)),
    "parameters by a constant of the module": kept("", "1", ("experiments/find", "n=9", "n=10"), COMMON),
    "smoke by a constant, another key of it changed": Case("", "1", ("experiments/find", "k=3", "k=4"), COMMON),
    "larger scale changed": kept("", "1", ("experiments/find", "small=dict(n=9)", "small=dict(n=99)"), {"experiments/find": """
        from mlblog.lab import experiment
        @experiment(smoke=dict(n=2), small=dict(n=9), seeds=1)
        def find(run, *, n: int = 0, seed: int) -> None:
            run.save(x=n)
    """}),
    "module by a computed name, another edited": kept("import importlib", "importlib.import_module(chr(116) + 'oy.a').f()", ("b", "return 2", "return 3"), {**F, "b": "def g(): return 2"}),
    "module by a computed name, another added": kept("import importlib", "importlib.import_module(chr(116) + 'oy.a').f()", write("toy/c.py", "x = 1"), F),
    "all modules that are loaded, another edited": kept("import sys\nimport toy.a", "sorted(name for name in sys.modules if name.startswith('toy'))", ("b", "return 2", "return 3"), {**F, "b": "def g(): return 2"}),
    "plugin by a computed name below a package, its neighbour edited": kept("import importlib", "importlib.import_module('toy.plug.' + chr(97)).f()", ("plug/b", "return 2", "return 3"), {"plug/__init__": "", "plug/a": "def f(): return 1", "plug/b": "def g(): return 2"}),
    "library that an unused constant calls, another name of it": kept(T, "f()", ("a", "Counter,", "Counter, OrderedDict,"), {"a": "from collections import (Counter, deque)\nC = Counter('abc')\ndef f(): return 1"}),
}
# fmt: on


@rows(ROWS, every=4)
def test_precision(case: Case, tmp_path: Path) -> None:
    stands(case, tmp_path)
