"""Order: of statements, methods, registrations, imports and everything that is iterated in the order it was made."""

from __future__ import annotations

from pathlib import Path

from promise.case import Case
from promise.trial import rows, stands

REG = "LIST = []\ndef reg(f):\n    LIST.append(f)\n    return f\n"

# fmt: off
ROWS: dict[str, Case] = {
    "statements with effects": Case(
        "from toy.a import X", "X", ("a", "X.append(1)\nX.append(2)", "X.append(2)\nX.append(1)"),
        {"a": "X = []\nX.append(1)\nX.append(2)"}),
    "constants by calls with a state": Case(
        "from toy.a import A, B", "A - B", ("a", "A = next(it)\nB = next(it)", "B = next(it)\nA = next(it)"),
        {"a": "it = iter([1, 2])\nA = next(it)\nB = next(it)"}),
    "constant drawn before another": Case(
        "from toy.a import A, B", "A - B", ("a", "A = rng.random()\nB = rng.random()", "B = rng.random()\nA = rng.random()"),
        {"a": "import random\nrng = random.Random(0)\nA = rng.random()\nB = rng.random()"}),
    "constant made before it is changed": Case(
        "from toy.a import B", "B", ("a", "B = len(A)\nA.append(1)", "A.append(1)\nB = len(A)"),
        {"a": "A = []\nB = len(A)\nA.append(1)"}),
    "constant read before it is rebound": Case(
        "from toy.a import B", "B", ("a", "A = 1\nB = A\nA = 2", "A = 1\nA = 2\nB = A"), {"a": "A = 1\nB = A\nA = 2"}),
    "methods, by vars": Case(
        "from toy.a import C", "[n for n in vars(C) if n[0] != '_']",
        ("a", "    def p(self): pass\n    def q(self): pass", "    def q(self): pass\n    def p(self): pass"),
        {"a": "class C:\n    def p(self): pass\n    def q(self): pass"}),
    "methods, by __dict__ of a class elsewhere": Case(
        "from toy.b import names", "names()",
        ("a", "    def p(self): pass\n    def q(self): pass", "    def q(self): pass\n    def p(self): pass"),
        {"a": "class C:\n    def p(self): pass\n    def q(self): pass",
         "b": "from toy import a\ndef names(): return [n for n in a.C.__dict__ if n in 'pq']"}),
    "attributes of a class body": Case(
        "from toy.a import C", "[n for n in vars(C) if n[0] != '_']", ("a", "p = 1; q = 2", "q = 2; p = 1"),
        {"a": "class C:\n    p = 1; q = 2"}),
    "fields of a dataclass": Case(
        "from toy.a import C", "C(1, 2).p", ("a", "p: int; q: int", "q: int; p: int"),
        {"a": "from dataclasses import dataclass\n@dataclass\nclass C:\n    p: int; q: int"}),
    "fields of a named tuple": Case(
        "from toy.a import C", "C(1, 2).p", ("a", "p: int; q: int", "q: int; p: int"),
        {"a": "from typing import NamedTuple\nclass C(NamedTuple):\n    p: int; q: int"}),
    "definitions, by globals": Case(
        "from toy.a import names", "names()", ("a", "def p(): pass\ndef q(): pass", "def q(): pass\ndef p(): pass"),
        {"a": "def p(): pass\ndef q(): pass\ndef names(): return [n for n in globals() if n in 'pq']"}),
    "definitions, by vars of the module": Case(
        "import toy.a", "[n for n in vars(toy.a) if n in 'pq']", ("a", "def p(): pass\ndef q(): pass", "def q(): pass\ndef p(): pass"),
        {"a": "def p(): pass\ndef q(): pass"}),
    "constants, by __dict__ of the module": Case(
        "import toy.a", "[n for n in toy.a.__dict__ if n in 'pq']", ("a", "p = 1\nq = 2", "q = 2\np = 1"), {"a": "p = 1\nq = 2"}),
    "first definition, by inspect": Case(
        "import inspect, toy.a", "inspect.getsourcelines(toy.a.p)[1]", ("a", "def p(): pass\ndef q(): pass", "def q(): pass\ndef p(): pass"),
        {"a": "def p(): pass\ndef q(): pass"}),
    "registrations by a decorator": Case(
        "from toy.a import LIST", "[f() for f in LIST]",
        ("a", "@reg\ndef f(): return 1\n@reg\ndef g(): return 2", "@reg\ndef g(): return 2\n@reg\ndef f(): return 1"),
        {"a": REG + "@reg\ndef f(): return 1\n@reg\ndef g(): return 2"}),
    "registrations in two modules, order of imports": Case(
        "from toy.p import LIST", "[f() for f in LIST]", ("p/__init__", "from . import a, b", "from . import b, a"),
        {"p/__init__": "from .r import LIST\nfrom . import a, b", "p/r": REG,
         "p/a": "from .r import reg\n@reg\ndef f(): return 1", "p/b": "from .r import reg\n@reg\ndef f(): return 2"}),
    "registrations, imports in two statements": Case(
        "import toy.p.a\nimport toy.p.b\nfrom toy.p.r import LIST", "[f() for f in LIST]",
        ("experiments/find", "import toy.p.a\nimport toy.p.b", "import toy.p.b\nimport toy.p.a"),
        {"p/__init__": "", "p/r": REG,
         "p/a": "from .r import reg\n@reg\ndef f(): return 1", "p/b": "from .r import reg\n@reg\ndef f(): return 2"}),
    "registrations by imports inside the experiment": Case(
        "from toy.p.r import LIST", "import toy.p.a\nimport toy.p.b\nrun.save(x=[f() for f in LIST])",
        ("experiments/find", "import toy.p.a\n    import toy.p.b", "import toy.p.b\n    import toy.p.a"),
        {"p/__init__": "", "p/r": REG,
         "p/a": "from .r import reg\n@reg\ndef f(): return 1", "p/b": "from .r import reg\n@reg\ndef f(): return 2"}),
    "imports with effects": Case(
        "import toy.a\nimport toy.b\nfrom toy.s import S", "S[0]", ("experiments/find", "import toy.a\nimport toy.b", "import toy.b\nimport toy.a"),
        {"s": "S = [0]", "a": "from toy.s import S\nS[0] += 1", "b": "from toy.s import S\nS[0] *= 10"}),
    "import below a constant": Case(
        "from toy.b import N", "N", ("b", "import toy.a\nN = S[0]", "N = S[0]\nimport toy.a"),
        {"s": "S = [0]", "a": "from toy.s import S\nS[0] += 1", "b": "from toy.s import S\nimport toy.a\nN = S[0]"}),
    "import moved into a function": Case(
        "from toy.b import f", "f()", ("b", "import toy.a\nN = S[0]\ndef f():", "N = S[0]\ndef f():\n    import toy.a"),
        {"s": "S = [0]", "a": "from toy.s import S\nS[0] += 1",
         "b": "from toy.s import S\nimport toy.a\nN = S[0]\ndef f():\n    return N"}),
    "class bodies": Case(
        "from toy.a import L", "L", ("a", "class P: L.append('p')\nclass Q: L.append('q')", "class Q: L.append('q')\nclass P: L.append('p')"),
        {"a": "L = []\nclass P: L.append('p')\nclass Q: L.append('q')"}),
    "__init_subclass__": Case(
        "from toy.a import Base", "Base.found", ("a", "class P(Base): pass\nclass Q(Base): pass", "class Q(Base): pass\nclass P(Base): pass"),
        {"a": "class Base:\n    found = []\n    def __init_subclass__(cls): Base.found.append(cls.__name__)\n"
              "class P(Base): pass\nclass Q(Base): pass"}),
    "__subclasses__": Case(
        "from toy.a import Base", "[c.__name__ for c in Base.__subclasses__()]",
        ("a", "class P(Base): pass\nclass Q(Base): pass", "class Q(Base): pass\nclass P(Base): pass"),
        {"a": "class Base: pass\nclass P(Base): pass\nclass Q(Base): pass"}),
    "__set_name__": Case(
        "from toy.a import C, L", "L", ("a", "p = D(); q = D()", "q = D(); p = D()"),
        {"a": "L = []\nclass D:\n    def __set_name__(self, owner, name): L.append(name)\nclass C:\n    p = D(); q = D()"}),
    "metaclass that counts": Case(
        "from toy.a import P", "P.n", ("a", "class P(metaclass=M): pass\nclass Q(metaclass=M): pass", "class Q(metaclass=M): pass\nclass P(metaclass=M): pass"),
        {"a": "class M(type):\n    count = 0\n    def __init__(cls, *a):\n        M.count += 1\n        cls.n = M.count\n"
              "class P(metaclass=M): pass\nclass Q(metaclass=M): pass"}),
    "conditionals": Case(
        "from toy.a import N", "N", ("a", "if N < 2: N += 5\nif N < 5: N *= 3", "if N < 5: N *= 3\nif N < 2: N += 5"),
        {"a": "N = 1\nif N < 2: N += 5\nif N < 5: N *= 3"}),
    "function defined under an if, then again": Case(
        "from toy.a import f", "f()", ("a", "def f(): return 1\nif True:\n    def f(): return 2\n", "if True:\n    def f(): return 2\ndef f(): return 1\n"),
        {"a": "def f(): return 1\nif True:\n    def f(): return 2\n"}),
    "function defined twice": Case(
        "from toy.a import f", "f()", ("a", "def f(): return 1\ndef f(): return 2", "def f(): return 2\ndef f(): return 1"),
        {"a": "def f(): return 1\ndef f(): return 2"}),
    "constant and function of one name": Case(
        "from toy.a import f", "f()", ("a", "def f(): return 1\nf = lambda: 2", "f = lambda: 2\ndef f(): return 1"),
        {"a": "def f(): return 1\nf = lambda: 2"}),
    "import and definition of one name": Case(
        "from toy.b import f", "f()", ("b", "from toy.a import f\ndef f(): return 2", "def f(): return 2\nfrom toy.a import f"),
        {"a": "def f(): return 1", "b": "from toy.a import f\ndef f(): return 2"}),
    "two imports of one name": Case(
        "from toy.c import f", "f()", ("c", "from toy.a import f\nfrom toy.b import f", "from toy.b import f\nfrom toy.a import f"),
        {"a": "def f(): return 1", "b": "def f(): return 2", "c": "from toy.a import f\nfrom toy.b import f"}),
    "star and definition of one name": Case(
        "from toy.b import f", "f()", ("b", "from toy.a import *\ndef f(): return 2", "def f(): return 2\nfrom toy.a import *"),
        {"a": "def f(): return 1", "b": "from toy.a import *\ndef f(): return 2"}),
    "methods of one name": Case(
        "from toy.a import C", "C().f()",
        ("a", "    def f(self): return 1\n    def f(self): return 2", "    def f(self): return 2\n    def f(self): return 1"),
        {"a": "class C:\n    def f(self): return 1\n    def f(self): return 2"}),
    "method and attribute of one name": Case(
        "from toy.a import C", "C().f()", ("a", "    def f(self): return 1\n    f = lambda self: 2", "    f = lambda self: 2\n    def f(self): return 1"),
        {"a": "class C:\n    def f(self): return 1\n    f = lambda self: 2"}),
    "keys of a dictionary literal": Case(
        "from toy.a import D", "list(D)", ("a", "{'p': 1, 'q': 2}", "{'q': 2, 'p': 1}"), {"a": "D = {'p': 1, 'q': 2}"}),
    "keyword arguments": Case(
        "from toy.a import D", "list(D)", ("a", "dict(p=1, q=2)", "dict(q=2, p=1)"), {"a": "D = dict(p=1, q=2)"}),
    "patches from two modules": Case(
        "import toy.b, toy.c\nfrom toy.a import f", "f()", ("experiments/find", "toy.b, toy.c", "toy.c, toy.b"),
        {"a": "N = 1\ndef f(): return N", "b": "import toy.a\ntoy.a.N = 2", "c": "import toy.a\ntoy.a.N = 3"}),
    "singledispatch, order of registrations for one type": Case(
        "from toy.a import f", "f(1)", ("a", "@f.register(int)\ndef _(x): return 1\n@f.register(int)\ndef _(x): return 2", "@f.register(int)\ndef _(x): return 2\n@f.register(int)\ndef _(x): return 1"),
        {"a": "from functools import singledispatch\n@singledispatch\ndef f(x): return 0\n"
              "@f.register(int)\ndef _(x): return 1\n@f.register(int)\ndef _(x): return 2"}),
    "warnings filters": Case(
        "from toy.a import f", "f()", ("a", "warnings.simplefilter('ignore')\nwarnings.simplefilter('error')", "warnings.simplefilter('error')\nwarnings.simplefilter('ignore')"),
        {"a": "import warnings\nwarnings.simplefilter('ignore')\nwarnings.simplefilter('error')\n"
              "def f():\n    try:\n        warnings.warn('x')\n    except UserWarning:\n        return 1\n    return 0"}),
}
# fmt: on


@rows(ROWS, every=10)
def test_order(case: Case, tmp_path: Path) -> None:
    stands(case, tmp_path)
