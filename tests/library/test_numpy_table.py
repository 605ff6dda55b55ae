"""Every function of arrays: in half and single precision and strided, against references; and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy_rows import ROWS, Row

EACH = pytest.mark.parametrize("row", ROWS, ids=[f"{i}-{row.name}" for i, row in enumerate(ROWS)])


def assert_same(found: Any, right: Any, near: float) -> None:
    for got, want in zip(found, right, strict=True):
        np.testing.assert_allclose(got, want, rtol=near, atol=near)


@EACH
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_answer_is_that_for_the_rounded_numbers(row: Row, dtype: type) -> None:
    arrays = [array.astype(dtype) for array in row.arrays]
    assert_same(row.call(*arrays), row.reference(*(array.astype(np.float64) for array in arrays)), row.near)


@EACH
def test_layout_does_not_matter(row: Row) -> None:
    right = row.call(*row.arrays)
    assert_same(row.call(*(np.asfortranarray(array) for array in row.arrays)), right, 1e-12)
    assert_same(row.call(*(np.repeat(array, 2, axis=0)[::2] for array in row.arrays)), right, 1e-12)
    assert_same(row.call(*(array[::-1][::-1] for array in row.arrays)), right, 1e-12)


@EACH
def test_inputs_are_left_alone(row: Row) -> None:
    arrays = [array.copy() for array in row.arrays]
    row.call(*arrays)
    for array, before in zip(arrays, row.arrays, strict=True):
        np.testing.assert_array_equal(array, before)


REFUSE = [row for row in ROWS if not row.name.startswith(("ring.", "autograd.", "bounds.log_evidence"))]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("row", REFUSE, ids=[f"{i}-{row.name}" for i, row in enumerate(REFUSE)])
def test_what_is_not_finite_is_refused(row: Row, bad: float) -> None:
    for i in range(len(row.arrays)):
        if (row.name, i) == ("bounds.elbo", 0):
            continue  # log-probabilities may be infinite
        arrays = [array.copy() for array in row.arrays]
        arrays[i].flat[3] = bad
        with pytest.raises(ValueError, match=r"finite|outside|sum to one|must not be negative|\[0, 1\]"):
            row.call(*arrays)
