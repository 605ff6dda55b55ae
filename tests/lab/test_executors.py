"""Jobs run in processes of their own; whatever ends one, the others go on and the store keeps its last good record."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest

from mlblog.errors import RunError
from mlblog.lab import Key, Lab, Project, Record
from mlblog.lab.running.executors.inline import InlineExecutor
from mlblog.lab.running.executors.local import LocalExecutor
from mlblog.lab.running.jobs import Job
from mlblog.lab.running.run import Report

pytestmark = pytest.mark.usefixtures("without_torch")

MODULE = """
from mlblog.lab import Run, experiment

@experiment(smoke=dict(what="fine"), seeds=2)
def trial(run: Run, *, what: str, seed: int) -> None:
    '''Try.'''
    import os, sys, time
    for step in run.progress(range(5), "try"):
        run.log(step=step, loss=1.0 / (step + 1))
    print("from the experiment")
    if what == "raise":
        raise ValueError("no good")
    if what == "nan":
        run.log(step=5, loss=float("nan"))
    if what == "exit":
        os._exit(7)
    if what == "killed":
        os.kill(os.getpid(), 9)
    if what == "stderr":
        sys.stderr.write("the last words\\n")
        os._exit(3)
    if what == "hang":
        time.sleep(60)
    if what == "left":
        os._exit(0)
    if what == "exited":
        sys.exit("enough")
    if what == "mute":
        class Mute(Exception):
            def __init__(self, one, two):
                self.held = lambda: one
            def __str__(self):
                raise SystemExit
            def __reduce__(self):
                raise TypeError("not to be pickled")
        raise Mute(1, 2)
    if what == "torn":
        raise GeneratorExit("torn")
    if what == "silent":
        sys.stdout.close(), sys.stderr.close(), os.close(1), os.close(2)
    if what == "input":
        run.save(typed=sys.stdin.read())
    if what == "forked" and os.fork() == 0:
        time.sleep(20)
        os._exit(0)
    if what == "astray" and os.fork() == 0:
        raise ValueError("in a child")
    if what == "lingers":
        import threading
        threading.Thread(target=time.sleep, args=[60]).start()
    run.save(seed=seed, what=what)
