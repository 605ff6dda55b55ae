"""Tables of pixels: how often each level came after the same neighbours, longer contexts resting on shorter ones.

Dimensions: n images of X rows and Y columns, V levels of grey, C contexts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: Rows and columns from a pixel to a neighbour.
Offset = tuple[int, int]
#: Neighbours that are looked up together, and whether the pixel's own place in the image is looked up with them.
Context = tuple[Sequence[Offset], bool]


class ContextTable:
    """Counts of levels after the same context, and what they make a pixel cost.

        p_c(v) = (N_c(v) + β p_{c-1}(v)) / (N_c + β),   p_0(v) = 1 / V

    N_c(v) counts level v among known pixels with the same values in context c. A context never met falls back to the
    one before it. Pixels beyond the edge of the image have a separate level.

    Args:
        known: (n, X, Y), counted.
        contexts: from the shortest to the longest. `([], True)` alone is a histogram for each place.
        levels: V.
        strength: β > 0, what the shorter context counts for, in pixels.

    Raises:
        ValueError: the strength is not positive, or a neighbour comes at or after the pixel, row by row.

    Example:
        >>> stripes = np.array([[[0, 1, 0, 1]] * 3] * 50, dtype=np.uint8)
        >>> table = ContextTable(stripes, [([(0, -1)], False)], levels=2, strength=1.0)
        >>> bool(table.bits(stripes).max() < 0.02)
        True

    References:
        [chen1999empirical], section 2, for longer contexts that rest on shorter ones; here by a Dirichlet prior.
    """

    def __init__(self, known: NDArray[np.uint8], contexts: Sequence[Context], *, levels: int, strength: float) -> None:
        if strength <= 0 or any(offset >= (0, 0) for neighbours, _ in contexts for offset in neighbours):
            raise ValueError(f"a strength > 0 and earlier neighbours expected, given {strength} and {contexts}")
        self.levels, self.strength, self.contexts = levels, strength, contexts
        self._counts = []
        for neighbours, placed in contexts:
            names, rows = np.unique(_names(known, neighbours, placed, levels), return_inverse=True)
            counts = np.zeros((len(names) + 1, levels))  # the last one for contexts never met
            np.add.at(counts, (rows, known.ravel()), 1)
            self._counts.append((names, counts))

    def bits(self, asked: NDArray[np.uint8]) -> NDArray[np.float64]:
        """What each pixel costs.

        Args:
            asked: (m, X, Y)

        Returns:
            (m, X, Y) bits.
        """
        shares = np.full((asked.size, self.levels), 1 / self.levels)
        for (neighbours, placed), (names, counts) in zip(self.contexts, self._counts, strict=True):
            wanted = _names(asked, neighbours, placed, self.levels)
            at = np.searchsorted(names, wanted).clip(max=len(names) - 1)
            found = counts[np.where(names[at] == wanted, at, len(names))]
            shares = (found + self.strength * shares) / (found.sum(axis=1, keepdims=True) + self.strength)
        bits: NDArray[np.float64] = -np.log2(shares[np.arange(asked.size), asked.ravel()]).reshape(asked.shape)
        return bits


def _names(images: NDArray[np.uint8], neighbours: Sequence[Offset], placed: bool, levels: int) -> NDArray[np.int64]:
    """One number for each context, (n X Y,)."""
    _, rows, columns = images.shape
    far = max([0, *(max(-up, abs(left)) for up, left in neighbours)])
    padded = np.pad(images.astype(np.int64), ((0, 0), (far, far), (far, far)), constant_values=levels)
    name = np.zeros(images.shape, dtype=np.int64)
    if placed:
        name += np.arange(rows * columns).reshape(rows, columns)
    for up, left in neighbours:
        name = name * (levels + 1) + padded[:, far + up : far + up + rows, far + left : far + left + columns]
    return name.ravel()
