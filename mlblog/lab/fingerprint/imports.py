"""What importing a module of the project does besides defining: draw, register, change; and in which order."""

from __future__ import annotations

import sys

from mlblog.lab.fingerprint.effects import GIVEN, OPAQUE, OPERAND, builtin_acts, draws, is_pure_method, may_act
from mlblog.lab.fingerprint.references import parts_of
from mlblog.lab.fingerprint.resolve import Node, Resolver
from mlblog.lab.fingerprint.summary import BINDING, EFFECT, FOREIGN, LOADING, MAYBE, Definition, Module
from mlblog.lab.fingerprint.words import MARKS


class Imports:
    """What the imports of modules do, each found once."""

    def __init__(self, resolver: Resolver) -> None:
        """Look at the modules that `resolver` knows."""
        self._resolver = resolver
        self._sequences: dict[str, list[tuple[int, str]]] = {}
        self._acting: dict[str, list[Node]] = {}
        self._loading: dict[str, list[str]] = {}
        self._active, self._silent = set[str](), set[str]()  # modules whose import does more than define, or does not

    def forget(self, module: str) -> None:
        """Forget a module: another has taken its name."""
        for known in (self._sequences, self._acting, self._loading):
            known.pop(module, None)

    def loads(self, module: Module) -> list[str]:
        """Return the modules of the project that importing `module` loads, in any order."""
        known = self._loading.get(module.name)
        if known is None:
            names = [*module.loads, *self._resolver.starred(module), module.name]
            known = self._loading[module.name] = list(dict.fromkeys(self._resolver.loaded(names)))
        return known

    def acting(self, module: Module) -> list[Node]:
        """Definitions whose creation may register them, draw a random number, or change something."""
        if module.name not in self._acting:
            self._acting[module.name] = []  # for modules that import each other
            self._acting[module.name] = [
                Node(module.name, name)
                for name, definition in module.definitions.items()
                if definition.kind in ("function", "class", "constant") and self._makes_more(module, name, definition)
            ]
        return self._acting[module.name]

    def _makes_more(self, module: Module, name: str, definition: Definition) -> bool:
        if any(self._acts(module, name, definition.kind, call) for call in definition.calls):
            return True
        bases = (found for base in definition.bases for found in self._resolver.meanings(module, base))
        return any(may_act(one, "base") if isinstance(one, str) else self._notices_subclasses(one) for one in bases)

    def _acts(self, module: Module, name: str, kind: str, call: str) -> bool:
        """Whether a call, or an operator on a name, at import may do more than give a value."""
        if call == OPAQUE:
            return True
        if call.startswith("<"):
            return call not in MARKS
        if call.startswith(GIVEN):
            found = self._resolver.meanings(module, call.removeprefix(GIVEN))
            return any(draws(one) if isinstance(one, str) else self._can_be_called(one) for one in found)
        if call.startswith(OPERAND):
            found = self._resolver.meanings(module, call.removeprefix(OPERAND))
            return any(
                self._is_object(one) for one in found if isinstance(one, Node) and one != Node(module.name, name)
            )
        found = self._resolver.meanings(module, call)
        if not found:
            return builtin_acts(parts_of(call)[0][0])
        for one in found:
            if isinstance(one, str):
                acts = may_act(one, kind)
            elif one == Node(module.name, name):
                acts = False
            else:
                acts = not (is_pure_method(parts_of(call)[0][-1]) and self._is_plain(one))
            if acts:
                return True
        return False

    def _can_be_called(self, node: Node) -> bool:
        definition = self._resolver.definition(node)
        return definition is not None and (definition.kind != "constant" or self._is_object(node))

    def _is_plain(self, node: Node) -> bool:
        """Whether a node is data: a file, or a constant made without our calls."""
        definition = self._resolver.definition(node)
        if definition is None:
            return True
        return definition.kind == "entry" or (definition.kind == "constant" and not self._is_object(node))

    def _is_object(self, node: Node) -> bool:
        """Whether a constant may be an object of a class of ours, whose operators do what they like."""
        definition = self._resolver.definition(node)
        if definition is None or definition.kind != "constant":
            return False
        module = self._resolver.module(node.module)
        return any(
            call == OPAQUE
            or any(isinstance(one, Node) and one != node for one in self._resolver.meanings(module, call))
            for call in definition.calls
            if not call.startswith((OPERAND, GIVEN))
        )

    def _notices_subclasses(self, base: Node) -> bool:
        definition = self._resolver.definition(base)
        if definition is None:
            return False
        if definition.kind == "constant":
            return True  # an alias, or a class made under an `if`: unknown which
        module = self._resolver.module(base.module)
        return (
            "__init_subclass__" in definition.members
            or self._makes_more(module, base.name, definition)
            or any(
                self._notices_subclasses(up)
                for name in definition.bases
                for up in self._resolver.meanings(module, name)
                if isinstance(up, Node) and up != base
            )
        )

    def before(self, module: Module, definition: Definition, *, whole: bool) -> list[str]:
        """What happens in a module before a definition is made, or altogether, in order."""
        if not whole and definition.position < 0:
            return []
        sequence = self._sequence(module)
        tokens = [token for place, token in sequence if whole or place < definition.position]
        found = [f"after {token}" for token in tokens]
        if whole:
            targets = (target for one in module.imports.values() for target in one)
            found += [f"lacks {target}" for target in sorted(filter(self._resolver.lacks, targets))]
            found += [f"calls {one}" for one in sorted(self._called(module))]
        return found

    def _called(self, module: Module) -> set[str]:
        """Names of other libraries that making a definition calls: with another in its place, importing may fail."""
        calls = {call for definition in module.definitions.values() for call in definition.calls}
        names = (call for call in calls if call != OPAQUE and not call.startswith(("<", OPERAND, GIVEN)))
        found = {name: self._resolver.meanings(module, name) for name in names}
        return {f"{name}={one}" for name, meant in found.items() for one in meant if isinstance(one, str)}

    def _sequence(self, module: Module) -> list[tuple[int, str]]:
        """What importing a module does whose order can matter; nothing where it does nothing but define."""
        if module.name not in self._sequences:
            self._sequences[module.name] = []  # for modules that import each other
            names = {node.name for node in self.acting(module)}
            found, matters = list[tuple[int, str]](), False
            for place, token in enumerate(module.order):
                kind, _, name = token.partition(" ")
                ours = kind == LOADING and self._resolver.is_ours(name)
                acts = (
                    kind in (EFFECT, BINDING)
                    or (kind == MAYBE and name in names)
                    or (kind == FOREIGN and self._is_imported_for_its_effect(module, name))
                )
                if ours or acts:
                    found.append((place, token))
                    matters = matters or acts or self._imports_act(name)
            self._sequences[module.name] = found if matters else []
        return self._sequences[module.name]

    def _is_imported_for_its_effect(self, module: Module, name: str) -> bool:
        top = name.partition(".")[0]
        return not self._resolver.is_ours(top) and top not in sys.stdlib_module_names and module.package != module.name

    def _imports_act(self, name: str) -> bool:
        """Whether importing a module of ours does more than define, in it or in what it imports."""
        waiting, seen = list(self._resolver.loaded([name])), set[str]()
        while waiting:
            one = waiting.pop()
            if one in seen or one in self._silent:
                continue
            seen.add(one)
            module = self._resolver.module(one)
            if one in self._active or any(t.startswith(EFFECT) for t in module.order) or self.acting(module):
                self._active.add(name)
                return True
            waiting += self.loads(module)
        self._silent |= seen  # and so is whatever they import
        return False
