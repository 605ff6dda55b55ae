"""All-reduce in a ring, simulated in one process: what each rank sends, and when."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def ring_allreduce(vectors: Sequence[ArrayLike]) -> tuple[list[Array], Array]:
    """Sum a vector over n ranks, each of which sends only to the next.

    Every vector is cut into n chunks. In n - 1 steps each rank passes on the partial sum of one chunk, after which rank
    r has the whole sum of chunk r + 1; in n - 1 more, the sums go round. So a rank sends 2 (n - 1) chunks of M / n
    numbers each: 2 (n - 1) / n · M, less than twice its vector however many ranks there are.

    Args:
        vectors: one for each of n ranks, each of shape (M,).

    Returns:
        The sum as each rank has it, n times shape (M,), the same to the last bit; and how many numbers each rank
        sent, shape (n,).

    Raises:
        ValueError: there is no vector, or they are not vectors of one length.

    Example:
        >>> sums, sent = ring_allreduce([np.array([1.0, 2.0]), np.array([10.0, 20.0])])
        >>> [each.tolist() for each in sums], sent.tolist()
        ([[11.0, 22.0], [11.0, 22.0]], [2.0, 2.0])

    References:
        [patarasuk2009bandwidth].
    """
    arrays = [np.asarray(vector, dtype=np.float64) for vector in vectors]
    if not arrays or any(array.ndim != 1 or array.shape != arrays[0].shape for array in arrays):
        raise ValueError(f"every rank needs a vector of one length, got shapes {[array.shape for array in arrays]}")
    n, sent = len(arrays), np.zeros(len(arrays))
    held = [np.array_split(array.copy(), n) for array in arrays]  # held[rank][chunk]
    for sums_are_whole in (False, True):
        for step in range(n - 1):
            # in one step all send at once, so what they send is taken before anything arrives
            going = [(rank, (rank - step + sums_are_whole) % n) for rank in range(n)]
            messages = [held[rank][chunk] for rank, chunk in going]
            for (rank, chunk), message in zip(going, messages, strict=True):
                after = (rank + 1) % n
                held[after][chunk] = message if sums_are_whole else held[after][chunk] + message
                sent[rank] += len(message)
    return [np.concatenate(chunks) for chunks in held], sent
