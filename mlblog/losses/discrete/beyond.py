"""Intermediate loss sampling for variables that are not categorical, with or without a reparameterisation."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.distributions import Distribution

from mlblog.losses.discrete.categorical import slope


def intermediate_loss(distribution: Distribution, loss: Callable[[Tensor], Tensor], *, alpha: float) -> Tensor:
    """A loss whose gradient is the estimate: the surprise of a draw after a step down its own loss.

        z ~ p_θ,   z_D = z − α dL/dz,   L_I = −log p_θ(z_D)   with z_D held fixed

    Its gradient in θ is O(1) noise plus a signal of order α: divide by α to compare. For the mean μ of a Gaussian it
    is −(z − μ)/σ² + α g/σ², g = L'(z): on average α/σ² times the gradient of the expected loss. In general it is
    biased: for a Poisson rate λ the mean is α E[L'(z)]/λ, where the exact gradient is E[L(z + 1) − L(z)].

    Args:
        distribution: of one real number for each element of its batch; only `sample` and `log_prob` are asked for.
            Build it with `validate_args=False` where z_D may leave its support, as counts do.
        loss: of a draw, elementwise, differentiable; for counts, its continuation between them.
        alpha: α, the step of the draw.

    Returns:
        Nats, of the batch shape of `distribution`.

    References:
        [shlis2019intermediate], the extension that it names.
    """
    drawn = distribution.sample()
    moved = drawn - alpha * slope(loss, drawn)
    return -distribution.log_prob(moved)
