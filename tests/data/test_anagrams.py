"""The anagram task: a split that does not leak, and batches that miss nothing."""

from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mlblog.data.anagrams import Batches, by_length, class_of, decode, encode, split
from mlblog.data.words import load_words

WORDS = load_words(longest=6)


def test_no_anagram_class_is_in_two_parts() -> None:
    parts = split(WORDS)
    keys = [{"".join(sorted(word)) for word in part} for part in parts]
    assert keys[0].isdisjoint(keys[1])
    assert keys[0].isdisjoint(keys[2])
    assert keys[1].isdisjoint(keys[2])
    assert sorted(word for part in parts for word in part) == sorted(WORDS)


def test_the_parts_have_about_the_sizes_they_should() -> None:
    parts = split(WORDS)
    shares = [len(part) / len(WORDS) for part in parts]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.01)


def test_a_longer_list_moves_no_word() -> None:
    short, long = split(WORDS[::3]), split(WORDS)
    for part, larger in zip(short, long, strict=True):
        assert set(part) <= set(larger)


def test_unseen_letters_are_never_trained_on() -> None:
    everyone = split(WORDS)
    letters = [word[::-1] for word in everyone.train[:4]]
    parts = split(WORDS, unseen=letters)
    assert set(everyone.train[:4]) <= set(parts.test)
    assert {class_of(word) for word in letters}.isdisjoint(class_of(word) for word in parts.train)
    assert set(parts.train) < set(everyone.train)


@given(st.lists(st.text("abcxyz", min_size=3, max_size=3), min_size=1, max_size=5))
def test_encoding_sorts_the_letters_and_decoding_gives_the_words_back(words: list[str]) -> None:
    batch = encode(words)
    assert decode(batch.words) == words
    assert decode(batch.letters) == ["".join(sorted(word)) for word in words]


def test_words_of_two_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[3, 4\]"):
        encode(["cab", "fire"])


def small_data() -> dict[int, object]:
    return {length: encode(words) for length, words in by_length(WORDS[:200]).items()}


def test_an_epoch_has_every_word_once() -> None:
    batches, seen = Batches(small_data(), letters=70, seed=0), Counter()
    while batches.epochs < 1:
        batch = next(batches)
        assert batch.words.numel() <= 70
        assert torch.equal(batch.words.sort(1).values, batch.letters)
        seen.update(decode(batch.words))
    assert seen == Counter(WORDS[:200])


def test_batches_go_on_where_a_state_was_saved() -> None:
    one, other = (Batches(small_data(), letters=70, seed=3) for _ in range(2))
    for _ in range(25):  # into the second epoch
        next(one)
    other.load_state_dict(one.state_dict())
    for _ in range(25):
        assert torch.equal(next(one).words, next(other).words)


def test_seeds_and_epochs_differ_in_order() -> None:
    first, second = (Batches(small_data(), letters=10_000, seed=seed) for seed in (0, 1))
    drawn = [next(first) for _ in range(2 * len(small_data()))]
    epochs = [sorted(decode(b.words)[0] for b in part) for part in (drawn[: len(drawn) // 2], drawn[len(drawn) // 2 :])]
    other = sorted(decode(next(second).words)[0] for _ in range(len(small_data())))
    assert epochs[0] != epochs[1]
    assert epochs[0] != other
