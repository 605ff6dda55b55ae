"""What the anagram runs ask of whom: the widths and the spellers that go with each name, and rivals counted by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import permutations, product
from math import prod
from typing import Any

import numpy as np
import pytest
import torch
from parts import experiments, few_words, ran

from mlblog.data.anagrams import split
from mlblog.data.phrases import letters_of
from mlblog.data.words import load_words


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    with few_words():
        yield


def test_each_name_of_the_solver_is_its_speller(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores are planted: a number for each speller, a hundredth of its width, and thousandths for what is asked."""
    module, _ = experiments()["anagram_solver"]
    codes = {"spell_by_letters": 1.0, "spell_by_places": 2.0, "spell_together": 3.0}

    def scores(words: Any, spell: Any, device: str) -> dict[str, Any]:
        value = codes[spell.func.__name__] + spell.keywords["width"] / 100 + _part(module, words) / 1_000
        names = [*module.METRICS, *(f"{name}_by_length" for name in module.METRICS)]
        return {**dict.fromkeys(names, value), "ceiling": 0.0}

    def right(words: Any, spell: Any, width: int, device: str) -> Any:
        assert words == module.part_of(split(module.load_words(longest=4), unseen=module.EXAMPLES).test)
        return np.array([codes[spell.func.__name__] + width / 100])

    monkeypatch.setattr(module, "scores", scores)
    monkeypatch.setattr(module, "_right", right)
    found = ran("anagram_solver", steps=2, widths=[1, 7]).values
    assert found["exact"] == pytest.approx(1.05)
    assert found["exact_validation"] == pytest.approx(1.051)
    assert found["exact_unmerged"] == pytest.approx(2.05)
    assert found["exact_with_ngrams"] == pytest.approx(3.05)
    assert found["valid_at_5_seen"] == pytest.approx(1.052)
    assert found["right_alone"].ravel().tolist() == pytest.approx([1.01, 1.07])
    assert found["right_together"].ravel().tolist() == pytest.approx([3.01, 3.07])
    assert found["widths"].tolist() == [1, 7]
    (answers,), (chances,) = found["example_answers"], found["example_probabilities"]  # of four letters there is one
    assert len({*answers}) == len(chances) == 3
    assert chances == sorted(chances, reverse=True)


def _part(module: Any, words: Any) -> int:
    """0 for the words to test on, 1 for those to choose by, 2 for every tenth word that was seen."""
    parts = split(module.load_words(longest=4), unseen=module.EXAMPLES)
    return [parts.test, parts.validation, parts.train[::10]].index(tuple(words))


def test_baselines_are_asked_with_their_widths(monkeypatch: pytest.MonkeyPatch) -> None:
    module, _ = experiments()["anagram_baselines"]

    def scores(words: Any, spell: Any, device: str) -> dict[str, Any]:
        assert spell.func.__name__ == "spell_by_ngrams"
        names = [*module.METRICS, *(f"{name}_by_length" for name in module.METRICS)]
        return dict.fromkeys(names, spell.keywords["width"] + _part(module, words) / 1_000)

    def right(words: Any, spell: Any, width: int, device: str) -> Any:
        assert words == module.part_of(split(module.load_words(longest=4), unseen=module.EXAMPLES).test)
        return np.array([float(width)])

    monkeypatch.setattr(module, "scores", scores)
    monkeypatch.setattr(module, "_right", right)
    found = ran("anagram_baselines").values
    assert found["right_alone"].ravel().tolist() == list(module.WIDTHS)
    assert found["exact"] == 5
    assert found["valid_wide"] == 200
    assert found["exact_seen"] == 200.002
    assert found["widths"].tolist() == list(module.WIDTHS)


def test_words_that_are_first_answers_are_counted() -> None:
    """Of every fourth class, in the order of the words; an answer is looked up, and says its own width is 3."""
    module, _ = experiments()["anagram_solver"]
    words = ["ant", "tan", "cat", "dog", "god", "pig", "hens", "abet", "beat"]
    assert module.part_of(words) == ["ant", "tan", "hens"]
    answers = {"ant": "tan", "act": "cat", "dgo": "dgo", "ehns": "hens"}

    def spell(letters: torch.Tensor, *, width: int) -> Any:
        assert width == 3
        rows = [answers[question] for question in module.decode(letters)]
        symbols = torch.stack([module.encode(rows).words, module.encode(rows).letters], dim=1)
        return module.Hypotheses(symbols, torch.zeros(len(rows), 2))

    found = module._right(["ant", "tan", "cat", "dog", "hens"], spell, 3, "cpu")
    assert found.tolist() == [0, 1, 1, 0, 1]


