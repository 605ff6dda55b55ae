"""Sequences of tones among silence, made from a seed: a label far shorter than its frames, and where each tone stands.

Dimensions: n examples, T frames of the longest, F features of a frame, L tones of the longest label.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

TONES = 6  # symbols 1 … 6; 0 is silence
FEATURES = 12


class Tones(NamedTuple):
    """Examples, padded.

    Attributes:
        sound: (n, T, F) float32; each tone is a fixed pattern over the features, under noise; silence is noise alone.
        truth: (n, T) int64, the tone that sounds in each frame, 0 in silence.
        labels: (n, L) int64, the tones in order, padded with 0.
        frames: (n,) int64.
        lengths: (n,) int64.
    """

    sound: NDArray[np.float32]
    truth: NDArray[np.int64]
    labels: NDArray[np.int64]
    frames: NDArray[np.int64]
    lengths: NDArray[np.int64]


def make_tones(n: int, *, shortest: int = 3, longest: int = 6, noise: float = 0.7, seed: int) -> Tones:
    """Draw labels uniformly, then for each tone its pause (1 to 3 frames, before it) and duration (2 to 5 frames).

    The pause keeps two equal tones apart: without it the label could not be told from the sound.

    Args:
        n: examples.
        shortest: tones of a label, at least.
        longest: tones of a label, at most.
        noise: standard deviation of each feature; patterns have length 2, and features about 0.6.
        seed: of everything but the patterns of the tones, which are always the same.

    Example:
        >>> tones = make_tones(1, shortest=2, longest=2, seed=1)
        >>> tones.labels.tolist(), tones.truth.tolist()
        ([[3, 4]], [[0, 0, 0, 3, 3, 0, 0, 0, 4, 4, 0, 0, 0]])
    """
    rng = np.random.default_rng(seed)
    patterns = np.random.default_rng(0).normal(size=(TONES + 1, FEATURES))
    patterns *= 2 / np.linalg.norm(patterns, axis=1, keepdims=True)
    patterns[0] = 0.0
    lengths = rng.integers(shortest, longest + 1, size=n)
    truths = []
    labels = np.zeros((n, longest), dtype=np.int64)
    for row, length in zip(labels, lengths, strict=True):
        row[:length] = rng.integers(1, TONES + 1, size=length)
        symbols = np.stack((np.zeros(length, dtype=np.int64), row[:length]), axis=1).ravel()
        spans = np.stack((rng.integers(1, 4, size=length), rng.integers(2, 6, size=length)), axis=1).ravel()
        truths.append(np.append(np.repeat(symbols, spans), np.zeros(rng.integers(0, 4), dtype=np.int64)))
    frames = np.array([len(truth) for truth in truths])
    truth = np.zeros((n, frames.max()), dtype=np.int64)
    for row, one in zip(truth, truths, strict=True):
        row[: len(one)] = one
    sound = patterns[truth] + noise * rng.normal(size=(*truth.shape, FEATURES))
    return Tones(sound.astype(np.float32), truth, labels, frames, lengths)
