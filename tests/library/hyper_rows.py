"""The rows for gradients of hyperparameters and for inverses known by products."""

from __future__ import annotations

import numpy as np
import torch
from table import Row
from torch import Tensor

from mlblog.numerics import implicit_hypergradient as hyper
from mlblog.numerics import inverse_product as inverse

_generator = torch.Generator().manual_seed(15)
V, W, H = (torch.randn(3, dtype=torch.float64, generator=_generator) for _ in range(3))
MATRIX = torch.tensor([[1.5, 0.25, 0.0], [0.25, 1.0, -0.5], [0.0, -0.5, 2.0]], dtype=torch.float64)  # exact in half


def times(v: Tensor) -> Tensor:
    return MATRIX.to(v.dtype) @ v


def inner(w: Tensor, h: Tensor) -> Tensor:
    """Its Hessian is diagonal, 1 + e^h."""
    return ((w - 1).square() + h.exp() * w.square()).sum() / 2


def outer(w: Tensor, h: Tensor) -> Tensor:
    return (w * w).sum() / 2


def powers(v: Tensor) -> Tensor:
    return sum(0.25 * torch.linalg.matrix_power(torch.eye(3).double() - 0.25 * MATRIX, j) @ v for j in range(4))


def by_conjugate(multiply: inverse.Product, v: Tensor) -> Tensor:
    return inverse.conjugate_gradients(multiply, v, products=3)


def formula(w: Tensor, h: Tensor) -> Tensor:
    return -h.exp() * w * w / (1 + h.exp())


def after_two(w: Tensor, h: Tensor, last: int = 2) -> Tensor:
    """By the derivative of w ← (1 - a (1 + e^h)) w + a, step by step."""
    moved = 0 * w
    for step in range(2):
        moved = (1 - 0.25 * (1 + h.exp())) * moved - 0.25 * h.exp() * w * (step >= 2 - last)
        w = w - 0.25 * (w - 1 + h.exp() * w)
    return w * moved


HYPER = [
    Row("numerics.inverse_product.neumann_series",
        lambda: lambda v: inverse.neumann_series(times, v, step=0.25, products=3), (V,), lambda _: powers, (None,),
        slack=4),
    Row("numerics.inverse_product.conjugate_gradients", lambda: lambda v: by_conjugate(times, v), (V,),
        lambda _: lambda v: torch.from_numpy(np.linalg.solve(MATRIX.numpy(), v.detach().numpy())), (None,), slack=8),
    Row("numerics.implicit_hypergradient.implicit_hypergradient",
        lambda: lambda w, h: hyper.implicit_hypergradient(inner, outer, w, h, by_conjugate), (W, H),
        lambda _: formula, (None, None), slack=8),
    Row("numerics.implicit_hypergradient.hessian_product",
        lambda: lambda w, h, v: hyper.hessian_product(inner, w, h)(v), (W, H, V),
        lambda _: lambda w, h, v: (1 + h.exp()) * v, (None, None, None), slack=4),
    Row("numerics.implicit_hypergradient.descended",
        lambda: lambda w, h: hyper.descended(inner, w, h, step=0.25, steps=1), (W, H),
        lambda _: lambda w, h: w - 0.25 * (w - 1 + h.exp() * w), (None, None), slack=4),
    Row("numerics.implicit_hypergradient.unrolled_hypergradient",
        lambda: lambda w, h: hyper.unrolled_hypergradient(inner, outer, w, h, step=0.25, steps=2), (W, H),
        lambda _: after_two, (None, None), slack=8),
    Row("numerics.implicit_hypergradient.unrolled_hypergradient",
        lambda: lambda w, h: hyper.unrolled_hypergradient(inner, outer, w, h, step=0.25, steps=2, last=1), (W, H),
        lambda _: lambda w, h: after_two(w, h, 1), (None, None), slack=8),
]  # fmt: skip
