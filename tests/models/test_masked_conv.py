"""What pixels depend on, by autograd, against reachability found step by step; and what costs what."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.models.gated_pixelcnn import GatedPixelCNN, draw_pixels, draw_pixels_cached
from mlblog.models.masked_conv import MaskedConv2d, PixelCNN

ROWS, COLUMNS = 5, 7
Make = Callable[..., nn.Module]


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Few weights, drawn otherwise, might be such that a rectifier passes nothing on."""
    torch.manual_seed(0)


def depends(net: nn.Module) -> Tensor:
    """(pixel said, pixel seen): whether one depends on the other, by autograd, for one channel."""
    pixels = torch.rand(1, 1, ROWS, COLUMNS, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    found = torch.autograd.functional.jacobian(net.double().eval(), pixels)  # (1, O, X, Y, 1, 1, X, Y)
    return found[0].abs().sum(0).flatten(2).view(ROWS * COLUMNS, -1) > 0


def reachable(offsets: list[tuple[int, int]], first: list[tuple[int, int]], layers: int) -> Tensor:
    """The same, by walking: one step of `first`, then `layers` of `offsets`, all within the image."""
    found = torch.zeros(ROWS * COLUMNS, ROWS * COLUMNS, dtype=torch.bool)
    for row in range(ROWS):
        for column in range(COLUMNS):
            here = {(row, column)}
            for steps in [*[offsets] * layers, first]:
                moved = {(r + down, c + right) for r, c in here for down, right in steps}
                here = {(r, c) for r, c in moved if 0 <= r < ROWS and 0 <= c < COLUMNS}
            for r, c in here:
                found[row * COLUMNS + column, r * COLUMNS + c] = True
    return found


@pytest.mark.parametrize(("size", "layers"), [(3, 0), (3, 1), (3, 3), (5, 2)])
def test_one_stack_sees_what_masked_steps_reach(size: int, layers: int) -> None:
    far = size // 2
    around = [(i, j) for i in range(-far, far + 1) for j in range(-far, far + 1)]
    before = [step for step in around if step < (0, 0)]
    net = PixelCNN(1, 3, levels=4, width=16, layers=layers, size=size)
    assert torch.equal(depends(net), reachable([*before, (0, 0)], before, layers))


@pytest.mark.parametrize(("size", "layers"), [(3, 1), (3, 3), (5, 2)])
def test_two_stacks_see_every_earlier_pixel_in_reach(size: int, layers: int) -> None:
    """Above: whole rows, wider by each layer of the upper stack. Left: as far as the row's own stack goes."""
    far = size // 2
    net = GatedPixelCNN(1, 3, levels=4, width=16, layers=layers, size=size)
    found = depends(net).view(ROWS, COLUMNS, ROWS, COLUMNS)
    for row in range(ROWS):
        for column in range(COLUMNS):
            for r in range(ROWS):
                for c in range(COLUMNS):
                    up, aside = row - r, abs(column - c)
                    left = up == 0 and 0 < column - c <= 1 + layers * far
                    above = 0 < up <= 1 + layers * far and any(
                        aside <= upper * far + (column >= c) * (layers - upper) * far and up <= 1 + upper * far
                        for upper in range(1, layers + 1)
                    )
                    assert bool(found[row, column, r, c]) == (left or above), (row, column, r, c)


def test_one_stack_is_blind_to_the_upper_right_however_deep() -> None:
    """A pixel two to the right in the row above: never seen by one stack, and by two stacks of two layers."""
    here, there = 3 * COLUMNS + 2, 2 * COLUMNS + 4
    assert not depends(PixelCNN(1, 2, levels=4, width=16, layers=6))[here, there]
    assert depends(GatedPixelCNN(1, 2, levels=4, width=16, layers=2))[here, there]


@pytest.mark.parametrize("make", [PixelCNN, GatedPixelCNN])
def test_channels_of_a_pixel_itself_are_not_seen(make: Make) -> None:
    net = make(2, 3, levels=4, width=4, layers=2).double()
    pixels = torch.rand(1, 2, ROWS, COLUMNS, dtype=torch.float64)
    found = torch.autograd.functional.jacobian(net, pixels)[0].abs().sum(0).sum(2)[:, :]  # (X, Y, 2, X, Y) summed
    found = found.sum(2) if found.ndim == 5 else found
    assert not found.view(ROWS * COLUMNS, -1).triu().any()
    assert found.view(ROWS * COLUMNS, -1).any()


def test_a_masked_convolution_is_a_sum_over_earlier_neighbours() -> None:
    conv = MaskedConv2d(2, 3, 3, here=True).double()
    x = torch.randn(1, 2, 4, 5, dtype=torch.float64)
    padded, out = F.pad(x, (1, 1, 1, 1)), conv(x)
    for row in range(4):
        for column in range(5):
            right = conv.bias.detach().clone()
            for i, j in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]:
                right += conv.weight[:, :, i, j] @ padded[0, :, row + i, column + j]
            torch.testing.assert_close(out[0, :, row, column], right, rtol=0, atol=1e-12)


