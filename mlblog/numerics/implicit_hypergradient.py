"""Gradients of a validation loss by hyperparameters, through training: by the implicit function theorem, and unrolled.

Training minimises an inner loss f(w, λ) over weights w; an outer loss g(w, λ) judges the result. Where ∂f/∂w = 0,

    dg/dλ = ∂g/∂λ - (∂²f/∂λ∂w) H⁻¹ ∂g/∂w,        H = ∂²f/∂w² .

Nowhere else does the theorem say anything: at other weights the same formula is not the derivative of what was trained.
`unrolled_hypergradient` is that derivative after any number of steps of gradient descent; it keeps them all in memory.

Dimensions: P weights, in one vector; h hyperparameters.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from mlblog.numerics.inverse_product import Product

#: A loss of weights (P,) and hyperparameters (h,): one number.
Loss = Callable[[Tensor, Tensor], Tensor]
#: From a product with H and a vector v to an approximation of H⁻¹ v.
Solve = Callable[[Product, Tensor], Tensor]


def implicit_hypergradient(inner: Loss, outer: Loss, weights: Tensor, hyper: Tensor, solve: Solve) -> Tensor:
    """dg/dλ = ∂g/∂λ - (∂²f/∂λ∂w) H⁻¹ ∂g/∂w at the weights given, whether or not ∂f/∂w = 0 there.

    Args:
        inner: f, twice differentiable.
        outer: g.
        weights: (P,), where f is stationary; elsewhere the result is no gradient, and nothing warns of it.
        hyper: (h,), λ.
        solve: approximates H⁻¹ v: `exact_inverse` of `inverse_product`, or its `neumann_series` and
            `conjugate_gradients` with their options bound.

    Returns:
        (h,), detached.

    Raises:
        ValueError: the weights or the hyperparameters are no vector, or a loss is not one number.

    Example:
        >>> from mlblog.numerics.inverse_product import exact_inverse
        >>> inner = lambda w, decay: (w - 2).square().sum() + decay.sum() * w.square().sum()  # w = 2 / (1 + decay)
        >>> outer = lambda w, decay: w.sum()
        >>> decay = torch.tensor([1.0])
        >>> implicit_hypergradient(inner, outer, torch.tensor([1.0]), decay, exact_inverse)  # -2 / (1 + decay)²
        tensor([-0.5000])

    References:
        [lorraine2020optimizing], theorem 1 and algorithm 2.
    """
    weights, hyper = _leaf("weights", weights), _leaf("hyper", hyper)
    by_weights, direct = torch.autograd.grad(_number(outer(weights, hyper)), (weights, hyper), materialize_grads=True)
    (slope,) = torch.autograd.grad(_number(inner(weights, hyper)), weights, create_graph=True)
    inverse = solve(hessian_product(inner, weights, hyper), by_weights)
    (mixed,) = torch.autograd.grad(slope, hyper, inverse, materialize_grads=True)
    return direct - mixed


def hessian_product(inner: Loss, weights: Tensor, hyper: Tensor) -> Product:
    """The map from v to H v at the weights given, by a second backward pass through one gradient; H is never formed.

    Args:
        inner: f, twice differentiable.
        weights: (P,).
        hyper: (h,), held fixed.

    Returns:
        The product, from (P,) to (P,); it can be called any number of times.

    Raises:
        ValueError: the weights or the hyperparameters are no vector, or the loss is not one number.

    References:
        [pearlmutter1994fast].
    """
    weights = _leaf("weights", weights)
    (slope,) = torch.autograd.grad(_number(inner(weights, hyper.detach())), weights, create_graph=True)

    def product(v: Tensor) -> Tensor:
        (found,) = torch.autograd.grad(slope, weights, v, retain_graph=True, materialize_grads=True)
        return found

    return product


def descended(inner: Loss, start: Tensor, hyper: Tensor, *, step: float, steps: int) -> Tensor:
    """Weights after steps of gradient descent, w ← w - α ∂f/∂w, detached.

    Args:
        inner: f.
        start: (P,), the first w.
        hyper: (h,).
        step: α.
        steps: how many.

    Returns:
        (P,).

    Raises:
        ValueError: the start or the hyperparameters are no vector, or the loss is not one number.

    Example:
        >>> descended(lambda w, decay: w.square().sum(), torch.ones(1), torch.ones(1), step=0.25, steps=2)
        tensor([0.2500])
    """
    weights, hyper = _leaf("start", start), hyper.detach()
    for _ in range(steps):
        (slope,) = torch.autograd.grad(_number(inner(weights, hyper)), weights)
        weights = (weights - step * slope).detach().requires_grad_()
    return weights.detach()


def unrolled_hypergradient(
    inner: Loss, outer: Loss, start: Tensor, hyper: Tensor, *, step: float, steps: int, last: int | None = None
) -> Tensor:
    """dg/dλ of the weights after steps of gradient descent, by autograd through the last of them.

    Through all of them it is exact, wherever descent has arrived. Autograd keeps something of each step that it goes
    through.

    Args:
        inner: f, twice differentiable.
        outer: g.
        start: (P,), weights before the first step; not differentiated.
        hyper: (h,), λ.
        step: α.
        steps: how many.
        last: how many to differentiate; all if None. With 0, only ∂g/∂λ is left.

    Returns:
        (h,), detached.

    Raises:
        ValueError: the start or the hyperparameters are no vector, a loss is not one number, or `last` is beyond 0 to
            `steps`.

    Example:
        >>> inner = lambda w, decay: (w - 2).square().sum() + decay.sum() * w.square().sum()
        >>> outer = lambda w, decay: w.sum()
        >>> unrolled_hypergradient(inner, outer, torch.ones(1), torch.ones(1), step=0.1, steps=1)  # -0.2 w
        tensor([-0.2000])

    References:
        [domke2012generic]; with `last`, [shaban2019truncated].
    """
    kept = steps if last is None else last
    if not 0 <= kept <= steps:
        raise ValueError(f"last must be from 0 to steps, got {last} of {steps}")
    weights = descended(inner, start, hyper, step=step, steps=steps - kept).requires_grad_()
    hyper = _leaf("hyper", hyper)
    for _ in range(kept):
        (slope,) = torch.autograd.grad(_number(inner(weights, hyper)), weights, create_graph=True)
        weights = weights - step * slope
    (found,) = torch.autograd.grad(_number(outer(weights, hyper)), hyper, materialize_grads=True)
    return found


def _leaf(name: str, vector: Tensor) -> Tensor:
    if vector.ndim != 1:
        raise ValueError(f"{name} must be one vector, got shape {tuple(vector.shape)}")
    return vector.detach().requires_grad_()


def _number(loss: Tensor) -> Tensor:
    if loss.ndim:
        raise ValueError(f"a loss must be one number, got shape {tuple(loss.shape)}: take its sum or mean")
    return loss
