"""What sound is like before a network: how it is cut into levels, what linear prediction pays, what drawing costs."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from mlblog.data.syllables import FRAMES, make_syllables
from mlblog.experiments.sounds import IGNORED, LEVELS, TEST, parts_of
from mlblog.lab import Run, experiment
from mlblog.models.wavenet import WaveNet, fast_generate, generate, mu_law_decode, mu_law_encode

Floats = NDArray[np.float64]
Way = Callable[[WaveNet, int, int, torch.Generator], Tensor]
LEVEL_BINS = np.arange(-60.0, 1.0, 5.0)  # effective values of frames, in dB of full scale
ORDERS, MEMORIES, SMOOTHING = (16, 32, 48), (0.94, 0.96, 0.97, 0.98, 0.99), (0.6, 0.8, 0.9)
FLOOR = 1e-4  # of the scale of what is left of a sample
RIDGE = 1e-3


def linear(sound: Tensor, levels: int) -> Tensor:
    """Sound (…) from -1 to 1, rounded to the nearest of so many evenly spread levels."""
    return ((sound + 1) / 2 * (levels - 1)).round() * 2 / (levels - 1) - 1


def quantised(sound: Tensor, law: str, levels: int) -> Tensor:
    """Sound (…), cut into levels and back."""
    if law == "linear":
        return linear(sound, levels)
    return mu_law_decode(mu_law_encode(sound, levels), levels, sound.dtype)


def decibels(part: Floats, whole: Floats) -> Floats:
    """Power of `whole` over that of `part` along the last axis."""
    ratio: Floats = 10 * np.log10((whole**2).mean(-1) / (part**2).mean(-1))
    return ratio


@experiment(smoke={"asked": 6}, small={"asked": 60}, full={"asked": 400, "sampling": 16_000}, seeds=1)
def sound_levels(run: Run, *, asked: int, sampling: int = 4_000, seed: int) -> None:
    """Cut test utterances into μ-law and into even levels: signal over noise of frames of 10 ms, by their level.

    Args:
        run: of the lab.
        asked: utterances.
        sampling: samples a second.
        seed: not used.
    """
    made = make_syllables(asked, count=1, rate=sampling, seed=TEST)
    sound = torch.from_numpy(made.sound).double()
    frames = sound.reshape(-1, sampling // FRAMES).numpy()
    level = 10 * np.log10((frames**2).mean(1) + 1e-12)
    heard = level >= LEVEL_BINS[0]
    places = np.digitize(level[heard], LEVEL_BINS) - 1
    run.save(levels=LEVEL_BINS + 2.5, frames=np.bincount(places, minlength=len(LEVEL_BINS)))
    run.save(sound=np.rint(sound[:4].numpy() * 32_767).astype(np.int16), texts=list(made.texts[:4]))
    for law, levels in itertools.product(("mu-law", "linear"), (16, 64, 256)):
        error = quantised(sound, law, levels).numpy().reshape(frames.shape) - frames
        each = decibels(error[heard], frames[heard])
        run.save(**{
            f"{law} {levels}": each.mean(),
            f"{law} {levels} whole": decibels(error.ravel(), frames.ravel()),
            f"{law} {levels} by level": np.array([
                each[places == one].mean() if (places == one).any() else np.nan for one in range(len(LEVEL_BINS))
            ]),
        })  # fmt: skip


def predicted(sound: Floats, order: int, memory: float) -> Floats:
    """Each sample by linear prediction from those before it, whose weights are fitted anew after every sample.

    The weights minimise Σ_s λ^(t-s) (x_s - w·h_s)² + λ^t r |w|² over the samples so far (recursive least squares).

    Args:
        sound: (n, T).
        order: samples that a prediction rests on.
        memory: λ.

    Returns:
        (n, T)
    """
    count, length = sound.shape
    weights, before, found = np.zeros((count, order)), np.zeros((count, order)), np.zeros((count, length))
    inverse = np.tile(np.eye(order) / RIDGE, (count, 1, 1))
    for t in range(length):
        found[:, t] = (weights * before).sum(1)
        gain = np.einsum("nij,nj->ni", inverse, before)
        inverse -= gain[:, :, None] * gain[:, None] / (memory + (before * gain).sum(1))[:, None, None]
        inverse = (inverse + inverse.transpose(0, 2, 1)) / (2 * memory)
        weights += np.einsum("nij,nj->ni", inverse, before) * (sound[:, t] - found[:, t])[:, None]
        before = np.concatenate((sound[:, t : t + 1], before[:, :-1]), axis=1)
    return found


def running(errors: Floats, smoothing: float) -> Floats:
    """The running mean of errors (n, T) before each sample."""
    mean, found = np.zeros(len(errors)), np.zeros_like(errors)
    for t in range(errors.shape[1]):
        found[:, t] = mean
        mean = smoothing * mean + (1 - smoothing) * errors[:, t]
    return found


def laplace_bits(codes: NDArray[np.int64], middle: Floats, scale: Floats) -> Floats:
    """Bits of levels (…) by a Laplace distribution of the sound around `middle` (…), over the whole of each level."""
    between = 2 * (np.arange(LEVELS - 1) + 0.5) / (LEVELS - 1) - 1  # after the μ-law
    edges = np.sign(between) * (LEVELS ** np.abs(between) - 1) / (LEVELS - 1)
    low, high = np.append(-np.inf, edges)[codes], np.append(edges, np.inf)[codes]

    def below(x: Floats) -> Floats:
        z = np.clip((x - middle) / scale, -700, 700)
        return np.where(z < 0, np.exp(np.minimum(z, 0)) / 2, 1 - np.exp(-np.maximum(z, 0)) / 2)

    return -np.log2(np.maximum(below(high) - below(low), 1e-9))


@experiment(
    smoke={"known": 4, "asked": 6}, small={"known": 400}, full={"known": 10_000, "asked": 400, "sampling": 16_000},
    seeds=1,
)  # fmt: skip
def sound_predicted(run: Run, *, known: int, asked: int = 60, sampling: int = 4_000, seed: int) -> None:
    """Price samples by counts of levels, and by adaptive linear prediction whose options are best on validation.

    Args:
        run: of the lab.
        known: utterances to count levels in.
        asked: test utterances; there are two thirds as many to validate on.
        sampling: samples a second.
        seed: not used.
    """
    parts = parts_of(known, asked, sampling, "cpu")
    counts = torch.bincount(parts.train[parts.train != IGNORED], minlength=LEVELS) + 1.0
    shares = counts / counts.sum()
    run.save(**{"bits counts": -shares.log2()[parts.test[parts.test != IGNORED]].mean().item()})
    validation, test = _Heard(parts.validation), _Heard(parts.test)
    table = np.zeros((len(ORDERS), len(MEMORIES), len(SMOOTHING)))
    for at, (order, memory) in run.progress(list(enumerate(itertools.product(ORDERS, MEMORIES))), "choose"):
        middle = predicted(validation.sound, order, memory)
        table[divmod(at, len(MEMORIES))] = [validation.price(middle, smoothing) for smoothing in SMOOTHING]
    best = np.unravel_index(table.argmin(), table.shape)
    order, memory, smoothing = ORDERS[best[0]], MEMORIES[best[1]], SMOOTHING[best[2]]
    run.save(**{
        "validation adaptive": table, "order": order, "memory": memory, "smoothing": smoothing,
        "bits adaptive": test.price(predicted(test.sound, order, memory), smoothing),
    })  # fmt: skip


class _Heard:
    """Utterances in levels and as sound."""

    def __init__(self, codes: Tensor) -> None:
        self.counts, self.codes = (codes != IGNORED).numpy(), codes.clamp(min=0).numpy()
        self.sound = mu_law_decode(codes.clamp(min=0), LEVELS, torch.float64).numpy() * self.counts

    def price(self, middle: Floats, smoothing: float) -> float:
        """Mean bits of a sample by what was predicted."""
        scale = FLOOR + running(np.abs(self.sound - middle), smoothing)
        return float(laplace_bits(self.codes, middle, scale)[self.counts].mean())


@experiment(smoke={"most": 2}, small={"most": 10}, full={"most": 14}, seeds=1)
def sound_costs(run: Run, *, most: int, width: int = 24, seed: int) -> None:
    """Count the multiplications that one more sample takes, with caches and by passes over the whole field.

    Args:
        run: of the lab.
        most: layers, of the largest network; dilations are 1, 2, 4, …
        width: D and S.
        seed: of weights and draws.
    """
    found = []
    for layers in run.progress(range(1, most + 1), "count"):
        torch.manual_seed(seed)
        net = WaveNet(levels=LEVELS, width=width, skip=width, dilations=[2**layer for layer in range(layers)]).eval()
        after = net.field + 2  # samples after which a pass is over the whole field
        found.append([_multiplications(net, way, after) for way in (generate, fast_generate)])
    run.save(multiplications=np.array(found, dtype=np.float64))


def _multiplications(net: WaveNet, way: Way, after: int) -> float:
    """Those of the sample that is drawn after so many others."""
    counts = []
    for samples in (after, after + 1):
        with FlopCounterMode(display=False) as counter:
            way(net, 1, samples, torch.Generator().manual_seed(0))
        counts.append(float(counter.get_total_flops()) / 2)  # a multiplication and an addition each
    return counts[1] - counts[0]
