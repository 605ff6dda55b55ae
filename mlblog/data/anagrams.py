"""Anagrams as a learning task: letters in alphabetical order in, the word out.

Two words are in one *anagram class* when they have the same letters. The split is by class: `listen` and `silent` are
the same question, so they must not be asked on one side of the split and answered on the other.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

TRAIN, VALIDATION = 80, 90  # per cent of the classes: 80 to train on, 10 to tune on, 10 to report


class Split(NamedTuple):
    """Words in three parts that share no anagram class."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


class Batch(NamedTuple):
    """Words of one length: no padding, so no padding mask."""

    letters: Tensor  # (B, N) 0..25 in alphabetical order: all that a solver may see
    words: Tensor  # (B, N) 0..25 in spelling order

    def to(self, device: str) -> Batch:
        """The same batch on another device."""
        return Batch(self.letters.to(device), self.words.to(device))


def class_of(word: str) -> str:
    """The letters of a word in alphabetical order: the name of its anagram class.

    Example:
        >>> class_of("silent") == class_of("listen")
        True
    """
    return "".join(sorted(word))


def classes(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The words of each anagram class, in the order given."""
    found: dict[str, list[str]] = defaultdict(list)
    for word in words:
        found[class_of(word)].append(word)
    return {key: tuple(members) for key, members in found.items()}


def split(words: Iterable[str], *, unseen: Sequence[str] = ()) -> Split:
    """Part words by a hash of their class, 80 : 10 : 10.

    The hash sees one class at a time, so a longer list never moves a word from one part to another.

    Args:
        words: lower-case words.
        unseen: letters whose classes belong to the test part whatever their hash says, such as a post's examples.

    Example:
        >>> parts = split(["listen", "silent", "enlist", "fire"], unseen=["erif"])
        >>> parts.test
        ('fire',)
    """
    kept_back = {class_of(letters) for letters in unseen}
    parts = Split([], [], [])  # type: ignore[arg-type]  # filled below, frozen on return
    for word in words:
        key = class_of(word)
        part = 2 if key in kept_back else _part(key)
        parts[part].append(word)  # type: ignore[attr-defined]
    return Split(*map(tuple, parts))


def encode(words: Sequence[str]) -> Batch:
    """Words of one length as tensors of letters, a = 0.

    Raises:
        ValueError: the words differ in length.

    Example:
        >>> encode(["cab"])
        Batch(letters=tensor([[0, 1, 2]]), words=tensor([[2, 0, 1]]))
    """
    lengths = {len(word) for word in words}
    if len(lengths) != 1:
        raise ValueError(f"words of one length expected, given lengths {sorted(lengths)}")
    spelled = np.frombuffer("".join(words).encode("ascii"), dtype=np.uint8).reshape(len(words), -1) - ord("a")
    spelled_bn = torch.from_numpy(spelled.astype(np.int64))
    return Batch(spelled_bn.sort(dim=1).values, spelled_bn)


def decode(letters: Tensor) -> list[str]:
    """The strings that rows of letters (B, N) spell.

    Example:
        >>> decode(torch.tensor([[2, 0, 1]]))
        ['cab']
    """
    return ["".join(chr(ord("a") + letter) for letter in row) for row in letters.tolist()]


def by_length(words: Iterable[str]) -> dict[int, tuple[str, ...]]:
    """The words of each length, shortest first."""
    found: dict[int, list[str]] = defaultdict(list)
    for word in words:
        found[len(word)].append(word)
    return {length: tuple(found[length]) for length in sorted(found)}


class Batches:
    """Shuffled batches of one length each, for ever, with every word once an epoch.

    A batch holds about `letters` letters whatever its words' length, so every step costs about the same. The order of
    an epoch depends on `seed` and its number alone, so two integers are the whole state.

    Args:
        data: the words by length, on the device where the batches are wanted.
        letters: letters per batch.
        seed: of the order.

    Example:
        >>> data = {2: encode(["at", "be", "so"])}
        >>> batches = Batches(data, letters=4, seed=0)
        >>> sorted(len(next(batches).words) for _ in range(2))
        [1, 2]
    """

    def __init__(self, data: Mapping[int, Batch], *, letters: int, seed: int) -> None:
        self._data, self._letters, self._seed = data, letters, seed
        self._epoch, self._drawn = 0, 0
        self._cuts = self._shuffled()

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        if self._drawn == len(self._cuts):
            self._epoch, self._drawn = self._epoch + 1, 0
            self._cuts = self._shuffled()
        length, rows = self._cuts[self._drawn]
        self._drawn += 1
        return Batch(self._data[length].letters[rows], self._data[length].words[rows])

    @property
    def epochs(self) -> float:
        """How often each word was drawn, on average."""
        return self._epoch + self._drawn / len(self._cuts)

    def state_dict(self) -> dict[str, int]:
        """The position in the epoch."""
        return {"epoch": self._epoch, "drawn": self._drawn}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Go on from there."""
        self._epoch, self._drawn = state["epoch"], state["drawn"]
        self._cuts = self._shuffled()

    def _shuffled(self) -> list[tuple[int, Tensor]]:
        """The batches of this epoch: length and rows."""
        rng = np.random.default_rng([self._seed, self._epoch])
        cuts: list[tuple[int, Tensor]] = []
        for length, part in self._data.items():
            order = torch.from_numpy(rng.permutation(len(part.words))).to(part.words.device)
            pieces = math.ceil(len(order) * length / self._letters)
            cuts += [(length, rows) for rows in order.tensor_split(pieces)]
        return [cuts[index] for index in rng.permutation(len(cuts))]


def _part(key: str) -> int:
    """0, 1 or 2 for train, validation and test."""
    bucket = int.from_bytes(hashlib.blake2b(key.encode("ascii"), digest_size=8).digest(), "big") % 100
    return (bucket >= TRAIN) + (bucket >= VALIDATION)
