"""What the fixture `run` gives a test, and how the test reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlblog.press import Outputs, Post

Run = Callable[..., tuple[Post, Outputs]]


def texts(outputs: Any) -> list[str]:
    """Plain text of every output of a unit."""
    return [output.get("text") or output["data"]["text/plain"] for output in outputs]
