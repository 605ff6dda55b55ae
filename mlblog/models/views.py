"""Test-time augmentation: ask a network about several views of one input, and merge the answers.

Dimensions: V views, B batch, K classes, S rows and columns of a picture.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Mode = Literal["mean", "geometric", "max"]
MODES: tuple[Mode, ...] = ("mean", "geometric", "max")
View = Callable[[Tensor], Tensor]


def tta_predict(net: Callable[[Tensor], Tensor], x: Tensor, views: Sequence[View], *, mode: Mode = "mean") -> Tensor:
    """What a network says of x when it is asked about every view: logarithms of probabilities.

    Args:
        net: (B, …) to logits (B, K); in evaluation mode, or dropout makes views of its own.
        x: the inputs, B of them.
        views: V functions of the inputs; the identity is no view unless it is among them.
        mode: how answers are merged, as in `merged`.

    Returns:
        (B, K).

    Raises:
        ValueError: no views, or an unknown mode.

    Example:
        >>> def logits(x):
        ...     return torch.stack((x.sum(-1), x[:, 0]), dim=-1)
        >>> x = torch.tensor([[0.0, 2.0]])
        >>> both = tta_predict(logits, x, [lambda x: x, lambda x: x.flip(-1)])
        >>> [round(p, 3) for p in both.exp()[0].tolist()]
        [0.69, 0.31]

    References:
        [krizhevsky2012imagenet], section 4.1: the mean, over ten views.
    """
    if not views:
        raise ValueError("one view or more expected, given none")
    return merged(torch.stack([net(view(x)).log_softmax(-1) for view in views]), mode=mode)


def merged(log_p: Tensor, *, mode: Mode = "mean") -> Tensor:
    """Merge the answers for V views into one, which sums to 1 again: (V, …, K) to (…, K).

        mean        p(k) = Σ_v p_v(k) / V
        geometric   p(k) ∝ (Π_v p_v(k))^(1/V)
        max         p(k) ∝ max_v p_v(k)

    Args:
        log_p: (V, …, K) logarithms of probabilities, for each view.
        mode: one of the three.

    Raises:
        ValueError: no views, an unknown mode, or no class that is possible in every view, in the geometric mean.

    Example:
        >>> two = torch.tensor([[0.9, 0.1], [0.5, 0.5]]).log()
        >>> [[round(p, 3) for p in merged(two, mode=mode).exp().tolist()] for mode in ("mean", "geometric", "max")]
        [[0.7, 0.3], [0.75, 0.25], [0.643, 0.357]]
    """
    if not len(log_p):
        raise ValueError("one view or more expected, given none")
    if mode == "mean":
        return log_p.logsumexp(0) - math.log(len(log_p))
    if mode == "geometric":
        mean = log_p.mean(0)
        if mean.isneginf().all(-1).any():
            raise ValueError("no class is possible in every view, so that there is no geometric mean")
        return mean.log_softmax(-1)
    if mode == "max":
        return log_p.amax(0).log_softmax(-1)
    raise ValueError(f"mean, geometric or max expected, given {mode!r}")


def shifts(reach: int) -> list[tuple[int, int]]:
    """All shifts by at most so many pixels, down and to the right, the nearest first: (2 reach + 1)² of them.

    Example:
        >>> shifts(1)[:5]
        [(0, 0), (-1, 0), (0, -1), (0, 1), (1, 0)]
    """
    side = range(-reach, reach + 1)
    return sorted(((down, right) for down in side for right in side), key=lambda by: (by[0] ** 2 + by[1] ** 2, *by))


def shifted(images: Tensor, *, down: int, right: int) -> Tensor:
    """Move pictures by whole pixels; zeros move in, and what moves out is lost: (…, S, S) to (…, S, S).

    Args:
        images: (…, S, S).
        down: pixels; negative ones move up.
        right: pixels; negative ones move to the left.

    Raises:
        ValueError: the shift is larger than the picture.

    Example:
        >>> shifted(torch.tensor([[1, 2], [3, 4]]), down=1, right=-1).tolist()
        [[0, 0], [2, 0]]
    """
    if max(abs(down), abs(right)) > min(images.shape[-2:]):
        raise ValueError(f"a shift within {tuple(images.shape[-2:])} expected, given {down} and {right}")
    return F.pad(images, (right, -right, down, -down))
