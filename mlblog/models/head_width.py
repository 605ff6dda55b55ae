"""Heads whose width is chosen apart from their number, and what a narrow one cannot compare [bhojanapalli2020low].

Dimensions: … any leading axes such as a batch, T places, D width, H heads, K width of a head.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class WideHeadAttention(nn.Module):
    """Self-attention with H heads of any width K; the usual K = D / H is one choice.

        head_h = softmax(Q_h K_h' / √K) V_h,   output = [head_1 … head_H] W + b

    Args:
        width: D, of input and output.
        heads: H.
        head_width: K.

    Example:
        >>> attend = WideHeadAttention(12, 3, head_width=12)
        >>> attend(torch.zeros(2, 5, 12)).shape, attend.project_in.weight.shape
        (torch.Size([2, 5, 12]), torch.Size([108, 12]))

    References:
        [bhojanapalli2020low], section 4; with K = D / H [vaswani2017attention], section 3.2.2.
    """

    def __init__(self, width: int, heads: int, *, head_width: int) -> None:
        super().__init__()
        if width < 1 or heads < 1 or head_width < 1:
            raise ValueError(f"positive widths and heads expected, given {width}, {heads} and {head_width}")
        self.heads = heads
        self.project_in = nn.Linear(width, 3 * heads * head_width)  # rows: queries, keys, values
        self.project_out = nn.Linear(heads * head_width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Let the places of `x` (…, T, D) attend to one another."""
        q, k, v = (
            part.unflatten(-1, (self.heads, -1)).transpose(-3, -2) for part in self.project_in(x).chunk(3, dim=-1)
        )  # (…, H, T, K)
        mixed = F.scaled_dot_product_attention(q, k, v)
        out: Tensor = self.project_out(mixed.transpose(-3, -2).flatten(-2))
        return out


def projections_for(states: Tensor, pattern: Tensor, head_width: int) -> tuple[Tensor, Tensor]:
    """Matrices of a head that attends to places by a given pattern, exactly if it is wide enough.

    A softmax forgets what is added to a whole row, so the scores wanted are log P with each row's mean taken off, a
    matrix of rank T - 1 at most. A head of width K is given its best approximation of rank K, by singular values.

    Args:
        states: (T, D), linearly independent rows.
        pattern: (T, T), positive, each row a distribution.
        head_width: K.

    Returns:
        W_Q and W_K, each (D, K), with softmax(X W_Q W_K' X' / √K) = P if K ≥ T - 1.

    Raises:
        ValueError: the pattern is not positive: no softmax is zero.

    Example:
        >>> wanted = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]])
        >>> x = torch.eye(3)
        >>> to_q, to_k = projections_for(x, wanted, 2)
        >>> torch.allclose(((x @ to_q) @ (x @ to_k).mT / 2**0.5).softmax(-1), wanted, atol=1e-5)
        True

    References:
        [bhojanapalli2020low], theorem 1, which has K ≥ T in place of T - 1.
    """
    if not bool((pattern > 0).all()):
        raise ValueError("a positive pattern expected: no softmax is zero")
    scores = pattern.log()
    scores = (scores - scores.mean(-1, keepdim=True)) * head_width**0.5
    left, sizes, right = torch.linalg.svd(scores)
    kept = min(head_width, len(sizes))
    root = sizes[:kept].sqrt()
    inverse = torch.linalg.pinv(states)  # (D, T)
    to_q, to_k = inverse @ (left[:, :kept] * root), inverse @ (right[:kept].mT * root)
    return F.pad(to_q, (0, head_width - kept)), F.pad(to_k, (0, head_width - kept))
