"""Puzzles as keys and answers: nothing lost on the way there and back."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from mlblog.data.keys import END, SPACE, decode_texts, encode_pairs, encode_texts

TEXTS = st.lists(st.text("abcxyz ", max_size=7), min_size=1, max_size=6)


@given(TEXTS)
def test_texts_come_back(texts: list[str]) -> None:
    rows = encode_texts(texts)
    assert rows.shape == (len(texts), max(map(len, texts)) + 1)
    assert decode_texts(rows) == texts


@given(TEXTS)
def test_each_text_is_ended_and_its_spaces_are_a_symbol(texts: list[str]) -> None:
    rows = encode_texts(texts)
    assert [(row == SPACE).sum().item() for row in rows] == [text.count(" ") for text in texts]
    assert [(row != END).sum().item() for row in rows] == [len(text) for text in texts]
    assert (rows[:, -1] == END).all()


def test_a_text_without_an_end_is_read_whole() -> None:
    assert decode_texts(torch.tensor([[25, SPACE, 0]])) == ["z a"]


def test_questions_of_a_batch_have_as_many_keys() -> None:
    pairs = [("ab", "abba"), ("abc", "cab"), ("xy", "yx"), ("aab ", "a ba")]
    batches = encode_pairs(pairs)
    assert list(batches) == [3, 4, 5]
    found = []
    for keys, batch in batches.items():
        assert batch.letters.shape[1] == keys
        assert ((batch.letters == END).sum(1) == 1).all()
        found += list(zip(decode_texts(batch.letters), decode_texts(batch.words), strict=True))
    assert sorted(found) == sorted(pairs)
