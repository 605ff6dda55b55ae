"""How answers are scored, with answers made up so that the scores can be counted by hand."""

import pytest
import torch
from torch import Tensor

from mlblog.data.anagrams import decode, encode
from mlblog.experiments.annagram import EXAMPLES, scores
from mlblog.models.beam import Hypotheses

WORDS = ("ant", "tan", "cat", "fire", "rife", "noon", "eight")
ANSWERS = {
    "ant": ["nat", "tan", "tna", "ant", "atn", "nta"],  # neither first; both among five
    "act": ["cat", "act"],
    "efir": ["rife", "fier", "frie", "feri", "ierf", "fire"],  # `fire` is sixth
    "nnoo": ["onno", "nono", "oonn", "nnoo", "onon", "noon"],  # sixth
    "eghit": ["thieg", "eight"],
}


def spell(letters: Tensor) -> Hypotheses:
    """Look the answers up; a short list is filled with its last answer, at no probability."""
    rows = []
    for key in decode(letters):
        answers = ANSWERS[key] + ANSWERS[key][-1:] * (6 - len(ANSWERS[key]))
        rows.append(encode(answers).words)
    return Hypotheses(torch.stack(rows), torch.zeros(len(rows), 6))


def test_scores_are_those_counted_by_hand() -> None:
    found = scores(WORDS, spell, "cpu")
    assert found["exact"] == pytest.approx(2 / 7)  # cat, rife
    assert found["exact_at_5"] == pytest.approx(5 / 7)  # ant, tan, cat, rife, eight
    assert found["valid"] == pytest.approx(2 / 5)  # act, efir
    assert found["valid_at_5"] == pytest.approx(4 / 5)  # all but noon
    assert found["ceiling"] == pytest.approx(5 / 7)


def test_scores_by_length_go_with_their_lengths() -> None:
    found = scores(WORDS, spell, "cpu")
    assert found["lengths"].tolist() == [3, 4, 5]
    assert found["words_by_length"].tolist() == [3, 3, 1]
    assert found["classes_by_length"].tolist() == [2, 2, 1]
    assert found["exact_by_length"].tolist() == pytest.approx([1 / 3, 1 / 3, 0])
    assert found["exact_at_5_by_length"].tolist() == pytest.approx([1, 1 / 3, 1])
    assert found["valid_by_length"].tolist() == pytest.approx([1 / 2, 1 / 2, 0])
    assert found["valid_at_5_by_length"].tolist() == pytest.approx([1, 1 / 2, 1])


def test_the_examples_are_the_words_that_the_post_names() -> None:
    for letters, word in zip(EXAMPLES, ("fire", "physics", "function"), strict=True):
        assert sorted(letters) == sorted(word)
        assert letters != word
