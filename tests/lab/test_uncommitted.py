"""Uncommitted changes are kept beside a run's record: `mlblog why` shows what changed since the run, not the commit."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from workbench import Bench, write_mutated

from mlblog.lab import Lab
from mlblog.lab.records.history import Revision
from mlblog.lab.running.uncommitted import FILE_LIMIT, LIMIT, Restored, keep, noted

pytestmark = pytest.mark.usefixtures("without_torch")

RUN = ("run", "with_absolute", "--scale", "smoke", "--executor", "inline", "--all")


def diff_of(bench: Bench) -> Any:
    return bench.lab.store.read("with_absolute/smoke/base/seed-0.json").environment.get("diff", "nothing")


def patches(bench: Bench) -> list[Path]:
    return sorted((bench.project.work / "diffs").glob("*"))


def why(bench: Bench, name: str = "toy.losses.absolute") -> dict[str, Any]:
    (first, *_) = bench.json("why", "with_absolute")
    return {one["name"]: one for one in first["why"]}[name]


def changed_lines(diff: str) -> list[str]:
    return [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def test_diff_is_against_the_code_that_ran(recorded: Bench) -> None:
    recorded.edit("toy/losses.py", "return abs(x)", "return abs(x) + 1")
    assert recorded(*RUN).exit_code == 0
    recorded.edit("toy/losses.py", "return abs(x) + 1", "return abs(x) + 2")
    found = why(recorded)
    assert changed_lines(found["diff"]) == ["-    return abs(x) + 1", "+    return abs(x) + 2"]
    assert found["note"] == "it ran on uncommitted changes: the diff is against the commit with these changes"


def test_file_that_git_does_not_know_is_kept(recorded: Bench) -> None:
    (recorded.project.root / "toy/new.py").write_text("def bigger(x):\n    return x + 1\n", encoding="utf-8")
    recorded.edit("toy/losses.py", "return abs(x)", "from toy.new import bigger\n    return bigger(abs(x))")
    before = recorded.git("status", "--porcelain")
    assert recorded(*RUN).exit_code == 0
    assert recorded.git("status", "--porcelain", "--", "toy") == before, "nothing was added to git's own index"
    recorded.edit("toy/new.py", "x + 1", "x + 2")
    found = why(recorded, "toy.new.bigger")
    assert changed_lines(found["diff"]) == ["-    return x + 1", "+    return x + 2"]


def test_staged_removed_and_renamed_files_are_restored_as_they_were(recorded: Bench) -> None:
    root = recorded.project.root
    recorded.git("mv", "toy/losses.py", "toy/costs.py")
    (root / "toy/experiments/with_none.py").unlink()
    (root / "toy/data.bin").write_bytes(bytes(range(256)))
    (root / "toy/staged.py").write_text("A = 1\n", encoding="utf-8")
    recorded.git("add", "toy/staged.py")
    (root / "toy/staged.py").write_text("A = 2\n", encoding="utf-8")
    then = {name: (root / name).read_bytes() for name in ("toy/costs.py", "toy/data.bin", "toy/staged.py")}
    objects = recorded.git("count-objects")
    kept = keep(recorded.project)
    assert kept is not None
    (patch,) = patches(recorded)
    recorded.git("checkout", "-q", "-f", "HEAD", ".")
    whole = Restored(recorded.project, Revision(recorded.project, kept.commit), patch.read_bytes())
    assert {name: whole.read(name) for name in then} == then
    assert whole.read("toy/losses.py") is whole.read("toy/experiments/with_none.py") is None
    assert whole.read("toy/experiments/with_two.py") == (root / "toy/experiments/with_two.py").read_bytes()
    assert recorded.git("count-objects") == objects, "nothing was written into the repository"


def test_whatever_git_is_configured_to_do_with_diffs(recorded: Bench) -> None:
    for setting in ("diff.noprefix=true", "diff.external=false", "color.diff=always", "apply.whitespace=fix"):
        recorded.git("config", *setting.split("="))
    recorded.edit("toy/losses.py", "return abs(x)", "return abs(x)  \n")
    assert recorded(*RUN).exit_code == 0
    recorded.edit("toy/losses.py", "return abs(x)  \n", "return abs(x) + 2")
    assert changed_lines(why(recorded)["diff"]) == ["-    return abs(x)  ", "+    return abs(x) + 2"]


def test_clean_run_and_changes_outside_the_packages(recorded: Bench) -> None:
    assert diff_of(recorded) == "nothing"
    (recorded.project.root / "scratch.txt").write_text("private", encoding="utf-8")
    assert recorded(*RUN).exit_code == 0
    recorded.commit()
    assert diff_of(recorded) in (None, "nothing"), "whether such a file makes a run dirty is not decided here"
    assert patches(recorded) == []
    recorded.edit("toy/losses.py", "return abs(x)", "return abs(x) + 1")
    assert recorded(*RUN).exit_code == 0
    (patch,) = patches(recorded)
    assert patch.stem == diff_of(recorded)
    assert b"private" not in patch.read_bytes()


def test_same_changes_are_kept_once(recorded: Bench) -> None:
    recorded.edit("toy/losses.py", "return abs(x)", "return abs(x) + 1")
    for _ in range(2):
        assert recorded(*RUN).exit_code == 0
    assert len(patches(recorded)) == 1


def test_nothing_is_kept_in_what_is_published(recorded: Bench) -> None:
    recorded.edit("toy/losses.py", "return abs(x)", "return abs(x) + 1  # a secret")
    assert recorded(*RUN).exit_code == 0
    for folder in ("docs", "posts_src"):
        assert not any(b"a secret" in content for content in recorded.files(folder).values())


def test_large_files_are_left_out_and_named(recorded: Bench) -> None:
    (recorded.project.root / "toy/large.bin").write_bytes(bytes(FILE_LIMIT + 1))
    recorded.edit("toy/losses.py", "return abs(x)", "return abs(x) + 1")
    assert recorded(*RUN).exit_code == 0
    (patch,) = patches(recorded)
    assert patch.read_bytes().startswith(b"# left out, too large: toy/large.bin, 262,145 bytes\n")
    recorded.edit("toy/losses.py", "return abs(x) + 1", "return abs(x) + 2")
    found = why(recorded)
    assert changed_lines(found["diff"]) == ["-    return abs(x) + 1", "+    return abs(x) + 2"]
    assert f"too large for .mlblog/diffs/{patch.name}: toy/large.bin, 262,145 bytes" in found["note"]


def test_patch_has_a_limit(recorded: Bench) -> None:
    """Each file is small enough, all of them are not."""
    import random

    source = random.Random(1)
    for number in range(8):
        (recorded.project.root / f"toy/part_{number}.bin").write_bytes(source.randbytes(FILE_LIMIT * 3 // 4))
    assert keep(recorded.project) is not None
    (patch,) = patches(recorded)
    assert LIMIT // 2 < patch.stat().st_size < LIMIT + 1000
    assert 0 < patch.read_bytes().count(b"# left out, too large: toy/part_") < 8


@pytest.mark.parametrize(
    ("spoil", "note"),
    [
        (lambda patch: patch.unlink(), "which does not exist here"),
        (lambda patch: patch.write_bytes(b"x"), "which is damaged"),
    ],
)
def test_changes_that_cannot_be_had_are_said_to_be_missing(recorded: Bench, spoil: Any, note: str) -> None:
    recorded.edit("toy/losses.py", "return abs(x)", "return abs(x) + 1")
    assert recorded(*RUN).exit_code == 0
    recorded.edit("toy/losses.py", "return abs(x) + 1", "return abs(x) + 2")
    (patch,) = patches(recorded)
    spoil(patch)
    found = why(recorded)
    assert changed_lines(found["diff"]) == ["-    return abs(x)", "+    return abs(x) + 2"]
    assert f"below them; they were saved in .mlblog/diffs/{patch.name}, {note}" in found["note"]


def test_record_cannot_name_any_file_as_its_changes(recorded: Bench) -> None:
    recorded.edit("toy/losses.py", "return abs(x)", "return abs(x) + 1")
    for path in recorded.project.results.rglob("with_absolute/**/*.json"):
        write_mutated(path, lambda body: body["environment"].update(dirty=True, diff="../../pyproject"))
    assert "names no saved changes" in why(recorded)["note"]


def test_project_below_the_top_of_its_repository(recorded: Bench) -> None:
    """Paths in a patch are the repository's, those of a record the project's."""
    root = recorded.project.root
    (root / ".git").rename(root.parent / ".git")
    (root.parent / ".git/info/exclude").write_text(f"/*\n!/{root.name}/\n", encoding="utf-8")  # other tests' folders
    try:
        recorded.commit()
        recorded.edit("toy/losses.py", "return abs(x)", "return abs(x) + 1")
        assert recorded(*RUN).exit_code == 0
        recorded.edit("toy/losses.py", "return abs(x) + 1", "return abs(x) + 2")
        assert changed_lines(why(recorded)["diff"]) == ["-    return abs(x) + 1", "+    return abs(x) + 2"]
    finally:
        (root.parent / ".git").rename(root / ".git")


def test_processes_and_clusters_get_the_drivers_changes(recorded: Bench) -> None:
    """A node of a cluster has no repository: what it lacks is added where the record arrives."""
    recorded.edit("toy/losses.py", "return abs(x)", "return abs(x) + 1")
    assert recorded(*RUN[:-3], "--executor", "local", "--workers", "2", "--all").exit_code == 0
    (patch,) = patches(recorded)
    assert diff_of(recorded) == patch.stem
    kept = keep(recorded.project)
    record = Lab(recorded.project).store.read("with_none/smoke/base/seed-0.json")
    assert noted(record, kept) is record, "a clean run was made with no changes"


def test_project_without_a_commit_keeps_nothing(recorded: Bench) -> None:
    subprocess.run(["rm", "-rf", str(recorded.project.root / ".git")], check=True)
    assert recorded(*RUN).exit_code == 0
    assert diff_of(recorded) == "nothing"
    assert patches(recorded) == []
