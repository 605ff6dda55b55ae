"""A record that was computed is kept somewhere before its checkpoint goes, and two processes share the work."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from mlblog.lab import Key, Lab, Project
from mlblog.lab.running.executors.inline import InlineExecutor
from mlblog.lab.running.executors.local import LocalExecutor

pytestmark = pytest.mark.usefixtures("without_torch")

MODULE = """
from mlblog.lab import Run, experiment

@experiment(smoke={}, seeds=1)
def trained(run: Run, *, seed: int) -> None:
    for step in run.checkpoint(every=0.0).steps(3):
        run.log(step=step, loss=1.0)

@experiment(smoke={}, seeds=1)
def other(run: Run, *, seed: int) -> None:
    run.save(seed=seed)
"""
GATED = """
from mlblog.lab import Run, experiment

def gate(run, me, gate):
    import os, time
    from pathlib import Path
    with open(f"began-{me}", "a") as began:
        began.write(f"{os.getpid()}\\n")
    for step in run.progress(range(100_000), "wait"):
        run.log(step=step, loss=0.5)
        if Path(gate).exists():
            break
        time.sleep(0.02)
    run.save(done=True)

@experiment(smoke={}, seeds=1)
def first(run: Run, *, seed: int) -> None:
    gate(run, "first", "open-first")

@experiment(smoke={}, seeds=1)
def second(run: Run, *, seed: int) -> None:
    gate(run, "second", "open-second")
"""


@pytest.fixture
def lab(make_project: Callable[[dict[str, str]], Project]) -> Lab:
    return Lab(make_project({"toy/experiments/trial.py": MODULE}))


def checkpoint(lab: Lab) -> Path:
    return lab.project.work / "checkpoints/trained/smoke/base/seed-0.safetensors"


def in_the_way(path: Path) -> None:
    """Put a file where a folder is wanted: what full disks do to a write, on any machine and for any user."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")


