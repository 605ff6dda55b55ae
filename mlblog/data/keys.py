"""Symbols for puzzles whose answers end, or have spaces: letters, and two keys that stand for no letter.

A question is a row of keys, an answer the symbols to be pointed at. Both are strings here: of letters, and of spaces
where a key for the space is offered. Each ends with `END`; short answers are filled with further `END`s.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from mlblog.data.anagrams import Batch

LETTERS = 26
END, SPACE = LETTERS, LETTERS + 1
SYMBOLS = LETTERS + 2
_TO_BYTES = str.maketrans(" ", chr(ord("a") + SPACE))
_FILL = chr(ord("a") + END)


def encode_texts(texts: Sequence[str]) -> Tensor:
    """Strings of a to z and spaces as rows of symbols, each with at least one `END` after it.

    Returns:
        (B, longest + 1)

    Example:
        >>> encode_texts(["a cab", "be"])
        tensor([[ 0, 27,  2,  0,  1, 26],
                [ 1,  4, 26, 26, 26, 26]])
    """
    width = max(map(len, texts)) + 1
    rows = "".join(text.translate(_TO_BYTES).ljust(width, _FILL) for text in texts).encode("ascii")
    symbols = np.frombuffer(rows, dtype=np.uint8).reshape(len(texts), width) - ord("a")
    return torch.from_numpy(symbols.astype(np.int64))


def decode_texts(rows: Tensor) -> list[str]:
    """The strings that rows of symbols (B, T) spell, each up to its first `END`.

    Example:
        >>> decode_texts(torch.tensor([[0, 27, 2, 26, 2]]))
        ['a c']
    """
    found = []
    for row in rows.tolist():
        spelled = row[: row.index(END)] if END in row else row
        found.append("".join(" " if symbol == SPACE else chr(ord("a") + symbol) for symbol in spelled))
    return found


def encode_pairs(pairs: Iterable[tuple[str, str]]) -> dict[int, Batch]:
    """Questions with their answers, by the number of keys, so that no question of a batch is padded.

    Args:
        pairs: the characters of a question, without its end, and the answer to it.

    Returns:
        For each number N of keys, `letters` (B, N), the keys with `END` last, and `words` (B, T), the answers.

    Example:
        >>> encode_pairs([("ab", "baab"), ("c", "c")])[3]
        Batch(letters=tensor([[ 0,  1, 26]]), words=tensor([[ 1,  0,  0,  1, 26]]))
    """
    grouped: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for question, answer in pairs:
        grouped[len(question) + 1].append((question, answer))
    return {
        keys: Batch(encode_texts([question for question, _ in group]), encode_texts([answer for _, answer in group]))
        for keys, group in sorted(grouped.items())
    }
