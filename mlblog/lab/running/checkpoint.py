"""Checkpoints: what a killed run needs to go on as if nothing had happened.

A checkpoint is one safetensors file: tensors as tensors, everything else (step, optimiser settings, generator states,
results so far) as JSON in its header. No pickle, so a checkpoint cannot run code.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from mlblog.errors import RunError
from mlblog.files.atomic import write_atomically
from mlblog.lab.observing.hook import go_on_from, seen_so_far
from mlblog.lab.running.legs import Legs
from mlblog.lab.running.results import Results


class Stateful(Protocol):
    """Anything with PyTorch's state protocol: modules, optimisers, schedulers, samplers."""

    def state_dict(self) -> Mapping[str, Any]:
        """Return the whole state."""
        ...

    def load_state_dict(self, state: Any) -> Any:
        """Restore a state."""
        ...


Part = Stateful | np.random.Generator


class Checkpoint:
    """The resumable part of a run: made by `Run.checkpoint`, which first restores what an interrupted run left.

    Example:
        A training loop that survives::

            checkpoint = run.checkpoint(model=model, optimizer=optimizer)
            for step in checkpoint.steps(steps):
                ...
    """

    def __init__(
        self,
        path: Path | None,
        identity: str,
        parts: Mapping[str, Part],
        results: Results,
        legs: Legs,
        track: Callable[..., Iterator[int]],
        every: float,
    ) -> None:
        """Use the file `path` (None: keep nothing), valid for `identity`, for `parts`, `results` and `legs`."""
        self._path, self._identity, self._parts, self._results, self._legs = path, identity, parts, results, legs
        self._track, self._every = track, every
        self._generators: Mapping[str, Any] | None = None  # set when the loop goes on
        self.step = 0
        self._restore()

    def steps(self, stop: int, label: str = "step") -> Iterator[int]:
        """Yield the remaining steps up to `stop`, and save between steps when it is time."""
        saved = time.monotonic()
        for step in self._track(range(self.step, stop), label, initial=self.step, total=stop):
            self._go_on()
            if time.monotonic() - saved >= self._every:
                self.save(step)
                saved = time.monotonic()
            yield step
            self.step = step + 1

    def save(self, step: int) -> None:
        """Write the state before `step`; the old checkpoint stays until the new one is complete.

        A full disk does not stop a run: it continues without the checkpoint and warns on standard error.
        """
        if self._generators is not None and step < self.step:
            return  # the code before the loop runs again; the checkpoint is further on
        self._go_on()
        self.step = step
        if self._path is None:
            return
        from safetensors.torch import save

        tensors: dict[str, Any] = {}
        state = {
            "identity": self._identity,
            "step": step,
            "results": _pack(self._results.state_dict(), tensors),
            "legs": self._legs.state_dict(),
            "inputs": seen_so_far(),
            "generators": _pack(_generators(), tensors),
            "parts": {name: _pack(_state_of(part), tensors) for name, part in self._parts.items()},
        }
        # clones: safetensors refuses tensors that share memory, as tied weights do
        content = save(
            {name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()},
            metadata={"state": json.dumps(state)},
        )
        try:
            write_atomically(self._path, content)
        except OSError as error:
            sys.stderr.write(f"{self._path}: cannot write the checkpoint of step {step}: {error.strerror}\n")

    def _go_on(self) -> None:
        """Restore the generators only now, so that code before the loop draws what it drew the first time."""
        if self._generators is not None:
            _set_generators(self._generators)
            self._generators, self._results.replaying = None, False

    def _restore(self) -> None:
        if self._path is None or not self._path.is_file():
            return
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self._path, framework="pt") as file:
                state = json.loads(file.metadata()["state"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, ValueError, KeyError, TypeError, OSError) as error:
            raise RunError(
                f"{self._path}: not a checkpoint ({error}); delete it to start from the beginning"
            ) from error
        if state["identity"] != self._identity or not go_on_from(state["inputs"]):
            return  # of other code, parameters, libraries, device or inputs
        results = _unpack(state["results"], tensors)
        if any(results["data"].get(source, digest) != digest for source, digest in self._results.data.items()):
            return  # of other data
        self._results.load_state_dict(results)
        self._legs.load_state_dict(state["legs"])
        for name, part in self._parts.items():
            _restore_part(part, _unpack(state["parts"][name], tensors))
        self._generators = _unpack(state["generators"], tensors)
        self.step = state["step"]


def _state_of(part: Part) -> dict[str, Any]:
    if isinstance(part, np.random.Generator):
        return dict(part.bit_generator.state)
    return dict(part.state_dict())


def _restore_part(part: Part, state: Any) -> None:
    if isinstance(part, np.random.Generator):
        part.bit_generator.state = state
    else:
        part.load_state_dict(state)


def _generators() -> dict[str, Any]:
    import torch

    name, keys, position, has_gauss, gauss = np.random.get_state()
    return {
        "python": random.getstate(),
        "numpy": (name, torch.from_numpy(np.asarray(keys, dtype=np.int64)), position, has_gauss, gauss),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def _set_generators(state: Mapping[str, Any]) -> None:
    import torch

    random.setstate(state["python"])
    name, keys, *rest = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))
    torch.set_rng_state(state["torch"])
    if state["cuda"]:
        torch.cuda.set_rng_state_all(state["cuda"])


def _pack(value: Any, tensors: dict[str, Any]) -> Any:
    """`value` as JSON: tensors move to `tensors`; tuples and other keys than strings are tagged."""
    import torch

    if isinstance(value, torch.Tensor):
        name = f"t{len(tensors)}"
        tensors[name] = value
        return {"tensor": name}
    if isinstance(value, np.ndarray | np.generic):
        name = f"t{len(tensors)}"
        try:
            tensors[name] = torch.from_numpy(np.array(value, order="C"))
        except TypeError as error:
            raise RunError(f"checkpoints cannot store an array of {value.dtype}: {error}") from error
        return {"array" if isinstance(value, np.ndarray) else "number": name}
    if isinstance(value, tuple):
        return {"tuple": [_pack(item, tensors) for item in value]}
    if isinstance(value, list):
        return [_pack(item, tensors) for item in value]
    if isinstance(value, Mapping):
        return {"pairs": [[_pack(k, tensors), _pack(v, tensors)] for k, v in value.items()]}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    kind = type(value).__name__
    raise RunError(f"checkpoints store tensors, arrays, numbers, strings and containers of them, not {kind}")


def _unpack(value: Any, tensors: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_unpack(item, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    ((tag, content),) = value.items()
    if tag == "tensor":
        return tensors[content].clone()
    if tag in ("array", "number"):
        array = tensors[content].numpy().copy()
        return array if tag == "array" else array[()]
    if tag == "tuple":
        return tuple(_unpack(item, tensors) for item in content)
    return {_unpack(k, tensors): _unpack(v, tensors) for k, v in content}
