"""A sign, walls, a question."""

from __future__ import annotations

import numpy as np
import pytest

from mlblog.data.corridor import draw_corridors


def test_a_corridor_has_a_sign_then_walls_then_the_question() -> None:
    steps, signs = draw_corridors(400, length=6, signs=3, walls=5, rng=np.random.default_rng(1))
    assert steps.shape == (400, 6)
    assert steps[:, 0].tolist() == signs.tolist()
    assert set(signs.tolist()) == {0, 1, 2}
    assert set(steps[:, 1:-1].ravel().tolist()) == {3, 4, 5, 6, 7}
    assert set(steps[:, -1].tolist()) == {8}
    assert min(np.bincount(signs)) > 100
    steps[0, 0] = 7
    assert signs[0] < 3  # a copy


def test_a_corridor_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="length of at least 2"):
        draw_corridors(3, length=1, signs=2, walls=2, rng=np.random.default_rng(0))
