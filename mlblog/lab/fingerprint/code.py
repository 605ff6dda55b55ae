"""Fingerprints: all first-party code that an experiment or a cell depends on, by name and digest.

Static: nothing is imported. From a definition, every reference is followed through imports, re-exports and attributes
to the definitions that it can mean; what cannot be followed counts as the whole module in question. Importing a module
runs its top level, so whatever that does counts as soon as anything in the module is reached.
"""

from __future__ import annotations

import builtins
import re
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from mlblog.errors import UnknownExperiment
from mlblog.lab import canonical
from mlblog.lab.fingerprint.data import DataFiles
from mlblog.lab.fingerprint.experiments import Declared
from mlblog.lab.fingerprint.foreign import may_act
from mlblog.lab.fingerprint.module import IMPORT, Definition, Module, read_module
from mlblog.lab.fingerprint.names import EVERYTHING, MODULE, PACKAGE
from mlblog.lab.fingerprint.sources import Sources
from mlblog.lab.project import Project

# The generator itself: its changes are answered for by its own tests, not by running every experiment again.
ENGINE = tuple(
    f"mlblog.{part}"
    for part in (
        "lab",
        "press",
        "papers",
        "goals",
        "site",
        "integrations",
        "scaffold",
        "doctor",
        "cli",
        "errors",
        "__main__",
    )
)
# … but for the file that sets seeds and threads
_DETERMINISM = "mlblog.lab.determinism"
DECLARATION = "<declaration>"  # how a manifest names an experiment whose records are read
_CELL = "<cell>"
_KEPT = 1000
# under another name (`from importlib import import_module as load`), these are not seen by `names`
_BY_NAME = {"sys.modules", "importlib.import_module", "pkgutil.resolve_name", "pydoc.locate", "inspect.getmodule"}


