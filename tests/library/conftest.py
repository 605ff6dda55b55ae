"""A test of the library that hangs fails, and the rest goes on; calls have the shapes that docstrings say."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
import torch
from shapes import check_shapes

torch.set_num_threads(1)  # the tensors are tiny
check_shapes()


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TimeoutError("it hangs")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(30)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
