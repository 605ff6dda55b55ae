"""Intermediate loss sampling: the problem it was shown on, its bias and noise, and a problem with two outcomes."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from mlblog.lab import Run, experiment
from mlblog.losses.discrete import (
    GumbelSoftmax,
    IntermediateLossSampler,
    Loss,
    Moments,
    PublishedLossSampler,
    Rebar,
    Reinforce,
    ReinforceExactBaseline,
    ReinforceLeaveOneOut,
    Relax,
    StraightThrough,
    StraightThroughGumbel,
    Tuned,
    bias_variance,
    clamp_and_divide,
    divide_by_sum,
    enumerated_bias_variance,
    exact_gradient,
    sparsemax,
)
from mlblog.losses.discrete.moments import Estimator

ALPHAS = (0.1, 0.01, 0.001, 1e-5, 1e-7)  # the first three are the source's
TEMPERATURES = (0.1, 1.0, 10.0)
AIMS = (0.45, 0.499)  # t of the problem with two outcomes
PROJECTIONS = {"sum": divide_by_sum, "clamp": clamp_and_divide, "sparsemax": sparsemax}


@experiment(
    smoke={"steps": 20, "problems": 2},
    small={"steps": 50_000, "problems": 8},
    full={"steps": 50_000, "problems": 64},
    seeds=3,
    variants=({"epsilon": 0.01, "steps": 10_000},),
)
def ils_toy(run: Run, *, steps: int, problems: int, epsilon: float = 1e-8, rate: float = 0.01, seed: int) -> None:
    """Train five categorical variables of five categories towards given ones, as the source does, by each estimator.

    Args:
        run: of the lab.
        steps: of plain gradient descent, one draw each.
        problems: how many problems, each with its own targets and start.
        epsilon: added inside both logarithms of the loss; 1e-8 in the source.
        rate: of the descent.
        seed: of the problems and the draws.
    """
    target = torch.rand(problems, 5, 5, dtype=torch.float64)
    target = target / target.sum(-1, keepdim=True)
    start = torch.rand(problems, 5, 5, dtype=torch.float64)
    loss = toy_loss(target, epsilon)
    estimators: dict[str, tuple[Estimator, list[str]]] = {  # each runs all its settings at once
        "exact": (lambda logits, _: toy_exact_gradient(logits, target, epsilon), ["exact"]),
        "ils": (IntermediateLossSampler(_column(ALPHAS)), [f"ils {alpha:g}" for alpha in ALPHAS]),
        "published": (PublishedLossSampler(_column(ALPHAS)), [f"published {alpha:g}" for alpha in ALPHAS]),
        "gumbel": (GumbelSoftmax(_column(TEMPERATURES)), [f"gumbel {heat:g}" for heat in TEMPERATURES]),
        "reinforce": (Reinforce(), ["reinforce"]),
    }
    net = nn.ParameterDict(
        {name: nn.Parameter(start.repeat(len(labels), 1, 1, 1)) for name, (_, labels) in estimators.items()}
    ).requires_grad_(False)
    shown = {0, steps - 1, *np.geomspace(1, steps, 60).astype(int).tolist()}
    checkpoint = run.checkpoint(net=net)
    for step in checkpoint.steps(steps, "descend"):
        if step in shown:
            for name, (_, labels) in estimators.items():
                probabilities = net[name].softmax(-1)
                # the published form can drive a probability to zero, where the divergence is infinite
                apart = divergence(target, probabilities.clamp(min=1e-12)).mean((-1, -2))
                agree = (target * probabilities).sum(-1).mean((-1, -2))
                for row, label in enumerate(labels):
                    run.log(step=step, **{f"kl {label}": apart[row] / 5, f"agreement {label}": agree[row]})
        for name, (estimator, _) in estimators.items():
            net[name] -= rate * estimator(net[name], loss)
    run.save(
        methods=[label for _, labels in estimators.values() for label in labels],
        fixed_point=float(divergence(target, fixed_point(target)).mean() / 5),
        most_likely=float(target.max(-1).values.mean()),
    )


def toy_loss(target: Tensor, epsilon: float) -> Loss:
    """The source's loss: the mean over all entries of -p (log(z + ε) - log(p + ε)), for p of shape (..., M, K)."""

    def loss(drawn: Tensor) -> Tensor:
        return -(target * ((drawn + epsilon).log() - (target + epsilon).log())).mean((-1, -2))

    return loss


