"""The stochastic block model: its moments against those that its docstring says, and its parts."""

from __future__ import annotations

import numpy as np
import pytest

from mlblog.data.blocks import Blocks, draw_blocks


def drawn(homophily: float = 0.7, seed: int = 0, **sizes: float) -> Blocks:
    told = {"classes": 4, "degree": 10.0, "features": 6, "signal": 2.0, **sizes}
    return draw_blocks(1_200, homophily=homophily, rng=np.random.default_rng(seed), **told)  # type: ignore[arg-type]


@pytest.mark.parametrize("homophily", [0.0, 0.25, 0.7, 1.0])
def test_neighbours_are_as_many_and_as_alike_as_asked(homophily: float) -> None:
    found = drawn(homophily)
    assert 2 * len(found.edges) / 1_200 == pytest.approx(10, rel=0.04)
    same = found.labels[found.edges[:, 0]] == found.labels[found.edges[:, 1]]
    assert same.mean() == pytest.approx(homophily, abs=0.02)
    assert (found.edges[:, 0] < found.edges[:, 1]).all()
    assert len({*map(tuple, found.edges.tolist())}) == len(found.edges)


def test_features_hint_at_the_class() -> None:
    found = drawn()
    means = np.stack([found.features[found.labels == one].mean(0) for one in range(4)])
    np.testing.assert_allclose(means, 2 * np.eye(4, 6), atol=0.25)
    assert (found.features - means[found.labels]).std() == pytest.approx(1, abs=0.03)


def test_any_first_part_of_the_order_is_balanced() -> None:
    found = drawn()
    assert sorted(found.order.tolist()) == list(range(1_200))
    for first in (4, 40, 1_200):
        assert np.bincount(found.labels[found.order[:first]]).tolist() == [first // 4] * 4


def test_a_seed_is_one_graph() -> None:
    same = zip(drawn(), drawn(), strict=True)
    assert all(np.array_equal(a, b) for a, b in same)
    assert not np.array_equal(drawn().order, drawn(seed=1).order)


@pytest.mark.parametrize("wrong", [{"classes": 7}, {"classes": 1}, {"features": 3}, {"degree": 2_000.0}])
def test_what_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        drawn(**wrong)
