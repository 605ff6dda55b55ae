"""One attack: a tiny project, an edit to it, whether the edit changes what the experiment finds; and its trial."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

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
            have been made; if it does not, the record must be fresh.
        setup: runs once the files are there, before they are committed.
        during: done when the experiment raises SIGUSR1 in the recorded run.
        queued: done between planning the recorded run and starting it.
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
    changes: bool = True
    setup: Callable[[Path], object] | None = None
    during: Callable[[Path], object] | None = None
    queued: Callable[[Path], object] | None = None
    first: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    later: dict[str, str] | None = None
    torch: bool = False
    smoke: str = "{}"
    parameters: str = ""


@dataclass(frozen=True)
class Verdict:
    """What became of a case: whether it went well, and what happened."""

    fine: bool
    what: str


def same(case: Case) -> Case:
    """Return `case` as one that changes nothing."""
    from dataclasses import replace

    return replace(case, changes=False)


# -- files ---------------------------------------------------------------------------------------------------------


def place(root: Path, name: str) -> Path:
    """Return the path that a case means by `name`."""
    last = name.rpartition("/")[2]
    return root / name if "." in last or name.startswith("../") else root / "toy" / f"{name}.py"


def _filled(root: Path, text: str) -> str:
    return textwrap.dedent(text).replace("@ROOT@", str(root)).replace("@OUT@", str(root.parent))


def put(root: Path, name: str, content: Content) -> None:
    """Write a file, whatever was there."""
    path = place(root, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str):
        path.write_text(_filled(root, content), encoding="utf-8")
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
        path.symlink_to(_filled(root, target))

    return step


def shell(command: str) -> Callable[[Path], None]:
    """Return the step that runs a command in the root."""

    def step(root: Path) -> None:
        environment = {**os.environ, "PYTHON": sys.executable}
        subprocess.run(
            ["sh", "-ec", _filled(root, command)], cwd=root, check=True, capture_output=True, env=environment
        )

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


def again(name: str) -> Callable[[Path], None]:
    """Return the step that records another experiment again."""

    def step(root: Path) -> None:
        (found,) = ask({"do": "record", "root": str(root), "experiments": [name]})
        assert "values" in found, found

    return step


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


# -- trial ---------------------------------------------------------------------------------------------------------


@cache
def _server(torch: bool) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(Path(__file__).with_name("server.py")), *(["torch"] if torch else [])]
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("PYTHON", "MLBLOG"))}
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    atexit.register(server.kill)
    return server


def ask(request: dict[str, Any], turn: Callable[[], object] = lambda: None, *, torch: bool = False) -> Any:
    """Have a request carried out; `turn` is called whenever the fork asks for it."""
    server = _server(torch)
    assert server.stdin is not None
    assert server.stdout is not None
    found = []

    def send(text: str) -> None:
        server.stdin.write(text.encode() + b"\n")  # type: ignore[union-attr]
        server.stdin.flush()  # type: ignore[union-attr]

    send(json.dumps(request))
    while True:
        answer = json.loads(server.stdout.readline())
        if "turn" in answer:
            turn()
            send("go")
        elif "ended" in answer:
            break
        else:
            found.append(answer)
    return found or [{"crashed": f"exit code {answer['ended']}"}]


def judge(case: Case, folder: Path) -> Verdict:
    """Put one case on trial below `folder`."""
    root = project(case, folder)
    paths = [str((root / path).resolve()) for path in case.paths]
    environment = dict(case.env)

    def asked(do: str, **more: Any) -> dict[str, Any]:
        def turn() -> None:
            for step in (case.queued, case.during):
                if step and do == "record" and more.get("first"):
                    step(root)

        request = {"do": do, "root": str(root), "paths": paths, "env": environment, **more}
        (answer,) = ask(request, turn, torch=case.torch)
        assert "crashed" not in answer, answer["crashed"]
        return dict(answer)

    executor = os.environ.get("PROMISE_EXECUTOR", "inline")
    for name in case.first:  # what the oracle reads, too
        asked("record", experiments=[name], executor=executor)
    before = asked("value")
    assert "values" in before, f"the table is wrong: {before['failed']}"
    recorded = asked("record", experiments=["find"], queued=bool(case.queued), executor=executor, first=True)
    refused = recorded.get("refused", "")
    meddled = bool(case.during or case.queued)
    if not refused and not meddled:
        assert recorded["values"] == before["values"], "the table is wrong: it finds something else each time"
        if recorded["state"] != "fresh":
            return Verdict(False, f"never fresh: {recorded['why']}")
    take(root, case.edit)
    environment |= case.later or {}
    after = asked("value")
    if not (refused and meddled):
        changed = after.get("values") != recorded.get("values", before["values"])
        assert changed == case.changes, f"the table is wrong: {before} became {after}"
    now = asked("state")
    seen = (
        f"{recorded.get('values', before['values'])} became {after.get('values', after)}; {now['state']} {now['why']}"
    )
    if refused:
        return Verdict(case.changes and now["state"] != "fresh", f"refused: {refused}; {seen}")
    if (now["state"] == "fresh") == case.changes:
        return Verdict(False, seen)
    if case.changes and now["state"] == "stale" and "values" in after:
        then = asked("record", experiments=["find"], executor=executor)
        if "refused" not in then and then["values"] != after["values"]:
            return Verdict(False, f"recorded again, it holds what was: {then['values']} for {after['values']}")
    return Verdict(True, seen)


def rows(table: dict[str, Case]) -> Callable[..., Any]:
    """Return the decorator that gives a test each row of `table`."""
    return pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in table.items()])


def stands(case: Case, folder: Path) -> None:
    """Assert that the promise holds for `case`."""
    verdict = judge(case, folder)
    assert verdict.fine, verdict.what


__all__: Iterable[str] = [name for name in dir() if not name.startswith("_")]
