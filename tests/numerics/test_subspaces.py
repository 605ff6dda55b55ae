"""Angles between subspaces against SciPy's, and where cosines have lost them."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

from mlblog.numerics.subspaces import principal_angles


def test_they_are_those_of_scipy() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.standard_normal((9, 4)), rng.standard_normal((9, 3))
    expected = np.sort(scipy.linalg.subspace_angles(first, second))
    np.testing.assert_allclose(principal_angles(first, second), expected, atol=1e-12)


def test_a_space_turned_within_itself_is_the_same() -> None:
    rng = np.random.default_rng(1)
    space, turn = rng.standard_normal((8, 3)), rng.standard_normal((3, 3))
    assert principal_angles(space, space @ turn).max() < 1e-12


def test_tiny_angles_keep_their_digits() -> None:
    first = np.eye(5)[:, :2]
    second = np.stack([np.eye(5)[0], np.cos(1e-9) * np.eye(5)[1] + np.sin(1e-9) * np.eye(5)[3]], axis=1)
    np.testing.assert_allclose(principal_angles(first, second), [0, 1e-9], atol=1e-18)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="m ≤ k"):
        principal_angles(np.eye(4)[:, :1], np.eye(4)[:, :2])
    with pytest.raises(ValueError, match="m ≤ k"):
        principal_angles(np.eye(4), np.eye(3))
    with pytest.raises(ValueError, match="k ≤ D"):
        principal_angles(np.ones((2, 3)), np.ones((2, 3)))
