"""One module, read: its definitions, what each refers to, and what importing it does.

A summary is plain JSON, so that it can be kept: unchanged files are not parsed again.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mlblog.errors import ProjectError
from mlblog.lab import canonical
from mlblog.lab.fingerprint.experiments import Declared, declared, without_declaration
from mlblog.lab.fingerprint.names import chain, imported, names_of
from mlblog.lab.fingerprint.syntax import canonical_form, without_docstring

IMPORT = "<import>"  # the pseudo-definition of what importing a module does

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Definition:
    """A top-level function, class, method, constant, or `<import>`.

    Attributes:
        kind: `function`, `class`, `method`, `constant`, `import`.
        digest: of its canonical form; a class without its methods.
        references: free names in it, as dotted chains (see `names`).
        imports: modules that import statements inside it load.
        strings: string constants in it.
        lines: first and last line.
        members: of a class: the names of its methods.
        calls: of a constant: what its value calls; of a function or class: its decorators and keywords. They run when
            the module is imported, whether or not anybody uses the definition.
        bases: of a class.
    """

    kind: str
    digest: str
    references: list[str]
    imports: list[str]
    strings: list[str]
    lines: tuple[int, int]
    members: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    bases: list[str] = field(default_factory=list)


@dataclass
class Module:
    """What is known of a module from its source alone."""

    name: str
    package: str  # that relative imports start from
    definitions: dict[str, Definition]
    imports: dict[str, list[str]]  # local name -> absolute targets
    stars: list[str]
    loads: list[str]  # modules that importing it imports
    experiments: dict[str, Declared]
    order: list[str] = field(default_factory=list)  # what importing it does, in turn; effects by `!` and digest

    def to_json(self) -> dict[str, Any]:
        """This summary as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Module:
        """The summary that `to_json` wrote."""
        value = dict(value)
        value["definitions"] = {name: Definition(**d) for name, d in value["definitions"].items()}
        value["experiments"] = {name: Declared(**d) for name, d in value["experiments"].items()}
        return cls(**value)


