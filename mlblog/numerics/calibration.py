"""Whether probabilities mean what they say: reliability by bins, a proper score, and one temperature for all answers.

Dimensions: n answers, K classes, M bins.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

HALVINGS = 32  # of the interval of log T, down to 3e-9
WIDEST = 6.0  # |log T| at most


class Bins(NamedTuple):
    """Answers sorted by how sure they are and cut into bins of equal number.

    Attributes:
        confidence: (M,) the mean probability of what was answered.
        right: (M,) the share of answers that are right.
        number: (M,) answers in each bin.
    """

    confidence: Tensor
    right: Tensor
    number: Tensor


def brier_score(log_p: Tensor, labels: Tensor) -> Tensor:
    """Squared distance from the label's one-hot vector, 0 to 2 for each answer: (…, K), (…) to (…).

        Σ_k (p(k) - [k = y])²

    Args:
        log_p: (…, K) logarithms of probabilities.
        labels: (…) int64.

    Example:
        >>> brier_score(torch.tensor([[0.5, 0.5]]).log(), torch.tensor([1])).tolist()
        [0.5]

    References:
        [brier1950verification], before the mean over answers.
    """
    return (log_p.exp() - F.one_hot(labels, log_p.shape[-1])).square().sum(-1)


def reliability_bins(log_p: Tensor, labels: Tensor, *, bins: int = 10) -> Bins:
    """Sort answers by the probability of the likeliest class, and cut them into bins of equal number.

    Args:
        log_p: (n, K) logarithms of probabilities.
        labels: (n,).
        bins: M, at most n; numbers in them differ by one at most.

    Raises:
        ValueError: more bins than answers, or none.

    References:
        [guo2017calibration], section 2, with bins of equal number in place of equal width.
    """
    if not 1 <= bins <= len(labels):
        raise ValueError(f"1 to {len(labels)} bins expected, given {bins}")
    sure, said = log_p.max(-1)
    order = sure.argsort(stable=True)
    confidence = sure[order].exp().double().tensor_split(bins)
    right = (said == labels)[order].double().tensor_split(bins)
    return Bins(
        torch.stack([part.mean() for part in confidence]),
        torch.stack([part.mean() for part in right]),
        torch.tensor([len(part) for part in right]),
    )


def calibration_error(bins: Bins) -> float:
    """The expected calibration error: how far confidence is from the share right, over bins, weighted by number.

        Σ_m (n_m / n) |confidence_m - right_m|

    It depends on the bins, and is above 0 in a finite sample even if every probability is right.

    References:
        [guo2017calibration], equation (3).
    """
    share = bins.number.to(bins.right) / bins.number.sum()
    return float((share * (bins.confidence - bins.right).abs()).sum())


def tempered(log_p: Tensor, temperature: float) -> Tensor:
    """Soften answers by a temperature above 1, sharpen them by one below: (…, K) to (…, K).

        p(k)^(1/T) / Σ_j p(j)^(1/T)

    References:
        [guo2017calibration], equation (9).
    """
    return (log_p / temperature).log_softmax(-1)


def fit_temperature(log_p: Tensor, labels: Tensor) -> float:
    """The temperature with the lowest log loss, between e^-6 and e^6.

    The loss is convex in 1 / T. Its slope there, E[Σ_k p(k) log p₁(k) - log p₁(y)] with p₁ the answer at T = 1, is
    brought to zero by halving an interval of log T.

    Args:
        log_p: (n, K) logarithms of probabilities, of data that the network was not trained on.
        labels: (n,).

    References:
        [guo2017calibration], section 4.2.
    """
    z = log_p.double()
    right = z.gather(-1, labels[:, None])[:, 0].mean()
    low, high = -WIDEST, WIDEST
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        p = tempered(z, math.exp(middle)).exp()
        expected = torch.where(p > 0, p * z, 0.0).sum(-1).mean()  # 0 log 0 is 0
        if expected > right:  # the answers are surer than they are right
            low = middle
        else:
            high = middle
    return math.exp((low + high) / 2)
