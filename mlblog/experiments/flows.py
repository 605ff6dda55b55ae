"""Densities by continuous flows: of two moons and of two rings, beside mixtures of Gaussians and the exact density."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from mlblog.classical.mixture import GaussianMixture, fit_mixture
from mlblog.data.moons import draw_moons, draw_rings, moon_log_densities, ring_log_densities
from mlblog.lab import Run, experiment
from mlblog.models.continuous_flow import CNF, GatedPlanes, hutchinson_trace
from mlblog.numerics.odeint import DormandPrince, RungeKutta4, Solver
from mlblog.training.curves import Curves
from mlblog.training.schedule import warmup_cosine
from mlblog.training.trainer import train

RATES = (0.01, 0.03)
COMPONENTS, STARTS = (4, 8, 12, 16, 24, 32), 5
FLOORS = (1e-6, 1e-3)  # added to the variances of a mixture
NOISE, BATCH, VALIDATION, TEST = 0.1, 256, 9_998, 9_999
PRECISE = DormandPrince(1e-5, 1e-5)
STEPS = (0.5, 0.25, 0.125, 0.0625)  # of the solver with which a trained flow is asked
LOW, HIGH = -3.0, 4.0  # the square over which a density is added up
PATH = tuple(np.linspace(0, 1, 9).tolist())


@experiment(
    smoke={"steps": 2, "units": 4, "side": 20, "asked": 40, "shown": 9, "known": 60},
    small={"steps": 1_300},
    full={"steps": 50_000, "units": 512, "known": 20_000},
    seeds=3,
    variants=[{"data": "rings"}, {"step": 0.25}],
)
def flow_densities(
    run: Run,
    *,
    steps: int,
    data: str = "moons",
    step: float = 0.0,
    units: int = 128,
    known: int = 1_000,
    side: int = 141,
    asked: int = 5_000,
    shown: int = 400,
    seed: int,
) -> None:
    """Fit a continuous flow by maximum likelihood, add up its density, and estimate its traces.

    Args:
        run: of the lab.
        steps: training steps at each of the `RATES`.
        data: "moons" or "rings".
        step: of Runge and Kutta's method in training; 0 for an adaptive solver with a tolerance of 1e-3.
        units: of the field.
        known: training points.
        side: points to each side of the grid over which densities are added up.
        asked: test points.
        shown: draws that are kept.
        seed: of weights, training points and draws.
    """
    draw = draw_moons if data == "moons" else draw_rings
    exact = moon_log_densities if data == "moons" else ring_log_densities
    x = draw(known, NOISE, generator=torch.Generator().manual_seed(seed))[0]
    held = draw(1_000, NOISE, generator=torch.Generator().manual_seed(VALIDATION))[0]
    unseen = draw(asked, NOISE, generator=torch.Generator().manual_seed(TEST))[0]
    solver: Solver = RungeKutta4(step) if step else DormandPrince(1e-3, 1e-3)

    begun = time.perf_counter()
    tried = []
    for rate in run.progress(RATES, "train"):
        torch.manual_seed(seed)
        flow = CNF(GatedPlanes(2, units), features=2, solver=solver)
        curves = fitted(flow, x, held, rate=rate, steps=steps)
        tried.append((curves.values("validation").min(), flow, curves))
    _, flow, curves = min(tried, key=lambda one: one[0])
    half = time.perf_counter()
    mixture = best_mixture(x, held, seed)
    run.measure(seconds_flow=half - begun, seconds_mixture=time.perf_counter() - half)
    run.save(
        validation=np.array([loss for loss, _, _ in tried]), curve=curves.values("validation"),
        components=float(len(mixture.weights)),
        exact=float((exact(unseen.double(), NOISE).logsumexp(-1) - np.log(2)).mean()),
        mixture=mixture.log_likelihood(unseen.double().numpy()),
        trained=mean_log_density(flow, unseen),
    )  # fmt: skip
    line, cell = torch.linspace(LOW, HIGH, side), ((HIGH - LOW) / (side - 1)) ** 2
    grid = torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1).flatten(0, 1)
    by_solver = []
    for other in (solver, *map(RungeKutta4, STEPS), PRECISE):
        asking = copy.deepcopy(flow)
        asking.solver = other
        density = in_parts(asking.log_density, grid).exp()
        by_solver.append((mean_log_density(asking, unseen), float(density.sum()) * cell))
    run.save(flow=by_solver[-1][0], integral=by_solver[-1][1], by_solver=np.array(by_solver),
             density=rounded(density.view(side, side)[::2, ::2]),
             mixed=rounded(torch.from_numpy(mixed(mixture, grid)).view(side, side)[::2, ::2]))  # fmt: skip
    flow.solver = PRECISE
    estimate_traces(run, flow, unseen[:200])
    generator = torch.Generator().manual_seed(seed)
    with torch.inference_mode():
        path = flow.path(torch.randn(shown, 2, generator=generator), PATH)
    run.save(path=path.numpy().round(2).astype(np.float32))


def fitted(flow: CNF, x: Tensor, held: Tensor, *, rate: float, steps: int) -> Curves:
    """Train by maximum likelihood; what is best on held-out points, by the solver of the training, is kept."""
    curves = Curves()
    train(curves, flow, lambda _: -flow.log_density(x[torch.randint(len(x), (BATCH,))]).mean(),
          torch.optim.Adam(flow.parameters(), lr=rate), steps=steps, every=max(1, steps // 20),
          rate=lambda step: rate * warmup_cosine(step, steps=steps),
          validate=lambda: -float(flow.log_density(held).mean()))  # fmt: skip
    return curves


def best_mixture(x: Tensor, held: Tensor, seed: int) -> GaussianMixture:
    """By EM, with the components, floor and start that are best on held-out points."""
    points, others = x.double().numpy(), held.double().numpy()
    random = np.random.default_rng(seed)
    found = []
    for count in COMPONENTS:
        for floor in FLOORS:
            for _ in range(STARTS):
                centres = points[random.choice(len(points), count, replace=False)]
                start = GaussianMixture(np.full(count, 1 / count), centres, np.tile(0.1 * np.eye(2), (count, 1, 1)))
                mixture, _ = fit_mixture(points, start, steps=300, tolerance=1e-4, floor=floor)
                found.append((mixture.log_likelihood(others), mixture))
    return max(found, key=lambda one: one[0])[1]


def mixed(mixture: GaussianMixture, grid: Tensor) -> np.ndarray:
    """The density of a mixture at points (n, 2): (n,)."""
    return np.asarray(np.exp(mixture.log_joint(grid.double().numpy())).sum(-1))


@torch.inference_mode()
def in_parts(log_density: Callable[[Tensor], Tensor], points: Tensor) -> Tensor:
    """Log-densities of many points, some thousands at a time: (n,)."""
    return torch.cat([log_density(part) for part in torch.split(points, 5_000)])


def mean_log_density(flow: CNF, points: Tensor) -> float:
    """In nats a point."""
    return float(in_parts(flow.log_density, points).double().mean())


def estimate_traces(run: Run, flow: CNF, points: Tensor, *, draws: int = 30) -> None:
    """How far log-densities with estimated traces are from the exact ones, for two kinds of noise."""
    generator = torch.Generator().manual_seed(TEST)
    precise = flow.log_density(points).detach()
    for name in ("signs", "normal"):
        errors = []
        for _ in range(draws):
            noise = torch.randn(points.shape, generator=generator)
            noise = noise.sign() if name == "signs" else noise
            with torch.no_grad():
                errors.append(flow.log_density(points, hutchinson_trace(flow.field, noise)) - precise)
        off = torch.stack(errors).double()
        run.save(**{f"spread {name}": off.std().item(), f"bias {name}": off.mean().item()})


def rounded(density: Tensor) -> np.ndarray:
    """For a picture."""
    return density.numpy().round(3).astype(np.float32)