def read_module(name: str, source: str, path: str, *, is_package: bool) -> Module:
    """Summarise a module from its source, without importing it.

    Raises:
        ProjectError: it is not Python; `path` and the line are named.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise ProjectError(f"{path}:{line}: not Python: {getattr(error, 'msg', error)}") from error
    package = name if is_package else name.rpartition(".")[0]
    return _Summary(name, package, path, docstrings="__doc__" in source).read(tree)


class _Summary:
    def __init__(self, name: str, package: str, path: str, *, docstrings: bool) -> None:
        self._module = Module(name, package, {}, {}, [], [], {})
        self._path, self._docstrings = path, docstrings
        self._parts: dict[str, list[ast.stmt]] = {}  # constants, each by all statements that bind it
        self._effects: list[ast.stmt] = []

    def read(self, tree: ast.Module) -> Module:
        self._statements(without_docstring(tree.body) if not self._docstrings else tree.body, nested=False)
        module = self._module
        for name, statements in self._parts.items():
            known = module.definitions.get(name)
            constant = self._define("constant", statements)
            calls = {
                ".".join(c) for s in statements for n in ast.walk(s) if isinstance(n, ast.Call) and (c := chain(n.func))
            }
            if calls & {"map", "list", "tuple", "set", "dict", "sorted", "any", "all", "sum"}:
                calls |= set(constant.references)  # `DONE = list(map(register, …))` calls what it is given
            constant.calls = sorted(calls)
            module.definitions[name] = _merged(known, constant) if known else constant
        module.definitions[IMPORT] = self._define("import", self._effects)
        module.loads = sorted(set(module.loads))
        return module

    def _statements(self, body: Iterable[ast.stmt], *, nested: bool) -> None:
        for node in body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                bound, loaded, stars = imported(node, self._module.package)
                for name, target in bound.items():
                    self._module.imports.setdefault(name, []).append(target)
                self._module.loads.extend(loaded)
                self._module.stars.extend(stars)
            elif isinstance(node, Function):
                self._function(node)
                if node.decorator_list and node.name not in self._module.experiments:
                    self._module.order.append(node.name)
            elif isinstance(node, ast.ClassDef):
                self._class(node)
                if self._module.definitions[node.name].calls:
                    self._module.order.append(node.name)
            elif isinstance(node, ast.Assign | ast.AnnAssign) and all(_plain(target) for target in _targets(node)):
                if any(isinstance(part, ast.Call) for part in ast.walk(node)):
                    self._module.order += _names(_targets(node))
                for name in _names(_targets(node)):
                    self._parts.setdefault(name, []).append(node)
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                pass  # a string or `...` standing alone does nothing
            elif not _never_run(node) and not nested:
                form = canonical_form([node], docstrings=self._docstrings)
                self._module.order.append("!" + canonical.digest("effect", form))
                self._compound(node)

    def _compound(self, node: ast.stmt) -> None:
        """A statement that runs when the module is imported: an effect, and the definition of all that it binds."""
        self._effects.append(node)
        inner = [s for s in ast.walk(node) if isinstance(s, ast.stmt) and s is not node]
        imports = [s for s in inner if isinstance(s, ast.Import | ast.ImportFrom)]
        self._statements(imports, nested=True)
        bound = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        bound |= {s.name for s in inner if isinstance(s, Function | ast.ClassDef)}
        for name in sorted(bound):
            self._parts.setdefault(name, []).append(node)

    def _function(self, node: Function) -> None:
        found = declared(node, self._module, self._path) if node.decorator_list else None
        if found:
            self._module.experiments[node.name] = found
            bare = without_declaration(node, self._module)
            definition = self._define("function", [bare])
            # a parameter may name a file or a module; its value is compared as a parameter
            declaration = [*node.decorator_list, *(d for d in node.args.kw_defaults if d is not None)]
            definition.strings = sorted({*definition.strings, *names_of(declaration, self._module.package).strings})
        else:
            definition = self._define("function", [node])
            definition.calls = self._called(node.decorator_list)
        self._add(node.name, definition)

    def _class(self, node: ast.ClassDef) -> None:
        methods = [s for s in node.body if isinstance(s, Function)]
        rest = [s for s in without_docstring(node.body) if not isinstance(s, Function)]
        header = ast.ClassDef(node.name, node.bases, node.keywords, rest, node.decorator_list)
        definition = self._define("class", [ast.copy_location(header, node)])
        definition.lines = (_first_line(node), node.lineno)
        definition.members = sorted({method.name for method in methods})
        keywords = [keyword.value for keyword in node.keywords]
        made = [base for base in node.bases if isinstance(base, ast.Call)]  # `class P(base_for("x"))`
        inner = [decorator for method in methods for decorator in method.decorator_list]
        # a class body runs when the module is imported: what it calls, and what it changes elsewhere
        ran = [call.func for part in rest for call in ast.walk(part) if isinstance(call, ast.Call)]
        kept = (ast.Assign, ast.AnnAssign, ast.Expr, ast.Pass, ast.Import, ast.ImportFrom)
        acting = [part for part in rest if not isinstance(part, kept) or _changes(part)]
        ran += [name for part in acting for name in ast.walk(part) if isinstance(name, ast.Name)]
        definition.calls = self._called([*node.decorator_list, *keywords, *made, *inner, *ran])
        definition.bases = _chains(base.value if isinstance(base, ast.Subscript) else base for base in node.bases)
        self._add(node.name, definition)
        for name in definition.members:
            # several of a name: a property and its setter, or overloads
            same = [method for method in methods if method.name == name]
            self._add(f"{node.name}.{name}", self._define("method", list(same)))

    def _called(self, nodes: list[ast.expr]) -> list[str]:
        """What decorators and other expressions that run on import refer to, arguments aside where they are plain."""
        plain = [n.func if isinstance(n, ast.Call) and chain(n.func) and not _partial(n) else n for n in nodes]
        return sorted(names_of(plain, self._module.package).references)

    def _add(self, name: str, definition: Definition) -> None:
        known = self._module.definitions.get(name)
        self._module.definitions[name] = _merged(known, definition) if known else definition

    def _define(self, kind: str, nodes: list[ast.stmt]) -> Definition:
        names = names_of(nodes, self._module.package)
        form = canonical_form(nodes, docstrings=self._docstrings)
        lines = (min(map(_first_line, nodes)), max(n.end_lineno or n.lineno for n in nodes)) if nodes else (1, 1)
        digest = canonical.digest("code", kind, form) if nodes else ""
        return Definition(kind, digest, sorted(names.references), sorted(names.imports), sorted(names.strings), lines)


def _merged(first: Definition, second: Definition) -> Definition:
    """Two definitions of one name: which of them holds is decided when the module runs, so both count."""
    return Definition(
        kind="class" if "class" in (first.kind, second.kind) else second.kind,
        digest=canonical.digest("code", first.digest, second.digest),
        references=sorted({*first.references, *second.references}),
        imports=sorted({*first.imports, *second.imports}),
        strings=sorted({*first.strings, *second.strings}),
        lines=(min(first.lines[0], second.lines[0]), max(first.lines[1], second.lines[1])),
        members=sorted({*first.members, *second.members}),
        calls=sorted({*first.calls, *second.calls}),
        bases=sorted({*first.bases, *second.bases}),
    )


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _chains(nodes: Iterable[ast.expr]) -> list[str]:
    found = (chain(node.func if isinstance(node, ast.Call) else node) for node in nodes)
    return sorted({".".join(parts) for parts in found if parts})


def _partial(node: ast.Call) -> bool:
    """`@partial(register, "x")` calls its first argument."""
    parts = chain(node.func)
    return bool(parts) and parts is not None and parts[-1] == "partial"


def _changes(node: ast.stmt) -> bool:
    """Whether a statement of a class body assigns to anything but names of the class."""
    return isinstance(node, ast.Assign | ast.AnnAssign) and not all(_plain(target) for target in _targets(node))


def _targets(node: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def _plain(target: ast.expr) -> bool:
    """Whether a target only binds names; `REGISTRY["x"] = f` and `module.attribute = f` do more."""
    if isinstance(target, ast.Tuple | ast.List):
        return all(_plain(item) for item in target.elts)
    return isinstance(target, ast.Name) or (isinstance(target, ast.Starred) and _plain(target.value))


def _names(targets: Iterable[ast.expr]) -> list[str]:
    return [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]


def _never_run(node: ast.stmt) -> bool:
    """`if TYPE_CHECKING:` and `if __name__ == "__main__":`, without an else."""
    if not isinstance(node, ast.If) or node.orelse:
        return False
    test = node.test
    if isinstance(test, ast.Compare):
        return ast.unparse(test) in ("__name__ == '__main__'", "'__main__' == __name__")
    parts = chain(test)
    return bool(parts) and parts is not None and parts[-1] == "TYPE_CHECKING"


def module_files(root: Path, package: str) -> dict[str, Path]:
    """Return `{module name: file}` of every module of `package`, found below `root` or `root/src`.

    Raises:
        ProjectError: the package is not there.
    """
    for base in (root, root / "src"):
        folder = base.joinpath(*package.split("."))
        if folder.is_dir():
            found = {}
            for file in sorted(folder.rglob("*.py")):
                parts = file.relative_to(base).with_suffix("").parts
                if all(part.isidentifier() for part in parts):
                    found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
            if package in found:
                return found
    raise ProjectError(
        f"{root / 'pyproject.toml'}: [tool.mlblog] names package {package!r}, which has no __init__.py in {root}"
    )
