"""Mel-frequency cepstral coefficients: the shape of a short spectrum in a few numbers, and how it moves.

Dimensions: … any leading axes such as sounds, T samples, F frames, W samples of a window, Q frequencies, M mel filters.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlblog.classical.points import finite

Floats = NDArray[np.float64]

FLOOR = 1e-10  # of power, so that silence has a logarithm


def mel(hertz: Floats) -> Floats:
    """The mel scale: 1127 ln(1 + f / 700), of frequencies (…) in Hz; 1,000 at 1,000 Hz.

    Example:
        >>> mel(np.array([0.0, 700.0, 1_000.0])).round(1).tolist()
        [0.0, 781.2, 1000.0]

    References:
        [davis1980comparison], whose filters are evenly spaced below 1 kHz; with the formula of the HTK software.
    """
    found: Floats = 1127 * np.log1p(finite(hertz, "frequencies") / 700)
    return found


def mel_filters(count: int, *, points: int, rate: int, lowest: float = 20.0) -> Floats:
    """Triangles of height 1, evenly spaced and equally wide in mel, each from centre to centre of its neighbours.

    Args:
        count: M.
        points: of the discrete Fourier transform; Q = points // 2 + 1.
        rate: samples a second.
        lowest: where the first begins, in Hz; the last ends at half the rate.

    Returns:
        (M, Q)

    Raises:
        ValueError: a filter has no frequency of the transform in it.

    Example:
        >>> mel_filters(2, points=8, rate=800, lowest=0.0).round(2).tolist()
        [[0.0, 0.89, 0.33, 0.0, 0.0], [0.0, 0.0, 0.67, 0.63, 0.0]]

    References:
        [davis1980comparison], figure 1.
    """
    at = mel(np.arange(points // 2 + 1) * rate / points)  # (Q,)
    edges = np.linspace(mel(np.array(lowest)), mel(np.array(rate / 2)), count + 2)
    up = (at - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    down = (edges[2:, None] - at) / (edges[2:] - edges[1:-1])[:, None]
    filters: Floats = np.maximum(0.0, np.minimum(up, down))
    if (filters.sum(axis=1) == 0).any():
        raise ValueError(f"frequencies in each filter expected, given {count} filters and {points} points")
    return filters


def log_mel(sound: Floats, *, rate: int, filters: int = 23, window: float = 0.025, hop: float = 0.010) -> Floats:
    """Logarithms of the power in each mel filter, of windows that lie wholly within the sound.

    Each window has its mean taken off, is pre-emphasised, x_t - 0.97 x_{t-1}, and weighted by Hamming's window.

    Args:
        sound: (…, T), T ≥ W.
        rate: samples a second.
        filters: M.
        window: in seconds; W = window · rate.
        hop: from one window to the next, in seconds.

    Returns:
        (…, F, M) nats, F = (T - W) // (hop · rate) + 1.

    Raises:
        ValueError: the sound is shorter than a window, or not finite.

    Example:
        >>> log_mel(np.ones(400), rate=8_000).shape
        (3, 23)
    """
    sound, wide, step = finite(sound, "sound"), round(window * rate), round(hop * rate)
    if sound.shape[-1] < wide:
        raise ValueError(f"{wide} samples or more expected, given {sound.shape[-1]}")
    cut = np.lib.stride_tricks.sliding_window_view(sound, wide, axis=-1)[..., ::step, :]  # (…, F, W)
    cut = cut - cut.mean(axis=-1, keepdims=True)
    cut = np.concatenate((0.03 * cut[..., :1], cut[..., 1:] - 0.97 * cut[..., :-1]), axis=-1)
    points = 1 << (wide - 1).bit_length()
    power = np.abs(np.fft.rfft(cut * np.hamming(wide), points, axis=-1)) ** 2  # (…, F, Q)
    return np.log(np.maximum(power @ mel_filters(filters, points=points, rate=rate).T, FLOOR))


def cepstrum(spectrum: Floats, coefficients: int) -> Floats:
    """The first coefficients of the orthonormal discrete cosine transform (type 2) along the last axis.

        c_k = s_k Σ_m x_m cos(π k (m + ½) / M),   s_0 = √(1 / M),   s_k = √(2 / M)

    Args:
        spectrum: (…, M).
        coefficients: C, at most M.

    Returns:
        (…, C)

    Raises:
        ValueError: more coefficients than M, or none; a spectrum that is not finite.

    Example:
        >>> cepstrum(np.array([1.0, 1.0, 1.0, 1.0]), 2).round(6).tolist()
        [2.0, 0.0]
    """
    spectrum = finite(spectrum, "spectra")
    count = spectrum.shape[-1]
    if not 1 <= coefficients <= count:
        raise ValueError(f"1 to {count} coefficients expected, given {coefficients}")
    waves = np.cos(np.pi * np.arange(coefficients)[:, None] * (np.arange(count) + 0.5) / count)  # (C, M)
    waves *= np.sqrt(np.where(np.arange(coefficients) == 0, 1, 2) / count)[:, None]
    found: Floats = spectrum @ waves.T
    return found


def slopes(tracks: Floats, reach: int = 2) -> Floats:
    """How fast each track rises: the slope of the least-squares line through 2 r + 1 frames; ends are repeated.

        d_t = Σ_{k=1}^{r} k (x_{t+k} - x_{t-k}) / (2 Σ_{k=1}^{r} k²)

    Args:
        tracks: (…, F, C), F ≥ 1.
        reach: r.

    Returns:
        (…, F, C) a frame.

    Raises:
        ValueError: a track is not finite.

    Example:
        >>> slopes(np.arange(6.0)[:, None] ** 2)[:, 0].tolist()
        [0.9, 2.2, 4.0, 6.0, 5.8, 4.1]

    References:
        [furui1986speaker], of spectra.
    """
    tracks = finite(tracks, "tracks")
    around = np.pad(tracks, [(0, 0)] * (tracks.ndim - 2) + [(reach, reach), (0, 0)], mode="edge")
    last = around.shape[-2]
    rises = [
        k * (around[..., reach + k : last - reach + k, :] - around[..., reach - k : last - reach - k, :])
        for k in range(1, reach + 1)
    ]
    found: Floats = np.sum(rises, axis=0) / (2 * sum(k**2 for k in range(1, reach + 1)))
    return found


def mfcc(sound: Floats, *, rate: int, coefficients: int = 13, filters: int = 23) -> Floats:
    """Cepstral coefficients of each window of 25 ms, every 10 ms, with their slopes and the slopes of these.

    Args:
        sound: (…, T), T at least 25 ms.
        rate: samples a second.
        coefficients: C.
        filters: of `log_mel`.

    Returns:
        (…, F, 3 C): 39 numbers a frame as it is commonly used.

    Raises:
        ValueError: a sound is too short, or not finite.

    Example:
        >>> mfcc(np.sin(np.arange(2_000.0)), rate=8_000).shape
        (23, 39)

    References:
        [davis1980comparison] for the coefficients, [furui1986speaker] for the slopes; [hsu2021hubert], section IV-B,
        for what they are used for.
    """
    first = cepstrum(log_mel(sound, rate=rate, filters=filters), coefficients)
    second = slopes(first)
    return np.concatenate((first, second, slopes(second)), axis=-1)
