"""Five experiments in a git repository, and the command line run on them in this very process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from mlblog.cli import main
from mlblog.lab import Lab, Project

LOSSES = """
DELTA = 2.0

def squared(x):
    return x * x

def absolute(x):
    return abs(x)

def huber(x):
    # quadratic near nothing
    near = x * x / 2
    return near if abs(x) <= DELTA else DELTA * (abs(x) - DELTA / 2)
"""
EXPERIMENT = """
from mlblog.lab import Run, experiment
from toy import losses

@experiment(smoke=dict(x=3.0), small=dict(x=5.0), seeds={seeds})
def {name}(run: Run, *, x: float, slope: float = 1.0, seed: int) -> None:
    '''Measure {name}.'''
    import numpy as np
    run.save(loss={call}, curve=np.arange(4.0) * slope)
    run.measure(clock=__import__("time").perf_counter())
"""
CALLS = {
    "with_squared": ("losses.squared(x + 0.5 * seed)", 3),
    "with_absolute": ("losses.absolute(x + 0.5 * seed)", 2),
    "with_huber": ("losses.huber(x + 0.25 * seed)", 3),
    "with_two": ("losses.squared(x) + losses.absolute(slope)", 1),
    "with_none": ("x + seed", 1),
}
FILES = {
    "toy/losses.py": LOSSES,
    ".gitignore": ".mlblog/\n__pycache__/\n",
    **{
        f"toy/experiments/{name}.py": EXPERIMENT.format(name=name, call=call, seeds=seeds)
        for name, (call, seeds) in CALLS.items()
    },
}


@dataclass(frozen=True)
class Bench:
    """A project in a repository of its own, and what one does there."""

    project: Project

    @property
    def lab(self) -> Lab:
        """The project as it is now."""
        return Lab(self.project)

    def __call__(self, *arguments: str) -> Result:
        """Run `mlblog` with `arguments`, as a new process would: with none of the project's modules loaded."""
        for name in [name for name in sys.modules if name == "toy" or name.startswith("toy.")]:
            del sys.modules[name]
        sys.path_importer_cache.clear()
        result = CliRunner().invoke(main, arguments)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def json(self, *arguments: str) -> Any:
        """Return the document that a command prints with `--json`."""
        return json.loads(self(*arguments, "--json").stdout)

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace the one place in a file that reads `old`."""
        path = self.project.root / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, (name, old)
        path.write_text(text.replace(old, new), encoding="utf-8")

    def git(self, *arguments: str) -> str:
        """Run git here; return what it printed."""
        who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main")
        command = ["git", "-C", str(self.project.root), *who, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def commit(self) -> str:
        """Commit everything; return the commit."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "x", "--allow-empty")
        return self.git("rev-parse", "HEAD")

    def files(self, folder: str = "docs/results") -> dict[str, bytes]:
        """Return every file below a folder, with its content."""
        base = self.project.root / folder
        return {p.relative_to(base).as_posix(): p.read_bytes() for p in sorted(base.rglob("*")) if p.is_file()}


def write_mutated(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a record's JSON and give it the id that fits, as one who forges a record would."""
    from mlblog.files import canonical

    body = json.loads(path.read_bytes())
    change(body)
    del body["id"]
    body["id"] = canonical.digest("record", canonical.encode(body))
    path.write_bytes(canonical.encode(body))
