"""Attention by random features, linear in the number of places: FAVOR+ [choromanski2021rethinking].

Dimensions: … any leading axes such as a batch and heads, T places, K width, M features.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from mlblog.numerics.precision import widened


def orthogonal_directions(features: int, width: int, generator: torch.Generator) -> Tensor:
    """Random directions, each standard normal by itself, orthogonal to one another in groups of K.

    Args:
        features: M.
        width: K.
        generator: of the draws.

    Returns:
        (M, K)

    Example:
        >>> w = orthogonal_directions(5, 3, torch.Generator().manual_seed(0))
        >>> abs(float(w[0] @ w[2])) < 1e-6
        True

    References:
        [choromanski2021rethinking], section 2.4.
    """
    groups = math.ceil(features / width)
    square = torch.randn(groups, width, width, generator=generator)
    turned, upper = torch.linalg.qr(square)
    turned = turned * upper.diagonal(dim1=-2, dim2=-1).sign()[:, None]  # uniform over all rotations and reflections
    lengths = torch.randn(groups, width, width, generator=generator).norm(dim=-1, keepdim=True)
    directions: Tensor = (turned.mT * lengths).reshape(-1, width)[:features]
    return directions


def log_positive_features(x: Tensor, directions: Tensor) -> Tensor:
    """Logarithms of features φ with E[φ(x) · φ(y)] = exp(x · y) over standard normal directions.

        φ_i(x) = exp(w_i · x - |x|² / 2) / √M

    The relative variance of the estimate is (exp(|x + y|²) - 1) / M if the directions are independent.

    Args:
        x: (…, T, K).
        directions: (M, K).

    Returns:
        (…, T, M)

    References:
        [choromanski2021rethinking], lemma 1.
    """
    x = widened(x)
    half = x.square().sum(-1, keepdim=True) / 2
    return x @ directions.to(x.dtype).mT - half - math.log(len(directions)) / 2


def trigonometric_features(x: Tensor, directions: Tensor) -> Tensor:
    """Features of either sign with E[φ(x) · φ(y)] = exp(x · y).

        φ(x) = exp(|x|² / 2) [cos(w_1 · x) … cos(w_M · x), sin(w_1 · x) … sin(w_M · x)] / √M

    Args:
        x: (…, T, K).
        directions: (M, K).

    Returns:
        (…, T, 2 M)

    References:
        [choromanski2021rethinking], section 2.3, where it is the rival.
    """
    x = widened(x)
    turned = x @ directions.to(x.dtype).mT
    scale = (x.square().sum(-1, keepdim=True) / 2).exp() / math.sqrt(len(directions))
    return scale * torch.cat((turned.cos(), turned.sin()), dim=-1)


def favor_attention(q: Tensor, k: Tensor, v: Tensor, directions: Tensor, *, causal: bool = True) -> Tensor:
    """Softmax attention with exp(q_t · k_s / √K) replaced by its estimate φ(q_t) · φ(k_s).

        o_t = φ(q_t) · Σ_s φ(k_s) v_s / φ(q_t) · Σ_s φ(k_s),   s ≤ t if causal

    The sums over s are shared by all t, so T places take 2 T M K products.

    Args:
        q: (…, T, K), queries.
        k: (…, T, K), keys.
        v: (…, T, K), values.
        directions: (M, K), such as `orthogonal_directions` draws.
        causal: whether a place looks at none after it.

    Returns:
        (…, T, K)

    Example:
        >>> w = orthogonal_directions(16, 8, torch.Generator().manual_seed(0))
        >>> favor_attention(*torch.randn(3, 2, 50, 8), w).shape
        torch.Size([2, 50, 8])

    References:
        [choromanski2021rethinking], eq. 4 and algorithm 1.
    """
    root = q.shape[-1] ** -0.25
    log_q, log_k = (log_positive_features(x * root, directions) for x in (widened(q), widened(k)))
    # a factor of each query and one of all keys are in numerator and denominator alike
    phi_q = (log_q - log_q.detach().amax(-1, keepdim=True)).exp()
    phi_k = (log_k - log_k.detach().amax((-2, -1), keepdim=True)).exp() if log_k.shape[-2] else log_k
    values = F.pad(widened(v), (0, 1), value=1)  # the last column adds up the weights
    sums = _causal_sums(phi_q, phi_k, values) if causal else phi_q @ (phi_k.mT @ values)
    return (sums[..., :-1] / sums[..., -1:]).to(v.dtype)


def _causal_sums(q: Tensor, k: Tensor, v: Tensor, block: int = 128) -> Tensor:
    """Σ over s ≤ t of (q_t · k_s) v_s, of q and k (…, T, M) and v (…, T, K).

    Within a block it is a product. A sum is kept for each block and not for each place: T / block matrices of M by K.
    """
    size = q.shape[-2]
    block = min(block, max(size, 1))
    q, k, v = (F.pad(x, (0, 0, 0, -size % block)) for x in (q, k, v))
    q, k, v = (x.reshape(*x.shape[:-2], x.shape[-2] // block, block, x.shape[-1]) for x in (q, k, v))
    before = (k.mT @ v).cumsum(-3)  # (…, N, M, K)
    before = F.pad(before, (0, 0, 0, 0, 1, 0))[..., :-1, :, :]
    sums = (q @ k.mT).tril() @ v + q @ before
    return sums.flatten(-3, -2)[..., :size, :]
