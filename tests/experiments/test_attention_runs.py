"""What the experiments on attention measure, counted again by loops and by hand."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from parts import ran

from mlblog.experiments.attention_costs import KINDS, SHARP, draw_places, exact_attention, kept_bytes
from mlblog.experiments.attention_estimates import _nearest_before
from mlblog.experiments.attention_limits import LAGS, SYMBOLS, LagNet, lag_loss


def test_exact_attention_is_torch_s_and_leaves_out_the_place_itself_where_asked() -> None:
    q, k, v = torch.randn(3, 37, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    right = F.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=True)[0]
    torch.testing.assert_close(exact_attention(q, k, v, itself=True, rows=10), right)
    others = exact_attention(q, k, v, itself=False, rows=10)
    torch.testing.assert_close(others[0], v[0])
    for t in range(1, 37):
        weights = (k[:t] @ q[t] / math.sqrt(5)).softmax(0)
        torch.testing.assert_close(others[t], weights @ v[:t])


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_sharp_times_a_cosine(kind: str) -> None:
    q, v = draw_places(kind, 600, 24, torch.Generator().manual_seed(0))
    assert v.shape == q.shape == (600, 24)
    cosines = q @ q.mT / math.sqrt(24) / SHARP[kind]
    torch.testing.assert_close(cosines.diagonal(), torch.ones(600))
    alike = (cosines.fill_diagonal_(0) > 0.75).sum(1).float()
    if kind == "diffuse":
        assert alike.mean() < 0.5
    elif kind == "recent":
        assert cosines.diagonal(1).mean() > 0.9
        assert cosines.diagonal(200).mean().abs() < 0.25
    else:
        assert 5 < alike.mean() < 10, "copies of a token"


def test_what_is_kept_is_counted_once_and_without_the_inputs() -> None:
    leaves = [torch.randn(1, 1, 30, 4, requires_grad=True) for _ in range(3)]
    assert kept_bytes(lambda q, k, v: q * k, leaves) == 0
    assert kept_bytes(lambda q, k, v: q.exp(), leaves) == 30 * 4 * 4
    assert kept_bytes(lambda q, k, v: q.exp() * q.exp().tanh(), leaves) == 3 * 30 * 4 * 4


def test_the_nearest_before_are_found_by_trying_all() -> None:
    q = torch.randn(25, 6, generator=torch.Generator().manual_seed(0))
    found = _nearest_before(q, 3)
    for t in range(3, 25):
        cosines = [float(q[t] @ q[s] / q[s].norm()) for s in range(t)]
        assert set(found[t - 3].tolist()) == set(sorted(range(t), key=cosines.__getitem__)[-3:])


def test_the_loss_asks_for_the_symbols_that_lie_back() -> None:
    symbols = torch.randint(SYMBOLS, (3, 20), generator=torch.Generator().manual_seed(0))

    class Knows(LagNet):
        def forward(self, given: torch.Tensor) -> torch.Tensor:
            return torch.stack([F.one_hot(given.roll(lag, 1), SYMBOLS) * 50.0 for lag in LAGS], dim=2)

    knows = Knows(heads=2, width=8, most=16, ramp=4)
    assert lag_loss(knows, symbols).item() == pytest.approx(0, abs=1e-6)
    blind = LagNet(heads=2, width=8, most=16, ramp=4)
    torch.nn.init.zeros_(blind.name.weight)
    torch.nn.init.zeros_(blind.name.bias)
    assert lag_loss(blind, symbols).item() == pytest.approx(math.log(SYMBOLS))


def test_runs_find_what_mathematics_says() -> None:
    narrow = ran("head_widths").values
    assert narrow["built"][-1] == pytest.approx(0, abs=1e-5), "width T - 1"
    assert narrow["built"][0] > 0.1
    recall = ran("lsh_recall").values
    assert (recall["recall repeated"] > recall["looked at repeated"]).all()
    errors = ran("attention_costs").values
    assert (errors["error adaptive span recent"] < errors["error adaptive span diffuse"]).all()
    assert ran("favor_errors").values["unrelated"] == pytest.approx(math.sqrt(2), abs=0.3)
