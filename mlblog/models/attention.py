"""Multi-head attention, with the projections of all heads in one matrix [vaswani2017attention, section 3.2].

Dimensions: … any leading axes such as a batch, T queries, S keys, D width, H heads, K = D / H width of a head.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class MultiHeadAttention(nn.Module):
    """Attention of every query to every key it may look at, in several subspaces at once.

        head_h = softmax(Q_h K_h' / sqrt(K)) V_h,   output = [head_1 … head_H] W + b

    Args:
        width: D, the width of input and output; a multiple of `heads`.
        heads: H.

    Example:
        >>> import torch
        >>> attend = MultiHeadAttention(width=12, heads=3)
        >>> attend(torch.zeros(2, 5, 12), torch.zeros(2, 7, 12)).shape
        torch.Size([2, 5, 12])

    References:
        [vaswani2017attention], eq. 1 and section 3.2.2. The weights have the layout of `torch.nn.MultiheadAttention`,
        but a mask says where a query **may** look, as in `F.scaled_dot_product_attention`.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        if width < 1 or heads < 1 or width % heads:
            raise ValueError(f"width must be a multiple of heads, given width {width} and heads {heads}")
        self.heads = heads
        self.project_in = nn.Linear(width, 3 * width)  # rows: queries, keys, values
        self.project_out = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.project_in.weight)
        nn.init.zeros_(self.project_in.bias)
        nn.init.zeros_(self.project_out.bias)

    def forward(self, x: Tensor, memory: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """Let `x` attend to `memory`, or to itself.

        Args:
            x: (…, T, D), what asks.
            memory: (…, S, D), what is asked; `x` if not given.
            mask: boolean, broadcast to (…, H, T, S), true where a query may look; one that may look nowhere gets the
                output's bias alone.

        Returns:
            (…, T, D)

        Raises:
            ValueError: the shapes do not fit, or the mask is not boolean.
        """
        width = self.project_out.in_features
        _expect(x, memory, mask, width)
        if memory is None:
            q, k, v = self.project_in(x).chunk(3, dim=-1)
        else:  # the same matrix, its rows applied where they are needed
            weight, bias = self.project_in.weight, self.project_in.bias
            q = F.linear(x, weight[:width], bias[:width])
            k, v = F.linear(memory, weight[width:], bias[width:]).chunk(2, dim=-1)
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(-3, -2) for part in (q, k, v))  # (…, H, ·, K)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)  # (…, H, T, K)
        out: Tensor = self.project_out(mixed.transpose(-3, -2).flatten(-2))
        return out


def _expect(x: Tensor, memory: Tensor | None, mask: Tensor | None, width: int) -> None:
    for name, states in (("x", x), ("memory", x if memory is None else memory)):
        if states.ndim < 2 or states.shape[-1] != width:
            raise ValueError(f"{name} (…, places, {width}) expected, given {tuple(states.shape)}")
    if memory is not None and memory.shape[:-2] != x.shape[:-2]:
        raise ValueError(f"x and memory of one batch expected, given {tuple(x.shape)} and {tuple(memory.shape)}")
    if mask is not None and mask.dtype != torch.bool:
        raise ValueError(f"a boolean mask expected, true where a query may look, given {mask.dtype}")
