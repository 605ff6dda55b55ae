"""Graph convolutional networks against dense matrices in NumPy, and what is known of their energy."""

from __future__ import annotations

import networkx
import numpy as np
import pytest
import torch
from torch import Tensor

from mlblog.models.gcn import (
    GraphConvolution,
    GraphNetwork,
    InitialResidual,
    Propagation,
    Residual,
    pair_norm,
    pair_norm_relu,
    unchanged,
)
from mlblog.numerics.propagation import dirichlet_energy, mixing_rate, symmetric_operator

N, D, H, C, S = 11, 5, 4, 3, 2
GRAPH = networkx.gnm_random_graph(N, 17, seed=1)
EDGES = torch.tensor(list(GRAPH.edges))
LOOPED = networkx.to_numpy_array(GRAPH) + np.eye(N)
DENSE = LOOPED / np.sqrt(np.outer(LOOPED.sum(1), LOOPED.sum(1)))


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def made(layers: list[torch.nn.Module]) -> GraphNetwork:
    torch.manual_seed(0)
    return GraphNetwork(D, H, C, layers).double()


def by_numpy(net: GraphNetwork, x: np.ndarray, dense: np.ndarray) -> np.ndarray:
    """All kinds of layers, written once more."""
    weight = {name: value.detach().numpy() for name, value in net.named_parameters()}
    start = h = np.maximum(x @ weight["encoder.weight"].T + weight["encoder.bias"], 0)
    w = [weight[name].T for name in weight if name.startswith("layers")]
    h = np.maximum(dense @ h @ w[0], 0)
    h = dense @ h @ w[1]
    h = h + np.maximum(dense @ h @ w[2], 0)
    mixed = 0.8 * dense @ h + 0.2 * start
    beta = np.log(1.5 / 4 + 1)
    h = np.maximum(mixed @ ((1 - beta) * np.eye(H) + beta * w[3]), 0)
    h = dense @ h
    h = dense @ h @ w[4]
    h = h - h.mean(0)
    h = np.maximum(h / np.sqrt((h**2).sum(1).mean() / H), 0)
    return h @ weight["readout.weight"].T + weight["readout.bias"]


def test_every_kind_of_layer_is_what_dense_matrices_give() -> None:
    net = made([
        GraphConvolution(H), GraphConvolution(H, then=unchanged), Residual(GraphConvolution(H)),
        InitialResidual(H, 4, alpha=0.2, strength=1.5), Propagation(), GraphConvolution(H, then=pair_norm_relu),
    ])  # fmt: skip
    x = drawn(S, N, D)
    found = net(symmetric_operator(EDGES, N), x).detach().numpy()
    for one in range(S):
        np.testing.assert_allclose(found[one], by_numpy(net, x[one].numpy(), DENSE), atol=1e-12)
    alone = net(symmetric_operator(EDGES[:0], N), x[0]).detach().numpy()
    np.testing.assert_allclose(alone, by_numpy(net, x[0].numpy(), np.eye(N)), atol=1e-12)


def test_numbering_nodes_otherwise_changes_nothing() -> None:
    net = made([GraphConvolution(H), InitialResidual(H, 2)])
    x, order = drawn(N, D), torch.randperm(N, generator=torch.Generator().manual_seed(2))
    renamed = torch.argsort(order)[EDGES]
    found = net(symmetric_operator(renamed, N), x[order])
    torch.testing.assert_close(found, net(symmetric_operator(EDGES, N), x)[order])


def test_a_node_sees_as_many_edges_far_as_there_are_layers() -> None:
    path = torch.tensor([[node, node + 1] for node in range(N - 1)])
    net, x = made([GraphConvolution(H, then=unchanged) for _ in range(2)]), drawn(N, D).requires_grad_()
    (slope,) = torch.autograd.grad(net(symmetric_operator(path, N), x)[5].sum(), x)
    assert slope.abs().sum(1).nonzero().flatten().tolist() == [3, 4, 5, 6, 7]


@pytest.mark.parametrize("seed", range(5))
def test_no_part_of_a_layer_raises_energy_beyond_its_bound(seed: int) -> None:
    """P by λ² at least, a map by its largest singular value squared at most, ReLU never."""
    operator, x = symmetric_operator(EDGES, N), drawn(N, H, seed=seed)
    rate, weight = mixing_rate(EDGES, N), drawn(H, H, seed=seed + 10)
    before = dirichlet_energy(x, EDGES)
    spread = dirichlet_energy(operator @ x, EDGES)
    assert spread <= rate**2 * before * (1 + 1e-9)
    mapped = dirichlet_energy(operator @ x @ weight, EDGES)
    assert mapped <= np.linalg.svd(weight.numpy())[1][0] ** 2 * spread * (1 + 1e-9)
    assert dirichlet_energy((operator @ x @ weight).relu(), EDGES) <= mapped
    assert dirichlet_energy(7 * x, EDGES).item() == pytest.approx(49 * before.item())  # what no quotient shows


def test_pair_norm_leaves_lengths_alone_and_no_mean() -> None:
    x = 3 * drawn(S, N, H) + 5
    found = pair_norm(x)
    assert found.mean(-2).abs().max() < 1e-12
    assert found.square().sum(-1).mean(-1).tolist() == pytest.approx([H, H])
    torch.testing.assert_close(pair_norm(x[0]), found[0])
    assert torch.equal(pair_norm(torch.ones(N, H)), torch.zeros(N, H))


def test_a_layer_learns_what_only_neighbours_know() -> None:
    """The label of a node is the sign of its neighbours' first features, of which its own is independent."""
    graph = networkx.random_regular_graph(4, 300, seed=0)
    edges = torch.tensor(list(graph.edges))
    x = drawn(300, D).float()
    label = (torch.tensor(networkx.to_numpy_array(graph, nodelist=range(300))).float() @ x[:, 0] > 0).long()
    right = []
    for some in (edges, edges[:0]):
        torch.manual_seed(0)
        net = GraphNetwork(D, 16, 2, [GraphConvolution(16)])
        operator = symmetric_operator(some, 300).float()
        optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
        for _ in range(60):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(net(operator, x)[:150], label[:150]).backward()
            optimizer.step()
        right.append((net(operator, x).argmax(1) == label)[150:].float().mean().item())
    assert right[0] > 0.75 > 0.6 > right[1]
