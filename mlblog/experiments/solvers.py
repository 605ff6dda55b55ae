"""Solvers as layers: their orders and costs, and what becomes of a network when its solver is another one."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.data.moons import draw_moons, moon_log_densities
from mlblog.lab import Run, experiment
from mlblog.models.ode_block import Counted, ODEBlock, TimedField
from mlblog.models.residual import Residual
from mlblog.numerics.odeint import (
    DormandPrince,
    Euler,
    Field,
    RungeKutta4,
    Solver,
    dormand_prince_step,
    odeint,
)
from mlblog.training.curves import Curves
from mlblog.training.schedule import warmup_cosine
from mlblog.training.trainer import train

METHODS = ("Euler", "RK4", "dopri5")
STARTS = 64  # of each equation: an error is the root mean square over them
END = 4.0  # a block's equation runs from 0 to 4: four residual blocks, if Euler's step is 1
RATES = (0.01, 0.03, 0.1)
ARMS = ("ODE-Net", "Euler", "residual")
#: With which the trained networks are asked again.
SWAPPED: dict[str, Solver] = {
    "Euler, 1": Euler(1.0), "Euler, 1/2": Euler(0.5), "Euler, 1/4": Euler(0.25), "Euler, 1/16": Euler(1 / 16),
    "RK4, 1": RungeKutta4(1.0), "RK4, 1/4": RungeKutta4(0.25), "dopri5": DormandPrince(1e-6, 1e-6),
}  # fmt: skip
TIMES = tuple(np.arange(0.5, 8.25, 0.5).tolist())  # at which the state is read out
NOISE, VALIDATION, TEST = 0.25, 9_998, 9_999


@dataclass(frozen=True)
class FixedDormandPrince:
    """The method of order 5 with steps of one length, for its order alone."""

    step: float

    def path(self, field: Field, state: Tensor, times: Sequence[float]) -> Iterator[Tensor]:
        """See `Solver`."""
        begin, end = times
        slope = field(begin, state)
        for n in range(round((end - begin) / self.step)):
            state, slope, _ = dormand_prince_step(field, begin + n * self.step, state, slope, self.step)
        yield state


@experiment(
    smoke={"halvings": 4, "tolerances": [1e-2, 1e-4]},
    small={"halvings": 9, "tolerances": [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10]},
    full={"halvings": 12, "tolerances": [1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-11]},
    seeds=5,
)
def solver_orders(run: Run, *, halvings: int, tolerances: list[float], hidden: int = 16, seed: int) -> None:
    """Solve the equations of untrained networks in the plane by steps of many lengths, and to many tolerances.

    Args:
        run: of the lab.
        halvings: step lengths, from 1 down.
        tolerances: of the adaptive solver.
        hidden: units of each network.
        seed: of weights and starts.
    """
    torch.manual_seed(seed)
    field = Counted(TimedField(2, hidden).double())
    for weights in field.parameters():
        nn.init.normal_(weights, std=1.0 if weights.ndim == 1 else weights.shape[1] ** -0.5)
    start = torch.randn(STARTS, 2, dtype=torch.float64)
    exact = precise(field, start)
    steps = 0.5 ** np.arange(halvings)
    makes: dict[str, Callable[[float], Solver]] = {"Euler": Euler, "RK4": RungeKutta4, "dopri5": FixedDormandPrince}
    errors = {name: np.array([solved(field, start, make(h), exact) for h in steps]) for name, make in makes.items()}
    run.save(steps=steps, tolerances=np.array(tolerances))
    for name, found in errors.items():
        run.save(**{f"error {name}": found[:, 0], f"evaluations {name}": found[:, 1],
                    f"order {name}": slope(steps, found[:, 0])})  # fmt: skip
    adaptive = np.array([solved(field, start, DormandPrince(tol, tol), exact) for tol in tolerances])
    run.save(adaptive_error=adaptive[:, 0], adaptive_evaluations=adaptive[:, 1])


@torch.no_grad()
def solved(field: Counted, start: Tensor, solver: Solver, exact: Tensor) -> tuple[float, float]:
    """The distance of z(END) from what it should be, root mean square over starts, and evaluations of the field."""
    field.evaluations = 0
    end = odeint(field, start, [0.0, END], solver)[-1]
    return float((end - exact).norm()) / len(start) ** 0.5, float(field.evaluations)


@torch.no_grad()
def precise(field: nn.Module, start: Tensor) -> Tensor:
    """The state at END by steps so short that all error is rounding."""
    return odeint(field, start, [0.0, END], FixedDormandPrince(1 / 96))[-1]


def slope(steps: np.ndarray, errors: np.ndarray) -> float:
    """By how many powers of two the error falls where the step is halved, at the shortest two above rounding."""
    longer, shorter = np.flatnonzero(errors > 2e-13)[-2:]
    return float(np.log(errors[longer] / errors[shorter]) / np.log(steps[longer] / steps[shorter]))


class Net(nn.Sequential):
    """A block that keeps points of the plane in the plane, and a linear classifier of two classes."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__(block, nn.Linear(2, 2))


