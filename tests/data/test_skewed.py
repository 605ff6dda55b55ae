"""Skewed rows, by their lengths and by what least squares make of them."""

from __future__ import annotations

import numpy as np
import pytest

from mlblog.data.skewed import skewed_rows


def test_one_row_in_a_hundred_is_longer_by_the_factor() -> None:
    x, y = skewed_rows(40_000, 3, skew=12.0, random=np.random.default_rng(0))
    sizes = np.square(x).mean(axis=1)
    assert np.sqrt(sizes[:400].mean() / sizes[400:].mean()) == pytest.approx(12.0, rel=0.1)
    assert sizes.mean() == pytest.approx(1.0, rel=0.1)
    left = y - x @ np.linalg.lstsq(x, y)[0]
    assert left.std() == pytest.approx(0.1, rel=0.02)


@pytest.mark.parametrize(("n", "skew"), [(150, 1.0), (0, 1.0), (100, 0.5)])
def test_other_numbers_of_rows_and_factors_below_one_are_refused(n: int, skew: float) -> None:
    with pytest.raises(ValueError, match="multiple of 100"):
        skewed_rows(n, 2, skew=skew, random=np.random.default_rng(0))
