"""Look-up and shuffling against enumeration."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlblog.classical.anagrams import AnagramDictionary, shuffle_probability


@given(st.text("abc", min_size=1, max_size=6))
def test_shuffling_hits_a_word_as_often_as_enumeration_says(word: str) -> None:
    orders = ["".join(order) for order in itertools.permutations(word)]
    assert shuffle_probability(word) == pytest.approx(orders.count(word) / len(orders))


def test_a_dictionary_knows_its_words_and_no_other() -> None:
    known = AnagramDictionary(["fire", "rife", "noon"])
    assert known.solve("erif") == ("fire", "rife")
    assert known.solve("onno") == ("noon",)
    assert known.solve("ono") == known.solve("fires") == ()
