"""ANNagram, part two: phrases with spaces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlblog.classical.covers import CoverDictionary
from mlblog.data.anagrams import Split, split
from mlblog.data.keys import encode_pairs
from mlblog.data.phrases import SIZES, bag_weights, draw_phrases, letters_of, split_by_letters
from mlblog.data.words import DIGEST, load_words
from mlblog.experiments.annagram import BEAM, FULL, SMOKE, Spell, ngrams
from mlblog.experiments.annagram_two import WIDE, WIDTHS, answer, save_examples, save_scores, train_speller
from mlblog.lab import Run, experiment
from mlblog.models.beam import Hypotheses
from mlblog.models.pointer_keys import KeyPointer
from mlblog.models.spelling_keys import anything, key_steps, phrase_rule, product, spell_keys, word_steps

EXAMPLES = ("nrttgiarhee",)  # the letters that the post asks about; always held out
TEST = 9_999  # in place of a seed: all spellers are asked the same phrases


@experiment(
    smoke={"longest": 4, "most": 10, "steps": 10, "drawn": 300, "asked": 10, "keys": 256, "order": 3, **SMOKE},
    small={"longest": 5, "most": 11, "steps": 400, "drawn": 100_000},
    full={"longest": 7, "most": 16, "steps": 20_000, "drawn": 3_000_000, "asked": 2_000, "keys": 16_384, "rate": 1e-3,
          **FULL},
    seeds=3,
)  # fmt: skip
def anagram_phrases(
    run: Run,
    *,
    longest: int,
    most: int,
    steps: int,
    drawn: int,
    asked: int = 300,
    width: int = 64,
    heads: int = 4,
    layers: int = 2,
    hidden: int = 128,
    keys: int = 1_024,
    rate: float = 5e-3,
    order: int = 5,
    seed: int,
) -> None:
    """Train a pointer transformer to spell phrases from their letters, and score it on letters it has not seen.

    Args:
        run: of the lab.
        longest: letters of the longest word.
        most: letters of the longest phrase.
        steps: training steps.
        drawn: phrases for training, less those whose letters are held out.
        asked: phrases to ask, of each kind.
        width: D of the network, which is a `KeyPointer`; so are the parameters not named here.
        heads: attention heads.
        layers: blocks of the encoder and of the decoder.
        hidden: width of the feed-forward layers.
        keys: keys per batch.
        rate: peak learning rate.
        order: n of the n-grams that answer together with the network.
        seed: of the initial weights, the phrases and their order.
    """
    words = _words_by_class(run, longest)
    many = draw_phrases(words.train, count=drawn, most_letters=most, seed=seed)
    seen, other, _ = split_by_letters(many, unseen=EXAMPLES)
    net = KeyPointer(width=width, heads=heads, layers=layers, hidden=hidden)
    data, held = (encode_pairs((letters_of(phrase) + " ", phrase) for phrase in part) for part in (seen, other[:1_000]))
    epochs = train_speller(run, net.to(run.device), data, held, keys=keys, steps=steps, rate=rate, seed=seed)

    table, valid = ngrams(run, words.train, order), {word for part in words for word in part}
    run.save(parameters=sum(parameter.numel() for parameter in net.parameters()), epochs=epochs)
    known, new = _questions(words, most=most, asked=asked)
    with torch.inference_mode():
        free, ruled, both = (
            partial(_spell_phrase, steps, width=BEAM)
            for steps in (
                lambda rows: (key_steps(net, rows), anything),
                lambda rows: (key_steps(net, rows), phrase_rule(rows, length=_length(rows))),
                lambda rows: (
                    product(key_steps(net, rows), word_steps(table)),
                    phrase_rule(rows, length=_length(rows)),
                ),
            )
        )
        ask = partial(phrase_scores, valid=valid, device=run.device)
        save_scores(
            run,
            ask(known, ruled),
            free=ask(known, free),
            greedy=ask(known, partial(ruled, width=1)),
            with_ngrams=ask(known, both),
            new=ask(new, ruled),
            new_with_ngrams=ask(new, both),
        )
        save_examples(run, (letters_of(letters) + " " for letters in EXAMPLES), both)


@experiment(
    smoke={"longest": 4, "most": 10, "asked": 10, "order": 3},
    small={"longest": 5, "most": 11},
    full={"longest": 7, "most": 16, "asked": 2_000},
    seeds=1,
)
def anagram_phrase_baselines(run: Run, *, longest: int, most: int, asked: int = 300, order: int = 5, seed: int) -> None:
    """Score a letter n-gram and a search for exact covers on the phrases on which the network is scored.

    Args:
        run: of the lab.
        longest: letters of the longest word.
        most: letters of the longest phrase.
        asked: phrases to ask, of each kind.
        order: n of the n-gram.
        seed: unused.
    """
    words = _words_by_class(run, longest)
    valid = {word for part in words for word in part}
    known, new = _questions(words, most=most, asked=asked)
    steps = word_steps(ngrams(run, words.train, order))
    ask = partial(phrase_scores, valid=valid, device=run.device)
    spell = partial(_spell_phrase, lambda rows: (steps, phrase_rule(rows, length=_length(rows))))
    found = {width: ask(known, partial(spell, width=width)) for width in WIDTHS}
    save_scores(run, found[BEAM], wide=found[WIDE], new=ask(new, partial(spell, width=BEAM)),
          new_wide=ask(new, partial(spell, width=WIDE)))  # fmt: skip
    dictionary = CoverDictionary(words.train)
    best, chance, covers = [], [], []
    for phrase in run.progress(known, "cover"):
        bags = dictionary.covers(letters_of(phrase), sizes=SIZES)
        weights = np.array(bag_weights(words.train, bags, most_letters=most))
        covers.append(len(bags))
        chance.append(1 / len(bags))
        best.append(weights.max() / weights.sum())
    run.save(
        widths=np.array(WIDTHS, dtype=np.float64),
        valid_by_width=np.array([scored["valid"] for scored in found.values()]),
        covers=np.array(covers, dtype=np.float64),  # bags of known words with the letters of each phrase
        bag_by_any_cover=float(np.mean(chance)),
        bag_at_most=float(np.mean(best)),
        dictionary_new=float(np.mean([bool(dictionary.covers(letters_of(phrase), sizes=SIZES)) for phrase in new])),
        three_words=float(np.mean([phrase.count(" ") == 2 for phrase in known])),
        covers_of_examples=[len(dictionary.covers(letters, sizes=SIZES)) for letters in EXAMPLES],
    )
    save_examples(run, (letters_of(letters) + " " for letters in EXAMPLES), partial(spell, width=WIDE))


def phrase_scores(
    phrases: Sequence[str], spell: Spell, *, valid: set[str], device: str
) -> dict[str, float | NDArray[np.float64]]:
    """How often the first answer to the letters of a phrase is a phrase, and which.

    Args:
        phrases: what to ask.
        spell: keys (B, N) to hypotheses (B, W, T).
        valid: what counts as a word.
        device: where to ask.

    Returns:
        `valid`, the share of first answers that are words only and use each letter once; `valid_at_5`, the same for any
        of the first five; `lawful`, that use each letter once; `bag` and `bag_at_5`, that have the words of the phrase
        in some order; `exact`, in its order; `words`, the share of words that are valid among those of first answers;
        `valid_by_letters`, for each of `letters`.
    """
    answers = answer({letters_of(phrase) + " " for phrase in phrases}, spell, device)
    asked = [(phrase, answers[letters_of(phrase) + " "]) for phrase in phrases]

    def right(phrase: str, answer: str) -> bool:
        return letters_of(answer) == letters_of(phrase) and all(word in valid for word in answer.split(" "))

    rights = np.array([right(phrase, first) for phrase, (first, *_) in asked])
    lengths = np.array([len(letters_of(phrase)) for phrase in phrases])
    first_words = [word for _, (first, *_) in asked for word in first.split(" ")]
    return {
        "valid": float(rights.mean()),
        f"valid_at_{BEAM}": float(np.mean([any(right(phrase, one) for one in some) for phrase, some in asked])),
        "lawful": float(np.mean([letters_of(some[0]) == letters_of(phrase) for phrase, some in asked])),
        "bag": float(np.mean([_bag(some[0]) == _bag(phrase) for phrase, some in asked])),
        f"bag_at_{BEAM}": float(np.mean([_bag(phrase) in map(_bag, some) for phrase, some in asked])),
        "exact": float(np.mean([some[0] == phrase for phrase, some in asked])),
        "words": float(np.mean([word in valid for word in first_words])),
        "letters": np.unique(lengths).astype(np.float64),
        "valid_by_letters": np.array([rights[lengths == length].mean() for length in np.unique(lengths)]),
    }


def _spell_phrase(steps: Callable[[Tensor], Any], keys: Tensor, *, width: int) -> Hypotheses:
    step, rule = steps(keys)
    return spell_keys(step, rule, keys, length=_length(keys), width=width)


def _length(keys: Tensor) -> int:
    """Symbols of the longest answer: its keys, less their one space, and the spaces of as many words as may be."""
    return keys.shape[1] + SIZES[-1] - 2


def _bag(phrase: str) -> list[str]:
    return sorted(phrase.split(" "))


def _words_by_class(run: Run, longest: int) -> Split:
    run.uses("words.txt.gz", DIGEST)
    return split(load_words(longest=longest))


def _questions(words: Split, *, most: int, asked: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Phrases whose letters were not seen: of words that were, and of words that were not."""
    many = draw_phrases(words.train, count=20 * asked, most_letters=most, seed=TEST)
    known = split_by_letters(many, unseen=EXAMPLES).test[:asked]
    many = draw_phrases(words.test, count=20 * asked, most_letters=most, seed=TEST)
    return known, split_by_letters(many).test[:asked]
