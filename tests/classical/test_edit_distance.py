"""Edit distance against breadth-first search over edits."""

from itertools import product

from mlblog.classical.edit_distance import edit_distance


def neighbours(word: str) -> set[str]:
    cut = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    return {
        changed
        for a, b in cut
        for changed in [*(a + c + b for c in "xy"), *([a + b[1:]] if b else []), *(a + c + b[1:] for c in "xy" if b)]
    }


def test_the_distance_is_the_fewest_edits() -> None:
    for start in ("", "x", "xyx", "xxyy"):
        reached, ring = {start: 0}, {start}
        for steps in range(1, 5):
            ring = {word for old in ring for word in neighbours(old) if len(word) < 6} - reached.keys()
            reached |= dict.fromkeys(ring, steps)
        for length in range(5):
            for word in map("".join, product("xy", repeat=length)):
                assert edit_distance(start, word) == reached[word], (start, word)
                assert edit_distance(word, start) == reached[word]
