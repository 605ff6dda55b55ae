"""Handwritten digits of 8 × 8 pixels: bundled, checked against their digest whenever they are read.

They are the 1,797 images of the *test* part of the UCI set, written by 13 people, as scikit-learn ships them. Their
licence (CC BY 4.0) lies beside them, in `digits.LICENSE.txt`.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlblog.data.words import read_list

DIGITS = Path(__file__).with_name("digits.csv.gz")
DIGEST = "9bf011e7cdd9b0dd576aeb1e3e3757b612d6c350"  # BLAKE2b, 20 bytes, of the text, not of its compression
SIDE, LEVELS = 8, 17  # an image is 8 × 8 pixels, each the number, 0 to 16, of black pixels in a 4 × 4 block


class Digits(NamedTuple):
    """Images and what they show.

    Attributes:
        images: (n, 8, 8) uint8, 0 (white) to 16 (black).
        labels: (n,) uint8, 0 to 9.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]


class DigitSplit(NamedTuple):
    """Digits to train on, and others to be asked about."""

    train: Digits
    test: Digits


def load_digits() -> Digits:
    """All 1,797 digits, in the order of the source.

    Raises:
        ValueError: the file does not have the content that `DIGEST` names.

    Example:
        >>> digits = load_digits()
        >>> digits.images.shape, digits.labels[:10].tolist()
        ((1797, 8, 8), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """
    rows = np.array([line.split(",") for line in read_list(DIGITS, DIGEST)], dtype=np.uint8)  # (1797, 65)
    return Digits(rows[:, :-1].reshape(-1, SIDE, SIDE), rows[:, -1])


def split_digits(digits: Digits, *, held_out: int = 397) -> DigitSplit:
    """Hold out the last digits of the source.

    Neighbours in the source tend to be by one hand, so the held-out digits are mostly by hands that the others do not
    show: a harder and more honest test than a random split.

    Args:
        digits: what to split.
        held_out: how many to hold out.

    Raises:
        ValueError: nothing would be left on one side.

    Example:
        >>> [len(part.labels) for part in split_digits(load_digits())]
        [1400, 397]
    """
    n = len(digits.labels)
    if not 0 < held_out < n:
        raise ValueError(f"held_out={held_out} of {n} digits leaves one part empty; choose 1 to {n - 1}")
    cut = n - held_out
    return DigitSplit(
        Digits(digits.images[:cut], digits.labels[:cut]), Digits(digits.images[cut:], digits.labels[cut:])
    )
