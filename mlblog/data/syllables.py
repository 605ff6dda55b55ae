"""Made-up syllables, spoken by a formant synthesizer from a seed: which phone sounds is known in every frame.

Dimensions: n utterances, F frames of the longest, T = F rate / 100 samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlblog.data.formants import Floats, hiss, pulses, resampled, resonate

RATES = (4_000, 16_000)
FRAMES = 100  # a second


class Phone(NamedTuple):
    """How a sound is made.

    Attributes:
        formants: three resonances of the voice, in Hz.
        voice: level of the pulses.
        hiss: centre and bandwidth of the noise, in Hz.
        noise: level of the noise.
    """

    formants: tuple[float, float, float]
    voice: float
    hiss: tuple[float, float] = (1_500.0, 1_000.0)
    noise: float = 0.0


NEUTRAL = (500.0, 1_500.0, 2_500.0)
#: Vowels have the mean formants of men that [peterson1952control] reports; consonants are made up.
PHONES = {
    "": Phone(NEUTRAL, 0.0),
    "a": Phone((730.0, 1_090.0, 2_440.0), 1.0),
    "e": Phone((530.0, 1_840.0, 2_480.0), 1.0),
    "i": Phone((270.0, 2_290.0, 3_010.0), 1.0),
    "o": Phone((570.0, 840.0, 2_410.0), 1.0),
    "u": Phone((300.0, 870.0, 2_240.0), 1.0),
    "m": Phone((250.0, 1_200.0, 2_200.0), 0.5),
    "f": Phone(NEUTRAL, 0.0, (1_500.0, 6_000.0), 0.5),
    "s": Phone(NEUTRAL, 0.0, (5_000.0, 1_000.0), 1.0),
    "sh": Phone(NEUTRAL, 0.0, (2_600.0, 700.0), 1.0),
    "x": Phone(NEUTRAL, 0.0, (1_300.0, 300.0), 1.0),
}
NAMES = tuple(PHONES)
VOWELS, CONSONANTS = NAMES[1:6], NAMES[6:]
BANDWIDTHS = (60.0, 90.0, 150.0)  # of the formants, in Hz
_MADE_AT = 16_000  # every sound, whatever it is heard at
_SETTINGS = 1_000  # of its filters, a second
_HISS = 6e-5  # noise over voice, where both have level 1


class Syllables(NamedTuple):
    """Utterances, padded with silence.

    Attributes:
        sound: (n, T) float32, -1 to 1 in steps of 16 bits.
        phones: (n, F) int64, which of `NAMES` sounds in each hundredth of a second; 0 in silence.
        texts: as "sha mi", n of them.
        frames: (n,) int64, frames of each.
        pitch: (n, F) float32, pulses of the voice a second; 0 in unvoiced frames.
    """

    sound: NDArray[np.float32]
    phones: NDArray[np.int64]
    texts: tuple[str, ...]
    frames: NDArray[np.int64]
    pitch: NDArray[np.float32]


def make_syllables(n: int, *, count: int = 2, rate: int = 16_000, words: Sequence[str] = (), seed: int) -> Syllables:
    """Draw syllables of a consonant and a vowel uniformly, their durations, and a voice that falls; then speak them.

    A consonant lasts 7 to 12 frames, a vowel 10 to 20; a pause of 3 to 8 frames comes before the first syllable and
    after the last. The voice begins at 90 to 220 pulses a second and ends a sixth lower.

    Args:
        n: utterances.
        count: syllables of each.
        rate: samples a second, 4,000 or 16,000. At the lower rate there is the same sound up to 2 kHz.
        words: if given, these are drawn uniformly in place of single syllables: each as many syllables, such as
            "sha mi", as divide `count`.
        seed: of everything.

    Raises:
        ValueError: another rate, no utterances or no syllables, or words that are not of such syllables.

    Example:
        >>> spoken = make_syllables(2, count=2, rate=4_000, seed=0)
        >>> spoken.texts, spoken.sound.shape, spoken.phones.shape
        (('xe sha', 'sa fa'), (2, 2960), (2, 74))
    """
    if n < 1 or count < 1:
        raise ValueError(f"an utterance and a syllable or more expected, given {n} and {count}")
    rng = np.random.default_rng(seed)
    if words:
        spelled = _spelled(words, count)
        first, second = spelled[rng.integers(len(words), size=(n, count // spelled.shape[1]))].reshape(n, count, 2).T
        first, second = first.T, second.T
    else:
        first = rng.integers(len(CONSONANTS), size=(n, count))
        second = rng.integers(len(VOWELS), size=(n, count))
    spans = np.stack((rng.integers(7, 13, size=(n, count)), rng.integers(10, 21, size=(n, count))), axis=2)
    pauses = rng.integers(3, 9, size=(n, 2))
    order = np.stack((first + NAMES.index(CONSONANTS[0]), second + NAMES.index(VOWELS[0])), axis=2).reshape(n, -1)
    order = np.pad(order, ((0, 0), (1, 1)))
    spans = np.hstack((pauses[:, :1], spans.reshape(n, -1), pauses[:, 1:]))
    frames = spans.sum(1)
    phones = np.zeros((n, int(frames.max())), dtype=np.int64)
    for row, symbols, lengths in zip(phones, order, spans, strict=True):
        row[: lengths.sum()] = np.repeat(symbols, lengths)
    begin = rng.uniform(90, 220, size=(n, 1))
    pitch = begin * (1 - np.arange(phones.shape[1]) / frames[:, None] / 6)
    pitch *= np.array([phone.voice > 0 for phone in PHONES.values()])[phones]
    texts = tuple(
        " ".join(CONSONANTS[c] + VOWELS[v] for c, v in zip(*row, strict=True))
        for row in zip(first, second, strict=True)
    )
    sound = speak(phones, pitch, rate=rate, rng=rng)
    return Syllables(sound, phones, texts, frames, pitch.astype(np.float32))


def _spelled(words: Sequence[str], count: int) -> NDArray[np.int64]:
    """Which of the consonants and of the vowels: (words, syllables, 2)."""
    try:
        found = [[(CONSONANTS.index(s[:-1]), VOWELS.index(s[-1])) for s in word.split(" ")] for word in words]
    except (ValueError, IndexError):
        raise ValueError(f"words of syllables such as 'sha mi' expected, given {', '.join(words)}") from None
    lengths = {len(word) for word in found}
    if len(lengths) > 1 or count % min(lengths):
        raise ValueError(f"words of equally many syllables that divide {count} expected, given {', '.join(words)}")
    return np.array(found)


def speak(phones: NDArray[np.int64], pitch: Floats, *, rate: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Sound of phones: pulses and noise, each through its resonances, which glide from phone to phone.

    Args:
        phones: (n, F), which of `NAMES`.
        pitch: (n, F), pulses a second, where there is a voice.
        rate: samples a second, 4,000 or 16,000.
        rng: of the noise.

    Returns:
        (n, F rate / 100), the loudest sample of each at 0.9, in steps of 16 bits.

    Raises:
        ValueError: another rate.
    """
    if rate not in RATES:
        raise ValueError(f"a rate of {' or '.join(map(str, RATES))} expected, given {rate}")
    table = np.array([(*p.formants, *p.hiss, p.voice, p.noise) for p in PHONES.values()])
    *formants, centre, width, voice, noise = _glide(table[phones]).transpose(2, 0, 1)  # (n, C) each
    source = pulses(_held(pitch, _MADE_AT // FRAMES), rate=_MADE_AT)  # (n, T)
    held = _MADE_AT // _SETTINGS
    source *= _held(voice, held)
    source = np.diff(resonate(source, 0 * voice, 100.0, rate=_MADE_AT), prepend=0, axis=1)  # a glottis, and lips
    for formant, bandwidth in zip(formants, BANDWIDTHS, strict=True):
        source = resonate(source, formant, bandwidth, rate=_MADE_AT)
    white = rng.normal(size=source.shape)
    source += _HISS * _held(noise, held) * hiss(white, centre, width, rate=_MADE_AT)
    sound = resampled(source, phones.shape[1] * rate // FRAMES)
    loudest = np.abs(sound).max(axis=1, keepdims=True, initial=0)
    sound *= 0.9 / np.where(loudest == 0, 1, loudest)
    return (np.rint(sound * 32_767) / 32_767).astype(np.float32)


def _held(tracks: Floats, count: int) -> Floats:
    return np.repeat(tracks, count, axis=1)


def _glide(tracks: Floats) -> Floats:
    """(n, F, …) to (n, C, …): each frame's value for all its settings, as means over the 40 ms around each."""
    held, half = _held(tracks, _SETTINGS // FRAMES), 2 * _SETTINGS // FRAMES
    around = np.pad(held, ((0, 0), (half + 1, half), (0, 0)), mode="edge")
    total = np.cumsum(around, axis=1)
    return (total[:, 2 * half :] - total[:, : -2 * half])[:, : held.shape[1]] / (2 * half)
