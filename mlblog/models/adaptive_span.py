"""Heads that learn how far back they look [sukhbaatar2019adaptive].

Dimensions: … any leading axes such as a batch, H heads, T places, K width of a head, S the longest span.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from mlblog.models.local_attention import local_attention


def soft_gate(distance: Tensor, span: Tensor, *, ramp: float) -> Tensor:
    """How open a head of a span z is to a distance: 1 up to z, then falling to 0 over a ramp of width R.

        m_z(x) = min(max((R + z - x) / R, 0), 1)

    Args:
        distance: x ≥ 0, in places; broadcast with `span`.
        span: z, in places.
        ramp: R > 0, in places.

    Returns:
        Of the broadcast shape, within [0, 1].

    Example:
        >>> soft_gate(torch.tensor([0.0, 3.0, 4.0, 5.0, 9.0]), torch.tensor(3.0), ramp=4).tolist()
        [1.0, 1.0, 0.75, 0.5, 0.0]

    References:
        [sukhbaatar2019adaptive], eq. 3.
    """
    return ((ramp + span - distance) / ramp).clamp(0, 1)


class AdaptiveSpan(nn.Module):
    """Causal attention in which each head has a span of its own that is learned.

        w[t, r] ∝ m_z(t - r) exp(q_t · k_r / √K),   0 ≤ t - r < S

    Only as many places are computed with as the head with the longest span reaches. The loss needs a price on the
    spans, such as `price * net.spans().mean()`, since a longer one never hurts without.

    Args:
        heads: H.
        most: S, the longest span.
        ramp: R, the width over which a gate falls from 1 to 0, in places.
        start: the spans to begin with, as a part of S.

    Example:
        >>> attend = AdaptiveSpan(heads=3, most=64, ramp=8, start=0.25)
        >>> attend.spans().tolist(), attend.reach()
        ([16.0, 16.0, 16.0], 24)

    References:
        [sukhbaatar2019adaptive], eq. 3 to 5.
    """

    def __init__(self, *, heads: int, most: int, ramp: float, start: float = 1.0) -> None:
        super().__init__()
        if most < 1 or ramp <= 0 or not 0 <= start <= 1:
            raise ValueError(f"most ≥ 1, ramp > 0 and start in [0, 1] expected, given {most}, {ramp} and {start}")
        self.most, self.ramp = most, ramp
        self.share = nn.Parameter(torch.full((heads,), start))  # z / S

    def spans(self) -> Tensor:
        """Return z of each head, of shape (H,)."""
        return self.most * self.share

    def reach(self) -> int:
        """Return the number of distances, 0 among them, to which some head is open."""
        return min(self.most, max(1, math.ceil(self.ramp + float(self.spans().detach().max()))))

    @torch.no_grad()
    def clip(self) -> None:
        """Bring the spans back to [0, S]; call it after each step of an optimiser."""
        self.share.clamp_(0, 1)

    def forward(self, q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None = None) -> Tensor:
        """Attend.

        Args:
            q: (…, H, T, K), queries.
            k: (…, H, T, K), keys.
            v: (…, H, T, K), values.
            bias: (H, S), added to the score at each distance: what a head thinks of places by how far away they are.

        Returns:
            (…, H, T, K)
        """
        distance = torch.arange(self.reach(), device=q.device, dtype=self.share.dtype)
        gate = soft_gate(distance, self.spans()[:, None], ramp=self.ramp)  # (H, reach)
        closed = gate == 0
        log_gate = gate.masked_fill(closed, 1).log().masked_fill(closed, -torch.inf)
        return local_attention(q, k, v, log_gate if bias is None else log_gate + bias[:, : len(distance)])
