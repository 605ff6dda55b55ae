"""Sound, sample by sample: what dilation is worth at equal depth, on copies from a known lag and on syllables."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.data.syllables import FRAMES, make_syllables
from mlblog.experiments.pixels_trained import Parts, fitted
from mlblog.lab import Run, experiment
from mlblog.models.wavenet import WaveNet, fast_generate, mu_law_decode, mu_law_encode

#: Dilations 1, 2, 4, … begin again after so many layers. All arms have equally many weights and multiplications.
ARMS = {"plain": 1, "up to 2": 2, "up to 8": 4, "up to 128": 8}
LEVELS = 256
TRAIN, VALIDATION, TEST = 1_000, 2_000, 3_000  # seeds of the syllables
RATES = (5e-3, 1e-2, 2e-2, 4e-2)
IGNORED = -100  # after the end of an utterance
SYMBOLS, KEPT = 4, 0.8  # of the sequences that repeat themselves
LAGS = (3, 33, 40, 100)
LOUD, VOICED = 0.05, 0.7  # least effective value of a frame, and least autocorrelation of a voice
PITCH = (75, 220)  # of the voices, in Hz
SMOKE = {"width": 6, "layers": 2, "batch": 2, "known": 4, "asked": 3}
FULL = {"width": 96, "layers": 30, "batch": 16, "known": 10_000, "asked": 400, "sampling": 16_000}


def dilations(cycle: int, layers: int) -> list[int]:
    """Dilations of the layers: 1, 2, 4, … in cycles."""
    return [2 ** (layer % cycle) for layer in range(layers)]


def network(arm: str, *, width: int, layers: int, seed: int, levels: int = LEVELS) -> WaveNet:
    """The network of an arm."""
    torch.manual_seed(seed)
    return WaveNet(levels=levels, width=width, skip=width, dilations=dilations(ARMS[arm], layers))


def codes_of(count: int, sampling: int, seed: int) -> Tensor:
    """Utterances of one syllable in μ-law levels, (n, T), and `IGNORED` after the end of each."""
    made = make_syllables(count, count=1, rate=sampling, seed=seed)
    codes = mu_law_encode(torch.from_numpy(made.sound), LEVELS)
    ends = torch.from_numpy(made.frames)[:, None] * (sampling // FRAMES)
    return codes.masked_fill(torch.arange(codes.shape[1]) >= ends, IGNORED)


def parts_of(known: int, asked: int, sampling: int, device: str) -> Parts:
    """Utterances: `known` to train on, `asked` to test on, two thirds as many to validate on."""
    counts = {TRAIN: known, VALIDATION: 2 * asked // 3, TEST: asked}
    return Parts(*(codes_of(count, sampling, seed).to(device) for seed, count in counts.items()))


def bits(net: nn.Module, codes: Tensor) -> Tensor:
    """Bits of each sample of codes (n, T) that is not ignored, in one row."""
    counts = codes != IGNORED
    nats = F.cross_entropy(net(codes.clamp(min=0)), codes, ignore_index=IGNORED, reduction="none")
    return nats[counts] / math.log(2)


def voiced(sound: np.ndarray, sampling: int) -> float:
    """The share of loud frames of 40 ms whose autocorrelation has a peak at the period of a voice.

    Args:
        sound: (n, T) from -1 to 1.
        sampling: samples a second.
    """
    length, hop = sampling // 25, sampling // 50
    frames = np.lib.stride_tricks.sliding_window_view(sound, length, axis=1)[:, ::hop].reshape(-1, length)
    frames = frames[np.sqrt((frames**2).mean(1)) >= LOUD]
    if not len(frames):
        return 0.0
    frames = frames - frames.mean(1, keepdims=True)
    found = []
    for lag in range(sampling // PITCH[1], sampling // PITCH[0] + 1):
        a, b = frames[:, lag:], frames[:, :-lag]
        found.append((a * b).sum(1) / np.sqrt((a**2).sum(1) * (b**2).sum(1) + 1e-12))
    return float((np.max(found, axis=0) >= VOICED).mean())


@experiment(smoke={"steps": 1, **SMOKE}, small={"steps": 300}, full={"steps": 3_000, **FULL}, seeds=1)
def sound_rates(
    run: Run,
    *,
    steps: int,
    width: int = 24,
    layers: int = 8,
    batch: int = 4,
    known: int = 400,
    asked: int = 60,
    sampling: int = 4_000,
    seed: int,
) -> None:
    """Train each arm shortly at each of the `RATES`, and keep the validation losses: the grid of its peak rate.

    Args:
        run: of the lab.
        steps: training steps at each rate.
        width: D and S.
        layers: L.
        batch: utterances in a step.
        known: utterances to train on.
        asked: test utterances; there are two thirds as many to validate on.
        sampling: samples a second.
        seed: of weights and order.
    """
    run.save(rates=np.array(RATES))
    parts = parts_of(known, asked, sampling, run.device)
    for arm in run.progress(list(ARMS), "tune"):
        found = []
        for rate in RATES:
            net = network(arm, width=width, layers=layers, seed=seed).to(run.device)
            curves = fitted(
                net, lambda codes, net=net: bits(net, codes), parts,  # type: ignore[misc]  # bound in the loop
                rate=rate, steps=steps, batch=batch, seed=seed + 1_000,
            )  # fmt: skip
            found.append(curves.values("validation").min())
        run.save(**{f"validation {arm}": np.array(found), f"rate {arm}": RATES[int(np.argmin(found))]})


@experiment(
    smoke={"steps": 2, "count": 2, "samples": 170, **SMOKE},
    small={"steps": 2_000},
    full={"steps": 40_000, "count": 16, "samples": 16_000, **FULL},
    seeds=4,
    reads=["sound_rates"],
)
def sound_bits(
    run: Run,
    *,
    steps: int,
    count: int = 4,
    samples: int = 1_600,
    width: int = 24,
    layers: int = 8,
    batch: int = 4,
    known: int = 400,
    asked: int = 60,
    sampling: int = 4_000,
    seed: int,
) -> None:
    """Train each arm on syllables, price unseen ones, and draw sounds.

    Args:
        run: of the lab.
        steps: training steps.
        count: sounds to draw from each network.
        samples: of each of these.
        width: D and S.
        layers: L.
        batch: utterances in a step.
        known: utterances to train on.
        asked: test utterances; there are two thirds as many to validate on.
        sampling: samples a second.
        seed: of weights, order and draws.
    """
    rates = sound_rates.runs(scale=run.scale)
    parts = parts_of(known, asked, sampling, run.device)
    test = mu_law_decode(parts.test.clamp(min=0).cpu(), LEVELS, torch.float64)
    run.save(**{"voiced test": voiced(test.masked_fill(parts.test.cpu() == IGNORED, 0).numpy(), sampling)})
    for arm in run.progress(list(ARMS), "train"):
        net = network(arm, width=width, layers=layers, seed=seed).to(run.device)
        curves = fitted(
            net, lambda codes, net=net: bits(net, codes), parts,  # type: ignore[misc]  # bound in the loop
            rate=rates.mean(f"rate {arm}"), steps=steps, batch=batch, seed=seed,
        )  # fmt: skip
        with torch.inference_mode():
            cost = bits(net, parts.test).mean()
        codes = fast_generate(net, count, samples, torch.Generator().manual_seed(seed)).cpu()
        run.save(**{
            f"bits {arm}": cost.item(),
            f"validation {arm}": curves.values("validation"),
            f"parameters {arm}": sum(weight.numel() for weight in net.parameters()),
            f"field {arm}": net.field,
            f"drawn {arm}": codes.numpy().astype(np.uint8),
            f"voiced {arm}": voiced(mu_law_decode(codes, LEVELS, torch.float64).numpy(), sampling),
        })  # fmt: skip
    run.save(steps=curves.steps_of("validation"))


def draw_copies(count: int, lag: int, length: int, *, generator: torch.Generator) -> Tensor:
    """Sequences (n, T) whose symbols are mostly those `lag` before them; the first are uniform."""
    codes = torch.randint(SYMBOLS, (count, length), generator=generator)
    same = torch.rand(count, length, generator=generator) < KEPT
    for t in range(lag, length):
        codes[:, t] = torch.where(same[:, t], codes[:, t - lag], codes[:, t])
    return codes


def price_of_copies() -> float:
    """Bits of a symbol of `draw_copies` that has one before it to copy, exactly."""
    hit, miss = KEPT + (1 - KEPT) / SYMBOLS, (1 - KEPT) / SYMBOLS
    return -hit * math.log2(hit) - (SYMBOLS - 1) * miss * math.log2(miss)


@experiment(
    smoke={"steps": 2, "asked": 4, "width": 6, "layers": 2, "batch": 2, "length": 110},
    small={"steps": 600},
    full={"steps": 4_000, "asked": 2_000, "width": 64},
    seeds=5,
)
def sound_copies(
    run: Run,
    *,
    steps: int,
    asked: int = 100,
    width: int = 16,
    layers: int = 6,
    batch: int = 8,
    length: int = 128,
    seed: int,
) -> None:
    """Sequences that repeat what lies a lag before: within both fields, within the dilated one only, or beyond both.

    Args:
        run: of the lab.
        steps: training steps.
        asked: sequences to price.
        width: D and S.
        layers: L, with dilations 1, 2, 4, …, or 1.
        batch: sequences in a step.
        length: T.
        seed: of weights and sequences.
    """
    run.save(exact=price_of_copies())
    for lag in LAGS:
        test = draw_copies(asked, lag, length, generator=torch.Generator().manual_seed(TEST)).to(run.device)
        for arm in run.progress(("plain", "up to 128"), f"lag {lag}"):
            net = network(arm, width=width, layers=layers, seed=seed, levels=SYMBOLS).to(run.device)
            sequences = torch.Generator().manual_seed(1_000_003 * seed + lag)
            known = draw_copies(batch * steps, lag, length, generator=sequences).to(run.device)
            optimizer = torch.optim.Adam(net.parameters(), lr=1e-2, fused=True)
            for codes in torch.split(known, batch):
                optimizer.zero_grad()
                F.cross_entropy(net(codes)[..., lag:], codes[:, lag:]).backward()  # type: ignore[no-untyped-call]
                optimizer.step()
            with torch.inference_mode():
                found = F.cross_entropy(net.eval()(test)[..., lag:], test[:, lag:]) / math.log(2)
            run.save(**{f"bits {lag} {arm}": found.item()})
