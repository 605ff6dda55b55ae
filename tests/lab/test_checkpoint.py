"""A run that is killed, at any moment, and begun again ends with the bits of one that was left alone."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from mlblog.errors import RunError
from mlblog.lab import Key, Run
from mlblog.lab.run import execute
from mlblog.lab.spec import Experiment

STARTED: list[int] = []


def train(run: Run, *, steps: int, seed: int) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.Dropout(0.3), torch.nn.Linear(7, 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    order = np.random.default_rng(seed)
    checkpoint = run.checkpoint(model=model, optimizer=optimizer, schedule=schedule, order=order, every=0.0)
    os.write(1, f"{checkpoint.step}\n".encode())
    os.write(STARTED[0], b"!")
    for step in checkpoint.steps(steps):
        x = torch.rand(11, 5) + float(order.random()) + random.random() + np.random.rand()
        loss = (model(x) - x.sum(1, keepdim=True)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        run.log(step=step, loss=loss)
    run.save(weight=model[0].weight, bias=model[2].bias)


def trained_in_a_fork(folder: Path, name: str, delay: float | None) -> int:
    """Train in a child, killed after `delay` seconds; return its wait status. Forking spares importing torch again."""
    begun, tell = os.pipe()
    child = os.fork()
    if child == 0:
        experiment = Experiment(train, {"smoke": {"steps": 700}}, {"steps": None}, 1)
        try:
            STARTED.append(tell)
            key = Key("train", "smoke", {}, 3)
            record = execute(experiment, key, {}, root=folder, checkpoints=folder / f"{name}.ckpt")
            np.savez(folder / f"{name}.npz", **record.arrays)
            os._exit(0)
        finally:
            os._exit(1)
    if delay is not None:
        os.read(begun, 1)  # under load a child may take long to get going
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


SCRIPT = """
import sys
import numpy as np, torch
from pathlib import Path
torch.set_num_threads(1)  # a process that ran torch with one thread may be forked
sys.path.insert(0, sys.argv[1])
from test_checkpoint import trained_in_a_fork
folder = Path(sys.argv[2])
assert trained_in_a_fork(folder, "undisturbed", None) == 0
for delay in np.random.default_rng(5).uniform(0.0, 0.06, 24):
    trained_in_a_fork(folder, "killed", delay)
assert trained_in_a_fork(folder, "killed", None) == 0
"""


def test_killed_and_resumed_run_ends_with_the_same_bits(tmp_path: Path) -> None:
    """Two dozen kills, spread over one training run; each process goes on where the last one fell."""
    command = [sys.executable, "-c", SCRIPT, str(Path(__file__).parent), str(tmp_path)]
    printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=tmp_path).stdout
    _, *resumed = [int(line) for line in printed.splitlines()]
    assert resumed == sorted(resumed)
    assert len(set(resumed)) >= 5, f"the kills came too early or too late to test anything: {resumed}"
    undisturbed, killed = np.load(tmp_path / "undisturbed.npz"), np.load(tmp_path / "killed.npz")
    assert set(undisturbed) == set(killed)
    for name in undisturbed:
        assert undisturbed[name].tobytes() == killed[name].tobytes(), name
    assert not (tmp_path / "killed.ckpt").exists()


def test_checkpoint_of_other_code_is_not_taken_up(tmp_path: Path) -> None:
    def checkpoint(identity: str) -> int:
        run = Run(Key("e", "smoke", {}, 0), {}, checkpoints=tmp_path / "c", identity=identity)
        found = run.checkpoint(model=torch.nn.Linear(2, 3))
        at = found.step
        found.save(7)
        return at

    assert [checkpoint("old"), checkpoint("old"), checkpoint("new")] == [0, 7, 0]


def test_spoilt_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / "c").write_bytes(b"nonsense")
    run = Run(Key("e", "smoke", {}, 0), {}, checkpoints=tmp_path / "c", identity="i")
    with pytest.raises(RunError, match=r"/c: not a checkpoint .*delete it"):
        run.checkpoint(model=torch.nn.Linear(2, 3))
