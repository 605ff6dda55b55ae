"""Propagation on undirected graphs: its two operators, what repeating them leads to, how fast, and Dirichlet energy.

    random walk  D⁻¹ (A + s I),   symmetric  D^-½ (A + s I) D^-½,   D = the degrees of A + s I

Dimensions: E edges, each once; N nodes; D features. All nodes have the same weight s of self-loops, 1 unless said.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def degrees(edges: Tensor, nodes: int, *, loops: float = 1.0) -> Tensor:
    """The degree of each node, shape (N,), float64, self-loops included.

    Args:
        edges: (E, 2) whole numbers, each undirected edge once, none from a node to itself.
        nodes: N.
        loops: s, at least 0.

    Raises:
        ValueError: an edge is doubled, a loop or outside the graph, s is negative, or a node has degree 0.
    """
    if edges.ndim != 2 or edges.shape[1] != 2 or loops < 0:
        raise ValueError(f"edges of shape (E, 2) and loops of at least 0 expected, given {tuple(edges.shape)}, {loops}")
    if len(edges) and (edges.min() < 0 or edges.max() >= nodes or (edges[:, 0] == edges[:, 1]).any()):
        raise ValueError(f"edges between two of {nodes} nodes expected")
    if len({tuple(sorted(edge)) for edge in edges.tolist()}) < len(edges):
        raise ValueError("each edge is expected once")
    found = torch.bincount(edges.flatten(), minlength=nodes).double() + loops
    if (found == 0).any():
        raise ValueError("without self-loops every node needs an edge")
    return found


def random_walk_operator(edges: Tensor, nodes: int, *, loops: float = 1.0) -> Tensor:
    """D⁻¹ (A + s I), whose rows are the probabilities of a walk's next node.

    Args:
        edges: (E, 2), as for `degrees`.
        nodes: N.
        loops: s.

    Returns:
        (N, N), a sparse tensor, float64.

    Example:
        >>> random_walk_operator(torch.tensor([[0, 1], [1, 2]]), 3, loops=0.0).to_dense().tolist()
        [[0.0, 1.0, 0.0], [0.5, 0.0, 0.5], [0.0, 1.0, 0.0]]
    """
    d = degrees(edges, nodes, loops=loops)
    return _operator(edges, nodes, loops, 1 / d, torch.ones_like(d))


def symmetric_operator(edges: Tensor, nodes: int, *, loops: float = 1.0) -> Tensor:
    """D^-½ (A + s I) D^-½, the operator of graph convolutional networks.

    Args:
        edges: (E, 2), as for `degrees`.
        nodes: N.
        loops: s.

    Returns:
        (N, N), a sparse tensor, float64.

    References:
        [kipf2017semi], eq. 2, with s = 1.
    """
    scale = degrees(edges, nodes, loops=loops).rsqrt()
    return _operator(edges, nodes, loops, scale, scale)


def _operator(edges: Tensor, nodes: int, loops: float, left: Tensor, right: Tensor) -> Tensor:
    own = torch.arange(nodes, device=edges.device) if loops else edges.new_empty(0)
    rows, columns = torch.cat((edges[:, 0], edges[:, 1], own)), torch.cat((edges[:, 1], edges[:, 0], own))
    weights = torch.ones(len(rows), dtype=torch.float64, device=edges.device)
    weights[2 * len(edges) :] = loops
    values = left[rows] * weights * right[columns]
    return torch.sparse_coo_tensor(
        torch.stack((rows, columns)), values, (nodes, nodes), check_invariants=True
    ).coalesce()


def propagate(operator: Tensor, x: Tensor) -> Tensor:
    """One step: each node's features become the weighted sum of its neighbours' and its own.

    The sum is taken in the operator's precision.

    Args:
        operator: (N, N), sparse.
        x: (…, N, D).

    Returns:
        (…, N, D), in the precision of `x`.
    """
    if x.shape[-2:-1] != operator.shape[1:]:
        raise ValueError(f"features (…, {operator.shape[1]}, D) expected, given {tuple(x.shape)}")
    columns = x.movedim(-2, 0).to(operator.dtype)  # (N, …, D)
    summed: Tensor = torch.sparse.mm(operator, columns.reshape(len(columns), -1))
    return summed.reshape(columns.shape).movedim(0, -2).to(x.dtype)


def dirichlet_energy(x: Tensor, edges: Tensor, *, loops: float = 1.0) -> Tensor:
    """How much features differ along edges, measured as the symmetric operator P does.

        E(X) = sum over edges {i, j} of ‖x_i / √d_i - x_j / √d_j‖² = tr Xᵀ (I - P) X

    It is 0 where X is in the limit of repeated propagation; the sum over edges keeps digits that the trace loses there.

    Args:
        x: (…, N, D).
        edges: (E, 2), as for `degrees`.
        loops: s, in the degrees; a loop itself adds nothing.

    Returns:
        (…), at least 0.

    References:
        [cai2020note], definition 2.1.
    """
    scaled = x / degrees(edges, x.shape[-2], loops=loops).sqrt().to(x).unsqueeze(-1)
    return (scaled[..., edges[:, 0], :] - scaled[..., edges[:, 1], :]).square().sum((-1, -2))


def components(edges: Tensor, nodes: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The connected component of each node, and its side.

    Args:
        edges: (E, 2).
        nodes: N.

    Returns:
        Numbers of components, (N,), from 0; and sides, (N,): 0 and 1 such that all edges of a bipartite component
        cross, -1 in a component that is not bipartite.
    """
    beside: list[list[int]] = [[] for _ in range(nodes)]
    for i, j in edges.tolist():
        beside[i].append(j)
        beside[j].append(i)
    component, side = np.full(nodes, -1), np.zeros(nodes, dtype=np.int64)
    count = 0
    for first in range(nodes):
        if component[first] >= 0:
            continue
        component[first], ahead, crossed = count, deque([first]), True
        while ahead:
            node = ahead.popleft()
            for other in beside[node]:
                if component[other] < 0:
                    component[other], side[other] = count, 1 - side[node]
                    ahead.append(other)
                crossed &= bool(side[other] != side[node])
        if not crossed:
            side[component == count] = -1
        count += 1
    return component, side


