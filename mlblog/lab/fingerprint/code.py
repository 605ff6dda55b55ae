"""Fingerprints: all first-party code that an experiment or a cell depends on, by name and digest.

Static: nothing is imported. From a definition, every reference is followed through imports, re-exports and attributes
to the definitions that it can mean, and what it means is part of the digest; what cannot be followed counts as the
whole module in question. Importing a module runs its top level, so whatever that does counts, in its order, as soon as
anything in the module is reached.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from mlblog.errors import UnknownExperiment
from mlblog.files import canonical
from mlblog.lab.fingerprint.engine import PARTS
from mlblog.lab.fingerprint.experiments import Literals, Written, literals
from mlblog.lab.fingerprint.inputs import DATA, ENVIRONMENT, KINDS, Inputs
from mlblog.lab.fingerprint.links import Linker
from mlblog.lab.fingerprint.module import read_module
from mlblog.lab.fingerprint.reach import Graph, Reached
from mlblog.lab.fingerprint.resolve import Node, Resolver
from mlblog.lab.fingerprint.sources import Sources
from mlblog.lab.fingerprint.summary import IMPORT, Definition, Module
from mlblog.lab.project import Project

# The generator's changes are answered for by its own tests, not by running every experiment again …
ENGINE = tuple(f"mlblog.{part}" for part in sorted(PARTS))
# … but for the file that sets seeds and threads
_DETERMINISM = "mlblog.lab.determinism"
_CELL = "<cell>"
_KEPT = 1000


class Code:
    """The first-party code of a project, seen statically."""

    def __init__(
        self,
        root: Path,
        packages: Iterable[str],
        *,
        engine: tuple[str, ...] = ENGINE,
        cache: Path | None = None,
        executed: Mapping[Path, bytes] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Look at the code of a project.

        Args:
            root: of the project.
            packages: its packages, below the root.
            engine: modules that do not count.
            cache: a file for what was parsed.
            executed: content of files when they were imported, where it differs from now.
            environ: environment variables, if not the current ones.
        """
        self.root = root
        self._sources = Sources(root, packages, cache, executed)
        self._resolver = Resolver(self._sources, engine)
        self.inputs = Inputs(self._sources, cache.with_name("outside.json") if cache else None, environ)
        self._linker = Linker(self._sources, self._resolver, self.inputs)
        self._graph = Graph(self._linker, self._resolver)
        self._cells: dict[str, Module] = {}  # by source, the last _KEPT of them
        self._reached: dict[str, Reached] = {}
        # by experiment, the branches it leaves out, and the modules it had
        self._runs: dict[tuple[str, frozenset[Node], frozenset[str]], Reached] = {}
        self._lock = threading.Lock()  # posts that run in parallel ask for their cells' manifests

    @classmethod
    def of(
        cls, project: Project, executed: Mapping[Path, bytes] | None = None, environ: Mapping[str, str] | None = None
    ) -> Code:
        """Return the code of `project` as it is on disk, or as imported where `executed` says so."""
        cache = project.work / "cache" / "code.json"
        return cls(project.root, project.packages, cache=cache, executed=executed, environ=environ)

    def save(self) -> None:
        """Keep what was parsed for the next process."""
        self._sources.save()

    # -- what is asked of it ------------------------------------------------------------------------------------

    def manifest(
        self,
        name: str,
        params: Mapping[str, Any] | None = None,
        known: Collection[str] | None = None,
        held: Collection[str] = (),
    ) -> dict[str, str]:
        """Return `{qualified name: digest}` of what the function or class `name` depends on, itself included.

        Args:
            name: qualified.
            params: of a run of the experiment `name`: branches that they do not choose are left out.
            known: names of an earlier manifest: newer entries of registries are left out if code that did not look
                them up then cannot do so now.
            held: modules that a run had loaded: it can have reached no others by computed names; empty if unknown.

        Raises:
            UnknownExperiment: there is no such definition.
            ProjectError: a module is not Python.
        """
        roots = self._roots(name)
        left_out = set(self._linker.left_out(roots[0], params)) if params is not None else set()
        roots.append(self._determinism)
        # the seeds of one configuration share what they reach
        chosen = (name, frozenset(left_out), frozenset(held))
        if chosen not in self._runs:
            self._runs[chosen] = self._graph.reach(roots, left_out, held)
        reached = self._runs[chosen]
        if known is not None and (new := {node for node in self._graph.entries(reached) if str(node) not in known}):
            reached = self._graph.reach(roots, left_out | new, held)
        return dict(sorted(self._graph.digests(reached).items()))

    def manifest_of_modules(self, modules: Iterable[str]) -> dict[str, str]:
        """Return `{qualified name: digest}` of what importing `modules` runs, as far as they are the project's."""
        roots = [Node(name, IMPORT) for name in self._resolver.loaded(modules)]
        return dict(sorted(self._graph.digests(self._graph.reach(roots)).items()))

    def digest(self, name: str) -> str | None:
        """Return the current digest of what a manifest calls `name`.

        Empty if there is no such definition or file; None if this machine cannot tell.
        """
        if name.partition(":")[0] in KINDS:
            return self.inputs.digest(name)
        parts = name.split(".")
        for end in range(len(parts) - 1, 0, -1):
            node = Node(".".join(parts[:end]), ".".join(parts[end:]))
            if self._resolver.is_ours(node.module):
                return self._linker.link(node).digest if self._linker.exists(node) else ""
        return ""

    def loaded(self, name: str, params: Mapping[str, Any]) -> set[str]:
        """Return the modules of which a run of the experiment `name` reaches anything."""
        return {node.module for node in self.reach(name, params)}

    def asks_by_computed_names(self, name: str, params: Mapping[str, Any]) -> bool:
        """Whether a run of the experiment `name` may import modules that cannot be foreseen."""
        self.manifest(name, params)
        left_out = frozenset(self._linker.left_out(self._roots(name)[0], params))
        return bool(self._runs[name, left_out, frozenset()].computed)

    def variables(self, name: str, params: Mapping[str, Any]) -> list[str]:
        """Return the variables of the environment that a run of the experiment `name` may read."""
        return sorted(node.name for node in self.reach(name, params) if node.module == ENVIRONMENT)

    def module_of(self, file: Path) -> str | None:
        """Return the module of the project in `file`; None if it is not one."""
        for known in (self._sources.files, self._sources.neighbours):
            for name, path in known.items():
                if path == file and self._resolver.is_ours(name):
                    return name
        return None

    def owner(self, module: str, function: str, line: int) -> str:
        """Return the definition of a module that a function is, or is in; empty if there is none.

        Args:
            module: of the project.
            function: its qualified name.
            line: its first line, which tells lambdas apart.
        """
        name, _, inner = function.partition(".<locals>")[0].partition(".")
        definitions = self._resolver.module(module).definitions
        if name == "<lambda>":
            lines = {one: d.lines for one, d in definitions.items() if d.kind == "constant"}
            return next((one for one, (a, b) in lines.items() if a <= line <= b), "")
        # a comprehension in a class body runs when the module is imported, not when the class is called
        is_import = inner.startswith(("<listcomp", "<dictcomp", "<setcomp", "<gen"))
        return name if name in definitions and not is_import else ""

    def reach(self, name: str, params: Mapping[str, Any] | None = None) -> dict[Node, Node | None]:
        """Return every node that `name` depends on, each with the node from which it was first reached."""
        roots = self._roots(name)
        left_out = set(self._linker.left_out(roots[0], params)) if params is not None else set()
        return self._graph.reach([*roots, self._determinism], left_out).parents

    def manifest_of(self, source: str) -> dict[str, str]:
        """Return `{qualified name: digest}` of the first-party code that a piece of Python reaches, itself aside.

        An experiment that it names counts by its declaration alone: reading records runs no experiment.

        Raises:
            ProjectError: it is not Python.
        """
        with self._lock:
            reached = self._reach_of(source)
            found = self._graph.digests(reached)
            # what its names mean is in no definition's digest
            cell = [
                f"{name}={self._linker.link(Node(_CELL, name)).digest}"
                for name in self._resolver.module(_CELL).definitions
            ]
            return dict(sorted(found.items())) | ({_CELL: canonical.digest("cell", *cell)} if found else {})

    def files_of(self, source: str, names: Iterable[str] = ()) -> set[Path]:
        """Return the files that decide the manifest of a piece of Python, and the manifests of `names`.

        Raises:
            ProjectError: it is not Python.
        """
        with self._lock:
            nodes = set(self._reach_of(source).parents).union(*(self.reach(name) for name in names))
        files = {file for node in nodes if (file := self._sources.file(node.module)) is not None}
        return {*files, *(self._sources.root / node.name for node in nodes if node.module == DATA)}

    def modules(self) -> dict[str, Path]:
        """Return `{module: file}` of all first-party modules but the engine's."""
        return {name: self._sources.files[name] for name in self._resolver.modules()}

    def experiments(self, package: str) -> Iterator[tuple[str, str, Path, Written, Literals]]:
        """Yield name, module, file and declaration of every experiment in `package`.

        Raises:
            ProjectError: a declaration is not made of literals; with file and line.
        """
        for module, file in self._sources.files.items():
            if module == package or module.startswith(f"{package}."):
                summary = self._resolver.module(module)
                for name, found in summary.experiments.items():
                    yield name, module, file, found, literals(found, self._linker.constants(summary))

    def definition(self, node: Node) -> tuple[Path, Definition] | None:
        """Return the file and definition of a node; None for data, declarations and what no longer exists."""
        module = self._sources.module(node.module)
        if module is None or node.name not in module.definitions:
            return None
        return self._sources.files[node.module], module.definitions[node.name]

    # -- the graph ----------------------------------------------------------------------------------------------

    @cached_property
    def _determinism(self) -> Node:
        file = Path(__file__).parents[1] / "determinism.py"
        self._resolver.add(read_module(_DETERMINISM, file.read_text(encoding="utf-8"), file.name, is_package=False))
        return Node(_DETERMINISM, "deterministic")

    def _roots(self, name: str) -> list[Node]:
        module, _, attribute = name.rpartition(".")
        if not self._resolver.is_ours(module) or attribute not in self._resolver.module(module).definitions:
            raise UnknownExperiment(f"{name}: no such definition")
        return [Node(module, attribute)]

    def _reach_of(self, source: str) -> Reached:
        """What a piece of Python depends on, without itself; cached, since posts ask again and again."""
        cell = self._cells.get(source)
        if cell is None:
            cell = self._cells[source] = read_module(_CELL, source, _CELL, is_package=False)
            if len(self._cells) > _KEPT:
                del self._cells[next(iter(self._cells))]
        self._resolver.add(cell)
        self._linker.forget(_CELL)
        found = self._reached.get(source)
        if found is None:
            found = self._graph.reach([Node(_CELL, name) for name in cell.definitions])
            found = found._replace(parents={n: p for n, p in found.parents.items() if n.module != _CELL})
            if len(self._reached) == _KEPT:
                del self._reached[next(iter(self._reached))]
            self._reached[source] = found
        return found
