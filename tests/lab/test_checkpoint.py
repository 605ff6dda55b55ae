"""A run that is killed, at any moment, and begun again ends with the bits of one that was left alone."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from mlblog.errors import RunError
from mlblog.lab import Key, Record, Run, experiment
from mlblog.lab.running.run import execute

STARTED: list[int] = []


def train(run: Run, *, steps: int, seed: int) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.Dropout(0.3), torch.nn.Linear(7, 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    order = np.random.default_rng(seed)
    other = np.random.Generator(np.random.MT19937(seed))
    run.uses("corpus", "abc")
    run.save(begin=model[0].weight, drawn=random.random())
    run.log(step=0, before=1.0)
    checkpoint = run.checkpoint(
        model=model, optimizer=optimizer, schedule=schedule, order=order, other=other, every=0.0
    )
    run.save(between=random.random(), threads=torch.get_num_threads())  # these draws, too, are the first ones
    offset = float(torch.rand(()))
    run.log(step=0, between=offset)
    os.write(1, f"{checkpoint.step}\n".encode())
    os.write(STARTED[0], b"!")
    for step in checkpoint.steps(steps):
        x = torch.rand(11, 5) + float(order.random() + other.random()) + random.random() + np.random.rand() + offset
        loss = (model(x) - x.sum(1, keepdim=True)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        run.log(step=step, loss=loss)
        if step % 100 == 7:
            run.save(**{f"loss_{step}": loss, f"weight_{step}": model[0].weight})
            run.measure(**{f"clock_{step}": time.perf_counter()})
            run.uses(f"corpus {step}", "def")
    run.save(weight=model[0].weight, bias=model[2].bias)


def trained_in_a_fork(folder: Path, name: str, steps: int, delay: float | None) -> int:
    """Train in a child, killed after `delay` seconds; return its wait status. Forking spares importing torch again."""
    begun, tell = os.pipe()
    child = os.fork()
    if child == 0:
        declared = experiment(smoke={"steps": steps}, seeds=1)(train)
        try:
            STARTED.append(tell)
            key = Key("train", "smoke", {}, 3)
            record = execute(declared, key, {}, checkpoints=folder / f"{name}.ckpt")
            np.savez(folder / f"{name}.npz", **record.arrays)
            measured = record.environment["measured"]
            values = {key: value for key, value in record.values.items() if key not in measured}
            kept = [values, measured, record.data]
            (folder / f"{name}.json").write_text(json.dumps(kept, sort_keys=True), encoding="utf-8")
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
folder, steps = Path(sys.argv[2]), int(sys.argv[4])
assert trained_in_a_fork(folder, "undisturbed", steps, None) == 0
for delay in np.random.default_rng(5).uniform(0.0, 0.06, int(sys.argv[3])):
    trained_in_a_fork(folder, "killed", steps, delay)
assert trained_in_a_fork(folder, "killed", steps, None) == 0
"""


@pytest.mark.parametrize(("kills", "steps"), [(3, 200), pytest.param(24, 700, marks=pytest.mark.audit)])
def test_killed_and_resumed_run_ends_with_the_same_bits(tmp_path: Path, kills: int, steps: int) -> None:
    """Kills spread over one training run; each process goes on where the last one fell."""
    command = [sys.executable, "-c", SCRIPT, str(Path(__file__).parent), str(tmp_path), str(kills), str(steps)]
    printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=tmp_path).stdout
    _, *resumed = [int(line) for line in printed.splitlines()]
    assert resumed == sorted(resumed)
    assert len(set(resumed)) >= kills // 5, f"the kills came too early or too late to test anything: {resumed}"
    undisturbed, killed = np.load(tmp_path / "undisturbed.npz"), np.load(tmp_path / "killed.npz")
    assert set(undisturbed) == set(killed)
    for name in undisturbed:
        assert undisturbed[name].tobytes() == killed[name].tobytes(), name
    assert len(undisturbed) == steps // 100 + 3 + 2 * 3  # snapshots, the three of its beginning and end, series
    assert (tmp_path / "undisturbed.json").read_text() == (tmp_path / "killed.json").read_text()
    assert (tmp_path / "killed.ckpt").exists(), "the run is over, but nobody has stored its record yet"


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


class Cut(Exception):
    """Cuts a run short, as a kill would."""


