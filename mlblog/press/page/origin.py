"""Origin of posts, for downloaded notebooks: repository, commit, requirements, files that cells read."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata
from pathlib import Path

from mlblog.files.git import Git
from mlblog.lab import Project, Read
from mlblog.lab.records.arrays import arrays_beside
from mlblog.press.kernel.output import Outputs
from mlblog.press.source.document import Post

#: Total bytes of files above which a notebook bundles none and refers to the repository.
MOST_CARRIED = 5_000_000
_EXTRAS = ("charts", "site", "torch")


@dataclass(frozen=True)
class Origin:
    """How others can obtain a project.

    Attributes:
        root: its root folder.
        packages: its own packages.
        distribution: its name for pip; empty if it is not a distribution.
        repository: its public URL, or empty.
        commit: the checked-out commit; empty without git.
        edited: files with uncommitted changes, and untracked files.
        extras: of its optional dependencies, those that building the site and running its code take.
    """

    root: Path
    packages: tuple[str, ...] = ()
    distribution: str = ""
    repository: str = ""
    commit: str = ""
    edited: frozenset[str] = frozenset()
    extras: tuple[str, ...] = ()
    _imports: dict[Path, frozenset[str]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, project: Project, repository: str = "") -> Origin:
        """The origin of `project`; `repository` is the URL from its `mkdocs.yml`, if any."""
        try:
            table = tomllib.loads((project.root / "pyproject.toml").read_text(encoding="utf-8")).get("project", {})
        except (OSError, tomllib.TOMLDecodeError):
            table = {}
        # an unpacked archive may be inside another repository
        ask = Git(project.root).ask
        is_ours = ask("rev-parse", "--verify", "HEAD:./")
        commit = ask("rev-parse", "HEAD") if is_ours else ""
        listed = ask("status", "--porcelain", "-z", "--untracked-files=all", "--", ".") if commit else ""
        edited = frozenset(entry[3:] for entry in listed.split("\0") if len(entry) > 3)
        if commit and not repository:
            repository = _public(ask("remote", "get-url", "origin"))
        extras = tuple(name for name in _EXTRAS if name in table.get("optional-dependencies", {}))
        return cls(project.root, project.packages, str(table.get("name", "")), repository, commit, edited, extras)

    def checkout(self) -> list[str]:
        """Commands that fetch the project at its commit and install it into `.venv`."""
        folder = self.repository.rstrip("/").rpartition("/")[2]
        found = [f"git clone {self.repository}", f"cd {folder}"] if self.repository else []
        found += [f"git checkout {self.commit}"] if self.commit else []
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        wanted = f"--editable '.{extras}'" if self.distribution else "'mlblog[site,torch]'"
        return [*found, "python3 -m venv .venv", f".venv/bin/pip install {wanted}"]

    def is_edited(self, post: Post) -> bool:
        """Whether `post`, or code that it may use, has uncommitted changes."""
        folders = tuple(f"{name.replace('.', '/')}/" for name in self.packages)
        return post.path in self.edited or any(name.startswith(folders) for name in self.edited)

    def needs(self, post: Post, outputs: Outputs) -> tuple[str, ...]:
        """Requirements of `post` for pip: this project first, then the third-party packages it imports."""
        found: set[str] = set()
        for unit in post.units:
            lines = [line for line in unit.code.split("\n") if not line.lstrip().startswith(("%", "!"))]
            found |= _imported("\n".join(lines), everywhere=True)
        own = {name.partition(".")[0] for name in self.packages}
        seen: set[Path] = set()
        is_used = any(name.partition(".")[0] in own for name in found)
        pending = list(found)
        while pending:
            for path in self._files(pending.pop()):
                if path not in seen:
                    seen.add(path)
                    found |= (more := self._of_module(path))
                    pending += more
        others = {name.partition(".")[0] for name in found} - own - sys.stdlib_module_names
        wanted = sorted(filter(None, map(_distribution, others)), key=str.lower)
        if any(ran.reads for ran in outputs.ran) and "mlblog" not in (*own, *wanted):
            wanted.append("mlblog")
        if is_used and self.distribution:
            at = f" @ git+{self.repository}@{self.commit}" if self.repository and self.commit else ""
            wanted = [f"{self.distribution}{at}", *wanted]
        return tuple(dict.fromkeys(wanted))

    def can_install(self, code: str) -> bool:
        """Whether pip can get all that `code` imports from an index, as far as what is installed here says."""
        lines = [line for line in code.split("\n") if not line.lstrip().startswith(("%", "!"))]
        names = {name.partition(".")[0] for name in _imported("\n".join(lines), everywhere=True)}
        return all(map(_is_indexed, names - sys.stdlib_module_names)) and not names & {*self._own}

    def carried(self, outputs: Outputs) -> Mapping[str, bytes]:
        """Records and project files that cells have read and that are not installed with a package."""
        folders = tuple(f"{name.replace('.', '/')}/" for name in self.packages)
        names = {name for name in outputs.files if not name.endswith(("/", ".py")) and not name.startswith(folders)}
        reads = [Read.from_json(read) for ran in outputs.ran for read in ran.reads]
        records = {path for read in reads for path, _ in read.found if path.startswith("docs/results/")}
        arrays = (
            file.relative_to(self.root).as_posix() for path in records for file in arrays_beside(self.root / path)
        )
        found = {}
        for name in sorted({*names, *records, *arrays} - {"pyproject.toml"}):
            if (self.root / name).is_file():
                found[name] = (self.root / name).read_bytes()
        if records:
            found["pyproject.toml"] = f"[tool.mlblog]\npackages = {list(self.packages)!r}\n".encode()
        return found

    @cached_property
    def _own(self) -> tuple[str, ...]:
        return tuple(name.partition(".")[0] for name in self.packages)

    def _files(self, module: str) -> Iterator[Path]:
        """The files of a project module and its parent packages, or of the module that defines a name."""
        parts = module.split(".")
        if parts[0] not in self._own:
            return
        for length in range(1, len(parts) + 1):
            place = self.root.joinpath(*parts[:length])
            yield from (path for path in (place / "__init__.py", place.with_suffix(".py")) if path.is_file())

    def _of_module(self, path: Path) -> frozenset[str]:
        if path not in self._imports:
            package = ".".join(path.parent.relative_to(self.root).parts)
            self._imports[path] = frozenset(_imported(path.read_text(encoding="utf-8"), package=package))
        return self._imports[path]


def _imported(code: str, *, everywhere: bool = False, package: str = "") -> set[str]:
    """Dotted names that `code` imports; inside functions and branches count only with `everywhere`."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return set()
    found: set[str] = set()
    nodes: Iterable[ast.AST] = ast.walk(tree) if everywhere else tree.body
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join(filter(None, [*base, node.module or ""]))
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return found


def _distribution(module: str) -> str:
    """The distribution that provides a module; empty if none is installed."""
    try:
        return metadata.metadata(module)["Name"]
    except metadata.PackageNotFoundError:
        names: Sequence[str] = metadata.packages_distributions().get(module, ())
        return names[0] if names else ""


def _is_indexed(module: str) -> bool:
    """Whether a module is from a distribution that was not installed from a folder or a repository."""
    name = _distribution(module)
    return bool(name) and metadata.distribution(name).read_text("direct_url.json") is None


def _public(address: str) -> str:
    """A remote's URL in a public form; empty for a local path."""
    if found := re.fullmatch(r"(?:ssh://)?git@([\w.-]+)[:/](.+?)(?:\.git)?/?", address):
        return f"https://{found[1]}/{found[2]}"
    found = re.fullmatch(r"(https?://)(?:[^@/]*@)?(.+?)(?:\.git)?/?", address)
    return f"{found[1]}{found[2]}" if found else ""
