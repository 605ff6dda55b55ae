"""Masked losses against cross-entropy by loops, and their mean under another law by enumeration."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from mlblog.losses.masked import importance_weighted_mlm_loss, mlm_loss

B, T, V = 4, 3, 5
_generator = torch.Generator().manual_seed(0)
LOGITS = torch.randn(B, T, V, generator=_generator, dtype=torch.float64)
WORDS = torch.randint(V, (B, T), generator=_generator)
HIDDEN = torch.tensor([[True, False, False], [True, True, True], [False, False, False], [False, True, True]])


def test_only_hidden_letters_cost() -> None:
    found = mlm_loss(LOGITS, WORDS, HIDDEN)
    for row in range(B):
        expected = sum(F.cross_entropy(LOGITS[row, i], WORDS[row, i]).item() for i in range(T) if HIDDEN[row, i])
        assert found[row].item() == pytest.approx(expected)


def test_weights_make_the_mean_that_of_the_law_that_counts() -> None:
    p = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)  # of the four rows as the masks of one string
    q = torch.tensor([0.7, 0.1, 0.1, 0.1], dtype=torch.float64)
    logits, words = LOGITS[:1].expand(B, T, V), WORDS[:1].expand(B, T)
    weighted = importance_weighted_mlm_loss(logits, words, HIDDEN, log_p=p.log(), log_q=q.log())
    assert (q @ weighted).item() == pytest.approx((p @ mlm_loss(logits, words, HIDDEN)).item())
    assert (q @ mlm_loss(logits, words, HIDDEN)).item() != pytest.approx((q @ weighted).item(), rel=0.05)


def test_no_gradient_reaches_the_proposal() -> None:
    log_q = torch.full((B,), math.log(0.25), dtype=torch.float64, requires_grad=True)
    logits = LOGITS.clone().requires_grad_()
    loss = importance_weighted_mlm_loss(logits, WORDS, HIDDEN, log_p=torch.zeros(B).double(), log_q=log_q)
    loss.sum().backward()
    assert log_q.grad is None
    assert logits.grad is not None


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(…, V\)"):
        mlm_loss(LOGITS, WORDS[:, :2], HIDDEN)
    with pytest.raises(ValueError, match=r"\(4,\) expected"):
        importance_weighted_mlm_loss(LOGITS, WORDS, HIDDEN, log_p=torch.zeros(B, 1), log_q=torch.zeros(B))
