"""Code outside the packages, code that is named only in data, built code, and code made at run time."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

from promise.case import Case, delete, rename, shell, write
from promise.trial import rows, stands

HERE = "import os, sys\nfrom pathlib import Path\nHERE = Path(__file__).parents[1]"
A12 = ("a", "return 1", "return 2")
A = {"a": "def f(): return 1"}
SITE = ("../site",)
BUILD = 'inc=$("$PYTHON" -c "import sysconfig; print(sysconfig.get_paths()[\'include\'])"); '
BUILD += 'so=toy/_ext$("$PYTHON" -c "import sysconfig; print(sysconfig.get_config_var(\'EXT_SUFFIX\'))"); '
BUILD += 'gcc -shared -fPIC -I"$inc" toy/_ext.c -o "$so"'
EXT = """
#include <Python.h>
static PyObject* f(PyObject* s, PyObject* a) { return PyFloat_FromDouble(1.0); }
static PyMethodDef M[] = {{"f", f, METH_NOARGS, ""}, {0}};
static struct PyModuleDef D = {PyModuleDef_HEAD_INIT, "_ext", "", -1, M};
PyMODINIT_FUNC PyInit__ext(void) { return PyModule_Create(&D); }
"""
COMPILED = "\"$PYTHON\" -c \"import py_compile; py_compile.compile('src.py', cfile='toy/a.pyc')\""
REGISTERING = {
    "../site/reglib.py": """
    FOUND = []
    class Meta(type):
        def __init__(cls, name, bases, body):
            FOUND.append(cls)
    class Base(metaclass=Meta): pass
    def every(): return [c().run() for c in FOUND if hasattr(c, 'run')]
    def register(f):
        FOUND.append(f)
        return f
    def call(): return [f() for f in FOUND if not isinstance(f, type)]
