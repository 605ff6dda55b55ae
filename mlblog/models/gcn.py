"""Graph convolutional networks: layers that propagate along edges and map, with ways to keep what depth forgets.

    Ĥ = s(P H W),   P the symmetric operator with self-loops

Every layer is a function of P, of its input H and of the first layer's input H₀.
Dimensions: N nodes, D features, H hidden units, L layers, C classes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.models.transformer import FeedForward
from mlblog.numerics.propagation import propagate


def unchanged(x: Tensor) -> Tensor:
    """The activation of a linear layer: (…, N, H) to (…, N, H)."""
    return x


def pair_norm(x: Tensor) -> Tensor:
    """Take the mean over nodes from each feature, and scale so that a node's squared length is H on average.

    Args:
        x: (…, N, H).

    Returns:
        (…, N, H); zeros where all nodes are the same.

    References:
        [zhao2020pairnorm], section 3, with s² = H.
    """
    centred = x - x.mean(-2, keepdim=True)
    size = centred.square().mean((-1, -2), keepdim=True).sqrt()
    return centred / size.clamp(min=1e-12)


def pair_norm_relu(x: Tensor) -> Tensor:
    """`pair_norm`, then the positive part: (…, N, H) to (…, N, H)."""
    return pair_norm(x).relu()


class GraphConvolution(nn.Module):
    """s(P H W), with initial weights of Glorot and no bias.

    Args:
        width: H.
        then: s.

    References:
        [kipf2017semi], eq. 2.
    """

    def __init__(self, width: int, *, then: Callable[[Tensor], Tensor] = F.relu) -> None:
        super().__init__()
        self.linear = nn.Linear(width, width, bias=False)
        nn.init.xavier_uniform_(self.linear.weight)
        self.then = then

    def forward(self, operator: Tensor, x: Tensor, start: Tensor) -> Tensor:
        """One layer.

        Args:
            operator: (N, N), sparse.
            x: (…, N, H).
            start: not used.

        Returns:
            (…, N, H).
        """
        return self.then(self.linear(propagate(operator, x)))


class Propagation(nn.Module):
    """s(P H): a layer without weights.

    Args:
        then: s.

    References:
        [wu2019simplifying], section 2, where s is the identity.
    """

    def __init__(self, *, then: Callable[[Tensor], Tensor] = unchanged) -> None:
        super().__init__()
        self.then = then

    def forward(self, operator: Tensor, x: Tensor, start: Tensor) -> Tensor:
        """One layer, with arguments and result as in `GraphConvolution`."""
        return self.then(propagate(operator, x))


class Residual(nn.Module):
    """H + the layer's output: the input goes round it.

    Args:
        layer: of any kind.

    References:
        [kipf2017semi], appendix B; [zhang2019gresnet], the “naive” residual term.
    """

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, operator: Tensor, x: Tensor, start: Tensor) -> Tensor:
        """One layer, with arguments and result as in `GraphConvolution`."""
        added: Tensor = self.layer(operator, x, start)
        return x + added


class InitialResidual(nn.Module):
    """A share of the first input in every layer, and weights that are nearer to the identity the deeper they are.

        s(M ((1 - β) I + β W)),   M = (1 - α) P H + α H₀,   β = log(λ / l + 1)

    Args:
        width: H.
        place: l, from 1 on.
        alpha: α, in [0, 1].
        strength: λ.

    References:
        [chen2020deep], section 3.
    """

    def __init__(self, width: int, place: int, *, alpha: float = 0.1, strength: float = 0.5) -> None:
        super().__init__()
        self.linear = nn.Linear(width, width, bias=False)
        nn.init.xavier_uniform_(self.linear.weight)
        self.alpha, self.beta = alpha, math.log(strength / place + 1)

    def forward(self, operator: Tensor, x: Tensor, start: Tensor) -> Tensor:
        """One layer.

        Args:
            operator: (N, N), sparse.
            x: (…, N, H).
            start: (…, N, H), the input of the first layer.

        Returns:
            (…, N, H).
        """
        mixed = (1 - self.alpha) * propagate(operator, x) + self.alpha * start
        mapped: Tensor = self.linear(mixed)
        return ((1 - self.beta) * mixed + self.beta * mapped).relu()


class ConvolutionBlock(nn.Module):
    """A transformer's block in which propagation takes the place of attention.

        M = H + P LN(H) W,   out = M + FF(LN(M))

    Args:
        width: H.
        hidden: width of the feed-forward layer.

    References:
        [vaswani2017attention], section 3.1, with the norms inside as in `mlblog.models.transformer`.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.linear, self.norm = nn.Linear(width, width), nn.LayerNorm(width)
        self.think, self.think_norm = FeedForward(width, hidden), nn.LayerNorm(width)

    def forward(self, operator: Tensor, x: Tensor, start: Tensor) -> Tensor:
        """One layer, with arguments and result as in `GraphConvolution`."""
        x = x + self.linear(propagate(operator, self.norm(x)))
        out: Tensor = x + self.think(self.think_norm(x))
        return out


class GraphNetwork(nn.Module):
    """Features to hidden units by a linear map and ReLU, then the layers, then a linear map to logits of each node.

    On a graph without edges P is the identity, and the network is one that reads each node by itself.

    Args:
        inputs: D.
        width: H.
        classes: C.
        layers: L of them.

    Example:
        >>> import torch
        >>> from mlblog.numerics.propagation import symmetric_operator
        >>> net = GraphNetwork(5, 4, 2, [GraphConvolution(4), Residual(GraphConvolution(4))])
        >>> net(symmetric_operator(torch.tensor([[0, 1], [1, 2]]), 3).float(), torch.rand(3, 5)).shape
        torch.Size([3, 2])
    """

    def __init__(self, inputs: int, width: int, classes: int, layers: Sequence[nn.Module]) -> None:
        super().__init__()
        self.encoder = nn.Linear(inputs, width)
        self.layers = nn.ModuleList(layers)
        self.readout = nn.Linear(width, classes)

    def states(self, operator: Tensor, x: Tensor) -> list[Tensor]:
        """What goes into the first layer and what comes out of each: L + 1 of shape (…, N, H)."""
        found = [self.encoder(x).relu()]
        for layer in self.layers:
            found.append(layer(operator, found[-1], found[0]))
        return found

    def forward(self, operator: Tensor, x: Tensor) -> Tensor:
        """Logits.

        Args:
            operator: (N, N), sparse.
            x: (…, N, D).

        Returns:
            (…, N, C).
        """
        logits: Tensor = self.readout(self.states(operator, x)[-1])
        return logits
