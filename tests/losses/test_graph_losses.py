"""Losses before labels, written once more in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mlblog.losses.graphs import attribute_loss, context_prediction_loss, structure_loss

DRAW = torch.Generator().manual_seed(4)


def test_attributes_are_compared_by_their_mean_square() -> None:
    x, y = (torch.randn(5, 3, generator=DRAW, dtype=torch.float64) for _ in range(2))
    np.testing.assert_allclose(attribute_loss(x, y), ((x.numpy() - y.numpy()) ** 2).sum(1) / 3)
    with pytest.raises(ValueError, match="the shape of x"):
        attribute_loss(x, y[:1])


def test_structure_compares_every_pair_but_a_node_with_itself() -> None:
    z = torch.randn(2, 4, 3, generator=DRAW, dtype=torch.float64)
    near = torch.rand(4, 4, generator=DRAW, dtype=torch.float64)
    found = structure_loss(z, near)
    for one in range(2):
        for i in range(4):
            a = z[one].numpy()
            off = [(a[i] @ a[j] / np.linalg.norm(a[i]) / np.linalg.norm(a[j]) - near[i, j].item()) ** 2
                   for j in range(4) if j != i]  # fmt: skip
            assert found[one, i].item() == pytest.approx(sum(off) / 3)
    for wrong in (near[:3], near[:, :1]):
        with pytest.raises(ValueError, match="intimacy"):
            structure_loss(z, wrong)
    with pytest.raises(ValueError, match="at least two"):
        structure_loss(z[:, :1], near[:1, :1])


def test_contexts_are_told_from_others_by_binary_cross_entropy() -> None:
    h, c = (torch.randn(6, 3, generator=DRAW, dtype=torch.float64) for _ in range(2))
    others = torch.randn(6, 2, 3, generator=DRAW, dtype=torch.float64)
    scores = torch.stack([(h * c).sum(1), *(h[:, None] * others).sum(2).T])
    kinds = torch.tensor([1.0, 0, 0], dtype=torch.float64)[:, None].expand(3, 6)
    each = F.binary_cross_entropy_with_logits(scores, kinds, reduction="none")
    torch.testing.assert_close(context_prediction_loss(h, c, others), each[0] + (each[1] + each[2]) / 2)
    chance = context_prediction_loss(torch.zeros(1, 3), torch.ones(1, 3), torch.ones(1, 1, 3))
    assert chance.item() == pytest.approx(2 * np.log(2))
    for wrong in ((h, c[:1], others), (h, c, others[:1]), (h, c, others[..., :1])):
        with pytest.raises(ValueError, match="expected"):
            context_prediction_loss(*wrong)
