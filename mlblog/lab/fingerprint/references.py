"""How a piece of code's references are written down: dotted chains and marks.

A reference is a dotted chain as far as it can be followed in the source: `F.softmax`, `helpers.scale`. A chain that
starts at a local import is absolute and written with a leading `=`. One that is only subscripted or called ends in `[]`
or `()`. Where code looks things up in ways that cannot be followed (`globals()`, `importlib.import_module(name)`), it
refers to all that it could mean: `<module>` (its own module), `<package>x.y` (all modules below x.y), `<everything>`.
Further marks say what it reads of other definitions (see `words`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

MODULE, PACKAGE, EVERYTHING = "<module>", "<package>", "<everything>"
VARIABLE = "<variable>"  # before the name of an environment variable


def is_computed(reference: str) -> bool:
    """Whether a reference is to modules by computed names."""
    return reference == EVERYTHING or reference.startswith(PACKAGE)


def parts_of(reference: str) -> tuple[list[str], str]:
    """Return the names of a reference, and how it is used: `[]`, `()`, or empty for any other use."""
    use = reference[-2:] if reference.endswith(("[]", "()")) else ""
    return reference.removesuffix(use).removeprefix("=").split("."), use


@dataclass
class Names:
    """What a piece of code refers to.

    Attributes:
        references: dotted chains, absolute ones with a leading `=`, and marks.
        imports: modules that its own import statements load.
        strings: string constants in it that may name data files or modules.
        hints: what its annotations refer to, in case they are read.
        handed: `(callee, argument)` of calls that are given something by its name.
    """

    references: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)
    strings: set[str] = field(default_factory=set)
    hints: set[str] = field(default_factory=set)
    handed: set[tuple[str, str]] = field(default_factory=set)
