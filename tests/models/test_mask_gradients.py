"""The variance of gradients against enumeration by loops, with gradients of autograd, one at a time."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.optimize import minimize
from torch import Tensor, nn

from mlblog.classical.importance import importance_variance, optimal_proposal
from mlblog.models.mask_gradients import (
    GradientMoments,
    gradient_moments,
    gradient_norms,
    gradient_variance_decomposition,
    optimal_mask_proposal,
    optimal_shared_proposal,
    per_mask_gradients,
)
from mlblog.models.masked_lm import MaskedLM, MaskedTransformer, masks_by_coin, masks_of_size

N, T, V, H = 5, 4, 3, 6


def net(kind: str = "dense") -> nn.Module:
    torch.manual_seed(0)
    if kind == "dense":
        return MaskedLM(letters=V, places=T, width=H).double()
    return MaskedTransformer(letters=V, places=T, width=H, heads=2, layers=1).double()


def words() -> Tensor:
    return torch.randint(V, (N, T), generator=torch.Generator().manual_seed(1))


def one_by_one(model: nn.Module, hidden: Tensor) -> np.ndarray:
    """Every gradient by a backward pass of its own, (N, M, P)."""
    rows = []
    for word, mask in product(words(), hidden):
        logits = model(word[None], mask[None])[0]
        loss = F.cross_entropy(logits[mask], word[mask], reduction="sum")
        parts = torch.autograd.grad(loss, list(model.parameters()), materialize_grads=True)
        rows.append(torch.cat([part.flatten() for part in parts]).numpy())
    return np.array(rows).reshape(N, len(hidden), -1)


def laws(masks: int, seed: int) -> Tensor:
    """A law of masks for each string, none of them uniform."""
    drawn = torch.rand(N, masks, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + 0.2
    return drawn / drawn.sum(1, keepdim=True)


@pytest.mark.parametrize("kind", ["dense", "attention"])
def test_gradients_are_those_of_single_backward_passes(kind: str) -> None:
    hidden = masks_of_size(T, 2).hidden
    model = net(kind)
    np.testing.assert_allclose(
        per_mask_gradients(model, words(), hidden).numpy(), one_by_one(model, hidden), atol=1e-12
    )


def test_norms_need_no_gradients() -> None:
    hidden, model = masks_of_size(T, 2).hidden, net()
    assert isinstance(model, MaskedLM)
    found = gradient_norms(model, words().repeat_interleave(len(hidden), 0), hidden.repeat(N, 1))
    np.testing.assert_allclose(found.numpy(), np.linalg.norm(one_by_one(model, hidden), axis=-1).ravel())


@pytest.mark.parametrize("by_string", [False, True], ids=["one law", "a law for each string"])
def test_the_parts_are_the_variance_of_all_pairs(by_string: bool) -> None:
    """The law may depend on the string: the split is the law of total variance, which asks for no independence."""
    masks, model = masks_by_coin(T, 0.3), net()
    count = len(masks.p)
    p = laws(count, 2) if by_string else masks.p.double()
    q = laws(count, 3)
    gradients = one_by_one(model, masks.hidden)
    p_each, q_each = np.broadcast_to(p.numpy(), (N, count)), q.numpy()
    drawn = (p_each / q_each)[..., None] * gradients
    mean = np.zeros(gradients.shape[-1])
    for i, j in product(range(N), range(count)):
        mean += q_each[i, j] / N * drawn[i, j]
    whole = sum(q_each[i, j] / N * ((drawn[i, j] - mean) ** 2).sum() for i, j in product(range(N), range(count)))
    averages = (p_each[..., None] * gradients).sum(1)
    moments = gradient_moments(model, words(), masks.hidden, p, at_once=2)
    parts = gradient_variance_decomposition(moments, p, q)
    assert parts.sentence + parts.mask == pytest.approx(whole, rel=1e-6)
    assert parts.sentence == pytest.approx(((averages - averages.mean(0)) ** 2).sum(1).mean(), rel=1e-6)
    assert moments.mean.item() == pytest.approx((mean**2).sum(), rel=1e-6)


def test_the_best_law_of_a_string_is_that_of_the_theorem() -> None:
    masks, model = masks_by_coin(T, 0.3), net()
    p = masks.p.double() / masks.p.double().sum()
    gradients = one_by_one(model, masks.hidden)
    moments = gradient_moments(model, words(), masks.hidden, masks.p)
    best = optimal_mask_proposal(moments, masks.p)
    expected = [optimal_proposal(some, p.numpy()) for some in gradients]
    np.testing.assert_allclose(best.numpy(), expected, rtol=1e-5)
    least = gradient_variance_decomposition(moments, masks.p, best)
    by_string = [importance_variance(some, p.numpy(), q) for some, q in zip(gradients, expected, strict=True)]
    assert least.mask == pytest.approx(np.mean(by_string), rel=1e-5)
    alone = moments.norms / moments.norms.sum(1, keepdim=True)  # the rule without p
    assert least.mask < gradient_variance_decomposition(moments, masks.p, masks.p).mask
    assert gradient_variance_decomposition(moments, masks.p, alone).mask > 1.5 * least.mask


def test_the_best_law_that_all_strings_share_is_found_by_search_too() -> None:
    norms = torch.randn(N, 4, generator=torch.Generator().manual_seed(4), dtype=torch.float64).mul(1.5).exp()
    moments = GradientMoments(norms, torch.zeros(N).double(), torch.zeros(()).double())
    p = torch.tensor([0.1, 0.2, 0.3, 0.4])

    def second(scores: np.ndarray) -> float:
        q = np.exp(scores) / np.exp(scores).sum()
        return float(np.log(((p.double().numpy() * norms.numpy()) ** 2 / q).sum(1).mean()))

    scores = minimize(second, np.zeros(4), tol=1e-12).x
    np.testing.assert_allclose(
        optimal_shared_proposal(moments, p).numpy(), np.exp(scores) / np.exp(scores).sum(), atol=1e-4
    )


def test_a_string_without_gradients_is_given_p() -> None:
    norms = torch.tensor([[0.0, 0.0], [3.0, 1.0]], dtype=torch.float64)
    moments = GradientMoments(norms, torch.tensor([0.0, 4.0]).double(), torch.tensor(1.0).double())
    assert optimal_mask_proposal(moments, torch.tensor([0.25, 0.75])).tolist() == [[0.25, 0.75], [0.5, 0.5]]


def test_laws_that_are_none_are_refused() -> None:
    masks = masks_of_size(T, 1)
    moments = gradient_moments(net(), words(), masks.hidden, masks.p)
    with pytest.raises(ValueError, match=r"\(4,\) or \(5, 4\) expected, given \(3,\)"):
        gradient_variance_decomposition(moments, masks.p, torch.full((3,), 1 / 3))
    for wrong in ([0.5, 0.5, 0.5, 0.5], [1.5, -0.5, 0.0, 0.0]):
        with pytest.raises(ValueError, match="add up to 1"):
            gradient_variance_decomposition(moments, masks.p, torch.tensor(wrong))
    with pytest.raises(ValueError, match="biased"):
        gradient_variance_decomposition(moments, masks.p, torch.tensor([0.5, 0.5, 0.0, 0.0]))
