"""Blocks of pixels against dense attention with a mask written pixel by pixel, and against all small images."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.models.image_transformer import (
    BlockAttention,
    ImageTransformer,
    LocalAttention1d,
    LocalAttention2d,
    draw_images,
)
from mlblog.models.local_attention import local_attention

ROWS, COLUMNS = 6, 12
Where = Callable[[], BlockAttention]
IN_ROWS = [(1, 0), (4, 0), (4, 3), (12, 5), (8, 40), (72, 0)]
IN_SQUARES = [
    ((1, 1), (0, 0)),
    ((2, 3), (0, 0)),
    ((2, 3), (1, 2)),
    ((3, 4), (5, 1)),
    ((1, 6), (2, 9)),
    ((6, 2), (3, 0)),
]
EACH: list[Where] = [
    *(partial(LocalAttention1d, ROWS, COLUMNS, block=block, memory=memory) for block, memory in IN_ROWS),
    *(partial(LocalAttention2d, ROWS, COLUMNS, block=block, memory=memory) for block, memory in IN_SQUARES),
]  # fmt: skip


def said_in(block: tuple[int, int]) -> list[tuple[int, int]]:
    """Pixels in the order in which they are said, by four loops."""
    high, wide = block
    return [
        (top + row, left + column)
        for top in range(0, ROWS, high)
        for left in range(0, COLUMNS, wide)
        for row in range(high)
        for column in range(wide)
    ]


def in_row_order(block: int, memory: int) -> tuple[list[int], Tensor]:
    """The order of pixels, and where each place looks, pair by pair."""
    size = ROWS * COLUMNS
    mask = [[t // block * block - memory <= r <= t for r in range(size)] for t in range(size)]
    return list(range(size)), torch.tensor(mask)


def in_squares(block: tuple[int, int], memory: tuple[int, int]) -> tuple[list[int], Tensor]:
    (high, wide), (above, beside), order = block, memory, said_in(block)
    mask = torch.zeros(len(order), len(order), dtype=torch.bool)
    for t, (row, column) in enumerate(order):
        top, left = row // high * high, column // wide * wide
        for r, (i, j) in enumerate(order[: t + 1]):
            mask[t, r] = top - above <= i < top + high and left - beside <= j < left + wide + beside
    return [row * COLUMNS + column for row, column in order], mask


DENSE = [*(in_row_order(*each) for each in IN_ROWS), *(in_squares(*each) for each in IN_SQUARES)]
AGAINST = pytest.mark.parametrize(("where", "dense"), list(zip(EACH, DENSE, strict=True)))


@AGAINST
def test_blocks_are_dense_attention_with_their_mask(where: Where, dense: tuple[list[int], Tensor]) -> None:
    """Outputs and gradients."""
    attend, (order, mask) = where(), dense
    assert attend.order.tolist() == order
    generator = torch.Generator().manual_seed(1)
    q, k, v = (torch.randn(2, 3, 72, 5, dtype=torch.float64, generator=generator).requires_grad_() for _ in range(3))
    ours, theirs = attend(q, k, v), F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
    upstream = torch.randn(ours.shape, dtype=torch.float64, generator=generator)
    for mine, right in zip(*(torch.autograd.grad(out, (q, k, v), upstream) for out in (ours, theirs)), strict=True):
        torch.testing.assert_close(mine, right, rtol=0, atol=1e-11)


def test_blocks_of_one_pixel_are_a_window() -> None:
    q, k, v = torch.randn(3, 4, 72, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    ours = LocalAttention1d(ROWS, COLUMNS, block=1, memory=6)(q, k, v)
    torch.testing.assert_close(ours, local_attention(q, k, v, torch.zeros(7)), rtol=0, atol=1e-12)


def test_one_block_is_full_attention() -> None:
    q, k, v = torch.randn(3, 4, 72, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    full = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    for attend in (
        LocalAttention1d(ROWS, COLUMNS, block=72, memory=0),
        LocalAttention2d(ROWS, COLUMNS, block=(6, 12), memory=(0, 0)),
    ):
        torch.testing.assert_close(attend(q, k, v), full, rtol=0, atol=1e-12)


def test_scores_are_places_times_memory() -> None:
    assert LocalAttention1d(6, 12, block=4, memory=3).scores == 72 * 7
    assert LocalAttention2d(6, 12, block=(2, 3), memory=(1, 2)).scores == 72 * 3 * 7


def network(attend: BlockAttention, *, layers: int = 2, levels: int = 4) -> ImageTransformer:
    torch.manual_seed(0)
    return ImageTransformer(attend, levels=levels, width=6, heads=2, hidden=10, layers=layers).double().eval()


def reached(net: ImageTransformer) -> Tensor:
    """(T, T): whether what is said at a place, in order, depends on the pixel said at another, by autograd."""
    rows, order = net.embedding.weight.detach(), net.attend.order
    pixels = torch.arange(72).remainder(4).view(ROWS, COLUMNS)

    class Shown(nn.Module):
        def forward(self, flat: Tensor) -> Tensor:
            return shown[flat // 4]

    shown = rows[pixels.flatten()].clone().requires_grad_()
    embedding, net.embedding = net.embedding, Shown()  # type: ignore[assignment]
    logits = net(4 * torch.arange(72).view(ROWS, COLUMNS)).flatten(0, 1)[order]
    net.embedding = embedding
    upstream = torch.randn(4, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    found = [torch.autograd.grad((one * upstream).sum(), shown, retain_graph=True)[0] for one in logits]
    return torch.stack(found)[:, order].abs().sum(-1) > 0


@AGAINST
def test_what_is_said_depends_on_earlier_pixels_in_reach_alone(where: Where, dense: tuple[list[int], Tensor]) -> None:
    """A place holds the pixel before it; what one layer reaches, two reach in two steps."""
    mask = dense[1]
    for layers in (1, 2):
        jacobian = reached(network(where(), layers=layers))
        assert not jacobian.triu().any(), "a pixel at or after the place"
        steps = torch.linalg.matrix_power(mask.double(), layers) > 0
        expected = torch.zeros_like(mask)
        expected[:, :-1] = steps[:, 1:]  # place r holds pixel r - 1
        assert torch.equal(jacobian, expected)


SMALL = [
    LocalAttention1d(2, 2, block=2, memory=1),
    LocalAttention2d(2, 2, block=(1, 1), memory=(1, 1)),
    LocalAttention2d(2, 2, block=(2, 1), memory=(0, 1)),
]


@torch.no_grad()
@pytest.mark.parametrize("attend", SMALL)
def test_probabilities_of_all_images_sum_to_one_and_draws_follow_them(attend: BlockAttention) -> None:
    net = network(attend, levels=3)
    images = torch.tensor(list(itertools.product(range(3), repeat=4))).view(81, 2, 2)
    shares = net(images).log_softmax(-1).gather(-1, images[..., None]).sum((1, 2, 3)).exp()
    assert float(shares.sum()) == pytest.approx(1, abs=1e-12)
    count = 6_000
    drawn = draw_images(net, count, torch.Generator().manual_seed(3)).flatten(1) @ torch.tensor([27, 9, 3, 1])
    met = torch.bincount(drawn, minlength=81) / count
    assert ((met - shares).abs() < 5 * (shares / count).sqrt()).all()


@torch.no_grad()
def test_what_is_given_is_added_at_its_own_pixel() -> None:
    """It changes what is said there, and nothing before."""
    net = network(LocalAttention2d(ROWS, COLUMNS, block=(3, 4), memory=(3, 4)))
    pixels, given = torch.zeros(2, ROWS, COLUMNS, dtype=torch.long), torch.zeros(2, ROWS, COLUMNS, 6).double()
    given[1, 2, 5, 0] = 1.0  # the norm would take away what is the same along the width
    moved = (net(pixels, given) - net(pixels)).abs().sum(-1) > 1e-12
    assert not moved[0].any()
    first = net.attend.order.tolist().index(2 * COLUMNS + 5)
    assert moved[1].flatten()[net.attend.order].nonzero()[0].item() == first
    assert torch.equal(draw_images(net, 2, torch.Generator().manual_seed(0), 0 * given),
                       draw_images(net, 2, torch.Generator().manual_seed(0)))  # fmt: skip


def test_every_weight_is_trained_and_half_of_the_branches_may_be_dropped() -> None:
    net = network(LocalAttention1d(ROWS, COLUMNS, block=12, memory=12)).train()
    pixels = torch.randint(4, (3, ROWS, COLUMNS), generator=torch.Generator().manual_seed(0))
    assert torch.equal(net(pixels), net(pixels))
    F.cross_entropy(net(pixels).flatten(0, 2), pixels.flatten()).backward()  # type: ignore[no-untyped-call]  # torch gives it no types
    for path, weight in net.named_parameters():
        assert weight.grad is not None, path
        assert weight.grad.abs().sum() > 0, path
    dropping = ImageTransformer(net.attend, levels=4, width=6, heads=2, hidden=10, layers=1, dropout=0.5)
    assert not torch.equal(dropping(pixels), dropping(pixels))


def test_it_learns_a_copy_of_the_pixel_above_to_its_exact_price_if_that_is_in_reach() -> None:
    """Rows copy the one above but for a fifth of the pixels. Where nothing can be copied a pixel costs log2(4) bits.

    That is so in the first row and in the last column, as the pixel above it is held by the first place of its own row.
    """
    generator = torch.Generator().manual_seed(0)

    def draw(count: int) -> Tensor:
        images = torch.randint(4, (count, 4, 6), generator=generator)
        for row in range(1, 4):
            same = torch.rand(count, 6, generator=generator) < 0.8
            images[:, row] = torch.where(same, images[:, row - 1], images[:, row])
        return images

    again = -0.85 * math.log2(0.85) - 0.15 * math.log2(0.05)  # 0.8 + 0.2 / 4, and 0.05 for each of three others
    exact, found = (9 * 2 + 15 * again) / 24, {}
    for above, steps in ((0, 40), (1, 150)):
        torch.manual_seed(0)
        where = LocalAttention2d(4, 6, block=(1, 2), memory=(above, 1))
        net = ImageTransformer(where, levels=4, width=16, heads=1, hidden=16, layers=1)
        optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
        for _ in range(steps):
            images = draw(64)
            loss = F.cross_entropy(net(images).flatten(0, 2), images.flatten())
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
            optimizer.step()
        asked = draw(500)
        found[above] = F.cross_entropy(net(asked).flatten(0, 2), asked.flatten()).item() / math.log(2)
    assert found[1] == pytest.approx(exact, abs=0.05)
    assert found[0] > 1.95


@pytest.mark.parametrize("block", [0, 5, 7])
def test_blocks_that_do_not_divide_the_image_are_refused(block: int) -> None:
    with pytest.raises(ValueError, match="divides 72 pixels"):
        LocalAttention1d(6, 12, block=block, memory=1)
    with pytest.raises(ValueError, match="divides 6 x 12"):
        LocalAttention2d(6, 12, block=(2, block), memory=(1, 1))


def test_other_sizes_are_refused() -> None:
    where = LocalAttention1d(2, 2, block=2, memory=1)
    with pytest.raises(ValueError, match="4 places expected"):
        where(*torch.zeros(3, 5, 2))
    with pytest.raises(ValueError, match="a memory of -1"):
        LocalAttention1d(2, 2, block=2, memory=-1)
    with pytest.raises(ValueError, match="multiple of heads"):
        ImageTransformer(where, levels=3, width=5, heads=2, hidden=4, layers=1)
