"""Phrases made of random words, for want of text: their letters without the spaces are the question.

A phrase is drawn so: the number of its words, each of `SIZES` alike; then that many words, all alike and each on its
own, again and again until they have few enough letters. So the words of a phrase have nothing to do with one another,
and no speller can tell `tiger ran` from `ran tiger`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from math import factorial, prod

import numpy as np

from mlblog.data.anagrams import Split, split

SIZES = (2, 3)  # words in a phrase


def draw_phrases(words: Sequence[str], *, count: int, most_letters: int, seed: int) -> tuple[str, ...]:
    """Draw phrases with replacement.

    Args:
        words: what to draw from.
        count: how many phrases.
        most_letters: letters in a phrase, spaces not counted.
        seed: of the draws.

    Raises:
        ValueError: three of the shortest words are too long.

    Example:
        >>> draw_phrases(["the", "tiger", "ran"], count=3, most_letters=11, seed=4)
        ('tiger ran ran', 'ran the tiger', 'the ran ran')
    """
    lengths = np.array([len(word) for word in words])
    if not len(words) or SIZES[-1] * lengths.min() > most_letters:
        raise ValueError(f"no phrase of {SIZES[-1]} words has at most {most_letters} letters; allow more, or add words")
    rng = np.random.default_rng(seed)
    sizes = rng.choice(SIZES, size=count)
    phrases = [""] * count
    for size in SIZES:
        wanted = np.flatnonzero(sizes == size)
        while len(wanted):
            drawn = rng.integers(len(words), size=(len(wanted), size))
            fits = lengths[drawn].sum(axis=1) <= most_letters
            for place, row in zip(wanted[fits], drawn[fits], strict=True):
                phrases[place] = " ".join(words[index] for index in row)
            wanted = wanted[~fits]
    return tuple(phrases)


def bag_weights(words: Sequence[str], bags: Iterable[Sequence[str]], *, most_letters: int) -> list[float]:
    """How likely `draw_phrases` is to draw the words of each bag, in any order.

    A phrase of n words has probability p(n) / Z_n, with Z_n the number of n-tuples that are short enough; a bag has
    n! / ∏ mᵢ! orders, with mᵢ the copies of its i-th word.

    Args:
        words: what phrases are drawn from; each bag is of these words and short enough.
        bags: words, each as often as it occurs in the phrase.
        most_letters: as in `draw_phrases`.

    Example:
        >>> bag_weights(["ab", "cd", "efg"], [["ab", "cd"], ["ab", "ab"]], most_letters=6)  # half of 2/9, and of 1/9
        [0.1111111111111111, 0.05555555555555555]
    """
    histogram = np.bincount([len(word) for word in words]).astype(np.float64)  # by length
    tuples, by_size = np.ones(1), dict[int, float]()
    for size in range(1, SIZES[-1] + 1):
        tuples = np.convolve(tuples, histogram)
        by_size[size] = float(tuples[: most_letters + 1].sum())
    return [
        factorial(len(bag)) / prod(map(factorial, Counter(bag).values())) / by_size[len(bag)] / len(SIZES)
        for bag in bags
    ]


def letters_of(phrase: str) -> str:
    """The letters of a phrase in alphabetical order, without its spaces.

    Example:
        >>> letters_of("the tiger ran")
        'aeeghinrrtt'
    """
    return "".join(sorted(phrase.replace(" ", "")))


def split_by_letters(phrases: Iterable[str], *, unseen: Sequence[str] = ()) -> Split:
    """Part phrases by a hash of their letters, 80 : 10 : 10, so that no question is in two parts.

    Args:
        phrases: words with spaces between them.
        unseen: letters that belong to the test part whatever their hash says.

    Example:
        >>> split_by_letters(["ran tiger", "tiger ran"], unseen=["tigerran"]).test
        ('ran tiger', 'tiger ran')
    """
    phrases = tuple(phrases)
    part = {letters: which for which, members in enumerate(split({letters_of(phrase) for phrase in phrases},
            unseen=unseen)) for letters in members}  # fmt: skip
    train, validation, test = (
        tuple(phrase for phrase in phrases if part[letters_of(phrase)] == which) for which in range(3)
    )
    return Split(train, validation, test)
