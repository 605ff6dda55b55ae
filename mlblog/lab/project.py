"""The project a command or a post runs in: where its code, posts and records are."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

from mlblog.errors import ProjectError


@dataclass(frozen=True)
class Project:
    """Paths of one blog, all below its `root`, and the packages that count as its own code."""

    root: Path
    packages: tuple[str, ...] = ("mlblog",)  # first-party code, which fingerprints follow
    experiments: str = "mlblog.experiments"  # the package whose modules declare experiments
    reference: tuple[str, ...] = ()  # packages and modules in the site's reference

    @classmethod
    def find(cls, start: Path | None = None) -> Project:
        """Return the project around `start` (default: the working directory), marked by `[tool.mlblog]`.

        `MLBLOG_ROOT` in the environment overrides the default of `start`; workers use it.

        Raises:
            ProjectError: no `pyproject.toml` with a `[tool.mlblog]` table here or above, or an invalid table.
        """
        if start is None and (root := os.environ.get("MLBLOG_ROOT")):
            start = Path(root)
        start = (start or Path.cwd()).resolve()
        for folder in (start, *start.parents):
            file = folder / "pyproject.toml"
            if not file.is_file():
                continue
            try:
                tools = tomllib.loads(file.read_text(encoding="utf-8")).get("tool")
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                raise ProjectError(f"{file}: {error}") from error
            if isinstance(tools, dict) and "mlblog" in tools:
                return cls._from_table(folder, tools["mlblog"], file)
        raise ProjectError(f"{start}: not in a project (no pyproject.toml with a [tool.mlblog] table here or above)")

    @classmethod
    def _from_table(cls, root: Path, table: object, file: Path) -> Project:
        if not isinstance(table, dict):
            raise ProjectError(f"{file}: mlblog must be a table; put its settings under [tool.mlblog]")
        known = {"packages", "experiments", "reference"}
        if unknown := sorted(set(table) - known):
            raise ProjectError(
                f"{file}: [tool.mlblog] has an unknown setting {unknown[0]!r}; known are {', '.join(sorted(known))}"
            )
        packages = table.get("packages", ["mlblog"])
        if not isinstance(packages, list) or not packages or not all(isinstance(p, str) for p in packages):
            raise ProjectError(f"{file}: [tool.mlblog] packages must be a list of package names")
        experiments = table.get("experiments", f"{packages[0]}.experiments")
        if not isinstance(experiments, str):
            raise ProjectError(f"{file}: [tool.mlblog] experiments must be the name of a package")
        reference = table.get("reference", [])
        if not isinstance(reference, list) or not all(isinstance(name, str) for name in reference):
            raise ProjectError(f"{file}: [tool.mlblog] reference must be a list of names of modules")
        return cls(root, tuple(packages), experiments, tuple(reference))

    @property
    def posts(self) -> Path:
        """Where posts are written."""
        return self.root / "posts_src"

    @property
    def results(self) -> Path:
        """Where records live, in git and on the site."""
        return self.root / "docs" / "results"

    @property
    def work(self) -> Path:
        """Disposable files: caches, compiled pages, checkpoints, previews."""
        return self.root / ".mlblog"

    def relative(self, path: Path) -> str:
        """`path` for display: relative to the root if below it, with forward slashes."""
        try:
            # do not resolve links, which may be broken or circular
            return (path.parent.resolve() / path.name).relative_to(self.root).as_posix()
        except (ValueError, OSError, RuntimeError):
            return path.as_posix()
