"""A transformer that says images pixel by pixel, each place of a block looking at a memory near the block.

Dimensions: … any leading axes such as a batch, T = X Y pixels of an image of X rows and Y columns, N blocks
of Q places, M places of memory a block, D width, H heads, K = D / H, V levels of grey.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.models.transformer import FeedForward

OUTSIDE = -1


class BlockAttention(nn.Module):
    """Attention of each place of a block to those places of the block's memory that are not after it.

    Places are numbered in the order in which the pixels are said, one block after another. All of a block share one
    memory, so that a block is one small product: T M scores in place of T².

    Args:
        rows: X. columns: Y.
        order: (T,), the pixel of each place, row by row from the upper left.
        memory: (N, M) pixels that each block may look at, its own included; `OUTSIDE` beyond the image.

    Attributes:
        scores: how many products of a query and a key are computed, those of masked pairs included.
    """

    order: Tensor
    place: Tensor
    keys: Tensor
    seen: Tensor

    def __init__(self, rows: int, columns: int, order: Tensor, memory: Tensor) -> None:
        super().__init__()
        self.rows, self.columns = rows, columns
        place = order.argsort()  # of each pixel
        known = torch.where(memory == OUTSIDE, len(order), place[memory.clamp(min=0)])  # (N, M)
        blocks = torch.arange(len(order)).view(len(memory), -1)  # (N, Q)
        self.register_buffer("order", order)
        self.register_buffer("place", place)
        self.register_buffer("keys", known.where(known < len(order), 0).flatten())
        self.register_buffer("seen", known[:, None] <= blocks[:, :, None])  # (N, Q, M)
        self.scores = self.seen.numel()

    def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Mix values.

        Args:
            q: (…, T, K), queries.
            k: (…, T, K), keys.
            v: (…, T, K), values.

        Returns:
            (…, T, K)

        Raises:
            ValueError: there are other than T places.
        """
        if any(x.shape[-2] != len(self.order) for x in (q, k, v)):
            raise ValueError(f"{len(self.order)} places expected, given {tuple(q.shape)}")
        count, size, most = self.seen.shape
        near = torch.cat((k, v), dim=-1).index_select(-2, self.keys)  # (…, N M, 2 K)
        near = near.view(*q.shape[:-2], count, most, near.shape[-1])
        keys, values = near[..., : k.shape[-1]], near[..., k.shape[-1] :]  # (…, N, M, K)
        queries = q.reshape(*q.shape[:-2], count, size, q.shape[-1]) / math.sqrt(q.shape[-1])
        weights = (queries @ keys.mT).masked_fill(~self.seen, -torch.inf).softmax(-1)
        out: Tensor = (weights @ values).flatten(-3, -2)
        return out


class LocalAttention1d(BlockAttention):
    """Blocks of consecutive pixels, row by row, and a memory of those before the block.

    Args:
        rows: X. columns: Y.
        block: Q, a divisor of X Y.
        memory: how many pixels before the block it may look at; M = block + memory.

    Raises:
        ValueError: the block does not divide the image.

    Example:
        >>> LocalAttention1d(2, 6, block=3, memory=2).seen[1].int().tolist()
        [[1, 1, 1, 0, 0], [1, 1, 1, 1, 0], [1, 1, 1, 1, 1]]

    References:
        [parmar2018image], section 3.3, "1D local attention".
    """

    def __init__(self, rows: int, columns: int, *, block: int, memory: int) -> None:
        size = rows * columns
        if block < 1 or memory < 0 or size % block:
            raise ValueError(f"a block that divides {size} pixels expected, given {block}, and a memory of {memory}")
        seen = torch.arange(0, size, block)[:, None] + torch.arange(-memory, block)
        super().__init__(rows, columns, torch.arange(size), torch.where(seen < 0, OUTSIDE, seen))


