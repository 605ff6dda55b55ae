"""What makes a run repeatable: seeds, threads and deterministic algorithms, set before an experiment starts.

This is the one file of the engine that can change a result, so it is in the manifest of every experiment.
"""

from __future__ import annotations

import importlib.util
import os
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


@contextmanager
def deterministic(seed: int, device: str) -> Iterator[list[str]]:
    """Seed Python, NumPy and torch, ask torch for deterministic algorithms, and use one CPU thread.

    One thread, because the order of a sum decides its last bits: results must not depend on the number of cores.

    Args:
        seed: of every generator, 0 ≤ seed < 2**32.
        device: `cpu` or `cuda`.

    Yields:
        The names of operations found not to be deterministic on this device; the list grows while the block runs.
    """
    random.seed(seed)
    np.random.seed(seed)  # experiments may use the legacy generator
    offenders: list[str] = []
    if importlib.util.find_spec("torch") is None:
        yield offenders
        return
    # cuBLAS is deterministic only with a fixed workspace, and reads this when it is first used
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    import torch

    torch.manual_seed(seed)  # seeds every CUDA device too
    before = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    if device == "cpu":
        torch.set_num_threads(1)
    try:
        with warnings.catch_warnings():
            show = warnings.showwarning

            def note(message, category, filename, lineno, file=None, line=None):  # type: ignore[no-untyped-def]
                if "does not have a deterministic implementation" in str(message):
                    offenders.append(str(message).split(" ", 1)[0])
                else:
                    show(message, category, filename, lineno, file, line)

            warnings.filterwarnings("always", message=".*does not have a deterministic implementation.*")
            warnings.showwarning = note
            yield offenders
    finally:
        torch.use_deterministic_algorithms(before[0])
        torch.set_num_threads(before[1])
