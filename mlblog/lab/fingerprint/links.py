"""What a definition is linked to: the definitions and files that it can use, and a digest of it and of its names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from mlblog.files import canonical
from mlblog.lab.fingerprint import experiments
from mlblog.lab.fingerprint.branches import holds
from mlblog.lab.fingerprint.effects import GIVEN, OPAQUE, OPERAND, may_act, may_read
from mlblog.lab.fingerprint.experiments import Lookup
from mlblog.lab.fingerprint.imports import Imports
from mlblog.lab.fingerprint.inputs import DATA, ENVIRONMENT, Inputs
from mlblog.lab.fingerprint.references import EVERYTHING, MODULE, is_computed, parts_of
from mlblog.lab.fingerprint.resolve import DECLARATION, NAMES, Node, Resolver
from mlblog.lab.fingerprint.sources import Sources
from mlblog.lab.fingerprint.summary import IMPORT, LOADING, Definition, Module
from mlblog.lab.fingerprint.words import KEEPING, MARKS, ORDER, PROSE, SOURCE

# under another name (`from importlib import import_module as load`), these are not seen by `names`
_BY_NAME = {
    **dict.fromkeys(
        ("sys.modules", "importlib.import_module", "pkgutil.resolve_name", "pydoc.locate", "inspect.getmodule",
         "builtins.__import__"), EVERYTHING
    ),
    **dict.fromkeys(("builtins.eval", "builtins.exec", "builtins.globals", "builtins.vars"), MODULE),
    **dict.fromkeys(("inspect.getdoc", "typing.get_type_hints", "inspect.signature", "dataclasses.fields",
                     "inspect.get_annotations"), PROSE),
    **dict.fromkeys(("inspect.getsource", "inspect.getsourcelines"), SOURCE),
}  # fmt: skip


class Link(NamedTuple):
    """What a node is linked to.

    Attributes:
        targets: what it can use.
        digest: of it and of what its names mean; empty if it has no content.
        marks: what it reads of other definitions, and which modules it asks for by computed names.
        closed: registries that it looks at as a whole.
        frame: of a registry: its digest without its entries.
    """

    targets: tuple[Node, ...]
    digest: str
    marks: frozenset[str] = frozenset()
    closed: frozenset[Node] = frozenset()
    frame: str = ""


class Linker:
    """Links of definitions, cached."""

    def __init__(self, sources: Sources, resolver: Resolver, inputs: Inputs) -> None:
        """Link what is in `sources`, by the names that `resolver` knows, to `inputs`."""
        self._sources, self._resolver, self._inputs = sources, resolver, inputs
        self._links: dict[Node, Link] = {}
        self._imports = Imports(resolver)

    def forget(self, module: str) -> None:
        """Drop the links of a module: another has taken its name."""
        self._links = {node: link for node, link in self._links.items() if node.module != module}
        self._imports.forget(module)

    def link(self, node: Node) -> Link:
        """Return what `node` is linked to."""
        known = self._links.get(node)
        if known is None:
            known = self._links[node] = self._make(node)
        return known

    def exists(self, node: Node) -> bool:
        """Whether a current manifest could name `node`."""
        module = self._resolver.module(node.module)
        for end in (DECLARATION, PROSE, ORDER):
            if node.name.endswith(end):
                return node.name.removesuffix(end) in {*module.definitions, ""}
        return node.name == NAMES or node.name in module.definitions

    def entries(self, node: Node) -> Iterator[Node]:
        """Yield the entries of a registry."""
        definition = self._resolver.definition(node)
        yield from (Node(node.module, name) for name in definition.entries) if definition else ()

    def left_out(self, node: Node, params: Mapping[str, Any]) -> Iterator[Node]:
        """Yield the branches of an experiment that do not run with these parameters."""
        module = self._resolver.module(node.module)
        for name in module.definitions[node.name].branches:
            guards = [(str(test), bool(wanted)) for test, wanted in module.definitions[name].guards]
            if not holds(guards, params):
                yield Node(node.module, name)

    def read_by(self, node: Node, marks: Iterable[str]) -> Iterator[Node]:
        """Yield what `node` adds where prose, source or order are read."""
        definition = self._resolver.definition(node)
        if definition is None:
            return
        if PROSE in marks and (definition.prose or definition.hints):
            yield Node(node.module, node.name + PROSE)
        if ORDER in marks and len(definition.members) > 1:
            yield Node(node.module, node.name + ORDER)
        if ORDER in marks:
            yield Node(node.module, ORDER)
        if SOURCE in marks and (file := self._sources.file(node.module)):
            yield Node(DATA, file.relative_to(self._sources.root).as_posix())

    def constants(self, module: Module) -> Lookup:
        """Return a look-up of constants by their names in `module`, as their source."""

        def lookup(name: str) -> tuple[str, Lookup] | None:
            meanings = self._resolver.meanings(module, name)
            if len(meanings) != 1 or not isinstance(meanings[0], Node):
                return None
            home = self._resolver.module(meanings[0].module)
            text = home.literals.get(meanings[0].name)
            return (text, self.constants(home)) if text else None

        return lookup

    # -- making a link ------------------------------------------------------------------------------------------

    def _make(self, node: Node) -> Link:
        if node.module == ENVIRONMENT:
            return Link((), "")
        if node.module == DATA:
            return Link((), self._inputs.digest(str(node)) or "")
        module = self._resolver.module(node.module)
        loading = Node(node.module, IMPORT)
        if node.name.endswith(DECLARATION):
            written = module.experiments[node.name.removesuffix(DECLARATION)]
            return Link((loading,), experiments.digest(written, self.constants(module)))
        if node.name == NAMES:
            bound = [f"{name}={','.join(targets)}" for name, targets in module.imports.items()]
            return Link((), canonical.digest("names", *bound, *module.stars) if bound or module.stars else "")
        if node.name == ORDER:
            loads = (token for token in module.order if token.startswith(LOADING))
            return Link((), canonical.digest("order", *(n for n in module.definitions if "." not in n), *loads))
        if node.name.endswith(ORDER):
            members = module.definitions[node.name.removesuffix(ORDER)].members
            return Link((), canonical.digest("order", *members))
        if node.name.endswith(PROSE):
            return self._prose(module, node.name.removesuffix(PROSE))
        return self._code(module, node.name, module.definitions[node.name])

    def _prose(self, module: Module, name: str) -> Link:
        definition = module.definitions[name]
        found = [one for hint in definition.hints for one in self._resolver.meanings(module, hint)]
        methods = [f"{name}.{member}" for member in definition.members]
        inner = [Node(module.name, one + PROSE) for one in methods if _says(module.definitions.get(one))]
        said = [definition.prose, *(str(one) for one in found)]
        digest = canonical.digest("prose", *said) if any(said) else ""
        return Link((*(one for one in found if isinstance(one, Node)), *inner), digest)

    def _code(self, module: Module, name: str, definition: Definition) -> Link:
        node = Node(module.name, name)
        targets: dict[Node, None] = {Node(module.name, IMPORT): None}
        meant: list[str] = []
        closed = set[Node]()
        marks = {one for one in definition.references if one in MARKS or is_computed(one)}
        # the references of a dictionary are those of its entries, which are separate definitions
        follows = not (definition.entries and definition.kind == "constant")
        for reference in definition.references:
            if reference in marks:
                continue
            found = self._resolver.meanings(module, reference)
            if follows:
                targets |= {one: None for one in found if isinstance(one, Node)}
            if not reference.startswith("<"):
                meant.append(f"{reference}={','.join(map(str, found))}")
            closed |= {one for one in found if isinstance(one, Node) and self._as_a_whole(one, reference)}
            for one in found:
                if isinstance(one, str) and (mark := _BY_NAME.get(one)):
                    if mark in MARKS:
                        marks.add(mark)
                    elif one != "sys.modules" and parts_of(reference)[0][-1] == one.rpartition(".")[2]:
                        continue  # `names` has seen it
                    elif mark == EVERYTHING:
                        marks.add(mark)
                    else:
                        targets |= {n: None for n in self._resolver.meanings(module, mark) if isinstance(n, Node)}
        targets |= dict.fromkeys(Node(module.name, f"{name}.{member}") for member in definition.members)
        targets |= dict.fromkeys(self.entries(node))
        targets |= dict.fromkeys(Node(module.name, branch) for branch in definition.branches)
        if follows:
            targets |= dict.fromkeys(Node(one, IMPORT) for one in self._resolver.loaded(definition.imports))
            targets |= dict.fromkeys(self._resolver.natives(definition.imports))
            targets |= dict.fromkeys(self._resolver.named(module.name, definition.strings))
        targets |= dict.fromkeys(self._read_from_outside(module, name, definition))
        if name == IMPORT:
            targets |= dict.fromkeys(Node(one, IMPORT) for one in self._imports.loads(module))
            targets |= dict.fromkeys(self._resolver.natives([*module.loads, module.name]))
            targets |= dict.fromkeys(self._imports.acting(module))
        targets.pop(node, None)
        before = self._imports.before(module, definition, whole=name == IMPORT)
        known = definition.digest or (name == IMPORT and before)
        digest = canonical.digest("definition", definition.digest, *sorted(meant), *before) if known else ""
        frame = ""
        if definition.entries:
            rest = sorted(meant) if follows else []
            frame = canonical.digest("definition", definition.frame, *rest, *before)
        return Link(tuple(targets), digest, frozenset(marks), frozenset(closed), frame)

    def _as_a_whole(self, node: Node, reference: str) -> bool:
        """Whether a reference to a registry asks for more than one entry by its key."""
        definition = self._resolver.definition(node)
        if definition is None or not definition.entries:
            return False
        parts, use = parts_of(reference)
        if definition.kind == "constant":
            return use != "[]"
        keys = {entry.removeprefix(f"{node.name}[").removesuffix("]") for entry in definition.entries}
        return not (use or keys & set(parts[1:]))

    # -- prose that other libraries may read --------------------------------------------------------------------

    def _read_from_outside(self, module: Module, name: str, definition: Definition) -> Iterator[Node]:
        """Docstrings and annotations of what is passed to another library, or decorated or subclassed from one."""
        for callee, argument in definition.handed:
            if self._may_read(module, callee):
                for found in self._resolver.meanings(module, argument):
                    if isinstance(found, Node) and _says(
                        self._resolver.definition(found), self._resolver.module(found.module)
                    ):
                        yield Node(found.module, found.name + PROSE)
        if (
            definition.kind in ("function", "class")
            and _says(definition, module)
            and self._is_given(module, definition)
        ):
            yield Node(module.name, name + PROSE)

    def _says(self, node: Node) -> bool:
        definition = self._resolver.definition(node)
        return definition is not None and _says(definition, self._resolver.module(node.module))

    def _may_read(self, module: Module, callee: str) -> bool:
        if callee.startswith("."):  # a method of an unknown object
            strangers = (name for name in module.loads if not self._resolver.is_ours(name.partition(".")[0]))
            return callee[1:] not in KEEPING or any(map(may_read, strangers))
        found = self._resolver.meanings(module, callee)
        return any(isinstance(one, str) and may_read(one) for one in found)

    def _is_given(self, module: Module, definition: Definition) -> bool:
        """Whether a decorator, a metaclass or a base class of another library gets to see a definition."""
        for call in definition.calls:
            if call != OPAQUE and not call.startswith((OPERAND, GIVEN)):
                found = self._resolver.meanings(module, call)
                if any(isinstance(one, str) and may_act(one, definition.kind) and may_read(one) for one in found):
                    return True
        return any(
            may_act(one, "base") if isinstance(one, str) else self._inherits_from_outside(one)
            for base in definition.bases
            for one in self._resolver.meanings(module, base)
        )

    def _inherits_from_outside(self, node: Node) -> bool:
        definition = self._resolver.definition(node)
        if definition is None or definition.kind != "class":
            return False
        return self._is_given(self._resolver.module(node.module), definition)


def _says(definition: Definition | None, module: Module | None = None) -> bool:
    """Whether a definition, or a method of it, has docstrings or annotations."""
    if definition is None:
        return False
    return bool(definition.prose or definition.hints or (module and definition.members))
