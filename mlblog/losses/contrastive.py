"""Contrastive losses over views of examples: pull views of one example together, push the others away.

Dimensions: V views of each of N examples, D features; an anchor is any of the V N embeddings.

Similarity is the cosine divided by the temperature, sim(a, b) = a·b / (|a| |b| τ); that of a zero is 0.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from mlblog.numerics.precision import widened


def nt_xent(views: Tensor, *, temperature: float) -> Tensor:
    """Normalised-temperature cross-entropy: find the other view among all other embeddings of the batch.

        loss_a = -log( exp sim(a, p) / sum over b ≠ a of exp sim(a, b) )

    The sum has 2N - 1 terms: the 2N - 2 negatives **and the positive p**. It is a cross-entropy, so never negative.

    Args:
        views: (2, N, D), two views of each example, of any length.
        temperature: τ > 0.

    Returns:
        (2, N) nats per anchor.

    Raises:
        ValueError: not two views.

    Example:
        >>> same = torch.ones(2, 3, 4)  # all embeddings equal: a guess among 2 * 3 - 1
        >>> nt_xent(same, temperature=0.5)[0, 0].exp().round(decimals=4)
        tensor(5.)

    References:
        [chen2020simple], eq. 1.
    """
    similarity, positive, _ = _compared(views, temperature)
    return (similarity.logsumexp(-1) - positive).to(views.dtype)


def decoupled_nt_xent(views: Tensor, *, temperature: float) -> Tensor:
    """NT-Xent with the positive left out of the denominator: 2N - 2 terms.

        loss_a = -sim(a, p) + log( sum over b ≠ a, b ≠ p of exp sim(a, b) )

    Not a cross-entropy: it can be negative, and its pull on the positive does not fade as the positive is found.

    Arguments, result and errors as in `nt_xent`; a single example is an error too, as it has no negative.

    References:
        [yeh2022decoupled], eq. 5, without the optional weights.
    """
    similarity, positive, other_view = _compared(views, temperature)
    if views.shape[1] == 1:
        raise ValueError(f"at least two examples expected, so that there is a negative, given {tuple(views.shape)}")
    return (similarity.masked_fill(other_view, -torch.inf).logsumexp(-1) - positive).to(views.dtype)


def sup_con(views: Tensor, labels: Tensor | None = None, *, temperature: float) -> Tensor:
    """Supervised contrast: every embedding with the anchor's label is a positive; mean of their logarithms.

        loss_a = -1 / |P(a)| · sum over p in P(a) of log( exp sim(a, p) / sum over b ≠ a of exp sim(a, b) )

    Args:
        views: (V, N, D), V ≥ 2 views of each example.
        labels: (N,); each example is a class of its own if not given, which for V = 2 is `nt_xent`.
        temperature: τ > 0.

    Returns:
        (V, N) nats per anchor.

    Raises:
        ValueError: fewer than two views (an anchor could have no positive), or labels of another shape.

    Example:
        >>> views = torch.arange(24.0).cos().view(2, 3, 4)
        >>> torch.allclose(sup_con(views, temperature=0.5), nt_xent(views, temperature=0.5))
        True

    References:
        [khosla2020supervised], eq. 2 (L_out).
    """
    log_share, positives = _log_shares(views, labels, temperature)
    return -(log_share.masked_fill(~positives, 0.0).sum(-1) / positives.sum(-1)).view(views.shape[:2]).to(views.dtype)


def sup_con_inside(views: Tensor, labels: Tensor | None = None, *, temperature: float) -> Tensor:
    """As `sup_con`, with the mean over positives inside the logarithm.

        loss_a = -log( 1 / |P(a)| · sum over p in P(a) of exp sim(a, p) / sum over b ≠ a of exp sim(a, b) )

    By Jensen's inequality never above `sup_con`. Reported to train worse [khosla2020supervised, section 3.2.2].

    Arguments, result and errors as in `sup_con`.

    References:
        [khosla2020supervised], eq. 3 (L_in).
    """
    log_share, positives = _log_shares(views, labels, temperature)
    total = log_share.masked_fill(~positives, -torch.inf).logsumexp(-1)
    return (positives.sum(-1).to(total).log() - total).view(views.shape[:2]).to(views.dtype)


def _similarities(views: Tensor, temperature: float) -> Tensor:
    """(V N, V N) cosines over τ, minus infinity on the diagonal: nothing is compared with itself."""
    if not 0 < temperature < math.inf:
        raise ValueError(f"temperature must be positive and finite, given {temperature}")
    unit = F.normalize(_in_range(widened(views).flatten(0, 1)), dim=-1)
    return (unit @ unit.T / temperature).fill_diagonal_(-torch.inf)


def _in_range(embeddings: Tensor) -> Tensor:
    """Each embedding with its largest entry near 1, so that no square overflows or vanishes.

    It is scaled by a power of two, which is exact.
    """
    if embeddings.numel() == 0:
        return embeddings
    largest = embeddings.detach().abs().amax(-1, keepdim=True)
    most = 1 - math.frexp(torch.finfo(largest.dtype).tiny)[1]  # the power of two whose inverse is still normal
    exponent = torch.frexp(largest).exponent.clamp(-most, most)
    return embeddings * torch.ldexp(torch.ones_like(largest), -exponent)


def _compared(views: Tensor, temperature: float) -> tuple[Tensor, Tensor, Tensor]:
    """Similarities (2, N, 2 N), those to the positives (2, N), and where the positives stand (2, N, 2 N)."""
    if views.ndim != 3 or len(views) != 2:
        raise ValueError(f"views (2, N, D) expected, given {tuple(views.shape)}")
    similarity = _similarities(views, temperature)
    other_view = torch.eye(len(similarity), dtype=torch.bool, device=views.device).roll(views.shape[1], dims=1)
    shape = (*views.shape[:2], len(similarity))
    return similarity.view(shape), similarity[other_view].view(shape[:2]), other_view.view(shape)


def _log_shares(views: Tensor, labels: Tensor | None, temperature: float) -> tuple[Tensor, Tensor]:
    """Log of each embedding's share in each anchor's denominator, and which are positives; both (V N, V N)."""
    if views.ndim != 3 or len(views) < 2:
        raise ValueError(f"views (V, N, D) expected with V of 2 or more, given {tuple(views.shape)}")
    if labels is None:
        labels = torch.arange(views.shape[1], device=views.device)
    if labels.shape != views.shape[1:2]:
        raise ValueError(
            f"labels (N,) expected for views (V, N, D), given {tuple(labels.shape)} and {tuple(views.shape)}"
        )
    of_anchor = labels.repeat(len(views))  # (V N,)
    positives = (of_anchor[:, None] == of_anchor[None, :]).fill_diagonal_(False)
    return _similarities(views, temperature).log_softmax(-1), positives
