"""What is asked of which speller, under each name that phrases and letter sets are scored by."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import pytest
import torch
from parts import experiments, few_words, ran

from mlblog.data.anagrams import split
from mlblog.data.letter_sets import split_by_set

SPELLERS = {
    "anagram_phrases": {
        "": "known: network, ruled, 5", "_free": "known: network, free, 5", "_greedy": "known: network, ruled, 1",
        "_with_ngrams": "known: both, ruled, 5", "_new": "new: network, ruled, 5",
        "_new_with_ngrams": "new: both, ruled, 5",
    },
    "anagram_phrase_baselines": {
        "": "known: n-grams, ruled, 5", "_wide": "known: n-grams, ruled, 200", "_new": "new: n-grams, ruled, 5",
        "_new_wide": "new: n-grams, ruled, 200",
    },
    "anagram_letter_sets": {
        "": "test: network, ruled, 5", "_free": "test: network, free, 5", "_greedy": "test: network, ruled, 1",
        "_with_ngrams": "test: both, ruled, 5", "_seen": "every tenth set: network, ruled, 5",
    },
    "anagram_letter_set_baselines": {"": "test: n-grams, ruled, 5", "_wide": "test: n-grams, ruled, 200"},
}  # fmt: skip


def asked_of(module: ModuleType) -> dict[str, list[str]]:
    """The questions, by name."""
    words = module.load_words(longest=4)
    if hasattr(module, "draw_phrases"):
        known, new = module._questions(split(words), most=10, asked=10)
        return {"known": [*known], "new": [*new]}
    parts = split_by_set(words, unseen=module.EXAMPLES)
    by_set: dict[frozenset[str], list[str]] = {}
    for word in parts.train:
        by_set.setdefault(frozenset(word), []).append(word)
    tenth = [word for members in [*by_set.values()][::10] for word in members]
    return {"test": [*parts.test], "every tenth set": tenth}


@pytest.mark.parametrize("name", SPELLERS)
def test_each_name_is_of_its_questions_and_its_speller(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What answers is planted: what it is made of, by name."""
    module, _ = experiments()[name]
    plain = {"key_steps": "network", "product": "both", "word_steps": "n-grams"}
    rules = dict.fromkeys(("phrase_rule", "set_rule"), "ruled")
    for function, said in {**plain, **rules}.items():
        monkeypatch.setattr(module, function, lambda *_, said=said, **__: said, raising=False)
    monkeypatch.setattr(module, "anything", "free")
    monkeypatch.setattr(module, "save_examples", lambda *_: None)
    with few_words():
        questions = asked_of(module)

        def scores(asked: Sequence[str], spell: Any, *_: object, **__: object) -> dict[str, object]:
            (which,) = [known for known, some in questions.items() if some == [*asked]]
            steps, rule = spell.args[0](torch.zeros(1, 5))
            width = spell.keywords["width"]
            return {"of": f"{which}: {steps}, {rule}, {width}", "valid": float(width), "exact": float(width)}

        monkeypatch.setattr(module, "phrase_scores" if "phrase" in name else "set_scores", scores)
        found = ran(name, **({} if "baselines" in name else {"steps": 1})).values
    assert {key.removeprefix("of"): value for key, value in found.items() if key.startswith("of")} == SPELLERS[name]
    if "baselines" in name:
        by_width = found["valid_by_width" if "phrase" in name else "exact_by_width"]
        assert by_width.tolist() == found["widths"].tolist()
