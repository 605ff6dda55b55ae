"""How many neighbours are best, for growing numbers of points on a line."""

from __future__ import annotations

import math

import numpy as np
from numpy.polynomial import Polynomial

from mlblog.classical.best_k import excess_risk, leave_one_out_on_a_line
from mlblog.lab import Run, experiment

ETA = Polynomial([0, 0, 1])  # the label is 1 with probability x²; x is uniform on [0, 1]


@experiment(
    smoke={"halves": 2, "draws": 5},
    small={"halves": 6, "draws": 200},
    full={"halves": 8, "draws": 1_000},
    seeds=5,
)
def neighbors_best_k(run: Run, *, halves: int, draws: int, seed: int) -> None:
    """Average the exact excess risk over draws of the points, for every k on a grid, and compare ways to choose k.

    Args:
        run: of the lab.
        halves: numbers of points go from 100 up in so many steps, each by a factor √10.
        draws: data sets for each number of points.
        seed: of the data.
    """
    random = np.random.default_rng(seed)
    sizes = [round(100 * 10 ** (half / 2)) for half in range(halves)]
    found: dict[str, list[float]] = {name: [] for name in ("best_k", "least", "log", "one", "left_out", "left_out_k")}
    for n in run.progress(sizes, "points"):
        ks = np.unique(np.geomspace(1, 0.9 * n, 60).round().astype(int))
        rule = math.ceil(math.log(n))
        excess, chosen, chosen_k, logarithm = np.zeros(len(ks)), 0.0, 0.0, 0.0
        for _ in range(draws):
            x = random.uniform(size=n)
            y = random.uniform(size=n) < ETA(x)
            risks = excess_risk(x, y, ETA, ks=ks)
            pick = leave_one_out_on_a_line(x, y, ks=ks).argmin()
            excess += risks / draws
            chosen += risks[pick] / draws
            chosen_k += math.log(ks[pick]) / draws
            logarithm += excess_risk(x, y, ETA, ks=[rule])[0] / draws
        best = int(excess.argmin())
        run.save(**{f"ks_{n}": ks, f"excess_{n}": excess})
        for name, value in {
            "best_k": ks[best],
            "least": excess[best],
            "log": logarithm,
            "one": excess[0],
            "left_out": chosen,
            "left_out_k": math.exp(chosen_k),
        }.items():
            found[name].append(float(value))
    run.save(sizes=np.array(sizes), **{name: np.array(values) for name, values in found.items()})
