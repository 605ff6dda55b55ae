"""What a network of nodes is trained on before there are labels.

Dimensions: N nodes, D features, H hidden units, M others; … any axes before them.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def attribute_loss(predicted: Tensor, x: Tensor) -> Tensor:
    """How far a node's features are from what was predicted of them: the mean square over features.

    Args:
        predicted: (…, D).
        x: (…, D).

    Returns:
        (…).

    Raises:
        ValueError: the shapes differ.

    References:
        [zhang2020graph], section 3.4.1, with the length in place of its square.
    """
    if predicted.shape != x.shape:
        raise ValueError(f"the shape of x, {tuple(x.shape)}, expected, given {tuple(predicted.shape)}")
    return (predicted - x).square().mean(-1)


def structure_loss(states: Tensor, intimacy: Tensor) -> Tensor:
    """How far the cosines of nodes' states are from how near the nodes are, for each node over all others.

        ℓ_i = 1 / (N - 1) Σ_{j ≠ i} (cos(z_i, z_j) - s_ij)²

    Args:
        states: (…, N, H).
        intimacy: (N, N); its diagonal does not count.

    Returns:
        (…, N).

    Raises:
        ValueError: the shapes do not fit, or there is one node.

    References:
        [zhang2020graph], section 3.4.2, which sums over all pairs.
    """
    n = states.shape[-2]
    if intimacy.shape != (n, n) or n < 2:
        raise ValueError(f"intimacy of at least two nodes, ({n}, {n}), expected, given {tuple(intimacy.shape)}")
    unit = F.normalize(states, dim=-1)
    off = (unit @ unit.transpose(-1, -2) - intimacy.to(states)).square()  # (…, N, N)
    return (off.sum(-1) - off.diagonal(dim1=-2, dim2=-1)) / (n - 1)


def context_prediction_loss(states: Tensor, contexts: Tensor, others: Tensor) -> Tensor:
    """Whether a state and a context belong to one node: logistic, once for the right one and once for wrong ones.

        ℓ = -log s(h · c) - mean over others of log s(-h · c')

    Args:
        states: (…, H), h of a node's neighbourhood.
        contexts: (…, H), c of the graph around the same neighbourhood.
        others: (…, M, H), c' of other nodes.

    Returns:
        (…) nats.

    Raises:
        ValueError: the shapes do not fit.

    References:
        [hu2020strategies], section 3.1.1, with M = 1.
    """
    if states.shape != contexts.shape or others.shape[:-2] != states.shape[:-1] or others.shape[-1] != states.shape[-1]:
        raise ValueError(
            f"(…, H) twice and (…, M, H) expected, given {[tuple(one.shape) for one in (states, contexts, others)]}"
        )
    right = (states * contexts).sum(-1)
    wrong = torch.einsum("...h,...mh->...m", states, others)
    return F.softplus(-right) + F.softplus(wrong).mean(-1)
