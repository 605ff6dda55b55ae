"""Check this machine for working on a blog, with advice for each problem. Nothing is changed."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from mlblog.errors import ProjectError
from mlblog.files.git import Git, is_installed
from mlblog.files.made_by import version
from mlblog.lab import Project
from mlblog.lab.running.environment import gpus

State = Literal["fine", "note", "missing"]

_PYTHON = (3, 11, 5)
_SPACE = 2 * 2**30  # bytes that caches, checkpoints and a site may need
_OLD = 3600  # seconds after which a held lock is suspicious
_BROKEN_CLICK = ("8.3.0", "8.3.1")
_SITE = ("mkdocs", "mkdocs-material", "IPython", "jupytext", "matplotlib", "pymdown-extensions", "PyYAML", "quickjs-ng")
_CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        name: what was checked.
        state: `fine`; `note` if something optional is absent; `missing` if something required is.
        told: the result.
        cure: advice; empty if not needed.
    """

    name: str
    state: State
    told: str
    cure: str = ""

    def to_json(self) -> dict[str, str]:
        """This finding as JSON values."""
        return {"name": self.name, "state": self.state, "told": self.told, "do": self.cure}


def examine(installed: Callable[[str], str | None] = version) -> list[Finding]:
    """Run all checks, which are independent and do not import torch or MkDocs.

    Args:
        installed: returns the version of a distribution, or None.
    """
    try:
        project = Project.find()
    except ProjectError as error:
        cure = "change to a blog's folder, or create a blog: mlblog init DIR"
        found, root, work = [Finding("project", "missing", str(error), cure)], Path.cwd(), Path.cwd()
    else:
        found = [Finding("project", "fine", f"{project.root}, package {', '.join(project.packages)}")]
        root, work = project.root, project.work
    found += [python(sys.version_info[:3]), click(installed("click")), torch(installed("torch"), gpus())]
    found += [site(installed), fonts(), chromium(), git(root), space(work)]
    return [*found, *locks(work)]


def table(findings: list[Finding]) -> str:
    """A table with one line per finding, followed by its advice."""
    width = max(len(finding.name) for finding in findings)
    lines = []
    for one in findings:
        mark = {"fine": "fine   ", "note": "note   ", "missing": "MISSING"}[one.state]
        lines.append(f"{mark}  {one.name.ljust(width)}  {one.told}")
        if one.cure:
            lines.append(f"{' ' * (width + 11)}{one.cure}")
    bad = sum(finding.state == "missing" for finding in findings)
    return "\n".join([*lines, "", f"{bad} missing" if bad else "nothing is missing"])


def python(found: tuple[int, ...]) -> Finding:
    """The interpreter, by its version."""
    told, wanted = (".".join(map(str, one)) for one in (found, _PYTHON))
    if found < _PYTHON:
        return Finding("python", "missing", told, f"mlblog needs Python {wanted} or newer")
    return Finding("python", "fine", told)


def click(found: str | None) -> Finding:
    """Two versions of click break live reload in `mkdocs serve`."""
    if found in _BROKEN_CLICK:
        cure = "`mkdocs serve` misses edits with it: pip install 'click!=8.3.0,!=8.3.1'"
        return Finding("click", "missing", found, cure)
    return Finding("click", "fine", found or "not installed")


def torch(found: str | None, count: int) -> Finding:
    """PyTorch, and whether its build fits the `count` GPUs of this machine."""
    if found is None:
        return Finding("torch", "missing", "not installed", "posts and experiments use it: pip install 'mlblog[torch]'")
    if count and found.endswith("+cpu"):
        cure = "torch is a CPU-only build; install the CUDA build, or set CUDA_VISIBLE_DEVICES= to hide the GPU"
        return Finding("torch", "missing", f"{found}, {count} GPUs", cure)
    if not count:
        return Finding("torch", "note", f"{found}, no GPU", "only full-scale records need one")
    return Finding("torch", "fine", f"{found}, {count} GPUs")


