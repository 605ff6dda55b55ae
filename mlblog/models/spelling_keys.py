"""Spelling with keys that are not used up: steps of a network and of n-grams, and the rules of the two puzzles.

A step gives log-probabilities of every symbol; a rule says which may come. The network is normalised over the keys that
it may point at; a rule rules out and does not normalise again.

Dimensions: B questions, W hypotheses, t symbols so far, N keys, V symbols.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from mlblog.data.keys import END, LETTERS, SYMBOLS
from mlblog.models.beam import Hypotheses, Step, beam_search
from mlblog.models.pointer_keys import KeyPointer

Rule = Callable[[Tensor], Tensor]  # prefixes (B, W, t) to a boolean (B, W, V): may this symbol come next?


def spell_keys(step: Step, rule: Rule, keys: Tensor, *, length: int, width: int) -> Hypotheses:
    """Spell with a beam; an answer that has ended stays as it is while others go on.

    Args:
        step: the model.
        rule: which symbols may come.
        keys: (B, N), the questions.
        length: symbols of an answer, its `END` included, which the last of them must be.
        width: W.

    Returns:
        Symbols (B, W, length), filled with `END`, and nats (B, W).
    """

    def ruled(prefix: Tensor) -> Tensor:
        log_probs = step(prefix).masked_fill(~rule(prefix), -torch.inf)
        if prefix.shape[2] == length - 1:
            log_probs[..., :END] = log_probs[..., END + 1 :] = -torch.inf
        if prefix.shape[2] == 0:
            return log_probs
        resting = torch.full_like(log_probs, -torch.inf)
        resting[..., END] = 0
        return torch.where(prefix[..., -1:] == END, resting, log_probs)

    return beam_search(ruled, questions=len(keys), length=length, width=width, device=keys.device)


def key_steps(net: KeyPointer, keys: Tensor) -> Step:
    """Prefixes (B, W, t) to log-probabilities (B, W, V), summed over the copies left of each letter."""
    holds = F.one_hot(keys, SYMBOLS).to(net.embedding.weight.dtype)  # (B, N, V)
    memories = net.encode(keys)

    def step(prefix: Tensor) -> Tensor:
        questions, width = prefix.shape[:2]
        repeated = [memory.repeat_interleave(width, dim=0) for memory in memories]
        rows = keys.repeat_interleave(width, dim=0)  # (B W, N)
        scores = net.decode(repeated, rows, prefix.flatten(0, 1))[:, -1]  # (B W, N)
        return (scores.softmax(-1).view(questions, width, keys.shape[1]) @ holds).log()

    return step


def word_steps(log_table: Tensor) -> Step:
    """Prefixes (B, W, t) to log-probabilities (B, W, V) of an n-gram model in which each word starts anew.

    Args:
        log_table: n ≥ 2 axes of 27 symbols, log-probabilities of the last given the others; 0 is the end of a word and
            what stands before it, a … z are 1 … 26. `SPACE` and `END` both end a word.
    """
    order = log_table.ndim

    def step(prefix: Tensor) -> Tensor:
        symbols = torch.where(prefix < LETTERS, prefix + 1, 0)
        history = F.pad(symbols, (order - 1, 0))[..., prefix.shape[2] :]  # (B, W, n - 1)
        ends_after = (history == 0).flip(-1).cumsum(-1).flip(-1)  # of words, from here to the present
        log_probs = log_table[(history * (ends_after == 0)).unbind(-1)]  # (B, W, 27)
        return torch.cat((log_probs[..., 1:], log_probs[..., :1], log_probs[..., :1]), dim=-1)

    return step


def product(*steps: Step) -> Step:
    """The sum of log-probabilities: a product of experts, not normalised [hinton2002training, eq. 1]."""
    return lambda prefix: torch.stack([step(prefix) for step in steps]).sum(0)


def anything(prefix: Tensor) -> Tensor:
    """The rule of a network that has learned the rules: every symbol may come."""
    return torch.ones(*prefix.shape[:2], SYMBOLS, dtype=torch.bool, device=prefix.device)


def set_rule(keys: Tensor, *, length: int) -> Rule:
    """Letters of the set only, as often as you like while there is room for those not used yet; then the end.

    Args:
        keys: (B, N), the questions.
        length: symbols of an answer, its `END` included.
    """
    given = F.one_hot(keys, SYMBOLS).sum(1)[:, None, :LETTERS].bool()  # (B, 1, 26)

    def rule(prefix: Tensor) -> Tensor:
        wanting = given & ~F.one_hot(prefix, SYMBOLS).sum(2).bool()[..., :LETTERS]  # (B, W, 26)
        missing = wanting.sum(-1, keepdim=True)  # (B, W, 1)
        room = length - 1 - prefix.shape[2]  # for letters, from here on
        space = torch.zeros_like(missing, dtype=torch.bool)
        return torch.cat((wanting | (given & (missing < room)), missing == 0, space), dim=-1)

    return rule


def phrase_rule(keys: Tensor, *, length: int) -> Rule:
    """Each letter as often as it was given; spaces between letters while there is room; the end when no letter is left.

    Args:
        keys: (B, N), the questions.
        length: symbols of an answer, its `END` included.
    """
    given = F.one_hot(keys, SYMBOLS).sum(1)[:, None, :LETTERS]  # (B, 1, 26)

    def rule(prefix: Tensor) -> Tensor:
        left = given - F.one_hot(prefix, SYMBOLS).sum(2)[..., :LETTERS]  # (B, W, 26)
        total = left.sum(-1, keepdim=True)  # (B, W, 1)
        in_word = (prefix[..., -1:] < LETTERS) if prefix.shape[2] else torch.zeros_like(total, dtype=torch.bool)
        room = length - 1 - prefix.shape[2]  # for letters and spaces, from here on
        return torch.cat((left > 0, total == 0, (total > 0) & (total < room) & in_word), dim=-1)

    return rule
