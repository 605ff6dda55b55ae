"""A network that readers try: the page runs it when they ask for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from matplotlib.figure import Figure


class Network(Protocol):
    """What a record keeps of a network: `runs[0].model(name)`."""

    @property
    def onnx(self) -> bytes:
        """The graph with its weights."""
        ...

    @property
    def inputs(self) -> Mapping[str, np.ndarray]:
        """An example."""
        ...

    @property
    def outputs(self) -> Mapping[str, np.ndarray]:
        """What PyTorch computed for it."""
        ...


@dataclass(frozen=True)
class Trial:
    """A picture, and what a page loads to run a network in its place.

    Attributes:
        still: what shows before, on paper and without scripts.
        files: by name: the graph, the author's script, and the example with the settings of the script.
    """

    still: Figure
    files: Mapping[str, str | bytes]

    def __repr__(self) -> str:
        return f"<a network of {len(self.files['graph.onnx']):,} bytes to try>"

    def _repr_png_(self) -> Any:
        """The picture, where nothing can run the network, as in a plain notebook."""
        from IPython.core.pylabtools import print_figure

        return print_figure(self.still, fmt="png")  # type: ignore[no-untyped-call]  # in IPython


def try_it(network: Network, *, still: Figure, script: str | Path, **settings: Any) -> Trial:
    """Offer readers to run a network in the page; as the last line of a cell it is the cell's figure.

    Args:
        network: from a record, as `runs[0].model("speller")`.
        still: what shows until they do.
        script: path of a JavaScript module, from the root of the project. Its default export gets an empty element to
            fill, and `{run, settings}`; `await run({name: nested lists})` gives `{name: {dims, data}}`.
        **settings: for the script; anything that JSON has.

    Raises:
        FileNotFoundError: there is no such script.
    """
    import matplotlib.pyplot as plt

    plt.close(still)  # the cell would show it on its own as well
    example = {"inputs": _plain(network.inputs), "outputs": _plain(network.outputs), "settings": settings}
    return Trial(
        still,
        {
            "graph.onnx": network.onnx,
            "example.json": json.dumps(example, allow_nan=False),
            "script.js": Path(script).read_text(encoding="utf-8"),
        },
    )


def _plain(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Arrays as JSON; what is not finite as a string that JavaScript reads."""
    return {
        name: {
            "type": str(array.dtype),
            "dims": list(array.shape),
            "data": [value if np.isfinite(value) else json.dumps(value) for value in array.ravel().tolist()],
        }
        for name, array in arrays.items()
    }
