"""Edits of what an experiment reaches, and of what it does not: a rule of the fingerprint a row."""

from __future__ import annotations

# name: (imports, body, files, (file, old, new), depends)
ROWS: dict[str, tuple[str, str, dict[str, str], tuple[str, str, str], bool]] = {
    "function, imported from": (
        "from toy.a import f", "run.save(x=f())", {"a": "def f(): return 1"}, ("a", "1", "2"), True),
    "function nobody uses": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "def f(): return 1\ndef g(): return 7"}, ("a", "7", "8"), False),
    "function, through the module": (
        "import toy.a", "run.save(x=toy.a.f())", {"a": "def f(): return 1"}, ("a", "1", "2"), True),
    "another function of that module": (
        "import toy.a", "run.save(x=toy.a.f())",
        {"a": "def f(): return 1\ndef g(): return 7"}, ("a", "7", "8"), False),
    "module under another name": (
        "import toy.a as z", "run.save(x=z.f())", {"a": "def f(): return 1"}, ("a", "1", "2"), True),
    "name under another name": (
        "from toy.a import f as h", "run.save(x=h())", {"a": "def f(): return 1"}, ("a", "1", "2"), True),
    "relative import": (
        "from ..a import f", "run.save(x=f())", {"a": "def f(): return 1"}, ("a", "1", "2"), True),
    "import inside the function": (
        "", "from toy.a import f; run.save(x=f())", {"a": "def f(): return 1"}, ("a", "1", "2"), True),
    "module import inside the function": (
        "", "import toy.a as q; run.save(x=q.f())", {"a": "def f(): return 1"}, ("a", "1", "2"), True),
    "re-export": (
        "from toy.b import f", "run.save(x=f())",
        {"a": "def f(): return 1", "b": "from toy.a import f"}, ("a", "1", "2"), True),
    "re-export by a package": (
        "from toy.p import f", "run.save(x=f())",
        {"p/__init__": "from .q import f", "p/q": "def f(): return 1"}, ("p/q", "1", "2"), True),
    "sibling of a re-export": (
        "from toy.p import f", "run.save(x=f())",
        {"p/__init__": "from .q import f\nfrom .r import g", "p/q": "def f(): return 1", "p/r": "def g(): return 7"},
        ("p/r", "7", "8"), False),
    "star import, a name used": (
        "from toy.a import *", "run.save(x=f())", {"a": "def f(): return 1"}, ("a", "1", "2"), True),
    "star import, a name bound anew after its use": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "from toy.b import *\nK = g()\ndef g(): return 5\ndef f(): return K", "b": "def g(): return 1"},
        ("b", "1", "2"), True),
    "star import, a name made out of sight": (
        "from toy.a import *", "run.save(x=made())",
        {"a": "VALUE = 1\nglobals()['made'] = lambda: VALUE"}, ("a", "VALUE = 1", "VALUE = 2"), True),
    "re-export of another thing": (
        "from toy.b import f", "run.save(x=f())",
        {"a": "def f(): return 1\ndef g(): return 1", "b": "from toy.a import f"},
        ("b", "import f", "import g as f"), True),
    "called by what is called": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "from toy.b import g\ndef f(): return g()", "b": "def g(): return 1"}, ("b", "1", "2"), True),
    "constant": (
        "from toy.a import f", "run.save(x=f())", {"a": "K = 1\ndef f(): return K"}, ("a", "K = 1", "K = 2"), True),
    "constant of a constant": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "J = 1\nK = J + 1\ndef f(): return K"}, ("a", "J = 1", "J = 2"), True),
    "constant nobody reads": (
        "from toy.a import f", "run.save(x=f())", {"a": "K = 1\ndef f(): return 5"}, ("a", "K = 1", "K = 2"), False),
    "one of several constants on a line": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "J, K = 1, 2\ndef f(): return K"}, ("a", "1, 2", "1, 3"), True),
    "constant shadowed by a local": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "K = 1\ndef f():\n    K = 5\n    return K"}, ("a", "K = 1", "K = 2"), False),
    "constant shadowed by a parameter": (
        "from toy.a import f", "run.save(x=f(1))", {"a": "K = 1\ndef f(K): return K"}, ("a", "K = 1", "K = 2"), False),
    "constant declared global": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "K = 1\ndef f():\n    global K\n    K += 1\n    return K"}, ("a", "K = 1", "K = 2"), True),
    "augmented constant": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "K = 1\nK += 3\ndef f(): return K"}, ("a", "+= 3", "+= 4"), True),
    "name of a comprehension is its own": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "K = 1\ndef f(): return [K for K in range(2)] + [0]"}, ("a", "K = 1", "K = 2"), False),
    "name used beside a comprehension of the same name": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "K = 1\ndef f(): return [K for K in range(2)] + [K]"}, ("a", "K = 1", "K = 2"), True),
    "default": (
        "from toy.a import f", "run.save(x=f())", {"a": "def f(x=1): return x"}, ("a", "x=1", "x=2"), True),
    "default that is a constant": (
        "from toy.a import f", "run.save(x=f())", {"a": "K = 1\ndef f(x=K): return x"}, ("a", "K = 1", "K = 2"), True),
    "decorator": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "def twice(g): return lambda: 2 * g()\n@twice\ndef f(): return 1"}, ("a", "2 *", "3 *"), True),
    "argument of a decorator": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "def times(n): return lambda g: lambda: n * g()\n@times(2)\ndef f(): return 1"},
        ("a", "times(2)", "times(3)"), True),
    "method": (
        "from toy.a import C", "run.save(x=C().m())",
        {"a": "class C:\n    def m(self): return 1"}, ("a", "1", "2"), True),
    "inherited method": (
        "from toy.a import C", "run.save(x=C().m())",
        {"a": "from toy.b import B\nclass C(B): pass", "b": "class B:\n    def m(self): return 1"}, ("b", "1", "2"), True),
    "method that a base calls": (
        "from toy.a import C", "run.save(x=C().m())",
        {"a": "class B:\n    def m(self): return self.k()\nclass C(B):\n    def k(self): return 1"}, ("a", "1", "2"), True),
    "class attribute": (
        "from toy.a import C", "run.save(x=C.k)", {"a": "class C:\n    k = 1"}, ("a", "1", "2"), True),
    "property": (
        "from toy.a import C", "run.save(x=C().k)",
        {"a": "class C:\n    @property\n    def k(self): return 1"}, ("a", "1", "2"), True),
    "default of a dataclass field": (
        "from toy.a import C", "run.save(x=C().k)",
        {"a": "from dataclasses import dataclass\n@dataclass\nclass C:\n    k: int = 1"}, ("a", "= 1", "= 2"), True),
    "dataclass field that becomes a class variable": (
        "from toy.a import C", "run.save(x=repr(C()))",
        {"a": "from dataclasses import dataclass\nfrom typing import ClassVar\n@dataclass\nclass C:\n    k: int = 1"},
        ("a", "k: int", "k: ClassVar[int]"), True),
    "object made by a function": (
        "from toy.a import make", "run.save(x=make().m())",
        {"a": "class C:\n    def m(self): return 1\ndef make(): return C()"}, ("a", "return 1", "return 2"), True),
    "object kept in a module": (
        "from toy.a import it", "run.save(x=it.m())",
        {"a": "class C:\n    def m(self): return 1\nit = C()"}, ("a", "return 1", "return 2"), True),
    "class nobody uses": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "class C:\n    def m(self): return 7\ndef f(): return 1"}, ("a", "7", "8"), False),
    "closure": (
        "from toy.a import make", "run.save(x=make()())",
        {"a": "K = 1\ndef make():\n    def inner(): return K\n    return inner"}, ("a", "K = 1", "K = 2"), True),
    "lambda": (
        "from toy.a import f", "run.save(x=f())", {"a": "K = 1\nf = lambda: K"}, ("a", "K = 1", "K = 2"), True),
    "partial": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "from functools import partial\ndef g(x): return x + 1\nf = partial(g, 5)"}, ("a", "+ 1", "+ 2"), True),
    "registry in a dictionary": (
        "from toy.a import TABLE", "run.save(x=TABLE['g']())",
        {"a": "def g(): return 1\nTABLE = {'g': g}"}, ("a", "return 1", "return 2"), True),
    "registry filled by a decorator elsewhere": (
        "from toy.p import TABLE", "run.save(x=TABLE['g']())",
        {"p/__init__": "from .table import TABLE\nfrom . import entries",
         "p/table": "TABLE = {}\ndef entry(g):\n    TABLE[g.__name__] = g\n    return g",
         "p/entries": "from .table import entry\n@entry\ndef g(): return 1"}, ("p/entries", "return 1", "return 2"), True),
    "registry filled by statements": (
        "from toy.a import TABLE", "run.save(x=TABLE['g']())",
        {"a": "TABLE = {}\ndef g(): return 1\nTABLE['g'] = g"}, ("a", "return 1", "return 2"), True),
    "registry filled by subclassing": (
        "from toy.p import Base", "run.save(x=Base.all[0]().m())",
        {"p/__init__": "from .base import Base\nfrom . import one",
         "p/base": "class Base:\n    all = []\n    def __init_subclass__(cls): Base.all.append(cls)",
         "p/one": "from .base import Base\nclass One(Base):\n    def m(self): return 1"},
        ("p/one", "return 1", "return 2"), True),
    "subclasses asked for": (
        "from toy.p import Base", "run.save(x=Base.__subclasses__()[0]().m())",
        {"p/__init__": "from .base import Base\nfrom . import one", "p/base": "class Base: pass",
         "p/one": "from .base import Base\nclass One(Base):\n    def m(self): return 1"},
        ("p/one", "return 1", "return 2"), True),
    "single dispatch": (
        "from toy.a import f", "run.save(x=f(1))",
        {"a": "from functools import singledispatch\n@singledispatch\ndef f(x): return 0\n"
              "@f.register\ndef _(x: int): return 1"}, ("a", "return 1", "return 2"), True),
    "type that dispatch reads from an annotation": (
        "from toy.a import f", "run.save(x=f(1))",
        {"a": "from functools import singledispatch\n@singledispatch\ndef f(x): return 0\n"
              "@f.register\ndef _(x: int): return 1"}, ("a", "x: int", "x: str"), True),
    "getattr with a constant": (
        "import toy.a as a", "run.save(x=getattr(a, 'f')())", {"a": "def f(): return 1"}, ("a", "1", "2"), True),
    "getattr with a computed name": (
        "import toy.a as a", "run.save(x=getattr(a, 'f' + '')())", {"a": "def f(): return 1"}, ("a", "1", "2"), True),
    "module handed on": (
        "import toy.a as a\nfrom toy.b import pick", "run.save(x=pick(a))",
        {"a": "def f(): return 1", "b": "def pick(m): return getattr(m, 'f')()"}, ("a", "1", "2"), True),
    "importlib with a constant": (
        "import importlib", "run.save(x=importlib.import_module('toy.a').f())",
        {"a": "def f(): return 1"}, ("a", "1", "2"), True),
    "importlib with a computed name": (
        "import importlib", "run.save(x=importlib.import_module('toy.' + 'a').f())",
        {"a": "def f(): return 1"}, ("a", "1", "2"), True),
    "importlib below a package": (
        "import importlib", "run.save(x=importlib.import_module(f'toy.p.{chr(113)}').f())",
        {"p/__init__": "", "p/q": "def f(): return 1"}, ("p/q", "1", "2"), True),
    "importlib below another package": (
        "import importlib", "run.save(x=importlib.import_module(f'toy.p.{chr(113)}').f())",
        {"p/__init__": "", "p/q": "def f(): return 1", "a": "def g(): return 7"}, ("a", "7", "8"), False),
    "globals": (
        "from toy.a import f", "run.save(x=f('g'))",
        {"a": "def g(): return 1\ndef f(n): return globals()[n]()"}, ("a", "return 1", "return 2"), True),
    "eval": (
        "from toy.a import f", "run.save(x=f('g()'))",
        {"a": "def g(): return 1\ndef f(n): return eval(n)"}, ("a", "return 1", "return 2"), True),
    "module __getattr__": (
        "import toy.a as a", "run.save(x=a.f)",
        {"a": "K = 1\ndef __getattr__(name): return K"}, ("a", "K = 1", "K = 2"), True),
    "effect of importing": (
        "import toy.a", "run.save(x=1)", {"a": "import random\nrandom.seed(1)"}, ("a", "seed(1)", "seed(2)"), True),
    "effect of importing, by a function": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "from toy.b import setup\nsetup()\ndef f(): return 5", "b": "def setup(): print(1)"}, ("b", "1", "2"), True),
    "effect of importing a module's package": (
        "from toy.p.q import f", "run.save(x=f())",
        {"p/__init__": "import random\nrandom.seed(1)", "p/q": "def f(): return 5"},
        ("p/__init__", "seed(1)", "seed(2)"), True),
    "what runs only as a script": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "def f(): return 5\nif __name__ == '__main__':\n    print(1)"}, ("a", "1", "2"), False),
    "definition chosen by a condition": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "import sys\nif sys.version_info > (3,):\n    def f(): return 1\nelse:\n    def f(): return 2"},
        ("a", "return 1", "return 3"), True),
    "optional import": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "try:\n    from toy.b import f\nexcept ImportError:\n    f = None", "b": "def f(): return 1"},
        ("b", "1", "2"), True),
    "import for type checkers": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from toy.b import B\ndef f(): return 5",
         "b": "B = 1\nprint(7)"}, ("b", "7", "8"), False),
    "another library under the same name": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "import math as m\ndef f(): return m.sqrt(4)"}, ("a", "import math", "import cmath"), True),
    "another library that nobody uses": (
        "from toy.a import f", "run.save(x=f())", {"a": "import math\ndef f(): return 5"}, ("a", "math", "cmath"), False),
    "name imported that is not there": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "from toy.b import g\ndef f(): return 5", "b": "def g(): return 1"}, ("a", "import g", "import h as g"), True),
    "name imported that nobody uses": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "from toy.b import g\ndef f(): return 5", "b": "def g(): return 1\ndef h(): return 1"},
        ("a", "import g", "import h as g"), False),
    "data file named": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "from pathlib import Path\ndef f(): return Path(__file__).with_name('d.csv').read_text()", "d.csv": "1"},
        ("d.csv", "1", "2"), True),
    "data file named by a constant": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "from pathlib import Path\nHERE = Path(__file__).parent / 'd' / 'x.csv'\ndef f(): return HERE.read_text()",
         "d/x.csv": "1"}, ("d/x.csv", "1", "2"), True),
    "data files by a pattern": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "from pathlib import Path\ndef f(): return list(Path(__file__).parent.glob('*.csv'))", "d.csv": "1"},
        ("d.csv", "1", "2"), True),
    "data file named by a pattern in an f-string": (
        "from toy.a import f", "run.save(x=f('d'))",
        {"a": "from pathlib import Path\ndef f(n): return Path(__file__).with_name(f'{n}.csv').read_text()", "d.csv": "1"},
        ("d.csv", "1", "2"), True),
    "script run by its path": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "import runpy\nfrom pathlib import Path\ndef f(): return runpy.run_path(Path(__file__).with_name('s.py'))",
         "s": "x = 1"}, ("s", "1", "2"), True),
    "one name imported in two branches": (
        "", "if n: from toy.a import f\n    else: from toy.b import f\n    run.save(x=f())",
        {"a": "def f(): return 1", "b": "def f(): return 1"}, ("a", "1", "2"), True),
    "import in a class body": (
        "from toy.a import C", "run.save(x=C.f())",
        {"a": "class C:\n    from toy.b import f", "b": "def f(): return 1"}, ("b", "1", "2"), True),
    "package handed on": (
        "import toy.p.q\nfrom toy import p", "run.save(x=getattr(p, 'q').f())",
        {"p/__init__": "", "p/q": "def f(): return 1"}, ("p/q", "1", "2"), True),
    "registering decorator of another library, in a module imported for it": (
        "import toy.p", "run.save(x=1)",
        {"p/__init__": "from . import kl", "p/kl": "from lib import register\n@register('a')\ndef f(): return 1"},
        ("p/kl", "return 1", "return 2"), True),
    "data file nobody names": (
        "from toy.a import f", "run.save(x=f())", {"a": "def f(): return 5", "d.csv": "1"}, ("d.csv", "1", "2"), False),
    "comment": (
        "from toy.a import f", "run.save(x=f())", {"a": "def f(): return 1  # one"}, ("a", "# one", "# uno"), False),
    "formatting": (
        "from toy.a import f", "run.save(x=f())", {"a": "def f(): return 1 + 1"}, ("a", "1 + 1", "(1+1)"), False),
    "docstring": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "def f():\n    'one'\n    return 1"}, ("a", "'one'", "'uno'"), False),
    "docstring that code reads": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "def f():\n    'one'\n    return f.__doc__"}, ("a", "'one'", "'uno'"), True),
    "annotation": (
        "from toy.a import f", "run.save(x=f(1))", {"a": "def f(x: int) -> int: return x"}, ("a", "x: int", "x: float"), False),
    "order of definitions": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "def f(): return g()\ndef g(): return 1\n"},
        ("a", "def f(): return g()\ndef g(): return 1\n", "def g(): return 1\ndef f(): return g()\n"), False),
    "definitions that import each other": (
        "from toy.a import f", "run.save(x=f())",
        {"a": "import toy.b\ndef f(): return toy.b.g()\nK = 1", "b": "import toy.a\ndef g(): return toy.a.K"},
        ("a", "K = 1", "K = 2"), True),
    "parameter of a scale": (
        "", "run.save(x=n)", {}, ("experiments/e", "dict(n=1)", "dict(n=2)"), False),
    "default of the experiment": (
        "", "run.save(x=n)", {}, ("experiments/e", "n: int = 3", "n: int = 4"), False),
    "body of the experiment": (
        "", "run.save(x=n + 5)", {}, ("experiments/e", "n + 5", "n + 6"), True),
    "one digit of a float": (
        "from toy.a import f", "run.save(x=f())", {"a": "def f(): return 1.0"}, ("a", "1.0", "1"), True),
}  # fmt: skip
