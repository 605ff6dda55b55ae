"""The rows for contexts without edges, for networks that read them, and for losses before labels."""

from __future__ import annotations

import networkx
import torch
import torch.nn.functional as F
from graph_rows import EDGES, OPERATOR, SYMMETRIC, _OnGraph, by
from table import Row
from torch import Tensor, nn

from mlblog.losses import graphs
from mlblog.models import gcn, graph_bert
from mlblog.numerics import intimacy

_generator = torch.Generator().manual_seed(29)


def numbers(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=_generator)


GRAPH = networkx.Graph(EDGES.tolist())
HOPS = torch.from_numpy(networkx.floyd_warshall_numpy(GRAPH, nodelist=range(5)))
WALKED = [networkx.pagerank(GRAPH, 0.85, {i: 1.0}, tol=1e-14, max_iter=1_000) for i in range(5)]
PAGERANK = torch.tensor([[WALKED[j][i] for j in range(5)] for i in range(5)], dtype=torch.float64)
NEAR = intimacy.intimacy_matrix(EDGES, 5)
NEAREST = [sorted({*range(5)} - {i}, key=lambda j, i=i: (-round(PAGERANK[i, j].item(), 9), j))[:2] for i in range(5)]
ROUNDED = NEAR.round(decimals=9)  # so that equal ones tie
OTHERS = intimacy.nearest_contexts(ROUNDED, 2)
TOLD = graph_bert.linkless_contexts(
    OTHERS, roles=intimacy.wl_roles(EDGES, 5), hops=intimacy.hop_distance(EDGES, 5), intimacy=NEAR
)
X, STATES, CONTEXT = numbers(4, 5, 3), numbers(4, 3), numbers(4, 3)
WRONG, IN_BLOCKS = numbers(4, 2, 3), numbers(4, 5, 6)


class _OfNodes(nn.Module):
    """An embedding of this graph's nodes, beside the nodes' features."""

    def __init__(self, of: nn.Module) -> None:
        super().__init__()
        self.of = of

    def forward(self, x: Tensor) -> Tensor:
        return x[..., TOLD.nodes, :] + self.of(TOLD).to(x.dtype)


class _Bert(nn.Module):
    """The network on this graph."""

    def __init__(self) -> None:
        super().__init__()
        self.of = graph_bert.GraphBert(3, 6, 2, [graph_bert.BareBlock(6, 2, 8)], [graph_bert.IntimacyEmbedding(6)])

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.of(x, TOLD)
        return found


def _ring_means() -> Tensor:
    """Means over the neighbours of each node, and what is beside them there."""
    found = torch.zeros(5, 5, dtype=torch.float64)
    for node in range(5):
        ring = GRAPH.subgraph([i for i in range(5) if i != node])
        for anchor in GRAPH[node]:
            for one in [anchor, *ring[anchor]]:
                found[node, one] += 1 / len(GRAPH[node]) / (1 + len(ring[anchor]))
    return found


def _cross_entropy(states: Tensor, contexts: Tensor, others: Tensor) -> Tensor:
    right, wrong = (states * contexts).sum(-1), (states.unsqueeze(-2) * others).sum(-1)
    return -F.logsigmoid(right) - F.logsigmoid(-wrong).mean(-1)


def _structure(x: Tensor) -> Tensor:
    cosines = F.cosine_similarity(x.unsqueeze(-2), x.unsqueeze(-3), dim=-1)
    return ((cosines - PAGERANK) ** 2 * (1 - torch.eye(5))).sum(-1) / 4


LINKLESS = [
    Row("numerics.intimacy.adjacency", lambda: lambda x: intimacy.adjacency(EDGES, 5).to(x) @ x, (X,),
        by(torch.from_numpy(networkx.to_numpy_array(GRAPH, nodelist=range(5)))), leading=True),
    Row("numerics.intimacy.intimacy_matrix", lambda: lambda x: intimacy.intimacy_matrix(EDGES, 5).to(x) @ x, (X,),
        by(PAGERANK), leading=True, slack=4),
    Row("numerics.intimacy.hop_distance", lambda: lambda x: intimacy.hop_distance(EDGES, 5).to(x) @ x, (X,), by(HOPS),
        leading=True, slack=4),
    Row("numerics.intimacy.wl_roles", lambda: lambda x: x * intimacy.wl_roles(EDGES, 5).to(x)[:, None], (X,),
        by(torch.tensor([2.0, 1, 2, 0, 0]).double().diag()), leading=True),
    Row("numerics.intimacy.nearest_contexts", lambda: lambda x: x[..., intimacy.nearest_contexts(ROUNDED, 2), :], (X,),
        lambda _: lambda x: x[..., torch.tensor(NEAREST), :], leading=True),
    Row("numerics.intimacy.context_means", lambda: lambda x: intimacy.context_means(
        EDGES, 5, inner=1, outer=2, anchors=1).to(x) @ x, (X,), by(_ring_means()), leading=True, slack=4),
    Row("losses.graphs.attribute_loss", lambda: graphs.attribute_loss, (STATES, CONTEXT),
        lambda _: lambda x, y: ((x - y) ** 2).sum(-1) / 3, batch=(0, 0), leading=True, slack=4),
    Row("losses.graphs.structure_loss", lambda: lambda x: graphs.structure_loss(x, NEAR), (X,), lambda _: _structure,
        leading=True, slack=4),
    Row("losses.graphs.context_prediction_loss", lambda: graphs.context_prediction_loss, (STATES, CONTEXT, WRONG),
        lambda _: _cross_entropy, batch=(0, 0, 0), leading=True, slack=4),
    Row("models.graph_bert.SinusoidEmbedding", lambda: _OfNodes(graph_bert.SinusoidEmbedding("ranks", 2, 3)), (X,),
        leading=True),
    Row("models.graph_bert.TableEmbedding", lambda: _OfNodes(graph_bert.TableEmbedding("hops", 5, 3)), (X,),
        lambda net: lambda x: x[..., TOLD.nodes, :] + F.one_hot(TOLD.hops, 6).double() @ net.of.table.weight,
        leading=True),
    Row("models.graph_bert.IntimacyEmbedding", lambda: _OfNodes(graph_bert.IntimacyEmbedding(3)), (X,), leading=True,
        slack=4),
    Row("models.graph_bert.BareBlock", lambda: graph_bert.BareBlock(6, 2, 8), (IN_BLOCKS,), leading=True, slack=4),
    Row("models.graph_bert.GraphBert", _Bert, (X,), leading=True, slack=8),
    Row("models.graph_bert.mean_state", lambda: graph_bert.mean_state, (X,), lambda _: lambda x: x.sum(-2) / 5,
        leading=True, slack=4),
    Row("models.graph_bert.own_state", lambda: graph_bert.own_state, (X,), lambda _: lambda x: x.select(-2, 0),
        leading=True),
    Row("models.gcn.ConvolutionBlock", lambda: _OnGraph(gcn.ConvolutionBlock(3, 4)), (X,),
        lambda net: lambda x: _block(net.of, x), leading=True, slack=8),
]  # fmt: skip


def _block(block: gcn.ConvolutionBlock, x: Tensor) -> Tensor:
    assert OPERATOR.shape == SYMMETRIC.shape
    x = x + block.linear(SYMMETRIC @ block.norm(x))
    return x + block.think(block.think_norm(x))
