"""Means and intervals over seeds, against SciPy."""

import numpy as np
import pytest
from scipy import special, stats

from mlblog.lab.records.record import Record
from mlblog.lab.records.runs import Runs


def runs(*values: float) -> Runs:
    return Runs([
        Record("e", "small", {}, {"n": 2}, seed, {"v": value, "name": "x", "odd": seed},
               {"curve": value + np.arange(3.0), "series/loss": np.array([value, 2 * value]),
                "series/loss/step": np.array([0, 10])}, {}, {}, {})
        for seed, value in enumerate(values)
    ])  # fmt: skip


def test_interval_of_a_value_is_scipys() -> None:
    found = runs(1.0, 4.0, 2.5, 3.0)
    sample = [1.0, 4.0, 2.5, 3.0]
    expected = stats.t.interval(0.9, 3, np.mean(sample), stats.sem(sample))
    assert found.mean("v") == pytest.approx(np.mean(sample))
    assert found.interval("v", level=0.9) == pytest.approx(expected)


def test_interval_of_an_array_is_elementwise() -> None:
    low, high = runs(1.0, 3.0, 8.0).interval("curve")
    assert low.shape == high.shape == (3,)
    sample = np.array([1.0, 3.0, 8.0])
    expected = stats.t.interval(0.95, 2, sample.mean() + 2, stats.sem(sample))
    assert (low[2], high[2]) == pytest.approx(expected)


def test_interval_of_a_share_stays_within_0_and_1() -> None:
    found = runs(0.7, 0.85, 0.98)
    mean, (low, high) = found.mean("v"), found.interval("v", share=True)
    assert found.interval("v")[1] > 1
    half = (stats.t.interval(0.95, 2, 0, stats.sem([0.7, 0.85, 0.98]))[1]) / (mean * (1 - mean))
    assert (low, high) == pytest.approx(tuple(special.expit(special.logit(mean) + side * half) for side in (-1, 1)))
    with pytest.raises(ValueError, match="'curve' is not a share: it ranges from"):
        found.interval("curve", share=True)
    assert np.isnan(runs(0.3).interval("v", share=True)).all()


def test_one_seed_has_no_interval() -> None:
    assert np.isnan(runs(1.0).interval("v")).all()
    assert np.isnan(runs(1.0).interval("curve")).all()


def test_series_come_with_their_steps() -> None:
    steps, values = runs(1.0, 5.0).series("loss")
    np.testing.assert_array_equal(steps, [0, 10])
    np.testing.assert_array_equal(values, [[1.0, 2.0], [5.0, 10.0]])


def test_value_that_all_seeds_share() -> None:
    assert runs(1.0, 2.0).value("name") == "x"
    with pytest.raises(ValueError, match="differs between seeds"):
        runs(1.0, 2.0).value("odd")


def test_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match="no value 'w'; it has v, name, odd, curve"):
        runs(1.0).mean("w")


def test_plot_draws_mean_and_interval() -> None:
    import matplotlib as mpl

    mpl.use("agg")
    ax = runs(1.0, 3.0).plot("loss", label="l")
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [0, 10])
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [2.0, 4.0])
    low, high = stats.t.interval(0.95, 1, 2.0, stats.sem([1.0, 3.0]))
    edges = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert (edges.min(), edges.max()) == pytest.approx((2 * low, 2 * high))