"""
}


def zipped(number: int) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("packed.py", f"N = {number}")

    return make


# fmt: off
ROWS: dict[str, Case] = {
    "helper at the root": Case("import helper", "helper.f()", ("helper.py", "1", "2"), {"helper.py": "def f(): return 1"}),
    "helper at the root, from inside": Case("", "import helper\nrun.save(x=helper.f())", ("helper.py", "1", "2"), {"helper.py": "def f(): return 1"}),
    "helper at the root, its import": Case("import helper", "helper.f()", ("other.py", "1", "2"), {"helper.py": "from other import f", "other.py": "def f(): return 1"}),
    "folder on sys.path": Case(HERE + "\nsys.path.insert(0, str(HERE.parent / 'scripts'))\nimport tool", "tool.N", ("scripts/tool.py", "1", "2"), {"scripts/tool.py": "N = 1"}),
    "folder on sys.path, outside": Case(HERE + "\nsys.path.insert(0, str(HERE.parents[1] / 'mine'))\nimport tool", "tool.N", ("../mine/tool.py", "1", "2"), {"../mine/tool.py": "N = 1"}),
    "namespace package at the root": Case("import space.tool", "space.tool.N", ("space/tool.py", "1", "2"), {"space/tool.py": "N = 1"}),
    "namespace package inside the package": Case("import toy.space.tool", "toy.space.tool.N", ("toy/space/tool.py", "1", "2"), {"toy/space/tool.py": "N = 1"}),
    "second package of the root, not named in the settings": Case("import other.m", "other.m.N", ("other/m.py", "1", "2"), {"other/__init__.py": "", "other/m.py": "N = 1"}),
    "local module hides an installed one": Case("import mod", "mod.N", write("mod.py", "N = 2"), {"../site/mod.py": "N = 1"}, paths=SITE),
    "installed module under development": Case("import devlib", "devlib.N", ("../site/devlib.py", "1", "2"), {"../site/devlib.py": "N = 1"}, paths=SITE),
    "named in YAML": Case(HERE + "\nimport yaml, importlib",
                          "m, n = yaml.safe_load((HERE / 'c.yaml').read_text())['target'].split(':')\nrun.save(x=getattr(importlib.import_module(m), n)())",
                          A12, {**A, "toy/c.yaml": "target: toy.a:f"}),
    "named in JSON, through pkgutil": Case(HERE + "\nimport json, pkgutil", "pkgutil.resolve_name(json.loads((HERE / 'c.json').read_text()))()", A12, {**A, "toy/c.json": '"toy.a:f"'}),
    "named in JSON, through pydoc": Case(HERE + "\nimport json, pydoc", "pydoc.locate(json.loads((HERE / 'c.json').read_text()))()", A12, {**A, "toy/c.json": '"toy.a.f"'}),
    "named in an environment variable": Case("import os, importlib", "importlib.import_module(os.environ['TOY_M']).f()", A12, A, env={"TOY_M": "toy.a"}),
    "named in a parameter": Case("import importlib", "run.save(x=importlib.import_module(m).f())", A12, A, smoke="dict(m='toy.a')", parameters="m: str = '', "),
    "named by a foreign factory": Case("import factory", "factory.make('toy' + '.a', 'f')()", A12,
                                       {**A, "../site/factory.py": "def make(m, n): return getattr(__import__(m, fromlist=['x']), n)"}, paths=SITE),
    "named by logging.config": Case("import logging.config, logging",
                                    "logging.config.dictConfig({'version': 1, 'filters': {'k': {'()': 'toy' + '.a.f'}}})\nfrom toy.s import S\nrun.save(x=S)", ("a", "append(1)", "append(2)"),
                                    {"s": "S = []", "a": "import logging\nfrom toy.s import S\ndef f():\n    S.append(1)\n    return logging.Filter()"}),
    "pickle in the source": Case("import pickle", "pickle.loads(b'ctoy.a\\nf\\n.')()", A12, A),
    "eval of builtins": Case("import builtins\nfrom toy.a import f, g", "getattr(builtins, 'ev' + 'al')('toy.a.f()', {'toy': __import__('toy.a')})", A12, {"a": "def f(): return 1\ndef g(): return 5"}),
    "eval of a string": Case("import toy.a", "eval('toy' + '.a.' + 'f()')", A12, A),
    "exec of a file": Case(HERE, "d = {}\nexec(open(HERE / ('a' + '.py')).read(), d)\nrun.save(x=d['f']())", A12, A),
    "exec of a file at the root": Case("", "d = {}\nexec(open('conf' + 'ig.py').read(), d)\nrun.save(x=d['N'])", ("config.py", "1", "2"), {"config.py": "N = 1"}),
    "exec of code in a text file": Case(HERE, "d = {}\nexec(compile((HERE / 'code.txt').read_text(), 'code', 'exec'), d)\nrun.save(x=d['N'])", A12, {**A, "toy/code.txt": "from toy.a import f\nN = f()"}),
    "runpy.run_path": Case(HERE + "\nimport runpy", "runpy.run_path(str(HERE / 'a') + '.py')['f']()", A12, A),
    "runpy.run_module": Case("import runpy", "runpy.run_module('toy.' + 'a')['f']()", A12, A),
    "spec_from_file_location": Case(HERE + "\nimport importlib.util as u", "s = u.spec_from_file_location('q', HERE.parent / 'plug' / 'in.py')\nm = u.module_from_spec(s)\ns.loader.exec_module(m)\nrun.save(x=m.N)",
                                    ("plug/in.py", "1", "2"), {"plug/in.py": "N = 1"}),
    "SourceFileLoader": Case(HERE + "\nfrom importlib.machinery import SourceFileLoader", "SourceFileLoader('q', str(HERE.parent / 'plug.py')).load_module().N", ("plug.py", "1", "2"), {"plug.py": "N = 1"}),
    "submodule named in __all__": Case("from toy.p import *", "q.N", ("p/q", "1", "2"), {"p/__init__": "__all__ = ['q']", "p/q": "N = 1"}),
    "__all__ made by listing": Case(
        "from toy.p import *", "sorted(n for n in globals() if n in 'qr')", write("p/r", "N = 2"),
        {"p/__init__": "import pkgutil\n__all__ = [m.name for m in pkgutil.iter_modules(__path__)]", "p/q": "N = 1"}),
    "plugins found by iter_modules": Case(
        "import toy.p, pkgutil, importlib", "sum(importlib.import_module('toy.p.' + m.name).N for m in pkgutil.iter_modules(toy.p.__path__))", write("p/r", "N = 2"),
        {"p/__init__": "", "p/q": "N = 1"}),
    "plugins found by glob": Case(
        HERE + "\nimport importlib", "sum(importlib.import_module('toy.p.' + f.stem).N for f in sorted((HERE / 'p').glob('[!_]*.py')))", ("p/q", "1", "2"), {"p/__init__": "", "p/q": "N = 1"}),
    "computed name by joining": Case("import importlib", "importlib.import_module('.'.join(['toy', 'a'])).f()", A12, A),
    "computed name by a loader under another name": Case("from importlib import import_module as load", "load('toy' + '.a').f()", A12, A),
    "computed name, loader out of a list": Case("import importlib", "[importlib.import_module][0]('toy' + '.a').f()", A12, A),
    "sys.modules after a foreign import": Case("import sys, toy.a", "vars(sys)['modules']['toy' + '.a'].f()", A12, A),
    "attribute by a computed name": Case("import toy.a", "getattr(toy.a, chr(102))()", A12, A),
    "operator.attrgetter": Case("import operator, toy.a", "operator.attrgetter('f')(toy.a)()", A12, A),
    "operator.methodcaller": Case("import operator, toy.a", "operator.methodcaller('f')(toy.a)", A12, A),
    "functools.reduce over getattr": Case("import functools, toy", "import toy.a\nrun.save(x=functools.reduce(getattr, 'a.f'.split('.'), toy)())", A12, A),
    "module handed to a foreign function": Case("import inspect, toy.a", "[f() for n, f in inspect.getmembers(toy.a, inspect.isfunction)]", A12, A),
    "__reduce__": Case("import copy\nfrom toy.b import C", "copy.copy(C())()", A12, {**A, "b": "class C:\n    def __reduce__(self):\n        import importlib\n        return getattr, (importlib.import_module('toy' + '.a'), 'f')"}),
    "type with three arguments": Case("from toy.b import C", "C().run()", A12, {**A, "b": "from toy.a import f\nC = type('C', (), {'run': lambda self: f()})"}),
    "type with three arguments, its bases": Case("from toy.b import C", "C().run()", ("a", "return 1", "return 2"), {"a": "class A:\n    def run(self): return 1", "b": "from toy import a\nC = type('C', (vars(a)['A'],), {})"}),
    "exec makes a function": Case("from toy.b import h", "h()", A12, {**A, "b": "from toy import a\nexec('def h(): return a.f()')"}),
    "registry of a foreign metaclass": Case("import reglib, toy.a", "reglib.every()", ("a", "return 1", "return 2"), {**REGISTERING, "a": "import reglib\nclass P(reglib.Base):\n    def run(self): return 1"}, paths=SITE),
    "registry of a foreign metaclass, a new class": Case("import reglib, toy.a", "reglib.every()", ("a", "# more", "class Q(reglib.Base):\n    def run(self): return 2"),
                                                         {**REGISTERING, "a": "import reglib\nclass P(reglib.Base):\n    def run(self): return 1\n# more"}, paths=SITE),
    "registry of a foreign decorator": Case("import reglib, toy.a", "reglib.call()", A12, {**REGISTERING, "a": "import reglib\n@reglib.register\ndef f(): return 1"}, paths=SITE),
    "registry of a foreign call": Case("import reglib, toy.a", "reglib.call()", A12, {**REGISTERING, "a": "import reglib\ndef f(): return 1\nreglib.register(f)"}, paths=SITE),
    "entry point": Case(
        "from importlib.metadata import entry_points", "[e.load()() for e in entry_points(group='toy.plugins')]", A12,
        {**A, "../site/toyplug-1.dist-info/entry_points.txt": "[toy.plugins]\nf = toy.a:f\n",
         "../site/toyplug-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: toyplug\nVersion: 1\n"}, paths=SITE),
    "C extension, built again": Case("from toy import _ext", "_ext.f()", [("toy/_ext.c", "1.0", "5.0"), shell(BUILD)], {"toy/_ext.c": EXT}, setup=shell(BUILD)),
    "C extension, built again, source untouched": Case("from toy import _ext", "_ext.f()", shell("sed -i s/1[.]0/5.0/ toy/_ext.c; " + BUILD + "; sed -i s/5[.]0/1.0/ toy/_ext.c"), {"toy/_ext.c": EXT}, setup=shell(BUILD)),
    "C extension through another module": Case("from toy.b import g", "g()", [("toy/_ext.c", "1.0", "5.0"), shell(BUILD)], {"toy/_ext.c": EXT, "b": "from toy._ext import f as g"}, setup=shell(BUILD)),
    "C extension hides a module": Case("from toy import _ext", "_ext.f()", shell(BUILD), {"toy/_ext.c": EXT, "_ext": "def f(): return 2.0"}),
    "shared library": Case(HERE + "\nimport ctypes", "ctypes.CDLL(str(HERE / 'lib')+ '.so').f()", shell("sed -i s/1/5/ f.c; gcc -shared -fPIC f.c -o toy/lib.so"),
                           {"f.c": "int f(void) { return 1; }"}, setup=shell("gcc -shared -fPIC f.c -o toy/lib.so")),
    "shared library beside the package": Case("import ctypes", "ctypes.CDLL('./build/lib' + '.so').f()", shell("sed -i s/1/5/ f.c; gcc -shared -fPIC f.c -o build/lib.so"),
                                              {"f.c": "int f(void) { return 1; }", "build/.keep": ""}, setup=shell("gcc -shared -fPIC f.c -o build/lib.so")),
    "module without source": Case("from toy.a import f", "f()", shell("sed -i s/1/2/ src.py; " + COMPILED), {"src.py": "def f(): return 1"}, setup=shell(COMPILED)),
    "zip on the path": Case(HERE + "\nsys.path.insert(0, str(HERE / 'lib' '.zip'))\nimport packed", "packed.N", write("toy/lib.zip", zipped(2)), {"toy/lib.zip": zipped(1)}),
    "zip on the path, beside the package": Case(HERE + "\nsys.path.insert(0, str(HERE.parent / 'vendor' / 'x.zip'))\nimport packed", "packed.N", write("vendor/x.zip", zipped(2)), {"vendor/x.zip": zipped(1)}),
    "__path__ extended": Case("import toy.p.q", "toy.p.q.N", ("more/q.py", "1", "2"), {"p/__init__": "import os\n__path__.append(os.path.join(os.getcwd(), 'more'))", "more/q.py": "N = 1"}),
    "module becomes a package": Case("from toy.a import f", "f()", [rename("a", "toy/a_old.py"), write("a/__init__", "def f(): return 2")], A),
    "package beside a module of its name appears": Case("from toy.a import f", "f()", write("a/__init__", "def f(): return 2"), A),
    "package loses its __init__": Case("import toy.p", "hasattr(toy.p, 'N')", delete("p/__init__"), {"p/__init__": "N = 1", "p/q": ""}),
    "package in a linked folder": Case("from toy.p.q import f", "f()", ("../lib/q.py", "1", "2"), {"../lib/__init__.py": "", "../lib/q.py": "def f(): return 1"},
                                       setup=shell("ln -s @OUT@/lib toy/p")),
    "helper at the root loads another by name": Case("import helper", "helper.N", ("settings.py", "1", "2"), {"helper.py": "import importlib\nN = importlib.import_module('settings').N", "settings.py": "N = 1"}),
}
# fmt: on


@rows(ROWS, every=10)
def test_outside(case: Case, tmp_path: Path) -> None:
    stands(case, tmp_path)
