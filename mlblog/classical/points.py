"""Points, labels and distributions as they come from outside: turned into arrays, or refused."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def points(X: object, *, like: int | None = None) -> Floats:
    """As an array of shape (n, d) of finite numbers.

    Args:
        X: anything that NumPy makes such an array of.
        like: d, if it is known.

    Raises:
        ValueError: another shape, or a NaN or an infinity, which have no place among distances and thresholds.
    """
    array = np.asarray(X, dtype=np.float64)
    if array.ndim != 2:
        raise ValueError(f"points of shape (n, d) expected, given {array.shape}")
    if like is not None and array.shape[1] != like:
        raise ValueError(f"points of {like} coordinates expected, given {array.shape[1]}")
    if not np.isfinite(array).all():
        raise ValueError("points must be finite, given NaN or infinity")
    return array


def finite(values: object, name: str) -> Floats:
    """As an array of finite numbers, of any shape.

    Args:
        values: anything that NumPy makes such an array of.
        name: what to call them in an error.

    Raises:
        ValueError: a NaN or an infinity.
    """
    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, given NaN or infinity")
    return array


def labelled(X: object, y: object) -> tuple[Floats, NDArray[Any]]:
    """Points (n, d) and their labels (n,), at least one.

    Raises:
        ValueError: the shapes do not fit, there are no points, or one is not finite.
    """
    known, labels = points(X), np.asarray(y)
    if labels.shape != (len(known),) or len(labels) == 0:
        raise ValueError(f"labels of shape ({len(known)},) expected, of at least one point, given {labels.shape}")
    return known, labels


def distributions(values: object, name: str) -> Floats:
    """As an array whose last axis is a probability distribution.

    Rounding is allowed for: 10⁻⁵ in all, and in half precision what so many rounded numbers may be off by.

    Args:
        values: shape (..., K).
        name: what to call them in an error.

    Raises:
        ValueError: one is negative or NaN, or they do not sum to one.
    """
    given = np.asarray(values)
    p = np.asarray(given, dtype=np.float64)
    if p.ndim == 0:
        raise ValueError(f"{name} must sum to one over the last axis, given a number without axes")
    rounding = p.shape[-1] * float(np.finfo(given.dtype).eps) if given.dtype.kind == "f" else 0.0
    if not (p >= 0).all() or not (np.abs(p.sum(axis=-1) - 1) <= max(1e-5, rounding)).all():
        raise ValueError(f"{name} must not be negative and must sum to one over the last axis")
    return p
