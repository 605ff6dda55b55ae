"""What is known of a module from its source alone: plain JSON, so that it can be kept between processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mlblog.lab.fingerprint.experiments import Written

IMPORT = "<import>"  # the pseudo-definition of what importing a module does
# what happens when a module is imported, in order; a token is one of these, a space, and a name or digest
EFFECT, BINDING, MAYBE, LOADING, FOREIGN = "effect", "binding", "maybe", "loading", "foreign"


@dataclass
class Definition:
    """A top-level function, class, method, constant, entry of a registry, or `<import>`.

    Attributes:
        kind: `function`, `class`, `method`, `constant`, `entry`, `branch`, `import`.
        digest: of its canonical form; a class without its methods.
        references: free names in it, as dotted chains (see `names`).
        imports: modules that import statements inside it load.
        strings: string constants in it that may name files or modules.
        lines: first and last line.
        members: of a class: the names of its methods, in their order.
        calls: what making it calls when the module is imported, whether or not it is used (see `effects`).
        bases: of a class.
        position: how much of the module's order comes before it; -1 if that makes no difference.
        prose: what its docstrings and annotations say, as a digest; empty if there are none.
        hints: what its annotations refer to.
        handed: `[callee, argument]` of calls in it that are given something by its name.
        entries: of a registry: the names of its entries, which are definitions too.
        frame: of a registry: the digest without its entries.
        branches: of an experiment: the names of its branches, which are definitions too.
        guards: of a branch: `[condition, which way]`, under which it runs.
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
    position: int = -1
    prose: str = ""
    hints: list[str] = field(default_factory=list)
    handed: list[list[str]] = field(default_factory=list)
    entries: list[str] = field(default_factory=list)
    frame: str = ""
    branches: list[str] = field(default_factory=list)
    guards: list[list[Any]] = field(default_factory=list)


@dataclass
class Module:
    """What is known of a module from its source alone."""

    name: str
    package: str  # that relative imports start from
    definitions: dict[str, Definition]
    imports: dict[str, list[str]]  # local name -> absolute targets
    stars: list[str]
    loads: list[str]  # modules that importing it imports
    experiments: dict[str, Written]
    order: list[str]
    literals: dict[str, str]  # constants that a declaration may name, as source
    exports: list[str]  # the strings of `__all__`

    def to_json(self) -> dict[str, Any]:
        """This summary as JSON values."""
        found = dict(vars(self))
        found["definitions"] = {name: vars(definition) for name, definition in self.definitions.items()}
        found["experiments"] = {name: vars(written) for name, written in self.experiments.items()}
        return found

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Module:
        """The summary that `to_json` wrote."""
        value = dict(value)
        value["definitions"] = {name: Definition(**d) for name, d in value["definitions"].items()}
        value["experiments"] = {name: Written(**d) for name, d in value["experiments"].items()}
        return cls(**value)
