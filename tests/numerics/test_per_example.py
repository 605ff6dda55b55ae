"""Norms of examples' gradients, against gradients that are made one by one by `torch.func`."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from mlblog.numerics.per_example import per_example_grad_norms, squared_layer_norms, squared_shared_norms

DENSE = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 6, bias=False), nn.ReLU(), nn.Linear(6, 3))
ALONG = nn.Sequential(nn.Linear(5, 6), nn.GELU(), nn.Linear(6, 2))  # the same weights at each of T places


def one_by_one(net: nn.Module, loss, x: Tensor, target: Tensor) -> Tensor:
    weights = {name: weight.detach() for name, weight in net.named_parameters()}

    def of_one(given: dict[str, Tensor], one: Tensor, right: Tensor) -> Tensor:
        return loss(functional_call(net, given, (one[None],)), right[None])[0]

    found = vmap(grad(of_one), in_dims=(None, 0, 0))(weights, x, target)
    return torch.stack([each.flatten(1).square().sum(1) for each in found.values()]).sum(0).sqrt()


def crossed(output: Tensor, target: Tensor) -> Tensor:
    return F.cross_entropy(output, target, reduction="none")


def squared(output: Tensor, target: Tensor) -> Tensor:
    return (output.mean(1) - target).square().sum(1)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_products_of_layers_are_the_norms_of_gradients_made_one_by_one(dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(11, 5, generator=generator).to(dtype)
    y = torch.randint(3, (11,), generator=generator)
    net = DENSE.to(dtype)
    expected = one_by_one(net, crossed, x, y)
    near = 1e-12 if dtype == torch.float64 else 1e-5
    assert expected.std() > 0.05
    torch.testing.assert_close(per_example_grad_norms(net, crossed, x, y), expected, rtol=near, atol=0)


def test_of_shared_weights_products_of_places_are_the_norms_too() -> None:
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(9, 4, 5, generator=generator, dtype=torch.float64)
    y = torch.randn(9, 2, generator=generator, dtype=torch.float64)
    net = ALONG.double()
    expected = one_by_one(net, squared, x, y)
    torch.testing.assert_close(per_example_grad_norms(net, squared, x, y), expected, rtol=1e-12, atol=0)


def test_the_norm_of_one_place_needs_no_products_of_places() -> None:
    generator = torch.Generator().manual_seed(3)
    x, d = (torch.randn(6, width, generator=generator, dtype=torch.float64) for width in (5, 3))
    for bias in (True, False):
        torch.testing.assert_close(
            squared_shared_norms(x[:, None], d[:, None], bias=bias), squared_layer_norms(x, d, bias=bias)
        )


def test_weights_keep_the_gradients_that_they_had() -> None:
    net = nn.Linear(2, 2)
    per_example_grad_norms(net, crossed, torch.ones(3, 2), torch.zeros(3, dtype=torch.long))
    assert net.weight.grad is None
    with torch.no_grad():
        found = per_example_grad_norms(net, crossed, torch.ones(3, 2), torch.zeros(3, dtype=torch.long))
    assert found.shape == (3,)
    assert not found.requires_grad


class _Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(5, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(self.layer(x))


@pytest.mark.parametrize(
    ("net", "loss", "shape", "said"),
    [
        (nn.Sequential(nn.Linear(5, 4), nn.LayerNorm(4)), crossed, (3, 5), "outside linear layers.*1.weight"),
        (_Twice(), crossed, (3, 5), "more than once"),
        (nn.Linear(5, 4), F.cross_entropy, (3, 5), "loss for each"),
        (nn.Linear(5, 4), lambda o, _: o.sum((1, 2, 3)), (3, 2, 2, 5), "B, T, I"),
    ],
)
def test_what_products_would_get_wrong_is_refused(net: nn.Module, loss, shape: tuple[int, ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        per_example_grad_norms(net, loss, torch.ones(shape), torch.zeros(3, dtype=torch.long))
