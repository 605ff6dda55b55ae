"""Reading a label from CTC's frames: the likeliest path, or a beam over prefixes that sums their paths.

Dimensions: T frames, K symbols with the blank.
"""

from __future__ import annotations

import math
from collections import defaultdict

from torch import Tensor

from mlblog.losses.ctc import collapse


def ctc_greedy_decode(log_probs: Tensor, *, blank: int = 0) -> list[int]:
    """The label of the likeliest path, which need not be the likeliest label.

    Args:
        log_probs: (T, K).
        blank: the symbol that says nothing.

    Returns:
        The label.

    Raises:
        ValueError: not a table of frames and symbols, or one of them NaN.

    Example:
        >>> import torch
        >>> ctc_greedy_decode(torch.eye(3)[[1, 1, 0, 1, 2]])
        [1, 1, 2]

    References:
        [graves2006connectionist], section 3.2, best path decoding.
    """
    _expect(log_probs, blank)
    return collapse(log_probs.argmax(-1).tolist(), blank=blank)


def ctc_prefix_beam(log_probs: Tensor, *, width: int, blank: int = 0) -> list[tuple[tuple[int, ...], float]]:
    """The likeliest labels, by a beam over prefixes.

    A prefix keeps the probability of its paths that end in a blank apart from that of those that do not: after the
    former the last symbol, met again, is a new one; after the latter it is a repeat.

    Args:
        log_probs: (T, K).
        width: prefixes kept after each frame; where none is dropped, the probabilities are exact.
        blank: the symbol that says nothing.

    Returns:
        At most `width` labels with their log-probabilities (of the paths kept), likeliest first.

    Raises:
        ValueError: not a table of frames and symbols, one of them NaN, or a width below 1.

    Example:
        >>> import torch
        >>> frame = torch.tensor([0.6, 0.4]).log()  # twice; the likeliest path is read as nothing
        >>> [(label, round(math.exp(score), 2)) for label, score in ctc_prefix_beam(frame.expand(2, 2), width=9)]
        [((1,), 0.64), ((), 0.36)]

    References:
        [hannun2014first], algorithm 1, without a language model.
    """
    _expect(log_probs, blank)
    if width < 1:
        raise ValueError(f"width must be at least 1, given {width}")
    beam: dict[tuple[int, ...], tuple[float, float]] = {
        (): (0.0, -math.inf)
    }  # ends in a blank, ends in its last symbol
    for frame in log_probs.double().tolist():
        grown: dict[tuple[int, ...], tuple[float, float]] = defaultdict(lambda: (-math.inf, -math.inf))
        for prefix, (in_blank, in_symbol) in beam.items():
            either = _add(in_blank, in_symbol)
            for symbol, score in enumerate(frame):
                if symbol == blank:
                    grown[prefix] = (_add(grown[prefix][0], either + score), grown[prefix][1])
                    continue
                new = in_blank if prefix[-1:] == (symbol,) else either
                longer = (*prefix, symbol)
                grown[longer] = (grown[longer][0], _add(grown[longer][1], new + score))
                if prefix[-1:] == (symbol,):
                    grown[prefix] = (grown[prefix][0], _add(grown[prefix][1], in_symbol + score))
        possible = [item for item in grown.items() if max(item[1]) > -math.inf]
        beam = dict(sorted(possible, key=lambda item: -_add(*item[1]))[:width])
    return [(prefix, _add(*scores)) for prefix, scores in beam.items()]


def _expect(log_probs: Tensor, blank: int) -> None:
    if log_probs.ndim != 2 or not 0 <= blank < log_probs.shape[1]:
        raise ValueError(
            f"log_probs (T, K) with a blank in 0 to K - 1 expected, given {tuple(log_probs.shape)}, {blank}"
        )
    if log_probs.isnan().any():
        raise ValueError("log_probs hold NaN")


def _add(a: float, b: float) -> float:
    """Logarithm of exp a + exp b."""
    high, low = max(a, b), min(a, b)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))
