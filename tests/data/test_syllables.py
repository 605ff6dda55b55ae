"""Spoken syllables against their spectra, their periods and their texts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import groupby

import numpy as np
import pytest
import scipy.signal

from mlblog.data.syllables import CONSONANTS, FRAMES, NAMES, PHONES, VOWELS, make_syllables, speak


def steady(phones: Sequence[str], pitches: Sequence[float], *, rate: int, frames: int = 50) -> np.ndarray:
    """A sound for each phone and pitch."""
    rows = np.repeat([[NAMES.index(phone)] for phone in phones], frames, axis=1)
    held = np.repeat(np.array(pitches)[:, None], frames, axis=1)
    return speak(rows, held, rate=rate, rng=np.random.default_rng(0)).astype(float)


def test_spectra_have_peaks_at_the_formants() -> None:
    """Of one pulse and its ringing, since harmonics would hide them."""
    voiced = [*VOWELS, "m"]
    for phone, sound in zip(voiced, steady(voiced, [5.0] * 6, rate=16_000), strict=True):
        start = int(np.abs(sound[4_000:]).argmax()) + 4_000
        one = sound[start - 40 : start + 1_500]
        peaks, _ = scipy.signal.find_peaks(np.log(np.abs(np.fft.rfft(one, 16_000))), prominence=0.2)  # a bin a hertz
        formants = PHONES[phone].formants
        peaks = peaks[(peaks > 150) & (peaks < 1.1 * formants[-1])]  # not the glottis, nor the rounding to 16 bits
        assert peaks.tolist() == pytest.approx(formants, rel=0.025)


@pytest.mark.parametrize("rate", [4_000, 16_000])
def test_a_voice_repeats_itself_after_its_period(rate: int) -> None:
    pitches = [93.0, 141.0, 212.0]
    for pitch, sound in zip(pitches, steady(["a"] * 3, pitches, rate=rate), strict=True):
        spread = np.correlate(sound, sound, mode="full")[len(sound) - 1 :]
        tops, _ = scipy.signal.find_peaks(spread[: rate // 60], height=0.9 * spread[rate // 300 : rate // 60].max())
        best = tops[tops > rate // 300][0]  # twice the period is a period, too
        left, here, right = spread[best - 1 : best + 2]
        lag = best + 0.5 * (left - right) / (left - 2 * here + right)
        assert rate / lag == pytest.approx(pitch, rel=0.01)


def test_noise_is_loudest_at_its_centre_and_has_no_period() -> None:
    noises = ["s", "sh", "x"]
    for phone, sound in zip(noises, steady(noises, [0.0] * 3, rate=16_000, frames=80), strict=True):
        frequencies, power = scipy.signal.welch(sound, 16_000, nperseg=512)
        centre, width = PHONES[phone].hiss
        assert abs(frequencies[power.argmax()] - centre) < max(100, width / 3)
        spread = np.correlate(sound, sound, mode="full")[len(sound) - 1 :]
        assert np.abs(spread[53:266]).max() < 0.25 * spread[0]


def test_labels_say_what_sounds_in_each_frame() -> None:
    """By the share of energy above 2 kHz, three frames or more from where another phone begins."""
    spoken = make_syllables(30, count=2, seed=3)
    frames = spoken.sound.reshape(30, -1, 16_000 // FRAMES).astype(float)
    power = np.abs(np.fft.rfft(frames * np.hanning(frames.shape[-1]), axis=-1)) ** 2
    high = power[..., 20:].sum(-1) / np.maximum(power.sum(-1), 1e-12)
    loud = frames.std(-1)
    phones = spoken.phones
    inside = np.ones(phones.shape, dtype=bool)
    for shift in (-3, -2, -1, 1, 2, 3):
        inside &= np.roll(phones, shift, axis=1) == phones
    sharp = inside & np.isin(phones, [NAMES.index(name) for name in ("s", "sh")])
    dull = inside & np.isin(phones, [NAMES.index(name) for name in ("a", "o", "u", "m")])
    silent = inside & (phones == 0)
    assert min(sharp.sum(), dull.sum()) > 60
    assert silent.sum() > 20
    assert high[sharp].min() > 0.5
    assert high[dull].max() < 0.2
    assert np.quantile(loud[silent], 0.9) < 0.02 < np.quantile(loud[sharp | dull], 0.05)


def test_texts_are_what_phones_spell_and_every_part_is_drawn() -> None:
    spoken = make_syllables(120, count=2, rate=4_000, seed=4)
    for text, phones, frames, pitch in zip(spoken.texts, spoken.phones, spoken.frames, spoken.pitch, strict=True):
        runs = [(NAMES[phone], len(list(run))) for phone, run in groupby(phones[:frames])]
        assert "".join(name for name, _ in runs) == text.replace(" ", "")
        assert runs[0][0] == runs[-1][0] == ""
        for name, length in runs:
            assert length in (range(3, 9) if name == "" else range(7, 13) if name in CONSONANTS else range(10, 21))
        assert not phones[frames:].any()
        voiced = np.isin(phones, [NAMES.index(name) for name in (*VOWELS, "m")])
        assert np.array_equal(pitch > 0, voiced)
        assert 75 * 0.99 < pitch[voiced].min() < pitch[voiced].max() <= 220
        assert (np.diff(pitch[voiced]) < 0).all()
    syllables = [syllable for text in spoken.texts for syllable in text.split(" ")]
    assert {*syllables} == {c + v for c in CONSONANTS for v in VOWELS}
    assert np.abs(spoken.sound).max(axis=1) == pytest.approx(np.full(120, 0.9), abs=1e-4)


def test_the_lower_rate_hears_the_same_up_to_two_kilohertz() -> None:
    low, full = (make_syllables(5, count=1, rate=rate, seed=2) for rate in (4_000, 16_000))
    assert low.texts == full.texts
    assert np.array_equal(low.phones, full.phones)
    for mine, theirs in zip(low.sound, full.sound, strict=True):
        assert np.corrcoef(mine, scipy.signal.resample(theirs, len(mine)))[0, 1] > 0.999


def test_seeds_are_utterances() -> None:
    """The digest pins the data behind records: if NumPy draws otherwise one day, this says so."""
    one, same, other = (make_syllables(3, count=1, rate=4_000, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.sound, same.sound)
    assert one.texts == same.texts
    assert one.texts != other.texts
    steps = np.rint(one.sound * 32_767).astype("<i2")
    assert np.abs(steps / 32_767 - one.sound).max() < 1e-6, "16 bits"
    assert hashlib.blake2b(steps.tobytes() + one.phones.tobytes(), digest_size=8).hexdigest() == "c4e627fdc8355538"


def test_what_cannot_be_spoken_is_refused() -> None:
    with pytest.raises(ValueError, match="4000 or 16000 expected, given 8000"):
        make_syllables(1, rate=8_000, seed=0)
    for n, count in ((1, 0), (0, 1)):
        with pytest.raises(ValueError, match=f"a syllable or more expected, given {n} and {count}"):
            make_syllables(n, count=count, seed=0)


def test_words_are_drawn_whole_and_alike_often() -> None:
    words = ("sha mi", "fo xe", "su su")
    spoken = make_syllables(60, count=4, rate=4_000, words=words, seed=1)
    said = [" ".join(text.split(" ")[place : place + 2]) for text in spoken.texts for place in (0, 2)]
    assert {*said} == {*words}
    assert min(said.count(word) for word in words) > 25
    for text, phones, frames in zip(spoken.texts, spoken.phones, spoken.frames, strict=True):
        assert "".join(NAMES[phone] for phone, _ in groupby(phones[:frames])) == text.replace(" ", "")


def test_words_that_cannot_be_spoken_are_refused() -> None:
    for words in (("sha pi",), ("",), ("s",)):
        with pytest.raises(ValueError, match="words of syllables such as 'sha mi' expected"):
            make_syllables(1, words=words, seed=0)
    for words in (("sha mi fo",), ("sha", "mi fo")):
        with pytest.raises(ValueError, match="equally many syllables that divide 2 expected"):
            make_syllables(1, words=words, seed=0)
