"""Merged views: against a loop over pictures and classes, closed forms, and what the inequality of Jensen says."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mlblog.models.views import MODES, Mode, merged, shifted, shifts, tta_predict

V, B, K, S = 5, 3, 4, 6


def answers(seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return (2 * torch.randn(V, B, K, generator=generator, dtype=torch.float64)).log_softmax(-1)


def by_hand(p: np.ndarray, mode: Mode) -> np.ndarray:
    """Each picture and class by itself, with probabilities instead of their logarithms."""
    found = np.zeros(p.shape[1:])
    for b in range(p.shape[1]):
        for k in range(p.shape[2]):
            some = [float(p[v, b, k]) for v in range(len(p))]
            found[b, k] = {
                "mean": sum(some) / len(some),
                "max": max(some),
                "geometric": math.prod(some) ** (1 / len(some)),
            }[mode]
        found[b] /= sum(found[b])
    return found


@pytest.mark.parametrize("mode", MODES)
def test_predictions_are_those_of_a_loop_over_views(mode: Mode) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(S * S, K)).double()
    x = torch.randn(B, S, S, dtype=torch.float64)
    moves = [(0, 0), (1, 0), (0, -2), (-1, 1), (2, 2)]
    found = tta_predict(net, x, [lambda x, m=m: shifted(x, down=m[0], right=m[1]) for m in moves], mode=mode)
    said = []
    for down, right in moves:
        view = np.zeros((B, S, S))
        for i in range(S):
            for j in range(S):
                if 0 <= i - down < S and 0 <= j - right < S:
                    view[:, i, j] = x.numpy()[:, i - down, j - right]
        logits = view.reshape(B, -1) @ net[1].weight.detach().numpy().T + net[1].bias.detach().numpy()
        odds = np.exp(logits)
        said.append(odds / odds.sum(1, keepdims=True))
    np.testing.assert_allclose(found.detach().exp().numpy(), by_hand(np.stack(said), mode), rtol=1e-10)


@pytest.mark.parametrize("mode", MODES)
def test_the_order_of_views_is_nothing_and_one_view_is_no_merging(mode: Mode) -> None:
    said = answers()
    order = torch.tensor([3, 0, 4, 2, 1])
    torch.testing.assert_close(merged(said[order], mode=mode), merged(said, mode=mode))
    torch.testing.assert_close(merged(said[:1], mode=mode), said[0])
    torch.testing.assert_close(merged(said[:1].expand(7, B, K), mode=mode), said[0])


def test_of_two_classes_the_geometric_mean_is_that_of_log_odds() -> None:
    p = torch.tensor([0.9, 0.6, 0.2], dtype=torch.float64)
    log_p = torch.stack((p, 1 - p), dim=-1).log()
    odds = (math.log(9) + math.log(1.5) + math.log(0.25)) / 3
    assert merged(log_p, mode="geometric").exp()[0].item() == pytest.approx(1 / (1 + math.exp(-odds)))
    assert merged(log_p).exp()[0].item() == pytest.approx(1.7 / 3)
    assert merged(log_p, mode="max").exp()[0].item() == pytest.approx(0.9 / 1.7)


def test_a_mean_loses_less_than_its_parts_by_what_they_differ() -> None:
    """By Jensen for the log loss; for the Brier score, by the variance of the views."""
    said, label = answers(1), 2
    average = -said[:, :, label].mean(0)
    assert (-merged(said)[:, label] < average).all()
    assert (-merged(said, mode="geometric")[:, label] < average).all()
    p, hot = said.exp().numpy(), np.eye(K)[label]
    parts = ((p - hot) ** 2).sum(-1).mean(0)
    spread = p.var(0).sum(-1)
    np.testing.assert_allclose(((merged(said).exp().numpy() - hot) ** 2).sum(-1), parts - spread)


def test_shifts_go_outwards() -> None:
    found = shifts(2)
    assert found[0] == (0, 0)
    assert {*found} == {(down, right) for down in range(-2, 3) for right in range(-2, 3)}
    lengths = [down**2 + right**2 for down, right in found]
    assert lengths == sorted(lengths)
    assert [lengths.index(each) for each in (1, 2, 4, 5, 8)] == [1, 5, 9, 13, 21]


def test_what_cannot_be_merged_is_refused() -> None:
    with pytest.raises(ValueError, match="one view or more"):
        tta_predict(nn.Identity(), torch.zeros(B, K), [])
    with pytest.raises(ValueError, match="one view or more"):
        merged(torch.zeros(0, B, K))
    with pytest.raises(ValueError, match="'median'"):
        merged(answers(), mode="median")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="within"):
        shifted(torch.zeros(S, S), down=S + 1, right=0)
