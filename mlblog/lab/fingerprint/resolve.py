"""What names mean: from a reference in a module to the definitions of the project that it can refer to, in order."""

from __future__ import annotations

import builtins
import re
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from mlblog.lab.fingerprint.data import DataFiles
from mlblog.lab.fingerprint.inputs import DATA, ENVIRONMENT
from mlblog.lab.fingerprint.references import EVERYTHING, MODULE, PACKAGE, VARIABLE, parts_of
from mlblog.lab.fingerprint.sources import Sources
from mlblog.lab.fingerprint.summary import Definition, Module

DECLARATION = "<declaration>"  # how a manifest names an experiment whose records are read
NAMES = "<names>"  # what the names of a module mean that is handed on whole
# attributes that every module has, and that say nothing of what it defines
_OF_MODULES = {"__file__", "__name__", "__path__", "__package__", "__spec__", "__version__", "__loader__", "__all__"}


class Node(NamedTuple):
    """A definition of a module, a data file (module `data`), or a variable of the environment."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}{':' if self.module in (DATA, ENVIRONMENT) else '.'}{self.name}"


class Resolver:
    """Names of a project's own code; names of other libraries stay names."""

    def __init__(self, sources: Sources, engine: tuple[str, ...]) -> None:
        """Look names up in `sources`, but for the modules of `engine`."""
        self._sources = sources
        self._data = DataFiles(sources)
        self._engine = engine
        self._extra: dict[str, Module] = {}
        self._known: dict[str, bool] = {}

    def add(self, module: Module) -> None:
        """Add a module that is not a file of the project; it replaces one of that name."""
        self._extra[module.name] = module

    def module(self, name: str) -> Module:
        """Return the summary of a module that is the project's own."""
        module = self._extra.get(name) or self._sources.module(name)
        assert module is not None, name
        return module

    def definition(self, node: Node) -> Definition | None:
        """Return the definition that a node is; None for data, variables and names of modules."""
        if node.module in (DATA, ENVIRONMENT):
            return None
        return self.module(node.module).definitions.get(node.name)

    def is_ours(self, module: str) -> bool:
        """Whether `module` is one of the project's, the engine's aside."""
        if module in self._extra:
            return True
        known = self._known.get(module)
        if known is None:
            engine = any(module == part or module.startswith(f"{part}.") for part in self._engine)
            known = self._known[module] = not engine and self._sources.has(module)
        return known

    def modules(self) -> Iterator[str]:
        """Yield the modules of the project's packages, the engine's aside."""
        return filter(self.is_ours, self._sources.files)

    def anything(self, mark: str, held: Collection[str] | None) -> Iterator[Node]:
        """Yield what code that imports by computed names may reach.

        Args:
            mark: `EVERYTHING`, or `PACKAGE` and the beginning of the names.
            held: the modules that a run had loaded, if known: it can have reached no others.
        """
        package = mark.removeprefix(PACKAGE) if mark != EVERYTHING else ""
        within = self.modules() if held is None else filter(self.is_ours, held)
        yield from self.whole(*(one for one in within if not package or f"{one}.".startswith(f"{package}.")))

    def meanings(self, module: Module, reference: str) -> list[Node | str]:
        """Return what a reference in `module` can mean: our nodes, and names of other libraries."""
        if reference == MODULE:
            return list(self.whole(module.name))
        if reference.startswith(VARIABLE):
            return [Node(ENVIRONMENT, reference.removeprefix(VARIABLE))]
        if reference.startswith("<"):
            return []
        parts, _ = parts_of(reference)
        return self._absolute(parts, set()) if reference.startswith("=") else self._inside(module, parts, set())

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
        # a name from a star import may be rebound below it, and be used before that
        stars = [star for star in module.stars if self.is_ours(star)]
        for star in stars:
            brought = self._brought(star, parts, seen)
            if brought and "__all__" in self.module(star).definitions:
                brought.append(Node(star, "__all__"))
            found += brought
        if not found:  # a star import of another library shadows even builtins, by names unknown here
            found += [f"{star}.{name}" for star in module.stars if star not in stars]
        if not any(isinstance(one, Node) for one in found) and not hasattr(builtins, name):
            found += [node for star in stars for node in self.whole(star)]  # bound in a way that cannot be seen
        return found

    def _brought(self, star: str, parts: list[str], seen: set[tuple[str, str]]) -> list[Node | str]:
        """What a star import of `star` binds to a name, including submodules that its `__all__` names."""
        found = self._inside(self.module(star), parts, seen)
        below = f"{star}.{parts[0]}"
        if not found and self.is_ours(below):
            return self._absolute_in(below, parts[1:], seen)
        return found

    def _absolute(self, parts: list[str], seen: set[tuple[str, str]]) -> list[Node | str]:
        """What a chain means that starts at a top-level package."""
        if not self.is_ours(parts[0]):
            return [".".join(parts)]
        name, rest = parts[0], parts[1:]
        while rest:
            below = f"{name}.{rest[0]}"
            if below in self._namespaces or (name in self._namespaces and self.is_ours(below)):
                name, rest = below, rest[1:]
                continue
            if name in self._namespaces:
                break
            module = self.module(name)
            found = self._inside(module, rest, seen)
            if self.is_ours(below):
                # a submodule of that name too: whichever was bound last
                if found:
                    return [*found, *self._absolute_in(below, rest[1:], seen)]
                name, rest = below, rest[1:]
                continue
            if native := self._sources.native(below):
                return [*found, Node(DATA, native)]
            if found or rest[0] in _OF_MODULES:
                return found
            if below in self._sources.files:
                return [".".join([name, *rest])]  # the engine: foreign by decision
            return list(self._below(name))  # an attribute set in a way that cannot be seen
        # the module itself is handed on: anything of it may be used
        return list(self._below(name))

    def _absolute_in(self, module: str, rest: list[str], seen: set[tuple[str, str]]) -> list[Node | str]:
        return self._inside(self.module(module), rest, seen) if rest else list(self.whole(module))

    @cached_property
    def _namespaces(self) -> set[str]:
        """Packages without an `__init__.py`."""
        parts = (name.split(".") for name in self._sources.files)
        parents = {".".join(found[:end]) for found in parts for end in range(1, len(found))}
        return parents - set(self._sources.files)

    def whole(self, *modules: str) -> Iterator[Node]:
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
            summary = self.module(name)
            if not attribute:
                yield Node(name, NAMES)
            for one in [attribute] if attribute else summary.definitions:
                if one in summary.definitions:
                    yield Node(name, one + DECLARATION if one in summary.experiments else one)
            for targets in [summary.imports.get(attribute, [])] if attribute else summary.imports.values():
                waiting += targets
            waiting += [f"{star}.{attribute}" if attribute else star for star in summary.stars]

    def _split(self, target: str) -> tuple[str, str]:
        """The first-party module that a dotted name is, or is in, and the name there; nothing if it is not ours."""
        if self.is_ours(target):
            return ("", "") if target in self._namespaces else (target, "")
        name, _, attribute = target.rpartition(".")
        return (name, attribute) if self.is_ours(name) and name not in self._namespaces else ("", "")

    def _below(self, package: str) -> Iterator[Node]:
        within = (name for name in self._sources.files if name == package or name.startswith(f"{package}."))
        yield from self.whole(*filter(self.is_ours, within))

    def lacks(self, target: str) -> bool:
        """Whether a name to be imported is one of ours that is nowhere to be seen: then importing it fails."""
        name, _, attribute = target.rpartition(".")
        if not self.is_ours(name) or name in self._namespaces or self.is_ours(target) or self._sources.native(target):
            return False
        module = self.module(name)
        bound = {*module.definitions, *module.imports}
        return not (attribute in bound or "__getattr__" in bound or module.stars or attribute in self._under(name))

    def _under(self, package: str) -> set[str]:
        """The names of modules in a package, including the engine's."""
        start = f"{package}."
        return {name.removeprefix(start).partition(".")[0] for name in self._sources.files if name.startswith(start)}

    def loaded(self, modules: Iterable[str]) -> Iterator[str]:
        """Yield our modules that importing `modules` runs: those, and the packages they are in."""
        for name in modules:
            parts = name.split(".")
            for end in range(1, len(parts) + 1):
                loaded = ".".join(parts[:end])
                if self.is_ours(loaded) and loaded not in self._namespaces:
                    yield loaded

    def starred(self, module: Module) -> Iterator[str]:
        """Yield the submodules that star imports of `module` load because an `__all__` names them."""
        for star in module.stars:
            if self.is_ours(star) and "__all__" in self.module(star).definitions:
                for name in self.module(star).exports:
                    if self.is_ours(f"{star}.{name}"):
                        yield f"{star}.{name}"

    def natives(self, modules: Iterable[str]) -> Iterator[Node]:
        """Yield the compiled modules among `modules`, which are data to us."""
        for name in modules:
            if native := self._sources.native(name):
                yield Node(DATA, native)

    def named(self, module: str, strings: Iterable[str]) -> Iterator[Node]:
        """Yield data files, and modules, that a string in `module` may name."""
        file = self._sources.files.get(module)
        here = file.parent.relative_to(self._sources.root).as_posix() if file else ""
        for text in strings:
            if re.fullmatch(r"[A-Za-z_]\w*(\.\w+)+(:\w+)?", text) and self.is_ours(text.partition(".")[0]):
                for found in self._absolute(re.split("[.:]", text), set()):
                    if isinstance(found, Node):
                        yield found
                if text in self._sources.files:  # `python -m toy.tool` also runs what is under its `__main__`
                    yield Node(DATA, self._sources.files[text].relative_to(self._sources.root).as_posix())
            yield from (Node(DATA, path) for path in self._data.named(text, here))
