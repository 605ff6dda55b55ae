"""What evaluating code at import may do besides returning a value: call, draw, register, change.

An expression is inert if it is made of literals, names, functions that are not called yet, and calls that are known
only to return a value. Everything else may act, whether or not the name that it is bound to is used.
"""

from __future__ import annotations

import ast
import builtins
import re
import sys
from collections.abc import Iterable

from mlblog.lab.fingerprint.syntax import chain

OPAQUE = "<opaque>"  # a call of an expression without a name
GIVEN = "&"  # before a name: an argument, which the callee may call
OPERAND = "?"  # before a name: operand of an operator, a subscript or an attribute

# decorators and bases that only wrap or add behaviour; others may register what they decorate
_WRAPPING = (
    "functools.cache", "functools.lru_cache", "functools.wraps", "functools.total_ordering", "functools.singledispatch",
    "functools.cached_property", "contextlib.", "dataclasses.", "typing.", "typing_extensions.", "abc.", "enum.",
    "torch.no_grad", "torch.inference_mode", "torch.enable_grad", "torch.jit.", "torch.compile", "numpy.vectorize",
    "numba.", "attr.", "attrs.", "mlblog.lab.",
)  # fmt: skip
_BASES = (
    *_WRAPPING, "torch.nn.", "torch.autograd.", "torch.utils.data.", "torch.optim.", "torch.distributions.",
    "torch.Tensor", "collections.", "threading.", "ast.", "json.", "logging.", "pathlib.", "unittest.", "argparse.",
    "numbers.", "io.", "string.", "types.", "random.", "sklearn.base.", "numpy.", "nn.Module", "multiprocessing.",
)  # fmt: skip
# calls that only return a value
_PURE = (
    "math.", "cmath.", "operator.", "fractions.", "decimal.Decimal", "pathlib.", "re.compile", "re.escape",
    "collections.", "functools.", "itertools.", "typing.", "types.", "string.", "dataclasses.", "datetime.", "enum.",
    "contextvars.ContextVar", "logging.getLogger", "threading.", "weakref.", "struct.", "statistics.", "textwrap.",
    "os.path.", "os.fspath", "os.environ.get", "os.getenv", "os.getcwd", "os.cpu_count", "json.loads", "json.dumps",
    "ast.literal_eval", "importlib.resources.", "random.Random", "numpy.", "torch.tensor", "torch.zeros", "torch.ones",
    "torch.full", "torch.empty", "torch.arange", "torch.linspace", "torch.logspace", "torch.eye", "torch.as_tensor",
    "torch.from_numpy", "torch.device", "torch.Size", "torch.Generator", "torch.finfo", "torch.iinfo", "torch.stack",
    "torch.cat", "matplotlib.colors.", "builtins.",
)  # fmt: skip
_DRAWING = ("numpy.random.",)
_SEEDED = tuple(f"numpy.random.{name}" for name in ("default_rng", "Generator", "RandomState", "SeedSequence", "PCG64"))
# functions called for their side effects
_CHANGING = re.compile(
    r"_?(set|seed|manual|register|use|enable|disable|install|patch|config|update|add|push|save|__set)"
)
_ACTING_BUILTINS = {"setattr", "delattr", "exec", "eval", "next", "print", "input", "__import__", "super", "breakpoint"}
# builtins that call or consume their arguments
_CONSUMING = {"map", "filter", "list", "tuple", "set", "dict", "sorted", "any", "all", "sum", "min", "max", "next"}
# callables that only store the functions passed to them
_POSTPONING = {
    "partial", "partialmethod", "wraps", "cache", "lru_cache", "field", "Thread", "property", "staticmethod",
    "classmethod",
    "namedtuple", "NamedTuple", "TypeVar", "ContextVar",
}  # fmt: skip
# methods without side effects: of paths, strings, containers, arrays
_PURE_METHODS = {
    "absolute", "as_posix", "astype", "clone", "copy", "count", "cumsum", "decode", "difference", "double",
    "encode", "endswith", "exists", "expanduser", "findall", "float", "format", "fullmatch", "get", "index",
    "int", "intersection", "is_dir", "is_file", "item", "items", "join", "joinpath", "keys", "ljust", "long",
    "lower", "lstrip", "manual_seed", "match", "mean", "numpy", "partition", "read_bytes", "read_text",
    "relative_to", "removeprefix", "removesuffix", "replace", "reshape", "resolve", "rjust", "rsplit", "rstrip",
    "split", "splitlines", "startswith", "std", "strip", "sum", "t", "title", "to", "tolist", "transpose",
    "union", "upper", "values", "view", "with_name", "with_stem", "with_suffix", "zfill",
}  # fmt: skip