"""


@pytest.fixture
def lab(make_project: Callable[[dict[str, str]], Project]) -> Lab:
    return Lab(make_project({"toy/experiments/trial.py": MODULE}))


def jobs(lab: Lab, *whats: str) -> list:  # type: ignore[type-arg]
    return lab.plan([Key("trial", "smoke", {"what": what}, seed) for seed, what in enumerate(whats)])


def test_local_runs_end_as_records_whatever_their_order(lab: Lab) -> None:
    outcomes = list(lab.run(jobs(lab, "fine", "fine", "fine"), LocalExecutor(lab.project, slots=2)))
    assert sorted(outcome.record.values["seed"] for outcome in outcomes if outcome.record) == [0, 1, 2]  # type: ignore[type-var]
    assert [state.name for state in lab.states(job.key for job in jobs(lab, "fine"))] == []


def test_inline_and_local_leave_the_same_record_but_for_the_environment(lab: Lab) -> None:
    (job,) = jobs(lab, "fine")
    results = []
    for executor in (InlineExecutor(lab.project), LocalExecutor(lab.project, slots=1)):
        results.append(executor.submit(job, lambda *_: None).result())
        executor.close()
    first, second = results
    assert (first.values, first.manifest, first.params) == (second.values, second.manifest, second.params)
    assert first.arrays["series/loss"].tobytes() == second.arrays["series/loss"].tobytes()


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("raise", r"ValueError at step 4: no good \(log: \.mlblog/logs/trial/smoke/what=raise/seed-1\.log\)"),
        ("nan", "diverged at step 5: loss is nan"),
        ("exit", "ended with exit code 7 at try 5"),
        ("killed", "killed by signal 9 at try 5; the system kills processes when memory runs out"),
        ("stderr", "ended with exit code 3 at try 5: the last words"),
        ("hang", "stopped after 4 s( at try 5)?; it can resume from its checkpoint, if it has one"),
        ("left", r"its process exited with code 0 without a record at try 5; an experiment must return \(log: "),
        ("exited", r"it called sys\.exit\(enough\) at step 4; an experiment must return instead"),
        ("mute", r"Mute at step 4: \(its message is not available: SystemExit\)"),
        ("torn", "GeneratorExit at step 4: torn"),
    ],
)
def test_failed_run_is_told_of_and_the_others_are_recorded(lab: Lab, what: str, message: str) -> None:
    executor = LocalExecutor(lab.project, slots=2, timeout=4 if what == "hang" else None)
    outcomes = list(lab.run(jobs(lab, "fine", what), executor))
    assert [bool(outcome.record) for outcome in sorted(outcomes, key=lambda o: o.job.key.seed)] == [True, False]
    (error,) = [outcome.error for outcome in outcomes if outcome.error]
    with pytest.raises(RunError, match=rf"^trial smoke what={what} seed 1: .*{message}"):
        raise error
    assert lab.store.names() == ["trial/smoke/what=fine/seed-0.json"]


@pytest.mark.parametrize("what", ["silent", "input", "forked", "astray", "lingers"])
def test_odd_run_that_ends_well_is_recorded(lab: Lab, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without standard output, with nothing to read, beside children and threads that live longer."""
    monkeypatch.setattr("mlblog.lab.running.executors.process._LEAVING", 0.5)
    before = time.monotonic()
    outcomes = list(lab.run(jobs(lab, "fine", what), LocalExecutor(lab.project, slots=2)))
    assert [outcome.error for outcome in outcomes] == [None, None]
    assert sorted(outcome.record.values["what"] for outcome in outcomes if outcome.record) == sorted(["fine", what])  # type: ignore[type-var]
    assert time.monotonic() - before < 60 or what not in ("forked", "lingers")


def test_executor_that_fails_at_one_job_carries_out_the_others(lab: Lab) -> None:
    class Failing(InlineExecutor):
        def submit(self, job: Job, report: Report) -> Future[Record]:
            if job.key.seed == 1:
                raise OSError("no more processes")
            if job.key.seed == 2:
                future: Future[Record] = Future()
                future.set_exception(FileNotFoundError("record.safetensors"))
                return future
            return super().submit(job, report)

    outcomes = list(lab.run(jobs(lab, "fine", "fine", "fine", "fine"), Failing(lab.project)))
    assert [str(outcome.error) for outcome in outcomes if outcome.error] == [
        "trial smoke what=fine seed 1: OSError: no more processes",
        "trial smoke what=fine seed 2: FileNotFoundError: record.safetensors",
    ]
    assert lab.store.names() == [f"trial/smoke/what=fine/seed-{seed}.json" for seed in (0, 3)]


def test_failure_keeps_the_last_good_record(lab: Lab) -> None:
    (good,) = [outcome.record for outcome in lab.run(jobs(lab, "fine"), InlineExecutor(lab.project))]
    path = lab.project.root / "toy" / "experiments" / "trial.py"
    path.write_text(path.read_text(encoding="utf-8").replace("@experiment", "1 / 0\n@experiment", 1), encoding="utf-8")
    after = Lab(lab.project)
    (outcome,) = after.run(
        after.plan([Key("trial", "smoke", {"what": "fine"}, 0)]), LocalExecutor(lab.project, slots=1)
    )
    assert outcome.error is not None
    assert good is not None
    assert after.store.read("trial/smoke/what=fine/seed-0.json").files == good.files


