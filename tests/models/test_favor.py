"""Random features against the kernel that they estimate: by quadrature, by closed forms and by intervals."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from mlblog.models.favor import favor_attention, log_positive_features, orthogonal_directions, trigonometric_features

T, K, M = 150, 5, 7
DOUBLE = torch.float64


def drawn(*shape: int, seed: int = 1, scale: float = 1.0) -> Tensor:
    return scale * torch.randn(shape, dtype=DOUBLE, generator=torch.Generator().manual_seed(seed))


def nodes() -> tuple[Tensor, Tensor]:
    """Points and weights that integrate over the standard normal distribution in two dimensions: all directions."""
    points, weights = np.polynomial.hermite_e.hermegauss(40)
    grid = np.stack(np.meshgrid(points, points), -1).reshape(-1, 2)
    return torch.from_numpy(grid), torch.from_numpy(np.outer(weights, weights).ravel() / (2 * math.pi))


def test_the_mean_over_all_directions_is_the_kernel_and_the_variance_its_closed_form() -> None:
    directions, chance = nodes()
    x, y = torch.tensor([[0.9, -0.4]], dtype=DOUBLE), torch.tensor([[0.2, 0.7]], dtype=DOUBLE)
    kernel = math.exp(float(x @ y.mT))
    each = (log_positive_features(x, directions) + log_positive_features(y, directions)).exp()[0] * len(directions)
    assert float(chance @ each) == pytest.approx(kernel, rel=1e-9)
    spread = float(chance @ each.square()) / kernel**2 - 1
    assert spread == pytest.approx(math.expm1(float((x + y).square().sum())), rel=1e-6)
    both = trigonometric_features(torch.cat((x, y)), directions) * math.sqrt(len(directions))
    waves = (both[0] * both[1]).reshape(2, -1).sum(0)
    assert float(chance @ waves) == pytest.approx(kernel, rel=1e-9)


@pytest.mark.parametrize("kind", ["independent", "orthogonal"])
def test_estimates_are_unbiased_within_their_interval(kind: str) -> None:
    generator, repeats = torch.Generator().manual_seed(0), 3_000
    x, y = drawn(1, K, scale=0.5), drawn(1, K, seed=2, scale=0.5)
    if kind == "orthogonal":
        directions = orthogonal_directions(repeats * K, K, generator)  # each group of K is one draw of M = K
    else:
        directions = torch.randn(repeats * K, K, generator=generator)
    products = (log_positive_features(x, directions) + log_positive_features(y, directions)).exp() * repeats
    found = products.unflatten(-1, (repeats, K)).sum(-1)[0].numpy()
    kernel, error = math.exp(float(x @ y.mT)), np.std(found, ddof=1) / repeats**0.5
    assert abs(np.mean(found) - kernel) < 3.5 * error
    ratio = np.var(found) / (math.expm1(float((x + y).square().sum())) / K * kernel**2)
    assert ratio == pytest.approx(1, abs=0.2) if kind == "independent" else ratio < 0.95


def test_directions_are_orthogonal_within_a_group_and_as_long_as_normal_ones() -> None:
    directions = orthogonal_directions(4_003, K, torch.Generator().manual_seed(0)).double()
    assert directions.shape == (4_003, K)
    inner = directions[:4_000].unflatten(0, (-1, K))
    products = (inner @ inner.mT) * (1 - torch.eye(K))
    assert products.abs().max() < 1e-4
    squares = directions.square().sum(-1)
    assert abs(squares.mean() - K) < 4 * math.sqrt(2 * K / 4_003)
    assert squares.var().item() == pytest.approx(2 * K, rel=0.15), "chi-squared"
    assert directions.mean(0).abs().max() < 4 / math.sqrt(4_003)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("size", [1, 127, 128, T])
def test_it_is_dense_attention_with_the_estimated_kernel(causal: bool, size: int) -> None:
    q, k, v = (drawn(2, 3, size, K, seed=s).requires_grad_() for s in (1, 2, 3))
    directions = drawn(M, K, seed=4)
    products = (q * K**-0.25) @ directions.mT, (k * K**-0.25) @ directions.mT
    halves = (x.square().sum(-1, keepdim=True) / (2 * K**0.5) for x in (q, k))
    left, right = (torch.exp(p - half) for p, half in zip(products, halves, strict=True))
    weights = left @ right.mT
    weights = weights.tril() if causal else weights
    dense = weights / weights.sum(-1, keepdim=True) @ v
    ours = favor_attention(q, k, v, directions, causal=causal)
    torch.testing.assert_close(ours, dense, rtol=0, atol=1e-10)
    upstream = torch.randn_like(dense)
    theirs = torch.autograd.grad(dense, (q, k, v), upstream)
    for mine, other in zip(torch.autograd.grad(ours, (q, k, v), upstream), theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-9)


def test_with_many_features_and_short_vectors_it_is_softmax_attention() -> None:
    q, k, v = (drawn(T, K, seed=s, scale=0.5) for s in (1, 2, 3))
    directions = orthogonal_directions(20_000, K, torch.Generator().manual_seed(0))
    exact = F.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=True)[0]
    assert (favor_attention(q, k, v, directions) - exact).norm() / exact.norm() < 0.01


def test_no_gradient_comes_from_later_places() -> None:
    q, k, v = (drawn(T, K, seed=s).requires_grad_() for s in (1, 2, 3))
    for x in torch.autograd.grad(favor_attention(q, k, v, drawn(M, K, seed=4))[130].sum(), (q, k, v)):
        assert x[131:].abs().max() == 0
        assert x[:131].abs().max() > 0


def test_single_precision_neither_overflows_nor_divides_by_zero() -> None:
    q, k, v = (drawn(T, K, seed=s, scale=6.0).float() for s in (1, 2, 3))
    assert favor_attention(q, k, v, drawn(M, K, seed=4)).isfinite().all()


@pytest.mark.parametrize("causal", [True, False])
def test_the_package_of_the_paper_s_users_computes_the_same(causal: bool) -> None:
    package = pytest.importorskip("performer_pytorch.performer_pytorch")
    q, k, v = (drawn(1, 1, T, K, seed=s, scale=0.5) for s in (1, 2, 3))
    theirs = package.FastAttention(dim_heads=K, nb_features=M, causal=causal)
    theirs.projection_matrix = theirs.projection_matrix.double()
    ours = favor_attention(q, k, v, theirs.projection_matrix, causal=causal)
    torch.testing.assert_close(ours, theirs(q, k, v), rtol=0, atol=0.02)  # theirs adds 1e-4 to every feature
