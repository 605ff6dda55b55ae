"""Pictures made larger: probabilities, draws, and what reaches which pixel."""

from __future__ import annotations

import itertools

import torch
import torch.nn.functional as F

from mlblog.models.pixel_recursive import Enlarger, PixelRecursiveSR


def network(levels: int = 3) -> PixelRecursiveSR:
    torch.manual_seed(0)
    return PixelRecursiveSR(levels, factor=2, width=6, layers=2).double().eval()


@torch.no_grad()
def test_draws_follow_the_probabilities_of_all_images_for_each_small_one() -> None:
    net, coarse = network(2), torch.tensor([[[0.1, 0.9]], [[1.0, 0.4]]], dtype=torch.float64)
    images = torch.tensor(list(itertools.product(range(2), repeat=8))).view(256, 2, 4)
    count = 6_000
    for one in coarse:
        logits, _ = net(images, one.expand(256, 1, 2))
        shares = logits.log_softmax(1).gather(1, images[:, None]).sum((1, 2, 3)).exp()
        assert abs(float(shares.sum()) - 1) < 1e-12
        drawn = net.draw_larger(one.expand(count, 1, 2), torch.Generator().manual_seed(3))
        met = torch.bincount(drawn.flatten(1) @ 2 ** torch.arange(7, -1, -1), minlength=256) / count
        assert ((met - shares).abs() < 5 * (shares / count).sqrt()).all()


def test_logits_are_the_sum_of_both_networks() -> None:
    net, coarse = network(), torch.rand(4, 2, 3, dtype=torch.float64)
    pixels = torch.randint(3, (4, 4, 6))
    both, alone = net(pixels, coarse)
    torch.testing.assert_close(both, net.conditioned(coarse) + net.prior(pixels[:, None]))
    torch.testing.assert_close(alone, net.conditioned(coarse))


def test_a_patch_is_grown_of_the_pixels_around_its_own() -> None:
    """By autograd: with no layer, 3 x 3 small pixels; with one layer, 5 x 5."""
    for layers in (0, 1):
        torch.manual_seed(0)
        net = Enlarger(2, factor=3, width=48, layers=layers).double()
        coarse = torch.rand(1, 6, 7, dtype=torch.float64)
        found = torch.autograd.functional.jacobian(net, coarse)[0].abs().sum(0)[:, :, 0]
        for row, column in itertools.product(range(18), range(21)):
            near = torch.zeros(6, 7, dtype=torch.bool)
            top, left, far = row // 3, column // 3, 1 + layers
            near[max(0, top - far) : top + far + 1, max(0, left - far) : left + far + 1] = True
            assert torch.equal(found[row, column] > 0, near)


def test_it_learns_which_means_are_given() -> None:
    """Pixels are 0 or 1, and the small pixel is the mean of four: 0 and 4 ones leave nothing open."""
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    net = PixelRecursiveSR(2, factor=2, width=12, layers=1)
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-2)
    for _ in range(120):
        pixels = (torch.rand(64, 4, 4, generator=generator) < 0.5).long()
        coarse = F.avg_pool2d(pixels[:, None].float(), 2)[:, 0]
        both, _ = net(pixels, coarse)
        optimizer.zero_grad()
        F.cross_entropy(both, pixels).backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        optimizer.step()
    given = torch.tensor([[[0.0, 1.0], [1.0, 0.0]]]).expand(50, 2, 2)
    drawn = net.draw_larger(given, torch.Generator().manual_seed(0)).double()
    right = given.double().repeat_interleave(2, 1).repeat_interleave(2, 2)
    assert (drawn - right).abs().mean() < 0.05
