"""What a run keeps, what it refuses, and that seeds and threads are set for it."""

from __future__ import annotations

import asyncio
import functools
import random
import sys
import warnings
from collections.abc import Callable

import numpy as np
import pytest
import torch

from mlblog.errors import RunError
from mlblog.lab import Key, Record, Run, experiment
from mlblog.lab.running.run import execute

KEY = Key("trial", "smoke", {}, 3)


def carried_out(body: Callable[[Run], None], seed: int = 3) -> Record:
    def trial(run: Run, *, seed: int) -> None:
        body(run)

    return execute(experiment(smoke={}, seeds=1)(trial), Key("trial", "smoke", {}, seed), {"a.b": "0"})


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
        (lambda run: run.save(x=object()), "'x' is a object, which records cannot store; turn it into numbers"),
        (lambda run: [run.save(x=1), run.save(x=2)], "'x' was already saved"),
        (lambda run: None, r"it saved nothing; call run\.save"),
        (lambda run: [run.log(step=4, a=1), 1 / 0], "ZeroDivisionError at step 4: division by zero"),
        (lambda run: torch.empty(2**60), "out of memory|RuntimeError"),
        (lambda run: sys.exit(0), r"it called sys\.exit\(0\); an experiment must return instead"),
        (lambda run: [run.log(step=4, a=1), sys.exit("enough")], r"it called sys\.exit\(enough\) at step 4;"),
        (lambda run: raised(Mute()), r"Mute: \(its message is not available: ZeroDivisionError\)"),
        (lambda run: raised(ValueError("\ud800")), r"ValueError: \\ud800$"),
        (lambda run: raised(ValueError("x" * 10_000)), "ValueError: x{2000}…$"),
        (lambda run: raised(asyncio.CancelledError("stopped")), "CancelledError: stopped"),
        (lambda run: run.log(step=0.5, a=1), "step 0.5 is not a whole number"),
        (lambda run: run.log(step=2**64, a=1), "step 18446744073709551616 does not fit"),
        (lambda run: run.log(step=1, **{"a/step": 1}), "'a/step' ends in /step"),
        (lambda run: [run.uses("words", "1"), run.uses("words", "2")], "'words' had the digest 1 before and has 2"),
        (lambda run: run.uses("words", 1), "'words' a source and its digest must be strings"),
    ],
)
def test_failures_name_the_run_the_cause_and_the_step(body: Callable[[Run], None], message: str) -> None:
    with pytest.raises(RunError, match=rf"^trial smoke seed 3: .*({message})"):
        carried_out(body)


class Mute(Exception):
    def __str__(self) -> str:
        return str(1 / 0)


def raised(error: BaseException) -> None:
    raise error


def ragged() -> torch.Tensor:
    return torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged)


def quantised() -> torch.Tensor:
    with warnings.catch_warnings(action="ignore"):  # torch is about to drop it
        return torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: np.fft.fft(np.ones(3)), "is an array of complex128, .*save its real and imaginary parts"),
        (lambda: torch.ones(3, dtype=torch.complex64), "is an array of complex64, .*imaginary part"),
        (lambda: 1j, "is a complex, .*imaginary part"),
        (lambda: np.array(["a", "b"]), r"is an array of <U1, .*; save x\.tolist\(\)"),
        (lambda: np.array([b"a"]), r"is an array of \|S1, .*; save x\.astype\(str\)"),
        (lambda: np.array([None, 1]), "is an array of object, .*; turn it into numbers"),
        (
            lambda: np.array(["2026-11-21"], dtype="datetime64[D]"),
            r"is an array of datetime64\[D\], .*; save x\.astype\(str\)",
        ),
        (lambda: np.datetime64("2026-11-21"), "is a date, which records cannot store"),
        (lambda: np.array([1], dtype="timedelta64[s]"), "is an array of timedelta64.*; divide it by a unit"),
        (
            lambda: np.ones(2, dtype=np.longdouble),
            r"is an array of (float|longdouble).*; save x\.astype\(np\.float64\)",
        ),
        (lambda: np.zeros(2, dtype=[("a", "f4"), ("b", "i4")]), "is an array of .*; save each field"),
        (lambda: np.ma.masked_array([1.0, 2.0], mask=[True, False]), r"is a masked array, .*x\.mask"),
        (lambda: torch.ones(3, dtype=torch.bfloat16), r"is a tensor of torch\.bfloat16 on cpu, .*; save x\.float\(\)"),
        (
            lambda: torch.ones(3).to(torch.float8_e5m2),
            r"is a tensor of torch\.float8_e5m2 on cpu, .*; save x\.float\(\)",
        ),
        (lambda: torch.ones(3, device="meta"), r"is a tensor of torch\.float32 on meta"),
        (lambda: torch.eye(3).to_sparse(), r"is a sparse or nested tensor of torch\.float32, .*; save x\.to_dense\(\)"),
        (ragged, "is a sparse or nested tensor"),
        (quantised, r"is a tensor of torch\.qint8, .*; save x\.dequantize\(\)"),
        (lambda: {"a": 1}, r"is a dict, .*; save its entries separately: run\.save\(\*\*x\)"),
        (lambda: [1, torch.ones(2)], "is a list with a Tensor, .*; stack the list into one array"),
        (lambda: [[1.0, {2}]], "is a list with a set, which"),
        (lambda: b"bytes", "is a bytes, which"),
        (lambda: "half a \ud800", "cannot be written as JSON"),
        (lambda: 10**5000, "cannot be written as JSON"),
        (lambda: functools.reduce(lambda inner, _: [inner], range(40), 1), "is a list of lists, deeper than 32"),
    ],
)
def test_what_a_record_cannot_hold_is_refused_when_it_is_saved(made: Callable[[], object], message: str) -> None:
    run = Run(KEY, {})
    with pytest.raises(RunError, match=rf"^trial smoke seed 3: 'x' {message}"):
        run.save(x=made())


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 201, "\ud800", "__metadata__", "series/loss"])
def test_names_that_files_cannot_hold_or_use_themselves(name: str) -> None:
    run = Run(KEY, {})
    with pytest.raises(RunError, match=r"is not a valid name for a result|is a reserved name in array files"):
        run.save(**{name: np.ones(2)})


@pytest.mark.parametrize(
    "array",
    [
        *(
            np.arange(5).astype(kind)
            for kind in ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")
        ),
        np.arange(6.0).reshape(2, 3).T,
        np.arange(5, dtype=">f8"),
        np.zeros((0, 3)),
        torch.ones(3, dtype=torch.complex64).conj().imag,  # a view with its sign pending
    ],
    ids=str,
)
def test_every_other_array_is_kept_to_the_bit(array: np.ndarray | torch.Tensor) -> None:
    record = carried_out(lambda run: run.save(x=array))
    read = Record.from_files(record.files[0], lambda _: record.files[1], "x").arrays["x"]
    wanted = array.resolve_neg().numpy() if isinstance(array, torch.Tensor) else array
    assert read.dtype.name == wanted.dtype.name
    assert read.tolist() == wanted.tolist()
    assert read.shape == wanted.shape


def test_what_is_saved_is_a_snapshot() -> None:
    def body(run: Run) -> None:
        weight, counts = torch.zeros(3), np.zeros(2)
        run.save(weight=weight, counts=counts)
        weight += 1
        counts += 1

    arrays = carried_out(body).arrays
    assert (arrays["weight"].tolist(), arrays["counts"].tolist()) == ([0, 0, 0], [0, 0])


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


def test_environment_says_where_and_when() -> None:
    environment = carried_out(draws).environment
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
