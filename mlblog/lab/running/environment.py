"""Where and when a run happened, stamped when it happens."""

from __future__ import annotations

import os
import platform
import resource
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from mlblog.errors import GitError, ProjectError
from mlblog.files.git import Git
from mlblog.files.made_by import version
from mlblog.lab.project import Project
from mlblog.lab.records.environment import Environment

_RECORDS = ":!docs/results"
_REPORTED = ("numpy", "torch", "mlblog")  # libraries whose version a reader wants to see


def commit(root: Path) -> tuple[str, bool]:
    """Return the commit that holds the project at `root`, and whether its files differ; ("", True) if none does.

    Records are excluded: writing the record of one seed must not make the next one dirty. Of untracked files, those in
    the project's packages count: others cannot be imported, and data is in the fingerprint.
    """
    folders = _packages(root)
    git = Git(root)
    try:
        head = git.text("rev-parse", "HEAD")
        git.run("rev-parse", "--verify", "HEAD:./")  # an archive may lie inside another repository
        edited = git.run("status", "--porcelain", "--untracked-files=no", "--", ".", _RECORDS)
        added = git.run("ls-files", "--others", "--exclude-standard", "--", *folders, _RECORDS)
        ignored = [folder for folder in folders if not git.run("ls-tree", "HEAD", "--", folder)]
    except GitError:
        return "", True  # no git, no repository, or no commit yet: nothing vouches for the code
    return head, bool(edited or added or ignored)


def _packages(root: Path) -> list[str]:
    """The folders of the project's packages; all of `root` where no project says which."""
    try:
        names = Project.find(root).packages
    except ProjectError:
        return ["."]
    paths = (base / name.replace(".", "/") for name in names for base in (root, root / "src"))
    return [path.relative_to(root).as_posix() for path in paths if path.is_dir()]


def stamp(code: tuple[str, bool], device: str) -> Environment:
    """Return what is known before a run starts: machine, versions, date. No host or user names, no paths.

    Args:
        code: commit of the code, and whether files differ from it; a cluster's nodes cannot tell.
        device: `cpu` or `cuda`.
    """
    head, dirty = code
    return Environment(
        commit=head,
        dirty=dirty,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        device=device_name(device),
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        **{name: version(name) for name in _REPORTED},
    )


def device_name(device: str) -> str:
    """Return the name of the GPU or the processor, for readers."""
    if device == "cuda":
        import torch

        return f"cuda: {torch.cuda.get_device_name()}"
    return f"cpu: {_processor()}"


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux: the platform module knows less
    return platform.processor() or platform.machine()


def peak_memory(device: str) -> int:
    """Return the largest memory this process has held, in bytes: the GPU's on a GPU, else resident memory."""
    if device == "cuda":
        import torch

        return int(torch.cuda.max_memory_allocated())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # bytes on macOS, KiB elsewhere


def pick_device(environ: Mapping[str, str] = os.environ) -> str:
    """Return `MLBLOG_DEVICE` if it is set, else `cuda` where torch sees a GPU, else `cpu`."""
    if asked := environ.get("MLBLOG_DEVICE"):
        return asked
    if not gpus():
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def gpus() -> int:
    """Return how many NVIDIA GPUs this machine shows, without importing torch.

    `CUDA_VISIBLE_DEVICES` is respected as CUDA does: an empty value hides them all.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return len([item for item in visible.split(",") if item.strip() and item.strip() != "-1"])
    return len(list(Path("/dev").glob("nvidia[0-9]*")))
