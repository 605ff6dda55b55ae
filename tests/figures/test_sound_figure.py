"""A sound that is shown: its file read by SciPy, its spectrogram against SciPy's, and what is refused."""

from __future__ import annotations

import base64
import io
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
import scipy.io.wavfile
import scipy.signal

from mlblog.figures import sound, spectrogram

NOISE = np.random.default_rng(0).uniform(-1, 1, 900)


def test_the_file_is_the_sound_in_16_bits() -> None:
    rate, found = scipy.io.wavfile.read(io.BytesIO(sound(2 * NOISE, rate=4_000, transcript="Noise.").wav))
    assert rate == 4_000
    np.testing.assert_allclose(found / 32_767, np.clip(2 * NOISE, -1, 1), atol=0.51 / 32_767)


def test_the_spectrogram_is_that_of_scipy() -> None:
    found = spectrogram(NOISE, 64)
    _, _, right = scipy.signal.spectrogram(
        NOISE, nperseg=64, noverlap=32, window="hann", detrend=False, scaling="spectrum", mode="complex"
    )
    window = scipy.signal.get_window("hann", 64)
    np.testing.assert_allclose(found, np.abs(right * window.sum()) ** 2, atol=1e-9)


@pytest.mark.parametrize(("hertz", "rate"), [(500, 4_000), (3_000, 16_000)])
def test_a_tone_is_darkest_at_its_frequency(hertz: int, rate: int) -> None:
    made = sound(np.sin(2 * np.pi * hertz * np.arange(rate // 2) / rate), rate=rate, transcript="A tone.", title="T")
    [ax] = made.still.axes
    shades = np.asarray(ax.images[0].get_array())[..., 3]
    left, right, low, high = ax.images[0].get_extent()
    assert (left, right, low, high) == (0, 0.5, 0, rate / 2_000)
    darkest = shades.mean(1).argmax() / (len(shades) - 1) * high
    assert darkest == pytest.approx(hertz / 1_000, abs=high / len(shades))
    assert (ax.get_title(loc="left") or ax.get_title()) == "T"
    assert shades.min() == 0
    np.testing.assert_allclose(shades * 15, np.round(shades * 15), atol=1e-9)  # steps of 4 dB in 60
    assert not plt.get_fignums()  # a cell would show it a second time


def test_silence_is_drawn() -> None:
    made = sound(np.zeros(300), rate=4_000, transcript="Silence.")
    assert np.asarray(made.still.axes[0].images[0].get_array())[..., 3].max() == 0


def test_a_plain_notebook_shows_picture_player_and_transcript() -> None:
    made = sound(NOISE, rate=4_000, transcript="A <hiss>,\n  no more.")
    shown = made._repr_html_()
    picture, heard = (base64.b64decode(one) for one in re.findall(r"base64,([^\"]+)", shown))
    assert picture.startswith(b"\x89PNG")
    assert heard == made.wav
    assert "<p>A &lt;hiss&gt;, no more.</p>" in shown


@pytest.mark.parametrize(
    ("samples", "transcript", "problem"),
    [
        (np.zeros((2, 100)), "x", r"shape \(T,\), T at least 64, got \(2, 100\)"),
        (np.zeros(63), "x", "at least 64"),
        (np.full(100, np.nan), "x", "finite"),
        (np.zeros(100), " ", "needs a transcript"),
    ],
)
def test_what_cannot_be_shown_is_refused(samples: np.ndarray, transcript: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        sound(samples, rate=4_000, transcript=transcript)
