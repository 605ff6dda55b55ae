"""Memory and time limits of posts. Cells read records and draw; longer computations belong in experiments."""

from __future__ import annotations

import contextlib
import resource

#: Default for `memory:` in the front matter, in GiB.
MEMORY = 4.0
#: Default for `timeout:` in the front matter, in seconds.
TIMEOUT = 300.0


def limit_memory(gigabytes: float) -> None:
    """Limit the data segment of this process; beyond it, a cell gets a MemoryError."""
    # data, not the address space: CUDA and memory maps reserve addresses that they never fill
    wanted = int(gigabytes * 2**30)
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    with contextlib.suppress(ValueError, OSError):  # not supported on this system
        resource.setrlimit(resource.RLIMIT_DATA, (wanted if hard < 0 else min(wanted, hard), hard))
