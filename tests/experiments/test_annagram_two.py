"""How answers to sets and to phrases are scored, with answers made up so that the scores can be counted by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mlblog.data.keys import decode_texts, encode_texts
from mlblog.experiments.annagram_phrases import phrase_scores
from mlblog.experiments.annagram_two import answer, set_scores
from mlblog.models.beam import Hypotheses

ANSWERS = {
    "int": ["tint", "nit", "tin", "titn", "tnit", "inti"],
    "ant": ["nat", "naat", "tan", "tana", "natt", "ant"],  # right at the third
    "no": ["no", "non"],  # a word too few: noon is not there
    "eghit": ["eighty", "height"],
    "abc": [],
    "aent ": ["a ten", "ten a", "neat", "ate n", "tea n"],
    "ant ": ["tan", "at n", "ant"],
    "deen ": ["need", "ned e", "end e"],
}


def spell(keys: Tensor) -> Hypotheses:
    """Look the answers up; those that are wanting cannot be."""
    rows, log_probs = [], []
    for question in decode_texts(keys):
        answers = ANSWERS[question]
        rows.append(encode_texts([*answers, *[""] * (6 - len(answers)), "x" * 7])[:6])
        log_probs.append([0.0] * len(answers) + [-torch.inf] * (6 - len(answers)))
    return Hypotheses(torch.stack(rows), torch.tensor(log_probs))


def test_answers_are_read_best_first_and_without_those_that_cannot_be() -> None:
    found = answer(["int", "no", "abc", "eghit"], spell, "cpu")
    assert found["int"] == ["tint", "nit", "tin", "titn", "tnit"]
    assert found["no"] == ["no", "non"]
    assert found["abc"] == [""]


def test_sets_are_scored_as_counted_by_hand() -> None:
    words = ("nit", "tint", "tin", "ant", "tan", "noon", "height")
    found = set_scores(words, spell, "cpu")
    assert found["exact"] == pytest.approx(1 / 7)  # tint
    assert found["exact_at_5"] == pytest.approx(5 / 7)  # nit, tint, tin, tan, height
    assert found["valid"] == pytest.approx(1 / 4)  # int; of ant, no, eghit none
    assert found["valid_at_5"] == pytest.approx(3 / 4)  # all but no
    assert found["lawful"] == pytest.approx(3 / 4)  # all but eghit, answered with a y
    assert found["ceiling"] == pytest.approx(4 / 7)
    assert found["words_by_repeats"].tolist() == [4, 2, 1]  # noon twice, tint and height once
    assert found["exact_by_repeats"].tolist() == pytest.approx([0, 1 / 2, 0])


def test_phrases_are_scored_as_counted_by_hand() -> None:
    phrases = ("ten a", "a ten", "tan", "need", "end e")
    found = phrase_scores(phrases, spell, valid={"a", "ten", "tan", "ant", "ned", "end"}, device="cpu")
    assert found["exact"] == pytest.approx(3 / 5)  # a ten, tan, need
    assert found["bag"] == pytest.approx(4 / 5)
    assert found["bag_at_5"] == pytest.approx(1)
    assert found["valid"] == pytest.approx(3 / 5)  # need is no word here
    assert found["valid_at_5"] == pytest.approx(3 / 5)  # e is none either
    assert found["lawful"] == pytest.approx(1)
    assert found["words"] == pytest.approx(5 / 7)
    assert found["letters"].tolist() == [3, 4]
    assert found["valid_by_letters"].tolist() == pytest.approx([1, 1 / 2])
