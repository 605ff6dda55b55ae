"""Annotations, docstrings and source that somebody reads at run time."""

from __future__ import annotations

from pathlib import Path

from promise.case import Case
from promise.trial import rows, stands

AB = ("a", "n: int", "n: float")
LIB = {
    "../site/readlib.py": """
    import inspect, typing
    def hints(thing): return sorted(str(t) for t in typing.get_type_hints(thing).values())
    def doc(thing): return inspect.getdoc(thing)
    def wrap(f):
        f.read = str(inspect.signature(f))
        return f
    def coerce(f):
        kinds = typing.get_type_hints(f)
        return lambda **kw: f(**{k: kinds[k](v) for k, v in kw.items()})
    class Model:
        def __init_subclass__(cls): cls.fields = {k: str(v) for k, v in cls.__annotations__.items()}
    class Documented(type):
        def __init__(cls, name, bases, body): cls.said = (cls.__doc__ or "").strip()
"""
}
SITE = ("../site",)
F = {"a": "def f(n: int): return n"}
D = {"a": "def f():\n    '''one'''\n    return 1"}

# fmt: off
ROWS: dict[str, Case] = {
    "get_type_hints": Case("from typing import get_type_hints\nfrom toy.a import f", "str(get_type_hints(f))", AB, F),
    "get_type_hints under another name": Case(
        "import typing as t\nfrom toy.a import f", "reader = t.get_type_hints\nrun.save(x=str(reader(f)))", AB, F),
    "get_type_hints in another module": Case(
        "from toy.a import f\nfrom toy.b import kinds", "kinds(f)", AB, {**F, "b": "import typing\ndef kinds(g): return str(typing.get_type_hints(g))"}),
    "__annotations__": Case("from toy.a import f", "str(f.__annotations__)", AB, F),
    "__annotations__ by getattr": Case("from toy.a import f", "str(getattr(f, '__annot' + 'ations__'))", AB, F),
    "__annotations__ of a module": Case("import toy.a", "str(toy.a.__annotations__)", ("a", "N: int", "N: float"), {"a": "N: int = 1"}),
    "__annotations__ of a class by vars": Case("from toy.a import C", "str(vars(C)['__annotations__'])", ("a", "n: int", "n: float"), {"a": "class C:\n    n: int = 1"}),
    "inspect.signature": Case("import inspect\nfrom toy.a import f", "str(inspect.signature(f))", AB, F),
    "inspect.signature, what it returns": Case("import inspect\nfrom toy.a import f", "str(inspect.signature(f))", ("a", "):", ") -> int:"), F),
    "inspect.get_annotations": Case("import inspect\nfrom toy.a import f", "str(inspect.get_annotations(f))", AB, F),
    "Annotated": Case(
        "from typing import get_type_hints\nfrom toy.a import f", "get_type_hints(f, include_extras=True)['n'].__metadata__[0]",
        ("a", "int, 1", "int, 2"), {"a": "from typing import Annotated\ndef f(n: Annotated[int, 1]): return n"}),
    "Annotated, a constant of another module": Case(
        "from typing import get_type_hints\nfrom toy.a import f", "get_type_hints(f, include_extras=True)['n'].__metadata__[0]",
        ("b", "1", "2"), {"a": "from typing import Annotated\nfrom toy.b import LOW\ndef f(n: Annotated[int, LOW]): return n", "b": "LOW = 1"}),
    "field.type of a dataclass": Case(
        "from dataclasses import fields\nfrom toy.a import C", "[str(f.type) for f in fields(C)]", ("a", "n: int", "n: float"),
        {"a": "from dataclasses import dataclass\n@dataclass\nclass C:\n    n: int = 1"}),
    "ClassVar takes a field away": Case(
        "from dataclasses import fields\nfrom toy.a import C", "[f.name for f in fields(C)]", ("a", "n: int", "n: V[int]"),
        {"a": "from dataclasses import dataclass\nfrom typing import ClassVar as V\n@dataclass\nclass C:\n    n: int = 1"}),
    "a field appears by its annotation": Case(
        "from dataclasses import fields\nfrom toy.a import C", "[f.name for f in fields(C)]", ("a", "m = 2", "m: int = 2"),
        {"a": "from dataclasses import dataclass\n@dataclass\nclass C:\n    n: int = 1\n    m = 2"}),
    "field of a base, by a decorator elsewhere": Case(
        "from dataclasses import fields, dataclass\nfrom toy.a import C\n@dataclass\nclass D(C):\n    m: int = 3", "[str(f.type) for f in fields(D)]",
        ("a", "n: int", "n: float"), {"a": "from dataclasses import dataclass\n@dataclass\nclass C:\n    n: int = 1"}),
    "NamedTuple": Case("from toy.a import C", "str(C.__annotations__)", ("a", "n: int", "n: float"),
                       {"a": "from typing import NamedTuple\nclass C(NamedTuple):\n    n: int = 1"}),
    "TypedDict, its keys": Case("from toy.a import C", "sorted(C.__required_keys__)", ("a", "n: int", "n: NotRequired[int]"),
                                {"a": "from typing import TypedDict, NotRequired\nclass C(TypedDict):\n    n: int\n    m: int"}),
    "Literal as a list of choices": Case(
        "from typing import get_args\nfrom toy.a import Kind", "get_args(Kind)[0]", ("a", "'p', 'q'", "'q', 'p'"),
        {"a": "from typing import Literal\nKind = Literal['p', 'q']"}),
    "Literal in an annotation": Case(
        "from typing import get_args, get_type_hints\nfrom toy.a import f", "get_args(get_type_hints(f)['k'])[0]", ("a", "'p', 'q'", "'q', 'p'"),
        {"a": "from typing import Literal\ndef f(k: Literal['p', 'q']): return k"}),
    "singledispatch by annotation": Case(
        "from toy.a import f", "f(1)", ("a", "x: float", "x: int"),
        {"a": "from functools import singledispatch\n@singledispatch\ndef f(x): return 0\n@f.register\ndef _(x: float): return 1"}),
    "singledispatchmethod by annotation": Case(
        "from toy.a import C", "C().f(1)", ("a", "x: float", "x: int"),
        {"a": "from functools import singledispatchmethod as sdm\nclass C:\n    @sdm\n    def f(self, x): return 0\n    @f.register\n    def _(self, x: float): return 1"}),
    "decorator of the project reads annotations": Case(
        "from toy.a import f", "f(n='1')", AB,
        {"a": "from toy.b import coerce\n@coerce\ndef f(n: int): return n",
         "b": "def coerce(f): return lambda **kw: f(**{k: f.__annotations__[k](v) for k, v in kw.items()})"}),
    "foreign decorator reads annotations": Case(
        "from toy.a import f", "f(n='1')", AB, {**LIB, "a": "from readlib import coerce\n@coerce\ndef f(n: int): return n"}, paths=SITE),
    "foreign decorator keeps the signature": Case(
        "from toy.a import f", "f.read", AB, {**LIB, "a": "import readlib\n@readlib.wrap\ndef f(n: int): return n"}, paths=SITE),
    "foreign function reads annotations": Case("import readlib\nfrom toy.a import f", "readlib.hints(f)", AB, {**LIB, **F}, paths=SITE),
    "foreign function reads annotations of a class": Case(
        "import readlib\nfrom toy.a import C", "readlib.hints(C)", ("a", "n: int", "n: float"), {**LIB, "a": "class C:\n    n: int = 1"}, paths=SITE),
    "foreign base reads annotations": Case(
        "from toy.a import C", "str(C.fields)", ("a", "n: int", "n: float"), {**LIB, "a": "import readlib\nclass C(readlib.Model):\n    n: int = 1"}, paths=SITE),
    "foreign base of a base reads annotations": Case(
        "from toy.a import C", "str(C.fields)", ("a", "n: int", "n: float"),
        {**LIB, "b": "import readlib\nclass B(readlib.Model):\n    k: int = 0", "a": "from toy.b import B\nclass C(B):\n    n: int = 1"}, paths=SITE),
    "foreign metaclass reads docstrings": Case(
        "from toy.a import C", "C.said", ("a", "one", "two"), {**LIB, "a": "import readlib\nclass C(metaclass=readlib.Documented):\n    'one'"}, paths=SITE),
    "foreign function reads docstrings": Case("import readlib\nfrom toy.a import f", "readlib.doc(f)", ("a", "one", "two"), {**LIB, **D}, paths=SITE),
    "inspect.getdoc": Case("import inspect\nfrom toy.a import f", "inspect.getdoc(f)", ("a", "one", "two"), D),
    "inspect.getdoc of a method": Case("import inspect\nfrom toy.a import C", "inspect.getdoc(C().f)", ("a", "one", "two"),
                                       {"a": "class C:\n    def f(self):\n        'one'"}),
    "__doc__": Case("from toy.a import f", "f.__doc__", ("a", "one", "two"), D),
    "__doc__ by getattr": Case("from toy.a import f", "getattr(f, '__doc__')", ("a", "one", "two"), D),
    "__doc__ by a computed name": Case("from toy.a import f", "getattr(f, '__' + 'cod'[::-1] + '__')", ("a", "one", "two"), D),
    "__doc__ in another module": Case("from toy.a import f\nfrom toy.b import said", "said(f)", ("a", "one", "two"), {**D, "b": "def said(g): return g.__doc__"}),
    "__doc__ of a module": Case("import toy.a", "toy.a.__doc__", ("a", "one", "two"), {"a": "'''one'''"}),
    "__doc__ of its own module": Case("from toy.a import f", "f()", ("a", "one", "two"), {"a": "'''one'''\ndef f(): return __doc__"}),
    "__doc__ of a class, by operator.attrgetter": Case(
        "import operator\nfrom toy.a import C", "operator.attrgetter('__doc__')(C)", ("a", "one", "two"), {"a": "class C:\n    'one'"}),
    "docstring as a grammar, by a decorator": Case(
        "from toy.a import f", "f()", ("a", "one", "two"), {"a": "def talk(f): return lambda: f.__doc__\n@talk\ndef f():\n    'one'"}),
    "functools.wraps copies the docstring": Case(
        "from toy.a import f", "f.__doc__", ("b", "one", "two"),
        {"b": "def g():\n    'one'", "a": "import functools\nfrom toy.b import g\n@functools.wraps(g)\ndef f(): return 1"}),
    "inspect.getsource": Case("import inspect\nfrom toy.a import f", "inspect.getsource(f)", ("a", "return 1", "return 1  # one"), {"a": "def f(): return 1"}),
    "inspect.getsource of a module": Case("import inspect\nimport toy.a", "len(inspect.getsource(toy.a))", ("a", "X = 1", "X = 1  # one"), {"a": "X = 1"}),
    "inspect.getcomments": Case("import inspect\nfrom toy.a import f", "inspect.getcomments(f)", ("a", "# one", "# two"), {"a": "# one\ndef f(): return 1"}),
    "line numbers in a code object": Case("from toy.a import f", "f.__code__.co_firstlineno", ("a", "def f", "\n\ndef f"), {"a": "def f(): return 1"}),
    "local names in a code object": Case("from toy.a import f", "f.__code__.co_varnames", ("a", "m = 1", "k = 1"), {"a": "def f():\n    m = 1"}),
    "pydoc": Case("import pydoc\nfrom toy.a import f", "pydoc.plaintext.document(f)", ("a", "one", "two"), D),
    "help by doctest": Case(
        "import doctest\nimport toy.a", "len(doctest.DocTestFinder().find(toy.a.f)[0].examples)", ("a", ">>> 1", ">>> 1\n    1\n    >>> 2"),
        {"a": "def f():\n    '''\n    >>> 1\n    '''"}),
    "assert message of a traceback": Case(
        "import traceback\nfrom toy.a import f", "try:\n    f()\nexcept ValueError:\n    x = traceback.format_exc()\nrun.save(x=x.splitlines()[-2])",
        ("a", "raise ValueError", "raise ValueError  # one"), {"a": "def f():\n    raise ValueError"}),
    "qualified name": Case("from toy.a import f", "f.__qualname__", ("a", "def g():\n        return 1\n    return g", "def h():\n        return 1\n    return h"),
                           {"a": "def make():\n    def g():\n        return 1\n    return g\nf = make()"}),
}
# fmt: on


@rows(ROWS, every=10)
def test_annotations(case: Case, tmp_path: Path) -> None:
    stands(case, tmp_path)
