"""What beams with rules answer, against the enumeration of every answer."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Tensor

from mlblog.classical.ngram import kneser_ney
from mlblog.data.keys import END, SPACE, SYMBOLS, decode_texts, encode_texts
from mlblog.models.pointer_keys import KeyPointer
from mlblog.models.spelling_keys import anything, key_steps, phrase_rule, product, set_rule, spell_keys, word_steps


def network(*, reuse: bool) -> KeyPointer:
    torch.manual_seed(1)
    net = KeyPointer(width=8, heads=2, layers=1, hidden=12, reuse=reuse).double()
    with torch.no_grad():
        for weight in net.parameters():
            weight.normal_(std=0.5)
    return net.eval()


def forced(net: KeyPointer, keys: Tensor, answer: str) -> float:
    """Probability of an answer and its end, from one forced decoding."""
    symbols = encode_texts([answer])
    steps = net(keys, symbols)[0].softmax(-1)  # (T, N)
    return math.prod(
        float(step[keys[0] == symbol].sum()) for step, symbol in zip(steps, symbols[0].tolist(), strict=True)
    )


def ranked(probabilities: dict[str, float]) -> list[str]:
    return sorted(probabilities, key=probabilities.__getitem__, reverse=True)


@torch.no_grad()
def test_a_full_beam_over_a_set_is_exact() -> None:
    net, keys = network(reuse=True), encode_texts(["bdx"])
    exact = {
        answer: forced(net, keys, answer)
        for length in range(4)
        for answer in map("".join, itertools.product("bdx", repeat=length))
    }
    found = spell_keys(key_steps(net, keys), anything, keys, length=4, width=300)
    real = int(found.log_probs[0].isfinite().sum())
    assert real == len(exact) == 40
    assert decode_texts(found.symbols[0, :real]) == ranked(exact)
    assert found.log_probs[0, :real].exp().tolist() == pytest.approx(sorted(exact.values(), reverse=True))


@torch.no_grad()
def test_the_rule_of_sets_leaves_the_words_with_each_letter_and_no_other() -> None:
    net, keys = network(reuse=True), encode_texts(["bdx"])
    exact = {
        answer: forced(net, keys, answer)
        for length in range(5)
        for answer in map("".join, itertools.product("bdx", repeat=length))
        if set(answer) == set("bdx")
    }
    found = spell_keys(key_steps(net, keys), set_rule(keys, length=5), keys, length=5, width=600)
    real = int(found.log_probs[0].isfinite().sum())
    assert decode_texts(found.symbols[0, :real]) == ranked(exact)


@torch.no_grad()
@pytest.mark.parametrize("letters", ["aab", "abcc"])
def test_the_rule_of_phrases_leaves_the_orders_of_the_letters_with_spaces_between(letters: str) -> None:
    net, keys, length = network(reuse=False), encode_texts([letters + " "]), len(letters) + 3
    spaced = set()
    for order in set(itertools.permutations(letters)):
        for gaps in itertools.product(["", " "], repeat=len(letters) - 1):
            if gaps.count(" ") <= 2:  # as many as an answer of this length has room for
                spaced.add("".join(itertools.chain(*itertools.zip_longest(order, gaps, fillvalue=""))))
    exact = {answer: forced(net, keys, answer) for answer in spaced}
    found = spell_keys(key_steps(net, keys), phrase_rule(keys, length=length), keys, length=length, width=3_000)
    real = int(found.log_probs[0].isfinite().sum())
    assert real == len(exact)
    assert found.log_probs[0, :real].exp().tolist() == pytest.approx(sorted(exact.values(), reverse=True))
    assert set(decode_texts(found.symbols[0, :real])) == spaced


@pytest.mark.parametrize("order", [2, 3, 4])
def test_each_word_of_a_phrase_starts_anew(order: int) -> None:
    table = kneser_ney(["abba", "cab", "bacca", "abc"], order=order)
    step = word_steps(torch.from_numpy(table).log())
    for phrase in ("cab abba", "a b", "bacca"):
        expected = 1.0
        for word in phrase.split(" "):
            symbols = [0] * (order - 1) + [ord(letter) - 96 for letter in word] + [0]
            expected *= math.prod(table[tuple(symbols[i : i + order])] for i in range(len(word) + 1))
        symbols = encode_texts([phrase])[0].tolist()
        found = sum(
            float(step(torch.tensor([[symbols[:place]]], dtype=torch.long))[0, 0, symbol])
            for place, symbol in enumerate(symbols)
        )
        assert math.exp(found) == pytest.approx(expected)


@torch.no_grad()
def test_questions_do_not_disturb_one_another() -> None:
    net, keys = network(reuse=True), encode_texts(["abx", "cde"])
    both = spell_keys(key_steps(net, keys), set_rule(keys, length=6), keys, length=6, width=7)
    for row in (0, 1):
        one = keys[row : row + 1]
        alone = spell_keys(key_steps(net, one), set_rule(one, length=6), one, length=6, width=7)
        assert torch.equal(both.symbols[row], alone.symbols[0])
        assert torch.allclose(both.log_probs[row], alone.log_probs[0])


def test_a_product_adds_log_probabilities() -> None:
    log_probs = torch.randn(2, 5, SYMBOLS).log_softmax(-1)
    together = product(lambda prefix: log_probs, lambda prefix: 2 * log_probs)
    assert torch.allclose(together(torch.zeros(2, 5, 0)), 3 * log_probs)


def test_a_space_stands_between_letters_only() -> None:
    keys = encode_texts(["ab "])
    rule = phrase_rule(keys, length=5)
    allowed = [rule(torch.tensor([[prefix]], dtype=torch.long))[0, 0].nonzero().flatten().tolist()
               for prefix in ([], [0], [0, SPACE], [0, 1])]  # fmt: skip
    assert allowed == [[0, 1], [1, SPACE], [1], [END]]


@torch.no_grad()
def test_a_narrow_beam_always_ends() -> None:
    net, keys = network(reuse=True), encode_texts(["abcdef"])
    found = spell_keys(key_steps(net, keys), set_rule(keys, length=8), keys, length=8, width=1)
    assert set(decode_texts(found.symbols[0])[0]) == set("abcdef")
    net, keys = network(reuse=False), encode_texts(["abcd "])
    found = spell_keys(key_steps(net, keys), phrase_rule(keys, length=6), keys, length=6, width=1)
    assert sorted(decode_texts(found.symbols[0])[0].replace(" ", "")) == list("abcd")


def test_room_is_kept_for_what_must_still_come() -> None:
    keys = encode_texts(["abc"])
    rule = set_rule(keys, length=5)  # four letters
    allowed = [rule(torch.tensor([[prefix]]))[0, 0].nonzero().flatten().tolist()
               for prefix in ([0], [0, 0], [0, 1, 2], [0, 1, 2, 0])]  # fmt: skip
    assert allowed == [[0, 1, 2], [1, 2], [0, 1, 2, END], [END]]
    keys = encode_texts(["ab "])
    assert not phrase_rule(keys, length=3)(torch.tensor([[[0]]]))[0, 0, SPACE]  # two letters and the end
    assert phrase_rule(keys, length=4)(torch.tensor([[[0]]]))[0, 0, SPACE]
