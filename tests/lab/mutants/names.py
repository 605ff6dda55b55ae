"""Mutants that bind a name to something else: aliases and imports, functions of one signature, bases, decorators."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

from mutants.source import Mutant, Signature, Source, others, signature

Index = dict[str, dict[str, Signature]]
#: Of other libraries: what takes the same arguments.
FOREIGN = {
    "sin": "cos", "cos": "sin", "floor": "ceil", "ceil": "floor", "exp": "expm1", "log": "log1p", "sqrt": "cbrt",
    "median": "mean", "mean": "median", "ones": "zeros", "zeros": "ones", "partial": "partialmethod", "sum": "prod",
    "min": "max", "max": "min", "relu": "sigmoid", "softmax": "log_softmax", "tanh": "sigmoid", "rand": "randn",
    "rfind": "find", "zeros_like": "ones_like", "ones_like": "zeros_like", "argmax": "argmin", "argmin": "argmax",
    "Linear": "LazyLinear", "GELU": "ReLU", "ReLU": "GELU", "Adam": "AdamW", "AdamW": "Adam", "SGD": "Adagrad",
    "OrderedDict": "Counter", "Counter": "OrderedDict", "gelu": "relu", "logsumexp": "softmax", "cumsum": "cumprod",
}  # fmt: skip
SIBLINGS = {"math": "cmath", "cmath": "math", "statistics": "math", "json": "pickle", "torch.nn.functional": "torch"}


def rebound(source: Source, index: Index) -> Iterator[Mutant]:
    """Yield mutants whose imports bind their names to something else."""
    for node in source.nodes:
        if isinstance(node, ast.ImportFrom):
            yield from _from(source, node, index)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or (alias.name if "." not in alias.name else "")
                for other in _siblings(alias.name, index) if bound else ():
                    yield source.replaced("alias", alias, f"{other} as {bound}")
    for body in _bodies(source):
        for first, second in pairwise(body):
            both = (first, second)
            if all(isinstance(one, ast.Import | ast.ImportFrom) for one in both) and not _future(first):
                stars = all(isinstance(one, ast.ImportFrom) and one.names[0].name == "*" for one in both)
                yield source.exchanged("stars" if stars else "imports", first, second)


def _from(source: Source, node: ast.ImportFrom, index: Index) -> Iterator[Mutant]:
    module = node.module or ""
    if node.level:
        parts = source.package.split(".")
        module = ".".join([*parts[: len(parts) - node.level + 1], *([module] if module else [])])
    for alias in node.names:
        bound = alias.asname or alias.name
        if f"{module}.{alias.name}" in index:
            new = [other.rpartition(".")[2] for other in _siblings(f"{module}.{alias.name}", index)]
        elif module in index:
            new = others(index[module], alias.name)
        else:
            new = [FOREIGN[alias.name]] if alias.name in FOREIGN else []
        for other in new[:3]:
            yield source.replaced("alias", alias, f"{other} as {bound}")
    if node.names[0].name == "*" or (module in index and not node.level):
        for other in _siblings(module, index):
            names = ", ".join(ast.unparse(alias) for alias in node.names)
            yield source.replaced("stars" if names == "*" else "alias", node, f"from {other} import {names}")


def _siblings(module: str, index: Index) -> list[str]:
    """Modules of the same package that have a name in common with this one."""
    if module not in index:
        return [SIBLINGS[module]] if module in SIBLINGS else []
    package = module.rpartition(".")[0]
    near = [other for other in index if other != module and other.rpartition(".")[0] == package]
    return [other for other in near if {*index[other]} & {*index[module]}]


def swapped(source: Source, index: Index) -> Iterator[Mutant]:
    """Yield mutants in which two things of one kind have taken each other's place."""
    for body in _bodies(source):
        functions = [node for node in body if isinstance(node, ast.FunctionDef)]
        for number, first in enumerate(functions):
            for second in functions[number + 1 :]:
                if signature(first) == signature(second) and first.name != second.name:
                    yield _renamed(source, first, second)
    names = _namespace(source, index)
    bases = {base for node in source.nodes if isinstance(node, ast.ClassDef) for base in node.bases}
    slices = {node.slice for node in source.nodes if isinstance(node, ast.Subscript)}
    for node in source.nodes:
        if node in bases or node in slices:
            continue  # the class could not be made
        if isinstance(node, ast.Dict) and len(node.values) > 1:
            yield source.exchanged("swap entries", node.values[0], node.values[1])
        elif isinstance(node, ast.List | ast.Tuple) and len(node.elts) > 1 and isinstance(node.ctx, ast.Load):
            if all(isinstance(item, ast.Name | ast.Attribute) for item in node.elts):
                yield source.exchanged("swap entries", node.elts[0], node.elts[1])
        elif isinstance(node, ast.ClassDef | ast.FunctionDef):
            for first, second in pairwise(node.decorator_list):
                yield source.exchanged("swap decorators", first, second)
            for first, second in pairwise(getattr(node, "bases", [])):
                yield source.exchanged("swap bases", first, second)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and names.get(node.id, ("",))[0] != "":
            for other in others(names, node.id)[:2]:
                yield source.replaced("swap use", node, other)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            module = _module_of(source, node.value, index)
            foreign = [FOREIGN[node.attr]] if node.attr in FOREIGN else []
            for other in others(index[module], node.attr)[:2] if module else foreign:
                yield source.renamed("swap use", node, other)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from _named(source, node, index)


def _named(source: Source, node: ast.Constant, index: Index) -> Iterator[Mutant]:
    """A string that names code, by a dotted path or alone."""
    module, _, last = node.value.replace(":", ".").rpartition(".")
    places = [module] if module in index else [name for name in index if name.startswith(source.package + ".")]
    for place in places:
        for other in others(index[place], last if module in index else node.value)[:1]:
            new = node.value[: len(node.value) - len(last)] + other if module in index else other
            yield source.replaced("named", node, repr(new))
            return
    for other in _siblings(node.value, index)[:1]:
        yield source.replaced("named", node, repr(other))


def _renamed(source: Source, first: ast.FunctionDef, second: ast.FunctionDef) -> Mutant:
    edits = []
    for one, other in ((first, second), (second, first)):
        start = source.line(one.lineno) + one.col_offset + len("def ")
        edits.append((start, start + len(one.name), other.name))
    return source.mutant("swap definitions", first, f"def {first.name} exchanged with def {second.name}", *edits)


def _namespace(source: Source, index: Index) -> dict[str, Signature]:
    """The names that a module binds to functions and classes: its own, and imported ones."""
    found = {name: kind for name, kind in index.get(source.module, {}).items() if kind[0] != "constant"}
    for node in source.tree.body:
        if isinstance(node, ast.ImportFrom):
            package = source.package.split(".")
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            for alias in node.names:
                kind = index.get(module, {}).get(alias.name, ("",))
                if kind[0] in ("function", "class"):
                    found[alias.asname or alias.name] = kind
    return found


def _module_of(source: Source, value: ast.expr, index: Index) -> str:
    """The module that an expression means, if an import of this file says so."""
    text = ast.unparse(value)
    for node in source.nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if text == (alias.asname or alias.name) and alias.name in index:
                    return alias.name
        elif isinstance(node, ast.ImportFrom):
            package = source.package.split(".")
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            for alias in node.names:
                full = ".".join(part for part in (base, node.module, alias.name) if part)
                if text == (alias.asname or alias.name) and full in index:
                    return full
    return ""


def _future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _bodies(source: Source) -> Iterator[list[ast.stmt]]:
    """The bodies of the module, its classes and its functions."""
    for node in source.nodes:
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield node.body
