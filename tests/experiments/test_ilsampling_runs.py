"""The runs on discrete gradients, against descents written out here and against moments that are planted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from parts import ran
from torch import Tensor

from mlblog.experiments import ilsampling, ilsampling_beyond, ilsampling_vae
from mlblog.experiments.ilsampling import AIMS, ALPHAS, TEMPERATURES
from mlblog.experiments.ilsampling_beyond import distribution, scaled_gradient
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


# -- beyond categories ---------------------------------------------------------------------------------------------


def test_what_is_minimised_over_a_rate_is_adam_and_the_mean_of_its_last_half() -> None:
    log_rate = torch.nn.Parameter(torch.tensor(0.0, dtype=torch.float64))
    optimizer = torch.optim.Adam([log_rate], lr=0.01)
    seen = []
    for _ in range(10):
        seen.append(float(log_rate.detach().exp()))
        optimizer.zero_grad()
        ((log_rate.exp() - 3) ** 2).backward()
        optimizer.step()
    found = ilsampling_beyond.descend(lambda rate, batch: (rate - batch) ** 2, steps=10, batch=3)
    assert found == pytest.approx(np.mean(seen[5:]), rel=1e-12)


def test_the_score_functions_gradient_of_a_poisson_rate() -> None:
    """E (z - 5)² = λ + (λ - 5)², so that its slope at λ = 3 is 1 - 4."""
    torch.manual_seed(0)
    rate = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(ilsampling_beyond._score(rate, 400_000), rate)
    assert float(slope) == pytest.approx(-3.0, abs=0.15)


def test_the_descents_are_those_of_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ilsampling_beyond, "descend", lambda step, steps, batch: f"{step.__name__} {steps} {batch}")
    found = ran("ils_beyond", draws=50, steps=7, batch=9).values
    assert (found["rate ILS"], found["rate REINFORCE"]) == ("_intermediate 7 9", "_score 7 9")
    assert found["alphas"] == pytest.approx(np.geomspace(0.05, 1, 7))
    assert all(found[f"gradient {name}"].shape == (7,) for name in ("Gaussian", "Poisson", "von Mises"))


@pytest.mark.parametrize(
    ("name", "mean", "variance"), [("Gaussian", 0.5, 0.64), ("Poisson", 3.0, 3.0), ("von Mises", 0.3, 0.7)]
)
def test_variables_have_their_moments(name: str, mean: float, variance: float) -> None:
    torch.manual_seed(0)
    location = torch.tensor(mean, dtype=torch.float64).expand(20_000)
    drawn = distribution(name, location).sample()
    assert float(drawn.mean()) == pytest.approx(mean, abs=0.05)
    assert float(drawn.var()) == pytest.approx(variance, rel=0.25)


def test_costs_are_least_at_their_aims() -> None:
    at = torch.linspace(-1, 6, 701, dtype=torch.float64)
    for name, aim in {"Gaussian": 2.0, "Poisson": 5.0, "von Mises": 1.3}.items():
        values = ilsampling_beyond.cost(name, at)
        assert float(at[values.argmin()]) == pytest.approx(aim, abs=0.006)
    away = torch.tensor(1.3 + 1.0, dtype=torch.float64)
    assert float(ilsampling_beyond.cost("von Mises", away)) == pytest.approx(-np.cos(1.0))
    assert float(ilsampling_beyond.cost("Poisson", torch.tensor(2.0))) == pytest.approx(9.0)


def test_a_directions_scaled_gradient_tends_to_that_of_a_small_step() -> None:
    """For κ = 2 the scaled estimate is about the slope of -E cos(z - 1.3), which is -A(κ) sin(1.3 - 0.3) < 0."""
    torch.manual_seed(0)
    assert -1.2 < scaled_gradient("von Mises", 0.05, 100_000) < -0.5
    assert scaled_gradient("Poisson", 0.05, 100_000) == pytest.approx(2 * (3.0 - 5.0), abs=0.8)


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