def random_walk_limit(x: Tensor, edges: Tensor, *, loops: float = 1.0) -> Tensor:
    """What the random-walk operator leads to: in each component the mean of x, weighted by degrees, at every node.

    Args:
        x: (…, N, D).
        edges: (E, 2), as for `degrees`.
        loops: s.

    Returns:
        (…, N, D).

    Raises:
        ValueError: there is no limit, since a component is bipartite and s = 0: values change sides for ever.

    References:
        [li2018deeper], theorem 1, for s = 1.
    """
    d = degrees(edges, x.shape[-2], loops=loops)
    component, side = components(edges, x.shape[-2])
    if not loops and (side >= 0).any():
        raise ValueError("a bipartite component without self-loops has no limit")
    member = torch.nn.functional.one_hot(torch.from_numpy(component).to(x.device)).double()  # (N, components)
    share = (member * d.unsqueeze(1) / (d @ member)).to(x)  # of a node in its component's mean
    return member.to(x) @ (share.mT @ x)


def symmetric_limit(x: Tensor, edges: Tensor, *, loops: float = 1.0) -> Tensor:
    """What the symmetric operator leads to: in each component a multiple of the square roots of degrees.

    D^½ turns one operator into the other, and so their limits. Arguments, result and errors as in `random_walk_limit`.
    """
    root = degrees(edges, x.shape[-2], loops=loops).sqrt().to(x).unsqueeze(-1)
    return root * random_walk_limit(x / root, edges, loops=loops)


def eigenvalues(edges: Tensor, nodes: int, *, loops: float = 1.0) -> NDArray[np.float64]:
    """Eigenvalues of either operator, from the largest to the smallest, shape (N,): one 1 for each component is first.

    Both operators have the same, in [-1, 1]; -1 is one of them only if s = 0 and a component is bipartite. By a dense
    solver: N³ operations.
    """
    dense = symmetric_operator(edges, nodes, loops=loops).to_dense()
    found: NDArray[np.float64] = torch.linalg.eigvalsh(dense).flip(0).cpu().numpy()
    return found


def mixing_rate(edges: Tensor, nodes: int, *, loops: float = 1.0) -> float:
    """The factor by which a step brings features nearer to the limit, in the long run: the second largest |eigenvalue|.

    Of the eigenvalues that are 1, one for each component is left out. Energy shrinks by the square of it. A rate of 1
    means that there is no limit.

    Args:
        edges: (E, 2), as for `degrees`.
        nodes: N.
        loops: s.
    """
    count = int(components(edges, nodes)[0].max()) + 1
    rest = np.abs(eigenvalues(edges, nodes, loops=loops)[count:])
    return float(rest.max(initial=0.0))
