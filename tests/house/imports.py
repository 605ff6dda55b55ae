"""A contract for import-linter: what each part of the package may import is said once, and all else is refused."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

Allowed = Mapping[str, frozenset[str]]


def allowed(lines: Iterable[str]) -> Allowed:
    """Read lines `part: what it may import`; parts and imports are dotted names below the package, or libraries."""
    parts = (line.partition(":") for line in lines)
    return {part.strip(): frozenset(names.split()) for part, _, names in parts}


def wrong(imports: Iterable[tuple[str, str]], package: str, table: Allowed) -> Iterator[str]:
    """Yield each import that `table` does not allow, and each module that is in no part.

    Args:
        imports: `(importer, imported)`, dotted; standard library left out or not.
        package: whose imports they are.
        table: by part; of several parts that a module is in, the innermost speaks for it.
    """
    for importer, imported in imports:
        part = _part(_below(importer, package), table)
        if part is None:
            yield f"{importer} is in no part: name it in the contract, with what it may import"
            continue
        inside = imported == package or imported.startswith(f"{package}.")
        name = _below(imported, package) if inside else imported.partition(".")[0]
        if inside and (not name or _within(name, part.partition(".")[0])):
            continue  # the package itself, and neighbours: other contracts speak of those
        if not inside and name in sys.stdlib_module_names:
            continue
        if not any(_within(name, one) for one in table[part]):
            yield f"{importer} imports {imported}, which {part} may not"


def _below(module: str, package: str) -> str:
    return module.removeprefix(package).removeprefix(".")


def _within(module: str, part: str) -> bool:
    return module == part or module.startswith(f"{part}.")


def _part(module: str, table: Allowed) -> str | None:
    return max((part for part in table if not module or _within(module, part)), key=len, default=None)


class AllowedImports(Contract):
    """Each part imports what it is allowed to, and nothing else."""

    type_name = "allowed"
    parts = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Compare all direct imports with the table."""
        (package,) = self.session_options["root_packages"]
        modules = [module for module in graph.modules if _within(module, package)]
        imports = [(module, one) for module in modules for one in graph.find_modules_directly_imported_by(module)]
        alone = [(module, package) for module in modules]  # a module that imports nothing is to be placed, too
        found = sorted({*wrong(imports, package, allowed(self.parts)), *wrong(alone, package, allowed(self.parts))})
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Say what is wrong, a line each."""
        for line in check.metadata["found"]:
            output.print_error(f"- {line}")
