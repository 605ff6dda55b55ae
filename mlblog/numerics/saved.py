"""How much autograd keeps for the backward pass, counted in bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from types import TracebackType

import torch
from torch import Tensor


class SavedTensors:
    """Counts the bytes of the tensors that autograd keeps, while it keeps them.

    A storage counts once, however many tensors share it. What is no part of a graph is not counted: temporary results,
    gradients, and what a function keeps past autograd. Backward passes within the block count, too, so that
    `peak` holds what is computed again.

    Args:
        apart: tensors that are kept anyway and do not count, such as `net.parameters()`.

    Attributes:
        now: bytes kept at this moment.
        peak: the most at one time.

    Example:
        >>> x = torch.ones(1000, requires_grad=True)
        >>> with SavedTensors() as saved:
        ...     y = x.exp().sum()  # keeps exp(x), and nothing for the sum
        >>> saved.peak
        4000
    """

    def __init__(self, apart: Iterable[Tensor] = ()) -> None:
        self.now = self.peak = 0
        self._apart = {tensor.untyped_storage().data_ptr() for tensor in apart}
        self._kept = Counter[int]()

    def __enter__(self) -> SavedTensors:
        self._hooks = torch.autograd.graph.saved_tensors_hooks(lambda tensor: _Kept(self, tensor), _Kept.unpack)
        self._hooks.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hooks.__exit__(kind, error, trace)

    def _count(self, tensor: Tensor, change: int) -> None:
        storage = tensor.untyped_storage()
        where = storage.data_ptr()
        if where in self._apart:
            return
        before = self._kept[where] > 0
        self._kept[where] += change
        self.now += (int(self._kept[where] > 0) - int(before)) * storage.nbytes()
        self.peak = max(self.peak, self.now)


class _Kept:
    """A tensor that a graph keeps; it is counted until the graph lets go of it."""

    def __init__(self, count: SavedTensors, tensor: Tensor) -> None:
        self.count, self.tensor = count, tensor.detach()  # a graph that kept its own output would never be freed
        count._count(self.tensor, 1)

    def unpack(self) -> Tensor:
        return self.tensor

    def __del__(self) -> None:
        self.count._count(self.tensor, -1)
