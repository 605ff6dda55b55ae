"""One execution of an experiment: its `Run` argument, and its record."""

from __future__ import annotations

import contextlib
import math
import operator
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from pathlib import Path
from typing import Any, TypeVar

from mlblog.errors import RunError
from mlblog.files import canonical
from mlblog.lab.determinism import deterministic
from mlblog.lab.records.record import Key, Record, Value
from mlblog.lab.running.checkpoint import Checkpoint, Part
from mlblog.lab.running.environment import stamp
from mlblog.lab.running.graph import traced
from mlblog.lab.running.legs import Legs
from mlblog.lab.running.results import Results
from mlblog.lab.spec import Experiment

Item = TypeVar("Item")
Report = Callable[[str, int, int | None, str], None]  # label, done, total, message
_LONGEST = 2000  # characters of an error's message; the log has all of it


def silent(label: str, done: int, total: int | None, message: str) -> None:
    """Report nothing."""


class Run:
    """The first argument of an experiment's function: its parameters, its device, and where it saves results.

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
        legs: Legs | None = None,
    ) -> None:
        """Begin the run of `key`; keep checkpoints, valid for `identity` only, in the file `checkpoints` if given."""
        self.scale, self.seed, self.params, self.device = key.scale, key.seed, dict(params), device
        self._key, self._report, self._checkpoints, self._identity = key, report, checkpoints, identity
        self._legs = legs or Legs(device, [])
        self._checkpoint: Checkpoint | None = None
        self._message, self._reported = "", 0.0
        self.results = Results()
        self.step: int | None = None  # the last step logged or begun, for messages

    def log(self, *, step: int, **values: Any) -> None:
        """Append one row to the series named by `values`: numbers, or tensors and arrays of one element.

        Raises:
            RunError: a value is NaN or infinite: the run has diverged, and nothing of it is kept. Or `step` is not a
                whole number.
        """
        try:
            self.step = operator.index(step)
        except TypeError:
            raise RunError(f"{self._key}: step {step!r} is not a whole number") from None
        if not -(2**63) <= self.step < 2**63:
            raise RunError(f"{self._key}: step {step!r} does not fit into 64 bits")
        shown = []
        for name, value in values.items():
            number = float(value.detach() if hasattr(value, "detach") else value)
            if not math.isfinite(number):
                raise RunError(f"{self._key}: diverged at step {step}: {name} is {number}")
            with self._naming(name):
                self.results.log(name, self.step, number)
            shown.append(f"{name} {number:.4g}")
        self._message = "  ".join(shown)

    def save(self, **results: Any) -> None:
        """Keep results under their names: scalars, strings and lists of them as values; tensors and arrays as arrays.

        An array is copied: later changes to it do not change what was saved.

        Raises:
            RunError: a scalar is NaN or infinite, a name is used twice, or a record cannot hold the result.
        """
        for name, result in results.items():
            with self._naming(name):
                self.results.save(name, result)

    def measure(self, **results: Any) -> None:
        """Keep results as `save` does, and mark them as measured: seconds, rates, what differs from run to run.

        Comparing two runs bit by bit leaves them out.
        """
        self.save(**results)
        self.results.measured |= set(results)

    def save_model(
        self, net: Any, example: Mapping[str, Any], *, name: str = "model", outputs: Sequence[str] = ("output",)
    ) -> None:
        """Keep a network as an ONNX graph with its weights, and what it computes for an example.

        Axes of length 1 in the example stay so; others may have any length that the network allows. Needs the extra
        `mlblog[onnx]`.

        Args:
            net: a `torch.nn.Module` that returns a tensor or a tuple of them; it is traced in evaluation mode.
            example: tensors by the names of the arguments of `net.forward`.
            name: by which `runs[0].model(name)` finds it.
            outputs: a name for each tensor that it returns.

        Raises:
            RunError: it has more than 2 MB, it cannot be traced, or the extra is not installed.
        """
        with self._naming(name):
            self.results.save_model(traced(name, net, example, outputs))

    def uses(self, source: str, digest: str) -> None:
        """Record a data source and the digest of its content.

        Raises:
            RunError: the source was named with another digest before.
        """
        with self._naming(source):
            self.results.uses(source, digest)

    @contextlib.contextmanager
    def _naming(self, name: str) -> Iterator[None]:
        """Turn a ValueError into one that names the run and the result."""
        try:
            yield
        except ValueError as error:
            raise RunError(f"{self._key}: {name!r} {error}") from error

    def progress(
        self, items: Iterable[Item], label: str = "step", *, initial: int = 0, total: int | None = None
    ) -> Iterator[Item]:
        """Yield `items`, and show progress."""
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
        """Make the run resumable, and restore the state of an interrupted one.

        Model, optimiser, sampler and the like are given by name; the states of all generators, the logged series and
        all results so far are included. A resumed run on a CPU ends with the same bits as an uninterrupted one.

        A resumed run executes the code before the loop again. Results saved there stay as they were first saved; what
        the loop needs of the initial parts must be computed before this call.

        Args:
            every: seconds between two checkpoints.
            **parts: objects with `state_dict` and `load_state_dict`, and NumPy generators.

        Raises:
            RunError: the run has a checkpoint already, or the file is damaged.
        """
        if self._checkpoint is not None:
            raise RunError(f"{self._key}: a run has only one checkpoint; pass all its parts to one run.checkpoint(…)")
        self._checkpoint = Checkpoint(
            self._checkpoints, self._identity, parts, self.results, self._legs, self.progress, every
        )
        return self._checkpoint


def execute(
    experiment: Experiment,
    key: Key,
    manifest: Mapping[str, str],
    *,
    commit: tuple[str, bool] = ("", True),
    device: str = "cpu",
    report: Report = silent,
    checkpoints: Path | None = None,
) -> Record:
    """Run `experiment` once and return its record. Nothing is written but checkpoints.

    Args:
        experiment: what to run.
        key: at which scale, with which overrides and seed.
        manifest: of the code that the run depends on.
        commit: of that code, and whether files differ from it.
        device: `cpu` or `cuda`.
        report: called with progress.
        checkpoints: file for the state of an interrupted run; the caller deletes it once the record is
            stored.

    Raises:
        RunError: the experiment raised, diverged, ran out of memory or left nothing; the cause is chained.
    """
    params = experiment.params(key.scale, key.overrides)
    environment = stamp(commit, device)
    made_by = canonical.encode([environment[name] for name in ("device", "python", "numpy", "torch")])
    code = canonical.encode(dict(manifest))
    identity = canonical.digest("run", "2", key.stem, canonical.encode(params), code, made_by)
    with deterministic(key.seed, device) as offenders:
        legs = Legs(device, offenders)
        run = Run(key, params, device=device, report=report, checkpoints=checkpoints, identity=identity, legs=legs)
        try:
            experiment.function(run, **params, seed=key.seed)
        except (RunError, KeyboardInterrupt):
            raise
        except BaseException as error:
            at = "" if run.step is None else f" at step {run.step}"
            raise RunError(f"{key}: {_explained(error, at)}") from error
        seconds = legs.seconds
    results = run.results
    arrays = results.all_arrays()
    if not results.values and not arrays:
        raise RunError(f"{key}: it saved nothing; call run.save(name=value) in {experiment.name}")
    environment |= {
        "seconds": round(seconds, 3),
        "peak_memory": legs.peak,
        "threads": 1 if device == "cpu" else None,
        "measured": sorted(results.measured),
        "deterministic": not offenders,
        "nondeterministic_operations": sorted(set(offenders)),
    }
    return Record(
        key.experiment, key.scale, key.overrides, params, key.seed,
        results.values, arrays, manifest, results.data, environment,
    )  # fmt: skip


def said(error: BaseException) -> str:
    """Return the message of `error`, whatever its class does: printable and of limited length."""
    try:
        text = str(error)
    except BaseException as odd:
        return f"(its message is not available: {type(odd).__name__})"
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _explained(error: BaseException, at: str) -> str:
    if isinstance(error, SystemExit):
        return f"it called sys.exit({said(error)}){at}; an experiment must return instead"
    out_of_memory = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    return f"{'out of memory' if out_of_memory else type(error).__name__}{at}: {said(error)}"
