"""What a name means: aliases, re-exports, stars, shadows, bindings that come and go."""

from __future__ import annotations

from pathlib import Path

from promise.case import Case, delete, write
from promise.trial import rows, stands

L12 = {"a": "def l1(x): return abs(x)\ndef l2(x): return x * x"}
FG = {"a": "def f(): return 1\ndef g(): return 2"}

# fmt: off
ROWS: dict[str, Case] = {
    "alias of an import, another target": Case(
        "from toy.a import l1 as loss\nfrom toy.a import l1, l2", "[loss(3.0), l1(3.0), l2(3.0)]",
        ("experiments/find", "l1 as loss", "l2 as loss"), L12),
    "two aliases swapped": Case(
        "from toy.a import f as p, g as q", "p() - q()", ("experiments/find", "f as p, g as q", "g as p, f as q"), FG),
    "alias inside the experiment": Case(
        "from toy.a import f, g", "from toy.a import f as h\nrun.save(x=[f(), g(), h()])",
        ("experiments/find", "f as h", "g as h"), FG),
    "module aliases swapped": Case(
        "import toy.a as p\nimport toy.b as q", "[p.f(), q.f()]",
        [("experiments/find", "toy.a as p", "toy.b as p"), ("experiments/find", "toy.b as q", "toy.a as q")],
        {"a": "def f(): return 1", "b": "def f(): return 2"}),
    "re-export, another target": Case(
        "from toy.p import f, g, loss", "[f(), g(), loss()]", ("p/__init__", "f as loss", "g as loss"),
        {**FG, "p/__init__": "from toy.a import f as loss\nfrom toy.a import f, g"}),
    "chain of re-exports, swapped in the middle": Case(
        "from toy.c import p, q", "p() - q()", ("b", "f as p, g as q", "g as p, f as q"),
        {**FG, "b": "from toy.a import f as p, g as q", "c": "from .b import p, q"}),
    "constant bound to another function": Case(
        "from toy.a import f, g, best", "[f(), g(), best()]", ("a", "best = f", "best = g"),
        {"a": "def f(): return 1\ndef g(): return 2\nbest = f"}),
    "conditional import, the other branch": Case(
        "from toy.b import f", "f()", ("b", "FAST = True", "FAST = False"),
        {"a": "def f(): return 1", "c": "def f(): return 2",
         "b": "FAST = True\nif FAST:\n    from toy.a import f\nelse:\n    from toy.c import f"}),
    "import in try, the first appears": Case(
        "from toy.b import f", "f()", write("fast", "def f(): return 2"),
        {"b": "try:\n    from toy.fast import f\nexcept ImportError:\n    def f(): return 1"}),
    "import in try, the first vanishes": Case(
        "from toy.b import f", "f()", delete("fast"),
        {"fast": "def f(): return 2", "b": "try:\n    from toy.fast import f\nexcept ImportError:\n    f = lambda: 1"}),
    "module of a submodule's name appears": Case(
        "import toy.p", "getattr(toy.p, 'q', None) is not None",
        [write("p/q", ""), ("p/__init__", "X = 1", "X = 1\nimport toy.p.q")], {"p/__init__": "X = 1"}),
    "attribute of a package hides its submodule": Case(
        "from toy.p import q", "q.f()",
        write("p/__init__", "class q:\n    f = staticmethod(lambda: 5)\n"),
        {"p/__init__": "", "p/q": "def f(): return 1"}),
    "star, its order": Case(
        "from toy.a import *\nfrom toy.b import *", "f()",
        ("experiments/find", "from toy.a import *\nfrom toy.b import *", "from toy.b import *\nfrom toy.a import *"),
        {"a": "def f(): return 1", "b": "def f(): return 2"}),
    "star, a name appears in the later one": Case(
        "from toy.a import *\nfrom toy.b import *", "f()", ("b", "g = 0", "g = 0\ndef f(): return 2"),
        {"a": "def f(): return 1", "b": "g = 0"}),
    "star, __all__ loses a name": Case(
        "from toy.a import *\nfrom toy.b import *", "f()", ("b", "['f', 'g']", "['g']"),
        {"a": "def f(): return 1", "b": "__all__ = ['f', 'g']\ndef f(): return 2\ng = 0"}),
    "star, __all__ gains a private name": Case(
        "from toy.a import *\nfrom toy.b import *", "_f()", ("b", "__all__ = []", "__all__ = ['_f']"),
        {"a": "__all__ = ['_f']\ndef _f(): return 1", "b": "__all__ = []\ndef _f(): return 2"}),
    "star brings a builtin's name": Case(
        "from toy.a import *", "max([1, 2])", ("a", "X = 0", "X = 0\ndef max(xs): return 7"), {"a": "X = 0"}),
    "module defines a builtin's name": Case(
        "from toy.a import f", "f()", ("a", "def f", "def sum(xs): return 9\ndef f"),
        {"a": "def f(): return sum([1, 2])"}),
    "module imports a builtin's name": Case(
        "from toy.a import f", "f()", ("a", "import math", "import math\nfrom math import pow"),
        {"a": "import math\ndef f(): return [type(pow(2, 2)).__name__, math.pi]"}),
    "relative import, one level more": Case(
        "from toy.p.q.m import f", "f()", ("p/q/m", "from .h", "from ..h"),
        {"p/__init__": "", "p/q/__init__": "", "p/h": "def f(): return 2", "p/q/h": "def f(): return 1",
         "p/q/m": "from .h import f\nimport toy.p.h, toy.p.q.h"}),
    "base of a class, another": Case(
        "from toy.a import C", "C().f()", ("a", "class C(A)", "class C(B)"),
        {"a": "class A:\n    def f(self): return 1\nclass B:\n    def f(self): return 2\nclass C(A): k = B\n"}),
    "order of bases": Case(
        "from toy.a import C", "C().f()", ("a", "C(A, B)", "C(B, A)"),
        {"a": "class A:\n    def f(self): return 1\nclass B:\n    def f(self): return 2\nclass C(A, B): pass\n"}),
    "base imported under one name, from elsewhere": Case(
        "from toy.c import C", "C().f()", ("c", "from toy.a import Base", "from toy.b import Base"),
        {"a": "class Base:\n    def f(self): return 1", "b": "class Base:\n    def f(self): return 2",
         "c": "import toy.a, toy.b\nfrom toy.a import Base\nclass C(Base): pass"}),
    "default argument, another function": Case(
        "from toy.a import f, g, run_it", "[f(), g(), run_it()]", ("a", "how=f", "how=g"),
        {"a": "def f(): return 1\ndef g(): return 2\ndef run_it(how=f): return how()"}),
    "default argument, evaluated when defined": Case(
        "from toy.a import h", "h()", ("a", "N = 1\ndef h(n=N): return n\nN = 2", "N = 2\ndef h(n=N): return n\nN = 1"),
        {"a": "N = 1\ndef h(n=N): return n\nN = 2"}),
    "decorator, another": Case(
        "from toy.a import h", "h(1)", ("a", "@twice\ndef h", "@thrice\ndef h"),
        {"a": "def twice(f): return lambda x: 2 * f(x)\ndef thrice(f): return lambda x: 3 * f(x)\n"
              "@twice\ndef h(x): return x\n@thrice\ndef k(x): return x"}),
    "decorators in another order": Case(
        "from toy.a import h", "h(1)", ("a", "@inc\n@twice", "@twice\n@inc"),
        {"a": "def twice(f): return lambda x: 2 * f(x)\ndef inc(f): return lambda x: f(x) + 1\n"
              "@inc\n@twice\ndef h(x): return x"}),
    "registry entry, another function": Case(
        "from toy.a import TABLE", "TABLE['x']()", ("a", "{'x': f, 'y': g}", "{'x': g, 'y': f}"),
        {"a": "def f(): return 1\ndef g(): return 2\nTABLE = {'x': f, 'y': g}"}),
    "registry key of a decorator": Case(
        "from toy.a import TABLE", "TABLE['x']()",
        [("a", "@reg('x')\ndef f", "@reg('z')\ndef f"), ("a", "@reg('y')", "@reg('x')")],
        {"a": "TABLE = {}\ndef reg(k):\n    def put(f):\n        TABLE[k] = f\n        return f\n    return put\n"
              "@reg('x')\ndef f(): return 1\n@reg('y')\ndef g(): return 2"}),
    "partial, another function": Case(
        "from toy.a import h, g, f", "[h(), f(1), g(1)]", ("a", "partial(f, 1)", "partial(g, 1)"),
        {"a": "from functools import partial\ndef f(x): return x\ndef g(x): return -x\nh = partial(f, 1)"}),
    "enum member, another value": Case(
        "from toy.a import E", "E.A.value", ("a", "A = 1", "A = 3"), {"a": "import enum\nclass E(enum.Enum):\n    A = 1\n    B = 2"}),
    "enum auto, order of members": Case(
        "from toy.a import E", "E.A.value", ("a", "A = enum.auto(); B = enum.auto()", "B = enum.auto(); A = enum.auto()"),
        {"a": "import enum\nclass E(enum.Enum):\n    A = enum.auto(); B = enum.auto()"}),
    "enum, a new member that iteration sees": Case(
        "from toy.a import E", "len(list(E))", ("a", "B = 2", "B = 2\n    C = 3"),
        {"a": "import enum\nclass E(enum.Enum):\n    A = 1\n    B = 2"}),
    "enum alias becomes another": Case(
        "from toy.a import E", "E.BEST.name", ("a", "BEST = 1", "BEST = 2"),
        {"a": "import enum\nclass E(enum.Enum):\n    A = 1\n    B = 2\n    BEST = 1"}),
    "del of a name that hides a builtin": Case(
        "from toy.a import f", "f()", ("a", "X = 0", "del abs"), {"a": "def abs(x): return 9\nX = 0\ndef f(): return abs(-1)"}),
    "rebinding below": Case(
        "from toy.a import f", "f()", ("a", "X = 0", "f = g"), {"a": "def f(): return 1\ndef g(): return 2\nX = 0"}),
    "rebinding in a loop": Case(
        "from toy.a import f", "f()", ("a", "(g, f)", "(f, g)"),
        {"a": "def f(): return 1\ndef g(): return 2\nfor h in (g, f):\n    pass\nf = h"}),
    "global set by another function": Case(
        "from toy.a import start, get", "start()\nrun.save(x=get())", ("a", "STATE = 1", "STATE = 2"),
        {"a": "STATE = 0\ndef start():\n    global STATE\n    STATE = 1\ndef get(): return STATE"}),
    "global set at import by a call": Case(
        "from toy.a import get", "get()", ("a", "up(1)", "up(2)"),
        {"a": "STATE = 0\ndef up(n):\n    global STATE\n    STATE += n\nup(1)\ndef get(): return STATE"}),
    "attribute of a module set from another": Case(
        "import toy.b\nfrom toy.a import f", "f()", ("b", "toy.a.N = 2", "toy.a.N = 3"),
        {"a": "N = 1\ndef f(): return N", "b": "import toy.a\ntoy.a.N = 2"}),
    "attribute of a module set from a package's __init__": Case(
        "from toy.a import f", "f()", ("__init__", "toy.a.N = 2", "toy.a.N = 3"),
        {"a": "N = 1\ndef f(): return N", "__init__": "import toy.a\ntoy.a.N = 2"}),
    "attribute of a module set by setattr": Case(
        "import toy.b\nfrom toy.a import f", "f()", ("b", "'N', 2", "'N', 3"),
        {"a": "N = 1\ndef f(): return N", "b": "import sys\nimport toy.a\nsetattr(sys.modules['toy.a'], 'N', 2)"}),
    "method replaced from another module": Case(
        "import toy.b\nfrom toy.a import C", "C().f()", ("b", "lambda self: 2", "lambda self: 3"),
        {"a": "class C:\n    def f(self): return 1", "b": "from toy.a import C\nC.f = lambda self: 2"}),
    "class attribute": Case(
        "from toy.a import C", "C().n", ("a", "n = 1", "n = 2"), {"a": "class C:\n    n = 1"}),
    "class attribute names another function": Case(
        "from toy.a import C, f, g", "[C.h(), f(), g()]", ("a", "h = staticmethod(f)", "h = staticmethod(g)"),
        {"a": "def f(): return 1\ndef g(): return 2\nclass C:\n    h = staticmethod(f)\n    k = g"}),
}
# fmt: on


@rows(ROWS, every=10)
def test_names(case: Case, tmp_path: Path) -> None:
    stands(case, tmp_path)
