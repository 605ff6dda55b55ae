"""A letter n-gram model with interpolated Kneser-Ney smoothing, as dense tables.

With 27 symbols a table of all 5-grams has 14 million entries, so counting and smoothing are array operations.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

END = 0  # also what precedes a word; the letters a … z are 1 … 26
SYMBOLS = 27


def kneser_ney(words: Iterable[str], *, order: int) -> NDArray[np.float64]:
    """Probabilities of the next letter given the `order - 1` symbols before it.

        p_k(c | h) = max(N_k(h c) - D_k, 0) / N_k(h) + D_k N_k(h •) / N_k(h) · p_{k-1}(c | h without its first symbol)

    N_k counts k-grams at the highest order and below it the distinct symbols seen before a k-gram; N_k(h •) is the
    number of distinct continuations of h, D_k = n1 / (n1 + 2 n2) with n_i the number of k-grams counted i times, and
    p_0 is uniform. A context never seen falls back to the shorter one.

    Args:
        words: what to count, lower case a to z; each starts in `order - 1` times `END` and ends with `END`.
        order: n, at least 1; the table has 27ⁿ entries.

    Returns:
        A table with `order` axes of 27 symbols, the next symbol last. Rows sum to one.

    Raises:
        ValueError: `order` is below 1, there are no words, or one holds another symbol than a to z.

    Example:
        >>> table = kneser_ney(["abc", "abd"], order=3)
        >>> table.shape, bool(table[1, 2, 3] > table[1, 2, 1])  # after ab, c is likelier than a
        ((27, 27, 27), True)

    References:
        [kneser1995improved] for the counts of lower orders; [chen1999empirical], section 3, for the interpolated form,
        here with one discount per order.
    """
    if order < 1:
        raise ValueError(f"order must be at least 1, given {order}")
    highest = _count(words, order)
    if not highest.any():
        raise ValueError("no words to count")
    counts = [highest]  # from the highest order down
    while counts[-1].ndim > 1:
        counts.append((counts[-1] > 0).sum(axis=0))
    table = np.full(SYMBOLS, 1 / SYMBOLS)
    for count in reversed(counts):
        discount = _discount(count)
        total = count.sum(axis=-1, keepdims=True)
        kept = np.maximum(count - discount, 0)
        spared = np.minimum(count, discount).sum(axis=-1, keepdims=True)  # D N(h •)
        seen = np.maximum(total, 1)
        table = np.where(total > 0, (kept + spared * table) / seen, table)
    return table


def _count(words: Iterable[str], order: int) -> NDArray[np.int64]:
    """How often each `order`-gram occurs."""
    words = list(words)
    for word in words:
        if not all("a" <= letter <= "z" for letter in word):
            raise ValueError(f"words of the letters a to z expected, given {word!r}")
    spelled = [bytes(order - 1) + bytes(ord(letter) - 96 for letter in word) + bytes(1) for word in words]
    counts = np.zeros(SYMBOLS**order, dtype=np.int64)
    weights = SYMBOLS ** np.arange(order)[::-1]
    text = np.frombuffer(b"".join(spelled), dtype=np.uint8).astype(np.int64)
    if len(text) == 0:
        return counts.reshape((SYMBOLS,) * order)
    ends = np.cumsum([len(word) for word in spelled])
    windows = np.lib.stride_tricks.sliding_window_view(text, order)
    # A window that starts in one word and ends in the next is no n-gram.
    first = np.searchsorted(ends, np.arange(len(windows)), side="right")
    last = np.searchsorted(ends, np.arange(len(windows)) + order - 1, side="right")
    codes = windows[first == last] @ weights
    np.add.at(counts, codes, 1)
    return counts.reshape((SYMBOLS,) * order)


def _discount(count: NDArray[np.int64]) -> float:
    """D = n1 / (n1 + 2 n2), the leave-one-out estimate; a half where it does not exist or would discount everything."""
    once, twice = int((count == 1).sum()), int((count == 2).sum())
    return once / (once + 2 * twice) if once and twice else 0.5
