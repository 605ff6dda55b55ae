"""Graphs: how fast repeated propagation forgets, beside what eigenvalues say."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlblog.data.blocks import draw_blocks
from mlblog.lab import Run, experiment
from mlblog.numerics.propagation import (
    components,
    dirichlet_energy,
    eigenvalues,
    mixing_rate,
    propagate,
    random_walk_limit,
    random_walk_operator,
    symmetric_limit,
    symmetric_operator,
)

#: Of the random graphs of `graph_limits`: the share of neighbours of one's own kind.
MIXES = (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97)

Numbers = NDArray[np.float64]


@experiment(smoke={"nodes": 40, "most": 40}, small={"nodes": 200}, full={"nodes": 2_000}, seeds=5)
def graph_limits(run: Run, *, nodes: int, degree: float = 8.0, most: int = 400, seed: int) -> None:
    """Propagate noise over random graphs of two components, and compare the rate of forgetting with the eigenvalues'.

    Args:
        run: of the lab.
        nodes: of each component, in two classes.
        degree: mean number of neighbours.
        most: steps.
        seed: of graphs and noise.
    """
    rng = np.random.default_rng(seed)
    for loops in (1.0, 0.0):
        found = []
        for mix in MIXES:
            edges = two_components(nodes, degree, mix, rng)
            x = torch.from_numpy(rng.normal(size=(2 * nodes, 4)))
            rate = mixing_rate(edges, 2 * nodes, loops=loops)
            walked = distances(x, edges, loops, most, walk=True)
            found.append([rate, slope(walked), slope(distances(x, edges, loops, most, walk=False)),
                          second(edges, 2 * nodes, loops)])  # fmt: skip
            if mix == MIXES[4] and loops:
                run.save(distance=np.log10(walked), energy=np.log10(energies(x, edges, most)), rate=rate)
        run.save(**{f"rates loops {loops:g}": np.array(found)})  # (mixes, predicted, by walk, symmetric, λ₂)


def two_components(nodes: int, degree: float, mix: float, rng: np.random.Generator) -> Tensor:
    """Edges of two random graphs side by side, each drawn again until it is connected, and not bipartite."""
    found: list[Tensor] = []
    while len(found) < 2:
        drawn = draw_blocks(nodes, classes=2, degree=degree, homophily=mix, features=2, signal=0.0, rng=rng)
        edges = torch.from_numpy(drawn.edges)
        component, side = components(edges, nodes)
        if component.max() == 0 and side.max() < 0:
            found.append(edges + nodes * len(found))
    return torch.cat(found)


def distances(x: Tensor, edges: Tensor, loops: float, most: int, *, walk: bool) -> Numbers:
    """The distance to the limit before each step and after the last, (most + 1,), relative to the first."""
    of, limit = (random_walk_operator, random_walk_limit) if walk else (symmetric_operator, symmetric_limit)
    operator, goal = of(edges, len(x), loops=loops), limit(x, edges, loops=loops)
    found = [(x - goal).norm()]
    for _ in range(most):
        x = propagate(operator, x)
        found.append((x - goal).norm())
    relative: Numbers = (torch.stack(found) / found[0]).clamp(min=1e-17).numpy()
    return relative


def energies(x: Tensor, edges: Tensor, most: int) -> Numbers:
    """Dirichlet energy under the symmetric operator, as `distances`."""
    operator = symmetric_operator(edges, len(x))
    found = [dirichlet_energy(x, edges)]
    for _ in range(most):
        x = propagate(operator, x)
        found.append(dirichlet_energy(x, edges))
    relative: Numbers = (torch.stack(found) / found[0]).clamp(min=1e-34).numpy()
    return relative


def slope(distance: Numbers) -> float:
    """The factor a step between 10⁻⁸ and 10⁻¹³, or in the second half of what there is."""
    inside = np.flatnonzero((distance < 1e-8) & (distance > 1e-13))
    if len(inside) < 3:
        inside = np.arange(len(distance) // 2, len(distance))
    first, last = inside[0], inside[-1]
    return float((distance[last] / distance[first]) ** (1 / (last - first)))


def second(edges: Tensor, nodes: int, loops: float) -> float:
    """The largest eigenvalue that belongs to no component, with its sign."""
    return float(eigenvalues(edges, nodes, loops=loops)[int(components(edges, nodes)[0].max()) + 1])
