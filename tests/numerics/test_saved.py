"""Bytes that autograd keeps, against counts by hand and against what the nodes of a graph hold."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mlblog.numerics.saved import SavedTensors


def held(y: Tensor, apart: list[Tensor]) -> int:
    """Bytes of all tensors that the nodes of a graph name as saved, each storage once."""
    nodes, seen, found = [y.grad_fn], set(), dict[int, int]()
    while nodes:
        node = nodes.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        nodes += [after for after, _ in node.next_functions]
        for name in dir(node):
            kept = getattr(node, name) if name.startswith("_saved_") else None
            if isinstance(kept, Tensor):
                found[kept.untyped_storage().data_ptr()] = kept.untyped_storage().nbytes()
    for tensor in apart:
        found.pop(tensor.untyped_storage().data_ptr(), None)
    return sum(found.values())


def test_a_network_keeps_what_its_nodes_hold() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 7), nn.ReLU(), nn.Linear(7, 7), nn.Sigmoid(), nn.LayerNorm(7), nn.Linear(7, 2))
    x, weights = torch.randn(5, 3), [*net.parameters()]
    y = net(x).exp().sum()
    with SavedTensors(weights) as saved:
        again = net(x).exp().sum()
    assert saved.peak == saved.now == held(y, weights)
    assert saved.peak > 0
    again.backward()
    assert saved.now == 0


def test_counts_by_hand() -> None:
    x = torch.randn(6, 5, requires_grad=True)
    with SavedTensors() as saved:
        y = x.exp()  # 30 numbers
        z = y * y[:3].sum()  # y is kept already; the sum, of 4 bytes, is not
    assert saved.now == 30 * 4 + 4
    with SavedTensors(apart=[x]) as saved:
        (x * x).sum().backward()
    assert saved.peak == 0
    with SavedTensors() as saved:
        w = (x.half() * x.half().detach()).sum()  # 30 numbers of two bytes, those that have a gradient need not be kept
    assert saved.now == 30 * 2
    del y, z, w
    assert saved.now == 0


def test_the_peak_is_the_most_at_one_time() -> None:
    x = torch.ones(10, requires_grad=True)
    with SavedTensors() as saved:
        for _ in range(3):
            x.exp().sum().backward()
            assert saved.now == 0
    assert saved.peak == 40


def test_what_comes_after_is_not_counted() -> None:
    x = torch.ones(10, requires_grad=True)
    with SavedTensors() as saved:
        pass
    y = x.exp()
    assert saved.peak == 0
    y.sum().backward()
    assert x.grad is not None
