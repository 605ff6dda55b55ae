"""Data parallelism from inside: gradients averaged over processes, in buckets, while the backward pass goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn


class BucketedReducer:
    """Averages the gradients of some parameters over all ranks during `backward`.

    A hook on each parameter counts down its bucket. The last gradient of a bucket starts an all-reduce of it, which
    runs beside the rest of the backward pass; at its end all are waited for, and the means written back into `grad`.
    Parameters fill buckets from the last to the first, since gradients become ready in about that order.

    The mean is over *ranks*. It is the gradient of the mean loss over all examples only if each rank has as many.

    Args:
        parameters: those that need gradients; the same on every rank, in the same order.
        bucket_bytes: size at which a bucket is full, 25 MiB as in PyTorch.

    Raises:
        ValueError: a parameter that needs no gradient, or one given twice.
        RuntimeError: at the end of a backward pass, if a parameter had no part in it: the other ranks may wait for it.

    References:
        [li2020pytorch], algorithm 1 and section 3.2.
    """

    def __init__(self, parameters: Sequence[nn.Parameter], *, bucket_bytes: int = 25 * 2**20) -> None:
        if len(set(parameters)) < len(parameters) or not all(parameter.requires_grad for parameter in parameters):
            raise ValueError("each parameter must need a gradient and be given once")
        self.reducing = True  # false while gradients are summed up on each rank by itself
        self.buckets = in_buckets(parameters, bucket_bytes)
        self._left: list[int] = []  # gradients that each bucket still waits for; empty between backward passes
        self._flying: list[tuple[Any, Tensor, int]] = []  # what is being reduced: handle, flat gradients, bucket
        for number, bucket in enumerate(self.buckets):
            for parameter in bucket:
                ready = partial(self._ready, number)
                parameter.register_post_accumulate_grad_hook(ready)  # type: ignore[no-untyped-call]  # torch gives it no types

    def _ready(self, number: int, _: Tensor) -> None:
        """One more gradient of a bucket is there; if all are, send them off."""
        if not self.reducing:
            return
        if not self._left:  # the first gradient of this pass
            self._left = [len(bucket) for bucket in self.buckets]
            torch.autograd.Variable._execution_engine.queue_callback(self._finish)
        self._left[number] -= 1
        if self._left[number] == 0:
            flat = torch.cat([_gradient(parameter).flatten() for parameter in self.buckets[number]])
            flat /= dist.get_world_size()  # before the sum, which might overflow half precision
            self._flying.append((dist.all_reduce(flat, async_op=True), flat, number))

    def _finish(self) -> None:
        """At the end of the backward pass: wait, write back."""
        left, self._left = self._left, []
        flying, self._flying = self._flying, []
        if any(left):
            raise RuntimeError(f"{sum(left)} parameters had no part in the loss; every rank must use all of them")
        for handle, flat, number in flying:
            handle.wait()
            sizes = [parameter.numel() for parameter in self.buckets[number]]
            for parameter, mean in zip(self.buckets[number], flat.split(sizes), strict=True):  # type: ignore[no-untyped-call]  # torch gives it no types
                _gradient(parameter).copy_(mean.view_as(parameter))


class TinyDDP(nn.Module):
    """A module whose gradients are the means over all ranks.

    All ranks start from the parameters and buffers of rank 0. They then stay equal, since each makes the same steps
    with the same gradients; buffers that a forward pass changes, such as running means, do not.

    Args:
        module: the local copy.
        bucket_bytes: as for `BucketedReducer`.
    """

    def __init__(self, module: nn.Module, *, bucket_bytes: int = 25 * 2**20) -> None:
        super().__init__()
        self.module = module
        for tensor in module.state_dict().values():
            dist.broadcast(tensor, src=0)
        trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
        self.reducer = BucketedReducer(trained, bucket_bytes=bucket_bytes)

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """What the module returns."""
        return self.module(*inputs, **named)

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        """Backward passes in here add to each rank's own gradients; the first one after it averages the sums.

        As `torch.nn.parallel.DistributedDataParallel.no_sync`, for batches in several parts. What counts is where
        `backward` is called; torch also wants the forward pass inside.
        """
        before, self.reducer.reducing = self.reducer.reducing, False
        try:
            yield
        finally:
            self.reducer.reducing = before


def in_buckets(parameters: Sequence[nn.Parameter], bucket_bytes: int) -> list[list[nn.Parameter]]:
    """Group parameters, from the last to the first, into buckets that are closed once they reach a size.

    Example:
        >>> parameters = [nn.Parameter(torch.zeros(size)) for size in (3, 1, 2, 5)]
        >>> [[len(parameter) for parameter in bucket] for bucket in in_buckets(parameters, 24)]
        [[5, 2], [1, 3]]
    """
    buckets: list[list[nn.Parameter]] = [[]]
    room = bucket_bytes
    for parameter in reversed(parameters):
        if room <= 0:
            buckets.append([])
            room = bucket_bytes
        buckets[-1].append(parameter)
        room -= parameter.numel() * parameter.element_size()
    return [bucket for bucket in buckets if bucket]


def _gradient(parameter: nn.Parameter) -> Tensor:
    """The gradient of a parameter that has one."""
    assert parameter.grad is not None
    return parameter.grad