def test_a_shuffle_and_a_dictionary_are_right_as_often_as_counted() -> None:
    module, _ = experiments()["anagram_baselines"]
    found = ran("anagram_baselines").values
    words = split(module.load_words(longest=4), unseen=module.EXAMPLES)
    chances = {word: 1 / len(set(permutations(word))) for word in words.test}
    assert found["shuffle"] == pytest.approx(np.mean(list(chances.values())))
    for length, chance in zip((3, 4), found["shuffle_by_length"], strict=True):
        assert chance == pytest.approx(np.mean([p for word, p in chances.items() if len(word) == length]))
    assert found["dictionary_seen"] == 1.0  # every word, among those of its letters
    assert found["dictionary_unseen"] == 0.0


def test_covers_are_counted_and_weighed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of words of six letters, all bags of two or three with the letters of each phrase, by trying them all."""
    module, _ = experiments()["anagram_phrase_baselines"]
    few = tuple(word for word in load_words(longest=5) if {*word} <= {*"aenrst"})
    monkeypatch.setattr(module, "load_words", lambda longest: few)
    found = ran("anagram_phrase_baselines", longest=5).values
    words = split(module.load_words(longest=5))
    known, new = module._questions(words, most=10, asked=10)
    pairs: dict[str, set[tuple[str, ...]]] = {}
    for first in words.train:
        for second in words.train:
            pairs.setdefault(letters_of(first + second), set()).add(tuple(sorted((first, second))))

    def covers(phrase: str) -> set[tuple[str, ...]]:
        """By two words, or by one and then two."""
        letters = Counter(letters_of(phrase))
        found = set(pairs.get(letters_of(phrase), ()))
        for word in words.train:
            if Counter(word) < letters:
                rest = "".join(sorted((letters - Counter(word)).elements()))
                found |= {tuple(sorted((word, *pair))) for pair in pairs.get(rest, ())}
        return found

    lengths = Counter(map(len, words.train))
    tuples = {  # each as likely as the others
        size: sum(prod(lengths[n] for n in some) for some in product(lengths, repeat=size) if sum(some) <= 10)
        for size in (2, 3)
    }
    best, mixed = [], 0
    for phrase, count in zip(known, found["covers"], strict=True):
        bags = covers(phrase)
        weights = [len(set(permutations(bag))) / tuples[len(bag)] for bag in bags]
        best.append(max(weights) / sum(weights))
        mixed += {*map(len, bags)} == {2, 3}
        assert count == len(bags)
    assert mixed
    assert found["bag_at_most"] == pytest.approx(np.mean(best))
    assert found["bag_by_any_cover"] == pytest.approx(np.mean(1 / found["covers"]))
    assert found["dictionary_new"] == pytest.approx(np.mean([bool(covers(phrase)) for phrase in new]))
    assert found["dictionary_new"] < 1
    assert found["three_words"] == pytest.approx(np.mean([len(phrase.split()) == 3 for phrase in known]))
    assert found["widths"].tolist() == [1, 5, 50, 200]


def test_an_answer_has_room_for_every_letter_and_two_spaces() -> None:
    module, _ = experiments()["anagram_phrases"]
    keys = torch.zeros(1, 8, dtype=torch.long)  # seven letters and the space
    assert module._length(keys) == 7 + 2


def test_sets_are_counted_over_all_words() -> None:
    module, _ = experiments()["anagram_letter_set_baselines"]
    found = ran("anagram_letter_set_baselines").values
    groups: dict[frozenset[str], list[str]] = {}
    for word in module.load_words(longest=4):
        groups.setdefault(frozenset(word), []).append(word)
    sizes = [len(members) for members in groups.values()]
    assert found["words_in_a_set"].tolist() == [sizes.count(n) for n in range(max(sizes) + 1)]
    assert len(groups[frozenset(found["largest_set"])]) == max(sizes)
    assert found["dictionary_unseen"] == 0.0
    assert 0.5 < found["dictionary_seen"] <= 1
    assert found["exact_by_width"].shape == (4,)
