"""A proposal that begins as p, keeps weights below 1/ε, and learns along the gradient of the variance."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mlblog.models.mask_proposal import MaskProposalNetwork, proposal_loss
from mlblog.models.masked_lm import masks_by_coin, masks_of_size

B, T, V, H = 5, 4, 3, 6


def net(share: float = 0.2, scale: float = 3.0) -> MaskProposalNetwork:
    torch.manual_seed(0)
    made = MaskProposalNetwork(letters=V, masks=masks_by_coin(T, 0.3), width=H, share=share)
    torch.nn.init.normal_(made.outside.weight, std=scale)
    return made


def words(count: int = B) -> Tensor:
    return torch.randint(V, (count, T), generator=torch.Generator().manual_seed(1))


def test_it_begins_as_p() -> None:
    masks = masks_by_coin(T, 0.3)
    made = MaskProposalNetwork(letters=V, masks=masks, width=H)
    torch.testing.assert_close(made(words()).exp(), masks.p.expand(B, -1))


def test_scores_of_places_add_up_to_those_of_masks() -> None:
    made = net(share=0.2)
    x = torch.nn.functional.one_hot(words(), V).float().reshape(B, -1)
    scores = made.outside(torch.nn.functional.gelu(made.inside(x)))
    for row, word in enumerate(made(words()).exp()):
        masses = [
            p * torch.exp(sum(scores[row, i] for i in range(T) if mask[i]))  # type: ignore[arg-type]  # a mask hides one at least
            for p, mask in zip(made.masks.p, made.masks.hidden, strict=True)
        ]
        by_hand = torch.stack(masses) / sum(masses)
        torch.testing.assert_close(word, 0.2 * made.masks.p + 0.8 * by_hand)


def test_weights_stay_below_one_over_the_share() -> None:
    q = net(share=0.2, scale=50.0)(words()).exp()
    assert ((masks_by_coin(T, 0.3).p / q) <= 5 * (1 + 1e-5)).all()
    assert q.min() < 0.3 * masks_by_coin(T, 0.3).p.min()
    torch.testing.assert_close(q.sum(1), torch.ones(B))


def test_the_mean_gradient_of_the_loss_is_that_of_the_variance() -> None:
    made = net(scale=1.0)
    p = made.masks.p
    norms = torch.rand(len(p), generator=torch.Generator().manual_seed(2)) + 0.1
    log_q = made(words(1))[0]
    second = ((p * norms).square() / log_q.exp()).sum()  # E_q ‖(p/q) g‖², all that depends on q
    exact = torch.autograd.grad(second, list(made.parameters()), retain_graph=True)
    each = proposal_loss(log_q, log_p=p.log(), norms=norms)
    scale = ((p / log_q.exp()) * norms).square().mean().detach()
    found = torch.autograd.grad((log_q.exp().detach() * each).sum() * scale, list(made.parameters()))
    for ours, theirs in zip(found, exact, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-6)


def test_what_makes_no_sense_is_refused() -> None:
    for share in (0.0, 1.5):
        with pytest.raises(ValueError, match=r"\(0, 1\]"):
            MaskProposalNetwork(letters=V, masks=masks_of_size(T, 1), width=H, share=share)
    with pytest.raises(ValueError, match="equal shapes"):
        proposal_loss(torch.zeros(3), log_p=torch.zeros(3), norms=torch.ones(3, 1))
