"""Beam search over sequences of a known length, for many questions at once.

Dimensions: B questions, W hypotheses kept, V symbols, T length.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

Step = Callable[[Tensor], Tensor]  # prefixes (B, W, t) to log-probabilities (B, W, V) of the next symbol


class Hypotheses(NamedTuple):
    """What a beam ends with, best first."""

    symbols: Tensor  # (B, W, T)
    log_probs: Tensor  # (B, W) nats; minus infinity where there were fewer than W


def beam_search(
    step: Step, *, questions: int, length: int, width: int, device: str | torch.device = "cpu"
) -> Hypotheses:
    """Keep the `width` likeliest prefixes of each question, one symbol at a time.

    With width 1 this is greedy; with a width that no level exceeds it is exact. Two hypotheses never spell the same
    symbols, since each grows from its own prefix by its own symbol. A symbol that a step rules out has minus infinity.

    Args:
        step: the model.
        questions: B.
        length: T.
        width: W, the most hypotheses kept.
        device: where the step computes.

    Raises:
        ValueError: a width below 1, or a negative length.

    Example:
        >>> coin = torch.tensor([0.25, 0.75]).log()
        >>> found = beam_search(lambda prefix: coin.expand(*prefix.shape[:2], 2), questions=1, length=2, width=2)
        >>> found.symbols[0].tolist(), found.log_probs[0].exp()
        ([[1, 1], [0, 1]], tensor([0.5625, 0.1875]))
    """
    if width < 1 or length < 0:
        raise ValueError(f"width of at least 1 and length of at least 0 expected, given {width} and {length}")
    prefix = torch.zeros(questions, 1, 0, dtype=torch.long, device=device)
    log_probs = torch.zeros(questions, 1, device=device)
    for _ in range(length):
        grown = log_probs[:, :, None] + step(prefix)  # (B, W, V)
        symbols = grown.shape[2]
        log_probs, best = grown.flatten(1).topk(min(width, grown.shape[1] * symbols), dim=1)
        # A hypothesis that cannot be is kept as a copy of the best, so that no step sees an impossible prefix.
        best = torch.where(log_probs.isfinite(), best, best[:, :1])
        parents = prefix.gather(1, (best // symbols)[:, :, None].expand(-1, -1, prefix.shape[2]))
        prefix = torch.cat((parents, (best % symbols)[:, :, None]), dim=2)
    return Hypotheses(prefix, log_probs)
