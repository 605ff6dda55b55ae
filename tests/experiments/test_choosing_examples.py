"""What the experiments on choosing examples compute, again by autograd and by naive loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from parts import ran
from sklearn.linear_model import Ridge
from torch import nn

from mlblog.data.skewed import skewed_rows
from mlblog.experiments.codes import in_parts
from mlblog.experiments.examples import BATCH, RATES, Layers, _norms, changed, fit, settings, traces
from mlblog.experiments.examples_ridge import PENALTY, WAYS, descend, minibatches

PARTS = in_parts("cpu", 40)


def test_both_layers_errors_are_those_of_autograd_and_norms_those_of_single_gradients() -> None:
    torch.manual_seed(0)
    net, x, labels = Layers(3), PARTS.train[:5].expand(3, -1, -1), PARTS.labels[0][:5].expand(3, -1)
    with torch.no_grad():
        net.first.weight += 0.1 * torch.randn_like(net.first.weight)  # three nets that differ
    hidden, first, second, losses = net.errors(x, labels)
    norms = _norms(x, hidden, first, second)
    for s in range(3):
        for b in range(5):
            loss = F.cross_entropy(net(x[s, b][None, None])[1][s], labels[s, b][None])
            assert loss.item() == pytest.approx(losses[s, b].item(), rel=1e-5)
            found = torch.autograd.grad(loss, list(net.parameters()))
            assert sum(g[s].square().sum() for g in found).sqrt().item() == pytest.approx(norms[s, b].item(), rel=1e-4)


def test_a_step_is_stochastic_gradient_descents() -> None:
    """One step of every rate on shuffled digits, with autograd and the same draws."""
    torch.manual_seed(3)
    found = fit(PARTS, "shuffled", budget=BATCH, points=1, decay=True)
    for place, rate in enumerate(RATES):
        torch.manual_seed(3)
        first, second = nn.Linear(64, 32), nn.Linear(32, 10)
        rows = torch.rand(len(RATES), 40).argsort(-1)[place, :BATCH]
        net = nn.Sequential(first, nn.Tanh(), second)
        F.cross_entropy(net(PARTS.train[rows]), PARTS.labels[0][rows]).backward()
        torch.optim.SGD(net.parameters(), lr=rate).step()
        loss = F.cross_entropy(net(PARTS.train), PARTS.labels[0]).item()
        assert found.train[-1, place].item() == pytest.approx(loss, rel=1e-5)


def test_what_is_spent_is_what_was_drawn_and_renewed() -> None:
    for way, cost in {"uniform": BATCH, "norms as drawn": BATCH, "norms renewed": BATCH + 40 / 150}.items():
        torch.manual_seed(0)
        found = fit(PARTS, way, budget=100, points=2, decay=False)
        assert found.spent[-1].item() == pytest.approx(int(100 / cost) * cost)
        assert found.train.shape == (2, len(settings(way)))


def test_one_label_in_ten_is_wrong_and_brightness_leaves_labels_alone() -> None:
    parts = in_parts("cpu")
    noisy, bright = changed(parts, "noisy", 1), changed(parts, "contrast", 1)
    assert (noisy.labels[0] != parts.labels[0]).double().mean() == pytest.approx(0.1, abs=0.03)
    assert torch.equal(noisy.labels[2], parts.labels[2])
    factors = bright.test.sum(1) / parts.test.sum(1)
    assert factors.log().std() == pytest.approx(0.9, abs=0.1)
    torch.testing.assert_close(bright.test, parts.test * factors[:, None])
    assert factors.min() >= math.exp(-2) - 1e-6
    assert factors.max() <= math.exp(2) + 1e-5


def test_traces_are_the_spread_of_many_draws() -> None:
    random = np.random.default_rng(0)
    g = random.normal(size=(30, 3)) * random.exponential(size=30)[:, None]
    norms = np.linalg.norm(g, axis=1)
    found = traces(torch.tensor(norms), torch.tensor(np.linalg.norm(g.mean(0))), {"oracle": torch.tensor(norms)})
    for name, q in {"uniform": np.full(30, 1 / 30), "oracle": norms / norms.sum()}.items():
        rows = random.choice(30, p=q, size=200_000)
        drawn = g[rows] / (30 * q[rows, None])
        assert found[name] == pytest.approx(drawn.var(axis=0).sum(), rel=0.03)
    assert found["oracle"] < found["oracle, mixed"] < found["uniform"]


@pytest.mark.parametrize("way", WAYS)
def test_minibatches_estimate_the_whole_gradient(way: str) -> None:
    x, y = skewed_rows(100, 2, skew=5.0, random=np.random.default_rng(0))
    rows, weights = minibatches(x, way, 40_000, np.random.default_rng(1))
    gradient = (weights[..., None] * x[rows] * y[rows][..., None]).sum(1).mean(0) / 100
    np.testing.assert_allclose(gradient, x.T @ y / 100, atol=0.02)


def test_the_gap_is_that_of_the_objective_above_scikit_learns_minimum() -> None:
    x, y = skewed_rows(100, 3, skew=4.0, random=np.random.default_rng(2))
    found = descend(x, y, "shuffled", (0.05, 0.2), 3, np.random.default_rng(7))
    orders = np.random.default_rng(7)
    rows = np.concatenate([orders.permutation(100) for _ in range(3)])[: 37 * 8].reshape(37, 8)

    def objective(w: np.ndarray) -> float:
        return float(np.mean((x @ w - y) ** 2) / 2 + PENALTY * w @ w / 2)

    least = objective(Ridge(alpha=100 * PENALTY, fit_intercept=False, tol=1e-14).fit(x, y).coef_)
    for rate, gap in zip((0.05, 0.2), found, strict=True):
        w = np.zeros(3)
        for step in range(37):
            g = sum((x[i] @ w - y[i]) * x[i] for i in rows[step]) / 8 + PENALTY * w
            w = w - rate * (1 + math.cos(math.pi * step / 37)) / 2 * g
        assert gap == pytest.approx((objective(w) - least) / (objective(np.zeros(3)) - least), rel=1e-6)


def test_a_rate_that_diverges_has_an_infinite_gap() -> None:
    x, y = skewed_rows(100, 3, skew=50.0, random=np.random.default_rng(2))
    assert descend(x, y, "uniform", (5e4,), 200, np.random.default_rng(0)).tolist() == [np.inf]


def test_norms_of_a_pass_earlier_are_those_of_a_training_that_ended_then() -> None:
    """A pass of 600 digits, eight a step, has 75 steps."""
    late = ran("gradient_noise", steps=80, points=2, ages=[1]).values
    early = ran("gradient_noise", steps=5, points=2, ages=[1]).values
    assert late["at"].tolist() == [1, 80]
    np.testing.assert_array_equal(late["1 before"], early["now"])
    assert not np.allclose(late["1 before"], late["now"])
