"""Networks that answer questions about tables, and have no operations.

Dimensions: … any leading axes such as copies of a network, B questions, L words of a question, R rows, C columns,
D width, I inputs, O outputs.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from mlblog.models.ponder import drawn_weight
from mlblog.models.programmer import QuestionReader


class Layers(nn.Module):
    """Linear maps with rectifiers between them.

    Args:
        widths: of the input, of each hidden layer, and of the output.
        copies: axes of networks that are run side by side, each with its own weights.

    Example:
        >>> Layers(3, 8, 2)(torch.zeros(4, 3)).shape
        torch.Size([4, 2])
    """

    def __init__(self, *widths: int, copies: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.weights = nn.ParameterList(drawn_weight(copies, *pair) for pair in itertools.pairwise(widths))
        self.biases = nn.ParameterList(torch.zeros(*copies, 1, width) for width in widths[1:])

    def forward(self, x: Tensor) -> Tensor:
        """Map (…, B, I) to (…, B, O)."""
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = (x.relu() if i else x) @ weight + bias
        return x


class TableReader(nn.Module):
    """Reads the question word by word, and all of the table and the pivot at once.

    Args:
        words: how many different ones there are.
        columns: C. rows: R, of all tables.
        width: D; hidden layers have 4 D.
        copies: as in `Layers`.

    Example:
        >>> net = TableReader(9, 3, rows=6, width=8)
        >>> net(torch.zeros(2, 4, dtype=torch.long), torch.zeros(2, 6, 3), torch.zeros(2)).shape
        torch.Size([2])
    """

    def __init__(self, words: int, columns: int, *, rows: int, width: int, copies: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.read = QuestionReader(words, width, copies=copies)
        self.think = Layers(width + rows * columns + 1, 4 * width, 4 * width, 1, copies=copies)

    def forward(self, question: Tensor, table: Tensor, pivot: Tensor) -> Tensor:
        """Answer questions (B, L) about tables (B, R, C) with pivots (B,): (…, B)."""
        encoded = self.read(question)  # (…, B, D)
        seen = torch.cat((table.flatten(1), pivot[:, None]), dim=1)
        out: Tensor = self.think(torch.cat((encoded, seen.expand(*encoded.shape[:-1], -1)), dim=-1))[..., 0]
        return out


class RowReader(nn.Module):
    """Knows that a table is a set of rows: looks at each alike, then at the sum and the maximum of what it saw.

        answer = f(Σ_i g(q, p, x_i), max_i g(q, p, x_i), q)

    Args:
        words: how many different ones there are.
        columns: C.
        width: D; hidden layers have 4 D.
        copies: as in `Layers`.

    Example:
        >>> net = RowReader(9, 3, width=8)
        >>> net(torch.zeros(2, 4, dtype=torch.long), torch.zeros(2, 6, 3), torch.zeros(2)).shape
        torch.Size([2])

    References:
        [zaheer2017deep], theorem 2, has the sum.
    """

    def __init__(self, words: int, columns: int, *, width: int, copies: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.read = QuestionReader(words, width, copies=copies)
        self.look = Layers(width + columns + 1, 4 * width, 4 * width, copies=copies)
        self.think = Layers(9 * width, 4 * width, 1, copies=copies)

    def forward(self, question: Tensor, table: Tensor, pivot: Tensor) -> Tensor:
        """Answer questions (B, L) about tables (B, R, C) with pivots (B,): (…, B)."""
        encoded, (many, rows) = self.read(question), table.shape[:2]  # (…, B, D)
        row = torch.cat((table, pivot[:, None, None].expand(-1, rows, 1)), dim=2)
        row = row.expand(*encoded.shape[:-2], -1, -1, -1)
        known = torch.cat((encoded[..., None, :].expand(*encoded.shape[:-1], rows, -1), row), dim=-1)
        seen = self.look(known.flatten(-3, -2)).relu().unflatten(-2, (many, rows))  # (…, B, R, 4 D)
        out: Tensor = self.think(torch.cat((seen.sum(-2), seen.amax(-2), encoded), dim=-1))[..., 0]
        return out
