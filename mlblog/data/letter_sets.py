"""Words from their *sets* of letters: each letter is given once and may be used again, `giknt` for knitting.

The split is by set. `nit` and `tint` are the same question, so both stand in the same part.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from mlblog.data.anagrams import Split, split


def set_of(word: str) -> str:
    """The distinct letters of a word in alphabetical order.

    Example:
        >>> set_of("knitting")
        'giknt'
    """
    return "".join(sorted(set(word)))


def sets(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The words of each set of letters, in the order given.

    Example:
        >>> sets(["nit", "tint", "ant"])
        {'int': ('nit', 'tint'), 'ant': ('ant',)}
    """
    found: dict[str, list[str]] = defaultdict(list)
    for word in words:
        found[set_of(word)].append(word)
    return {letters: tuple(members) for letters, members in found.items()}


def split_by_set(words: Iterable[str], *, unseen: Sequence[str] = ()) -> Split:
    """Part words by a hash of their set of letters, 80 : 10 : 10.

    Args:
        words: lower-case words.
        unseen: letters whose sets belong to the test part whatever their hash says, such as a post's examples.

    Example:
        >>> split_by_set(["nit", "tint", "end"], unseen=["tinn"]).test
        ('nit', 'tint')
    """
    by_set = sets(words)
    parts = split(by_set, unseen=[set_of(letters) for letters in unseen])
    train, validation, test = (tuple(word for letters in part for word in by_set[letters]) for part in parts)
    return Split(train, validation, test)
