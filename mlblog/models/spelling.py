"""Spelling words from their letters with a beam: by a pointer transformer, by n-grams, by both.

Dimensions: B questions, W hypotheses, N letters given.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from mlblog.models.beam import Hypotheses, Step, beam_search
from mlblog.models.pointer import ALPHABET, PointerTransformer

END = 0  # of an n-gram table's symbols


def spell_by_letters(net: PointerTransformer, letters: Tensor, *, width: int) -> Hypotheses:
    """Spell with a beam in which the probabilities of equal letters add at every step.

    So equal strings are one hypothesis from the start. Merging them after the search would lose what was pruned.

    Args:
        net: the model.
        letters: (B, N), the questions.
        width: W.

    Returns:
        Letters (B, W, N) and nats (B, W).
    """
    return beam_search(letter_steps(net, letters), questions=len(letters), length=letters.shape[1], width=width,
                       device=letters.device)  # fmt: skip


def spell_by_places(net: PointerTransformer, letters: Tensor, *, width: int) -> Hypotheses:
    """Spell with a beam over places, as a plain pointer network does: equal strings compete for the beam.

    Arguments and result as in `spell_by_letters`; a string can stand in it more than once.
    """
    found = beam_search(place_steps(net, letters), questions=len(letters), length=letters.shape[1], width=width,
                        device=letters.device)  # fmt: skip
    rows = letters[:, None].expand(-1, found.symbols.shape[1], -1)
    return Hypotheses(rows.gather(2, found.symbols), found.log_probs)


def spell_by_ngrams(log_table: Tensor, letters: Tensor, *, width: int) -> Hypotheses:
    """Spell with an n-gram model, under the same beam, each letter used as often as it was given.

    Args:
        log_table: n ≥ 2 axes of 27 symbols, log-probabilities of the last given the others; 0 is the end of a word and
            what stands before it, a … z are 1 … 26.
        letters: (B, N), the questions.
        width: W.

    Returns:
        Letters (B, W, N) and joint log-probabilities (B, W) of the word and its end, in nats.
    """
    return beam_search(ngram_steps(log_table, letters), questions=len(letters), length=letters.shape[1], width=width,
                       device=letters.device)  # fmt: skip


def spell_together(net: PointerTransformer, log_table: Tensor, letters: Tensor, *, width: int) -> Hypotheses:
    """Spell with the product of both models' probabilities at every step.

    Args:
        net: the model.
        log_table: as in `spell_by_ngrams`.
        letters: (B, N), the questions.
        width: W.

    Returns:
        Letters (B, W, N) and the sum of both log-probabilities (B, W), which is not normalised.

    References:
        [hinton2002training], eq. 1, of two experts.
    """
    by_net, by_ngrams = letter_steps(net, letters), ngram_steps(log_table, letters)
    return beam_search(lambda prefix: by_net(prefix) + by_ngrams(prefix), questions=len(letters),
                       length=letters.shape[1], width=width, device=letters.device)  # fmt: skip


def letter_steps(net: PointerTransformer, letters: Tensor) -> Step:
    """Prefixes (B, W, t) of letters to log-probabilities (B, W, 26), summed over the copies left of each letter."""
    holds = F.one_hot(letters, ALPHABET).to(net.embedding.weight.dtype)  # (B, N, 26)
    memories = net.encode(letters)

    def step(prefix: Tensor) -> Tensor:
        questions, width = prefix.shape[:2]
        repeated = [memory.repeat_interleave(width, dim=0) for memory in memories]
        rows = letters.repeat_interleave(width, dim=0)  # (B W, N)
        scores = net.decode(repeated, rows, prefix.flatten(0, 1))[:, -1]  # (B W, N)
        return (scores.softmax(-1).view(questions, width, letters.shape[1]) @ holds).log()

    return step


def place_steps(net: PointerTransformer, letters: Tensor) -> Step:
    """Prefixes (B, W, t) of places to log-probabilities (B, W, N): p(letter) / copies left, at each copy left."""
    by_letter = letter_steps(net, letters)
    same = (letters[:, :, None] == letters[:, None, :]).to(net.embedding.weight.dtype)  # (B, N, N)

    def step(prefix: Tensor) -> Tensor:
        rows = letters[:, None].expand(-1, prefix.shape[1], -1)  # (B, W, N)
        free = 1 - F.one_hot(prefix, letters.shape[1]).sum(2).to(same.dtype)  # (B, W, N)
        copies_left = (free @ same).clamp(min=1)
        log_letter = by_letter(rows.gather(2, prefix)).gather(2, rows)
        return (log_letter - copies_left.log()).masked_fill(free == 0, -torch.inf)

    return step


def ngram_steps(log_table: Tensor, letters: Tensor) -> Step:
    """Prefixes (B, W, t) of letters to joint log-probabilities (B, W, 26), the last step's with the word's end."""
    order, length = log_table.ndim, letters.shape[1]
    given = F.one_hot(letters, ALPHABET).sum(1)  # (B, 26)

    def step(prefix: Tensor) -> Tensor:
        left = given[:, None] - F.one_hot(prefix, ALPHABET).sum(2)  # (B, W, 26)
        history = F.pad(prefix + 1, (order - 1, 0))[..., prefix.shape[2] :]  # (B, W, n - 1)
        log_probs = log_table[history.unbind(-1)][..., 1:]  # (B, W, 26)
        if prefix.shape[2] == length - 1:  # the word ends after this letter
            log_probs = log_probs + log_table[..., END][history[..., 1:].unbind(-1)][..., 1:]
        return log_probs.masked_fill(left <= 0, -torch.inf)

    return step
