"""Exact cover by words: every way to use given letters up, each once."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


class CoverDictionary:
    """Words by their letters, which it can put together into phrases.

    Each letter left must stand in some word of the cover. So a step tries only the words that hold one letter, the one
    that the fewest fitting words hold; the last word is looked up. That misses nothing and tries few of all tuples.

    References:
        [knuth2000dancing] for the choice of the letter.

    Args:
        words: what it holds, lower case a to z.

    Raises:
        ValueError: another letter.

    Example:
        >>> CoverDictionary(["ran", "tiger", "the", "rant", "an"]).covers("nrttgiarhee", sizes=(2, 3))
        [('ran', 'the', 'tiger')]
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words: dict[str, list[str]] = {}
        for word in dict.fromkeys(words):
            self._words.setdefault("".join(sorted(word)), []).append(word)
        self._keys = list(self._words)
        self._counts = np.array([_count(key) for key in self._keys], dtype=np.int64).reshape(-1, 26)  # (C, 26)

    def covers(self, letters: str, *, sizes: tuple[int, ...]) -> list[tuple[str, ...]]:
        """All bags of words that have exactly these letters, in alphabetical order.

        Args:
            letters: a to z.
            sizes: how many words a bag may have, each at least 1.

        Raises:
            ValueError: another letter, or a size below 1.
        """
        if not sizes or min(sizes) < 1:
            raise ValueError(f"sizes of at least one word expected, given {sizes}")
        left = _count(letters)
        fitting = np.flatnonzero((self._counts <= left).all(axis=1))
        found: set[tuple[str, ...]] = set()
        self._extend((), left, fitting, sizes, found)
        return sorted(found)

    def _extend(
        self,
        words: tuple[str, ...],
        left: NDArray[np.int64],
        fitting: NDArray[np.intp],
        sizes: tuple[int, ...],
        found: set[tuple[str, ...]],
    ) -> None:
        """Add every cover that begins with `words` to `found`."""
        used = len(words) + 1
        if used in sizes:
            key = "".join(chr(ord("a") + letter) * int(copies) for letter, copies in enumerate(left))
            found.update(tuple(sorted((*words, last))) for last in self._words.get(key, ()))
        if used >= max(sizes):
            return
        holds = (self._counts[fitting] > 0) & (left > 0)  # (words that fit, 26)
        rarest = int(np.where(left > 0, holds.sum(axis=0), len(fitting) + 1).argmin())
        for index in fitting[holds[:, rarest]]:
            rest = left - self._counts[index]
            if rest.any():
                still = fitting[(self._counts[fitting] <= rest).all(axis=1)]
                for word in self._words[self._keys[index]]:
                    self._extend((*words, word), rest, still, sizes, found)


def _count(letters: str) -> NDArray[np.int64]:
    """(26,): how often each letter occurs there."""
    places = [ord(letter) - ord("a") for letter in letters]
    if not all(0 <= place < 26 for place in places):
        raise ValueError(f"letters a to z expected, given {letters!r}")
    return np.bincount(np.array(places, dtype=np.intp), minlength=26)