def may_act(name: str, kind: str) -> bool:
    """Whether calling `name` of another library, or decorating a `kind` of definition with it, may have side effects.

    `base` is the kind of a base class: making a subclass may register it.
    """
    if kind == "base":
        return not name.startswith(_BASES) and not _is_builtin(name)
    if kind != "constant":
        return not name.startswith(_WRAPPING)
    if name.startswith(_DRAWING) and not name.startswith(_SEEDED):
        return True
    return bool(_CHANGING.match(name.rpartition(".")[2])) or not name.startswith(_PURE)


# libraries that do not read docstrings and annotations of their arguments
_TRUSTED = (
    "torch.", "numpy.", "scipy.", "sklearn.", "matplotlib.", "pandas.", "einops.", "tqdm.", "joblib.", "mlblog.",
    "PIL.", "safetensors.", "yaml.",
)  # fmt: skip
_READING_MODULES = {"inspect", "pydoc", "doctest", "unittest", "xmlrpc", "cmd", "dis"}
_READING = ("torch.jit.", "torch.library.", "typing.get_type_hints", "dataclasses.fields")


def may_read(name: str) -> bool:
    """Whether `name` of another library may read docstrings and annotations of its arguments."""
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names:
        return top in _READING_MODULES or name.startswith(_READING)
    return name.startswith(_READING) or not f"{name}.".startswith(_TRUSTED)


def draws(name: str) -> bool:
    """Whether `name` of another library draws from a global generator."""
    return name.startswith(
        ("random.", "numpy.random.", "torch.rand", "torch.normal", "torch.bernoulli", "torch.nn.init.")
    )


def builtin_acts(name: str) -> bool:
    """Whether a call of a name that is bound nowhere may act: some builtins, and unknown names."""
    return name in _ACTING_BUILTINS or not _is_builtin(name)


def _is_builtin(name: str) -> bool:
    return hasattr(builtins, name.partition(".")[0])


def is_pure_method(reference: str) -> bool:
    """Whether `NAME.method` is a method without side effects, if NAME is plain data."""
    return reference.rpartition(".")[2] in _PURE_METHODS


def evaluated(nodes: Iterable[ast.AST]) -> set[str]:
    """Return what evaluating `nodes` calls, as dotted names or `OPAQUE`, and `?name` for operands of operators."""
    reader = _Evaluated()
    for node in nodes:
        reader.visit(node)
    return reader.found


class _Evaluated(ast.NodeVisitor):
    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for default in [*node.args.defaults, *filter(None, node.args.kw_defaults)]:
            self.visit(default)

    def visit_Call(self, node: ast.Call) -> None:
        parts = chain(node.func)
        if parts:
            self.found.add(".".join(parts))
            if parts[-1] in _CONSUMING:
                names = [part for argument in node.args for part in ast.walk(argument)]
                chains = (chain(name) for name in names if isinstance(name, ast.Name | ast.Attribute))
                self.found |= {".".join(found) for found in chains if found}
        else:
            if not (isinstance(node.func, ast.Attribute) and node.func.attr in _PURE_METHODS):
                self.found.add(OPAQUE)
            self.visit(node.func)
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
            if (given := chain(argument)) and (not parts or parts[-1] not in _POSTPONING):
                self.found.add(GIVEN + ".".join(given))
            else:
                self.visit(argument)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._operand(node.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self._operand(node.value)
        self.visit(node.slice)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        self._operand(node.left)
        self._operand(node.right)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        self._operand(node.operand)

    def visit_Compare(self, node: ast.Compare) -> None:
        for operand in [node.left, *node.comparators]:
            self._operand(operand)

    def visit_FormattedValue(self, node: ast.FormattedValue) -> None:
        self._operand(node.value)

    def visit_Starred(self, node: ast.Starred) -> None:
        self._operand(node.value)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self._operand(node.iter)
        for condition in node.ifs:
            self.visit(condition)

    def _operand(self, node: ast.expr) -> None:
        if parts := chain(node):
            self.found.add(OPERAND + ".".join(parts))
        else:
            self.visit(node)
