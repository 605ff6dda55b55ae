"""A network that says which letters of a string to hide, trained so that the gradient it leads to varies least.

Dimensions: B strings, T places, V letters, M masks, H width.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.models.masked_lm import Masks


class MaskProposalNetwork(nn.Module):
    """A distribution of masks for each string, from a score of each place.

        q(M | x) = ε p(M) + (1 - ε) softmax_M( log p(M) + Σ_{i ∈ M} s_i(x) )

    The share ε of p keeps every weight p/q below 1/ε. Scores begin at zero, where q is p.

    Args:
        letters: V.
        masks: all masks, with p, on the device of the network.
        width: H.
        share: ε in (0, 1].

    Raises:
        ValueError: a share outside (0, 1].

    Example:
        >>> import torch
        >>> from mlblog.models.masked_lm import masks_of_size
        >>> net = MaskProposalNetwork(letters=5, masks=masks_of_size(3, 1), width=7)
        >>> net(torch.tensor([[0, 4, 2]])).exp()
        tensor([[0.3333, 0.3333, 0.3333]], grad_fn=<ExpBackward0>)

    References:
        [chen2020variance] proposes such a network; this one is not theirs in its details.
    """

    def __init__(self, *, letters: int, masks: Masks, width: int, share: float = 0.1) -> None:
        super().__init__()
        if not 0 < share <= 1:
            raise ValueError(f"a share in (0, 1] expected, given {share}")
        self.letters, self.share = letters, share
        places = masks.hidden.shape[1]
        self.inside, self.outside = nn.Linear(places * letters, width), nn.Linear(width, places)
        nn.init.zeros_(self.outside.weight)
        nn.init.zeros_(self.outside.bias)
        self.masks = masks

    def forward(self, words: Tensor) -> Tensor:
        """(…, T) letters to (…, M) log-probabilities."""
        x = F.one_hot(words, self.letters).to(self.inside.weight.dtype).flatten(-2)
        scores = self.outside(F.gelu(self.inside(x)))  # (B, T)
        p = self.masks.p.to(scores.dtype)
        learned: Tensor = (p.log() + scores @ self.masks.hidden.to(scores.dtype).T).softmax(-1)
        q: Tensor = self.share * p + (1 - self.share) * learned
        return q.log()


def proposal_loss(log_q: Tensor, *, log_p: Tensor, norms: Tensor) -> Tensor:
    """A loss whose gradient is that of the mask part of the variance, from masks drawn by q itself.

        ∇ E_q[ (p/q)² ‖g‖² ] = -E_q[ (p/q)² ‖g‖² ∇ log q ]

    Args:
        log_q: (B,) log-probability of the mask that was drawn, with its gradient.
        log_p: (B,) that under p.
        norms: (B,) norms of the gradients of the masked language model under it.

    Returns:
        (B,); over the mean of (p/q)² ‖g‖², so that the scale of gradients does not matter. Only its gradient means
        something.

    Raises:
        ValueError: the shapes do not fit.
    """
    if not log_q.shape == log_p.shape == norms.shape:
        raise ValueError(f"equal shapes expected, given {[tuple(x.shape) for x in (log_q, log_p, norms)]}")
    second = ((log_p - log_q).exp() * norms).square().detach()
    return -second / second.mean().clamp(min=1e-30) * log_q
