"""Sources and resonances against SciPy's filters and spectra."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal

from mlblog.data.formants import hiss, pulses, resampled, resonate

RATE = 8_000


def white(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=shape)


def poles(frequency: float, bandwidth: float) -> np.ndarray:
    """The polynomial whose roots are the resonance's two poles."""
    pole = np.exp((-np.pi * bandwidth + 2j * np.pi * frequency) / RATE)
    return np.real(np.poly([pole, pole.conjugate()]))


def test_a_resonance_is_the_filter_with_its_poles() -> None:
    x, frequency, bandwidth = (
        white(3, 200),
        np.array([[500.0], [1_200.0], [3_000.0]]),
        np.array([[60.0], [90.0], [200.0]]),
    )
    ours = resonate(x, frequency, bandwidth, rate=RATE)
    for row in range(3):
        a = poles(frequency[row, 0], bandwidth[row, 0])
        np.testing.assert_allclose(ours[row], scipy.signal.lfilter([a.sum()], a, x[row]), atol=1e-10)


def test_a_moving_resonance_takes_its_settings_in_turn_and_keeps_its_state() -> None:
    x, settings = white(1, 12), (700.0, 1_900.0, 300.0)
    state, right = np.zeros(2), []
    for part, frequency in enumerate(settings):
        a = poles(frequency, 150.0)
        for sample in x[0, 4 * part : 4 * part + 4]:
            right.append(a.sum() * sample - a[1] * state[0] - a[2] * state[1])
            state = np.array([right[-1], state[0]])
    ours = resonate(x, np.array([settings]), 150.0, rate=RATE)
    np.testing.assert_allclose(ours[0], right, atol=1e-12)


def test_hiss_is_as_loud_as_noise_and_loudest_at_its_centre() -> None:
    x = white(2, 80_000)
    ours = hiss(x, np.array([[900.0], [2_500.0]]), np.array([[300.0], [80.0]]), rate=RATE)
    np.testing.assert_allclose(ours[:, 1_000:].std(axis=1), 1, atol=0.06)
    for row, centre in enumerate((900, 2_500)):
        frequencies, power = scipy.signal.welch(ours[row], RATE, nperseg=256)
        assert abs(frequencies[power.argmax()] - centre) < 100


def test_pulses_come_a_period_apart() -> None:
    found = pulses(np.full((1, 8_000), 123.0), rate=RATE)[0]
    assert found.sum() == pytest.approx(123, abs=1)
    at = np.arange(8_000)
    starts = np.flatnonzero((found > 0) & (np.roll(found, 1) == 0))
    centres = [np.average(at[s : s + 2], weights=found[s : s + 2]) for s in starts[1:-1]]
    np.testing.assert_allclose(np.diff(centres), RATE / 123, atol=1e-6)
    assert not pulses(np.zeros((2, 50)), rate=RATE).any()


def test_fewer_samples_are_those_of_scipy() -> None:
    x = white(3, 96)
    x -= x.mean(axis=1, keepdims=True)
    for samples in (96, 31, 47):
        np.testing.assert_allclose(resampled(x, samples), scipy.signal.resample(x, samples, axis=1), atol=1e-12)
    tone = np.cos(2 * np.pi * 12 * np.arange(96) / 96)[None]
    assert np.abs(resampled(tone, 24)).max() < 1e-12, "at half the rate"


def test_samples_and_settings_that_do_not_fit_are_refused() -> None:
    for samples in (0, 97):
        with pytest.raises(ValueError, match=f"1 to 96 samples expected, given {samples}"):
            resampled(white(3, 96), samples)
    for settings in (7, 20):
        for filtered in (resonate, hiss):
            with pytest.raises(ValueError, match=f"settings that divide 10 samples expected, given {settings}"):
                filtered(white(1, 10), np.full((1, settings), 500.0), 100.0, rate=RATE)
