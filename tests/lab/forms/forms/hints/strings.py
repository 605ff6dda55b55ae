from __future__ import annotations


def scaled(x: 2 * 3, y: float = 1) -> list[int]:
    return x
