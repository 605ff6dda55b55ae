"""The rows for norms of examples' gradients and for draws by them."""

from __future__ import annotations

import torch
from table import Row
from torch import Tensor, nn

from mlblog.numerics import per_example
from mlblog.training import importance_sampler

_generator = torch.Generator().manual_seed(23)


def numbers(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=_generator)


class _Norms(nn.Module):
    """Of a net of two layers, by the squares of its outputs' distances."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(5, 6), nn.Tanh(), nn.Linear(6, 3))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return per_example.per_example_grad_norms(self.net, lambda out, right: (out - right).square().sum(-1), x, y)


def sampler(scores: Tensor) -> Tensor:
    made = importance_sampler.ImportanceSampler(scores.shape[-1], uniform=0.25, leading=scores.shape[:-1])
    made.tell(torch.arange(scores.shape[-1]).expand(scores.shape), scores)
    return made.proposal


def places(x: Tensor, d: Tensor) -> Tensor:
    return (x.mT @ d).square().sum((-1, -2)) + d.sum(-2).square().sum(-1)


SIZES, CHANCES = numbers(4, 6).square() + 0.1, numbers(4, 6).softmax(-1)
EXAMPLES = [
    Row("numerics.per_example.squared_layer_norms", lambda: per_example.squared_layer_norms,
        (numbers(4, 5), numbers(4, 3)), lambda _: lambda x, d: places(x[..., None, :], d[..., None, :]), batch=(0, 0),
        leading=True, slack=4),
    Row("numerics.per_example.squared_shared_norms", lambda: per_example.squared_shared_norms,
        (numbers(4, 2, 5), numbers(4, 2, 3)), lambda _: places, batch=(0, 0), leading=True, slack=4),
    Row("numerics.per_example.per_example_grad_norms", _Norms, (numbers(4, 5), numbers(4, 3)), batch=(0, 0), slack=4),
    Row("training.importance_sampler.ImportanceSampler", lambda: sampler, (SIZES,),
        lambda _: lambda s: 0.25 / 6 + 0.75 * s / s.sum(-1, keepdim=True), leading=True, slack=4),
    Row("training.importance_sampler.covariance_trace", lambda: importance_sampler.covariance_trace,
        (SIZES, SIZES.mean(-1) / 2, CHANCES),
        lambda _: lambda s, m, q: (s.square() / q).sum(-1) / 36 - m.square(), batch=(0, 0, 0), leading=True, slack=8),
]  # fmt: skip
