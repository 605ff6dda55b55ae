"""Related posts, by shared tags, categories and papers, weighted by rarity."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

#: Most related posts per post.
MOST = 3
# a feature shared by more posts than this says nothing about two of them
_COMMON = 40


def related(features: Mapping[str, Iterable[str]], dates: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the most related posts of each post, best first, at most `MOST`.

    A feature that n posts share has the weight 1/(n - 1); ties go to the newer post.

    Args:
        features: features of each post.
        dates: date of each post, as sortable text.

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
