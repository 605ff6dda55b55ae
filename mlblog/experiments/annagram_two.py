"""ANNagram, part two: letters that may be used again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlblog.data.anagrams import Batch, Batches, Split
from mlblog.data.keys import decode_texts, encode_pairs, encode_texts
from mlblog.data.letter_sets import set_of, sets, split_by_set
from mlblog.data.words import DIGEST, load_words
from mlblog.experiments.annagram import BEAM, FULL, SMOKE, Spell, ngrams
from mlblog.lab import Run, experiment
from mlblog.losses.pointer import letter_nll
from mlblog.models.beam import Hypotheses
from mlblog.models.pointer_keys import KeyPointer, until_end
from mlblog.models.spelling_keys import anything, key_steps, product, set_rule, spell_keys, word_steps
from mlblog.training.schedule import warmup_cosine
from mlblog.training.trainer import train

EXAMPLES = ("kntig", "nba", "tgrinsea")  # the letters that the post asks about; always held out
WIDE = 200
WIDTHS = (1, BEAM, 50, WIDE)


@experiment(
    smoke={"longest": 4, "steps": 10, "keys": 256, "order": 3, **SMOKE},
    small={"longest": 8, "steps": 400},
    full={"longest": 11, "steps": 4_000, "keys": 16_384, "rate": 1e-3, "dropout": 0.2, **FULL},
    seeds=3,
)
def anagram_letter_sets(
    run: Run,
    *,
    longest: int,
    steps: int,
    width: int = 64,
    heads: int = 4,
    layers: int = 2,
    hidden: int = 128,
    keys: int = 1_024,
    rate: float = 5e-3,
    dropout: float = 0.0,
    order: int = 5,
    seed: int,
) -> None:
    """Train a pointer transformer to spell words from their sets of letters, and score it on unseen sets.

    Args:
        run: of the lab.
        longest: letters of the longest word.
        steps: training steps.
        width: D of the network, which is a `KeyPointer`; so are the parameters not named here.
        heads: attention heads.
        layers: blocks of the encoder and of the decoder.
        hidden: width of the feed-forward layers.
        keys: keys per batch.
        rate: peak learning rate.
        dropout: rate in the residual branches.
        order: n of the n-grams that answer together with the network.
        seed: of the initial weights and the order of the words.
    """
    parts = _words_by_set(run, longest)
    net = KeyPointer(width=width, heads=heads, layers=layers, hidden=hidden, dropout=dropout, reuse=True)
    data, held = (
        encode_pairs((set_of(word), word) for word in part) for part in (parts.train, parts.validation[:1_000])
    )
    epochs = train_speller(run, net.to(run.device), data, held, keys=keys, steps=steps, rate=rate, seed=seed)

    table, length = ngrams(run, parts.train, order), longest + 1
    seen = [word for members in list(sets(parts.train).values())[::10] for word in members]
    run.save(parameters=sum(parameter.numel() for parameter in net.parameters()), epochs=epochs)
    with torch.inference_mode():
        free, ruled, both = (
            partial(_spell_set, steps, length=length, width=BEAM)
            for steps in (
                lambda rows: (key_steps(net, rows), anything),
                lambda rows: (key_steps(net, rows), set_rule(rows, length=length)),
                lambda rows: (product(key_steps(net, rows), word_steps(table)), set_rule(rows, length=length)),
            )
        )
        save_scores(
            run,
            set_scores(parts.test, ruled, run.device),
            free=set_scores(parts.test, free, run.device),
            greedy=set_scores(parts.test, partial(ruled, width=1), run.device),
            with_ngrams=set_scores(parts.test, both, run.device),
            seen=set_scores(seen, ruled, run.device),
        )
        save_examples(run, map(set_of, EXAMPLES), both)


@experiment(smoke={"longest": 4, "order": 3}, small={"longest": 8}, full={"longest": 11}, seeds=1)
def anagram_letter_set_baselines(run: Run, *, longest: int, order: int = 5, seed: int) -> None:
    """Score a letter n-gram on the sets on which the network is scored, and count the words of each set.

    Args:
        run: of the lab.
        longest: letters of the longest word.
        order: n of the n-gram.
        seed: unused.
    """
    parts, length = _words_by_set(run, longest), longest + 1
    steps = word_steps(ngrams(run, parts.train, order))
    found = {
        width: set_scores(
            parts.test,
            partial(_spell_set, lambda rows: (steps, set_rule(rows, length=length)), length=length, width=width),
            run.device,
        )
        for width in WIDTHS
    }
    save_scores(run, found[BEAM], wide=found[WIDE])
    by_set = sets(load_words(longest=longest))
    known, whole = sets(parts.train), [len(members) for members in by_set.values()]
    run.save(
        widths=np.array(WIDTHS, dtype=np.float64),
        exact_by_width=np.array([scored["exact"] for scored in found.values()]),
        words_in_a_set=np.bincount(whole).astype(np.float64),  # how many sets have 0, 1, 2, … words
        largest_set=max(by_set, key=lambda letters: len(by_set[letters])),
        dictionary_unseen=float(np.mean([set_of(word) in known for word in parts.test])),
        dictionary_seen=len(known) / len(parts.train),  # one answer to each set
        words_of_examples=[list(by_set.get(set_of(letters), ())) for letters in EXAMPLES],
    )
    wide = partial(_spell_set, lambda rows: (steps, set_rule(rows, length=length)), length=length, width=WIDE)
    save_examples(run, map(set_of, EXAMPLES), wide)


def set_scores(words: Sequence[str], spell: Spell, device: str) -> dict[str, float | NDArray[np.float64]]:
    """How often the first answer to a set, and one of the first `BEAM`, is right.

    Args:
        words: with every word of each of their sets, or those that count as right.
        spell: keys (B, N) to hypotheses (B, W, T).
        device: where to ask.

    Returns:
        `exact`, the share of words that are the first answer to their set; `valid`, the share of sets whose first
        answer is a word of theirs; both `…_at_5`; `lawful`, the share of sets whose first answer uses each letter and
        no other; `exact_by_repeats` and `words_by_repeats`, for words that use 0, 1, 2, 3 letters more than their set
        has; `ceiling`, the most that `exact` could be.
    """
    members = sets(words)
    answers = answer(members, spell, device)
    exact = np.array([word == answers[set_of(word)][0] for word in words])
    repeats = np.array([len(word) - len(set_of(word)) for word in words])
    return {
        "exact": float(exact.mean()),
        f"exact_at_{BEAM}": float(np.mean([word in answers[set_of(word)] for word in words])),
        "valid": float(np.mean([answers[letters][0] in members[letters] for letters in members])),
        f"valid_at_{BEAM}": float(np.mean([bool({*answers[key]} & {*members[key]}) for key in members])),
        "lawful": float(np.mean([set_of(answers[letters][0]) == letters for letters in members])),
        "ceiling": len(members) / len(words),
        "exact_by_repeats": np.array([exact[repeats == extra].mean() for extra in range(4) if extra in repeats]),
        "words_by_repeats": np.bincount(repeats).astype(np.float64),
    }


def train_speller(
    run: Run,
    net: KeyPointer,
    data: Mapping[int, Batch],
    held: Mapping[int, Batch],
    *,
    keys: int,
    steps: int,
    rate: float,
    seed: int,
) -> float:
    """Train on answers until their ends, keep the weights that are best on those `held` back, and give the epochs."""
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    sampler = Batches({size: batch.to(run.device) for size, batch in data.items()}, letters=keys, seed=seed)

    def loss(batches: Iterable[Batch]) -> Tensor:
        nats, ends = [], []
        for batch in batches:
            ends.append(until_end(batch.words).flatten())
            nats.append(letter_nll(net(batch.letters, batch.words), batch.letters, batch.words).flatten())
        counts = torch.cat(ends)
        return (torch.cat(nats) * counts).sum() / counts.sum()

    train(
        run, net, lambda _: loss([next(sampler)]), optimizer, steps=steps, every=max(1, steps // 25), clip=1.0,
        rate=lambda step: rate * warmup_cosine(step, steps=steps), sampler=sampler,
        validate=lambda: float(loss(batch.to(run.device) for batch in held.values())),
    )  # fmt: skip
    return sampler.epochs


def _spell_set(steps: Callable[[Tensor], Any], keys: Tensor, *, length: int, width: int) -> Hypotheses:
    step, rule = steps(keys)
    return spell_keys(step, rule, keys, length=length, width=width)


def answer(questions: Iterable[str], spell: Spell, device: str) -> dict[str, list[str]]:
    """The `BEAM` best answers to each question, best first; those that cannot be are left out, all but an empty one."""
    by_length: dict[int, list[str]] = {}
    for question in questions:
        by_length.setdefault(len(question), []).append(question)
    answers: dict[str, list[str]] = {}
    for group in by_length.values():
        found = spell(encode_texts(group).to(device))
        possible = found.log_probs.isfinite()
        for question, symbols, real in zip(group, found.symbols, possible, strict=True):
            answers[question] = decode_texts(symbols[real][:BEAM]) or [""]
    return answers


def _words_by_set(run: Run, longest: int) -> Split:
    run.uses("words.txt.gz", DIGEST)
    return split_by_set(load_words(longest=longest), unseen=EXAMPLES)


def save_scores(
    run: Run, first: dict[str, float | NDArray[np.float64]], **others: dict[str, float | NDArray[np.float64]]
) -> None:
    """Save all of `first`, and what is in `others` as `metric_other`."""
    run.save(**first, **{f"{name}_{other}": value for other, found in others.items() for name, value in found.items()})


def save_examples(run: Run, questions: Iterable[str], spell: Spell) -> None:
    """Save the best answers to each example."""
    run.save(example_answers=list(answer(questions, spell, run.device).values()))
