"""Contrastive losses against cross-entropies of torch, naive loops and hand-derived gradients."""

import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from mlblog.losses.contrastive import decoupled_nt_xent, nt_xent, sup_con, sup_con_inside

N, D, TAU = 5, 7, 0.3


def views(count: int = 2, *, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, N, D, dtype=torch.float64, generator=generator).mul(3).requires_grad_()


def cosine(a: Tensor, b: Tensor) -> float:
    return sum(x * y for x, y in zip(a.tolist(), b.tolist(), strict=True)) / (math.hypot(*a) * math.hypot(*b))


def assert_close(actual: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-10)


def test_nt_xent_is_a_cross_entropy_over_2n_minus_1_choices() -> None:
    """Each row has the anchor itself cut out, not masked, and the other view as the right class."""
    z = views()
    unit = F.normalize(z.reshape(2 * N, D), dim=1)
    rows = [torch.cat((unit[:a], unit[a + 1 :])) @ unit[a] / TAU for a in range(2 * N)]
    assert [len(row) for row in rows] == [2 * N - 1] * (2 * N)
    targets = torch.tensor([N - 1 + a if a < N else a - N for a in range(2 * N)])
    expected = F.cross_entropy(torch.stack(rows), targets, reduction="none").view(2, N)
    ours = nt_xent(z, temperature=TAU)
    assert ours.shape == (2, N)
    assert_close(ours, expected)
    upstream = torch.randn_like(ours)
    assert_close(*(torch.autograd.grad(loss, z, upstream)[0] for loss in (ours, expected)))


def test_decoupling_leaves_out_the_positive_and_nothing_else() -> None:
    z = views()
    flat = z.detach().reshape(2 * N, D)
    ours = decoupled_nt_xent(z, temperature=TAU).flatten()
    for a in range(2 * N):
        p = (a + N) % (2 * N)
        negatives = [b for b in range(2 * N) if b not in (a, p)]
        assert len(negatives) == 2 * N - 2
        total = sum(math.exp(cosine(flat[a], flat[b]) / TAU) for b in negatives)
        assert ours[a].item() == pytest.approx(math.log(total) - cosine(flat[a], flat[p]) / TAU, abs=1e-10)


def test_nt_xent_is_never_negative_and_the_decoupled_loss_is() -> None:
    apart = torch.eye(4, dtype=torch.float64).expand(2, 4, 4)  # both views alike, all negatives orthogonal
    assert (nt_xent(apart, temperature=0.1) > 0).all()
    expected = math.log(6) - 10
    assert decoupled_nt_xent(apart, temperature=0.1).flatten().tolist() == pytest.approx([expected] * 8)


@pytest.mark.parametrize("loss", [nt_xent, decoupled_nt_xent, sup_con, sup_con_inside])
def test_lengths_of_embeddings_do_not_matter(loss: Callable[..., Tensor]) -> None:
    z = views()
    stretched = z * torch.linspace(0.1, 9.0, 2 * N, dtype=torch.float64).view(2, N, 1)
    assert_close(loss(stretched, temperature=TAU), loss(z, temperature=TAU))


@pytest.mark.parametrize("count", [2, 3])
def test_supervised_contrast_agrees_with_a_naive_loop(count: int) -> None:
    z, labels = views(count), [0, 1, 0, 2, 0]
    flat, of_anchor = z.detach().reshape(-1, D), labels * count
    outside = sup_con(z, torch.tensor(labels), temperature=TAU)
    inside = sup_con_inside(z, torch.tensor(labels), temperature=TAU)
    assert outside.shape == inside.shape == (count, N)
    for a in range(count * N):
        others = [b for b in range(count * N) if b != a]
        weights = {b: math.exp(cosine(flat[a], flat[b]) / TAU) for b in others}
        shares = [weights[b] / sum(weights.values()) for b in others if of_anchor[b] == of_anchor[a]]
        assert len(shares) == of_anchor.count(of_anchor[a]) - 1
        assert outside.flatten()[a].item() == pytest.approx(-sum(map(math.log, shares)) / len(shares), abs=1e-10)
        assert inside.flatten()[a].item() == pytest.approx(-math.log(sum(shares) / len(shares)), abs=1e-10)


def test_without_labels_supervised_contrast_is_nt_xent() -> None:
    z = views()
    for loss in (sup_con, sup_con_inside):
        assert_close(loss(z, temperature=TAU), nt_xent(z, temperature=TAU))


def test_the_mean_inside_the_logarithm_is_never_above_the_mean_outside() -> None:
    for seed in range(10):
        z, labels = views(seed=seed), torch.tensor([0, 1, 0, 1, 0])
        outside, inside = (loss(z, labels, temperature=TAU) for loss in (sup_con, sup_con_inside))
        assert (inside < outside).all()


@pytest.mark.parametrize("loss", [nt_xent, decoupled_nt_xent, sup_con, sup_con_inside])
def test_gradients_are_those_of_finite_differences(loss: Callable[..., Tensor]) -> None:
    assert torch.autograd.gradcheck(lambda z: loss(z, temperature=TAU), views())


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(3, 5, 7\)"):
        nt_xent(views(3), temperature=TAU)
    with pytest.raises(ValueError, match="V of 2 or more"):
        sup_con(views(1), temperature=TAU)
    with pytest.raises(ValueError, match=r"given \(4,\)"):
        sup_con(views(), torch.tensor([0, 1, 0, 1]), temperature=TAU)
    with pytest.raises(ValueError, match="given 0"):
        nt_xent(views(), temperature=0.0)
