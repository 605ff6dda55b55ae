"""Purities against scikit-learn's contingency tables and mutual information, and against counting."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from sklearn.metrics import homogeneity_score
from sklearn.metrics.cluster import contingency_matrix

from mlblog.classical.units import cluster_purity, joint_shares, phone_purity, pnmi

_random = np.random.default_rng(5)
LABELS = _random.choice(["a", "e", "s", ""], size=400, p=[0.4, 0.3, 0.2, 0.1])
_numbers = np.unique(LABELS, return_inverse=True)[1]
UNITS = np.where(_random.uniform(size=400) < 0.6, 3 * _numbers, _random.integers(0, 10, 400))


def test_shares_are_those_of_a_contingency_table() -> None:
    assert pytest.approx(contingency_matrix(LABELS, UNITS) / 400) == joint_shares(UNITS, LABELS).T


def test_purities_are_counted() -> None:
    def counted(first: np.ndarray, second: np.ndarray) -> float:
        pairs = zip(first.tolist(), second.tolist(), strict=True)
        groups: dict[object, Counter[object]] = {}
        for one, other in pairs:
            groups.setdefault(one, Counter())[other] += 1
        return sum(group.most_common(1)[0][1] for group in groups.values()) / 400

    assert phone_purity(UNITS, LABELS) == pytest.approx(counted(UNITS, LABELS))
    assert cluster_purity(UNITS, LABELS) == pytest.approx(counted(LABELS, UNITS))
    assert phone_purity(LABELS, UNITS) == cluster_purity(UNITS, LABELS) != phone_purity(UNITS, LABELS)


def test_information_over_entropy_is_homogeneity() -> None:
    """As scikit-learn calls it: 1 - H(label | unit) / H(label)."""
    assert pnmi(UNITS, LABELS) == pytest.approx(homogeneity_score(LABELS, UNITS))


def test_a_unit_a_frame_is_pure_and_one_unit_is_the_commonest_label() -> None:
    each = np.arange(400)
    assert (phone_purity(each, LABELS), pnmi(each, LABELS)) == pytest.approx((1, 1))
    assert cluster_purity(each, LABELS) == pytest.approx(4 / 400)
    one = np.zeros(400)
    assert phone_purity(one, LABELS) == pytest.approx(Counter(LABELS.tolist()).most_common(1)[0][1] / 400)
    assert cluster_purity(one, LABELS) == pytest.approx(1)
    assert pnmi(one, LABELS) == pytest.approx(0, abs=1e-12)


def test_names_do_not_matter() -> None:
    swapped = (UNITS + 4) % 10
    for score in (phone_purity, cluster_purity, pnmi):
        assert score(swapped, LABELS) == pytest.approx(score(UNITS, LABELS))


def test_what_cannot_be_compared_is_refused() -> None:
    for units, labels in (([0, 1], [0]), ([], []), ([[0]], [[0]])):
        with pytest.raises(ValueError, match="units and labels of one shape"):
            phone_purity(units, labels)
    with pytest.raises(ValueError, match="two labels or more expected, given one"):
        pnmi([0, 1], [2, 2])
