"""H⁻¹ v for a symmetric matrix H that is known only by its products with vectors.

Dimensions: P rows of H.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

#: v ↦ H v, both of shape (P,).
Product = Callable[[Tensor], Tensor]


def exact_inverse(product: Product, vector: Tensor) -> Tensor:
    """H⁻¹ v from all P columns of H: P products, and memory for P² numbers.

    Args:
        product: with H.
        vector: (P,).

    Returns:
        (P,).

    Raises:
        RuntimeError: H is singular.

    Example:
        >>> exact_inverse(lambda v: torch.tensor([2.0, 4.0]) * v, torch.tensor([1.0, 1.0]))
        tensor([0.5000, 0.2500])
    """
    columns = [product(unit) for unit in torch.eye(len(vector), dtype=vector.dtype, device=vector.device)]
    solution: Tensor = torch.linalg.solve(torch.stack(columns, dim=1), vector)
    return solution


def neumann_series(product: Product, vector: Tensor, *, step: float, products: int) -> Tensor:
    """The sum α Σ_{j=0}^{K} (I - αH)^j v, which tends to H⁻¹ v as K grows where |1 - αμ| < 1 for every eigenvalue μ.

    Elsewhere it diverges, but for special v. So H must be positive definite and α below 2 / μ_max. A product then
    multiplies the error along an eigenvector by 1 - αμ. The result is what K + 1 steps of gradient descent from a
    stationary point give, differentiated.

    Args:
        product: with H.
        vector: (P,).
        step: α.
        products: K.

    Returns:
        (P,); nothing is checked, so a series that diverges returns large numbers.

    Raises:
        ValueError: the step is not positive, or the number of products negative.

    Example:
        >>> half = neumann_series(lambda v: 2 * v, torch.tensor([1.0]), step=0.4, products=1)  # 0.4 (1 + 0.2)
        >>> round(half.item(), 6)
        0.48

    References:
        [lorraine2020optimizing], theorem 2 and algorithm 3.
    """
    if not step > 0 or products < 0:
        raise ValueError(f"a positive step and at least 0 products expected, got {step} and {products}")
    term = total = vector
    for _ in range(products):
        term = term - step * product(term)  # (I - step H)^j v
        total = total + term
    return step * total


def conjugate_gradients(product: Product, vector: Tensor, *, products: int, tolerance: float = 0.0) -> Tensor:
    """The vector of span{v, Hv, …, H^{K-1} v} that is nearest to H⁻¹ v in the norm of H, for a positive definite H.

    It needs no step. Where H has a direction of negative or no curvature, that is no norm: the search ends at the
    first such direction that it meets, with what it has.

    Args:
        product: with H.
        vector: (P,).
        products: K, at most.
        tolerance: of the residual v - Hx, relative to v; the search ends below it, and at rounding in any case.

    Returns:
        (P,).

    Raises:
        ValueError: the number of products is negative.

    Example:
        >>> conjugate_gradients(lambda v: torch.tensor([2.0, 4.0]) * v, torch.tensor([1.0, 1.0]), products=2)
        tensor([0.5000, 0.2500])

    References:
        [hestenes1952methods], section 3.
    """
    if products < 0:
        raise ValueError(f"at least 0 products expected, got {products}")
    found, residual = torch.zeros_like(vector), vector
    direction, size = residual, residual @ residual
    least = max(tolerance, torch.finfo(vector.dtype).eps) ** 2 * size
    for _ in range(products):
        if size <= least:
            break
        turned = product(direction)
        curvature = direction @ turned
        if not curvature > 0:
            break
        length = size / curvature
        found, residual = found + length * direction, residual - length * turned
        before, size = size, residual @ residual
        direction = residual + size / before * direction
    return found


def largest_eigenvalue(product: Product, start: Tensor, *, products: int = 30) -> float:
    """The Rayleigh quotient of a symmetric H after power iteration: at most the largest |μ|, and near it.

    It errs downwards, so a Neumann step just below 2 over this number may still diverge; take one over it, or less.

    Args:
        product: with H.
        start: (P,), not orthogonal to the eigenvector sought; random numbers will do.
        products: how many times to multiply.

    Returns:
        vᵀ H v for the last v, of length 1.

    Raises:
        ValueError: there is no product, or the start is zero.

    Example:
        >>> round(largest_eigenvalue(lambda v: torch.tensor([1.0, 3.0]) * v, torch.ones(2)), 4)
        3.0

    References:
        [golub2013matrix], section 7.3.
    """
    if products < 1 or not start.norm() > 0:
        raise ValueError(f"at least 1 product of a start that is not zero expected, got {products}")
    vector, found = start / start.norm(), math.nan
    for _ in range(products):
        turned = product(vector)
        found = float(vector @ turned)
        if not turned.norm() > 0:
            break
        vector = turned / turned.norm()
    return found