def toy_exact_gradient(logits: Tensor, target: Tensor, epsilon: float) -> Tensor:
    """The exact gradient of the toy's expected loss, which is linear in π.

    E L = (log ε - log(1 + ε)) · mean over entries of p π, up to a constant; hence ∝ π (p - p'π) for each variable.
    """
    slope = (math.log(epsilon) - math.log1p(epsilon)) / target.shape[-1] / target.shape[-2]
    probabilities = logits.softmax(-1)
    return slope * probabilities * (target - (probabilities * target).sum(-1, keepdim=True))


def divergence(p: Tensor, q: Tensor) -> Tensor:
    """KL(p ‖ q) along the last dimension, in nats."""
    return torch.xlogy(p, p / q).sum(-1)


def fixed_point(target: Tensor) -> Tensor:
    """Where intermediate loss sampling stops when ε makes its step infinite: π ∝ p (1 - p).

    The draw k then moves to p without k, renormalised, so that π_j = Σ over k ≠ j of π_k p_j / (1 - p_k), and π_k ∝
    p_k (1 - p_k) solves that, as Σ over k ≠ j of p_k = 1 - p_j.
    """
    unnormalised = target * (1 - target)
    return unnormalised / unnormalised.sum(-1, keepdim=True)


@experiment(
    smoke={"problems": 7, "draws": 20, "tuning": 3},
    small={"problems": 1_000, "draws": 4_000},
    full={"problems": 4_000, "draws": 50_000},
    seeds=3,
)
def ils_bias(run: Run, *, problems: int, draws: int, mapped: int = 20, tuning: int = 200, seed: int) -> None:
    """Bias and noise on random problems: costs c ~ N(0, 1) for each category, logits ~ N(0, 1).

    Intermediate loss sampling is enumerated for K = 5, 10, 50, over α. All estimators are compared at K = 10, for two
    losses that agree on every draw and differ between draws: c'z and c'z².

    Args:
        run: of the lab.
        problems: for the enumeration.
        draws: of each estimator that cannot be enumerated.
        mapped: problems on which all estimators are compared.
        tuning: steps of lowering REBAR's variance on these problems, before it is measured.
        seed: of the problems and the draws.
    """
    alphas = np.geomspace(1e-4, 1, 17)
    run.save(alphas=alphas)
    for categories in run.progress((5, 10, 50), "enumerate"):
        costs, logits = (torch.randn(problems, 1, categories, dtype=torch.float64) for _ in range(2))
        linear = linear_loss(costs)
        baseline = enumerated_bias_variance(ReinforceExactBaseline(), logits, linear)
        run.save(**{f"snr reinforce {categories}": float(baseline.signal_to_noise.median())})
        for name, projection in PROJECTIONS.items():
            found = [
                enumerated_bias_variance(IntermediateLossSampler(float(alpha), projection), logits, linear)
                for alpha in alphas
            ]
            centered = [
                enumerated_bias_variance(IntermediateLossSampler(float(alpha), projection, True), logits, linear)
                for alpha in alphas
            ]
            run.save(
                **{
                    f"wrong way {name} {categories}": _over(found, lambda m: (m.inner < 0).double().mean()),
                    f"cosine {name} {categories}": _over(found, lambda m: m.cosine.mean()),
                    f"snr {name} {categories}": _over(found, lambda m: m.signal_to_noise.median()),
                    f"snr centered {name} {categories}": _over(centered, lambda m: m.signal_to_noise.median()),
                }
            )
    costs, logits = (torch.randn(mapped, 1, 10, dtype=torch.float64) for _ in range(2))
    for form, loss in {"linear": linear_loss(costs), "square": square_loss(costs)}.items():
        compared = {
            **{f"ILS {a:g}": enumerated_bias_variance(IntermediateLossSampler(a), logits, loss) for a in (0.001, 0.1)},
            "ILS clamped 0.1": enumerated_bias_variance(IntermediateLossSampler(0.1, clamp_and_divide), logits, loss),
            "ILS centered 0.001": enumerated_bias_variance(IntermediateLossSampler(0.001, centered=True), logits, loss),
            "straight-through": enumerated_bias_variance(StraightThrough(), logits, loss),
            "REINFORCE": enumerated_bias_variance(Reinforce(), logits, loss),
            "REINFORCE, exact baseline": enumerated_bias_variance(ReinforceExactBaseline(), logits, loss),
            "REINFORCE, 2 draws": bias_variance(ReinforceLeaveOneOut(2), logits, loss, draws=draws),
            "REBAR": bias_variance(_tuned(Rebar(), logits, loss, tuning), logits, loss, draws=draws),
            **{f"Gumbel {t:g}": bias_variance(GumbelSoftmax(t), logits, loss, draws=draws) for t in TEMPERATURES},
            "ST-Gumbel 1": bias_variance(StraightThroughGumbel(1.0), logits, loss, draws=draws),
        }
        run.save(
            **{
                f"compared {form}": list(compared),
                f"cosines {form}": _over(list(compared.values()), lambda m: m.cosine.mean()),
                f"snrs {form}": _over(list(compared.values()), lambda m: m.signal_to_noise.median()),
            }
        )


