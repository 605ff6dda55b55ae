"""What the experiments on hypergradients compare, by other means."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from parts import ran
from scipy.optimize import minimize

from mlblog.experiments import hypergradients, inner_problems, tuned_decays
from mlblog.numerics.implicit_hypergradient import unrolled_hypergradient


def test_unrolled_gradients_differ_from_finite_differences_as_rounding_does() -> None:
    """And a gradient that is wrong is found out."""
    torch.manual_seed(3)
    problem = inner_problems.digit_problem(15, 3)

    def reach(h: torch.Tensor) -> torch.Tensor:
        return hypergradients.descended(problem.inner, problem.start, h, step=problem.step, steps=5)

    right = unrolled_hypergradient(*problem[:4], step=problem.step, steps=5)
    assert hypergradients._difference(problem, reach, right) < 1e-6
    wrong = right + 0.1 * right.norm() * torch.nn.functional.one_hot(torch.tensor(7), len(right))
    assert hypergradients._difference(problem, reach, wrong) > 1e-3


@pytest.mark.parametrize("hidden", [0, 2])
def test_hessians_are_those_of_torch(hidden: int) -> None:
    torch.manual_seed(4)
    problem = inner_problems.digit_problem(9, hidden)
    weights = problem.start[:] + 0.1
    theirs = torch.autograd.functional.hessian(lambda w: problem.inner(w, problem.hyper), weights)
    torch.testing.assert_close(hypergradients._hessian(problem, weights), theirs, rtol=1e-9, atol=1e-12)


def test_accelerated_descent_ends_where_scipy_does() -> None:
    torch.manual_seed(5)
    x, y = torch.randn(12, 4, dtype=torch.float64), torch.randint(10, (12,))
    hyper = torch.linspace(-3, -1, 4, dtype=torch.float64)
    found = tuned_decays._trained((x, y), hyper, torch.zeros(40).double(), 3_000)

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        weights = torch.from_numpy(w).requires_grad_()
        decays = hyper.exp()[:, None].expand(4, 10).flatten()
        value = F.cross_entropy(x @ weights.view(4, 10), y) + (decays * weights.square()).sum() / 2
        return value.item(), torch.autograd.grad(value, weights)[0].numpy()

    theirs = minimize(loss, np.zeros(40), jac=True, method="BFGS", options={"gtol": 1e-9}).x
    np.testing.assert_allclose(found, theirs, atol=1e-6)


def test_accelerated_descent_is_ahead_of_plain_descent() -> None:
    """After 200 steps of the same length, on digits."""
    torch.manual_seed(7)
    x, y = tuned_decays._parts(40, 0).train
    hyper, plain = torch.tensor([-7.0]).double(), torch.zeros(650, dtype=torch.float64)
    ahead = tuned_decays._trained((x, y), hyper, plain, 200)

    def loss(w: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(x @ w.view(-1, 10), y) + hyper.exp()[0] * w.square().sum() / 2

    most = float(torch.linalg.eigvalsh(x.T @ x / len(x))[-1]) / 2 + float(hyper.exp()[0])
    for _ in range(200):
        plain = (plain - torch.autograd.grad(loss(plain.requires_grad_()), plain)[0] / most).detach()
    assert loss(ahead) < 0.8 * loss(plain)


def test_each_setting_is_judged_on_validation_digits_with_weights_of_its_own() -> None:
    """The best of two settings is the one whose loss is less when it is tried first."""
    torch.manual_seed(6)
    parts = tuned_decays._parts(20, 0)
    settings = [torch.tensor([3.0]).double(), torch.tensor([-3.0]).double()]
    losses = [tuned_decays._searched(parts, [one]).loss for one in settings]
    best = tuned_decays._searched(parts, settings)
    assert best.hyper is settings[int(np.argmin(losses))]
    weights = tuned_decays._trained(parts.train, settings[0], torch.zeros(650).double(), tuned_decays.TRIED)
    assert losses[0] == pytest.approx(
        float(F.cross_entropy(parts.validation[0] @ weights.view(-1, 10), parts.validation[1]))
    )


def test_the_formula_and_the_closed_form_agree_at_the_minimum() -> None:
    found = ran("hypergradient_errors").values
    assert found["check"] < 1e-10
    unrolled = hypergradients.WAYS.index("unrolled")
    assert found["to_trained"][0, unrolled].max() < 1e-10
    assert found["flowed"][0].max() < 1e-5
    assert found["control"][0].max() < 1e-5
