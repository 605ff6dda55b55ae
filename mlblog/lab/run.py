"""One execution of an experiment: what its function is handed, and how its record comes about."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from mlblog.errors import RunError
from mlblog.lab import canonical
from mlblog.lab.checkpoint import Checkpoint, Part
from mlblog.lab.determinism import deterministic
from mlblog.lab.environment import peak_memory, stamp
from mlblog.lab.record import Key, Record, Value, is_value
from mlblog.lab.spec import Experiment

Item = TypeVar("Item")
Report = Callable[[str, int, int | None, str], None]  # label, done, total, message


def silent(label: str, done: int, total: int | None, message: str) -> None:
    """Report nothing."""


class Run:
    """What an experiment's function is handed: its device, and where it puts what it finds.

    Attributes:
        scale: `smoke`, `small` or `full`.
        params: all parameters, as the function gets them.
        seed: the seed of every generator.
        device: `cpu` or `cuda`.
    """

    def __init__(
        self,
        key: Key,
        params: Mapping[str, Value],
        *,
        device: str = "cpu",
        report: Report = silent,
        checkpoints: Path | None = None,
        identity: str = "",
    ) -> None:
        """Be the run of `key`; keep checkpoints, valid for `identity` only, in the file `checkpoints` if given."""
        self.scale, self.seed, self.params, self.device = key.scale, key.seed, dict(params), device
        self._key, self._report, self._checkpoints, self._identity = key, report, checkpoints, identity
        self._values: dict[str, Value] = {}
        self._arrays: dict[str, np.ndarray] = {}
        self._data: dict[str, str] = {}
        self._measured: set[str] = set()
        self._series: dict[str, list[tuple[int, float]]] = {}
        self._message, self._reported = "", 0.0
        self.step: int | None = None  # the last step logged or begun, for messages

    def log(self, *, step: int, **values: Any) -> None:
        """Append one row to the series named by `values`: numbers, or tensors and arrays of one element.

        Raises:
            RunError: a value is NaN or infinite: the run has diverged, and nothing of it is kept.
        """
        self.step = step
        for name, value in values.items():
            number = float(value.detach() if hasattr(value, "detach") else value)
            if not math.isfinite(number):
                raise RunError(f"{self._key}: diverged at step {step}: {name} is {number}")
            self._series.setdefault(name, []).append((step, number))
        self._message = "  ".join(f"{name} {self._series[name][-1][1]:.4g}" for name in values)

    def save(self, **results: Any) -> None:
        """Keep results under their names: scalars, strings and lists of them as values; tensors and arrays as arrays.

        Raises:
            RunError: a scalar is NaN or infinite, a name is used twice, or a record cannot hold the result.
        """
        for name, result in results.items():
            if name in self._values or name in self._arrays:
                raise RunError(f"{self._key}: {name!r} was saved already")
            array = _as_array(result)
            if array is not None and array.ndim > 0:
                self._arrays[name] = array
                continue
            value = _as_value(result if array is None else array[()])
            if not is_value(value):
                raise RunError(f"{self._key}: {name!r} is a {type(result).__name__}, which a record cannot hold")
            if not _finite(value):
                raise RunError(f"{self._key}: {name!r} is {value}: not a finite number")
            self._values[name] = value

    def measure(self, **results: Any) -> None:
        """Keep results as `save` does, and mark them as measured: seconds, rates, whatever differs from run to run.

        Comparing two runs bit by bit leaves them out.
        """
        self.save(**results)
        self._measured |= set(results)

    def uses(self, source: str, digest: str) -> None:
        """Name a data source and the digest of its content, to stand in the record."""
        self._data[source] = digest

    def progress(
        self, items: Iterable[Item], label: str = "step", *, initial: int = 0, total: int | None = None
    ) -> Iterator[Item]:
        """Yield `items`, and show how far along they are."""
        if total is None and isinstance(items, Sized):
            total = len(items)
        for done, item in enumerate(items, start=initial):
            if time.monotonic() - self._reported > 0.1:
                self._reported = time.monotonic()
                self._report(label, done, total, self._message)
            if isinstance(item, int):
                self.step = item
            yield item
        self._report(label, total or 0, total, self._message)

    def checkpoint(self, *, every: float = 20.0, **parts: Part) -> Checkpoint:
        """Make the run resumable, and restore what an interrupted one left.

        Model, optimiser, sampler and the like are given by name; the states of all generators and the logged series
        are kept too. A resumed run on a CPU ends with the same bits as one that was never interrupted.

        Args:
            every: seconds between two checkpoints.
            **parts: objects with `state_dict` and `load_state_dict`, and NumPy generators.
        """
        return Checkpoint(self._checkpoints, self._identity, parts, self._series, self.progress, every)

    @property
    def measured(self) -> list[Value]:
        """The names that `measure` kept, sorted."""
        return list[Value](sorted(self._measured))

    def results(self) -> tuple[dict[str, Value], dict[str, np.ndarray], dict[str, str]]:
        """Return what the run left: values, arrays (with the series among them), data digests."""
        arrays = dict(self._arrays)
        for name, rows in self._series.items():
            arrays[f"series/{name}"] = np.array([value for _, value in rows], dtype=np.float64)
            arrays[f"series/{name}/step"] = np.array([step for step, _ in rows], dtype=np.int64)
        return dict(self._values), arrays, dict(self._data)


def _as_array(result: Any) -> np.ndarray | None:
    """The NumPy array of an array, a NumPy scalar or a tensor; None for anything else."""
    if isinstance(result, np.ndarray | np.generic):
        return np.asarray(result)
    if hasattr(result, "detach"):  # a tensor, named without importing torch
        return np.asarray(result.detach().cpu().numpy())
    return None


def _as_value(result: Any) -> Any:
    if isinstance(result, np.generic):
        return result.item()
    return [_as_value(item) for item in result] if isinstance(result, list | tuple) else result


def _finite(value: Value) -> bool:
    if isinstance(value, list):
        return all(_finite(item) for item in value)
    return not isinstance(value, float) or math.isfinite(value)


def execute(
    experiment: Experiment,
    key: Key,
    manifest: Mapping[str, str],
    *,
    root: Path,
    device: str = "cpu",
    report: Report = silent,
    checkpoints: Path | None = None,
) -> Record:
    """Run `experiment` once and return its record. Nothing is written but checkpoints.

    Args:
        experiment: what to run.
        key: at which scale, with which overrides and seed.
        manifest: the code that the run depends on, as of now.
        root: of the project, for its commit.
        device: `cpu` or `cuda`.
        report: is told of progress.
        checkpoints: file for the state of an interrupted run; deleted once the run has ended well.

    Raises:
        RunError: the experiment raised, diverged, ran out of memory or left nothing; the cause is chained.
    """
    params = experiment.params(key.scale, key.overrides)
    identity = canonical.digest("run", key.stem, canonical.encode(params), canonical.encode(dict(manifest)))
    run = Run(key, params, device=device, report=report, checkpoints=checkpoints, identity=identity)
    environment = stamp(root, device)  # before the run: an edit while it runs must not be vouched for
    with deterministic(key.seed, device) as offenders:
        started = time.monotonic()
        try:
            experiment.function(run, **params, seed=key.seed)
        except RunError:
            raise
        except Exception as error:
            at = "" if run.step is None else f" at step {run.step}"
            cause = "out of memory" if _is_out_of_memory(error) else type(error).__name__
            raise RunError(f"{key}: {cause}{at}: {error}") from error
        seconds = time.monotonic() - started
    values, arrays, data = run.results()
    if not values and not arrays:
        raise RunError(f"{key}: it saved nothing; call run.save(name=value) in {experiment.name}")
    environment |= {
        "seconds": round(seconds, 3),
        "peak_memory": peak_memory(device),
        "threads": 1 if device == "cpu" else None,
        "measured": run.measured,
        "deterministic": not offenders,
        "nondeterministic_operations": list[Value](sorted(set(offenders))),
    }
    if checkpoints is not None:
        checkpoints.unlink(missing_ok=True)
    return Record(
        key.experiment, key.scale, key.overrides, params, key.seed, values, arrays, manifest, data, environment
    )


def _is_out_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