def linear_loss(costs: Tensor) -> Loss:
    """c'z, for c of shape (..., M, K)."""
    return lambda drawn: (costs * drawn).sum((-1, -2))


def square_loss(costs: Tensor) -> Loss:
    """c'z², which on one-hot draws is c'z."""
    return lambda drawn: (costs * drawn.square()).sum((-1, -2))


@experiment(
    smoke={"steps": 12, "replicates": 3},
    small={"steps": 3_000, "replicates": 20},
    full={"steps": 30_000, "replicates": 100},
    seeds=3,
)
def ils_bernoulli(run: Run, *, steps: int, replicates: int, rate: float = 0.01, seed: int) -> None:
    """Minimise E (b - t)² over the chance θ of b = 1, for t = .45 and .499, by each estimator.

    Args:
        run: of the lab.
        steps: of Adam, one estimate each, from θ = 1/2.
        replicates: how many at once; their mean is kept.
        rate: of Adam.
        seed: of the draws.
    """
    shown = np.unique(np.geomspace(1, steps, 40).astype(int)) - 1
    names = list(_bernoulli_estimators())
    jobs = [(row, column) for column in range(len(AIMS)) for row in range(len(names))]
    found = nn.ParameterDict({"chances": torch.zeros(len(AIMS), len(names), len(shown), dtype=torch.float64)})
    checkpoint = run.checkpoint(found=found.requires_grad_(False))
    for job in checkpoint.steps(len(jobs), "descend"):
        row, column = jobs[job]
        loss, estimator = bernoulli_loss(AIMS[column]), _bernoulli_estimators()[names[row]]
        logits = nn.Parameter(torch.zeros(replicates, 1, 2, dtype=torch.float64))
        optimizer = torch.optim.Adam([logits], lr=rate)
        chances = []
        for step in range(steps):
            if step in shown:
                chances.append(float(logits.detach().softmax(-1)[..., 1].mean()))
            logits.grad = estimator(logits.detach(), loss)
            optimizer.step()
        found["chances"][column, row] = torch.tensor(chances)
    run.save(methods=names, steps=shown.astype(np.float64))
    run.save(**{f"chance {t}": found["chances"][column].numpy() for column, t in enumerate(AIMS)})


def bernoulli_loss(t: float) -> Loss:
    """(b - t)², b being the second category of one variable: (..., 1, 2) to (...)."""
    return lambda drawn: (drawn[..., 0, 1] - t) ** 2


def _bernoulli_estimators() -> dict[str, Estimator]:
    """What is compared on two outcomes, new for each use, as some learn."""
    correction = nn.Sequential(
        nn.Flatten(-2), nn.Linear(2, 10), nn.Tanh(), nn.Linear(10, 1), nn.Flatten(-2)
    ).double()  # (..., 1, 2) to (...)
    return {
        "exact": exact_gradient,
        "REINFORCE": Reinforce(),
        "REINFORCE, exact baseline": ReinforceExactBaseline(),
        "REINFORCE, 2 draws": ReinforceLeaveOneOut(2),
        "REBAR": Tuned(Rebar(), rate=0.01),
        "RELAX": Tuned(Relax(correction), rate=0.01),
        "ILS 0.1": IntermediateLossSampler(0.1),
        "ILS centered 0.001": IntermediateLossSampler(0.001, centered=True),
        "straight-through": StraightThrough(),
        "ST-Gumbel 1": StraightThroughGumbel(1.0),
        "Gumbel 0.1": GumbelSoftmax(0.1),
        "Gumbel 1": GumbelSoftmax(1.0),
    }


def _tuned(estimator: Rebar, logits: Tensor, loss: Loss, steps: int) -> Estimator:
    """The estimator after some steps of lowering its variance on these problems."""
    tuned = Tuned(estimator, rate=0.02)
    for _ in range(steps):
        tuned(logits.expand(16, *logits.shape), loss)
    return estimator


def _column(settings: tuple[float, ...]) -> Tensor:
    """(settings, 1, 1, 1), to broadcast against (settings, problems, M, K)."""
    return torch.tensor(settings, dtype=torch.float64).view(-1, 1, 1, 1)


def _over(found: list[Moments], statistic: Callable[[Moments], Tensor]) -> np.ndarray:
    return np.array([float(statistic(moments)) for moments in found])
