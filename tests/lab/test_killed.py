"""`mlblog run`, killed at random moments: the store can be read at any time, and the next run goes on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from mlblog.lab import Lab, Project

EXPERIMENT = """
import os
import numpy as np
import pytest
from mlblog.lab import Run, experiment

@experiment(smoke=dict(n=20_000), seeds=30)
def trial(run: Run, *, n: int, seed: int) -> None:
    '''Fill an array.'''
    os.write(int(os.environ["MLBLOG_BEGUN"]), b"!")
    run.save(filled=np.full(n, seed + np.random.rand()), at=seed)
"""

# Forks of a process that has imported everything: what is killed is the run, not the start of Python.
SCRIPT = """
import contextlib, os, random, signal, sys, time
import torch, safetensors.numpy
torch.set_num_threads(1)
from mlblog.cli import main
from mlblog.lab import Lab, Project
from mlblog.lab.determinism import deterministic
with deterministic(0, "cpu"):
    pass  # torch imports more when this is first asked for

begun, tell = os.pipe()
os.environ["MLBLOG_BEGUN"] = str(tell)

def run(*arguments):
    child = os.fork()
    if child == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1), os.dup2(null, 2)
        main(["run", "--scale", "smoke", "--executor", "inline", *arguments])
    return child

moments, killed = random.Random(3), 0
for attempt in range(10):
    child = run("--all")
    for _ in range(moments.randrange(1, 12)):  # runs that have begun: their number depends on no clock
        os.read(begun, 1)
    time.sleep(moments.uniform(0, 0.01))
    os.kill(child, signal.SIGKILL)
    killed += os.waitpid(child, 0)[1] == signal.SIGKILL
    os.set_blocking(begun, False)
    with contextlib.suppress(BlockingIOError):
        os.read(begun, 1000)
    os.set_blocking(begun, True)
    store = Lab(Project.find()).store
    print(killed, *[len(store.read(name).arrays["filled"]) for name in store.names()])
print(os.waitpid(run(), 0)[1])
"""


@pytest.mark.audit
def test_run_killed_ten_times_leaves_whole_records(make_project: Callable[[dict[str, str]], Project]) -> None:
    project = make_project({"toy/experiments/trial.py": EXPERIMENT})
    done = subprocess.run([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, text=True, check=True, timeout=120)
    *attempts, last = [[int(word) for word in line.split()] for line in done.stdout.splitlines()]
    killed = attempts[-1][0]
    assert killed == 10, f"the kills came too late: {attempts}"
    seen = [len(sizes) for _, *sizes in attempts]
    assert any(0 < count < 30 for count in seen), f"the kills came too early or too late: {seen}"
    assert {size for _, *sizes in attempts for size in sizes} == {20_000}

    assert last == [0]
    lab = Lab(project)
    assert [state.name for state in lab.states(lab.keys("smoke"))] == ["fresh"] * 30
    for name in lab.store.names():
        record = lab.store.read(name)
        assert record.values["at"] == record.seed
        np.testing.assert_array_equal(np.floor(record.arrays["filled"]), record.seed)
