"""Spirals: complex exponentials, directions, and what is seen."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mlblog.data.spirals import FARTHEST, FIRST, LAST, PITCH, SEEN, STEP, Spirals, draw_spirals, spiral_paths


def spirals(seen: int = 30, noise: float = 0.1, seed: int = 0) -> Spirals:
    return draw_spirals(41, seen, noise, generator=torch.Generator().manual_seed(seed))


def test_paths_are_complex_exponentials() -> None:
    paths = spiral_paths(torch.tensor([2.0, 3.0]), torch.tensor([False, True])).double().numpy()
    angles = np.array([2.0, 3.0])[:, None] + STEP * np.arange(200)
    outward = PITCH * angles[0] * np.exp(1j * angles[0])
    inward = PITCH * (FIRST + LAST - angles[1]) * np.exp(-1j * angles[1])
    np.testing.assert_allclose(paths[0], np.stack((outward.real, outward.imag), -1), atol=1e-5)
    np.testing.assert_allclose(paths[1], np.stack((inward.real, inward.imag), -1), atol=1e-5)


def test_half_turn_each_way_outwards_or_inwards() -> None:
    x, y = spirals().paths.unbind(-1)
    turn = x[:, :-1] * y[:, 1:] - y[:, :-1] * x[:, 1:]
    radius = torch.hypot(x, y)
    assert (turn[:21] > 0).all()
    assert (turn[21:] < 0).all()
    assert (radius[:21].diff() > 0).all()
    assert (radius[21:].diff() < 0).all()
    assert radius.min() >= PITCH * FIRST - 1e-5


def test_points_are_seen_in_order_with_noise_and_none_twice() -> None:
    some = draw_spirals(400, 30, 0.1, generator=torch.Generator().manual_seed(3))
    assert (some.rows.diff(dim=1) > 0).all()
    assert 0 <= some.rows.min() <= some.rows.max() < SEEN
    clean = torch.stack([path[rows] for path, rows in zip(some.paths, some.rows, strict=True)])
    off = some.points - clean
    assert off.std().item() == pytest.approx(0.1, rel=0.03)
    assert off.mean().item() == pytest.approx(0, abs=0.003)
    assert torch.bincount(some.rows.flatten(), minlength=SEEN).double().std() / 120 < 0.12  # 120 of each on average
    torch.testing.assert_close(some.times, some.rows * STEP)


def test_none_is_seen_beyond_the_farthest_angle() -> None:
    some = draw_spirals(3_000, 100, 0.0, generator=torch.Generator().manual_seed(4))
    last = some.begin + STEP * (SEEN - 1)
    assert last.max() <= FARTHEST
    assert last.max() > FARTHEST - 0.1
    assert some.begin.min() >= FIRST


@pytest.mark.parametrize("seen", [0, 101])
def test_no_more_can_be_seen_than_there_is(seen: int) -> None:
    with pytest.raises(ValueError, match="1 to 100"):
        spirals(seen)
