"""What else Python does with a piece of text: spelling, literals, introspection, captured output, the experiment itself."""

from __future__ import annotations

from pathlib import Path

from promise.case import Case, delete, shell, write
from promise.trial import rows, stands

F12 = ("a", "return 1", "return 2")
F = {"a": "def f(): return 1"}
LONG = "x" * 250

# fmt: off
ROWS: dict[str, Case] = {
    "cookie of the encoding": Case(
        "from toy.a import f", "f()", lambda root: (root / "toy/a.py").write_bytes("# coding: latin-1\ndef f(): return 'é'\n".encode()),
        {"a": "# coding: utf-8\ndef f(): return 'é'\n"}),
    "from __future__ import annotations": Case(
        "from toy.a import f", "str(f.__annotations__)", ("a", "def f", "from __future__ import annotations\ndef f"), {"a": "def f(n: int): return 1"}),
    "name that is normalised": Case("from toy.a import fi", "fi()", ("a", "return 1", "return 2"), {"a": "def ﬁ(): return 1"}),
    "string that is not normalised": Case("from toy.a import N", "len(N)", ("a", "é", "e\u0301"), {"a": "N = 'é'"}),
    "invisible character in a string": Case("from toy.a import N", "len(N)", ("a", "xy", "x\u200by"), {"a": "N = 'xy'"}),
    "raw string": Case("from toy.a import N", "len(N)", ("a", "'\\n'", "r'\\n'"), {"a": "N = '\\n'"}),
    "lone surrogate": Case("from toy.a import N", "ord(N)", ("a", "ud800", "ud801"), {"a": "N = '\\ud800'"}),
    "infinite constant": Case("from toy.a import N", "str(N)", ("a", "1e999", "-1e999"), {"a": "N = 1e999"}),
    "long number": Case("from toy.a import N", "str(N % 7)", ("a", "0" * 400 + "1", "0" * 400 + "2"), {"a": "N = 1" + "0" * 400 + "1"}),
    "float to its last bit": Case("from toy.a import N", "N", ("a", "0.1", "0.10000000000000002"), {"a": "N = 0.1"}),
    "complex": Case("from toy.a import N", "str(N)", ("a", "1j", "2j"), {"a": "N = 1j"}),
    "tuple for list": Case("from toy.a import N", "str(N)", ("a", "[1, 2]", "(1, 2)"), {"a": "N = [1, 2]"}),
    "comma makes a tuple": Case("from toy.a import N", "str(N)", ("a", "N = 1", "N = 1,"), {"a": "N = 1"}),
    "bracket moves": Case("from toy.a import N", "N", ("a", "(1 + 2) * 3", "1 + (2 * 3)"), {"a": "N = (1 + 2) * 3"}),
    "indent moves a line out of a loop": Case(
        "from toy.a import f", "f()", ("a", "        n += 1\n        n *= 2", "        n += 1\n    n *= 2"), {"a": "def f():\n    n = 0\n    for _ in range(3):\n        n += 1\n        n *= 2\n    return n"}),
    "else of a loop": Case("from toy.a import f", "f()", ("a", "    else:", "    if n:"), {"a": "def f():\n    n = 0\n    for _ in range(0):\n        n += 1\n    else:\n        n += 5\n    return n"}),
    "long string": Case("from toy.a import N", "len(set(N))", ("a", LONG, LONG + "y"), {"a": f"N = '{LONG}'"}),
    "files named in a long text": Case(
        "from pathlib import Path\nFILES = '''" + "\n".join(f"no{n}.dat" for n in range(40)) + "\nd/x.txt\n'''", "[(Path('toy') / f).read_text() for f in FILES.split() if (Path('toy') / f).is_file()]",
        ("toy/d/x.txt", "1", "2"), {"toy/d/x.txt": "1"}),
    "module named in a long text": Case(
        "import importlib\nMODULES = '''\n" + "\n".join(f"none{n}" for n in range(40)) + "\ntoy.a\n'''", "importlib.import_module(MODULES.split()[-1]).f()", F12, F),
    "expression of great depth": Case("from toy.a import N", "N", ("a", "+ 2", "+ 3"), {"a": "N = " + "(" * 60 + "1" + ")" * 60 + " + 2"}),
    "sum of many terms": Case("from toy.a import N", "N", ("a", "+ 7", "+ 8"), {"a": "N = " + " + ".join(["1"] * 400) + " + 7"}),
    "name mangling": Case("from toy.b import D", "D().f()", ("a", "__n = 1", "__n = 2"), {"a": "class C:\n    __n = 1\n    def f(self): return self.__n", "b": "from toy.a import C\nclass D(C):\n    __n = 7"}),
    "circular imports, which is first": Case(
        "import toy.a\nfrom toy.b import N", "N", ("experiments/find", "import toy.a\nfrom toy.b import N", "from toy.b import N\nimport toy.a"),
        {"a": "X = 1\nimport toy.b\nX = 2", "b": "import sys, toy.a\nN = getattr(sys.modules['toy.a'], 'X', 9)"}),
    "reload": Case("import importlib, toy.a", "importlib.reload(toy.a)\nrun.save(x=toy.a.N)", ("a", "get('N', 0) + 1", "get('N', 0) + 2"), {"a": "N = globals().get('N', 0) + 1"}),
    "import under another name through sys.modules": Case(
        "import sys, toy.b\nimport made_up", "made_up.f()", F12, {**F, "b": "import sys\nfrom toy import a as _a\nsys.modules['made_up'] = _a"}),
    "__import__": Case("", "__import__('toy.a').a.f()", F12, F),
    "frames": Case("from toy.b import g", "g()", ("a", "N = 1", "N = 2"), {"a": "from toy.b import h\nN = 1\ndef f(): return h()", "b": "import sys\ndef h(): return sys._getframe(1).f_globals['N']\ndef g():\n    from toy.a import f\n    return f()"}),
    "objects of the garbage collector": Case(
        "import gc, toy.a", "sum(1 for c in gc.get_objects() if isinstance(c, type) and c.__module__ == 'toy.a')", ("a", "class P: pass", "class P: pass\nclass Q: pass"), {"a": "class P: pass"}),
    "number of modules": Case("import sys, toy.a", "sum(1 for m in sys.modules if m.startswith('toy.'))", ("a", "X = 1", "import toy.b"), {"a": "X = 1", "b": ""}),
    "size of a module's namespace": Case("import toy.a", "len(dir(toy.a))", ("a", "X = 1", "X = 1\ndef g(): pass"), {"a": "X = 1"}),
    "bytecode of a function": Case("from toy.a import f", "len(f.__code__.co_code)", ("a", "    pass", "    g()"), {"a": "def g(): pass\ndef f():\n    pass"}),
    "names that a function uses": Case("from toy.a import f", "f.__code__.co_names", ("a", "return g", "return h"), {"a": "g = h = 1\ndef f(): return g"}),
    "output that is caught": Case(
        "import contextlib, io\nfrom toy.a import f", "with contextlib.redirect_stdout(io.StringIO()) as out:\n    f()\nrun.save(x=out.getvalue())", ("a", "one", "two"), {"a": "def f(): print('one')"}),
    "log that is caught": Case(
        "import logging\nfrom toy.a import f", "out = []\nh = logging.Handler()\nh.emit = lambda r: out.append(r.getMessage() + r.name)\nlogging.getLogger().addHandler(h)\nf()\nrun.save(x=out)",
        ("a", "getLogger('p')", "getLogger('q')"), {"a": "import logging\nlog = logging.getLogger('p')\ndef f(): log.warning('x')"}),
    "level of a logger": Case(
        "import toy.patch\nimport logging", "logging.getLogger('p').isEnabledFor(logging.INFO)", ("patch", "DEBUG", "ERROR"), {"patch": "import logging\nlogging.getLogger('p').setLevel(logging.DEBUG)"}),
    "message of an assertion": Case(
        "from toy.a import f", "try:\n    f()\nexcept AssertionError as e:\n    x = str(e)\nrun.save(x=x)", ("a", "'one'", "'two'"), {"a": "def f(): assert 0, 'one'"}),
    "runtime protocol": Case(
        "from toy.a import P\nfrom toy.b import C", "isinstance(C(), P)", ("b", "def f", "def g"), {"a": "from typing import Protocol, runtime_checkable\n@runtime_checkable\nclass P(Protocol):\n    def f(self): ...", "b": "class C:\n    def f(self): ..."}),
    "size of a cache": Case("from toy.a import f, L", "[f(n) for n in (1, 2, 1)]\nrun.save(x=len(L))", ("a", "maxsize=1", "maxsize=2"), {"a": "import functools\nL = []\n@functools.lru_cache(maxsize=1)\ndef f(n): L.append(n)"}),
    "keyword of a class": Case("from toy.a import C", "C.k", ("a", "k=1", "k=2"), {"a": "class B:\n    def __init_subclass__(cls, k): cls.k = k\nclass C(B, k=1): pass"}),
    "__prepare__": Case("from toy.a import C", "C.n", ("a", "{'n': 1}", "{'n': 2}"), {"a": "class M(type):\n    @classmethod\n    def __prepare__(m, *a): return {'n': 1}\nclass C(metaclass=M): pass"}),
    "__mro_entries__": Case("from toy.a import C", "C().n", ("a", "(P,)", "(Q,)"), {"a": "class P: n = 1\nclass Q: n = 2\nclass X:\n    def __mro_entries__(self, bases): return (P,)\nclass C(X()): pass"}),
    "default factory": Case("from toy.a import C", "C().n", ("a", "default_factory=p", "default_factory=q"), {"a": "from dataclasses import dataclass, field\ndef p(): return 1\ndef q(): return 2\n@dataclass\nclass C:\n    n: int = field(default_factory=p)"}),
    "order=True": Case("from toy.a import C", "hasattr(C, '__gt__') and C(1).__gt__(C(0)) is True", ("a", "order=True", "order=False"), {"a": "from dataclasses import dataclass\n@dataclass(order=True)\nclass C:\n    n: int"}),
    "context variable": Case("import toy.patch\nfrom toy.a import V", "V.get()", ("patch", "set(1)", "set(2)"), {"a": "from contextvars import ContextVar\nV = ContextVar('v')", "patch": "from toy.a import V\n_ = V.set(1)"}),
    "module run as a program": Case("import subprocess, sys", "subprocess.check_output([sys.executable, '-m', 'toy'], text=True)", ("toy/__main__.py", "1", "2"), {"toy/__main__.py": "print(1)"}),
    "code that runs unless it is a program": Case("from toy.a import N", "N", ("a", "N = 2", "N = 3"), {"a": "N = 1\nif __name__ != '__main__':\n    N = 2"}),
    "code that runs while types are not checked": Case("from toy.a import N", "N", ("a", "N = 2", "N = 3"), {"a": "from typing import TYPE_CHECKING\nN = 1\nif not TYPE_CHECKING:\n    N = 2"}),
    "TYPE_CHECKING of one's own": Case("from toy.a import N", "N", ("a", "N = 2", "N = 3"), {"a": "TYPE_CHECKING = True\nN = 1\nif TYPE_CHECKING:\n    N = 2"}),
    "__name__ of one's own": Case("from toy.a import N", "N", ("a", "N = 2", "N = 3"), {"a": "N = 1\n__name__ = '__main__'\nif __name__ == '__main__':\n    N = 2"}),
    "other decorator of the experiment": Case("from toy.a import twice", "1", ("a", "2 *", "3 *"), {
        "a": "def twice(f):\n    def g(run, *, seed):\n        run.save(y=2 * 1)\n        f(run, seed=seed)\n    return g",
        "experiments/find": "from mlblog.lab import experiment\nfrom toy.a import twice\n@experiment(smoke={}, seeds=1)\n@twice\ndef find(run, *, seed):\n    run.save(x=1)"}),
    "default of the experiment": Case("", "run.save(x=n)", ("experiments/find", "n: int = 1", "n: int = 2"), parameters="n: int = 1, "),
    "experiment's function replaced below": Case("", "1", ("experiments/find", "x=2", "x=3"), {
        "experiments/find": "from mlblog.lab import experiment\nfrom dataclasses import replace\n@experiment(smoke={}, seeds=1)\ndef find(run, *, seed):\n    run.save(x=1)\n"
                            "def g(run, *, seed):\n    run.save(x=2)\nfind = replace(find, function=g)"}),
    "experiment defined twice": Case("", "1", ("experiments/find", "x=2", "x=3"), {
        "experiments/find": "from mlblog.lab import experiment\n@experiment(smoke={}, seeds=1)\ndef find(run, *, seed):\n    run.save(x=1)\n"
                            "@experiment(smoke={}, seeds=1)\ndef find(run, *, seed):\n    run.save(x=2)"}),
    "scale of the run": Case("", "run.save(x=str(run.params))", ("experiments/find", "n=1", "n=1.0"), smoke="dict(n=1)", parameters="n: float = 0, "),
    "its own docstring": Case("", "'''One.'''\nrun.save(x=find.function.__doc__)", ("experiments/find", "One", "Two")),
    "packages in the settings": Case("from other.a import f", "f()", ("other/a.py", "1", "2"), {
        "pyproject.toml": '[project]\nname = "toy"\nversion = "0"\n[tool.mlblog]\npackages = ["toy", "other"]\n', "other/__init__.py": "", "other/a.py": "def f(): return 1"}),
    "package that the settings no longer name": Case("from other.a import f", "f()", [("pyproject.toml", ', "other"', ""), ("other/a.py", "1", "2")], {
        "pyproject.toml": '[project]\nname = "toy"\nversion = "0"\n[tool.mlblog]\npackages = ["toy", "other"]\n', "other/__init__.py": "", "other/a.py": "def f(): return 1"}),
    "file becomes a broken link": Case("from pathlib import Path", "Path('toy/x.txt').exists()", shell("ln -sf nowhere toy/x.txt"), {"toy/x.txt": "1"}),
    "file cannot be decoded any more": Case("from pathlib import Path", "Path('toy/x.txt').read_text()", write("toy/x.txt", b"\xff"), {"toy/x.txt": "1"}),
    "module is not Python any more": Case("", "try:\n    from toy.a import f\nexcept SyntaxError:\n    f = lambda: 2\nrun.save(x=f())", write("a", "def f(: return 1"), F),
    "module vanishes": Case("", "try:\n    from toy.a import f\nexcept ImportError:\n    f = lambda: 2\nrun.save(x=f())", delete("a"), F),
    "module in capitals": Case("", "try:\n    import toy.A as m\nexcept ImportError:\n    m = None\nrun.save(x=m is None)", write("A", ""), F),
}
# fmt: on


@rows(ROWS, every=10)
def test_further(case: Case, tmp_path: Path) -> None:
    stands(case, tmp_path)
