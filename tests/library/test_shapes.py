"""The check of shapes refuses what a docstring does not allow, and reaches the library."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch
from beartype.roar import BeartypeDoorHintViolation
from numpy.typing import NDArray
from shapes import check_shapes, checked
from torch import Tensor

from mlblog.losses.ctc import ctc_loss
from mlblog.models.attention import MultiHeadAttention


def outer(x: Tensor, y: Tensor, *, count: int = 1) -> Tensor:
    """Multiply.

    Args:
        x: (…, T, D), one factor.
        y: (S, D) or (S,), the other.
        count: how often.

    Returns:
        (…, T, S + count), products.
    """
    found = x @ y.reshape(len(y), -1).mT
    return torch.cat([found, *[found[..., :1]] * count], dim=-1)


def rows(x: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Lie about the result.

    Args:
        x: shape (N,).
        length: of a row.

    Returns:
        Shape (N, length).
    """
    return np.zeros((len(x), 3))


def mask(allowed: Tensor) -> None:
    """Take a mask.

    Args:
        allowed: (T, T) boolean, where to look.
    """


GROWN: list[int] = []


def grown(x: Tensor) -> Tensor:
    """Return a row more than the last time.

    Args:
        x: shape (T, D).

    Returns:
        Shape (T, D).
    """
    GROWN.append(0)
    return torch.zeros(len(x) + len(GROWN) - 1, x.shape[1])


X, Y = torch.zeros(4, 2, 3), torch.zeros(5, 3)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (outer, {"x": X, "y": Y}),
        (outer, {"x": X[0], "y": Y, "count": 3}),
        (outer, {"x": X[..., :1], "y": Y[:, 0]}),
        (rows, {"x": np.zeros(2), "length": 3}),
        (mask, {"allowed": torch.ones(2, 2, dtype=torch.bool)}),
    ],
)
def test_what_a_docstring_allows_passes(function, arguments) -> None:
    checked(function)(**arguments)


@pytest.mark.parametrize(
    ("function", "arguments", "named"),
    [
        (outer, {"x": X, "y": torch.zeros(5, 3, 1)}, "argument y"),
        (outer, {"x": X[0, 0], "y": Y}, "argument x"),
        (rows, {"x": np.zeros(2), "length": 4}, "what it returns"),
        (rows, {"x": np.zeros((2, 1)), "length": 3}, "argument x"),
        (mask, {"allowed": torch.ones(2, 2)}, "argument allowed"),
        (mask, {"allowed": torch.ones(2, 3, dtype=torch.bool)}, "argument allowed"),
    ],
)
def test_what_a_docstring_does_not_allow_is_refused(function, arguments, named) -> None:
    with pytest.raises(BeartypeDoorHintViolation, match=named):
        checked(function)(**arguments)


@pytest.mark.parametrize(
    ("function", "right", "wrong"),
    [
        (outer, {"x": X, "y": Y}, {"x": X, "y": torch.zeros(5, 3, 1)}),
        (outer, {"x": X, "y": Y}, {"x": torch.zeros(3), "y": Y}),
        (mask, {"allowed": torch.ones(2, 2, dtype=torch.bool)}, {"allowed": torch.ones(2, 2)}),
        (rows, {"x": np.zeros(2), "length": 3}, {"x": np.zeros(2), "length": 4}),
        (grown, {"x": X[0]}, {"x": X[0]}),
    ],
)
def test_a_call_that_was_allowed_lets_no_other_pass(function, right, wrong) -> None:
    GROWN.clear()
    held = checked(function)
    held(**right)
    with pytest.raises(BeartypeDoorHintViolation):
        held(**wrong)


def test_an_error_of_the_function_comes_first() -> None:
    with pytest.raises(RuntimeError, match="multiplied"):
        checked(outer)(X, torch.zeros(5, 7))


def test_the_library_is_checked() -> None:
    check_shapes()
    assert "hold" in inspect.getclosurevars(MultiHeadAttention.forward).nonlocals
    assert ctc_loss.__wrapped__.__doc__ == ctc_loss.__doc__  # type: ignore[attr-defined]  # set by update_wrapper
