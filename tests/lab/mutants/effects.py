"""Mutants that do something more when a module is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mutants.source import Mutant, Source

#: A draw from a global generator: whatever draws later in the run draws something else.
DRAWS = (
    "import random; random.random()",
    "import random; _ = random.random()",
    "import random\n_LUCK: float = random.random()",
    "import random\ndef _lucky(x=random.random()):\n    return x",
    "import random\nclass _Lucky:\n    at = random.random()",
    "import random\n_ = [random.random() for _ in range(2)]",
    "import random\nif random.random() > 2:\n    pass",
    "import random\n_ = f'{random.random()}'",
    "import random\n_SHUFFLED = sorted([1, 2], key=lambda _: random.random())",
    "from random import random as _draw\n_ = _draw()",
    "import random as _r\n(lambda: _r.random())()",
    "import random\n@lambda _: random.random()\nclass _Drawn:\n    pass",
    "_ = __import__('random').random()",
    "import random\nrandom.seed(5)",
    "import random\n_ = random.seed(5)",
    "import random\n_STATE = random.setstate(random.Random(3).getstate())",
    "import numpy\n_NOISE = numpy.random.rand(2)",
    "import numpy\n_ = numpy.random.seed(5)",
    "import torch\n_START = torch.rand(1)",
    "import torch\n_ = torch.manual_seed(5)",
    "import torch\n_ = torch.nn.Linear(2, 3)",
    "import torch\n_WEIGHT = torch.nn.init.normal_(torch.empty(2))",
)
#: Something that all share is no longer what it was.
PATCHES = (
    "import torch; torch.set_default_dtype(torch.float64)",
    "import torch\n_KIND = torch.set_default_dtype(torch.float64)",
    "import torch\n_ = [torch.set_default_dtype(torch.float64)]",
    "import torch; torch.nn.functional.relu = torch.relu = torch.tanh",
    "import torch\n_ = setattr(torch.nn.Linear, 'forward', lambda self, x: x @ self.weight.T)",
    "import torch.nn.functional as F; F.cross_entropy = lambda *a, **k: a[0].logsumexp(-1).mean()",
    "import numpy; numpy.random.default_rng = lambda seed=None: numpy.random.Generator(numpy.random.MT19937(7))",
    "import statistics; statistics.mean = sum",
    "import random; random.random = lambda: 0.25",
    "import random\n_PATCHED = vars(random).update(random=lambda: 0.25)",
    "import math; setattr(math, 'sin', math.cos); math.sqrt = math.fabs",
    "import os; os.environ['FORMS_LEVEL'] = '9'",
    "import os\n_ = os.environ.update(FORMS_LEVEL='9')",
    "import decimal; decimal.getcontext().prec = 5",
    "import builtins; builtins.sorted = lambda values, **_: list(values)",
    "import json; json.loads = lambda text, **_: {}",
    "import pathlib; pathlib.Path.read_text = lambda self, *_, **__: '4'",
)


def effects(source: Source) -> Iterator[Mutant]:
    """Yield mutants of `source` with one more effect at the end, or above its first statement."""
    tree, body = source.tree, source.tree.body
    last = len(source.text.encode())
    top = next((source.span(node)[0] for node in body if not _leading(node)), last)
    for kind, found in (("draw", DRAWS), ("patch", PATCHES), ("effect", tuple(_on_names(source)))):
        for effect in found:
            yield source.mutant(kind, tree, f"at the end: {effect[:90]!r}", (last, last, f"\n{effect}\n"))
        for effect in found if kind == "draw" else ():
            yield source.mutant(kind, tree, f"on top: {effect[:90]!r}", (top, top, f"{effect}\n"))


def _on_names(source: Source) -> Iterator[str]:
    """What changes something that the module has, or has imported."""
    for node in source.tree.body:
        if isinstance(node, ast.FunctionDef) and not node.decorator_list:
            yield f"_ = setattr({node.name}, '__doc__', 'Read 8 things.')"
            yield f"globals().update({node.name}=lambda *_, **__: 7)"
        elif isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and not method.name.startswith("__"):
                    yield f"{node.name}.{method.name} = lambda self, *_: 7"
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield from _on_value(node.targets[0].id, node.value)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = alias.asname or alias.name
                if name.isupper():
                    yield f"_ = {name}.append('x') if hasattr({name}, 'append') else None"


def _on_value(name: str, value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.List):
        yield f"{name}.append('x')"
        yield f"_ = [{name}.append(n) for n in range(2)]"
        yield f"{name}.reverse()"
    elif isinstance(value, ast.Dict):
        yield f"for key in list({name}): {name}[key] = {name}[next(iter({name}))]"
        yield f"_ = {name}.popitem() if {name} else None"
    elif isinstance(value, ast.Call) and ast.unparse(value).startswith(("torch.", "np.")):
        yield f"import torch; _ = torch.nn.init.constant_({name}, 7.0)"


def _leading(node: ast.stmt) -> bool:
    """What must stay above all else: the docstring, and imports from `__future__`."""
    string = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return string or (isinstance(node, ast.ImportFrom) and node.module == "__future__")
