"""Samples against what they may depend on, nested sums over taps, all short sounds, and μ-law by its definition."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from mlblog.models.wavenet import WaveNet, fast_generate, generate, mu_law_decode, mu_law_encode


def network(dilations: list[int], *, levels: int = 4, width: int = 8) -> WaveNet:
    torch.manual_seed(0)
    return WaveNet(levels=levels, width=width, skip=9, dilations=dilations).double().eval()


@pytest.mark.parametrize("dilations", [[1], [1, 2, 4], [1, 1, 1], [3, 1, 2], [1, 2, 4, 1, 2, 4]])
def test_a_sample_depends_on_its_field_and_on_nothing_else(dilations: list[int]) -> None:
    """By autograd, against the sums of subsets of the dilations."""
    net, length = network(dilations, width=16), 20
    sums = {sum(some) for size in range(len(dilations) + 1) for some in itertools.combinations(dilations, size)}
    codes = torch.rand(1, length, dtype=torch.float64)
    found = torch.autograd.functional.jacobian(net, codes)[0].abs().sum(0)[:, 0] > 0  # (predicted, seen)
    right = torch.tensor([[(here - seen - 1) in sums for seen in range(length)] for here in range(length)])
    assert torch.equal(found, right)
    assert net.field == max(sums) + 1


def by_hand(net: WaveNet, codes: Tensor) -> Tensor:
    """Logits (V, T) of one sound, sample by sample, with dictionaries in place of padding."""
    shift = [torch.zeros(2, dtype=torch.float64)] + [
        torch.tensor([2 * int(code) / (net.levels - 1) - 1, 1.0], dtype=torch.float64) for code in codes[:-1]
    ]
    now = {t: net.input.weight[..., 0] @ x + net.input.bias for t, x in enumerate(shift)}
    skips = {t: torch.zeros(9, dtype=torch.float64) for t in now}
    for layer in net.layers:
        later = {}
        for t, x in now.items():
            old = now.get(t - layer.dilation, torch.zeros_like(x))
            left, right = layer.filter_gate.weight.unbind(-1)
            taps = left @ old + right @ x + layer.filter_gate.bias
            half = len(taps) // 2
            z = taps[:half].tanh() / (1 + (-taps[half:]).exp())
            skips[t] = skips[t] + layer.skip.weight[..., 0] @ z + layer.skip.bias
            later[t] = x + layer.residual.weight[..., 0] @ z + layer.residual.bias
        now = later
    _, middle, _, last = net.head
    hidden = [F.relu(middle.weight[..., 0] @ F.relu(x) + middle.bias) for x in skips.values()]
    return torch.stack([last.weight[..., 0] @ x + last.bias for x in hidden], dim=1)


@torch.no_grad()
def test_logits_are_sums_over_taps_and_skips() -> None:
    net = network([1, 2, 4])
    codes = torch.randint(4, (2, 11), generator=torch.Generator().manual_seed(1))
    for row, found in zip(codes, net(codes), strict=True):
        torch.testing.assert_close(found, by_hand(net, row), rtol=0, atol=1e-12)


@torch.no_grad()
def test_probabilities_of_all_sounds_sum_to_one_and_draws_follow_them() -> None:
    net, count = network([1, 2], levels=3), 6_000
    sounds = torch.tensor(list(itertools.product(range(3), repeat=4)))
    shares = net(sounds).log_softmax(1).gather(1, sounds[:, None]).sum((1, 2)).exp()
    assert float(shares.sum()) == pytest.approx(1, abs=1e-12)
    drawn = fast_generate(net, count, 4, torch.Generator().manual_seed(3)) @ torch.tensor([27, 9, 3, 1])
    met = torch.bincount(drawn, minlength=81) / count
    assert ((met - shares).abs() < 5 * (shares / count).sqrt()).all()


@pytest.mark.parametrize("dilations", [[1], [1, 2, 4, 8], [3, 1, 2], [1, 2, 1, 2]])
def test_cached_draws_are_those_of_whole_passes(dilations: list[int]) -> None:
    net = network(dilations, levels=16)
    slow, fast = (way(net, 3, 40, torch.Generator().manual_seed(0)) for way in (generate, fast_generate))
    assert torch.equal(slow, fast)
    assert len(slow.unique()) > 8


def test_mu_law_is_its_definition() -> None:
    """Against the formula in NumPy, and the nearest of 256 values of its inverse, found by search."""
    x = np.linspace(-1, 1, 4_001)
    found = mu_law_encode(torch.from_numpy(x)).numpy()
    squeezed = np.sign(x) * np.log(1 + 255 * np.abs(x)) / np.log(256)
    grid = np.linspace(-1, 1, 256)
    away = np.abs(squeezed[:, None] - grid)
    assert (away[np.arange(len(x)), found] <= away.min(1) + 1e-12).all()
    levels = mu_law_decode(torch.arange(256), dtype=torch.float64).numpy()
    right = np.sign(grid) * ((1 + 255) ** np.abs(grid) - 1) / 255
    np.testing.assert_allclose(levels, right, atol=1e-12)
    assert torch.equal(mu_law_encode(torch.from_numpy(levels)), torch.arange(256))
    assert mu_law_encode(torch.tensor([-3.0, 3.0]), 16).tolist() == [0, 15]


def test_near_silence_levels_are_finer_than_even_ones() -> None:
    levels = mu_law_decode(torch.arange(256), dtype=torch.float64)
    steps = levels.diff()
    assert (steps > 0).all()
    assert steps.min() < 2 / 255 / 40
    assert steps.max() == pytest.approx(math.expm1(math.log(256)) / 255 - float(levels[-2]))


def test_it_learns_a_pattern_that_lies_in_its_field_and_no_other() -> None:
    """A sample repeats the one eight before: within the field of three dilated layers, beyond three plain ones."""
    generator, found = torch.Generator().manual_seed(0), {}
    for name, dilations in (("dilated", [1, 2, 4]), ("plain", [1, 1, 1])):
        torch.manual_seed(0)
        net = WaveNet(levels=2, width=16, skip=16, dilations=dilations)
        optimizer = torch.optim.Adam(net.parameters(), lr=2e-2)
        for _ in range(70):
            codes = torch.randint(2, (32, 8), generator=generator).repeat(1, 4)
            loss = F.cross_entropy(net(codes)[..., 8:], codes[:, 8:])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
            optimizer.step()
        found[name] = loss.item() / math.log(2)
    assert found["dilated"] < 0.1
    assert found["plain"] > 0.95


def test_a_network_without_layers_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one dilation"):
        network([])
