"""The pointer transformer over points: no order but that of its answers."""

from __future__ import annotations

import torch

from mlblog.models.pointer_points import PointTransformer


@torch.no_grad()
def test_reordered_points_have_the_reordered_answer() -> None:
    torch.manual_seed(0)
    net = PointTransformer(inputs=2, width=12, heads=3, layers=2, hidden=20).double()
    points, order = torch.rand(9, 6, 2, dtype=torch.double), torch.tensor([4, 0, 5, 2, 1, 3])
    one, other = net.answer(points), net.answer(points[:, order])
    places = torch.cat((order, torch.tensor([6])))
    assert torch.equal(places[other], one)
    assert len({tuple(row) for row in one.tolist()}) > 1


@torch.no_grad()
def test_a_step_sees_only_what_stands_before_it() -> None:
    torch.manual_seed(1)
    net = PointTransformer(inputs=1, width=8, heads=2, layers=2, hidden=12)
    points = torch.rand(3, 5, 1)
    one, other = (net(points, torch.tensor([row] * 3)) for row in ([2, 1, 0, 4], [2, 1, 3, 0]))
    assert torch.allclose(one[:, :3], other[:, :3])
    assert not torch.allclose(one[:, 3], other[:, 3])