def site(installed: Callable[[str], str | None]) -> Finding:
    """Packages for compiling posts and building the site."""
    lacking = [name for name in _SITE if installed(name) is None]
    if lacking:
        return Finding("site", "missing", f"no {', '.join(lacking)}", "pip install 'mlblog[site]'")
    mkdocs = installed("mkdocs") or ""
    if not mkdocs.startswith("1."):
        return Finding("site", "missing", f"MkDocs {mkdocs}", "pip install 'mkdocs>=1.6.1,<2'")
    return Finding("site", "fine", f"MkDocs {mkdocs}, Material {installed('mkdocs-material')}")


def fonts() -> Finding:
    """The font of figures, which comes with Matplotlib."""
    try:
        files = metadata.files("matplotlib") or []
    except metadata.PackageNotFoundError:
        return Finding("fonts", "missing", "no Matplotlib, so no DejaVu Sans", "pip install 'mlblog[site]'")
    if any(file.name == "DejaVuSans.ttf" for file in files):
        return Finding("fonts", "fine", "DejaVu Sans comes with Matplotlib")
    return Finding("fonts", "missing", "Matplotlib without DejaVu Sans", "pip install --force-reinstall matplotlib")


def chromium() -> Finding:
    """The browser of the browser tests."""
    named = os.environ.get("CHROMIUM", "")
    found = named if named and Path(named).is_file() else next(filter(None, map(shutil.which, _CHROMIUM)), "")
    if found:
        return Finding("chromium", "fine", found)
    if named:
        return Finding("chromium", "missing", f"CHROMIUM={named} is not a file", "correct the variable, or unset it")
    return Finding("chromium", "note", "not found", "browser tests are skipped; install chromium, or set $CHROMIUM")


def git(root: Path) -> Finding:
    """Git, its repository, and the identity it needs for commits."""
    if not is_installed():
        return Finding("git", "missing", "not installed", "records name a commit; install git")
    ask = Git(root).ask
    if not ask("rev-parse", "--show-toplevel"):
        return Finding("git", "missing", f"{root} is not in a repository", "git init and commit: records name a commit")
    lacking = [name for name in ("user.name", "user.email") if not ask("config", name)]
    if lacking:
        cure = "; ".join(f'git config --global {name} "…"' for name in lacking)
        return Finding("git", "missing", f"no {' and no '.join(lacking)}: commits will fail", cure)
    if not ask("rev-parse", "--verify", "--quiet", "HEAD"):
        return Finding("git", "missing", "no commit yet", "commit before you run experiments: records name a commit")
    return Finding("git", "fine", f"{ask('config', 'user.name')} <{ask('config', 'user.email')}>")


def space(folder: Path) -> Finding:
    """Free space for caches, checkpoints and records, and write permission."""
    existing = next(path for path in (folder, *folder.parents) if path.is_dir())
    if not os.access(existing, os.W_OK):
        return Finding("space", "missing", f"{existing} is not writable", "change its owner or permissions")
    free = shutil.disk_usage(existing).free
    used = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) if folder.name == ".mlblog" else 0
    told = f"{free / 2**30:.1f} GiB free" + (f", {used / 2**20:.0f} MiB used in .mlblog" if used else "")
    if free < _SPACE:
        return Finding("space", "missing", told, "free some space: mlblog gc lists what can be deleted")
    return Finding("space", "fine", told)


def locks(work: Path, now: Callable[[], float] = time.time) -> Iterator[Finding]:
    """Locks: one that is held blocks writers; a leftover lock file is harmless."""
    from filelock import FileLock, Timeout

    for path in sorted((work / "locks").glob("*.lock")):
        age = now() - path.stat().st_mtime
        try:
            with FileLock(path, timeout=0):
                continue
        except Timeout:
            pass
        if age > _OLD:
            cure = "if no mlblog is running, the file system does not release locks; delete the file"
            yield Finding("lock", "note", f"{path.name} has been held for {age / 3600:.1f} hours", cure)
        else:
            yield Finding("lock", "note", f"{path.name} is held", "another mlblog is writing; wait for it")
