"""Effects of what nobody reads: state of the interpreter, of libraries and of generators, set by an import."""

from __future__ import annotations

from pathlib import Path

from promise.case import Case, write
from promise.trial import rows, stands

PATCH = "import toy.patch"
SITE = ("../site",)

# fmt: off
ROWS: dict[str, Case] = {
    "import for its effect": Case(PATCH + "\nfrom toy.a import S", "S", ("patch", "append(1)", "append(2)"),
                                  {"a": "S = []", "patch": "from toy.a import S\nS.append(1)"}),
    "import for its effect, removed": Case(PATCH + "\nfrom toy.a import S", "S", ("experiments/find", PATCH, ""),
                                           {"a": "S = []", "patch": "from toy.a import S\nS.append(1)"}),
    "import for its effect, inside the experiment": Case(
        "from toy.a import S", "import toy.patch\nrun.save(x=S)", ("patch", "append(1)", "append(2)"),
        {"a": "S = []", "patch": "from toy.a import S\nS.append(1)"}),
    "import for its effect, added to a module": Case(
        "from toy.a import f", "f()", ("a", "N = 1", "N = 1\nimport toy.patch"),
        {"a": "N = 1\nS = []\ndef f(): return S", "patch": "import toy.a\ndef late():\n    toy.a.S.append(5)\n    return 1\ntoy.a.__dict__.setdefault('S', [7])"}),
    "underscore bound by a call": Case(
        "from toy.a import S", "S", ("a", "_ = S.append(1)", "_ = S.append(2)"), {"a": "S = []\n_ = S.append(1)"}),
    "nobody's name bound by a call of a library": Case(
        "import toy.a\nimport sys", "sys.getrecursionlimit()", ("a", "2000", "3000"), {"a": "import sys\nignored = sys.setrecursionlimit(2000)"}),
    "recursion limit": Case("import toy.a\nimport sys", "sys.getrecursionlimit()", ("a", "2000", "3000"), {"a": "import sys\nsys.setrecursionlimit(2000)"}),
    "draw at a late import": Case(
        "import random", "import toy.a\nrun.save(x=random.random())", ("a", "_ = random.random()", "_ = 0"), {"a": "import random\n_ = random.random()"}),
    "draw of NumPy at a late import": Case(
        "import numpy as np", "import toy.a\nrun.save(x=np.random.rand())", ("a", "rand(3)", "rand(4)"), {"a": "import numpy as np\nNOISE = np.random.rand(3)"}),
    "draw of torch at a late import": Case(
        "import torch", "import toy.a\nrun.save(x=float(torch.rand(1)))", ("a", "rand(3)", "rand(4)"), {"a": "import torch\nNOISE = torch.rand(3)"}, torch=True),
    "default dtype of torch": Case(
        "import torch\nimport toy.a", "str(torch.ones(1).dtype)", ("a", "float64", "float16"), {"a": "import torch\ntorch.set_default_dtype(torch.float64)"}, torch=True),
    "draw in a default": Case(
        "import random", "import toy.a\nrun.save(x=random.random())", ("a", "random.random()", "0"), {"a": "import random\ndef unused(n=random.random()): return n"}),
    "draw in a decorator of an unused function": Case(
        "import random", "import toy.a\nrun.save(x=random.random())", ("a", "@noisy\n", ""),
        {"a": "import random\ndef noisy(f):\n    random.random()\n    return f\n@noisy\ndef unused(): return 1"}),
    "draw in the body of an unused class": Case(
        "import random", "import toy.a\nrun.save(x=random.random())", ("a", "n = random.random()", "n = 0"), {"a": "import random\nclass Unused:\n    n = random.random()"}),
    "draw in an annotation": Case(
        "import random", "import toy.a\nrun.save(x=random.random())", ("a", "random.random()", "int"), {"a": "import random\ndef unused(n: random.random()): return n"}),
    "draw in the annotation of a constant": Case(
        "import random", "import toy.a\nrun.save(x=random.random())", ("a", "random.random()", "int"), {"a": "import random\nN: random.random() = 1"}),
    "draw in a base": Case(
        "import random", "import toy.a\nrun.save(x=random.random())", ("a", "[object][int(random.random())]", "object"),
        {"a": "import random\nclass Unused([object][int(random.random())]): pass"}),
    "draw in a module that is imported for a constant": Case(
        "import random", "from toy.a import N\nrun.save(x=random.random() + N)", ("a", "M = random.random()", "M = 0"), {"a": "import random\nN = 1\nM = random.random()"}),
    "draw in the __init__ of a package on the way": Case(
        "import random", "from toy.p.a import N\nrun.save(x=random.random() + N)", ("p/__init__", "random.random()", "0"),
        {"p/__init__": "import random\n_ = random.random()", "p/a": "N = 1"}),
    "method of a library replaced": Case(
        PATCH + "\nimport colorsys", "colorsys.rgb_to_hsv(1, 1, 1)", ("patch", "2 *", "3 *"),
        {"patch": "import colorsys\nold = colorsys.rgb_to_hsv\ncolorsys.rgb_to_hsv = lambda *c: 2 * old(*c)"}),
    "builtin replaced": Case(
        PATCH, "abs(-1)", ("patch", "7", "8"), {"patch": "import builtins\nbuiltins.abs = lambda x: 7"}),
    "decimal context": Case(
        PATCH + "\nfrom decimal import Decimal", "str(Decimal(1) / 3)", ("patch", "5", "6"), {"patch": "from decimal import getcontext\ngetcontext().prec = 5"}),
    "decimal context set by setcontext": Case(
        PATCH + "\nfrom decimal import Decimal", "str(Decimal(1) / 3)", ("patch", "5", "6"), {"patch": "import decimal\ndecimal.setcontext(decimal.Context(prec=5))"}),
    "seterr": Case(
        PATCH + "\nimport numpy as np", "try:\n    np.ones(1) / 0\n    x = 0\nexcept FloatingPointError:\n    x = 1\nrun.save(x=x)", ("patch", "ignore", "raise"),
        {"patch": "import numpy as np\n_old = np.seterr(all='ignore')"}),
    "print options": Case(
        PATCH + "\nimport numpy as np", "str(np.array([1 / 3]))", ("patch", "2", "3"), {"patch": "import numpy as np\nnp.set_printoptions(precision=2)"}),
    "locale": Case(
        PATCH + "\nimport locale", "locale.setlocale(locale.LC_ALL)", ("patch", "'C'", "'C.UTF-8'"), {"patch": "import locale\nlocale.setlocale(locale.LC_ALL, 'C')"}),
    "environment variable set at import": Case(
        PATCH + "\nimport os", "os.environ['TOY_N']", ("patch", "'1'", "'2'"), {"patch": "import os\nos.environ['TOY_N'] = '1'"}),
    "environment variable by setdefault": Case(
        PATCH + "\nimport os", "os.environ['TOY_N']", ("patch", "'1'", "'2'"), {"patch": "import os\nSET = os.environ.setdefault('TOY_N', '1')"}),
    "environment variable read": Case("import os", "os.environ.get('TOY_N', '0')", lambda root: None, env={"TOY_N": "1"}, later={"TOY_N": "2"}),
    "warning filter": Case(
        PATCH + "\nimport warnings", "try:\n    warnings.warn('x')\n    x = 0\nexcept UserWarning:\n    x = 1\nrun.save(x=x)", ("patch", "ignore", "error"),
        {"patch": "import warnings\nwarnings.simplefilter('ignore')"}),
    "class made, its base counts": Case(
        "import toy.b\nfrom toy.a import Base", "Base.n", ("b", "class P(Base): pass", "class P(Base): pass\nclass Q(Base): pass"),
        {"a": "class Base:\n    n = 0\n    def __init_subclass__(cls): Base.n += 1", "b": "from toy.a import Base\nclass P(Base): pass"}),
    "class made inside a function that runs at import": Case(
        "import toy.b\nfrom toy.a import Base", "Base.n", ("b", "range(2)", "range(3)"),
        {"a": "class Base:\n    n = 0\n    def __init_subclass__(cls): Base.n += 1",
         "b": "from toy.a import Base\ndef _make():\n    class P(Base): pass\n    return P\nKINDS = [_make() for _ in range(2)]"}),
    "abc registration": Case(
        PATCH + "\nfrom toy.a import A", "isinstance(1, A)", ("patch", "register(int)", "register(str)"),
        {"a": "import abc\nclass A(abc.ABC): pass", "patch": "from toy.a import A\nA.register(int)"}),
    "module __getattr__": Case("import toy.a", "toy.a.anything", ("a", "len(name)", "-len(name)"), {"a": "def __getattr__(name): return len(name)"}),
    "module __getattr__ loads lazily": Case(
        "import toy.p", "toy.p.f()", ("p/q", "return 1", "return 2"),
        {"p/__init__": "def __getattr__(name):\n    import importlib\n    return getattr(importlib.import_module('.q', __name__), name)", "p/q": "def f(): return 1"}),
    "module of another class": Case(
        "import toy.a", "toy.a.n", ("a", "return 1", "return 2"),
        {"a": "import sys, types\nclass M(types.ModuleType):\n    @property\n    def n(self): return 1\nsys.modules[__name__].__class__ = M"}),
    "module that replaces itself": Case(
        "import toy.a", "import sys\nrun.save(x=sys.modules['toy.a'].n)", ("a", "n = 1", "n = 2"),
        {"a": "import sys\nclass A:\n    n = 1\nsys.modules[__name__] = A()"}),
    "import hook of the project": Case(
        "import toy.hook\nimport made_up", "made_up.N", ("hook", "N = 1", "N = 2"),
        {"hook": "import sys, importlib.machinery, importlib.abc\nclass F(importlib.abc.MetaPathFinder, importlib.abc.Loader):\n"
                 "    def find_spec(self, name, path, target=None):\n        return importlib.machinery.ModuleSpec(name, self) if name == 'made_up' else None\n"
                 "    def exec_module(self, module): exec('N = 1', module.__dict__)\nsys.meta_path.insert(0, F())"}),
    "sys.path set by the project": Case(
        "import toy.hook\nimport extra", "extra.N", write("more/extra.py", "N = 2"),
        {"hook": "import sys\nfrom pathlib import Path\nsys.path.insert(0, str(Path(__file__).parents[1] / 'more'))", "more/extra.py": "N = 1"}),
    "codec registered": Case(
        PATCH + "\nimport codecs", "codecs.decode(b'a', 'toy')", ("patch", "'x'", "'y'"),
        {"patch": "import codecs\ncodecs.register(lambda n: codecs.CodecInfo(None, lambda b, e='strict': ('x', 1), name='toy') if n == 'toy' else None)"}),
    "signal handler": Case(
        PATCH + "\nimport signal\nfrom toy.a import S", "signal.raise_signal(signal.SIGUSR2)\nrun.save(x=S)", ("patch", "append(1)", "append(2)"),
        {"a": "S = []", "patch": "import signal\nfrom toy.a import S\nsignal.signal(signal.SIGUSR2, lambda *_: S.append(1))"}),
    "atexit run early": Case(
        PATCH + "\nimport atexit\nfrom toy.a import S", "atexit._run_exitfuncs()\nrun.save(x=S)", ("patch", "S.append, 1", "S.append, 2"),
        {"a": "S = []", "patch": "import atexit\nfrom toy.a import S\natexit.register(S.append, 1)"}),
    "audit hook": Case(
        PATCH + "\nimport sys\nfrom toy.a import S", "sys.audit('toy')\nrun.save(x=S)", ("patch", "S.append(1)", "S.append(2)"),
        {"a": "S = []", "patch": "import sys\nfrom toy.a import S\ndef hook(event, args):\n    if event == 'toy': S.append(1)\nsys.addaudithook(hook)"}),
    "pickle reducers": Case(
        PATCH + "\nimport pickle, toy.a", "pickle.loads(pickle.dumps(toy.a.C()))", ("patch", "(1,)", "(2,)"),
        {"a": "class C: pass", "patch": "import copyreg, toy.a\ncopyreg.pickle(toy.a.C, lambda c: (int, (1,)))"}),
    "foreign library imported for its effect": Case(
        "import patchlib\nimport colorsys", "colorsys.rgb_to_hsv(1, 1, 1)", ("experiments/find", "import patchlib\n", ""),
        {"../site/patchlib.py": "import colorsys\ncolorsys.rgb_to_hsv = lambda *x: 'patched'"}, paths=SITE),
    "foreign library imported for its effect, another": Case(
        "import toy.a\nimport colorsys", "colorsys.rgb_to_hsv(1, 1, 1)", ("a", "patchlib", "otherlib"),
        {"a": "import patchlib", "../site/patchlib.py": "import colorsys\ncolorsys.rgb_to_hsv = lambda *x: 'p'", "../site/otherlib.py": "import colorsys\ncolorsys.rgb_to_hsv = lambda *x: 'o'"}, paths=SITE),
    "foreign library imported for its effect, in an unused function's default": Case(
        "import toy.a\nimport colorsys", "colorsys.rgb_to_hsv(1, 1, 1)", ("a", "__import__('patchlib')", "0"),
        {"a": "def unused(n=__import__('patchlib')): return n", "../site/patchlib.py": "import colorsys\ncolorsys.rgb_to_hsv = lambda *x: 'p'"}, paths=SITE),
    "foreign configuration object": Case(
        PATCH + "\nimport conflib", "conflib.options.n", ("patch", "= 1", "= 2"),
        {"patch": "import conflib\nconflib.options.n = 1", "../site/conflib.py": "class O: n = 0\noptions = O()"}, paths=SITE),
    "foreign context left open": Case(
        PATCH + "\nimport decimal", "str(decimal.Decimal(1) / 3)", ("patch", "prec = 5", "prec = 6"),
        {"patch": "import decimal\nc = decimal.localcontext()\nKEPT = c.__enter__()\nKEPT.prec = 5"}),
}
# fmt: on


@rows(ROWS, every=10)
def test_effects(case: Case, tmp_path: Path) -> None:
    stands(case, tmp_path)