def legs(tmp_path: Path, body: Callable[[Run], None]) -> tuple[Record, Record]:
    """Run `body` to its end, and once more in two legs, the first of which ends where it calls `run.cut()`."""

    def trial(run: Run, *, seed: int) -> None:
        body(run)

    declared, key = experiment(smoke={}, seeds=1)(trial), Key("trial", "smoke", {}, 3)
    whole = execute(declared, key, {}, checkpoints=tmp_path / "whole")
    cut.append(True)
    with pytest.raises(RunError, match="Cut"):
        execute(declared, key, {}, checkpoints=tmp_path / "cut")
    cut.clear()
    return whole, execute(declared, key, {}, checkpoints=tmp_path / "cut")


cut: list[bool] = []


def cut_at(step: int, here: int) -> None:
    if cut and step == here:
        raise Cut


def test_seconds_and_memory_count_every_leg(tmp_path: Path) -> None:
    def body(run: Run) -> None:
        for step in run.checkpoint(every=0.0).steps(4):
            time.sleep(0.0 if not cut and step == 3 else 0.15)
            if cut:
                held = np.ones(30_000_000)  # of the first leg alone
                run.log(step=step, held=held[0])
            else:
                run.log(step=step, held=1.0)
            cut_at(step, 3)

    _, resumed = legs(tmp_path, body)
    assert float(resumed.environment["seconds"]) >= 0.45  # type: ignore[arg-type]
    assert int(resumed.environment["peak_memory"]) >= 240_000_000  # type: ignore[arg-type]


def test_operations_of_an_earlier_leg_are_told_of(tmp_path: Path) -> None:
    def body(run: Run) -> None:
        for step in run.checkpoint(every=0.0).steps(4):
            if step == 1:
                warnings.warn("f_backward does not have a deterministic implementation", stacklevel=1)
            run.log(step=step, x=1.0)
            cut_at(step, 3)

    whole, resumed = legs(tmp_path, body)
    for record in (whole, resumed):
        assert record.environment["nondeterministic_operations"] == ["f_backward"]
        assert record.environment["deterministic"] is False


def test_name_used_twice_is_a_mistake_in_a_resumed_run_too(tmp_path: Path) -> None:
    def body(run: Run) -> None:
        checkpoint = run.checkpoint(every=0.0)
        run.save(early=1)
        for step in checkpoint.steps(5):
            if not cut and step == 4:
                with pytest.raises(RunError, match="'early' was already saved"):
                    run.save(early=2)
            if step == 1:
                run.save(inside=step)
            cut_at(step, 3)

    whole, resumed = legs(tmp_path, body)
    assert whole.values == resumed.values == {"early": 1, "inside": 1}


def test_changed_data_begin_the_run_anew(tmp_path: Path) -> None:
    def body(run: Run) -> None:
        run.uses("corpus", "old" if cut else "new")
        checkpoint = run.checkpoint(every=0.0)
        run.save(begins_at=checkpoint.step)
        for step in checkpoint.steps(5):
            cut_at(step, 3)

    _, resumed = legs(tmp_path, body)
    assert (resumed.values, resumed.data) == ({"begins_at": 0}, {"corpus": "new"})


def test_disk_without_room_for_a_checkpoint_ends_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_bytes(b"")
    run = Run(Key("e", "smoke", {}, 0), {}, checkpoints=tmp_path / "file" / "c", identity="i")
    assert list(run.checkpoint(every=0.0).steps(3)) == [0, 1, 2]
    assert "cannot write the checkpoint of step 2: File exists" in capsys.readouterr().err


def test_second_checkpoint_is_refused() -> None:
    """It would restore what the first one wrote."""
    run = Run(Key("e", "smoke", {}, 0), {})
    run.checkpoint()
    with pytest.raises(RunError, match="a run has only one checkpoint; pass all its parts to one"):
        run.checkpoint()


def test_every_array_and_value_comes_back_as_it_was(tmp_path: Path) -> None:
    kinds = ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")

    def body(run: Run) -> None:
        for step in run.checkpoint(every=0.0).steps(4):
            if step == 1:
                run.save(**{kind: np.arange(6).astype(kind).reshape(2, 3).T for kind in kinds}, empty=np.zeros((0, 3)))
                run.save(i=10**30, f=-0.0, b=True, s="x\u2028", n=[1, [2.5, None]], p=(1, "y"), none=None)
            cut_at(step, 3)

    whole, resumed = legs(tmp_path, body)
    assert resumed.files[1] == whole.files[1]
    assert repr(resumed.values) == repr(whole.values)