@pytest.mark.parametrize("executor", [InlineExecutor, LocalExecutor])
def test_record_that_cannot_be_stored_is_kept_and_taken_up(
    lab: Lab, executor: type[InlineExecutor | LocalExecutor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONPATH")  # what it trains needs torch
    in_the_way(lab.project.results / "trained")
    outcomes = list(lab.run(lab.plan(lab.keys("smoke")), executor(lab.project)))
    (error,) = [str(outcome.error) for outcome in outcomes if outcome.error]
    assert error.startswith("trained smoke seed 0: it ran, but its record could not be stored: docs/results/trained/")
    assert error.endswith("is kept in .mlblog/records, where the next `mlblog run` will find it")
    assert lab.store.names() == ["other/smoke/base/seed-0.json"]
    assert not checkpoint(lab).exists()
    (lab.project.results / "trained").unlink()
    after = Lab(lab.project)
    (outcome,) = after.run(after.plan(after.keys("smoke")), NoExecutor())
    assert outcome.error is None
    assert [state.name for state in after.states(after.keys("smoke"))] == ["fresh", "fresh"]


def test_store_held_by_another_process(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlblog.lab.records.store.LOCK_SECONDS", 0.1)
    lab.project.work.joinpath("locks").mkdir(parents=True)
    with FileLock(lab.project.work / "locks/records.lock"):
        outcomes = list(lab.run(lab.plan(lab.keys("smoke")), InlineExecutor(lab.project)))
    assert ["another mlblog process has held the lock" in str(outcome.error) for outcome in outcomes] == [True, True]
    assert all("is kept in .mlblog/records" in str(outcome.error) for outcome in outcomes)
    after = Lab(lab.project)
    assert [o.error for o in after.run(after.plan(after.keys("smoke")), NoExecutor())] == [None, None]


def test_checkpoint_stays_where_nothing_else_does(lab: Lab) -> None:
    in_the_way(lab.project.results / "trained")
    in_the_way(lab.project.work / "records")
    (job,) = lab.plan([Key("trained", "smoke", {}, 0)])
    (outcome,) = lab.run([job], InlineExecutor(lab.project))
    assert "It could not be kept in .mlblog/records either: File exists." in str(outcome.error)
    assert str(outcome.error).endswith("Run again, it resumes from its checkpoint, if it has one")
    assert checkpoint(lab).exists()


def test_record_is_stored_though_no_copy_can_be_kept(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    in_the_way(lab.project.work / "records")
    outcomes = list(lab.run(lab.plan(lab.keys("smoke")), InlineExecutor(lab.project)))
    assert [outcome.error for outcome in outcomes] == [None, None]
    assert "; it could not be copied to .mlblog/records: File exists" in capsys.readouterr().err
    assert not checkpoint(lab).exists()


def test_work_folders_that_cannot_be_written_harm_no_run(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    in_the_way(lab.project.work / "running")
    (lab.project.work / "checkpoints/trained/smoke/base/seed-0.safetensors").mkdir(parents=True)
    outcomes = list(lab.run(lab.plan(lab.keys("smoke")), InlineExecutor(lab.project)))
    assert [outcome.error for outcome in outcomes] == [None, None]
    said = capsys.readouterr().err
    assert "trained/smoke/base/seed-0.safetensors cannot be deleted: Is a directory; delete it" in said


def test_commit_is_that_of_the_driver(lab: Lab) -> None:
    def git(*arguments: str) -> str:
        command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments]
        return subprocess.run(command, cwd=lab.project.root, capture_output=True, text=True, check=True).stdout.strip()

    (lab.project.root / ".gitignore").write_text(".mlblog\n__pycache__\n", encoding="utf-8")
    git("init", "-q"), git("add", "-A"), git("commit", "-qm", "x")
    list(lab.run(lab.plan(lab.keys("smoke")), LocalExecutor(lab.project)))
    for name in lab.store.names():
        environment = lab.store.read(name).environment
        assert (environment["commit"], environment["dirty"]) == (git("rev-parse", "HEAD"), False)


class NoExecutor:
    resumes = True

    def submit(self, job: object, report: object) -> None:
        raise AssertionError("it was run again")

    def close(self, *, cancel: bool = False) -> None:
        pass


class Two:
    """A project whose experiments wait for a file, and `mlblog` in processes of its own."""

    def __init__(self, project: Project) -> None:
        self.project, self.processes = project, list[subprocess.Popen[str]]()

    def mlblog(self, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlblog", "run", *arguments],
            cwd=self.project.root, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.processes.append(process)
        return process

    def began(self, name: str) -> int:
        path = self.project.root / f"began-{name}"
        return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0

    def wait_for(self, name: str, times: int = 1) -> None:
        deadline = time.monotonic() + 90
        while self.began(name) < times:
            assert time.monotonic() < deadline, f"{name} did not begin"
            time.sleep(0.05)

    def open(self, name: str) -> None:
        (self.project.root / f"open-{name}").touch()


@pytest.fixture
def two(make_project: Callable[[dict[str, str]], Project]) -> Iterator[Two]:
    made = Two(make_project({"toy/experiments/gated.py": GATED}))
    yield made
    for process in made.processes:
        process.kill()
        process.wait()
        process.stdout.close()  # type: ignore[union-attr]


def line_with(process: subprocess.Popen[str], part: str) -> str:
    assert process.stdout is not None
    late = threading.Timer(90, process.kill)
    late.start()
    try:
        for line in process.stdout:
            if part in line:
                return line
    finally:
        late.cancel()
    raise AssertionError(f"it ended without saying {part!r}, or did not say it in time")


@pytest.mark.parametrize("again", [False, True])
def test_second_process_waits_for_the_first_and_takes_its_record(two: Two, again: bool) -> None:
    option = ["--all"] if again else []
    one = two.mlblog("first", "--scale", "smoke", *option)
    two.wait_for("first")
    other = two.mlblog("first", "--scale", "smoke", *option)
    line_with(other, "first smoke seed 0: another mlblog process is running it; waiting for it to finish")
    two.open("first")
    assert "first smoke seed 0: recorded by another mlblog run" in other.communicate(timeout=90)[0]
    assert "1 recorded, 0 failed" in one.communicate(timeout=90)[0]
    assert (one.returncode, other.returncode, two.began("first")) == (0, 0, 1)


def test_second_process_takes_over_from_one_that_was_killed(two: Two) -> None:
    one = two.mlblog("first", "--scale", "smoke")
    two.wait_for("first")
    other = two.mlblog("first", "--scale", "smoke")
    line_with(other, "another mlblog process is running it")
    one.kill()
    two.wait_for("first", times=2)
    two.open("first")
    assert "recorded in" in other.communicate(timeout=90)[0]
    assert other.returncode == 0


def test_interrupt_while_waiting_ends_the_one_that_waits(two: Two) -> None:
    one = two.mlblog("first", "--scale", "smoke")
    two.wait_for("first")
    other = two.mlblog("first", "--scale", "smoke")
    line_with(other, "another mlblog process is running it")
    other.send_signal(signal.SIGINT)
    said = other.communicate(timeout=90)[0]
    assert (other.returncode, "the rest resumes from checkpoints, where there are any" in said) == (130, True)
    two.open("first")
    assert one.wait(timeout=90) == 0


def test_each_waits_for_what_the_other_one_runs(two: Two) -> None:
    one = two.mlblog("first", "second", "--scale", "smoke", "--executor", "inline")
    other = two.mlblog("second", "first", "--scale", "smoke", "--executor", "inline")
    two.wait_for("first")
    two.wait_for("second")
    two.open("first")
    two.open("second")
    for process in (one, other):
        assert "2 recorded, 0 failed" in process.communicate(timeout=90)[0]
    assert (two.began("first"), two.began("second")) == (1, 1)


def test_watch_shows_what_goes_on_until_it_ends(two: Two) -> None:
    one = two.mlblog("--scale", "smoke")
    two.wait_for("first")
    two.wait_for("second")
    watch = two.mlblog("--watch", "first")
    assert line_with(watch, "first").startswith(("first smoke seed 0: wait ", "first smoke seed 0: starting"))
    two.open("first")
    assert watch.communicate(timeout=90)[0] == "first smoke seed 0: ended\n"
    assert watch.returncode == 0
    two.open("second")
    assert one.wait(timeout=90) == 0
    assert two.mlblog("--watch").communicate(timeout=90)[0] == "nothing is running\n"


def test_watch_does_not_believe_what_a_killed_process_left(two: Two) -> None:
    one = two.mlblog("first", "--scale", "smoke")
    two.wait_for("first")
    note = two.project.work / "running/first/smoke/base/seed-0.json"
    watch = two.mlblog("--watch")
    assert line_with(watch, "first smoke seed 0")
    assert note.exists()
    one.kill()
    one.wait()
    assert watch.communicate(timeout=90)[0] == "first smoke seed 0: ended\n"
    assert not note.exists()
    assert two.mlblog("--watch", "first").communicate(timeout=90)[0] == "nothing is running of first\n"
