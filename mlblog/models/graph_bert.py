"""Graph-BERT: a transformer that reads each node beside the few that are nearest to it, and no edges.

    h_j = W x_j + Σ e(j),   z_i = mean over i and its context of block_L(… block_1(h_i, h_j, …)),   logits = V z_i

What e tells of a node's place is put together from the embeddings below. Everything about the graph is in a `Contexts`:
who is in it, and what is told of each.
Dimensions: N nodes of the graph, B nodes asked about, k others in a context, D features, H hidden units, R roles.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from mlblog.models.attention import MultiHeadAttention
from mlblog.models.transformer import FeedForward, sinusoidal_positions


class Contexts(NamedTuple):
    """Nodes with those nearest to them, each (B, k + 1), the node itself first.

    Attributes:
        nodes: int64, which they are.
        roles: int64, their Weisfeiler-Lehman roles.
        ranks: int64, 0 for the node itself, then 1 to k.
        hops: int64, distances from the node itself.
        intimacy: how near they are to it.
    """

    nodes: Tensor
    roles: Tensor
    ranks: Tensor
    hops: Tensor
    intimacy: Tensor

    def of(self, asked: Tensor) -> Contexts:
        """Those of some nodes, (B',) int64."""
        return Contexts(*(part[asked] for part in self))


def linkless_contexts(others: Tensor, *, roles: Tensor, hops: Tensor, intimacy: Tensor) -> Contexts:
    """What is told of every node and its context.

    Args:
        others: (N, k) int64, for each node its context; its order is that of ranks.
        roles: (N,) int64.
        hops: (N, N) int64.
        intimacy: (N, N).

    Returns:
        All N nodes'.

    Raises:
        ValueError: the sizes do not fit.
    """
    n = len(others)
    if roles.shape != (n,) or hops.shape != (n, n) or intimacy.shape != (n, n):
        raise ValueError(
            f"roles ({n},), hops and intimacy ({n}, {n}) expected, given "
            f"{[tuple(one.shape) for one in (roles, hops, intimacy)]}"
        )
    own = torch.arange(n, device=others.device)[:, None]
    nodes = torch.cat((own, others), 1)
    ranks = torch.arange(nodes.shape[1], device=others.device).expand_as(nodes)
    return Contexts(nodes, roles[nodes], ranks, hops[own, nodes], intimacy[own, nodes])


class SinusoidEmbedding(nn.Module):
    """Sines and cosines of a whole number that is told of each node, without weights.

    Args:
        told: `roles`, `ranks` or `hops`.
        most: the largest number.
        width: H.

    References:
        [zhang2020graph], section 3.2; [vaswani2017attention], section 3.5.
    """

    table: Tensor

    def __init__(self, told: str, most: int, width: int) -> None:
        super().__init__()
        self.told = told
        self.register_buffer("table", sinusoidal_positions(most + 1, width))

    def forward(self, contexts: Contexts) -> Tensor:
        """(B, k + 1, H)."""
        found: Tensor = self.table[getattr(contexts, self.told)]
        return found


class TableEmbedding(nn.Module):
    """A learned vector for each value of a whole number, which is a linear map of its one-hot code.

    Args:
        told: `roles`, `ranks` or `hops`.
        most: the largest number.
        width: H.
    """

    def __init__(self, told: str, most: int, width: int) -> None:
        super().__init__()
        self.told = told
        self.table = nn.Embedding(most + 1, width)

    def forward(self, contexts: Contexts) -> Tensor:
        """(B, k + 1, H)."""
        found: Tensor = self.table(getattr(contexts, self.told))
        return found


class IntimacyEmbedding(nn.Module):
    """A linear map of the logarithm of intimacy, as it is and not by rank; what is below 10⁻⁶ counts as that.

    Args:
        width: H.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.map = nn.Linear(1, width)

    def forward(self, contexts: Contexts) -> Tensor:
        """(B, k + 1, H)."""
        logs = contexts.intimacy.clamp(min=1e-6).log().to(self.map.weight)
        found: Tensor = self.map(logs[..., None])
        return found


def mean_state(h: Tensor) -> Tensor:
    """The mean over a node and its context: (…, k + 1, H) to (…, H).

    References:
        [zhang2020graph], section 3.3, where it is called fusion.
    """
    return h.mean(-2)


def own_state(h: Tensor) -> Tensor:
    """What became of the node itself, which is first: (…, k + 1, H) to (…, H)."""
    return h[..., 0, :]


class BareBlock(nn.Module):
    """Attention and a feed-forward network with nothing going round them: an `EncoderBlock` without sums and norms.

    Initial weights are such that sizes last from block to block: 1 / H in variance, and twice that after the ReLU.

    Args:
        width: H. heads: attention heads. hidden: width of the feed-forward layer.
    """

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.attend, self.think = MultiHeadAttention(width, heads), FeedForward(width, hidden)
        for linear in (self.attend.project_in, self.attend.project_out, self.think[0]):
            nn.init.kaiming_normal_(linear.weight, nonlinearity="linear")  # type: ignore[arg-type]  # a tensor
        nn.init.kaiming_normal_(self.think[2].weight, nonlinearity="relu")  # type: ignore[arg-type]  # a tensor

    def forward(self, x: Tensor) -> Tensor:
        """(…, k + 1, H) to the same."""
        found: Tensor = self.think(self.attend(x))
        return found


class GraphBert(nn.Module):
    """The network.

    Args:
        inputs: D.
        width: H.
        outputs: classes, or features to be reconstructed.
        blocks: map (…, k + 1, H) to the same, such as `EncoderBlock`.
        embeddings: map `Contexts` to (B, k + 1, H); their sum is added to the features'.
        fuse: (…, k + 1, H) to (…, H); `mean_state` cannot tell which node was asked about unless an embedding does.

    Example:
        >>> from mlblog.models.transformer import EncoderBlock
        >>> from mlblog.numerics.intimacy import hop_distance, intimacy_matrix, nearest_contexts, wl_roles
        >>> edges = torch.tensor([[0, 1], [1, 2], [2, 3]])
        >>> near = intimacy_matrix(edges, 4)
        >>> told = linkless_contexts(
        ...     nearest_contexts(near, 2), roles=wl_roles(edges, 4), hops=hop_distance(edges, 4), intimacy=near
        ... )
        >>> net = GraphBert(5, 8, 3, [EncoderBlock(8, 2, 16)], [SinusoidEmbedding("hops", 4, 8)])
        >>> net(torch.rand(4, 5), told.of(torch.tensor([0, 3]))).shape
        torch.Size([2, 3])

    References:
        [zhang2020graph], sections 3.2 and 3.3; its sums of each layer with the raw features are left out, since the
        blocks have residuals of their own.
    """

    def __init__(
        self, inputs: int, width: int, outputs: int, blocks: Sequence[nn.Module], embeddings: Sequence[nn.Module],
        *, fuse: Callable[[Tensor], Tensor] = mean_state,
    ) -> None:  # fmt: skip
        super().__init__()
        self.fuse = fuse
        self.encoder = nn.Linear(inputs, width)
        self.embeddings, self.blocks = nn.ModuleList(embeddings), nn.ModuleList(blocks)
        self.readout = nn.Linear(width, outputs)

    def layers(self, x: Tensor, contexts: Contexts) -> list[Tensor]:
        """The fused states before the first block and after each: L + 1 of shape (…, B, H)."""
        h = self.encoder(x)[..., contexts.nodes, :]  # (…, B, k + 1, H)
        for embed in self.embeddings:
            h = h + embed(contexts)
        found = [self.fuse(h)]
        for block in self.blocks:
            h = block(h)
            found.append(self.fuse(h))
        return found

    def states(self, x: Tensor, contexts: Contexts) -> Tensor:
        """z, (…, B, H)."""
        return self.layers(x, contexts)[-1]

    def forward(self, x: Tensor, contexts: Contexts) -> Tensor:
        """Outputs.

        Args:
            x: (…, N, D), features of all nodes.
            contexts: of the B nodes asked about.

        Returns:
            (…, B, outputs).
        """
        found: Tensor = self.readout(self.states(x, contexts))
        return found
