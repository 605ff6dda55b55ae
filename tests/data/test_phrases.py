"""Random phrases: their lengths, their probabilities by enumeration, and a split that does not leak."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest

from mlblog.data.phrases import SIZES, bag_weights, draw_phrases, letters_of, split_by_letters

WORDS = ("ab", "ba", "cab", "dace", "e")
MOST = 8


def exact() -> dict[str, float]:
    """The probability of every phrase, by enumeration."""
    found = {}
    for size in SIZES:
        short = [row for row in itertools.product(WORDS, repeat=size) if sum(map(len, row)) <= MOST]
        found.update({" ".join(row): 1 / len(short) / len(SIZES) for row in short})
    return found


def test_phrases_are_as_likely_as_they_should_be() -> None:
    count = 40_000
    drawn = Counter(draw_phrases(WORDS, count=count, most_letters=MOST, seed=0))
    probabilities = exact()
    assert set(drawn) == set(probabilities)
    for phrase, probability in probabilities.items():
        assert drawn[phrase] / count == pytest.approx(probability, abs=5 * (probability / count) ** 0.5)


def test_a_bag_weighs_what_all_its_orders_do() -> None:
    weights: Counter[tuple[str, ...]] = Counter()
    for phrase, probability in exact().items():
        weights[tuple(sorted(phrase.split(" ")))] += probability
    assert bag_weights(WORDS, list(weights), most_letters=MOST) == pytest.approx(list(weights.values()))


def test_a_seed_gives_the_same_phrases_and_another_gives_others() -> None:
    draws = [draw_phrases(WORDS, count=30, most_letters=MOST, seed=seed) for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]


def test_words_that_cannot_make_a_phrase_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 8 letters"):
        draw_phrases(("abc", "abcd"), count=1, most_letters=MOST, seed=0)


def test_the_same_letters_are_never_in_two_parts() -> None:
    phrases = draw_phrases(WORDS * 3 + ("fig", "hoe", "jam"), count=2_000, most_letters=9, seed=3)
    kept_back = letters_of(phrases[0])
    parts = split_by_letters(phrases, unseen=[kept_back])
    assert sorted(phrase for part in parts for phrase in part) == sorted(phrases)
    keys = [{tuple(sorted(phrase.replace(" ", ""))) for phrase in part} for part in parts]
    assert not keys[0] & keys[1]
    assert not keys[0] & keys[2]
    assert not keys[1] & keys[2]
    assert phrases[0] in parts.test


def test_spaces_do_not_part_a_question() -> None:
    assert letters_of("b cab a") == letters_of("cab ba") == "aabbc"
    for phrases in (("a b cab", "ab cab"), ("e dace", "dac ee"), ("fig a", "f ig a")):
        assert sorted(map(len, split_by_letters(phrases))) == [0, 0, 2]
