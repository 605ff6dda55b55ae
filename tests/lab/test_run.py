"""What a run keeps, what it refuses, and that seeds and threads are set for it."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from mlblog.errors import RunError
from mlblog.lab import Key, Record, Run
from mlblog.lab.run import execute
from mlblog.lab.spec import Experiment

KEY = Key("trial", "smoke", {}, 3)


def carried_out(body: Callable[[Run], None], seed: int = 3, root: Path = Path()) -> Record:
    def trial(run: Run, *, seed: int) -> None:
        body(run)

    return execute(Experiment(trial, {"smoke": {}}, {}, 1), Key("trial", "smoke", {}, seed), {"a.b": "0"}, root=root)


def test_results_are_kept_by_kind() -> None:
    def body(run: Run) -> None:
        run.save(f=0.5, i=np.int64(3), b=True, s="x", t=torch.tensor(2.5), n=[1, 2.0], p=(1, "y"), none=None)
        run.save(array=np.arange(6).reshape(2, 3), tensor=torch.arange(4, dtype=torch.float32))
        run.uses("words", "digest")
        for step in (0, 5):
            run.log(step=step, loss=torch.tensor(1.5 + step), accuracy=0.25)

    record = carried_out(body)
    assert record.values == {
        "f": 0.5, "i": 3, "b": True, "s": "x", "t": 2.5, "n": [1, 2.0], "p": [1, "y"], "none": None,
    }  # fmt: skip
    assert {name: (a.shape, a.dtype.name) for name, a in record.arrays.items()} == {
        "array": ((2, 3), "int64"), "tensor": ((4,), "float32"),
        "series/loss": ((2,), "float64"), "series/loss/step": ((2,), "int64"),
        "series/accuracy": ((2,), "float64"), "series/accuracy/step": ((2,), "int64"),
    }  # fmt: skip
    np.testing.assert_array_equal(record.arrays["series/loss"], [1.5, 6.5])
    assert record.data == {"words": "digest"}
    assert record.manifest == {"a.b": "0"}
    assert Record.from_files(record.files[0], lambda _: record.files[1], "x").values == record.values


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (lambda run: run.log(step=7, loss=float("nan")), "diverged at step 7: loss is nan"),
        (lambda run: run.save(exact=float("inf")), "'exact' is inf"),
        (lambda run: run.save(x=[1.0, float("nan")]), "not a finite number"),
        (lambda run: run.save(x=object()), "'x' is a object"),
        (lambda run: [run.save(x=1), run.save(x=2)], "'x' was saved already"),
        (lambda run: None, r"it saved nothing; call run\.save"),
        (lambda run: [run.log(step=4, a=1), 1 / 0], "ZeroDivisionError at step 4: division by zero"),
        (lambda run: torch.empty(2**60), "out of memory|RuntimeError"),
    ],
)
def test_failures_name_the_run_the_cause_and_the_step(body: Callable[[Run], None], message: str) -> None:
    with pytest.raises(RunError, match=rf"^trial smoke seed 3: .*({message})"):
        carried_out(body)


def draws(run: Run) -> None:
    run.save(x=[random.random(), float(np.random.rand()), float(torch.rand(()))], threads=torch.get_num_threads())


def test_seed_sets_every_generator() -> None:
    assert carried_out(draws).values == carried_out(draws).values
    first, second = carried_out(draws, seed=3).values["x"], carried_out(draws, seed=4).values["x"]
    assert all(a != b for a, b in zip(first, second, strict=True))  # type: ignore[arg-type]


def test_one_thread_and_deterministic_algorithms_during_the_run_only() -> None:
    def body(run: Run) -> None:
        run.save(threads=torch.get_num_threads(), deterministic=torch.are_deterministic_algorithms_enabled())

    before = torch.get_num_threads()
    assert carried_out(body).values == {"threads": 1, "deterministic": True}
    assert torch.get_num_threads() == before
    assert not torch.are_deterministic_algorithms_enabled()


def test_environment_says_where_and_when(tmp_path: Path) -> None:
    environment = carried_out(draws, root=tmp_path).environment
    assert environment["commit"] == ""
    assert environment["dirty"] is True, "no repository vouches for this code"
    assert environment["torch"] == torch.__version__
    assert environment["deterministic"] is True
    assert environment["threads"] == 1
    assert str(environment["device"]).startswith("cpu: ")
    assert float(environment["seconds"]) >= 0  # type: ignore[arg-type]
    assert int(environment["peak_memory"]) > 2**20  # type: ignore[arg-type]


def test_progress_passes_items_on_and_reports() -> None:
    told: list[tuple[str, int, int | None]] = []
    run = Run(KEY, {}, report=lambda label, done, total, message: told.append((label, done, total)))
    assert list(run.progress("abc", "letters")) == ["a", "b", "c"]
    assert told[0] == ("letters", 0, 3)
    assert told[-1] == ("letters", 3, 3)


def test_run_that_reads_records_is_refused() -> None:
    """Nothing in its own record would say on which records it rests."""
    from mlblog.lab import MemoryStore, experiment, using

    @experiment(smoke={"n": 1})
    def first(run: Run, *, n: int, seed: int) -> None: ...

    store = MemoryStore()
    store.put(Record("first", "smoke", {}, {}, 0, {"v": 1.0}, {}, {}, {}, {}))
    with using(store), pytest.raises(RunError, match="it read records of first"):
        carried_out(lambda run: run.save(x=first.runs().mean("v")))
