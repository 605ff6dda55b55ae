"""Losses of a pointer network whose input has equal symbols.

Dimensions: B batch, N places of the input, T = N steps.

Equal letters have equal states in an order-free encoder, so a pointer cannot prefer one copy to another. With m copies
left, p(letter) = m p(place), and over a word the two losses differ by the constant sum of log m_i!: they have the same
gradient. `letter_nll` is the one whose value means something, the log-probability of the word.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mlblog.numerics.precision import widened


def letter_nll(scores: Tensor, letters: Tensor, words: Tensor) -> Tensor:
    """Negative log-probability of each letter of the word, summed over the copies left of that letter.

        -log p(w_t) = -log sum over j with letter_j = w_t of p(j | t)

    Args:
        scores: (B, T, N) logits, minus infinity at consumed places.
        letters: (B, N), the input.
        words: (B, T), the letters to spell.

    Returns:
        (B, T) nats per letter; infinite, with a gradient of 0, where no place is left that holds the letter.

    Raises:
        ValueError: the shapes do not fit.

    Example:
        >>> scores = torch.zeros(1, 1, 4)
        >>> letter_nll(scores, torch.tensor([[0, 0, 0, 1]]), torch.tensor([[0]])).exp()  # 4 / 3
        tensor([[1.3333]])
    """
    wide, right = widened(scores), _right_places(scores, letters, words)
    spelled = right.any(-1)
    # without the letter both sums run over no place, and logsumexp has no gradient there: keep it out
    wide = wide.masked_fill(~spelled[..., None], 0.0)
    right = right | ~spelled[..., None]
    found = wide.logsumexp(-1) - wide.masked_fill(~right, -torch.inf).logsumexp(-1)
    return found.masked_fill(~spelled, torch.inf).to(scores.dtype)


def place_nll(scores: Tensor, letters: Tensor, words: Tensor) -> Tensor:
    """Negative log-probability of pointing at the first copy left of each letter of the word.

        -log p(j_t | t),   j_t = the first place left that holds w_t

    Arguments, result and errors as in `letter_nll`.

    References:
        [vinyals2015pointer], eq. 2.
    """
    wide, right = widened(scores), _right_places(scores, letters, words)
    spelled = right.any(-1)
    wide = wide.masked_fill(~spelled[..., None], 0.0)
    place = right.to(torch.uint8).argmax(-1, keepdim=True)  # (B, T, 1), the first that is true
    found = wide.logsumexp(-1) - wide.gather(-1, place).squeeze(-1)
    return found.masked_fill(~spelled, torch.inf).to(scores.dtype)


def _right_places(scores: Tensor, letters: Tensor, words: Tensor) -> Tensor:
    """(B, T, N): the place is left and holds the letter that the step should spell."""
    if scores.shape != (*words.shape, letters.shape[-1]) or len(words) != len(letters):
        raise ValueError(
            f"scores (B, T, N) expected for letters (B, N) and words (B, T), given {tuple(scores.shape)}, "
            f"{tuple(letters.shape)} and {tuple(words.shape)}"
        )
    return (words[:, :, None] == letters[:, None, :]) & (scores != -torch.inf)
