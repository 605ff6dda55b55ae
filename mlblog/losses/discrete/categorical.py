"""Categorical variables as one-hot draws: drawing, enumerating them, and the exact gradient of an expected loss.

Dimensions: M independent variables of K categories each; `...` stands for any leading dimensions, such as a batch.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from mlblog.numerics.precision import widened

#: A loss maps (..., M, K), one-hot or relaxed, to (...), differentiably. It broadcasts: draws may have more leading
#: dimensions than the batch has, or ones in place of the batch's.
Loss = Callable[[Tensor], Tensor]

MOST_DRAWS = 1 << 16  # of an enumeration: beyond it, sample


def draw(logits: Tensor) -> Tensor:
    """Draw one-hot vectors from categorical variables.

    Args:
        logits: (..., M, K), unnormalised log-probabilities.

    Returns:
        (..., M, K) of zeros and ones, with the dtype of `logits`.

    Example:
        >>> draw(torch.tensor([[0.0, -torch.inf, -torch.inf]]))
        tensor([[1., 0., 0.]])
    """
    probabilities = widened(logits.detach()).softmax(-1)
    category = torch.multinomial(probabilities.reshape(-1, logits.shape[-1]), 1).view(logits.shape[:-1])
    return F.one_hot(category, logits.shape[-1]).to(logits.dtype)


def all_draws(variables: int, categories: int) -> Tensor:
    """Every value that M variables of K categories can take together.

    Args:
        variables: M.
        categories: K.

    Returns:
        (K^M, M, K), float64.

    Raises:
        ValueError: there are more than `MOST_DRAWS`, or M or K is below 1.

    Example:
        >>> all_draws(2, 3).shape
        torch.Size([9, 2, 3])
    """
    if variables < 1 or categories < 1:
        raise ValueError(f"at least one variable of one category expected, given {variables} of {categories}")
    if categories**variables > MOST_DRAWS:
        raise ValueError(f"{categories}^{variables} draws are more than {MOST_DRAWS}; sample them instead")
    one = torch.eye(categories, dtype=torch.float64)
    index = torch.cartesian_prod(*[torch.arange(categories)] * variables).view(-1, variables)
    return one[index]


def log_probability(logits: Tensor, drawn: Tensor) -> Tensor:
    """Log-probability of one-hot draws, in nats, summed over the M variables.

    Args:
        logits: (..., M, K).
        drawn: (..., M, K), broadcast against `logits`.

    Returns:
        (...).

    Example:
        >>> log_probability(torch.tensor([[0.0, -torch.inf]]), torch.eye(2)[:, None])  # sure, and impossible
        tensor([0., -inf])
    """
    log_p = logits.log_softmax(-1)
    log_p = log_p.masked_fill((log_p == -torch.inf) & (drawn == 0), 0.0)  # not drawn: adds 0, but 0 · -inf is NaN
    return (drawn * log_p).sum((-1, -2))


def expected_loss(logits: Tensor, loss: Loss) -> Tensor:
    """The expected loss, by enumeration: the sum over z of p(z) L(z). Differentiable in the logits.

    Args:
        logits: (..., M, K).
        loss: of a draw, in any unit.

    Returns:
        (...), in the unit of the loss.

    Raises:
        ValueError: there are too many draws to enumerate.

    Example:
        >>> expected_loss(torch.zeros(1, 4), lambda z: z[..., 0, 1])
        tensor(0.2500)
    """
    draws = all_draws(*logits.shape[-2:]).to(logits)
    draws = draws.view(-1, *[1] * (logits.ndim - 2), *logits.shape[-2:])  # (K^M, 1, ..., 1, M, K)
    return (log_probability(logits, draws).exp() * loss(draws)).sum(0)


def exact_gradient(logits: Tensor, loss: Loss) -> Tensor:
    """The gradient of `expected_loss` with respect to the logits: (..., M, K) to (..., M, K)."""
    return slope(lambda leaf: expected_loss(leaf, loss), logits)


def loss_gradient(loss: Loss, at: Tensor) -> Tensor:
    """The gradient of the loss where it is asked for, dL/dz at z: shape (..., M, K)."""
    return slope(loss, at)


def slope(function: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
    """The gradient of a function's sum at a point, of the point's shape.

    Zero where the function is constant, and there also within `torch.no_grad`.
    """
    with torch.enable_grad():
        leaf = at.detach().requires_grad_()
        value = function(leaf).sum()
    if not value.requires_grad:
        return torch.zeros_like(leaf)
    (gradient,) = torch.autograd.grad(value, leaf, materialize_grads=True)
    return gradient
