"""Two answers to an anagram that need no learning: look it up, or shuffle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import factorial, prod


class AnagramDictionary:
    """Words by their letters in alphabetical order: right for every word it holds, silent for every other.

    Building costs O(n log n) per word of n letters, and an answer the same.

    Args:
        words: what it holds; of one anagram class, the first is the first answer.

    Example:
        >>> AnagramDictionary(["listen", "silent"]).solve("tinsel")
        ('listen', 'silent')
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words: dict[str, list[str]] = {}
        for word in words:
            self._words.setdefault("".join(sorted(word)), []).append(word)

    def solve(self, letters: str) -> tuple[str, ...]:
        """The words that have exactly these letters."""
        return tuple(self._words.get("".join(sorted(letters)), ()))


def shuffle_probability(letters: str) -> float:
    """The probability that a random order of the letters spells one given word of them, ∏ mᵢ! / n!.

    Example:
        >>> shuffle_probability("noon")  # two n and two o: 2! 2! / 4!
        0.16666666666666666
    """
    return prod(factorial(copies) for copies in Counter(letters).values()) / factorial(len(letters))
