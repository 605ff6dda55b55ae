"""Calibration: scores against loops and scikit-learn, the temperature against a search by SciPy and a known one."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from sklearn.metrics import brier_score_loss
from torch import Tensor

from mlblog.numerics.calibration import (
    Bins,
    brier_score,
    calibration_error,
    fit_temperature,
    reliability_bins,
    tempered,
)

N, K = 203, 4


def some(seed: int = 0) -> tuple[Tensor, Tensor]:
    """Answers, and labels that are drawn from them."""
    generator = torch.Generator().manual_seed(seed)
    log_p = (2 * torch.randn(N, K, generator=generator, dtype=torch.float64)).log_softmax(-1)
    return log_p, torch.multinomial(log_p.exp(), 1, generator=generator)[:, 0]


def test_the_brier_score_is_that_of_scikit_learn_and_of_a_loop() -> None:
    log_p, labels = some()
    found = brier_score(log_p, labels)
    p = log_p.exp().numpy()
    by_hand = [sum((p[i, k] - int(k == labels[i])) ** 2 for k in range(K)) for i in range(N)]
    np.testing.assert_allclose(found.numpy(), by_hand)
    two = log_p[:, :2].log_softmax(-1)
    theirs = brier_score_loss((labels == 1).numpy(), two.exp().numpy()[:, 1])  # of one class of two: half of ours
    assert brier_score(two, (labels == 1).long()).mean().item() == pytest.approx(2 * theirs)


def test_bins_are_those_of_a_loop_over_sorted_answers() -> None:
    log_p, labels = some(1)
    found = reliability_bins(log_p, labels, bins=7)
    p = log_p.exp().numpy()
    rows = sorted(range(N), key=lambda i: p[i].max())
    sizes, start, error = [29] * 7, 0, 0.0  # 203 = 7 · 29
    for m, size in enumerate(sizes):
        part = rows[start : start + size]
        start += size
        sure = sum(p[i].max() for i in part) / size
        right = sum(int(p[i].argmax() == int(labels[i])) for i in part) / size
        assert (found.confidence[m].item(), found.right[m].item()) == pytest.approx((sure, right))
        error += size / N * abs(sure - right)
    assert found.number.tolist() == sizes
    assert calibration_error(found) == pytest.approx(error)


def test_bins_of_different_number_count_by_it() -> None:
    bins = Bins(torch.tensor([0.5, 0.9]), torch.tensor([0.75, 0.8]), torch.tensor([1, 3]))
    assert calibration_error(bins) == pytest.approx(0.25 * 0.25 + 0.75 * 0.1)
    assert reliability_bins(*some(), bins=8).number.tolist() == [26] * 3 + [25] * 5
    for bins in (0, N + 1):
        with pytest.raises(ValueError, match=f"1 to {N}"):
            reliability_bins(*some(), bins=bins)


def test_the_temperature_is_the_one_that_a_search_finds() -> None:
    log_p, labels = some(2)
    too_sure = tempered(log_p, 1 / 3)

    def loss(log_t: float) -> float:
        z = too_sure.numpy() / math.exp(log_t)
        return float(np.mean(np.log(np.exp(z).sum(1)) - z[np.arange(N), labels.numpy()]))

    theirs = minimize_scalar(loss, bounds=(-4, 4), method="bounded", options={"xatol": 1e-9}).x
    assert fit_temperature(too_sure, labels) == pytest.approx(math.exp(theirs), rel=1e-5)
    assert fit_temperature(too_sure, labels) == pytest.approx(3 * fit_temperature(log_p, labels), rel=1e-6)


def test_answers_that_are_always_right_are_sharpened_to_the_limit_and_wrong_ones_softened() -> None:
    log_p, _ = some(3)
    assert fit_temperature(log_p, log_p.argmax(-1)) == pytest.approx(math.exp(-6))
    assert fit_temperature(log_p, log_p.argmin(-1)) == pytest.approx(math.exp(6))


def test_a_temperature_is_a_power() -> None:
    p = np.array([0.8, 0.15, 0.05])
    found = tempered(torch.tensor(p).log(), 2.0).exp().numpy()
    np.testing.assert_allclose(found, np.sqrt(p) / np.sqrt(p).sum())
