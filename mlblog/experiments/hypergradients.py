"""Gradients of hyperparameters: how wrong each way of computing them is, by how long the weights were trained."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from mlblog.classical.ridge import RidgeWeights
from mlblog.data.digits import DIGEST
from mlblog.experiments.inner_problems import Problem, digit_problem, ridge_problem
from mlblog.lab import Run, experiment
from mlblog.numerics.adjoint import odeint_adjoint
from mlblog.numerics.implicit_hypergradient import (
    Loss,
    Solve,
    descended,
    hessian_product,
    implicit_hypergradient,
    unrolled_hypergradient,
)
from mlblog.numerics.inverse_product import conjugate_gradients, largest_eigenvalue, neumann_series
from mlblog.numerics.odeint import DormandPrince, Field, odeint
from mlblog.numerics.saved import SavedTensors

PROBLEMS = ("ridge", "logistic", "network")
WAYS = ("exact inverse", "Neumann 10", "Neumann 100", "conjugate 10", "unrolled", "last 10", "last 100")
COSTED = ("conjugate 10", "unrolled", "last 10")
SHARES = (0.5, 1.0, 1.9, 2.1)  # steps of a Neumann series, in units of 1 / the largest eigenvalue
DIRECTIONS, NEAR = 2, 1e-4  # of finite differences, normal, and how far they go
UNROLLED = 3_000  # steps up to which autograd goes through them
SHORT = 30  # steps of descent up to which flows are solved that have no closed form, or keep no states
LONG = 100  # products up to which an adjoint that begins at the minimum is set beside the series
WORST = 1e9  # what an error that is larger, or no number, is written as
_tight = DormandPrince(1e-9, 1e-11)


@experiment(
    smoke={"points": [2, 3], "features": 4, "known": 12, "hidden": 2, "terms": 5},
    small={"points": [2, 4, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000]},
    full={"points": [2, 4, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000], "features": 40, "known": 400, "hidden": 16},
    seeds=5,
)
def hypergradient_errors(
    run: Run, *, points: list[int], features: int = 20, known: int = 100, hidden: int = 6,
    terms: int = 3_000, seed: int,
) -> None:  # fmt: skip
    """Take the gradient of a validation loss by each weight's decay, in several ways, at several points of training.

    Errors are ‖found - right‖ / ‖right‖. What is right: the gradient at the minimum, and that of the weights which
    were trained so far. Finite differences go along random directions, which gives the same number in expectation.

    Args:
        run: of the lab.
        points: numbers of steps of gradient descent; those beyond `UNROLLED` are not differentiated.
        features: of the ridge regression, which has twice as many examples.
        known: training digits; those of validation are always 200.
        hidden: units of the network.
        terms: products of the longest Neumann series.
        seed: of data and start.
    """
    run.uses("digits.csv.gz", DIGEST)
    torch.manual_seed(seed)
    made = (ridge_problem(features), digit_problem(known, 0), digit_problem(known, hidden))
    shape = (len(PROBLEMS), len(WAYS), len(points))
    to_minimum, to_trained = np.full((2, *shape), WORST)
    slopes, lowest, control = np.full((3, len(PROBLEMS), len(points)), WORST)
    flowed = np.full((len(PROBLEMS), 2, len(points)), WORST)  # with states kept on the way, and without
    ends = np.zeros((2, len(PROBLEMS)))  # at the minimum: the length of the slope, the least curvature
    for i, problem in run.progress([*enumerate(made)], "problem"):
        reached = [problem.start]
        for before, at in pairwise((0, *points)):
            reached.append(descended(problem.inner, reached[-1], problem.hyper, step=problem.step, steps=at - before))
        minimum = _minimum(problem, reached[-1])
        curvature = _hessian(problem, minimum)
        right = implicit_hypergradient(problem.inner, problem.outer, minimum, problem.hyper, _solving(curvature))
        ends[:, i] = float(_slope(problem, minimum).norm()), float(torch.linalg.eigvalsh(curvature)[0])
        if problem.exact:
            run.save(check=_error(right, _by_chain(problem, problem.exact())))
        shown = []
        for j, at in enumerate(points):
            weights = reached[j + 1]
            curvature = _hessian(problem, weights)
            found = _found(problem, weights, at, curvature)
            to_minimum[i, :, j] = [_error(found[way], right) if way in found else WORST for way in WAYS]
            slopes[i, j] = float(_slope(problem, weights).norm())
            lowest[i, j] = float(torch.linalg.eigvalsh(curvature)[0])
            if at > UNROLLED:
                continue
            trained = _by_chain(problem, problem.exact(steps=at)) if problem.exact else found["unrolled"]
            to_trained[i, :, j] = [_error(found[way], trained) for way in WAYS]
            reach = partial(descended, problem.inner, problem.start, step=problem.step, steps=at)
            control[i, j] = _difference(problem, reach, trained)
            flowed[i, :, j] = _flowed(problem, at)
            shown.append(torch.stack([found["exact inverse"], trained, right]))
        if PROBLEMS[i] == "logistic":
            run.save(pictures=torch.stack(shown).view(len(shown), 3, -1, 10)[:, :, :64].sum(-1).numpy().round(6))
            _costs(run, problem, [at for at in points if at <= UNROLLED])
    run.save(points=np.array(points, dtype=np.float64), to_minimum=to_minimum, to_trained=to_trained, slopes=slopes,
             lowest=lowest, ends=ends, control=control, flowed=flowed)  # fmt: skip
    _series(run, made[0], terms)


def _found(problem: Problem, weights: Tensor, at: int, curvature: Tensor) -> dict[str, Tensor]:
    """The hypergradient after some steps of descent, by each of the `WAYS`."""
    inner, outer, start, hyper, step, _ = problem
    solves: dict[str, Solve] = {
        "exact inverse": _solving(curvature),
        "Neumann 10": partial(neumann_series, step=step, products=10),
        "Neumann 100": partial(neumann_series, step=step, products=100),
        "conjugate 10": partial(conjugate_gradients, products=10),
    }
    found = {way: implicit_hypergradient(inner, outer, weights, hyper, solve) for way, solve in solves.items()}
    if at > UNROLLED:
        return found
    unrolled = partial(unrolled_hypergradient, inner, outer, start, hyper, step=step, steps=at)
    last = {f"last {few}": unrolled(last=min(at, few)) for few in (10, 100)}
    return found | {"unrolled": unrolled()} | last


def _flowed(problem: Problem, at: int) -> tuple[float, float]:
    """Errors of the adjoint of gradient flow for as long as steps of descent take: with states kept, and without."""
    inner, outer, start, hyper, step, exact = problem
    if not exact and at > SHORT:
        return WORST, WORST
    right = _by_chain(problem, exact(time=step * at)) if exact else None
    leaf = hyper.clone().requires_grad_()

    @torch.no_grad()
    def plain(h: Tensor) -> Tensor:
        return odeint(_downhill(inner, h), start, [0.0, step * at], _tight)[-1]

    def error(kept: int) -> float:
        times = torch.linspace(0, step * at, kept).tolist()
        try:
            path = odeint_adjoint(_downhill(inner, leaf), start, times, (leaf,), _tight)
            (found,) = torch.autograd.grad(outer(path[-1], leaf), leaf)
        except FloatingPointError:
            return WORST
        return _error(found, right) if right is not None else _difference(problem, plain, found)

    return error(max(2, at // 3 + 1)), error(2) if at <= 2 * SHORT else WORST


def _downhill(inner: Loss, hyper: Tensor) -> Field:
    """The field of gradient flow, w′ = -∂f/∂w, differentiable by w and λ."""

    def field(_: float, w: Tensor) -> Tensor:
        with torch.enable_grad():
            w = w if w.requires_grad else w.detach().requires_grad_()
            return -torch.autograd.grad(inner(w, hyper), w, create_graph=True)[0]

    return field


def _series(run: Run, problem: Problem, terms: int) -> None:
    """At the minimum: the error by the number of products, and by the time of an adjoint that begins there."""
    inner, outer, _, hyper, _, exact = problem
    assert exact is not None
    minimum, right = torch.from_numpy(exact().weights), _by_chain(problem, exact())
    eigenvalues = torch.linalg.eigvalsh(_hessian(problem, minimum))
    most = float(eigenvalues[-1])
    counts = np.unique(np.geomspace(1, terms, 25).round().astype(int))

    def resting(end: float) -> float:
        leaf = hyper.clone().requires_grad_()
        times = torch.linspace(0, end, max(2, int(2 * end))).tolist()
        path = odeint_adjoint(_downhill(inner, leaf), minimum, times, (leaf,), _tight)
        return _error(torch.autograd.grad(outer(path[-1], leaf), leaf)[0], right)

    solves: list[Callable[..., Tensor]] = [partial(neumann_series, step=share / most) for share in SHARES]
    errors = [
        [_error(implicit_hypergradient(inner, outer, minimum, hyper, partial(way, products=int(k))), right)
         for k in counts] for way in (*solves, conjugate_gradients)
    ]  # fmt: skip
    rested = [resting((int(k) + 1) / most) if k <= LONG else WORST for k in counts]
    power = largest_eigenvalue(hessian_product(inner, minimum, hyper), torch.ones_like(minimum))
    run.save(products=counts.astype(np.float64), series=np.array(errors), resting=np.array(rested), most=most,
             least=float(eigenvalues[0]), power=power)  # fmt: skip


def _costs(run: Run, problem: Problem, points: list[int]) -> None:
    """Bytes that autograd keeps at most, and seconds, of each of the `COSTED` by the number of steps."""
    inner, outer, start, hyper, step, _ = problem
    kept, seconds = np.zeros((2, len(COSTED), len(points)))
    for j, at in enumerate(points):
        weights = descended(inner, start, hyper, step=step, steps=at)
        unrolled = partial(unrolled_hypergradient, inner, outer, start, hyper, step=step, steps=at)
        solve = partial(conjugate_gradients, products=10)
        calls = (
            partial(implicit_hypergradient, inner, outer, weights, hyper, solve),
            unrolled,
            partial(unrolled, last=min(at, 10)),
        )
        for i, call in enumerate(calls):
            began = time.perf_counter()
            call()
            seconds[i, j] = time.perf_counter() - began
            with SavedTensors() as saved:
                call()
            kept[i, j] = saved.peak
    run.save(kept=kept)
    run.measure(seconds=seconds)


def _minimum(problem: Problem, weights: Tensor) -> Tensor:
    """By Newton's method, from near it."""
    for _ in range(8):
        slope = _slope(problem, weights)
        if float(slope.norm()) < 1e-13:
            break
        weights = weights - torch.linalg.solve(_hessian(problem, weights), slope)
    return weights


