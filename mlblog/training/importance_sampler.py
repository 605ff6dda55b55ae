"""Which examples a step of stochastic gradient descent looks at: by a score of each, however old.

Dimensions: n examples, B of them drawn, any number of leading axes for trainings side by side.
"""

from __future__ import annotations

import torch
from torch import Tensor


class Drawn:
    """Examples that were drawn.

    Args:
        rows: (..., B) whole numbers.
        weights: (..., B), one over n times the chance of each.
    """

    def __init__(self, rows: Tensor, weights: Tensor) -> None:
        self.rows, self.weights = rows, weights


class ImportanceSampler:
    """Draws examples in proportion to scores that were told of them, a share of the time any of them.

        q_i = λ / n + (1 - λ) s_i / Σ_j s_j        ĝ = (1/B) Σ_b g_b / (n q_b)

    The mean of ĝ is the mean gradient whatever the scores are, and its second moment at most 1/λ times that of uniform
    draws. An example of which nothing was told counts as the mean of those that were.

    Args:
        n: examples, at least 1.
        uniform: λ, in (0, 1]; 1 draws uniformly. Trainings side by side may have one each, as a tensor (..., 1).
        leading: of trainings side by side, each with scores of its own.
        generator: of the draws.

    Raises:
        ValueError: no examples, or λ outside (0, 1].

    Example:
        >>> sampler = ImportanceSampler(4, uniform=0.2)
        >>> sampler.tell(torch.tensor([0, 1]), torch.tensor([3.0, 1.0]))
        >>> sampler.proposal
        tensor([0.3500, 0.1500, 0.2500, 0.2500])

    References:
        [alain2015variance]; λ, a defensive mixture: [owen2013monte], chapter 9.
    """

    def __init__(
        self,
        n: int,
        *,
        uniform: float | Tensor = 0.1,
        leading: tuple[int, ...] = (),
        generator: torch.Generator | None = None,
    ) -> None:
        share = torch.as_tensor(uniform)
        if n < 1 or not ((share > 0) & (share <= 1)).all():
            raise ValueError(f"at least one example and 0 < uniform ≤ 1 expected, given {n} and {uniform}")
        self.uniform, self.generator = uniform, generator
        self.scores = torch.full((*leading, n), torch.nan)

    def tell(self, rows: Tensor, scores: Tensor) -> None:
        """Replace the scores of some examples.

        Args:
            rows: (..., B), which; the same one twice has the same score.
            scores: (..., B), not negative.

        Raises:
            ValueError: a score is negative, NaN or infinite.
        """
        if not (scores.isfinite() & (scores >= 0)).all():
            raise ValueError("scores must be finite and not negative")
        self.scores = self.scores.to(scores).scatter(-1, rows, scores.detach())

    @property
    def proposal(self) -> Tensor:
        """The chance of each example, (..., n)."""
        known = self.scores.nan_to_num(0.0)
        count = (~self.scores.isnan()).sum(-1, keepdim=True)
        mean = known.sum(-1, keepdim=True) / count.clamp(min=1)
        # nothing told, or zeros alone: all alike
        filled = torch.where(self.scores.isnan(), mean, self.scores)
        filled = torch.where(mean > 0, filled, torch.ones_like(filled))
        shares = filled / filled.sum(-1, keepdim=True)
        return self.uniform / shares.shape[-1] + (1 - self.uniform) * shares

    def draw(self, count: int) -> Drawn:
        """Draw so many examples, independently, with replacement."""
        proposal = self.proposal
        flat = proposal.reshape(-1, proposal.shape[-1])
        rows = torch.multinomial(flat, count, replacement=True, generator=self.generator)
        rows = rows.reshape(*proposal.shape[:-1], count)
        return Drawn(rows, 1 / (proposal.shape[-1] * proposal.gather(-1, rows)))


def covariance_trace(norms: Tensor, mean: Tensor, proposal: Tensor) -> Tensor:
    """Trace of the covariance of the gradient of one weighted draw; B draws divide it by B.

        Σ_i ‖g_i‖² / (n² q_i) - ‖ḡ‖²

    Args:
        norms: (..., n), ‖g_i‖.
        mean: (...), ‖ḡ‖, of the mean gradient.
        proposal: (..., n), q, positive where a norm is.

    Returns:
        (...), in squared units of the gradient.

    References:
        [alain2015variance], theorem 1.
    """
    there = norms > 0
    second = torch.where(there, norms.square() / torch.where(there, proposal, 1.0), 0.0).sum(-1)
    return second / norms.shape[-1] ** 2 - mean.square()