def test_record_made_before_by_the_same_code_is_not_made_again(lab: Lab) -> None:
    list(lab.run(jobs(lab, "fine"), InlineExecutor(lab.project)))
    lab.store.remove("trial/smoke/what=fine/seed-0.json")  # type: ignore[attr-defined]
    (outcome,) = lab.run(jobs(lab, "fine"), _NoExecutor())
    assert outcome.record is not None
    assert lab.store.names() == ["trial/smoke/what=fine/seed-0.json"]


class _NoExecutor:
    resumes = True

    def submit(self, job: object, report: object) -> None:
        raise AssertionError("it was run again")

    def close(self, *, cancel: bool = False) -> None:
        pass


def test_interrupt_ends_every_process(lab: Lab) -> None:
    command = [sys.executable, "-m", "mlblog", "run", "trial", "--scale", "smoke", "--set", "what=hang", "--seeds", "2"]
    with subprocess.Popen(command, cwd=lab.project.root, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        process.stderr.readline()  # the first progress of a run
        time.sleep(0.3)
        workers = _children(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130
    assert workers
    assert not [pid for pid in workers if _alive(pid)]


def test_workers_die_with_a_killed_parent(lab: Lab) -> None:
    command = [sys.executable, "-m", "mlblog", "run", "trial", "--scale", "smoke", "--set", "what=hang", "--seeds", "2"]
    with subprocess.Popen(command, cwd=lab.project.root, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        process.stderr.readline()
        workers = _children(process.pid)
        process.kill()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(map(_alive, workers)):
        time.sleep(0.05)
    assert workers
    assert not [pid for pid in workers if _alive(pid)]


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text(encoding="utf-8").split()]
    return found


def _alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False


def test_concurrent_runs_on_one_store_are_safe(lab: Lab) -> None:
    command = [sys.executable, "-m", "mlblog", "run", "trial", "--scale", "smoke", "--all", "--executor", "inline"]
    both = [subprocess.Popen(command, cwd=lab.project.root, stderr=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    assert [state.name for state in lab.states(lab.keys("smoke"))] == ["fresh", "fresh"]
    assert len(list(lab.project.results.rglob("*.safetensors"))) == 2


def test_gpu_slots_hide_the_other_gpus(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two slots on two pretended GPUs: no two runs at a time see the same one."""
    monkeypatch.setenv("MLBLOG_DEVICE", "cuda")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    executor = LocalExecutor(lab.project)
    seen: list[str] = []
    barrier = threading.Barrier(2)

    def look(job: object, report: object, slot: dict[str, str]) -> object:
        seen.append(slot["CUDA_VISIBLE_DEVICES"])
        barrier.wait(timeout=20)
        return None

    monkeypatch.setattr(executor, "_in_process", look)
    for future in [executor.submit(job, lambda *_: None) for job in jobs(lab, "fine", "fine", "fine", "fine")]:
        future.result()
    executor.close()
    assert sorted(seen) == ["4", "4", "6", "6"]
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "4,6"


def test_code_edited_while_a_run_waits_is_not_vouched_for(lab: Lab) -> None:
    (job,) = jobs(lab, "fine")
    path = lab.project.root / "toy" / "experiments" / "trial.py"
    path.write_text(path.read_text(encoding="utf-8").replace("range(5)", "range(4)"), encoding="utf-8")
    (outcome,) = lab.run([job], LocalExecutor(lab.project, slots=1))
    assert "toy.experiments.trial.trial changed while the run was queued" in str(outcome.error)
    assert lab.store.names() == []


def test_further_seeds_are_kept_up_too(lab: Lab) -> None:
    more = Key("trial", "smoke", {}, 5)
    list(lab.run(lab.plan([*lab.keys("smoke"), more]), InlineExecutor(lab.project)))
    kept = Lab(lab.project).keys()
    assert more in kept
    path = lab.project.root / "toy" / "experiments" / "trial.py"
    path.write_text(path.read_text(encoding="utf-8").replace("range(5)", "range(4)"), encoding="utf-8")
    after = Lab(lab.project)
    assert [state.name for state in after.states(after.keys())] == ["stale"] * 3
