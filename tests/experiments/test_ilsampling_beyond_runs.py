"""The runs on gradients beyond categories, against closed forms and a descent written out here."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from parts import ran

from mlblog.experiments import ilsampling_beyond
from mlblog.experiments.ilsampling_beyond import distribution, scaled_gradient


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