class Node(NamedTuple):
    """A definition of a module, or a data file (module `data`)."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"data:{self.name}" if self.module == "data" else f"{self.module}.{self.name}"


class Code:
    """The first-party code of a project, seen statically."""

    def __init__(
        self, root: Path, packages: Iterable[str], *, engine: tuple[str, ...] = ENGINE, cache: Path | None = None
    ) -> None:
        """Look at `packages` below `root`, but for the modules of `engine`; keep what was parsed in `cache`."""
        self._sources = Sources(root, packages, cache)
        self._data = DataFiles(self._sources)
        self._engine = engine
        self._edges: dict[Node, tuple[tuple[Node, ...], str]] = {}
        self._extra: dict[str, Module] = {}
        self._reached: dict[str, frozenset[Node]] = {}  # by pieces of Python, the last _KEPT of them
        self._lock = threading.Lock()  # posts that run side by side ask for their cells' manifests

    @classmethod
    def of(cls, project: Project) -> Code:
        """Return the code of `project` as it is on disk now."""
        return cls(project.root, project.packages, cache=project.work / "cache" / "code.json")

    def save(self) -> None:
        """Keep what was parsed for the next process."""
        self._sources.save()

    # -- what is asked of it ------------------------------------------------------------------------------------

    def manifest(self, name: str) -> dict[str, str]:
        """Return `{qualified name: digest}` of what the function or class `name` depends on, itself included.

        Raises:
            UnknownExperiment: there is no such definition.
            ProjectError: a module is not Python.
        """
        found = self._digests(self.reach(name))
        return dict(sorted(found.items()))

    def reach(self, name: str) -> dict[Node, Node | None]:
        """Return every node that `name` depends on, each with the node from which it was first reached."""
        return self._reach([*self._roots(name), self._determinism])

    def manifest_of(self, source: str) -> dict[str, str]:
        """Return `{qualified name: digest}` of the first-party code that a piece of Python reaches, itself aside.

        An experiment that it names counts by its declaration alone: reading records runs no experiment.

        Raises:
            ProjectError: it is not Python.
        """
        with self._lock:
            return dict(sorted(self._digests(self._reach_of(source)).items()))

    def files_of(self, source: str, names: Iterable[str] = ()) -> set[Path]:
        """Return the files that decide the manifest of a piece of Python, and the manifests of `names`.

        Raises:
            ProjectError: it is not Python.
        """
        with self._lock:
            nodes = self._reach_of(source).union(*(self.reach(name) for name in names))
        files = {node.module: self._sources.files[node.module] for node in nodes if node.module in self._sources.files}
        return {*files.values(), *(self._sources.root / node.name for node in nodes if node.module == "data")}

    def modules(self) -> dict[str, Path]:
        """Return `{module: file}` of all first-party modules but the engine's."""
        return {name: file for name, file in self._sources.files.items() if self._is_ours(name)}

    def experiments(self, package: str) -> Iterator[tuple[str, tuple[str, Path, Declared]]]:
        """Yield `name, (module, file, declaration)` of every experiment declared in `package`."""
        for module, file in self._sources.files.items():
            if module == package or module.startswith(f"{package}."):
                for name, declaration in self._module(module).experiments.items():
                    yield name, (module, file, declaration)

    def definition(self, node: Node) -> tuple[Path, Definition] | None:
        """Return the file and definition of a node; None for data, declarations and what is no longer there."""
        module = self._sources.module(node.module)
        if module is None or node.name not in module.definitions:
            return None
        return self._sources.files[node.module], module.definitions[node.name]

    # -- the graph ----------------------------------------------------------------------------------------------

    def _module(self, name: str) -> Module:
        module = self._extra.get(name) or self._sources.module(name)
        assert module is not None, name
        return module

    def _is_ours(self, module: str) -> bool:
        if module in self._extra:
            return True
        engine = any(module == part or module.startswith(f"{part}.") for part in self._engine)
        return module in self._sources.files and not engine

    @cached_property
    def _determinism(self) -> Node:
        file = Path(__file__).parents[1] / "determinism.py"
        module = read_module(_DETERMINISM, file.read_text(encoding="utf-8"), file.name, is_package=False)
        self._extra[_DETERMINISM] = module
        return Node(_DETERMINISM, "deterministic")

    def _roots(self, name: str) -> list[Node]:
        module, _, attribute = name.rpartition(".")
        if not self._is_ours(module) or attribute not in self._module(module).definitions:
            raise UnknownExperiment(f"{name}: no such definition")
        return [Node(module, attribute)]

    def _reach(self, roots: Iterable[Node]) -> dict[Node, Node | None]:
        parents: dict[Node, Node | None] = dict.fromkeys(roots)
        queue = deque(parents)
        while queue:
            node = queue.popleft()
            for target in self._neighbours(node)[0]:
                if target not in parents:
                    parents[target] = node
                    queue.append(target)
        return parents

    def _reach_of(self, source: str) -> frozenset[Node]:
        """What a piece of Python depends on, itself aside; a post is asked for again and again."""
        if source not in self._reached:
            cell = read_module(_CELL, source, _CELL, is_package=False)
            self._extra[_CELL] = cell
            self._edges = {node: edges for node, edges in self._edges.items() if node.module != _CELL}
            found = self._reach([Node(_CELL, name) for name in cell.definitions])
            if len(self._reached) == _KEPT:
                del self._reached[next(iter(self._reached))]
            self._reached[source] = frozenset(node for node in found if node.module != _CELL)
        return self._reached[source]

    def _digests(self, nodes: Iterable[Node]) -> dict[str, str]:
        found = ((str(node), self._neighbours(node)[1]) for node in nodes)
        return {name: digest for name, digest in found if digest}

    def _neighbours(self, node: Node) -> tuple[tuple[Node, ...], str]:
        """What a node refers to, and its digest (empty where it adds nothing of its own)."""
        if node not in self._edges:
            self._edges[node] = self._link(node)
        return self._edges[node]

    def _link(self, node: Node) -> tuple[tuple[Node, ...], str]:
        if node.module == "data":
            return (), self._sources.digest(self._sources.root / node.name)
        module = self._module(node.module)
        loading = Node(node.module, IMPORT)
        if node.name.endswith(DECLARATION):
            return (loading,), module.experiments[node.name.removesuffix(DECLARATION)].digest
        definition = module.definitions[node.name]
        targets: dict[Node, None] = {loading: None}
        foreign: set[str] = set()
        for reference in definition.references:
            for found in self._resolve(module, reference):
                if isinstance(found, Node):
                    targets[found] = None
                else:
                    foreign.add(f"{reference}={found}")
                    if found in _BY_NAME and (
                        found == "sys.modules" or not reference.endswith(found.rpartition(".")[2])
                    ):
                        targets |= {one: None for one in self._resolve(module, EVERYTHING) if isinstance(one, Node)}
        targets |= dict.fromkeys(Node(node.module, f"{node.name}.{member}") for member in definition.members)
        targets |= dict.fromkeys(self._loaded(definition.imports))
        targets |= dict.fromkeys(self._named(node.module, definition.strings))
        if node.name == IMPORT:
            targets |= dict.fromkeys(self._loaded([*module.loads, node.module]))
            acting = list(self._run_on_import(module))
            targets |= dict.fromkeys(acting)
            if len(module.order) > 1 and (acting or definition.digest):
                foreign.add("order=" + ",".join(module.order))
        targets.pop(node, None)
        # what a name from another library means is part of what the code does: `import numpy as np` or another np
        known = definition.digest or (node.name == IMPORT and foreign)
        digest = canonical.digest("definition", definition.digest, *sorted(foreign)) if known else ""
        return tuple(targets), digest

    def _loaded(self, modules: Iterable[str]) -> Iterator[Node]:
        """What importing `modules` runs: their top levels, and those of the packages they are in."""
        for name in modules:
            parts = name.split(".")
            for end in range(1, len(parts) + 1):
                loaded = ".".join(parts[:end])
                if self._is_ours(loaded):
                    yield Node(loaded, IMPORT)

    def _run_on_import(self, module: Module) -> Iterator[Node]:
        """Definitions whose making calls first-party code, which may register them or change something."""
        for name, definition in module.definitions.items():
            called = (found for call in definition.calls for found in self._resolve(module, call))
            acting = (found for found in called if isinstance(found, Node) or may_act(found, definition.kind))
            if any(found != Node(module.name, name) for found in acting) or any(
                self._notices_subclasses(found) for base in definition.bases for found in self._resolve(module, base)
            ):
                yield Node(module.name, name)

    def _notices_subclasses(self, base: Node | str) -> bool:
        if isinstance(base, str) or base.module == "data":
            return False
        module = self._module(base.module)
        definition = module.definitions.get(base.name)
        if definition is None:
            return False
        if definition.kind == "constant":
            return True  # an alias, or a class made under an `if`: nobody can see which
        return (
            "__init_subclass__" in definition.members
            or bool(definition.calls)
            or any(
                self._notices_subclasses(up)
                for name in definition.bases
                for up in self._resolve(module, name)
                if up != base
            )
        )

    # -- names --------------------------------------------------------------------------------------------------

    def _resolve(self, module: Module, reference: str) -> list[Node | str]:
        """What a reference in `module` can mean: our nodes, and names of other libraries."""
        if reference == MODULE:
            return list(self._whole(module.name))
        if reference == EVERYTHING:
            return list(self._whole(*filter(self._is_ours, self._sources.files)))
        if reference.startswith(PACKAGE):
            return list(self._below(reference.removeprefix(PACKAGE)))
        if reference.startswith("="):
            return self._absolute(reference[1:].split("."), set())
        return self._inside(module, reference.split("."), set())

    def _inside(self, module: Module, parts: list[str], seen: set[tuple[str, str]]) -> list[Node | str]:
        """What a chain means whose first name is looked up in the namespace of `module`."""
        name = parts[0]
        if (module.name, name) in seen:
            return []  # modules that import from each other in a circle
        seen = seen | {(module.name, name)}
        found: list[Node | str] = []
        if name in module.experiments:
            found.append(Node(module.name, name + DECLARATION))
            if parts[1:2] in ([], ["function"]):  # to call it is to depend on it; to read its records is not
                found.append(Node(module.name, name))
        elif name in module.definitions:
            found.append(Node(module.name, name))
        for target in module.imports.get(name, []):
            found += self._absolute([*target.split("."), *parts[1:]], seen)
        # a name that a star brings may be bound anew below it, and be used before that
        stars = [star for star in module.stars if self._is_ours(star)]
        for star in stars:
            found += self._inside(self._module(star), parts, seen)
        if not found:  # a star of another library shadows even builtins, and says nothing of what it brings
            found += [f"{star}.{name}" for star in module.stars if star not in stars]
        if not any(isinstance(one, Node) for one in found) and not hasattr(builtins, name):
            found += [node for star in stars for node in self._whole(star)]  # made where nobody can see it
        return found

    def _absolute(self, parts: list[str], seen: set[tuple[str, str]]) -> list[Node | str]:
        """What a chain means that starts at a top-level package."""
        if not self._is_ours(parts[0]):
            return [".".join(parts)]
        name, rest = parts[0], parts[1:]
        while rest:
            below = f"{name}.{rest[0]}"
            if below in self._namespaces or (name in self._namespaces and self._is_ours(below)):
                name, rest = below, rest[1:]
                continue
            if name in self._namespaces:
                break
            module = self._module(name)
            found = self._inside(module, rest, seen)
            if self._is_ours(below):
                # a submodule of that name too: whichever was bound last
                if found:
                    return [*found, *self._absolute_in(below, rest[1:], seen)]
                name, rest = below, rest[1:]
                continue
            if found or (rest[0].startswith("__") and rest[0].endswith("__") and rest[0] != "__dict__"):
                return found
            if below in self._sources.files:
                return [".".join([name, *rest])]  # the engine: foreign by decision
            return list(self._below(name))  # an attribute that nobody can see being set
        # the module itself is handed on: anything of it may be used
        return list(self._below(name))

    def _absolute_in(self, module: str, rest: list[str], seen: set[tuple[str, str]]) -> list[Node | str]:
        return self._inside(self._module(module), rest, seen) if rest else list(self._whole(module))

    @cached_property
    def _namespaces(self) -> set[str]:
        """Packages without an `__init__.py`."""
        parts = (name.split(".") for name in self._sources.files)
        parents = {".".join(found[:end]) for found in parts for end in range(1, len(found))}
        return parents - set(self._sources.files)

    def _whole(self, *modules: str) -> Iterator[Node]:
        """Every definition of modules, and everything that their imports bind: it can be had through the modules."""
        waiting, seen = list(modules), set[str]()
        while waiting:
            target = waiting.pop()
            if target in seen:
                continue
            seen.add(target)
            name, attribute = self._split(target)
            if not name:
                continue
            summary = self._module(name)
            for one in [attribute] if attribute else summary.definitions:
                if one in summary.definitions:
                    yield Node(name, one + DECLARATION if one in summary.experiments else one)
            for targets in [summary.imports.get(attribute, [])] if attribute else summary.imports.values():
                waiting += targets
            waiting += [f"{star}.{attribute}" if attribute else star for star in summary.stars]

    def _split(self, target: str) -> tuple[str, str]:
        """The first-party module that a dotted name is, or is in, and the name there; nothing if it is not ours."""
        if self._is_ours(target):
            return target, ""
        name, _, attribute = target.rpartition(".")
        return (name, attribute) if self._is_ours(name) else ("", "")

    def _below(self, package: str) -> Iterator[Node]:
        within = (name for name in self._sources.files if name == package or name.startswith(f"{package}."))
        yield from self._whole(*filter(self._is_ours, within))

    def _named(self, module: str, strings: Iterable[str]) -> Iterator[Node]:
        """Data files, and modules, that a string in `module` may name."""
        file = self._sources.files.get(module)
        here = file.parent.relative_to(self._sources.root).as_posix() if file else ""
        for text in strings:
            if re.fullmatch(r"[A-Za-z_]\w*(\.\w+)+(:\w+)?", text) and self._is_ours(text.partition(".")[0]):
                for found in self._absolute(re.split("[.:]", text), set()):
                    if isinstance(found, Node):
                        yield found
                if text in self._sources.files:  # `python -m toy.tool` runs what stands under its `__main__`, too
                    yield Node("data", self._sources.files[text].relative_to(self._sources.root).as_posix())
            yield from (Node("data", path) for path in self._data.named(text, here))
