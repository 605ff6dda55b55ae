"""Speech from a source and filters: pulses of a voice, or noise, through the resonances of a mouth.

Dimensions: n sounds, T samples, C settings of a filter, each held for T / C samples.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def pulses(frequency: Floats, *, rate: int) -> Floats:
    """One unit pulse a period, split between the two samples that it falls between.

    Args:
        frequency: (n, T), pulses a second; 0 for silence.
        rate: samples a second.

    Returns:
        (n, T)

    Example:
        >>> pulses(np.full((1, 8), 400.0), rate=1_000).round(1).tolist()
        [[0.0, 0.5, 0.5, 0.0, 1.0, 0.0, 0.5, 0.5]]
    """
    step = frequency / rate
    phase = np.cumsum(step, axis=1)
    done = np.floor(phase + 1e-9)  # 2.5 steps of 0.4 are one period
    begins = np.diff(done, prepend=0, axis=1) > 0
    late = np.where(begins, np.clip((phase - done) / np.where(begins, step, 1), 0, 1), 0)  # in samples
    found: Floats = begins * (1 - late)
    found[:, :-1] += (begins * late)[:, 1:]
    return found


def resonate(sound: Floats, frequency: Floats, bandwidth: Floats | float, *, rate: int) -> Floats:
    """Pass sounds through a resonance that may move, and that leaves a constant as it is.

        y_t = A x_t + B y_{t-1} + C y_{t-2},   C = -exp(-2π b / r),   B = 2 exp(-π b / r) cos(2π f / r),   A = 1 - B - C

    Args:
        sound: (n, T), x.
        frequency: (n, C), f in Hz.
        bandwidth: (n, C) or one number, b in Hz.
        rate: r, samples a second.

    Returns:
        (n, T), y.

    Raises:
        ValueError: C does not divide T.

    Example:
        >>> resonate(np.array([[1.0, 0.0, 0.0, 0.0]]), np.array([[0.0]]), 100.0, rate=1_000).round(3).tolist()
        [[0.073, 0.106, 0.116, 0.113]]

    References:
        [klatt1980software], eqs. 1 and 2.
    """
    b, c = _feedback(frequency, bandwidth, rate)
    return _fed_back(sound, 1 - b - c, b, c)


def hiss(noise: Floats, frequency: Floats, bandwidth: Floats | float, *, rate: int) -> Floats:
    """Pass white noise through a resonance that leaves it as loud as it is: A is another than in `resonate`.

        A² = (1 + C) ((1 - C)² - B²) / (1 - C)

    Args:
        noise: (n, T), white.
        frequency: (n, C), in Hz.
        bandwidth: (n, C) or one number, in Hz.
        rate: samples a second.

    Returns:
        (n, T)

    Raises:
        ValueError: C does not divide T.
    """
    b, c = _feedback(frequency, bandwidth, rate)
    return _fed_back(noise, np.sqrt((1 + c) * ((1 - c) ** 2 - b**2) / (1 - c)), b, c)


def _feedback(frequency: Floats, bandwidth: Floats | float, rate: int) -> tuple[Floats, Floats]:
    """B and C, (n, C) each."""
    decay = np.exp(-math.pi * bandwidth / rate + 0 * frequency)
    return 2 * decay * np.cos(2 * math.pi * frequency / rate), -(decay**2)


def _fed_back(sound: Floats, a: Floats, b: Floats, c: Floats) -> Floats:
    held, left = divmod(sound.shape[1], b.shape[1])
    if left:
        raise ValueError(f"settings that divide {sound.shape[1]} samples expected, given {b.shape[1]}")
    found = np.ascontiguousarray((sound * np.repeat(a, held, axis=1)).T)  # (T, n)
    b, c = np.ascontiguousarray(b.T), np.ascontiguousarray(c.T)
    before = last = np.zeros(len(sound))
    for t, now in enumerate(found):
        now += b[t // held] * last + c[t // held] * before  # what goes in is overwritten by what comes out
        before, last = last, now
    return found.T


def resampled(sound: Floats, samples: int) -> Floats:
    """As many samples as asked for in the same time, without what they cannot hold: by the discrete Fourier transform.

    Args:
        sound: (n, T), taken as periodic.
        samples: at most T.

    Returns:
        (n, samples)

    Raises:
        ValueError: more samples than there are, or none.

    Example:
        >>> wave = np.cos((np.arange(12) - 1) * np.pi / 6)[None]
        >>> resampled(wave, 4).round(2).tolist()
        [[0.87, 0.5, -0.87, -0.5]]
    """
    if not 1 <= samples <= sound.shape[1]:
        raise ValueError(f"1 to {sound.shape[1]} samples expected, given {samples}")
    spectrum = np.fft.rfft(sound, axis=1)[:, : samples // 2 + 1]
    if samples % 2 == 0 and samples < sound.shape[1]:
        spectrum[:, -1] = 0  # what is at half the rate could be of either sign
    found: Floats = np.fft.irfft(spectrum, samples, axis=1) * (samples / sound.shape[1])
    return found