def make_net(arm: str, hidden: int) -> Net:
    """An equation solved adaptively, the same by four steps of Euler, or four residual blocks that share nothing.

    Weights are as many to within 3 %: 6 H + 2, and 4 (5 H′ + 2).
    """
    if arm == "residual":
        narrow = round((6 * hidden - 6) / 20)
        return Net(nn.Sequential(*(
            Residual(nn.Sequential(nn.Linear(2, narrow), nn.Tanh(), nn.Linear(narrow, 2))) for _ in range(round(END))
        )))  # fmt: skip
    solver = Euler(1.0) if arm == "Euler" else DormandPrince(1e-3, 1e-3)
    return Net(ODEBlock(Counted(TimedField(2, hidden)), end=END, solver=solver))


@experiment(
    smoke={"steps": 2, "known": 40, "asked": 200},
    small={"steps": 300},
    full={"steps": 5_000, "known": 2_000, "hidden": 128},
    seeds=10,
)
def moons_solvers(run: Run, *, steps: int, known: int = 300, asked: int = 10_000, hidden: int = 29, seed: int) -> None:
    """Tell two moons apart by an equation or by residual blocks; then change the solver and read out at other times.

    Args:
        run: of the lab.
        steps: training steps at each of the `RATES`, on all known points.
        known: training points.
        asked: test points.
        hidden: units of the field.
        seed: of weights and training points.
    """
    x, y = draw_moons(known, NOISE, generator=torch.Generator().manual_seed(seed))
    held = draw_moons(1_000, NOISE, generator=torch.Generator().manual_seed(VALIDATION))
    unseen = draw_moons(asked, NOISE, generator=torch.Generator().manual_seed(TEST))
    best = moon_log_densities(unseen[0].double(), NOISE).argmax(-1)
    run.save(least=(best != unseen[1]).double().mean().item())
    for arm in run.progress(ARMS, "train"):
        tried: list[tuple[float, Net, Curves]] = []
        for rate in RATES:
            torch.manual_seed(seed)
            net = make_net(arm, hidden)
            curves = fitted(net, (x, y), held, rate=rate, steps=steps)
            tried.append((float(curves.values("validation").min()), net, curves))
        _, net, curves = min(tried, key=lambda one: one[0])
        run.save(**{
            f"validation {arm}": np.array([loss for loss, _, _ in tried]),
            f"curve {arm}": curves.values("validation"),
            f"asks {arm}": curves.values("evaluations"),
            f"error {arm}": wrong(net, *unseen),
            f"weights {arm}": sum(weight.numel() for weight in net.parameters()),
        })  # fmt: skip
        if arm != "residual":
            swapped(run, net, arm, unseen)


def fitted(net: Net, known: tuple[Tensor, Tensor], held: tuple[Tensor, Tensor], *, rate: float, steps: int) -> Curves:
    """Train on all points at once; the best on held-out points is kept."""
    curves = Curves()
    block = net[0]

    def validated() -> float:
        counted = block.field if isinstance(block, ODEBlock) else None
        before = counted.evaluations if isinstance(counted, Counted) else 0
        loss = float(F.cross_entropy(net(held[0]), held[1]))
        after = counted.evaluations if isinstance(counted, Counted) else round(END)
        curves.log(step=0, evaluations=after - before)
        return loss

    train(curves, net, lambda _: F.cross_entropy(net(known[0]), known[1]), torch.optim.Adam(net.parameters(), lr=rate),
          steps=steps, every=max(1, steps // 20), rate=lambda step: rate * warmup_cosine(step, steps=steps),
          validate=validated)  # fmt: skip
    return curves


@torch.no_grad()
def wrong(net: nn.Module, x: Tensor, y: Tensor) -> float:
    """The share of points that are told wrong."""
    return float((net(x).argmax(-1) != y).double().mean())


def swapped(run: Run, net: Net, arm: str, asked: tuple[Tensor, Tensor]) -> None:
    """Ask a trained network again: by other solvers, to other tolerances, at other times."""
    precise = copy.deepcopy(net).double()
    x, y = asked[0].double(), asked[1]
    block, head = precise[0], precise[1]
    assert isinstance(block, ODEBlock)
    field = block.field
    assert isinstance(field, Counted)
    found, tolerances = [], 10.0 ** -np.arange(1, 8)
    for solver in SWAPPED.values():
        block.solver = solver
        found.append(wrong(precise, x, y))
    run.save(**{f"swapped {arm}": np.array(found)})
    block.adjoint, costs = True, []
    for tolerance in tolerances:
        block.solver = DormandPrince(tolerance, tolerance)
        field.evaluations = 0
        loss = F.cross_entropy(precise(x[:500]), y[:500])
        forward = field.evaluations
        loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        costs.append((wrong(precise, x, y), forward, field.evaluations - forward))
    # `wrong` asks the field, too, but after the counts are taken
    run.save(**{f"tolerances {arm}": tolerances, f"costs {arm}": np.array(costs, dtype=np.float64)})
    with torch.no_grad():
        path = odeint(field, x, [0.0, *TIMES], DormandPrince(1e-6, 1e-6))[1:]
        read = (head(path).argmax(-1) != y).double().mean(-1)
        few = odeint(field, x[:300], np.linspace(0, END, 9).tolist(), DormandPrince(1e-6, 1e-6))
    run.save(**{f"read {arm}": read.numpy(), f"path {arm}": few.numpy().round(3).astype(np.float32)})
