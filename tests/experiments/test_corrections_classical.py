"""What the corrections' experiments record: their smoke runs, against scikit-learn and against what must hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from mlblog.experiments.correction_best_k import ETA, neighbors_best_k
from mlblog.experiments.correction_forests import FLIPPED, forest_consistency
from mlblog.lab.records.record import Key
from mlblog.lab.running.run import Run
from mlblog.lab.spec import Experiment


def results(experiment: Experiment, **overrides: Any) -> dict[str, np.ndarray]:
    params = experiment.params("smoke", overrides)
    run = Run(Key(experiment.name, "smoke", overrides, 0), params)
    experiment.function(run, **params, seed=0)
    return run.results.all_arrays()


def test_the_excess_of_one_neighbour_is_its_errors_against_the_boundary() -> None:
    """Of a single draw, recomputed from the same generator by asking scikit-learn on a fine grid."""
    found = results(neighbors_best_k, halves=1, draws=1)
    random = np.random.default_rng(0)
    x = random.uniform(size=100)
    y = random.uniform(size=100) < ETA(x)
    grid = (np.arange(50_000) + 0.5) / 50_000
    for name, k in {"one": 1, "log": 5}.items():
        says = KNeighborsClassifier(k).fit(x[:, None], y).predict(grid[:, None])
        excess = (np.abs(2 * grid**2 - 1) * (says != (grid**2 > 0.5))).mean()
        assert found[name][0] == pytest.approx(excess, abs=1e-4)


def test_the_best_k_is_the_best_of_the_curve() -> None:
    found = results(neighbors_best_k)
    for i, n in enumerate(found["sizes"]):
        curve, ks = found[f"excess_{n}"], found[f"ks_{n}"]
        assert found["least"][i] == curve.min()
        assert found["best_k"][i] == ks[curve.argmin()]
        assert found["least"][i] <= found["left_out"][i] < found["one"][i]
        assert found["least"][i] < found["log"][i]


def test_errors_of_forests_are_counted_against_the_truth() -> None:
    found = results(forest_consistency, trees=1)
    random = np.random.default_rng(0)
    x = random.uniform(size=(100, 1))
    y = (x[:, 0] > 0.5) ^ (random.uniform(size=100) < FLIPPED)
    asked = (np.arange(2_000) + 0.5) / 2_000
    says = DecisionTreeClassifier().fit(x, y).predict(asked[:, None])  # on a line, the nearest neighbour
    wrong = np.where(says == (asked > 0.5), FLIPPED, 1 - FLIPPED)
    assert found["one_neighbor"][0] == pytest.approx(wrong.mean(), abs=1e-12)
    assert (np.array([found[name][0] for name in found if name not in ("sizes", "same")]) >= FLIPPED).all()
    assert 0.5 < found["same"][0] < 1  # a single tree has not seen every point
