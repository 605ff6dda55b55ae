"""Utterances with their phones, units of their features, and how well units and probes go with phones."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from mlblog.classical.kmeans import fit_kmeans, kmeans_targets
from mlblog.classical.mfcc import log_mel, mfcc
from mlblog.classical.units import cluster_purity, phone_purity, pnmi
from mlblog.data.syllables import NAMES, make_syllables
from mlblog.models.hubert import HuBERTPretrain

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

VALIDATION, TEST = 2_000, 3_000  # added to the seed of training utterances
ASKED = (100, 200)  # utterances of either
SECONDS = 0.22125  # kept for each syllable of an utterance; of four, 44 frames
NOISE = 0.1  # level of white noise over that of the utterance: 20 dB
FITTED = 6_000  # frames that k-means sees


class Heard(NamedTuple):
    """Utterances, n of F frames, every 20 ms."""

    sound: Tensor  # (n, T)
    phones: Ints  # (n, F)
    voice: Ints  # (n, F): which quarter its pitch is in, among utterances; -1 where unvoiced
    mfcc: Floats  # (n, F, 39)
    mel: Floats  # (n, F, 20)


def in_parts(utterances: int, sampling: int, syllables: int, seed: int, words: tuple[str, ...] = ()) -> list[Heard]:
    """Utterances to train on, to choose by, and to test on."""
    seeds = zip((utterances, *ASKED), (seed, VALIDATION + seed, TEST + seed), strict=True)
    return [hear(n, one, sampling, syllables, words) for n, one in seeds]


def hear(n: int, seed: int, sampling: int, syllables: int, words: tuple[str, ...]) -> Heard:
    """Speak utterances, add white noise, keep the same time of each, and take features and labels every 20 ms."""
    spoken = make_syllables(n, count=syllables, rate=sampling, words=words, seed=seed)
    sound = spoken.sound[:, : round(SECONDS * syllables * sampling)].astype(np.float64)
    level = NOISE * np.sqrt((sound**2).mean(axis=1, keepdims=True))
    sound += level * np.random.default_rng([seed, 9]).normal(size=sound.shape)
    cepstra, mel = mfcc(sound, rate=sampling, filters=20)[:, ::2], log_mel(sound, rate=sampling, filters=20)[:, ::2]
    middle = slice(1, None, 2)  # a window's middle, 12.5 ms after its start, is in the second of its hundredths
    phones, pitch = spoken.phones[:, middle][:, : cepstra.shape[1]], spoken.pitch[:, middle][:, : cepstra.shape[1]]
    quarter = np.searchsorted([122.5, 155.0, 187.5], spoken.pitch.max(axis=1))  # of 90 to 220 pulses a second
    voice = np.where(pitch > 0, quarter[:, None], -1)
    return Heard(torch.from_numpy(sound).float(), phones, voice, cepstra, mel)


@torch.inference_mode()
def features(net: HuBERTPretrain, sound: Tensor) -> list[Floats]:
    """What enters the first block of a net and what leaves each, nothing hidden: (n, F, D), L + 1 of them."""
    net.eval()
    parts = [net.states(sound[begin : begin + 200]) for begin in range(0, len(sound), 200)]
    return [torch.cat(layer).double().numpy() for layer in zip(*parts, strict=True)]


def layered(net: HuBERTPretrain, parts: list[Heard]) -> list[list[Floats]]:
    """The features of each part."""
    return [features(net, part.sound) for part in parts]


def targets_of(some: list[Floats], clusters: int, seed: int) -> list[Ints]:
    """Units of features (n, F, D) of several parts, by means fitted to the first of them."""
    rng = np.random.default_rng(seed)
    rows = some[0].reshape(-1, some[0].shape[-1])
    fitted = rows[rng.permutation(len(rows))[:FITTED]]
    means = fit_kmeans(fitted, min(clusters, len(rows)), rng=rng, starts=2, steps=40).means
    return [kmeans_targets(each, means) for each in some]


def judged(name: str, states: list[list[Floats]], parts: list[Heard], clusters: int, seed: int) -> dict[str, Floats]:
    """Scores of test utterances, by layer: three of units, of what units tell of the voice, and of a linear probe."""
    scores = []
    for known, asked in zip(states[0], states[2], strict=True):
        units, phones, voice = targets_of([known, asked], clusters, seed)[1].ravel(), parts[2].phones, parts[2].voice
        voiced = voice.ravel() >= 0
        scores.append((
            *(score(units, phones.ravel()) for score in (phone_purity, cluster_purity, pnmi)),
            pnmi(units[voiced], voice.ravel()[voiced]),
            probe(known, parts[0].phones, asked, phones),
        ))  # fmt: skip
    found = np.array(scores).T
    return {f"{what} {name}": row for what, row in zip(("purity", "cluster", "pnmi", "voice", "probe"), found,
                                                       strict=True)}  # fmt: skip


def baselines(parts: list[Heard], clusters: int, seed: int) -> dict[str, Floats]:
    """Scores of features that are not learned."""
    makers: dict[str, Callable[[Heard], Floats]] = {
        "mel": lambda part: part.mel,
        "mfcc": lambda part: part.mfcc,
        "averaged": lambda part: around(part.mfcc, 1).mean(axis=-1),
        "stacked": lambda part: around(part.mfcc, 3).reshape(*part.phones.shape, -1),
    }
    found: dict[str, Floats] = {}
    for name, make in makers.items():
        found |= judged(name, [[make(part)] for part in parts], parts, clusters, seed)
    return found


def by_chance(units: Ints, asked: Heard, seed: int) -> dict[str, float]:
    """Scores of units against phones in another order."""
    shuffled = np.random.default_rng(seed).permutation(asked.phones.ravel())
    scores = {"purity": phone_purity, "cluster": cluster_purity, "pnmi": pnmi}
    return {f"{what} chance": score(units.ravel(), shuffled) for what, score in scores.items()}


def mostly(units: Ints, phones: Ints, clusters: int) -> Ints:
    """The phone that each unit mostly goes with; 0 for one that is not used."""
    counts = np.zeros((clusters, len(NAMES)), dtype=np.int64)
    np.add.at(counts, (units.ravel(), phones.ravel()), 1)
    found: Ints = counts.argmax(axis=1)
    return found


def around(tracks: Floats, reach: int) -> Floats:
    """Each frame with its neighbours on either side, ends repeated: (n, F, C) to (n, F, C, 2 reach + 1)."""
    padded = np.pad(tracks, ((0, 0), (reach, reach), (0, 0)), mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=1)


def probe(known: Floats, labels: Ints, asked: Floats, right: Ints) -> float:
    """Accuracy of ridge regression from standardised features to one-hot phones."""
    a, b = (torch.from_numpy(each.reshape(-1, each.shape[-1])) for each in (known, asked))
    mean, scale = a.mean(0), a.std(0) + 1e-3
    a, b = (F.pad((each - mean) / scale, (0, 1), value=1.0) for each in (a, b))
    phones = F.one_hot(torch.from_numpy(labels.ravel()), len(NAMES)).double()
    ridge = 1e-3 * len(a) * torch.eye(a.shape[1], dtype=a.dtype)
    weights = torch.linalg.solve(a.T @ a + ridge, a.T @ phones)
    return float(((b @ weights).argmax(-1).numpy() == right.ravel()).mean())
