"""What a name means inside: properties, operators, scopes, patterns, defaults that change."""

from __future__ import annotations

from pathlib import Path

from promise.case import Case
from promise.trial import rows, stands

# fmt: off
ROWS: dict[str, Case] = {
    "property": Case(
        "from toy.a import C", "C().n", ("a", "return 1", "return 2"),
        {"a": "class C:\n    @property\n    def n(self): return 1"}),
    "property becomes a method": Case(
        "from toy.a import C", "callable(C().n)", ("a", "    @property\n", ""),
        {"a": "class C:\n    @property\n    def n(self): return 1\n"}),
    "property, another getter": Case(
        "from toy.a import C", "C().n", ("a", "property(f)", "property(g)"),
        {"a": "class C:\n    def f(self): return 1\n    def g(self): return 2\n    n = property(f)"}),
    "__getattr__ of a class": Case(
        "from toy.a import C", "C().anything", ("a", "len(name)", "len(name) + 1"),
        {"a": "class C:\n    def __getattr__(self, name): return len(name)"}),
    "__getattr__ of a base in another module": Case(
        "from toy.b import D", "D().anything", ("a", "return 1", "return 2"),
        {"a": "class C:\n    def __getattr__(self, name): return 1", "b": "from toy.a import C\nclass D(C): pass"}),
    "descriptor": Case(
        "from toy.b import C", "C().n", ("a", "return 1", "return 2"),
        {"a": "class D:\n    def __get__(self, one, kind): return 1", "b": "from toy.a import D\nclass C:\n    n = D()"}),
    "operator": Case(
        "from toy.a import V", "(V(1) + V(2)).n", ("a", "self.n + other.n", "self.n - other.n"),
        {"a": "class V:\n    def __init__(self, n): self.n = n\n    def __add__(self, other): return V(self.n + other.n)"}),
    "reflected operator of another module": Case(
        "from toy.b import make", "2 * make()", ("a", "return 1", "return 5"),
        {"a": "class V:\n    def __rmul__(self, other): return 1", "b": "from toy.a import V\ndef make(): return V()"}),
    "iteration and length": Case(
        "from toy.a import V", "[len(V()), sorted(V())]", ("a", "return 3", "return 4"),
        {"a": "class V:\n    def __len__(self): return 3\n    def __iter__(self): return iter([2, 1])"}),
    "hash and equality in a set": Case(
        "from toy.a import V", "len({V(1), V(2)})", ("a", "return 0", "return self.n"),
        {"a": "class V:\n    def __init__(self, n): self.n = n\n    def __hash__(self): return 0\n"
              "    def __eq__(self, other): return hash(self) == hash(other)"}),
    "__class_getitem__": Case(
        "from toy.a import V", "V[3]", ("a", "n + 1", "n + 2"), {"a": "class V:\n    def __class_getitem__(cls, n): return n + 1"}),
    "metaclass __call__": Case(
        "from toy.a import V", "V()", ("a", "return 1", "return 2"),
        {"a": "class M(type):\n    def __call__(cls): return 1\nclass V(metaclass=M): pass"}),
    "match, order of cases": Case(
        "from toy.a import f", "f([1, 2])",
        ("a", "case [a, b]: return 1\n        case [*_]: return 2", "case [*_]: return 2\n        case [a, b]: return 1"),
        {"a": "def f(x):\n    match x:\n        case [a, b]: return 1\n        case [*_]: return 2\n"}),
    "match against a class's __match_args__": Case(
        "from toy.a import f, P", "f(P())", ("a", "('x', 'y')", "('y', 'x')"),
        {"a": "class P:\n    __match_args__ = ('x', 'y')\n    x, y = 1, 2\ndef f(p):\n    match p:\n        case P(a): return a"}),
    "match against a constant of a module": Case(
        "from toy.b import f", "f(1)", ("a", "ONE = 1", "ONE = 2"),
        {"a": "ONE = 1", "b": "import toy.a\ndef f(x):\n    match x:\n        case toy.a.ONE: return 'one'\n        case _: return 'other'"}),
    "walrus in a comprehension binds outside": Case(
        "from toy.a import f", "f()", ("a", "(last := x)", "(other := x)"),
        {"a": "last = 7\ndef f():\n    other = 0\n    [(last := x) for x in (1, 2)]\n    return other\n"}),
    "comprehension in a class body sees the module": Case(
        "from toy.a import C", "C.rows", ("a", "n = 1\nclass", "n = 2\nclass"),
        {"a": "n = 1\nclass C:\n    n = 5\n    rows = [n for _ in range(2)]"}),
    "name in a class body before it is bound there": Case(
        "from toy.a import C", "C.m", ("a", "n = 1\nclass", "n = 2\nclass"),
        {"a": "n = 1\nclass C:\n    m = n\n    n = 5"}),
    "nested function": Case(
        "from toy.a import make", "make(1)()", ("a", "x + 1", "x + 2"),
        {"a": "def make(x):\n    def inner(): return x + 1\n    return inner"}),
    "nonlocal counter": Case(
        "from toy.a import make", "c = make()\nc()\nrun.save(x=c())", ("a", "nonlocal n", "n = 0"),
        {"a": "def make():\n    n = 0\n    def step():\n        nonlocal n\n        n += 1\n        return n\n    return step"}),
    "mutable default": Case(
        "from toy.a import f", "f(1)\nrun.save(x=f(2))", ("a", "seen=[])", "seen=None)"),
        {"a": "def f(x, seen=[]):\n    seen = [] if seen is None else seen\n    seen.append(x)\n    return len(seen)"}),
    "mutable constant filled by another function": Case(
        "from toy.a import fill, SEEN", "fill()\nrun.save(x=SEEN)", ("a", "append(1)", "append(2)"),
        {"a": "SEEN = []\ndef fill(): SEEN.append(1)"}),
    "except name": Case(
        "from toy.a import f", "f()", ("a", "class E(ValueError)", "class E(KeyError)"),
        {"a": "class E(ValueError): pass\ndef f():\n    try:\n        raise E\n    except ValueError:\n        return 1\n    except KeyError:\n        return 2"}),
    "with: __exit__ swallows": Case(
        "from toy.a import f", "f()", ("a", "return True", "return not True or kind is None"),
        {"a": "class S:\n    def __enter__(self): return self\n    def __exit__(self, kind, *_): return True\n"
              "def f():\n    try:\n        with S():\n            raise ValueError\n    except ValueError:\n        return 2\n    return 1"}),
    "lambda in a default of a lambda": Case(
        "from toy.a import f", "f()", ("a", "k=lambda: 1", "k=lambda: 2"), {"a": "f = lambda k=lambda: 1: k()"}),
    "conditional expression picks a function": Case(
        "from toy.a import f", "f()", ("a", "FLAG = True", "FLAG = False"),
        {"a": "FLAG = True\ndef p(): return 1\ndef q(): return 2\nf = p if FLAG else q"}),
    "__slots__ and attributes": Case(
        "from toy.a import C", "hasattr(C(), '__dict__')", ("a", "('x',)", "('x', '__dict__')"),
        {"a": "class C:\n    __slots__ = ('x',)"}),
    "generator that is closed": Case(
        "from toy.a import f", "f()", ("a", "out.append(9)", "out.append(8)"),
        {"a": "out = []\ndef g():\n    try:\n        yield 1\n    finally:\n        out.append(9)\ndef f():\n    it = g()\n    next(it)\n    it.close()\n    return out"}),
    "unpacked targets swapped": Case(
        "from toy.a import p, q", "p - q", ("a", "p, q = 1, 2", "q, p = 1, 2"), {"a": "p, q = 1, 2"}),
    "augmented constant": Case("from toy.a import N", "N", ("a", "N += 1", "N += 2"), {"a": "N = 1\nN += 1"}),
    "annotated constant": Case("from toy.a import N", "N", ("a", "= 1", "= 2"), {"a": "N: int = 1"}),
    "chained assignment": Case("from toy.a import M", "M", ("a", "N = M = 1", "N = M = 2"), {"a": "N = M = 1"}),
    "constant shared by two names": Case(
        "from toy.a import f", "f()", ("a", "A = B = []", "A, B = [], []"),
        {"a": "A = B = []\ndef f():\n    A.append(1)\n    return B"}),
    "super picks a class by the order of bases": Case(
        "from toy.a import D", "D().f()", ("a", "class B(A):\n", "class B(A):\n    def f(self): return 10 * super().f()\n"),
        {"a": "class A:\n    def f(self): return 1\nclass B(A):\n    k = 0\nclass C(A):\n    def f(self): return 1 + super().f()\nclass D(C, B): pass"}),
    "__new__ gives another class": Case(
        "from toy.a import C", "type(C()).__name__", ("a", "__new__(A)", "__new__(B)"),
        {"a": "class A: pass\nclass B: pass\nclass C:\n    def __new__(cls): return object.__new__(A)"}),
    "int, bool and float constants are not the same": Case(
        "from toy.a import N", "str(N)", ("a", "N = 1", "N = True"), {"a": "N = 1"}),
    "minus zero": Case("from toy.a import N", "str(N)", ("a", "0.0", "-0.0"), {"a": "N = 0.0"}),
    "bytes instead of str": Case("from toy.a import N", "str(type(N))", ("a", "'x'", "b'x'"), {"a": "N = 'x'"}),
    "f-string conversion": Case("from toy.a import f", "f('a')", ("a", "{x}", "{x!r}"), {"a": "def f(x): return f'{x}'"}),
    "f-string format": Case("from toy.a import f", "f(1)", ("a", "{x:2}", "{x:3}"), {"a": "def f(x): return f'{x:2}'"}),
    "keyword-only marker": Case(
        "from toy.a import f", "import inspect\nrun.save(x=str(inspect.signature(f)))", ("a", "(a, b)", "(a, *, b)"),
        {"a": "def f(a, b): return 0"}),
    "async for plain": Case(
        "from toy.a import f", "r = f()\nrun.save(x=hasattr(r, 'close'))\nr.close() if hasattr(r, 'close') else 0", ("a", "def f", "async def f"), {"a": "def f(): return 1"}),
}
# fmt: on


@rows(ROWS, every=10)
def test_scopes(case: Case, tmp_path: Path) -> None:
    stands(case, tmp_path)
