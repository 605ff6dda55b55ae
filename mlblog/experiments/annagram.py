"""Spelling anagrams: a pointer transformer, what it leaves out, and what a sceptic would use instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlblog.classical.anagrams import AnagramDictionary, shuffle_probability
from mlblog.classical.ngram import kneser_ney
from mlblog.data.anagrams import Batch, Batches, Split, by_length, class_of, classes, decode, encode, split
from mlblog.data.words import DIGEST, load_words
from mlblog.lab import Run, experiment
from mlblog.losses.pointer import letter_nll
from mlblog.models.beam import Hypotheses
from mlblog.models.pointer import PointerTransformer
from mlblog.models.spelling import spell_by_letters, spell_by_ngrams, spell_by_places, spell_together
from mlblog.training.schedule import warmup_cosine
from mlblog.training.trainer import train

EXAMPLES = ("erif", "sichpys", "nfuctnio")  # the letters that the original asks about; always held out
BEAM = 5
WIDTHS = (1, 2, BEAM, 10, 20, 50, 100, 200)  # of the n-grams
METRICS = ("exact", f"exact_at_{BEAM}", "valid", f"valid_at_{BEAM}")
SMOKE = {"width": 16, "hidden": 32, "layers": 1}
FULL = {"width": 256, "heads": 8, "hidden": 1024, "layers": 4}
Spell = Callable[[Tensor], Hypotheses]


@experiment(
    smoke={"longest": 4, "steps": 20, "letters": 256, "order": 3, "widths": [1, 5, 8], **SMOKE},
    small={"longest": 6, "steps": 6_000, "widths": [1, 5, 20, 50, 200]},
    full={"longest": 11, "steps": 16_000, "letters": 16_384, "rate": 1e-3, "widths": [1, 5, 20, 50, 200], **FULL},
    seeds=3,
    variants=({"dropout": 0.0},),
)
def anagram_solver(
    run: Run,
    *,
    longest: int,
    steps: int,
    widths: list[int],
    width: int = 64,
    heads: int = 4,
    layers: int = 2,
    hidden: int = 128,
    letters: int = 1_024,
    rate: float = 5e-3,
    dropout: float = 0.2,
    order: int = 5,
    seed: int,
) -> None:
    """Train a pointer transformer to spell words from their letters, and score it on unseen anagram classes.

    Args:
        run: of the lab.
        longest: letters of the longest word.
        steps: training steps, at most: it ends when the validation loss has not fallen for a fifth of them.
        widths: beams with which a part of the test words is spelled, by the network alone and together.
        width: D of the network, which is a `PointerTransformer`; so are the parameters not named here.
        heads: attention heads.
        layers: blocks of the encoder and of the decoder.
        hidden: width of the feed-forward layers.
        letters: letters per batch.
        rate: peak learning rate.
        dropout: rate in the residual branches.
        order: n of the n-grams that answer together with the network.
        seed: of the initial weights and the order of the words.
    """
    parts = words_by_class(run, longest)
    data, held = (
        {length: encode(words).to(run.device) for length, words in by_length(part).items()}
        for part in (parts.train, parts.validation)
    )
    net = PointerTransformer(width=width, heads=heads, layers=layers, hidden=hidden, dropout=dropout).to(run.device)
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    sampler = Batches(data, letters=letters, seed=seed)

    def nats(batch: Batch) -> Tensor:
        return letter_nll(net(batch.letters, batch.words), batch.letters, batch.words)

    taken = train(
        run, net, lambda _: nats(next(sampler)).mean(), optimizer, steps=steps, every=max(1, steps // 50), clip=1.0,
        rate=lambda step: rate * warmup_cosine(step, steps=steps), sampler=sampler, patience=10,
        validate=lambda: float(torch.cat([nats(batch).flatten() for batch in held.values()]).mean()),
    )  # fmt: skip
    with torch.inference_mode():
        by_letters = partial(spell_by_letters, net)
        together = partial(spell_together, net, ngrams(run, parts.train, order))
        run.save(
            parameters=sum(parameter.numel() for parameter in net.parameters()),
            steps_taken=taken,
            epochs=sampler.epochs,
            letters_seen=round(sampler.epochs * sum(map(len, parts.train))),
            exact_validation=scores(parts.validation, partial(by_letters, width=BEAM), run.device)["exact"],
        )
        _save_scores(
            run,
            scores(parts.test, partial(by_letters, width=BEAM), run.device),
            unmerged=scores(parts.test, partial(spell_by_places, net, width=BEAM), run.device),
            with_ngrams=scores(parts.test, partial(together, width=BEAM), run.device),
            seen=scores(parts.train[::10], partial(by_letters, width=BEAM), run.device),
        )
        run.save(widths=np.array(widths, dtype=np.float64))
        for name, spell in {"alone": by_letters, "together": together}.items():
            asked = run.progress(widths, f"spell {name}")
            run.save(**{f"right_{name}": np.array([_right(part_of(parts.test), spell, w, run.device) for w in asked])})
        _save_examples(run, partial(by_letters, width=BEAM), longest)


@experiment(
    smoke={"longest": 4, "order": 3},
    small={"longest": 6},
    full={"longest": 11},
    seeds=1,  # nothing here is random
)
def anagram_baselines(run: Run, *, longest: int, order: int = 5, seed: int) -> None:
    """Score a dictionary, a shuffle and a letter n-gram on the classes on which the pointer transformer is scored.

    Args:
        run: of the lab.
        longest: letters of the longest word.
        order: n of the n-gram.
        seed: unused.
    """
    parts = words_by_class(run, longest)
    by_ngrams = partial(spell_by_ngrams, ngrams(run, parts.train, order))
    wide = partial(by_ngrams, width=WIDTHS[-1])
    _save_scores(
        run,
        scores(parts.test, partial(by_ngrams, width=BEAM), run.device),
        wide=scores(parts.test, wide, run.device),
        seen=scores(parts.train[::10], wide, run.device),
    )
    run.save(
        widths=np.array(WIDTHS, dtype=np.float64),
        right_alone=np.array([_right(part_of(parts.test), by_ngrams, width, run.device) for width in WIDTHS]),
    )
    _save_examples(run, wide, longest)
    known = AnagramDictionary(parts.train)
    for name, words in {"seen": parts.train, "unseen": parts.test}.items():
        run.save(**{f"dictionary_{name}": float(np.mean([word in known.solve(word) for word in words]))})
    chances = {length: [shuffle_probability(word) for word in words] for length, words in by_length(parts.test).items()}
    run.save(
        shuffle=float(np.mean(np.concatenate(list(chances.values())))),
        shuffle_by_length=np.array([np.mean(chance) for chance in chances.values()]),
    )


def scores(words: Sequence[str], spell: Spell, device: str) -> dict[str, float | NDArray[np.float64]]:
    """How often the first answer, and one of the first `BEAM`, is right, over all words and by length.

    Args:
        words: with every word of each of their anagram classes, or a part of them, if that is what counts as valid.
        spell: questions (B, N) to hypotheses (B, W, N).
        device: where to ask.

    Returns:
        `exact`, the share of words that are the first answer to their letters; `valid`, the share of anagram classes
        whose first answer is a word of theirs; `exact_at_5` and `valid_at_5`, the same for any of the first five
        answers; `…_by_length`, for each of the `lengths`; `ceiling`, the most that `exact` could be, since a class of
        several words has one first answer.
    """
    hits: dict[str, list[NDArray[np.bool_]]] = {name: [] for name in METRICS}
    for same_length in by_length(words).values():
        members = classes(same_length)
        found = spell(encode(list(members)).letters.to(device)).symbols  # (B, W, N)
        answers = {key: decode(row[:BEAM]) for key, row in zip(members, found, strict=True)}
        asked = [(word, answers[class_of(word)]) for word in same_length]
        hits["exact"].append(np.array([word == answer[0] for word, answer in asked]))
        hits[f"exact_at_{BEAM}"].append(np.array([word in answer for word, answer in asked]))
        hits["valid"].append(np.array([answers[key][0] in members[key] for key in members]))
        hits[f"valid_at_{BEAM}"].append(np.array([not set(members[key]).isdisjoint(answers[key]) for key in members]))
    counts = {name: np.array([len(part) for part in hits[name]], dtype=np.float64) for name in ("exact", "valid")}
    return {
        **{name: float(np.concatenate(parts).mean()) for name, parts in hits.items()},
        **{f"{name}_by_length": np.array([part.mean() for part in parts]) for name, parts in hits.items()},
        "lengths": np.array(list(by_length(words)), dtype=np.float64),
        "words_by_length": counts["exact"],
        "classes_by_length": counts["valid"],
        "ceiling": float(counts["valid"].sum() / counts["exact"].sum()),
    }


def part_of(words: Sequence[str]) -> list[str]:
    """Every fourth anagram class: the words on which beams of all widths are compared."""
    return [word for members in list(classes(words).values())[::4] for word in members]


def _right(words: Sequence[str], spell: Callable[..., Hypotheses], width: int, device: str) -> NDArray[np.float64]:
    """1 for each word that is the first answer to its letters, shortest words first, else 0."""
    hits = []
    for same_length in by_length(words).values():
        questions = list(classes(same_length))
        rows = [encode(questions[start : start + 50]).letters.to(device) for start in range(0, len(questions), 50)]
        found = decode(torch.cat([spell(letters, width=width).symbols[:, 0] for letters in rows]))
        first = dict(zip(questions, found, strict=True))
        hits += [float(word == first[class_of(word)]) for word in same_length]
    return np.array(hits)


def words_by_class(run: Run, longest: int) -> Split:
    """The split word list; the examples' classes are unseen whatever their hash."""
    run.uses("words.txt.gz", DIGEST)
    return split(load_words(longest=longest), unseen=EXAMPLES)


def ngrams(run: Run, words: Sequence[str], order: int) -> Tensor:
    """Log-probabilities of n-grams of the words to train on."""
    return torch.from_numpy(np.log(kneser_ney(words, order=order))).float().to(run.device)


def _save_scores(run: Run, first: Mapping[str, Any], **others: Mapping[str, Any]) -> None:
    """Save all of `first`, and the metrics of `others` as `metric_other`."""
    run.save(
        **first,
        **{
            f"{name}_{other}": found[name]
            for other, found in others.items()
            for name in (*METRICS, *(f"{metric}_by_length" for metric in METRICS))
        },
    )


def _save_examples(run: Run, spell: Spell, longest: int) -> None:
    """Save the three best answers to each example, with their probabilities."""
    asked = [letters for letters in EXAMPLES if len(letters) <= longest]
    found = [spell(encode([letters]).letters.to(run.device)) for letters in asked]
    run.save(
        examples=asked,
        example_answers=[decode(hypotheses.symbols[0, :3]) for hypotheses in found],
        example_probabilities=[hypotheses.log_probs[0, :3].exp().tolist() for hypotheses in found],
    )
