"""Exact covers, against trying every bag of words."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from mlblog.classical.covers import CoverDictionary


def tried(words: list[str], letters: str, sizes: tuple[int, ...]) -> list[tuple[str, ...]]:
    bags = [bag for size in sizes for bag in itertools.combinations_with_replacement(sorted(set(words)), size)]
    return sorted(bag for bag in bags if sorted("".join(bag)) == sorted(letters))


@example(["bc"], "bccb", (2,))  # every word that fits holds every letter that is left
@given(
    st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=9),
    st.text("abc", min_size=1, max_size=6),
    st.sampled_from([(2,), (1, 3), (2, 3), (1,)]),
)
def test_all_covers_are_found_once(words: list[str], letters: str, sizes: tuple[int, ...]) -> None:
    assert CoverDictionary(words).covers(letters, sizes=sizes) == tried(words, letters, sizes)


def test_phrases_of_words_that_it_holds_are_found() -> None:
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcdefgh"), size=rng.integers(2, 5))) for _ in range(60)]
    dictionary = CoverDictionary(words)
    for size in (2, 3, 4):
        bag = tuple(sorted(rng.choice(words, size=size).tolist()))
        shuffled = "".join(rng.permutation(list("".join(bag))))
        found = dictionary.covers(shuffled, sizes=(size,))
        assert bag in found
        assert found == tried(words, shuffled, (size,))
