"""The experiments of a project as their source declares them, found without importing anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from mlblog.errors import ProjectError, UnknownExperiment
from mlblog.lab.design import SEEDS, Design, scales_of
from mlblog.lab.fingerprint import Code
from mlblog.lab.project import Project


@dataclass(frozen=True)
class Declaration(Design):
    """The design of an experiment, and where it is declared.

    Attributes:
        module: that declares it.
        path: its file.
        line: of the function.
        title: the first line of its docstring.
    """

    module: str
    path: Path
    line: int
    title: str

    @property
    def qualified(self) -> str:
        """Module and name, as manifests write it."""
        return f"{self.module}.{self.name}"


def experiments(project: Project, code: Code | None = None) -> dict[str, Declaration]:
    """Return every experiment of `project` by name, found statically.

    Raises:
        ProjectError: a declaration cannot be read, or two experiments share a name; with file and line.
    """
    code = code or Code.of(project)
    found: dict[str, Declaration] = {}
    folders: dict[str, str] = {}
    for name, module, path, written, (arguments, defaults) in code.experiments(project.experiments):
        place = f"{project.relative(path)}:{written.line}"
        if (folder := folders.setdefault(name.casefold(), name)) in found:
            other = found[folder]
            also = "is" if folder == name else f"differs only in case from {folder!r},"
            raise ProjectError(
                f"{place}: experiment {name!r} {also} also declared in {project.relative(other.path)}:{other.line};"
                " records are stored by name, so names must be unique"
            )
        found[name] = Declaration(
            name=name,
            parameters=tuple(parameter for parameter in written.defaults if parameter != "seed"),
            defaults={parameter: value for parameter, value in defaults.items() if parameter != "seed"},
            scales=scales_of(arguments),
            seeds=arguments.get("seeds", SEEDS),
            variants=arguments.get("variants", ()),
            reads=arguments.get("reads", ()),
            module=module,
            path=path,
            line=written.line,
            title=written.title,
        )
        if problem := found[name].problem:
            raise ProjectError(f"{place}: {name}: {problem}")
    for declaration in found.values():
        place = f"{project.relative(declaration.path)}:{declaration.line}"
        for name in declaration.reads:
            if name not in found:
                raise ProjectError(f"{place}: {declaration.name} reads records of {name!r}, which is not an experiment")
        if circle := _circle(found, declaration.name, ()):
            raise ProjectError(f"{place}: experiments read each other's records: {' -> '.join(circle)}")
    return found


def _circle(found: Mapping[str, Declaration], name: str, path: tuple[str, ...]) -> tuple[str, ...]:
    """The cycle through which an experiment reads its own records; empty if it does not."""
    if name in path:
        return (*path[path.index(name) :], name)
    circles = (_circle(found, read, (*path, name)) for read in found[name].reads if read in found)
    return next((circle for circle in circles if circle), ())


def find(declarations: Mapping[str, Declaration], name: str) -> Declaration:
    """Return the experiment called `name`.

    Raises:
        UnknownExperiment: there is none; with suggestions.
    """
    if name in declarations:
        return declarations[name]
    near = get_close_matches(name, declarations, n=1)
    hint = f" Did you mean {near[0]}?" if near else f" Known experiments: {', '.join(sorted(declarations)) or 'none'}."
    raise UnknownExperiment(f"there is no experiment {name!r}.{hint}")
