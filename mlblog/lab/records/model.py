"""A network in a record: an ONNX graph that holds its weights, and what it computed for an example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

PREFIX = "model/"  # of the names of a model's arrays
MOST_BYTES = 2_000_000  # of a graph with its weights: git keeps every version, and readers wait for it


@dataclass(frozen=True, eq=False)
class Model:
    """What `run.save_model` kept of a network.

    Attributes:
        name: of the model in its record.
        onnx: the graph with its weights, as an ONNX file.
        inputs: the example, by the names that the network gives its arguments.
        outputs: what PyTorch computed for it.
    """

    name: str
    onnx: bytes
    inputs: Mapping[str, np.ndarray]
    outputs: Mapping[str, np.ndarray]

    def to_arrays(self) -> dict[str, np.ndarray]:
        """This as arrays of a record.

        Raises:
            ValueError: the graph is too large, or the name cannot be part of others.
        """
        if "/" in self.name:
            raise ValueError("is not a valid name for a model; leave out the slash")
        if (size := len(self.onnx)) > MOST_BYTES:
            raise ValueError(
                f"has {size / 1e6:.1f} MB with its weights; records hold models of at most {MOST_BYTES / 1e6:g} MB."
                " Train a smaller network for readers to try"
            )
        place = f"{PREFIX}{self.name}"
        return {
            place: np.frombuffer(self.onnx, dtype=np.uint8),
            **{f"{place}/input/{name}": array for name, array in self.inputs.items()},
            **{f"{place}/output/{name}": array for name, array in self.outputs.items()},
        }

    @classmethod
    def from_arrays(cls, name: str, arrays: Mapping[str, np.ndarray]) -> Model:
        """The inverse of `to_arrays`.

        Raises:
            KeyError: no such model.
        """
        place = f"{PREFIX}{name}"
        if place not in arrays:
            names = [one.removeprefix(PREFIX) for one in arrays if one.startswith(PREFIX) and one.count("/") == 1]
            raise KeyError(f"no model {name!r}; there are {', '.join(names) or 'none'}")

        def parts(kind: str) -> dict[str, np.ndarray]:
            start = f"{place}/{kind}/"
            return {one.removeprefix(start): array for one, array in arrays.items() if one.startswith(start)}

        return cls(name, arrays[place].tobytes(), parts("input"), parts("output"))
