"""Graph-BERT node by node, and what each of its parts can tell."""

from __future__ import annotations

import networkx
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mlblog.models.gcn import ConvolutionBlock, GraphNetwork
from mlblog.models.graph_bert import (
    BareBlock,
    Contexts,
    GraphBert,
    IntimacyEmbedding,
    SinusoidEmbedding,
    TableEmbedding,
    linkless_contexts,
    mean_state,
    own_state,
)
from mlblog.models.transformer import EncoderBlock
from mlblog.numerics.intimacy import hop_distance, intimacy_matrix, nearest_contexts, wl_roles
from mlblog.numerics.propagation import symmetric_operator

N, D, H, C, K = 11, 5, 6, 3, 4
GRAPH = networkx.gnm_random_graph(N, 17, seed=1)
EDGES = torch.tensor(list(GRAPH.edges))
NEAR = intimacy_matrix(EDGES, N)
ROLES, HOPS, OTHERS = wl_roles(EDGES, N), hop_distance(EDGES, N), nearest_contexts(NEAR, K)
TOLD = linkless_contexts(OTHERS, roles=ROLES, hops=HOPS, intimacy=NEAR)
X = torch.randn(N, D, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def made(*embeddings: nn.Module, fuse: object = mean_state) -> GraphBert:
    torch.manual_seed(0)
    blocks = [EncoderBlock(H, 2, 7), BareBlock(H, 2, 7)]
    return GraphBert(D, H, C, blocks, embeddings, fuse=fuse).double()  # type: ignore[arg-type]


def test_contexts_tell_of_each_node_what_matrices_say() -> None:
    for i in range(N):
        members = [i, *OTHERS[i].tolist()]
        assert TOLD.nodes[i].tolist() == members
        assert TOLD.ranks[i].tolist() == list(range(K + 1))
        assert TOLD.roles[i].tolist() == [int(ROLES[j]) for j in members]
        assert TOLD.hops[i].tolist() == [networkx.shortest_path_length(GRAPH, i, j) for j in members]
        assert TOLD.intimacy[i].tolist() == [float(NEAR[i, j]) for j in members]
    asked = TOLD.of(torch.tensor([3, 0]))
    assert all(torch.equal(part, whole[[3, 0]]) for part, whole in zip(asked, TOLD, strict=True))
    with pytest.raises(ValueError, match="roles"):
        linkless_contexts(OTHERS, roles=ROLES[:3], hops=HOPS, intimacy=NEAR)


def sinusoids(number: int) -> list[float]:
    angles = [number / 10_000 ** (2 * i / H) for i in range(H // 2)]
    return [f(angle) for angle in angles for f in (np.sin, np.cos)]


@pytest.mark.parametrize("fuse", [mean_state, own_state])
def test_one_node_at_a_time_gives_the_same(fuse: object) -> None:
    """Sums of embeddings by hand, one context at a time through the blocks."""
    table = TableEmbedding("roles", int(ROLES.max()), H)
    line = IntimacyEmbedding(H)
    net = made(SinusoidEmbedding("hops", N, H), SinusoidEmbedding("ranks", K, H), table, line, fuse=fuse)
    weight, bias = line.map.weight.detach()[:, 0], line.map.bias.detach()
    for i in range(N):
        rows = []
        for rank, j in enumerate([i, *OTHERS[i].tolist()]):
            hops = networkx.shortest_path_length(GRAPH, i, j)
            h = net.encoder(X[j]).detach() + torch.tensor(sinusoids(hops)) + torch.tensor(sinusoids(rank))
            rows.append(h + table.table.weight[int(ROLES[j])].detach() + weight * np.log(float(NEAR[i, j])) + bias)
        h = torch.stack(rows)
        for block in net.blocks:
            h = block(h)
        expected = net.readout(h.sum(0) / (K + 1) if fuse is mean_state else h[0])
        torch.testing.assert_close(net(X, TOLD.of(torch.tensor([i])))[0], expected, rtol=1e-6, atol=1e-6)
    layers = net.layers(X, TOLD)
    assert [tuple(layer.shape) for layer in layers] == [(N, H)] * 3
    torch.testing.assert_close(net.readout(layers[-1]), net(X, TOLD))
    torch.testing.assert_close(net.states(X, TOLD), layers[-1])


def test_a_mean_without_places_cannot_tell_who_is_asked_about() -> None:
    """The same people in another order: hops or ranks tell, roles and features do not."""
    turned = Contexts(*(part.flip(1) for part in TOLD))._replace(ranks=TOLD.ranks, hops=TOLD.hops)
    roles = SinusoidEmbedding("roles", int(ROLES.max()), H)
    torch.testing.assert_close(made(roles)(X, turned), made(roles)(X, TOLD))
    for embed in (SinusoidEmbedding("ranks", K, H), SinusoidEmbedding("hops", N, H)):
        assert (made(embed)(X, turned) - made(embed)(X, TOLD)).abs().max() > 1e-3
    assert (made(roles, fuse=own_state)(X, turned) - made(roles, fuse=own_state)(X, TOLD)).abs().max() > 1e-3


def test_nobody_outside_a_context_counts_however_deep() -> None:
    torch.manual_seed(0)
    net = GraphBert(D, H, C, [EncoderBlock(H, 2, 7) for _ in range(9)], []).double()
    for i in range(N):
        outside = [j for j in range(N) if j not in TOLD.nodes[i].tolist()]
        other = X.clone()
        other[outside] += 1.0
        assert torch.equal(net(other, TOLD)[i], net(X, TOLD)[i])


def test_sizes_last_through_bare_blocks() -> None:
    torch.manual_seed(0)
    x = torch.randn(400, 1, 64)
    for _ in range(6):
        before, x = x, BareBlock(64, 2, 128)(x)
        assert 0.6 < (x.square().mean() / before.square().mean()).item() < 1.7


def test_propagation_in_blocks_is_what_dense_matrices_give() -> None:
    torch.manual_seed(0)
    net = GraphNetwork(D, H, C, [ConvolutionBlock(H, 7)]).double()
    dense = networkx.to_numpy_array(GRAPH) + np.eye(N)
    dense /= np.sqrt(np.outer(dense.sum(1), dense.sum(1)))
    weight = {name: value.detach().numpy() for name, value in net.named_parameters()}

    def norm(h: np.ndarray, name: str) -> np.ndarray:
        scaled = (h - h.mean(1, keepdims=True)) / np.sqrt(h.var(1, keepdims=True) + 1e-5)
        return scaled * weight[f"{name}.weight"] + weight[f"{name}.bias"]

    def line(h: np.ndarray, name: str) -> np.ndarray:
        return h @ weight[f"{name}.weight"].T + weight[f"{name}.bias"]

    h = np.maximum(line(X.numpy(), "encoder"), 0)
    h = h + line(dense @ norm(h, "layers.0.norm"), "layers.0.linear")
    h = h + line(np.maximum(line(norm(h, "layers.0.think_norm"), "layers.0.think.0"), 0), "layers.0.think.2")
    found: Tensor = net(symmetric_operator(EDGES, N), X)
    np.testing.assert_allclose(found.detach(), line(h, "readout"), atol=1e-9)
