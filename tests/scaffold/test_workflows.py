"""The workflows of this blog and of a new one fetch what their commands need."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILES = [*(ROOT / ".github/workflows").glob("*.yml"), *(ROOT / "mlblog/scaffold").rglob("workflows/*.yml.txt")]
NEEDS_HISTORY = re.compile(
    r"\bmake (site|fresh|test|coverage)\b|\.ci/run\b|\bmlblog check\b|\bmkdocs build\b|\bpytest\b"
)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_jobs_that_check_or_build_fetch_the_whole_history(file: Path) -> None:
    """The pages show how values moved, and whether a confidence was committed before its goal was ticked."""
    jobs = yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"]
    for job in jobs.values():
        steps = job["steps"]
        if any(NEEDS_HISTORY.search(step.get("run", "")) for step in steps):
            (checkout,) = (step for step in steps if step.get("uses", "").startswith("actions/checkout@"))
            assert checkout["with"]["fetch-depth"] == 0


def test_there_are_such_jobs() -> None:
    found = [file.name for file in FILES if NEEDS_HISTORY.search(file.read_text(encoding="utf-8"))]
    assert sorted(found) == ["ci.yml", "pages.yml", "pages.yml.txt"]


def test_ci_here_and_at_github_run_one_command() -> None:
    """What is green on one is green on the other: both run `make ci`, which has all that must be."""
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))["jobs"]
    commands = [step["run"] for step in jobs["green"]["steps"] if "run" in step and "if" not in step]
    assert commands == [".ci/run"]
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert re.findall(r"^make (.*)$", script, re.MULTILINE) == ["ci"]
    recipe = re.findall(r"^ci:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    steps = [re.findall(r"\$\(MAKE\)(?: --jobs=2)?((?: [a-z]+\b(?!=))+)", line) for line in recipe[0].splitlines()]
    assert [target for (found,) in steps for target in found.split()] == ["check", "site", "fresh", "test"]
