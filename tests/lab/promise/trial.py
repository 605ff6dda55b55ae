"""The trial of a case: record, edit, ask, and compare with what Python really does."""

from __future__ import annotations

import atexit
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from promise.case import Case, filled, project, take

# the experiment raises nothing, so an error in a refusal is the engine's own
_OBSCURE = re.compile(r": \w*(Error|Exception|Interrupt|Exit)\b")


@dataclass(frozen=True)
class Verdict:
    """What became of a case: whether it went well, and what happened."""

    fine: bool
    what: str


class Crash(Exception):
    """The engine raised what is none of its own errors."""


def again(name: str) -> Callable[[Path], None]:
    """Return the step that records another experiment again."""

    def step(root: Path) -> None:
        (found,) = ask({"do": "record", "root": str(root), "experiments": [name]})
        assert "values" in found, found

    return step


@cache
def _server(torch: bool) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(Path(__file__).with_name("server.py")), *(["torch"] if torch else [])]
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("PYTHON", "MLBLOG"))}
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    atexit.register(server.kill)
    return server


def ask(request: dict[str, Any], turn: Callable[[], bool | None] = lambda: None, *, torch: bool = False) -> Any:
    """Have a request carried out; `turn` is called whenever the fork asks for it, and says whether it shall die."""
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
            send("go" if turn() is None else "die")
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

    turns: list[str] = []

    def asked(do: str, **more: Any) -> dict[str, Any]:
        def turn() -> bool | None:
            if more.get("doomed"):
                return True
            if more.get("first"):
                turns.append(do)
                take(root, [step for step in (case.queued, case.during) if step])
            return None

        filled_in = {name: filled(root, text) for name, text in environment.items()}
        request = {"do": do, "root": str(root), "paths": paths, "env": filled_in, **more}
        (answer,) = ask(request, turn, torch=case.torch)
        if "crashed" in answer and not more.get("doomed"):
            raise Crash(answer["crashed"].strip().splitlines()[-1])
        return dict(answer)

    executor = os.environ.get("PROMISE_EXECUTOR", "inline")
    for name in case.first:  # what the oracle reads, too
        asked("record", experiments=[name], executor=executor)
    before = asked("value")
    assert "values" in before, f"the table is wrong: {before['failed']}"
    if case.killed:
        asked("record", experiments=["find"], doomed=True)
        take(root, case.killed)
    recorded = asked("record", experiments=["find"], queued=bool(case.queued), executor=executor, first=True)
    refused = recorded.get("refused", "")
    meddled = bool(case.during or case.queued or case.killed)
    if not refused and not meddled:
        assert recorded["values"] == before["values"], "the table is wrong: it finds something else each time"
        if recorded["state"] != "fresh":
            return Verdict(False, f"never fresh: {recorded['why']}")
    if refused and (case.during or case.queued) and not turns:
        return Verdict(False, f"refused before anything was done to it: {refused}")
    take(root, case.edit)
    environment |= case.later or {}
    after = asked("value")
    changed = False
    if not (refused and meddled):
        changed = after.get("values") != recorded.get("values", before["values"])
        assert case.changes in (changed, None), f"the table is wrong: {before} became {after}"
    now = asked("state")
    seen = (
        f"{recorded.get('values', before['values'])} became {after.get('values', after)}; {now['state']} {now['why']}"
    )
    stale = case.changes if case.stale is None else case.stale
    fresh = now["state"] == "fresh"
    if refused:
        clear = not _OBSCURE.search(refused) and (meddled or "while the run was waiting" not in refused)
        right = stale is not False and not fresh and clear
        return Verdict(right, f"refused: {refused}; {seen}")
    if (fresh and changed) if stale is None else (fresh == stale):
        return Verdict(False, seen)
    if stale and now["state"] == "stale" and "values" in after:
        # what was recorded here before lies on the shelf; it must not come back for other code
        shutil.rmtree(root / "docs/results/find")
        then = asked("record", experiments=["find"], executor=executor, due=True)
        if "refused" not in then and then["values"] != after["values"]:
            return Verdict(False, f"recorded again, it holds what was: {then['values']} for {after['values']}")
    return Verdict(True, seen)


def rows(table: dict[str, Case], *, every: int = 1) -> Callable[..., Any]:
    """Return the decorator that gives a test each row of `table`; all but each `every`-th are for `make audit`."""
    found = []
    for number, (name, case) in enumerate(table.items()):
        found.append(pytest.param(case, id=name, marks=[pytest.mark.audit] if number % every else []))
    return pytest.mark.parametrize("case", found)


def stands(case: Case, folder: Path) -> None:
    """Assert that the promise holds for `case`."""
    try:
        verdict = judge(case, folder)
    except Crash as error:
        verdict = Verdict(False, f"crashed: {error}")
    assert verdict.fine, verdict.what
