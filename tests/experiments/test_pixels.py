"""What the experiments on pictures said by convolutions measure, counted again by hand."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import torch
from parts import experiments, ran
from torch import Tensor, nn

from mlblog.data.shapes import make_shapes
from mlblog.experiments import pixels
from mlblog.experiments.pixels import ARMS, TEST, draw_copies, greys, parts_of, price_of_copies
from mlblog.experiments.pixels_enlarged import LEVELS, apart, grey, in_parts
from mlblog.experiments.pixels_trained import Arm, bits, network
from mlblog.models.masked_conv import MaskedConv2d


@pytest.mark.parametrize("right", [1, 2])
def test_copies_are_copied_and_cost_what_their_shares_say(right: int) -> None:
    images = draw_copies(4_000, right, generator=torch.Generator().manual_seed(0)).numpy()
    below, source = images[:, 1:, : 8 - right], images[:, :-1, right:]
    assert (below == source).mean() == pytest.approx(0.85, abs=0.005)
    away = np.bincount(((below - source) % 4).ravel(), minlength=4) / below.size
    alone = np.bincount(images[:, 0].ravel(), minlength=4) / images[:, 0].size
    exact = (below[0].size * scipy.stats.entropy(away, base=2) + (64 - below[0].size) * 2) / 64
    assert price_of_copies(right) == pytest.approx(exact, abs=0.01)
    np.testing.assert_allclose(alone, 0.25, atol=0.01)
    edge = images[:, 1:, 8 - right :] == images[:, :-1, 8 - right :]
    assert edge.mean() == pytest.approx(0.25, abs=0.02)


def test_shapes_are_grey_and_parts_are_apart() -> None:
    parts = parts_of(30, 20, 8, "cpu")
    assert [len(part) for part in parts["shapes"]] == [30, 5, 20]
    assert [len(part) for part in parts["digits"]] == [1_200, 5, 20]
    flat = [row for part in parts["shapes"] for row in map(tuple, part.flatten(1).tolist())]
    assert len(set(flat)) == 55
    assert torch.equal(parts["shapes"].test, greys(20, 8, TEST, "cpu"))
    made = make_shapes(20, side=8, fewest=1, most=2, noise=4.0, seed=TEST).images.astype(float).mean(-1)
    right = np.clip(3 * made - 262, 0, 255)  # the ground's middle, 130, becomes 128
    np.testing.assert_allclose(parts["shapes"].test.numpy(), right, atol=0.51)


class Says(nn.Module):
    """The same numbers of every pixel."""

    def __init__(self, numbers: Tensor) -> None:
        super().__init__()
        self.numbers = numbers

    def forward(self, pixels: Tensor) -> Tensor:
        assert pixels.ndim == 4
        return self.numbers[None, :, None, None].expand(len(pixels), -1, *pixels.shape[2:])


def test_bits_are_logarithms_of_shares_for_either_kind_of_answer() -> None:
    images = torch.tensor([[[0, 3], [16, 8]]])
    scores = torch.arange(17.0)
    shares = np.exp(scores.numpy()) / np.exp(scores.numpy()).sum()
    found = bits(Says(scores), ARMS["digits, two stacks"], images, 17)
    np.testing.assert_allclose(found.numpy(), -np.log2(shares[images.numpy()]), rtol=1e-5)
    bell = scipy.stats.logistic(0.25, np.exp(-2))
    edges = np.concatenate([[-np.inf], (np.arange(16) + 0.5) / 8 - 1, [np.inf]])
    found = bits(Says(torch.tensor([0.0, 0.25, -2.0])), ARMS["digits, mixture"], images, 17)
    np.testing.assert_allclose(found.numpy(), -np.log2(np.diff(bell.cdf(edges))[images.numpy()]), rtol=1e-4)


def test_networks_to_compare_have_about_as_many_numbers_to_learn() -> None:
    """A masked kernel of 3 x 3 uses 5 of its 9 places, or 4 in the first layer."""
    counts = {}
    for stacks in (1, 2):
        net = network(Arm("digits", stacks, "levels"), levels=17, width=24, layers=4, dropout=0.0, seed=0)
        unused = sum(
            int((1 - part.mask).sum()) * part.weight[..., 0, 0].numel()
            for part in net.modules()
            if isinstance(part, MaskedConv2d)
        )
        counts[stacks] = sum(weight.numel() for weight in net.parameters()) - unused
    assert counts[1] == pytest.approx(counts[2], rel=0.15)


def test_what_is_drawn_larger_is_measured_over_all_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws in place of the network's: the true digit, and then its negative, in turn."""
    module = experiments()["pixel_enlarged"][0]
    shown = in_parts("cpu").test[[0, 396]]

    def draws(net: object, coarse: Tensor, generator: torch.Generator) -> Tensor:
        assert coarse.shape == (4, 4, 4)
        return torch.stack((shown, 16 - shown), dim=1).flatten(0, 1)

    monkeypatch.setattr(module.PixelRecursiveSR, "draw_larger", draws)
    found = ran("pixel_enlarged", asked=2, count=2).values
    far = float((16.0 - 2 * shown).square().mean().sqrt())
    assert found["error draw added"] == pytest.approx(0)
    assert found["apart helped"] == pytest.approx(far)
    assert found["error mean added"] == pytest.approx(far / 2)
    assert found["grey mean added"] == 1
    assert (found["mean added"] == 8).all()
    means = shown.double().numpy().reshape(2, 4, 2, 4, 2).mean((2, 4))
    assert found["coarse added"] == pytest.approx(np.sqrt(((16 - 2 * means) ** 2).mean() / 2))
    assert found["grey true"] == pytest.approx(((shown > 2) & (shown < 14)).double().mean().item())


def test_differences_are_in_levels_and_grey_is_neither_paper_nor_ink() -> None:
    assert apart(torch.tensor([3, 4]), torch.tensor([0, 0])) == pytest.approx(np.sqrt(12.5))
    assert grey(torch.tensor([0, 2, 3, 13, 14, LEVELS - 1])) == pytest.approx(2 / 6)


def test_alone_pixels_are_drawn_from_their_own_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that is sure of the level 5 in the upper half and of 11 in the lower."""
    module = experiments()["pixel_enlarged"][0]

    def sure(net: object, coarse: Tensor) -> Tensor:
        said = torch.full((len(coarse), LEVELS, 8, 8), -50.0)
        said[:, 5, :4], said[:, 11, 4:] = 50, 50
        return said

    real = module.fitted
    monkeypatch.setattr(module, "WAYS", {name: module.WAYS[name] for name in ("added", "regression", "alone")})

    def planted(net: nn.Module, *arguments: object, **options: object) -> object:
        curves = real(net, *arguments, **options)
        if isinstance(net, module.Enlarger) and net.grow[-1].out_channels == LEVELS:
            monkeypatch.setattr(module.Enlarger, "forward", sure)
        return curves

    monkeypatch.setattr(module, "fitted", planted)
    found = ran("pixel_enlarged", asked=2, count=3).values
    assert (found["drawn alone"][:, :, :4] == 5).all()
    assert (found["drawn alone"][:, :, 4:] == 11).all()


def test_the_arms_say_what_their_names_do() -> None:
    assert {name: tuple(arm) for name, arm in pixels.ARMS.items()} == {
        f"{data}, {name}": (data, stacks, said)
        for data in ("digits", "shapes")
        for name, stacks, said in (("one stack", 1, "levels"), ("two stacks", 2, "levels"), ("mixture", 2, "mixture"))
    }
