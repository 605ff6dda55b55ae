"""Which posts go with which: by the tags, categories and papers that they share, the rarer the better."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

#: How many a post is given.
MOST = 3
# what more posts share than this says nothing about two of them
_COMMON = 40


def related(features: Mapping[str, Iterable[str]], dates: Mapping[str, str]) -> dict[str, list[str]]:
    """Return for each post those that share most with it, best first, at most `MOST`.

    A feature that n posts have counts 1/(n - 1) for each of the others; of equals the newer comes first.

    Args:
        features: of each post: whatever it may share with another.
        dates: of each post, as text that sorts.

    Example:
        >>> related({"a": ["x", "y"], "b": ["x"], "c": ["x", "y"]}, {"a": "1", "b": "2", "c": "3"})["a"]
        ['c', 'b']
    """
    posts_with: dict[str, list[str]] = defaultdict(list)
    for post, names in features.items():
        for name in dict.fromkeys(names):
            posts_with[name].append(post)
    found: dict[str, list[str]] = {}
    for post, names in features.items():
        shared: dict[str, float] = defaultdict(float)
        for name in sorted(set(names)):
            others = posts_with[name]
            if 1 < len(others) <= _COMMON:
                for other in others:
                    shared[other] += 1 / (len(others) - 1)
        shared.pop(post, None)
        newest_first = sorted(sorted(shared), key=lambda other: dates[other], reverse=True)
        found[post] = sorted(newest_first, key=lambda other: -round(shared[other], 9))[:MOST]
    return found
