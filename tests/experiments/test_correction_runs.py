"""What the corrections' runs average, recomputed from the same draws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from parts import experiments, ran
from sklearn.neighbors import KNeighborsClassifier

from mlblog.experiments.correction_forests import _error


def left_out_errors(x: np.ndarray, y: np.ndarray, ks: list[int]) -> list[float]:
    """For each k, the share of points that their k nearest others get wrong; a tie is a 0."""
    apart = np.abs(x[:, None] - x)
    np.fill_diagonal(apart, np.inf)
    order = apart.argsort(axis=1)
    return [float(((y[order[:, :k]].mean(axis=1) > 0.5) != y).mean()) for k in ks]


@pytest.mark.parametrize("draws", [1, 2])
def test_ways_to_choose_k_are_averaged_over_the_draws(draws: int) -> None:
    found = ran("neighbors_best_k", halves=1, draws=draws).values
    random, grid = np.random.default_rng(0), (np.arange(20_000) + 0.5) / 20_000
    ks = found["ks_100"].astype(int).tolist()
    curve, chosen, logs, rule = np.zeros(len(ks)), 0.0, 0.0, 0.0
    for _ in range(draws):
        x = random.uniform(size=100)
        y = random.uniform(size=100) < x**2

        def excess(k: int, x: np.ndarray = x, y: np.ndarray = y) -> float:
            says = KNeighborsClassifier(k).fit(x[:, None], y).predict(grid[:, None])
            return float((np.abs(2 * grid**2 - 1) * (says != (grid**2 > 0.5))).mean())

        odd = [excess(k) if k % 2 else math.nan for k in ks]  # of an even k sklearn breaks ties in its own way
        curve += np.array(odd) / draws
        errors = left_out_errors(x, y.astype(int), ks)
        pick = int(np.argmin(errors))
        chosen += odd[pick] / draws
        logs += math.log(ks[pick]) / draws
        rule += excess(5) / draws
    known = ~np.isnan(curve)
    assert found["excess_100"][known] == pytest.approx(curve[known], abs=2e-4)
    assert found["left_out_k"][0] == pytest.approx(math.exp(logs), rel=0.35 if math.isnan(chosen) else 1e-9)
    if not math.isnan(chosen):
        assert found["left_out"][0] == pytest.approx(chosen, abs=2e-4)
    assert found["log"][0] == pytest.approx(rule, abs=2e-4)
    assert found["sizes"].tolist() == [100]
    assert ks[0] == 1
    assert ks[-1] == 90


def test_numbers_of_points_grow_by_half_orders() -> None:
    assert ran("neighbors_best_k", halves=3, draws=1).values["sizes"].tolist() == [100, 316, 1000]
    assert ran("forest_consistency", halves=2, trees=1).values["sizes"].tolist() == [100, 316]


def test_an_error_is_the_noise_and_half_of_what_is_missed() -> None:
    x = np.array([0.1, 0.4, 0.6, 0.9])
    assert _error(x, np.array([0, 0, 1, 1])) == pytest.approx(0.25)
    assert _error(x, np.array([1, 1, 0, 0])) == pytest.approx(0.75)
    assert _error(x, np.array([1, 0, 1, 1])) == pytest.approx(0.25 + 0.5 / 4)


def test_each_forest_has_its_own_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    module, _ = experiments()["forest_consistency"]
    built: list[dict[str, object]] = []

    class Noted(module.RandomForest):  # type: ignore[name-defined,misc]
        def __init__(self, X: object, y: object, **options: object) -> None:
            built.append(options)
            super().__init__(X, y, **options)

    asked: list[int] = []

    class Near(module.KNeighbors):  # type: ignore[name-defined,misc]
        def classify(self, Z: object, *, k: int) -> object:
            asked.append(k)
            return super().classify(Z, k=k)

    monkeypatch.setattr(module, "RandomForest", Noted)
    monkeypatch.setattr(module, "KNeighbors", Near)
    ran("forest_consistency", halves=1, trees=2, seed=3)
    assert built == [
        {"trees": 2, "seed": 3}, {"trees": 2, "draws": 10, "seed": 3}, {"trees": 2, "least": 10, "seed": 3}
    ]  # fmt: skip
    assert asked == [1, 10]