class LocalAttention2d(BlockAttention):
    """Rectangular blocks, and a memory that reaches above, to the left and to the right of them.

    The image is said one block after another, row by row of blocks and, within a block, row by row of pixels.

    Args:
        rows: X. columns: Y.
        block: rows and columns of a block, divisors of X and Y.
        memory: how many rows above the block, and how many columns on either side of it, it may look at.
            M = (block rows + memory rows) (block columns + 2 memory columns).

    Raises:
        ValueError: the block does not divide the image.

    Example:
        >>> LocalAttention2d(2, 4, block=(2, 2), memory=(0, 1)).order.tolist()
        [0, 1, 4, 5, 2, 3, 6, 7]

    References:
        [parmar2018image], section 3.3, "2D local attention".
    """

    def __init__(self, rows: int, columns: int, *, block: tuple[int, int], memory: tuple[int, int]) -> None:
        (high, wide), (above, beside) = block, memory
        if min(high, wide) < 1 or min(above, beside) < 0 or rows % high or columns % wide:
            raise ValueError(f"a block that divides {rows} x {columns} expected, given {block}, and a memory {memory}")
        pixels = torch.arange(rows * columns).view(rows, columns)
        order = pixels.view(rows // high, high, columns // wide, wide).transpose(1, 2).flatten()
        there = F.pad(pixels, (beside, beside, above, 0), value=OUTSIDE)
        memories = there.unfold(0, high + above, high).unfold(1, wide + 2 * beside, wide)
        super().__init__(rows, columns, order, memories.flatten(2).flatten(0, 1))


class ImageBlock(nn.Module):
    """Local self-attention, then a feed-forward network, each behind a norm and beside an identity.

    Args:
        width: D, a multiple of `heads`. heads: H. hidden: width of the feed-forward layer.
        attend: says where each place looks.
        dropout: rate in each branch.
    """

    def __init__(self, width: int, heads: int, hidden: int, attend: nn.Module, dropout: float = 0.0) -> None:
        super().__init__()
        if width < 1 or heads < 1 or width % heads:
            raise ValueError(f"width must be a multiple of heads, given width {width} and heads {heads}")
        self.heads, self.attend = heads, attend
        self.project_in, self.project_out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.attend_norm, self.think_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.think, self.drop = FeedForward(width, hidden), nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(…, T, D) to (…, T, D)."""
        parts = self.project_in(self.attend_norm(x)).chunk(3, dim=-1)
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(-3, -2) for part in parts)  # (…, H, T, K)
        x = x + self.drop(self.project_out(self.attend(q, k, v).transpose(-3, -2).flatten(-2)))
        out: Tensor = x + self.drop(self.think(self.think_norm(x)))
        return out


class ImageTransformer(nn.Module):
    """Levels of the earlier pixels in, a score for each level of each pixel out: log p(x) = Σ log p(x_t | x_<t).

    A place holds the pixel *before* its own, so a place may look at itself; the first place holds a learned start.

    Args:
        attend: the order in which pixels are said, and where each block looks, in every layer.
        levels: V.
        width: D. heads: H. hidden: width of the feed-forward layers. layers: how many blocks. dropout: in each branch.

    Example:
        >>> where = LocalAttention2d(4, 6, block=(2, 3), memory=(2, 1))
        >>> net = ImageTransformer(where, levels=5, width=8, heads=2, hidden=16, layers=2)
        >>> net(torch.zeros(3, 4, 6, dtype=torch.long)).shape
        torch.Size([3, 4, 6, 5])

    References:
        [parmar2018image], section 3, with a categorical distribution over levels; pre-norm, and a learned
        vector for each row and each column.
    """

    def __init__(
        self,
        attend: BlockAttention,
        *,
        levels: int,
        width: int,
        heads: int,
        hidden: int,
        layers: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.attend, self.embedding = attend, nn.Embedding(levels, width)
        self.start = nn.Parameter(torch.zeros(width))
        self.row = nn.Parameter(torch.zeros(attend.rows, 1, width))
        self.column = nn.Parameter(torch.zeros(attend.columns, width))
        for weight in (self.embedding.weight, self.start, self.row, self.column):
            nn.init.normal_(weight, std=0.5)
        self.blocks = nn.ModuleList(ImageBlock(width, heads, hidden, attend, dropout) for _ in range(layers))
        self.norm, self.name = nn.LayerNorm(width), nn.Linear(width, levels)

    def forward(self, pixels: Tensor, given: Tensor | None = None) -> Tensor:
        """Score the levels of every pixel.

        Args:
            pixels: (…, X, Y) whole numbers; a pixel's prediction ignores its own value and later ones.
            given: (…, X, Y, D), added to the states: what else is known of each pixel.

        Returns:
            (…, X, Y, V) logits.
        """
        order, known = self.attend.order, self.row + self.column  # (X, Y, D)
        shown = self.embedding(pixels.flatten(-2)[..., order])  # (…, T, D)
        x = torch.cat((self.start.expand_as(shown[..., :1, :]), shown[..., :-1, :]), dim=-2)
        x = x + (known if given is None else known + given).flatten(-3, -2)[..., order, :]
        for block in self.blocks:
            x = block(x)
        logits: Tensor = self.name(self.norm(x))[..., self.attend.place, :]
        return logits.view(*pixels.shape, logits.shape[-1])


@torch.no_grad()
def draw_images(net: ImageTransformer, count: int, generator: torch.Generator, given: Tensor | None = None) -> Tensor:
    """Draw images, one pixel after another.

    Args:
        net: in evaluation mode.
        count: how many.
        generator: of the draws, on the CPU.
        given: (count, X, Y, D), what else is known of each pixel.

    Returns:
        (count, X, Y) whole numbers.
    """
    pixels = torch.zeros(count, net.attend.rows, net.attend.columns, dtype=torch.long, device=net.start.device)
    for pixel in net.attend.order.tolist():
        row, column = divmod(pixel, net.attend.columns)
        shares = net(pixels, given)[:, row, column].softmax(-1).cpu()
        pixels[:, row, column] = torch.multinomial(shares, 1, generator=generator)[:, 0].to(pixels.device)
    return pixels
