"""What hidden letters cost, and the same where masks are drawn from another distribution than the one that counts.

Dimensions: T places, V letters; any axes before them, such as a batch of strings.
"""

from __future__ import annotations

import torch
from torch import Tensor


def mlm_loss(logits: Tensor, words: Tensor, hidden: Tensor) -> Tensor:
    """The surprise at the hidden letters, summed over them.

        ℓ = -Σ_{i hidden} log P(x_i | what is shown)

    Args:
        logits: (…, T, V).
        words: (…, T) letters.
        hidden: (…, T) boolean.

    Returns:
        (…) nats of each string.

    Raises:
        ValueError: the shapes do not fit.

    References:
        [devlin2019bert], section 3.1, task 1; it takes the mean over hidden tokens where this takes the sum.
    """
    if not logits.shape[:-1] == words.shape == hidden.shape:
        raise ValueError(
            f"logits (…, V) and (…) twice expected, given {[tuple(x.shape) for x in (logits, words, hidden)]}"
        )
    nats = -logits.log_softmax(-1).gather(-1, words[..., None])[..., 0]  # (B, T)
    return (nats * hidden).sum(-1)


def importance_weighted_mlm_loss(
    logits: Tensor, words: Tensor, hidden: Tensor, *, log_p: Tensor, log_q: Tensor
) -> Tensor:
    """The surprise under masks that were drawn by q, weighted so that its mean is the one under masks by p.

        ℓ p(M | x) / q(M | x),   M ~ q

    Args:
        logits: (…, T, V).
        words: (…, T) letters.
        hidden: (…, T) boolean, M of each string.
        log_p: (…) log-probability of M under the distribution that the objective names, in nats.
        log_q: (…) log-probability of M under the distribution that drew it.

    Returns:
        (…) nats of each string. No gradient reaches q: the weights are constants.

    Raises:
        ValueError: the shapes do not fit.

    References:
        [chen2020variance]; [alain2015variance] for gradients in general.
    """
    loss = mlm_loss(logits, words, hidden)
    if not log_p.shape == log_q.shape == loss.shape:
        raise ValueError(f"{tuple(loss.shape)} expected, given {tuple(log_p.shape)} and {tuple(log_q.shape)}")
    return torch.exp(log_p - log_q).detach() * loss
