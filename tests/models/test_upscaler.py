"""What an upscaler is given for each pixel, and what it makes of it."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from mlblog.models.image_transformer import ImageTransformer, LocalAttention2d
from mlblog.models.upscaler import Upscaler, coarsened


def upscaler(width: int = 6) -> Upscaler:
    torch.manual_seed(0)
    where = LocalAttention2d(4, 6, block=(2, 3), memory=(2, 3))
    decoder = ImageTransformer(where, levels=3, width=width, heads=2, hidden=10, layers=1)
    return Upscaler(decoder, rows=2, columns=3, factor=2, width=width, heads=2, hidden=10)


def test_coarse_pixels_are_means_of_squares() -> None:
    images = torch.rand(2, 5, 6, 9, generator=torch.Generator().manual_seed(0))
    pooled = F.avg_pool2d(images.flatten(0, 1)[:, None], 3)[:, 0].view(2, 5, 2, 3)
    torch.testing.assert_close(coarsened(images, 3), pooled)


@torch.no_grad()
def test_each_pixel_is_told_what_was_read_over_it() -> None:
    net = upscaler().double()
    coarse = torch.rand(5, 2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    read = net.read(coarse)
    states = (coarse.flatten(1)[..., None] * net.shade.weight[:, 0] + net.shade.bias) + net.positions.flatten(0, 1)
    states = net.norm(net.encode(states))
    for row in range(4):
        for column in range(6):
            torch.testing.assert_close(read[:, row, column], states[:, row // 2 * 3 + column // 2])
    pixels = torch.randint(3, (5, 4, 6), generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(net(pixels, coarse), net.decoder(pixels, read))


def test_it_learns_what_only_the_coarse_image_tells() -> None:
    """Squares of one level each: log2(3) / 4 bits a pixel without the coarse image, none with it."""
    net, generator = upscaler(width=12), torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    for _ in range(120):
        coarse = torch.randint(3, (32, 2, 3), generator=generator)
        images = coarse.repeat_interleave(2, -2).repeat_interleave(2, -1)
        loss = F.cross_entropy(net(images, coarsened(images / 2, 2)).flatten(0, 2), images.flatten())
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        optimizer.step()
    assert loss.item() == pytest.approx(0, abs=0.02)
