"""What slips past rules of thumb: names on no list, reads that no hook sees, branches that only look decided."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from promise.case import Case, shell, write
from promise.trial import rows, stands

HERE = "import os\nfrom pathlib import Path\nHERE = Path(__file__).parents[1]"
X, X2 = {"toy/d/x": "1"}, write("toy/d/x", "2")
FILE = "HERE / chr(100) / chr(120)"  # a name that no string tells
OUT = "../store/x"
D = {"a": "def f():\n    '''one'''\n    return 1"}
DOC = ("a", "one", "two")
LINE = ("a", "def f", "\n\ndef f")
AB = ("a", "n: int", "n: float")
DRAW = "import random"
DRAWN = "import toy.a\nrun.save(x=random.random())"
FG = {"a": "def f(): return 1\ndef g(): return 2"}
G23 = ("a", "return 2", "return 3")
LIB = {
    "../site/boxlib.py": """
    import typing
    class Box:
        def __init__(self): self.said = []
        def add(self, f): self.said.append(str(f.__annotations__) + str(f.__doc__))
        def get(self, cls): return cls(*[hint() for hint in typing.get_type_hints(cls.__init__).values()])
"""
}


def array(number: int):
    return lambda path: np.save(path, np.array([number]))


def chosen(
    edit: object,
    files: dict[str, object],
    body: str,
    smoke: str = "dict(mode='a')",
    parameters: str = "mode: str = '', ",
) -> Case:
    top = "from toy.a import f, g"
    return Case(top, body + "\nrun.save(x=v)", edit, files, smoke=smoke, parameters=parameters)  # type: ignore[arg-type]


PICK = "if mode == 'a':\n    v = f()\nelse:\n    v = g()"

# fmt: off
ROWS: dict[str, Case] = {
    "exists, by a name that nothing tells": Case(HERE, "(HERE / chr(100) / chr(121)).exists()", write("toy/d/y", "1"), X),
    "exists, outside": Case(HERE, "(HERE.parents[1] / 'store' / 'y.txt').exists()", write("../store/y.txt", "1")),
    "size, by a name that nothing tells": Case(HERE, f"os.path.getsize({FILE})", write("toy/d/x", "11"), X),
    "text of a link that nothing tells": Case(HERE, f"os.readlink({FILE})", shell("ln -sfn q toy/d/x"), {"toy/d/p": "1"}, setup=shell("ln -s p toy/d/x")),
    "try open outside, the file appears": Case(HERE, "try:\n    x = open('@OUT@/store/y').read()\nexcept FileNotFoundError:\n    x = ''\nrun.save(x=x)", write("../store/y", "1")),
    "opened for reading and writing": Case(HERE, f"open({FILE}, 'r+').read()", X2, X),
    "opened for appending, then read": Case(HERE, f"open({FILE}, 'a').close()\nrun.save(x=({FILE}).read_text())", X2, X),
    "opened with O_RDWR": Case(HERE, f"os.read(os.open({FILE}, os.O_RDWR), 9).decode()", X2, X),
    "opened with O_CREAT": Case(HERE, f"os.read(os.open({FILE}, os.O_RDONLY | os.O_CREAT), 9).decode()", X2, X),
    "mapped for writing": Case(HERE + "\nimport numpy as np", f"int(np.memmap({FILE}, mode='r+')[0])", X2, X),
    "below a folder's descriptor": Case(HERE, "fd = os.open(HERE / chr(100), os.O_RDONLY)\nrun.save(x=os.read(os.open(chr(120), os.O_RDONLY, dir_fd=fd), 9).decode())", X2, X),
    "by the C library": Case(
        HERE + "\nimport ctypes", f"c = ctypes.CDLL(None)\nc.fopen.restype = ctypes.c_void_p\nc.fgetc.argtypes = [ctypes.c_void_p]\nrun.save(x=c.fgetc(c.fopen(os.fsencode({FILE}), b'r')))", X2, X),
    "by the C library's shell": Case(HERE + "\nimport ctypes", f"ctypes.CDLL(None).system(b'grep -q 1 ' + os.fsencode({FILE}))", X2, X),
    "through /proc": Case(HERE, "open('/proc/self/cwd/toy/' + chr(100) + '/' + chr(120)).read()", X2, X),
    "by a subinterpreter": Case(HERE, f"import tempfile, _xxsubinterpreters as s\nt = tempfile.mktemp()\ni = s.create()\ns.run_string(i, f\"open({{t!r}}, 'w').write(open({{str({FILE})!r}}).read())\")\nrun.save(x=open(t).read())\nos.unlink(t)", X2, X),
    "by fork and exec": Case(HERE, f"r, w = os.pipe()\nif os.fork() == 0:\n    os.dup2(w, 1)\n    os.execv('/bin/cat', ['cat', str({FILE})])\nos.wait()\nrun.save(x=os.read(r, 9).decode())", X2, X),
    "outside, by another program": Case("import subprocess", "subprocess.check_output(['cat', '@OUT@/store/x'], text=True)", write(OUT, "2"), {OUT: "1"}),
    "outside, hidden, by a library": Case("import numpy as np", "int(np.load('@OUT@/.cache/x.npy')[0])", write("../.cache/x.npy", array(2)), {"../.cache/x.npy": array(1)}),
    "outside, in a folder like a cache, by a library": Case("import numpy as np", "int(np.load('@OUT@/triton-data/x.npy')[0])", write("../triton-data/x.npy", array(2)), {"../triton-data/x.npy": array(1)}),
    "folder of git": Case("", "open('.git/HEAD').read()", shell("git checkout -q -b other")),
    "bytecode as data": Case(HERE + "\nimport marshal", "d = {}\nexec(marshal.loads((HERE / 'code.pyc').read_bytes()[16:]), d)\nrun.save(x=d['N'])",
                             shell("echo 'N = 2' > t.py; \"$PYTHON\" -c \"import py_compile; py_compile.compile('t.py', cfile='toy/code.pyc')\"; rm t.py"), {},
                             setup=shell("echo 'N = 1' > t.py; \"$PYTHON\" -c \"import py_compile; py_compile.compile('t.py', cfile='toy/code.pyc')\"; rm t.py")),
    "glob below another folder": Case(HERE + "\nimport glob", "len(glob.glob('*', root_dir=HERE / chr(100)))", write("toy/d/y", "1"), X),
    "glob, a new empty folder": Case(HERE, "len(list(HERE.glob('d/*')))", lambda root: (root / "toy/d/e").mkdir(), X),
    "list of a descriptor": Case(HERE, "len(os.listdir(os.open(HERE / chr(100), os.O_RDONLY)))", write("toy/d/y", "1"), X),
    "walk by descriptors": Case(HERE, "sum(len(f) for _, _, f, _ in os.fwalk(HERE / chr(100)))", write("toy/d/y", "1"), X),
    "helper imported in a fork": Case("import os", "r, w = os.pipe()\nif os.fork() == 0:\n    import helper\n    os.write(w, str(helper.N).encode())\n    os._exit(0)\nos.wait()\nrun.save(x=os.read(r, 9).decode())", ("helper.py", "1", "2"), {"helper.py": "N = 1"}),
    "helper that leaves no trace": Case("import sys", "import helper\ndel sys.modules['helper']\nrun.save(x=helper.N)", ("helper.py", "1", "2"), {"helper.py": "N = 1"}),
    "helper that denies its file": Case("", "import helper\nrun.save(x=helper.N)", ("helper.py", "N = 1", "N = 2"), {"helper.py": "N = 1\ndel __file__"}),
    "called while nobody profiles": Case("import sys, toy.a", "sys.setprofile(None)\nsys.settrace(None)\nrun.save(x=getattr(toy.a, chr(102))())", ("a", "return 1", "return 2"), FG),
    "variable like that of a place": Case("import os", "open(os.environ['PATH_TO_DATA']).read()", lambda root: None, {"toy/p.txt": "1", "toy/q.txt": "2"}, env={"PATH_TO_DATA": "toy/p.txt"}, later={"PATH_TO_DATA": "toy/q.txt"}),
    "parameter bound anew by a match": chosen(G23, FG, "match 'b':\n    case mode:\n        pass\n" + PICK),
    "parameter bound anew by an import": chosen(G23, {**FG, "b": "word = 'b'"}, "from toy.b import word as mode\n" + PICK),
    "parameter bound anew by except": chosen(G23, FG, "try:\n    raise ValueError\nexcept ValueError as mode:\n    v = f() if mode == 'a' else g()"),
    "parameter bound anew by def": chosen(G23, FG, "def mode(): pass\n" + PICK),
    "parameter bound anew by a rest": chosen(G23, FG, "match {'k': 1}:\n    case {**mode}:\n        pass\n" + PICK),
    "parameter that is changed in place": chosen(G23, FG, "mode.append('b')\nv = f() if mode == ['a'] else g()", "dict(mode=['a'])", "mode: list = (), "),
    "list against a tuple": chosen(G23, FG, "v = f() if mode == ('a',) else g()", "dict(mode=['a'])", "mode: list = (), "),
    "list among tuples": chosen(G23, FG, "v = f() if mode in (('a',), ('b',)) else g()", "dict(mode=['a'])", "mode: list = (), "),
    "tuple that the run gets as a list": chosen(G23, FG, "v = f() if mode == ('a',) else g()", "dict(mode=('a',))", "mode: list = (), "),
    "float against its integer": chosen(("a", "return 1", "return 3"), FG, "v = f() if mode == 1 else g()", "dict(mode=1.0)", "mode: float = 0, "),
    "docstring by help": Case("import contextlib, io\nfrom toy.a import f", "with contextlib.redirect_stdout(io.StringIO()) as out:\n    help(f)\nrun.save(x=out.getvalue())", DOC, D),
    "docstring by dis": Case("import dis\nfrom toy.a import f", "dis.code_info(f)", DOC, D),
    "docstring by pydoc.getdoc": Case("import pydoc\nfrom toy.a import f", "pydoc.getdoc(f)", DOC, D),
    "docstring by __getattribute__": Case("from toy.a import f", "f.__getattribute__('_'.join(['_', 'doc', '_']))", DOC, D),
    "docstring by a foreign method that keeps": Case("import boxlib\nfrom toy.a import f", "b = boxlib.Box()\nb.add(f)\nrun.save(x=b.said)", DOC, {**LIB, **D}, paths=("../site",)),
    "annotations by a foreign injector": Case("import boxlib\nfrom toy.a import C", "type(boxlib.Box().get(C).n).__name__", AB, {**LIB, "a": "class C:\n    def __init__(self, n: int): self.n = n"}, paths=("../site",)),
    "annotations in the order of fields": Case("from typing import get_type_hints\nfrom toy.a import C", "list(get_type_hints(C))", ("a", "p: int\n    q: int", "q: int\n    p: int"), {"a": "class C:\n    p: int\n    q: int"}),
    "line of a warning": Case("import warnings\nfrom toy.a import f", "with warnings.catch_warnings(record=True) as w:\n    warnings.simplefilter('always')\n    f()\nrun.save(x=w[0].lineno)", LINE, {"a": "import warnings\ndef f(): warnings.warn('x')"}),
    "line of a log record": Case("import logging\nfrom toy.a import f", "out = []\nh = logging.Handler()\nh.emit = lambda r: out.append(r.lineno)\nlogging.getLogger().addHandler(h)\nf()\nrun.save(x=out)", LINE, {"a": "import logging\ndef f(): logging.warning('x')"}),
    "line by walk_tb": Case("import traceback\nfrom toy.a import f", "try:\n    f()\nexcept ValueError as e:\n    x = [n for _, n in traceback.walk_tb(e.__traceback__)][-1]\nrun.save(x=x)", LINE, {"a": "def f(): raise ValueError"}),
    "line by inspect.stack": Case("from toy.a import f", "f()", LINE, {"a": "import inspect\ndef f(): return inspect.stack()[0].lineno"}),
    "order of imports in sys.modules": Case("import sys\nimport toy.p\nimport toy.q", "[m for m in sys.modules if m in ('toy.p', 'toy.q')]", ("experiments/find", "import toy.p\nimport toy.q", "import toy.q\nimport toy.p"), {"p": "", "q": ""}),
    "locals at the top of a module": Case("from toy.a import N", "N", ("a", "def p(): pass\ndef q(): pass", "def q(): pass\ndef p(): pass"), {"a": "def p(): pass\ndef q(): pass\nN = [n for n in locals() if n in 'pq']"}),
    "key function that draws at import": Case(DRAW, DRAWN, ("a", "key=draw", "key=abs"), {"a": "import random\ndef draw(n): return random.random()\n_ = sorted([1, 2], key=draw)"}),
    "default of a dictionary that draws at import": Case(DRAW, DRAWN, ("a", "random.random", "int"), {"a": "import random, collections\nN = collections.defaultdict(random.random)['x']"}),
    "function that a library calls at import": Case(DRAW, DRAWN, ("a", "ones(2)", "ones((2, 2))"), {"a": "import random, numpy as np\ndef draw(*i):\n    random.random()\n    return 0.0\nN = np.vectorize(draw)"
                                                                                                "\nM = np.apply_along_axis(draw, 0, np.ones(2))"}),
    "hook that a parser calls at import": Case(DRAW, DRAWN, ("a", "{}", "[{}, {}]"), {"a": "import random, json\ndef draw(d): return random.random()\nN = json.loads('{}', object_hook=draw)"}),
    "substitution that calls at import": Case(DRAW, DRAWN, ("a", "'aa'", "'a'"), {"a": "import random, re\ndef draw(m): return str(random.random())\nN = re.sub('a', draw, 'aa')"}),
    "optional module by a computed name appears": Case("import importlib", "try: importlib.import_module('toy.' + chr(98)); x = 1\nexcept ImportError: x = 2\nrun.save(x=x)", write("toy/b.py", ""), FG),
    "optional module is looked for by a computed name": Case("import importlib.util", "importlib.util.find_spec('toy.' + chr(98)) is None", write("toy/b.py", ""), FG),
    "optional package by a computed name appears": Case("import importlib", "try: importlib.import_module('toy.' + chr(98)); x = 1\nexcept ImportError: x = 2\nrun.save(x=x)", write("toy/b/__init__.py", ""), FG),
    "module by a computed name, edited": Case("import importlib", "importlib.import_module('toy.' + chr(97)).g()", G23, FG),
    "module by a computed name, in a forked child": Case("import importlib, os", "r, w = os.pipe()\nif not os.fork():\n    os.write(w, str(importlib.import_module('toy.' + chr(97)).g()).encode())\n    os._exit(0)\nos.wait()\nrun.save(x=os.read(r, 9).decode())", G23, FG),
    "module by a computed name, forgotten afterwards": Case("import importlib, sys", "x = importlib.import_module('toy.' + chr(97)).g()\ndel sys.modules['toy.a']\nrun.save(x=x)", G23, FG),
    "subclasses, a loaded module gets another": Case("from toy.b import B\nimport toy.a", "len(B.__subclasses__())", ("a", "class C(B): pass", "class C(B): pass\nclass D(B): pass"), {"b": "class B: pass", "a": "from toy.b import B\nclass C(B): pass"}),
    "loaded modules, and one loads another now": Case("import sys\nimport toy.a", "sorted(name for name in sys.modules if name.startswith('toy'))", ("a", "def f", "import toy.b\ndef f"), {**FG, "b": ""}),
    "data of a module by a computed name": Case("import importlib", "importlib.import_module('toy.' + chr(97)).f()", write("toy/d.txt", "2"), {"a": "from pathlib import Path\ndef f(): return Path(__file__).with_name('d.txt').read_text()", "toy/d.txt": "1"}),
    "unused constant, its library's name is another that fails": Case("from toy.a import f", "f()", ("a", "import Counter", "import OrderedDict as Counter"), {"a": "from collections import Counter\nC = Counter('abc')\ndef f(): return 1"}, changes=None, stale=True),
}
# fmt: on


@rows(ROWS, every=10)
def test_evasions(case: Case, tmp_path: Path) -> None:
    stands(case, tmp_path)
