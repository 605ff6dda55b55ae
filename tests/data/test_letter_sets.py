"""Words by the set of their letters: a split that does not leak."""

from __future__ import annotations

import pytest

from mlblog.data.letter_sets import set_of, sets, split_by_set
from mlblog.data.words import load_words

WORDS = load_words(longest=6)


def test_no_set_is_in_two_parts_and_no_word_is_lost() -> None:
    parts = split_by_set(WORDS)
    keys = [{frozenset(word) for word in part} for part in parts]
    assert not keys[0] & keys[1]
    assert not keys[0] & keys[2]
    assert not keys[1] & keys[2]
    assert sorted(word for part in parts for word in part) == sorted(WORDS)
    assert [len(key) / len(set(map(frozenset, WORDS))) for key in keys] == pytest.approx([0.8, 0.1, 0.1], abs=0.015)


def test_words_of_one_set_stand_together() -> None:
    for letters, members in sets(WORDS).items():
        assert all(sorted(set(word)) == list(letters) for word in members)
    assert sum(map(len, sets(WORDS).values())) == len(WORDS)


def test_letters_of_an_example_are_never_trained_on() -> None:
    whole = split_by_set(WORDS)
    kept_back = whole.train[:3]
    parts = split_by_set(WORDS, unseen=[word[::-1] + word[0] for word in kept_back])
    assert set(kept_back) <= set(parts.test)
    assert {set_of(word) for word in kept_back}.isdisjoint(map(set_of, parts.train))
