"""What a row of the tables is: something public of the library, inputs for it, and what it should answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

#: Allowed error relative to the largest entry, which the rounding of inputs and weights does not explain.
ROUNDING = {torch.float64: 1e-11, torch.float32: 2e-5, torch.float16: 1e-2, torch.bfloat16: 6e-2}


@dataclass(frozen=True)
class Row:
    """A function or module of tensors.

    Attributes:
        name: `module.Name`, below `mlblog`.
        make: builds it; a module is then cast to the dtype in question.
        inputs: in float64 or whole numbers.
        reference: of the same built thing in float64, an independent implementation; itself in float64 if None.
        batch: the axis of each input along which problems are independent, None where an input belongs to all.
        out: the axis of the result along which they are.
        leading: any number of batch axes will do, none included.
        slack: factor on the allowed error.
    """

    name: str
    make: Callable[[], Callable[..., Any]]
    inputs: tuple[Tensor, ...]
    reference: Callable[[Any], Callable[..., Any]] | None = None
    batch: tuple[int | None, ...] = (0,)
    out: int = 0
    leading: bool = False
    slack: float = 1.0

    def built(self, dtype: torch.dtype) -> Callable[..., Any]:
        """It, its weights rounded to a dtype."""
        torch.manual_seed(0)
        made = self.make()
        return made.to(dtype) if isinstance(made, nn.Module) else made

    def exact(self, dtype: torch.dtype) -> Callable[..., Any]:
        """What answers right in float64, for weights that were rounded to a dtype."""
        made = self.built(dtype)
        made = made.double() if isinstance(made, nn.Module) else made
        return made if self.reference is None else self.reference(made)


def cast(inputs: tuple[Tensor, ...], dtype: torch.dtype) -> tuple[Tensor, ...]:
    """Floats in a dtype; whole numbers and truth values as they are."""
    return tuple(x.to(dtype) if x.is_floating_point() else x for x in inputs)


def flat(found: Any) -> list[Tensor]:
    """All tensors of a result."""
    return [found] if isinstance(found, Tensor) else [tensor for part in found for tensor in flat(part)]


def assert_near(found: Any, exact: Any, tolerance: float) -> None:
    """The same infinities, and an error small beside the largest entry."""
    assert len(flat(found)) == len(flat(exact))
    for got, right in zip(flat(found), flat(exact), strict=True):
        got, right = got.detach().double(), right.detach().double()
        assert got.shape == right.shape
        assert not got.isnan().any()
        assert torch.equal(got.isinf() * got.sign(), right.isinf() * right.sign())
        there = right.isfinite()
        if there.any():
            assert (got[there] - right[there]).abs().max() <= tolerance * (right[there].abs().max() + 1e-300)
