"""How much memory a post may use. Cells read records and draw; what needs more is an experiment."""

from __future__ import annotations

import contextlib
import resource

#: GiB, where the front matter has no `memory:`.
MEMORY = 4.0
#: Seconds, where the front matter has no `timeout:`.
TIMEOUT = 300.0


def limit_memory(gigabytes: float) -> None:
    """Let this process have so many GiB of its own data; beyond, a cell gets a MemoryError."""
    # data, not the address space: CUDA and memory maps reserve addresses that they never fill
    wanted = int(gigabytes * 2**30)
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    with contextlib.suppress(ValueError, OSError):  # a system that has no such limit
        resource.setrlimit(resource.RLIMIT_DATA, (wanted if hard < 0 else min(wanted, hard), hard))
