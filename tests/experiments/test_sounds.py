"""What the experiments on sound measure, computed again in another way."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
import torch
from torch import Tensor, nn

from mlblog.data.syllables import make_syllables
from mlblog.experiments import sounds, sounds_levels
from mlblog.experiments.sounds import (
    ARMS,
    IGNORED,
    bits,
    codes_of,
    dilations,
    draw_copies,
    network,
    parts_of,
    voiced,
)
from mlblog.experiments.sounds_levels import decibels, laplace_bits, predicted, quantised, running
from mlblog.models.wavenet import WaveNet, fast_generate, generate, mu_law_decode, mu_law_encode

RNG = np.random.default_rng(0)


def test_codes_end_with_their_utterance_and_parts_are_apart() -> None:
    codes, made = codes_of(7, 4_000, 5), make_syllables(7, count=1, rate=4_000, seed=5)
    ends = (codes != IGNORED).sum(1).numpy()
    np.testing.assert_array_equal(ends, made.frames * 40)
    for row, sound, end in zip(codes.numpy(), made.sound, ends, strict=True):
        assert (row[end:] == IGNORED).all()
        np.testing.assert_allclose(mu_law_decode(torch.from_numpy(row[:end])).numpy(), sound[:end], atol=0.025)
    parts = parts_of(9, 6, 4_000, "cpu")
    assert [len(part) for part in parts] == [9, 4, 6]
    assert len({tuple(row[:400].tolist()) for part in parts for row in part}) == 19


def test_arms_are_equally_large_and_their_fields_are_not() -> None:
    nets = {arm: network(arm, width=7, layers=8, seed=0) for arm in ARMS}
    assert len({sum(weight.numel() for weight in net.parameters()) for net in nets.values()}) == 1
    assert {arm: net.field for arm, net in nets.items()} == {"plain": 9, "up to 2": 13, "up to 8": 31, "up to 128": 256}
    assert dilations(4, 6) == [1, 2, 4, 8, 1, 2]


class Says(nn.Module):
    """The same scores of every sample."""

    def __init__(self, scores: Tensor) -> None:
        super().__init__()
        self.scores = scores

    def forward(self, codes: Tensor) -> Tensor:
        assert codes.min() >= 0
        return self.scores[None, :, None].expand(len(codes), -1, codes.shape[1])


def test_bits_are_logarithms_of_shares_without_what_is_ignored() -> None:
    scores = torch.linspace(-2, 3, 256)
    shares = scores.double().softmax(0).numpy()
    found = bits(Says(scores), torch.tensor([[3, 255, IGNORED], [0, IGNORED, IGNORED]]))
    np.testing.assert_allclose(found.numpy(), -np.log2(shares[[3, 255, 0]]), rtol=1e-5)


def test_a_voice_is_what_repeats_itself() -> None:
    time = np.arange(4_000) / 4_000
    sine, noise = 0.5 * np.sin(2 * np.pi * 110 * time), RNG.normal(0, 0.2, 4_000)
    assert voiced(sine[None], 4_000) == 1
    assert voiced(noise[None], 4_000) < 0.05
    assert voiced(np.stack((sine, noise)), 4_000) == pytest.approx(0.5, abs=0.03)
    assert voiced(np.concatenate((sine, 0 * sine))[None], 4_000) == 1  # silence does not count
    assert voiced(0 * sine[None], 4_000) == 0
    assert voiced(0.5 * np.sin(2 * np.pi * 700 * time)[None], 4_000) == 1  # it also repeats itself after 7 periods


@pytest.mark.parametrize("lag", [3, 12])
def test_copies_are_copied_and_cost_what_their_shares_say(lag: int) -> None:
    codes = draw_copies(400, lag, 60, generator=torch.Generator().manual_seed(0)).numpy()
    away = np.bincount(((codes[:, lag:] - codes[:, :-lag]) % 4).ravel(), minlength=4)
    assert away[0] / away.sum() == pytest.approx(0.85, abs=0.01)
    assert sounds.price_of_copies() == pytest.approx(scipy.stats.entropy(away, base=2), abs=0.02)
    np.testing.assert_allclose(np.bincount(codes[:, :lag].ravel()) / codes[:, :lag].size, 0.25, atol=0.04)


def test_predictions_are_least_squares_over_the_samples_so_far() -> None:
    sound, order, memory = RNG.normal(size=(2, 25)), 3, 0.9
    found = predicted(sound, order, memory)
    for row, middle in zip(sound, found, strict=True):
        known = np.concatenate((np.zeros(order), row))
        before = np.stack([known[t : t + order][::-1] for t in range(len(row))])
        for t in range(len(row)):
            weigh = memory ** np.arange(t - 1, -1, -1)[:, None]
            ridge = memory**t * sounds_levels.RIDGE * np.eye(order)
            square, right = ridge + before[:t].T @ (weigh * before[:t]), before[:t].T @ (weigh[:, 0] * row[:t])
            assert middle[t] == pytest.approx(before[t] @ np.linalg.solve(square, right), abs=1e-7)


def test_running_means_know_what_came_before_only() -> None:
    errors = RNG.uniform(size=(2, 9))
    found = running(errors, 0.7)
    for t in range(9):
        right = sum(0.3 * 0.7 ** (t - 1 - s) * errors[:, s] for s in range(t))
        np.testing.assert_allclose(found[:, t], right, atol=1e-12)


def test_prices_of_all_levels_are_those_of_a_laplace_distribution() -> None:
    fine = torch.linspace(-1, 1, 2_000_001, dtype=torch.float64)
    edges = fine[1:][mu_law_encode(fine).diff() > 0].numpy()
    bell = scipy.stats.laplace(0.1, 0.03)
    right = np.diff(np.concatenate(([0], bell.cdf(edges), [1])))
    found = 2 ** -laplace_bits(np.arange(256), np.full(256, 0.1), np.full(256, 0.03))
    np.testing.assert_allclose(found, np.maximum(right, 1e-9), rtol=1e-3, atol=2e-6)  # edges to 1e-6
    assert found.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("levels", [16, 64])
def test_even_levels_are_the_nearest_of_a_grid(levels: int) -> None:
    sound = torch.from_numpy(RNG.uniform(-1, 1, 300))
    grid = np.linspace(-1, 1, levels)
    right = grid[np.abs(sound.numpy()[:, None] - grid).argmin(1)]
    np.testing.assert_allclose(quantised(sound, "linear", levels).numpy(), right, atol=1e-12)


def test_noise_of_levels_is_what_is_known_of_them() -> None:
    """Noise is a twelfth of the squared step: an even one, or that of the μ-law, which grows with the sound."""
    for loudness in (0.9, 0.3):
        sound = torch.from_numpy(RNG.uniform(-loudness, loudness, 50_000))
        noise = {law: (quantised(sound, law, 256) - sound).numpy() for law in ("mu-law", "linear")}
        even = 10 * math.log10(loudness**2 / 3 * 12 / (2 / 255) ** 2)
        assert decibels(noise["linear"], sound.numpy()) == pytest.approx(even, abs=0.2)
        steps = 2 / 255 * math.log(256) * (1 / 255 + sound.abs())  # the slope of the inverse times the step of f
        law = 10 * math.log10(loudness**2 / 3 * 12 / float(steps.square().mean()))
        assert decibels(noise["mu-law"], sound.numpy()) == pytest.approx(law, abs=0.2)


@pytest.mark.parametrize("layers", [1, 3])
def test_multiplications_are_those_of_the_matrices(layers: int) -> None:
    width = 6
    net = WaveNet(levels=256, width=width, skip=width, dilations=[2**layer for layer in range(layers)]).eval()
    once = 2 * width + layers * (4 + 1 + 1) * width**2 + width**2 + width * 256
    counted = {way: sounds_levels._multiplications(net, way, net.field + 2) for way in (generate, fast_generate)}
    assert counted == {generate: once * (net.field + 1), fast_generate: once}
