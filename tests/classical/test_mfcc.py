"""Cepstral coefficients against SciPy's short-time spectra, cosine transform and smoothed slopes."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft
import scipy.signal

from mlblog.classical.mfcc import cepstrum, log_mel, mel, mel_filters, mfcc, slopes

RATE = 8_000


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def test_the_scale_is_that_of_htk() -> None:
    hertz = np.array([20.0, 440.0, 1_000.0, 4_000.0])
    assert mel(hertz) == pytest.approx(2_595 * np.log10(1 + hertz / 700), rel=2e-5)  # the other way to write it


def test_filters_are_triangles_between_corners_in_mel() -> None:
    found = mel_filters(5, points=256, rate=RATE, lowest=100.0)
    corners = np.linspace(mel(np.array(100.0)), mel(np.array(4_000.0)), 7)
    at = mel(np.fft.rfftfreq(256, 1 / RATE))
    for row, (low, centre, high) in zip(found, zip(corners, corners[1:], corners[2:], strict=False), strict=True):
        assert row == pytest.approx(np.interp(at, [low, centre, high], [0, 1, 0], left=0, right=0))
    with pytest.raises(ValueError, match="given 60 filters and 64 points"):
        mel_filters(60, points=64, rate=RATE)


def test_spectra_are_those_of_scipy() -> None:
    """Window by window: `lfilter` emphasises, `hamming` weighs, and a whole transform is cut at half the rate."""
    sound = noise(1_000) + 3.0
    found = log_mel(sound, rate=RATE, filters=9)
    starts = range(0, 1_000 - 200 + 1, 80)
    assert found.shape == (len(starts), 9)
    shapes = mel_filters(9, points=256, rate=RATE)
    for row, start in zip(found, starts, strict=True):
        cut = sound[start : start + 200] - sound[start : start + 200].mean()
        cut = scipy.signal.lfilter([1, -0.97], [1], cut, zi=[-0.97 * cut[0]])[0]
        power = np.abs(scipy.fft.fft(cut * scipy.signal.windows.hamming(200), 256)[:129]) ** 2
        assert row == pytest.approx(np.log([float((power * shape).sum()) for shape in shapes]), abs=1e-8)


def test_coefficients_are_those_of_scipy() -> None:
    spectrum = noise(2, 7, 11)
    assert cepstrum(spectrum, 5) == pytest.approx(scipy.fft.dct(spectrum, norm="ortho")[..., :5])
    for wrong in (0, 12):
        with pytest.raises(ValueError, match=f"1 to 11 coefficients expected, given {wrong}"):
            cepstrum(spectrum, wrong)


@pytest.mark.parametrize("reach", [1, 2, 3])
def test_slopes_are_those_of_a_least_squares_line(reach: int) -> None:
    """Savitzky and Golay's filter of degree one."""
    tracks = noise(3, 9, 4)
    theirs = scipy.signal.savgol_filter(tracks, 2 * reach + 1, polyorder=1, deriv=1, axis=1, mode="nearest")
    assert slopes(tracks, reach) == pytest.approx(theirs)


def test_thirty_nine_numbers_are_thirteen_and_their_slopes() -> None:
    sounds = noise(2, 900)
    found = mfcc(sounds, rate=RATE)
    assert found.shape == (2, 9, 39)
    first = scipy.fft.dct(log_mel(sounds, rate=RATE), norm="ortho")[..., :13]
    second = scipy.signal.savgol_filter(first, 5, polyorder=1, deriv=1, axis=1, mode="nearest")
    third = scipy.signal.savgol_filter(second, 5, polyorder=1, deriv=1, axis=1, mode="nearest")
    assert found == pytest.approx(np.concatenate((first, second, third), axis=-1))
    assert mfcc(sounds[1], rate=RATE) == pytest.approx(found[1])


def test_loudness_moves_the_first_coefficient_alone() -> None:
    sound = noise(900)
    moved = mfcc(10 * sound, rate=RATE) - mfcc(sound, rate=RATE)
    assert moved[:, 0] == pytest.approx(np.full(9, np.sqrt(23) * np.log(100)))
    assert np.abs(moved[:, 1:]).max() < 1e-9


def test_silence_has_features_and_less_than_a_window_none() -> None:
    assert np.isfinite(mfcc(np.zeros(400), rate=RATE)).all()
    with pytest.raises(ValueError, match="200 samples or more expected, given 199"):
        mfcc(np.zeros(199), rate=RATE)
