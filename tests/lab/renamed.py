"""What tests of `mlblog rename` look at: states, records and every file of a project."""

from __future__ import annotations

import json
from typing import Any

from workbench import Bench

GOALS = "- [x] Two losses at once, `with_two`, 4/5\n- [ ] Not ``with_two`` nor with_two, `with_two_more`\n"


def states(bench: Bench, name: str) -> list[str]:
    return [one["state"] for one in bench.json("status", name, "--scale", "smoke")]


def everything(bench: Bench) -> dict[str, bytes]:
    """Every file of the project that git could see, and what git makes of them."""
    base = bench.project.root
    skipped = {".git", ".mlblog", "__pycache__"}
    files = (path for path in base.rglob("*") if path.is_file() and not skipped & set(path.parts))
    return {path.relative_to(base).as_posix(): path.read_bytes() for path in files}


def write(bench: Bench, name: str, text: str) -> None:
    path = bench.project.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def record(bench: Bench, name: str, seed: int = 0) -> dict[str, Any]:
    path = bench.project.results / f"{name}/smoke/base/seed-{seed}.json"
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found
