"""One attack: a tiny project, an edit to it, whether the edit changes what the experiment finds."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

EXPERIMENT = """\
from mlblog.lab import experiment
{top}

@experiment(smoke={smoke}, seeds=1)
def find(run, *, {parameters}seed: int) -> None:
{body}
"""
PROJECT = '[project]\nname = "toy"\nversion = "0"\n[tool.mlblog]\npackages = ["toy"]\n'
Content = str | bytes | Callable[[Path], object]
Step = tuple[str, str, str] | Callable[[Path], object]


@dataclass(frozen=True)
class Case:
    """One attack.

    Files and edits name modules of `toy` as `a` or `p/__init__`, everything else by its path below the root; what lies
    outside the project begins with `../`. `@ROOT@` and `@OUT@` in a text stand for the root and the folder above it.

    Attributes:
        top: what the experiment's module does before the experiment.
        body: of the experiment: an expression to be saved, or statements.
        files: the rest of the project: text, bytes, or a function that makes the file.
        edit: what is done between recording and asking: `(file, old, new)`, functions of the root, or a list of them.
        changes: whether the experiment then finds something else. If it does, the record must be stale, or must never
            have been made; if it does not, the record must be fresh. None: either, as long as nothing fresh is wrong.
        stale: whether the record must be stale, where that does not follow from `changes`.
        setup: runs once the files are there, before they are committed.
        during: done when the experiment raises SIGUSR1 in the recorded run.
        queued: done between planning the recorded run and starting it.
        killed: done after a first run, which is killed when it raises SIGUSR1 and goes on from its checkpoint.
        first: experiments to record before the one under attack.
        paths: folders on the path, as installed libraries are.
        env: environment variables of the recorded run.
        later: environment variables afterwards, if they are others.
        torch: whether torch is there.
        smoke: the declaration of the scale smoke.
        parameters: of the experiment.
    """

    top: str
    body: str
    edit: Step | list[Step]
    files: dict[str, Content] = field(default_factory=dict)
    changes: bool | None = True
    stale: bool | None = None
    setup: Callable[[Path], object] | None = None
    during: Callable[[Path], object] | None = None
    queued: Callable[[Path], object] | None = None
    killed: Step | None = None
    first: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    later: dict[str, str] | None = None
    torch: bool = False
    smoke: str = "{}"
    parameters: str = ""


# -- files ---------------------------------------------------------------------------------------------------------


def place(root: Path, name: str) -> Path:
    """Return the path that a case means by `name`."""
    last = name.rpartition("/")[2]
    return root / name if "." in last or name.startswith(("../", "toy/")) else root / "toy" / f"{name}.py"


def filled(root: Path, text: str) -> str:
    """Return `text` with the places of the project in it."""
    return textwrap.dedent(text).replace("@ROOT@", str(root)).replace("@OUT@", str(root.parent))


def put(root: Path, name: str, content: Content) -> None:
    """Write a file, whatever was there."""
    path = place(root, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str):
        path.write_text(filled(root, content), encoding="utf-8")
    elif isinstance(content, bytes):
        path.write_bytes(content)
    else:
        content(path)


def write(name: str, content: Content) -> Callable[[Path], None]:
    """Return the step that writes a file, whatever was there."""
    return lambda root: put(root, name, content)


def delete(name: str) -> Callable[[Path], None]:
    """Return the step that deletes a file or a folder."""

    def step(root: Path) -> None:
        path = place(root, name)
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    return step


def rename(old: str, new: str) -> Callable[[Path], None]:
    """Return the step that renames a file or a folder."""
    return lambda root: place(root, old).rename(place(root, new))


def link(name: str, target: str) -> Callable[[Path], None]:
    """Return the step that makes `name` a symbolic link to `target`, whatever was there."""

    def step(root: Path) -> None:
        path = place(root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(filled(root, target))

    return step


def shell(command: str) -> Callable[[Path], None]:
    """Return the step that runs a command in the root."""

    def step(root: Path) -> None:
        environment = {**os.environ, "PYTHON": sys.executable}
        subprocess.run(["sh", "-ec", filled(root, command)], cwd=root, check=True, capture_output=True, env=environment)

    return step


def quietly(step: Step) -> Callable[[Path], None]:
    """Return `step` done so that the files keep their times, as `cp -p`, `rsync -t` and `touch -r` do."""

    def done(root: Path) -> None:
        times = {path: path.stat() for path in root.rglob("*") if ".git" not in path.parts}
        take(root, step)
        for path, stat in times.items():
            if path.exists():
                os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    return done


def take(root: Path, step: Step | list[Step]) -> None:
    """Carry out an edit."""
    if isinstance(step, list):
        for one in step:
            take(root, one)
    elif callable(step):
        step(root)
    else:
        name, old, new = step
        text = place(root, name).read_text(encoding="utf-8")
        assert text.count(old) == 1, (name, old, text)
        place(root, name).write_text(text.replace(old, new), encoding="utf-8")


def project(case: Case, folder: Path) -> Path:
    """Make the project of `case` below `folder`, an hour old and committed; return its root."""
    root = folder / "project"
    body = case.body.strip("\n")
    if "run.save" not in body:
        body = f"run.save(x={textwrap.dedent(body).strip()})"
    experiment = EXPERIMENT.format(
        top=textwrap.dedent(case.top).strip(),
        body=textwrap.indent(textwrap.dedent(body), "    "),
        smoke=case.smoke,
        parameters=case.parameters,
    )
    files: dict[str, Content] = {
        "pyproject.toml": PROJECT,
        ".gitignore": ".mlblog\n__pycache__\n",
        "__init__": "",
        "experiments/__init__": "",
        "experiments/find": experiment,
        **case.files,
    }
    for name, content in files.items():
        put(root, name, content)
    if case.setup:
        case.setup(root)
    then = time.time() - 3600
    for path in folder.rglob("*"):
        os.utime(path, (then, then), follow_symlinks=False)
    git = "git -c user.name=t -c user.email=t@example.org -c init.defaultBranch=main"
    shell(f"{git} init -q .; {git} add -A; {git} commit -qm x")(root)
    return root