def _slope(problem: Problem, weights: Tensor) -> Tensor:
    weights = weights.detach().requires_grad_()
    return torch.autograd.grad(problem.inner(weights, problem.hyper), weights)[0]


def _hessian(problem: Problem, weights: Tensor) -> Tensor:
    weights = weights.detach().requires_grad_()
    (slope,) = torch.autograd.grad(problem.inner(weights, problem.hyper), weights, create_graph=True)
    units = torch.eye(len(weights), dtype=weights.dtype)
    (whole,) = torch.autograd.grad(slope, weights, units, is_grads_batched=True)
    return (whole + whole.T) / 2


def _solving(matrix: Tensor) -> Solve:
    return lambda _, v: torch.linalg.solve(matrix, v)


def _by_chain(problem: Problem, at: RidgeWeights) -> Tensor:
    """(∂w / ∂λ)ᵀ ∂g / ∂w, for losses g that depend on λ through the weights alone."""
    weights = torch.from_numpy(at.weights).requires_grad_()
    (slope,) = torch.autograd.grad(problem.outer(weights, problem.hyper), weights)
    return torch.from_numpy(at.sensitivity).T @ slope


def _difference(problem: Problem, reach: Callable[[Tensor], Tensor], gradient: Tensor) -> float:
    """How far finite differences are from a gradient, relative to it, along random directions."""
    off = []
    for _ in range(DIRECTIONS):
        toward = torch.randn_like(problem.hyper)
        up, down = (problem.outer(reach(h), h) for h in (problem.hyper + NEAR * toward, problem.hyper - NEAR * toward))
        off.append(float((up - down) / (2 * NEAR) - gradient @ toward) ** 2)
    return float(np.sqrt(np.mean(off)) / gradient.norm())


def _error(found: Tensor, right: Tensor) -> float:
    error = float((found - right).norm() / right.norm())
    return min(error, WORST) if error == error else WORST
