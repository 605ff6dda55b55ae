"""Kneser-Ney against a recursion over dictionaries of naive counts."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from mlblog.classical.ngram import SYMBOLS, kneser_ney

WORDS = ["banana", "bandana", "cabana", "abba", "nab", "nab", "cab"]


def naive(words: list[str], order: int) -> Callable[[tuple[int, ...], int], float]:
    """p(symbol | context) by the book: counts of tuples, continuation counts below the highest order."""
    grams: dict[int, Counter[tuple[int, ...]]] = {order: Counter()}
    for word in words:
        symbols = [0] * (order - 1) + [ord(letter) - 96 for letter in word] + [0]
        grams[order].update(tuple(symbols[i : i + order]) for i in range(len(word) + 1))
    for size in range(order - 1, 0, -1):
        grams[size] = Counter(gram[1:] for gram in grams[size + 1])

    def probability(context: tuple[int, ...], symbol: int) -> float:
        shorter = probability(context[1:], symbol) if context else 1 / SYMBOLS
        counts = grams[len(context) + 1]
        once, twice = (sum(count == times for count in counts.values()) for times in (1, 2))
        discount = once / (once + 2 * twice) if once and twice else 0.5
        after = {gram[-1]: count for gram, count in counts.items() if gram[:-1] == context}
        total = sum(after.values())
        if total == 0:
            return shorter
        spared = sum(min(count, discount) for count in after.values())
        return (max(after.get(symbol, 0) - discount, 0) + spared * shorter) / total

    return probability


@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_table_agrees_with_naive_counting(order: int) -> None:
    table, oracle = kneser_ney(WORDS, order=order), naive(WORDS, order)
    assert table.shape == (SYMBOLS,) * order
    for context in np.ndindex(*(5,) * (order - 1)):
        assert [table[(*context, symbol)] for symbol in range(SYMBOLS)] == pytest.approx(
            [oracle(context, symbol) for symbol in range(SYMBOLS)], abs=1e-12
        )


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_every_context_has_a_distribution(order: int) -> None:
    table = kneser_ney(WORDS, order=order)
    np.testing.assert_allclose(table.sum(axis=-1), 1, atol=1e-12)
    assert (table > 0).all()


def test_a_window_across_two_words_is_not_counted() -> None:
    """No word goes on with b after a; were the list one text, `ca` and `b…` would meet."""
    table = kneser_ney(["ca", "ca", "bc", "bd"], order=2)
    a, b = 1, 2
    assert table[a, 0] > 0.5
    assert table[a, b] < 0.2


def test_continuation_counts_prefer_what_follows_many_letters() -> None:
    """`u` is frequent but only after q; after a new context, a letter seen after many others is likelier."""
    words = ["qu"] * 9 + ["ae", "be", "ce", "de"]
    table = kneser_ney(words, order=2)
    new, e, u = 26, 5, 21
    assert table[new, e] > table[new, u]


@pytest.mark.parametrize(("words", "order", "message"), [(["ab"], 0, "at least 1"), ([], 3, "no words")])
def test_what_cannot_be_counted_is_refused(words: list[str], order: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kneser_ney(words, order=order)
