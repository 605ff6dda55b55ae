"""The runs on discrete gradients, against descents written out here and against moments that are planted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from parts import ran
from torch import Tensor

from mlblog.experiments import ilsampling, ilsampling_vae
from mlblog.experiments.ilsampling import AIMS, ALPHAS, TEMPERATURES
from mlblog.losses.discrete import (
    GumbelSoftmax,
    IntermediateLossSampler,
    Moments,
    Rebar,
    Reinforce,
    ReinforceExactBaseline,
    ReinforceLeaveOneOut,
    Relax,
    StraightThrough,
    StraightThroughGumbel,
    Tuned,
    clamp_and_divide,
    divide_by_sum,
    exact_gradient,
    sparsemax,
)


def expected_loss(logits: Tensor, p: Tensor, epsilon: float) -> Tensor:
    """E over one-hot z of the mean of -p (log(z + ε) - log(p + ε)), by hand."""
    chance = logits.softmax(-1)
    on, off = np.log1p(epsilon), np.log(epsilon)
    return -(p * (chance * on + (1 - chance) * off - (p + epsilon).log())).mean((-1, -2))


def test_the_toy_descends_as_written_out() -> None:
    found = ran("ils_toy", steps=3, problems=2, rate=30.0, epsilon=0.01).values
    torch.manual_seed(0)
    target = torch.rand(2, 5, 5, dtype=torch.float64)
    target = target / target.sum(-1, keepdim=True)
    logits = torch.rand(2, 5, 5, dtype=torch.float64)
    for step in range(3):
        chance = logits.softmax(-1)
        apart = (target * (target / chance).log()).sum(-1).mean(-1)  # of each problem
        row = found["series/kl exact/step"].tolist().index(step)
        assert found["series/kl exact"][row] == pytest.approx(float(apart.mean()) / 5, rel=1e-5)
        agreement = (target * chance).sum((-1, -2)).mean() / 5
        assert found["series/agreement exact"][row] == pytest.approx(float(agreement), rel=1e-5)
        leaf = logits.clone().requires_grad_()
        (slope,) = torch.autograd.grad(expected_loss(leaf, target, 0.01).sum(), leaf)
        logits = logits - 30.0 * slope
    rest = target * (1 - target)
    rest = rest / rest.sum(-1, keepdim=True)
    assert found["fixed_point"] == pytest.approx(float((target * (target / rest).log()).sum(-1).mean()) / 5)
    assert found["most_likely"] == pytest.approx(float(target.amax(-1).mean()))


def test_each_method_of_the_toy_has_its_own_curve() -> None:
    found = ran("ils_toy", steps=40, problems=2, epsilon=0.01, rate=1.0).values
    names = [f"ils {a:g}" for a in ALPHAS] + [f"published {a:g}" for a in ALPHAS]
    names += [f"gumbel {t:g}" for t in TEMPERATURES]
    assert found["methods"] == ["exact", *names, "reinforce"]
    starts = {found[f"series/kl {name}"][0] for name in found["methods"]}
    assert len(starts) == 1
    ends = [found[f"series/kl {name}"][-1] for name in found["methods"]]
    assert len(set(ends)) == len(ends)
    assert found["series/kl exact"][-1] < starts.pop()


@pytest.mark.parametrize("name", ["ILS", "clamped", "centered", "straight-through"])
def test_called_once_an_estimator_draws_and_its_mean_is_the_enumerated_one(name: str) -> None:
    """In many calls each estimate is one that a draw gives, as often as its probability says."""
    estimator = {
        "ILS": IntermediateLossSampler(0.3), "clamped": IntermediateLossSampler(0.3, clamp_and_divide),
        "centered": IntermediateLossSampler(0.3, centered=True), "straight-through": StraightThrough(),
    }[name]  # fmt: skip
    costs = torch.tensor([[1.0, -0.5, 0.3]], dtype=torch.float64)
    logits = torch.tensor([[0.2, -0.4, 0.9]], dtype=torch.float64)

    def loss(drawn: Tensor) -> Tensor:
        return (costs * drawn.square()).sum((-1, -2))

    torch.manual_seed(0)
    calls = estimator(logits.expand(40_000, 1, 3), loss).mean(0)
    chances = logits.softmax(-1)[0]
    by_draw = [estimator.given(logits, loss, torch.eye(3, dtype=torch.float64)[[k]]) for k in range(3)]
    torch.testing.assert_close(calls, sum(p * g for p, g in zip(chances, by_draw, strict=True)), atol=0.02, rtol=0)


# -- bias and noise ------------------------------------------------------------------------------------------------


def planted(mean: list[list[float]], noise: list[float]) -> Moments:
    """Moments of problems whose exact gradient is (1, 0)."""
    means = torch.tensor(mean, dtype=torch.float64)[:, None]
    exact = torch.tensor([[1.0, 0.0]], dtype=torch.float64).expand_as(means)
    return Moments(exact, means, torch.tensor(noise, dtype=torch.float64))


def test_bias_and_noise_are_reported_as_planted(monkeypatch: pytest.MonkeyPatch) -> None:
    """One problem of four goes uphill; cosines 1, 0.6, -1, 0; squared length over noise 4, 2, 0.5 and 1."""
    mean, noise = [[2.0, 0.0], [3.0, 4.0], [-1.0, 0.0], [0.0, 1.0]], [1.0, 12.5, 2.0, 1.0]
    enumerated: list[tuple[Any, tuple[int, ...]]] = []
    sampled: list[tuple[Any, int]] = []

    def moments(estimator: Any, logits: Tensor, loss: object) -> Moments:
        enumerated.append((estimator, tuple(logits.shape)))
        return planted(mean, noise)

    def drawn(estimator: Any, logits: Tensor, loss: object, *, draws: int) -> Moments:
        sampled.append((estimator, draws))
        return planted(mean, noise)

    monkeypatch.setattr(ilsampling, "enumerated_bias_variance", moments)
    monkeypatch.setattr(ilsampling, "bias_variance", drawn)
    found = ran("ils_bias", problems=7, mapped=5, draws=11, tuning=1).values
    cosine, ratio = (1 + 0.6 - 1 + 0) / 4, 1.0  # torch's median of four is the second lowest
    for name in ("sum", "clamp", "sparsemax"):
        for k in (5, 10, 50):
            assert found[f"wrong way {name} {k}"] == pytest.approx([0.25] * 17)
            assert found[f"cosine {name} {k}"] == pytest.approx([cosine] * 17)
            assert found[f"snr {name} {k}"] == pytest.approx([ratio] * 17)
            assert found[f"snr centered {name} {k}"] == pytest.approx([ratio] * 17)
    for form in ("linear", "square"):
        assert found[f"cosines {form}"] == pytest.approx([cosine] * 13)
        assert found[f"snrs {form}"] == pytest.approx([ratio] * 13)
    alphas = np.geomspace(1e-4, 1, 17)
    assert found["alphas"] == pytest.approx(alphas)
    expected: list[tuple[Any, tuple[int, ...]]] = []
    for k in (5, 10, 50):
        expected.append((ReinforceExactBaseline(), (7, 1, k)))
        for projection in (divide_by_sum, clamp_and_divide, sparsemax):
            for centered in (False, True):
                expected += [(IntermediateLossSampler(float(a), projection, centered), (7, 1, k)) for a in alphas]
    assert said(enumerated[: len(expected)]) == said(expected)
    exactly = [
        IntermediateLossSampler(0.001), IntermediateLossSampler(0.1), IntermediateLossSampler(0.1, clamp_and_divide),
        IntermediateLossSampler(0.001, centered=True), StraightThrough(), Reinforce(), ReinforceExactBaseline(),
    ]  # fmt: skip
    assert said(enumerated[len(expected) :]) == said([(one, (5, 1, 10)) for one in exactly] * 2)
    by_draws = [ReinforceLeaveOneOut(2), Rebar(), *(GumbelSoftmax(t) for t in TEMPERATURES), StraightThroughGumbel(1.0)]
    assert [type(one) for one, _ in sampled] == [type(one) for one in by_draws] * 2
    assert {draws for _, draws in sampled} == {11}
    assert said([one for one, _ in sampled if not isinstance(one, Rebar)]) == said(
        [one for one in by_draws if not isinstance(one, Rebar)] * 2
    )
    assert found["compared linear"] == [
        "ILS 0.001", "ILS 0.1", "ILS clamped 0.1", "ILS centered 0.001", "straight-through", "REINFORCE",
        "REINFORCE, exact baseline", "REINFORCE, 2 draws", "REBAR", "Gumbel 0.1", "Gumbel 1", "Gumbel 10",
        "ST-Gumbel 1",
    ]  # fmt: skip


def said(estimators: object) -> str:
    return str(estimators)


# -- two outcomes --------------------------------------------------------------------------------------------------


def test_the_estimators_of_two_outcomes_are_those_of_their_names() -> None:
    found = ilsampling._bernoulli_estimators()
    named = {
        "REINFORCE": Reinforce(), "REINFORCE, exact baseline": ReinforceExactBaseline(),
        "REINFORCE, 2 draws": ReinforceLeaveOneOut(2), "ILS 0.1": IntermediateLossSampler(0.1),
        "ILS centered 0.001": IntermediateLossSampler(0.001, centered=True), "straight-through": StraightThrough(),
        "ST-Gumbel 1": StraightThroughGumbel(1.0), "Gumbel 0.1": GumbelSoftmax(0.1), "Gumbel 1": GumbelSoftmax(1.0),
    }  # fmt: skip
    assert {name: said(found[name]) for name in named} == {name: said(one) for name, one in named.items()}
    assert found["exact"] is exact_gradient
    assert all(isinstance(found[name], Tuned) for name in ("REBAR", "RELAX"))
    assert isinstance(found["REBAR"].estimator, Rebar)
    assert isinstance(found["RELAX"].estimator, Relax)


def test_the_exact_descent_on_two_outcomes_is_adam_on_the_expected_loss() -> None:
    found = ran("ils_bernoulli", steps=12, replicates=3, rate=0.05).values
    shown = found["steps"].astype(int)
    assert shown[0] == 0
    assert shown[-1] == 11
    for t in AIMS:
        logits = torch.nn.Parameter(torch.zeros(2, dtype=torch.float64))
        optimizer = torch.optim.Adam([logits], lr=0.05)
        chances = []
        for _ in range(12):
            chance = logits.softmax(0)[1]
            chances.append(float(chance.detach()))
            optimizer.zero_grad()
            (chance * (1 - t) ** 2 + (1 - chance) * t**2).backward()
            optimizer.step()
        assert found[f"chance {t}"][found["methods"].index("exact")] == pytest.approx(
            np.array(chances)[shown], rel=1e-6
        )
    rows = found["chance 0.45"]
    assert len({tuple(row) for row in rows}) == len(found["methods"])


# -- the discrete autoencoder --------------------------------------------------------------------------------------


def test_bounds_of_each_estimator_are_saved_under_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: validation as many hundreds as there are settings, the test one more at each point."""
    points = ilsampling_vae.POINTS

    def fit(net: object, entry: Any, parts: Any, **_: object) -> Tensor:
        assert [len(part) for part in parts] == [1200, 200, 397]
        count = len(entry.settings)
        base = torch.full((points, count), 100.0 * count, dtype=torch.float64) + entry.evaluations
        return torch.stack((base, base + torch.arange(1, points + 1)[:, None]))

    monkeypatch.setattr(ilsampling_vae, "fit", fit)
    found = ran("ils_vae").values
    every = ilsampling_vae.entries(2, 3)
    assert found["methods"] == list(every)
    assert found["evaluations"] == [entry.evaluations for entry in every.values()]
    for name, entry in every.items():
        base = 100.0 * len(entry.settings) + entry.evaluations
        assert set(found[f"validation {name}"].ravel().tolist()) == {base}
        assert found[f"test {name}"][:, 0].tolist() == [base + 1 + point for point in range(points)]
        assert found[f"rates {name}"].tolist() == [rate for _, rate in entry.settings]


def test_a_variance_is_lowered_over_sixteen_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, float, tuple[int, ...]]] = []

    class Noted:
        def __init__(self, estimator: object, *, rate: float) -> None:
            self.estimator, self.rate = estimator, rate

        def __call__(self, logits: Tensor, loss: object) -> None:
            asked.append((self.estimator, self.rate, tuple(logits.shape)))

    monkeypatch.setattr(ilsampling, "Tuned", Noted)
    estimator = Rebar()
    assert ilsampling._tuned(estimator, torch.zeros(5, 1, 3), lambda z: z.sum(), 2) is estimator
    assert asked == [(estimator, 0.02, (16, 5, 1, 3))] * 2
