"""What the beams answer, against the enumeration of every order of the letters."""

import itertools
import math

import pytest
import torch
from torch import Tensor

from mlblog.classical.ngram import kneser_ney
from mlblog.models.pointer import PointerTransformer
from mlblog.models.spelling import spell_by_letters, spell_by_ngrams, spell_by_places, spell_together


def network() -> PointerTransformer:
    torch.manual_seed(0)
    net = PointerTransformer(width=12, heads=3, layers=2, hidden=20, looks="left").double()
    with torch.no_grad():
        for weight in net.parameters():
            weight.normal_(std=0.4)
    return net.eval()


def letters_of(*words: str) -> Tensor:
    return torch.tensor([[ord(letter) - ord("a") for letter in word] for word in words])


def text(row: Tensor) -> str:
    return "".join(chr(ord("a") + letter) for letter in row.tolist())


def pointing(net: PointerTransformer, word: str) -> dict[tuple[int, ...], float]:
    """Probability of each order of places, from one forced decoding each."""
    letters, found = letters_of(word), {}
    for order in itertools.permutations(range(len(word))):
        steps = net(letters, letters[:, list(order)])[0].log_softmax(-1)  # the first copies left, as the net counts
        left, total = list(range(len(word))), 0.0
        for step, place in enumerate(order):
            first = next(j for j in range(len(word)) if word[j] == word[place] and steps[step, j] > -math.inf)
            total += float(steps[step, first])
            left.remove(place)
        found[order] = math.exp(total)
    return found


@torch.no_grad()
def test_a_full_beam_over_letters_is_exact_and_adds_up_equal_strings() -> None:
    net, words = network(), ("abbcc", "dddef")
    found = spell_by_letters(net, letters_of(*words), width=200)
    for question, word in enumerate(words):
        exact: dict[str, float] = {}
        for order, probability in pointing(net, word).items():
            spelled = "".join(word[place] for place in order)
            exact[spelled] = exact.get(spelled, 0.0) + probability
        assert sum(exact.values()) == pytest.approx(1)
        best = sorted(exact, key=exact.__getitem__, reverse=True)
        assert [text(row) for row in found.symbols[question][: len(best)]] == best
        probabilities = found.log_probs[question].exp()
        assert probabilities[: len(best)].tolist() == pytest.approx([exact[spelled] for spelled in best])
        assert probabilities[len(best) :].sum() == 0


@torch.no_grad()
def test_a_full_beam_over_places_finds_each_order_of_the_places() -> None:
    net, word = network(), "abbca"
    exact = sorted(pointing(net, word).values(), reverse=True)
    found = spell_by_places(net, letters_of(word), width=math.factorial(len(word)))
    assert found.log_probs[0].exp().tolist() == pytest.approx(exact)
    spelled = [text(row) for row in found.symbols[0]]
    assert len(set(spelled)) == math.factorial(5) / (2 * 2)
    assert all(sorted(answer) == sorted(word) for answer in spelled)


@torch.no_grad()
def test_a_beam_over_letters_answers_with_orders_of_the_letters() -> None:
    words = ("banana", "letter")
    found = spell_by_letters(network(), letters_of(*words), width=4)
    assert found.symbols.shape == (2, 4, 6)
    for rows, word in zip(found.symbols, words, strict=True):
        answers = [text(row) for row in rows]
        assert len(set(answers)) == 4
        assert all(sorted(answer) == sorted(word) for answer in answers)


@pytest.mark.parametrize("order", [2, 3])
def test_a_full_beam_of_ngrams_ranks_by_the_probability_of_the_whole_word(order: int) -> None:
    table = kneser_ney(["abba", "cab", "bacca", "abc"], order=order)
    found = spell_by_ngrams(torch.from_numpy(table).log(), letters_of("aabc"), width=100)
    exact = {}
    for spelled in {"".join(p) for p in itertools.permutations("aabc")}:
        symbols = [0] * (order - 1) + [ord(letter) - 96 for letter in spelled] + [0]
        exact[spelled] = math.prod(table[tuple(symbols[i : i + order])] for i in range(len(spelled) + 1))
    best = sorted(exact, key=exact.__getitem__, reverse=True)
    assert found.log_probs[0][:12].exp().tolist() == pytest.approx([exact[spelled] for spelled in best])
    assert {text(row) for row in found.symbols[0][:12]} == set(best)


@torch.no_grad()
def test_spelling_together_multiplies_both_probabilities() -> None:
    net, letters = network(), letters_of("abbca")
    log_table = torch.from_numpy(kneser_ney(["abba", "cab", "bacca"], order=3)).log()
    both = {}
    for found in (spell_by_letters(net, letters, width=200), spell_by_ngrams(log_table, letters, width=200)):
        for row, log_prob in zip(found.symbols[0], found.log_probs[0].tolist(), strict=True):
            if log_prob > -math.inf:
                both[text(row)] = both.get(text(row), 0.0) + log_prob
    together = spell_together(net, log_table, letters, width=200)
    real = int(together.log_probs[0].isfinite().sum())
    assert real == len(both) == 30
    assert together.log_probs[0][:30].tolist() == pytest.approx(sorted(both.values(), reverse=True))
    assert text(together.symbols[0, 0]) == max(both, key=both.__getitem__)
