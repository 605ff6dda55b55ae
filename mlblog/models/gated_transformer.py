"""Blocks whose way past each branch is left alone or gated, for training without warm-up.

Dimensions: … leading axes, T places of a segment, M places of memory, D width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mlblog.models.transformer import FeedForward
from mlblog.models.transformer_xl import RelativeMultiHeadAttention


class GRUGate(nn.Module):
    """A GRU cell in place of a residual sum: x is its state, the branch's output y its input.

        r = σ(W_r y + U_r x),   z = σ(W_z y + U_z x - b),   h = tanh(W_h y + U_h (r ⊙ x))
        out = (1 - z) ⊙ x + z ⊙ h

    Args:
        width: D.
        bias: b at the beginning; the larger, the nearer to the identity.

    Example:
        >>> gate, x = GRUGate(width=4, bias=30.0), torch.ones(2, 4)
        >>> bool(torch.allclose(gate(x, torch.randn(2, 4)), x))
        True

    References:
        [parisotto2020stabilizing], section 3.2. `torch.nn.GRUCell` multiplies by r after U_h, and its z is our 1 - z.
    """

    def __init__(self, width: int, *, bias: float = 2.0) -> None:
        super().__init__()
        self.from_branch = nn.Linear(width, 3 * width, bias=False)  # rows: W_r, W_z, W_h
        self.from_state = nn.Linear(width, 2 * width, bias=False)  # rows: U_r, U_z
        self.from_reset = nn.Linear(width, width, bias=False)  # U_h
        self.bias = nn.Parameter(torch.full((width,), float(bias)))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Let a branch's output into what passes by.

        Args:
            x: (…, D), what passes by.
            y: (…, D), the branch's output.

        Returns:
            (…, D)

        Raises:
            ValueError: the shapes differ.
        """
        width = self.bias.shape[0]
        if x.shape != y.shape or x.ndim < 1 or x.shape[-1] != width:
            raise ValueError(f"x and y (…, {width}) expected, given {tuple(x.shape)} and {tuple(y.shape)}")
        of_r, of_z, of_h = self.from_branch(y).chunk(3, dim=-1)
        by_r, by_z = self.from_state(x).chunk(2, dim=-1)
        r, z = (of_r + by_r).sigmoid(), (of_z + by_z - self.bias).sigmoid()
        h = (of_h + self.from_reset(r * x)).tanh()
        out: Tensor = (1 - z) * x + z * h
        return out


class IdentityBlock(nn.Module):
    """Both branches normalise their input and end in a ReLU; what passes by them is untouched.

        x + relu(attend(LN(x))), then the same with the feed-forward network

    Args:
        width: D. heads: attention heads. hidden: width of the feed-forward layer.

    References:
        [parisotto2020stabilizing], section 3.1, which calls it TrXL-I.
    """

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.attend, self.attend_norm = RelativeMultiHeadAttention(width, heads), nn.LayerNorm(width)
        self.think, self.think_norm = FeedForward(width, hidden), nn.LayerNorm(width)

    def forward(self, x: Tensor, memory: Tensor | None = None) -> Tensor:
        """(…, T, D) and what lies before it, (…, M, D), to (…, T, D)."""
        before = None if memory is None else self.attend_norm(memory)
        x = x + self.attend(self.attend_norm(x), before).relu()
        out: Tensor = x + self.think(self.think_norm(x)).relu()
        return out


class GTrXLBlock(nn.Module):
    """The branches of `IdentityBlock`, with a `GRUGate` in place of each sum.

    Args:
        width: D. heads: attention heads. hidden: width of the feed-forward layer. bias: of both gates.

    References:
        [parisotto2020stabilizing], section 3.2.
    """

    def __init__(self, width: int, heads: int, hidden: int, *, bias: float = 2.0) -> None:
        super().__init__()
        self.attend, self.attend_norm = RelativeMultiHeadAttention(width, heads), nn.LayerNorm(width)
        self.think, self.think_norm = FeedForward(width, hidden), nn.LayerNorm(width)
        self.attend_gate, self.think_gate = GRUGate(width, bias=bias), GRUGate(width, bias=bias)

    def forward(self, x: Tensor, memory: Tensor | None = None) -> Tensor:
        """(…, T, D) and what lies before it, (…, M, D), to (…, T, D)."""
        before = None if memory is None else self.attend_norm(memory)
        x = self.attend_gate(x, self.attend(self.attend_norm(x), before).relu())
        out: Tensor = self.think_gate(x, self.think(self.think_norm(x)).relu())
        return out
