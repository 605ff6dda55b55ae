"""Levenshtein distance: how many symbols to insert, delete or replace."""

from __future__ import annotations

from collections.abc import Sequence


def edit_distance(a: Sequence[object], b: Sequence[object]) -> int:
    """Fewest insertions, deletions and replacements that turn `a` into `b`.

    Example:
        >>> edit_distance("kitten", "sitting")
        3

    References:
        [wagner1974string], algorithm X, a row at a time.
    """
    row = list(range(len(b) + 1))  # from an empty beginning of a to each beginning of b
    for i, have in enumerate(a, start=1):
        above, row = row, [i]
        for j, want in enumerate(b, start=1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (have != want)))
    return row[-1]