def copied(count: int, right: int, generator: torch.Generator) -> Tensor:
    """Images whose pixels are, four times in five, the one a row up and `right` to the right."""
    images = torch.randint(4, (count, 1, 4, 6), generator=generator)
    for row in range(1, 4):
        same = torch.rand(count, 1, 6 - right, generator=generator) < 0.8
        images[:, :, row, : 6 - right] = torch.where(
            same, images[:, :, row - 1, right:], images[:, :, row, : 6 - right]
        )
    return images


def test_two_stacks_learn_a_copy_that_one_cannot_see() -> None:
    """To the exact price: log2 4 bits for 12 pixels, and the entropy of the copy for 12."""
    again = -0.85 * math.log2(0.85) - 0.15 * math.log2(0.05)
    exact, found = (12 * 2 + 12 * again) / 24, {}
    for make, steps in ((GatedPixelCNN, 130), (PixelCNN, 40)):
        generator = torch.Generator().manual_seed(0)
        torch.manual_seed(0)
        net = make(1, 4, levels=4, width=16, layers=2)
        optimizer = torch.optim.Adam(net.parameters(), lr=2e-2)
        for _ in range(steps):
            images = copied(64, 2, generator)
            loss = F.cross_entropy(net(images), images[:, 0])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
            optimizer.step()
        asked = copied(500, 2, generator)
        found[make] = F.cross_entropy(net(asked), asked[:, 0]).item() / math.log(2)
    assert found[GatedPixelCNN] == pytest.approx(exact, abs=0.05)
    assert found[PixelCNN] > 1.95


@pytest.mark.parametrize(("size", "shape"), [(3, (4, 6)), (5, (6, 3))])
def test_cached_draws_are_those_of_whole_passes(size: int, shape: tuple[int, int]) -> None:
    """With what is said of each pixel compared as well, in float64."""
    torch.manual_seed(0)
    net = GatedPixelCNN(2, 5, levels=4, width=6, layers=3, size=size, dropout=0.5).double().eval()
    empty = torch.zeros(3, 2, *shape, dtype=torch.long)
    heard: dict[str, list[Tensor]] = {"whole": [], "cached": []}

    def pick(name: str, said: Tensor, row: int, column: int) -> Tensor:
        heard[name].append(said)
        return ((1e3 * said[:, :2]).round().long() + row + 2 * column) % 4

    whole = draw_pixels(net, empty, partial(pick, "whole"))
    cached = draw_pixels_cached(net, empty, partial(pick, "cached"))
    torch.testing.assert_close(torch.stack(heard["cached"]), torch.stack(heard["whole"]), rtol=0, atol=1e-12)
    assert torch.equal(cached, whole)
    assert len(whole.unique()) == 4
    assert not empty.any()


@pytest.mark.parametrize("make", [PixelCNN, GatedPixelCNN])
def test_every_weight_is_trained_and_dropout_drops(make: Make) -> None:
    net = make(1, 3, levels=4, width=16, layers=2)
    pixels = torch.randint(4, (2, 1, ROWS, COLUMNS), generator=torch.Generator().manual_seed(0))
    net(pixels).square().sum().backward()
    for path, weight in net.named_parameters():
        assert weight.grad is not None, path
        assert weight.grad.abs().sum() > 0, path
    dropping = make(1, 3, levels=4, width=4, layers=2, dropout=0.5)
    assert torch.equal(net(pixels), net(pixels))
    assert not torch.equal(dropping(pixels), dropping(pixels))


def test_even_kernels_are_refused() -> None:
    for make in (
        partial(MaskedConv2d, 1, 1, 4, here=True),
        partial(GatedPixelCNN, 1, 1, levels=2, width=2, layers=1, size=2),
    ):
        with pytest.raises(ValueError, match="with a middle expected, given"):
            make()
