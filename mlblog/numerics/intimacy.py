"""How near two nodes of a graph are, and which nodes look alike: walks with restarts, hops, and colour refinement.

Dimensions: E edges, each undirected edge once; N nodes; k size of a context.
"""

from __future__ import annotations

import torch
from torch import Tensor


def adjacency(edges: Tensor, nodes: int) -> Tensor:
    """The adjacency matrix A, (N, N) float64, of zeros and ones.

    Args:
        edges: (E, 2) whole numbers, each undirected edge once, none from a node to itself.
        nodes: N.

    Raises:
        ValueError: an edge is a loop or leaves the graph.
    """
    if edges.ndim != 2 or edges.shape[1] != 2:
        raise ValueError(f"edges (E, 2) expected, given {tuple(edges.shape)}")
    if len(edges) and (edges.min() < 0 or edges.max() >= nodes or (edges[:, 0] == edges[:, 1]).any()):
        raise ValueError(f"edges between two of {nodes} nodes expected")
    found = torch.zeros(nodes, nodes, dtype=torch.float64, device=edges.device)
    found[edges[:, 0], edges[:, 1]] = found[edges[:, 1], edges[:, 0]] = 1.0
    return found


def intimacy_matrix(edges: Tensor, nodes: int, *, restart: float = 0.15) -> Tensor:
    """PageRank from every node: how likely a walk that may start again is to be where.

        S = α (I - (1 - α) Ā)⁻¹,   Ā = A D⁻¹

    S[i, j] is the probability that a walk from j, which returns to j with probability α before each step, is at i.
    Columns sum to 1. Detailed balance gives S[i, j] d_j = S[j, i] d_i. A node without edges stays where it is.

    Args:
        edges: (E, 2), as for `adjacency`.
        nodes: N.
        restart: α, in (0, 1].

    Returns:
        (N, N), float64.

    Raises:
        ValueError: α outside its range, or edges that do not fit.

    Example:
        >>> intimacy_matrix(torch.tensor([[0, 1]]), 2, restart=0.5)
        tensor([[0.6667, 0.3333],
                [0.3333, 0.6667]], dtype=torch.float64)

    References:
        [zhang2020graph], section 3.1, with α = 0.15.
    """
    if not 0 < restart <= 1:
        raise ValueError(f"a probability of restarts in (0, 1] expected, given {restart}")
    joined = adjacency(edges, nodes)
    joined += torch.diag((joined.sum(0) == 0).to(joined))
    unit = torch.eye(nodes, dtype=joined.dtype, device=joined.device)
    return restart * torch.linalg.inv(unit - (1 - restart) * joined / joined.sum(0))  # type: ignore[no-any-return]


def hop_distance(edges: Tensor, nodes: int) -> Tensor:
    """The number of edges on a shortest path between any two nodes; N where there is none.

    Args:
        edges: (E, 2), as for `adjacency`.
        nodes: N.

    Returns:
        (N, N) int64.

    References:
        [zhang2020graph], section 3.2.3.
    """
    joined = adjacency(edges, nodes).float()
    found = torch.full((nodes, nodes), nodes, device=edges.device)
    at, hops = torch.eye(nodes, dtype=torch.bool, device=edges.device), 0
    while at.any():
        found[at] = hops
        hops += 1
        at = (at.float() @ joined > 0) & (found == nodes)
    return found


def wl_roles(edges: Tensor, nodes: int, *, rounds: int | None = None) -> Tensor:
    """The Weisfeiler-Lehman colour of each node, refined until nothing more is told apart.

        c(i) ← the rank of (c(i), sorted c(j) of neighbours j) among all nodes' such pairs

    Numbers are ranks, so they do not depend on how nodes are numbered. The first round sorts by degree; later ones keep
    that order and refine it.

    Args:
        edges: (E, 2), as for `adjacency`.
        nodes: N.
        rounds: of refinement; as many as change anything if not given.

    Returns:
        (N,) int64, from 0 without gaps.

    Example:
        >>> wl_roles(torch.tensor([[0, 1], [1, 2], [2, 3]]), 4).tolist()
        [0, 1, 1, 0]

    References:
        [shervashidze2011weisfeiler], section 3.1; [zhang2020graph], section 3.2.2, where roles have no stated order.
    """
    beside = [torch.nonzero(row).flatten().tolist() for row in adjacency(edges, nodes)]
    roles = [0] * nodes
    for _ in range(nodes if rounds is None else rounds):
        told = [(roles[i], tuple(sorted(roles[j] for j in some))) for i, some in enumerate(beside)]
        rank = {one: place for place, one in enumerate(sorted(set(told)))}
        settled = len(rank) == len(set(roles))
        roles = [rank[one] for one in told]
        if settled:
            break
    return torch.tensor(roles, device=edges.device)


def nearest_contexts(scores: Tensor, size: int) -> Tensor:
    """For each node the k others of the highest score, highest first; of equal ones the first.

    Args:
        scores: (N, N), row i for node i.
        size: k, less than N.

    Returns:
        (N, k) int64.

    Raises:
        ValueError: there are not as many others.

    References:
        [zhang2020graph], definition 3, with the threshold that leaves k.
    """
    if scores.ndim != 2 or scores.shape[0] != scores.shape[1] or not 0 <= size < max(len(scores), 1):
        raise ValueError(f"scores (N, N) and fewer than N others expected, given {tuple(scores.shape)} and {size}")
    own = torch.eye(len(scores), dtype=torch.bool, device=scores.device)
    return scores.masked_fill(own, -torch.inf).argsort(dim=1, descending=True, stable=True)[:, :size]


def context_means(edges: Tensor, nodes: int, *, inner: int, outer: int, anchors: int) -> Tensor:
    """What a linear layer on the graph around each node's neighbourhood averages over.

    The context graph of v has the nodes that are `inner` to `outer` hops from v, and the edges between them. In it a
    node takes the mean of itself and its neighbours; the rows here are means of that over the nodes within `anchors`
    hops, which the neighbourhood and its context share. v itself has no weight if `inner` is at least 1.

    Args:
        edges: (E, 2), as for `adjacency`.
        nodes: N.
        inner: r₁.
        outer: r₂.
        anchors: K, the hops that the network sees; r₁ ≤ K ≤ r₂.

    Returns:
        (N, N) float64; rows sum to 1, or to 0 for a node without a context.

    References:
        [hu2020strategies], section 3.1.1.
    """
    if not 0 <= inner <= anchors <= outer:
        raise ValueError(f"0 ≤ inner ≤ anchors ≤ outer expected, given {inner}, {anchors} and {outer}")
    looped = adjacency(edges, nodes) + torch.eye(nodes, dtype=torch.float64, device=edges.device)
    hops, found = hop_distance(edges, nodes), torch.zeros_like(looped)
    for node in range(nodes):
        around = torch.nonzero((hops[node] >= inner) & (hops[node] <= outer)).flatten()
        shared = hops[node, around] <= anchors
        if shared.any():
            within = looped[around][:, around][shared]
            found[node, around] = (within / within.sum(1, keepdim=True)).mean(0)
    return found
