"""Does a random forest find the best classifier, given points enough?"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mlblog.classical.forest import RandomForest
from mlblog.classical.neighbors import KNeighbors
from mlblog.lab import Run, experiment

FLIPPED = 0.25  # the label is [x > 1/2], but wrong in a quarter of all cases: no classifier errs less often
GRID = 2_000  # places at which a classifier is asked


@experiment(
    smoke={"halves": 1, "trees": 5},
    small={"halves": 4, "trees": 100},
    full={"halves": 6, "trees": 300},
    seeds=5,
)
def forest_consistency(run: Run, *, halves: int, trees: int, seed: int) -> None:
    """Measure the error of forests and of neighbours on a line with noisy labels, for growing numbers of points.

    Args:
        run: of the lab.
        halves: numbers of points go from 100 up in so many steps, each by a factor √10.
        trees: of each forest.
        seed: of the points and of the forests.
    """
    random = np.random.default_rng(seed)
    sizes = [round(100 * 10 ** (half / 2)) for half in range(halves)]
    asked = ((np.arange(GRID) + 0.5) / GRID)[:, None]
    found: dict[str, list[float]] = {}
    for n in run.progress(sizes, "points"):
        x = random.uniform(size=(n, 1))
        y = ((x[:, 0] > 0.5) ^ (random.uniform(size=n) < FLIPPED)).astype(int)
        root = round(math.sqrt(n))
        known = KNeighbors(x, y)
        forest = RandomForest(x, y, trees=trees, seed=seed)
        answers = {
            "forest": forest.classify(asked),
            "forest_few_draws": RandomForest(x, y, trees=trees, draws=root, seed=seed).classify(asked),
            "forest_large_leaves": RandomForest(x, y, trees=trees, least=root, seed=seed).classify(asked),
            "one_neighbor": known.classify(asked, k=1),
            "root_neighbors": known.classify(asked, k=root),
        }
        for name, labels in answers.items():
            found.setdefault(name, []).append(_error(asked[:, 0], labels))
        found.setdefault("same", []).append(float((answers["forest"] == answers["one_neighbor"]).mean()))
    run.save(sizes=np.array(sizes), **{name: np.array(values) for name, values in found.items()})


def _error(x: NDArray[np.float64], labels: NDArray[np.generic]) -> float:
    """Probability of a wrong answer: the noise, and the rest of it wherever the answer is not [x > 1/2]."""
    return FLIPPED + (1 - 2 * FLIPPED) * float((labels != (x > 0.5)).mean())
