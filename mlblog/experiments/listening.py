"""Units of speech found without labels: how well they go with phones, by what they were made of and by iteration."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlblog.classical.units import pnmi
from mlblog.data.syllables import NAMES
from mlblog.experiments.listening_units import (
    ASKED,
    VALIDATION,
    Heard,
    Ints,
    baselines,
    by_chance,
    features,
    in_parts,
    judged,
    layered,
    mostly,
    targets_of,
)
from mlblog.lab import Run, experiment
from mlblog.models.hubert import HuBERTPretrain, draw_spans, masked_prediction_loss
from mlblog.training.curves import Curves
from mlblog.training.schedule import warmup_cosine
from mlblog.training.trainer import train

SHARE, SPAN = 0.1, 4  # of what is hidden: starts, and frames of 20 ms
RATES = (2.5e-3, 5e-3, 1e-2)
LEXICON = ("fa si", "sho mu", "xe fi", "mo sa", "shi xu", "su me", "xa sho", "fe mi")
#: Which frames count, of those hidden and of the others.
LOSSES: dict[str, Callable[[Tensor], Tensor]] = {
    "masked": lambda mask: mask,
    "all": torch.ones_like,
    "unmasked": lambda mask: ~mask,
}
SMALL = {"utterances": 800, "clusters": 32}
SMOKE = {"utterances": 6, "clusters": 3, "layers": 1, "width": 8, "channels": 4, "batch": 2, "syllables": 2}
FULL = {
    "utterances": 20_000, "clusters": 100, "sampling": 16_000, "layers": 12, "width": 256, "channels": 128,
    "batch": 64,
}  # fmt: skip


class Trial(NamedTuple):
    """A trained net, its curve of validation losses, and of how much its units tell of phones there."""

    net: HuBERTPretrain
    validation: NDArray[np.float64]
    tells: NDArray[np.float64]


@experiment(smoke={"steps": 1, **SMOKE}, small={"steps": 800, **SMALL}, full={"steps": 30_000, **FULL}, seeds=1)
def hidden_unit_rates(
    run: Run,
    *,
    steps: int,
    utterances: int,
    clusters: int,
    sampling: int = 4_000,
    syllables: int = 4,
    layers: int = 3,
    width: int = 64,
    channels: int = 32,
    batch: int = 16,
    seed: int,
) -> None:
    """Train each network at each of the `RATES`, and choose its peak rate by its own validation loss.

    Args:
        run: of the lab.
        steps: training steps at each rate; a quarter as many with labels.
        utterances: to train on.
        clusters: units.
        sampling: samples of sound a second.
        syllables: of an utterance.
        layers: of the transformer.
        width: D.
        channels: of the convolutions.
        batch: utterances in a step.
        seed: of utterances, weights, order and masks, apart from those of `hidden_units`.
    """
    seed += 500
    parts = in_parts(utterances, sampling, syllables, seed)
    shape = {"rate": sampling, "layers": layers, "width": width, "channels": channels}
    start = later = targets_of([part.mfcc for part in parts], clusters, seed)
    run.save(rates=np.array(RATES))
    for name in run.progress([*LOSSES, "second", "labels"], "tune"):
        given = {"second": later, "labels": [part.phones for part in parts]}.get(name, start)
        length = max(1, steps // 4) if name == "labels" else steps
        found = [fit(shape, parts, given, name, rate, steps=length, batch=batch, seed=seed) for rate in RATES]
        losses = [trial.validation.min() for trial in found]
        best = int(np.argmin(losses))
        run.save(**{f"validation {name}": np.array(losses), f"rate {name}": RATES[best]})
        if name == "masked":
            states = layered(found[best].net, parts)
            later = targets_of([each[target_layer(layers)] for each in states], clusters, seed)


@experiment(
    smoke={"steps": 1, "losses": ["masked", "all", "unmasked"], **SMOKE},
    small={"steps": 1_600, "losses": ["masked", "all", "unmasked"], **SMALL},
    full={"steps": 60_000, "losses": ["masked", "all", "unmasked"], **FULL},
    seeds=4,
    reads=["hidden_unit_rates"],
    variants=[{"lexicon": True, "losses": ["masked"]}],
)
def hidden_units(
    run: Run,
    *,
    steps: int,
    utterances: int,
    clusters: int,
    lexicon: bool = False,
    losses: list[str],
    sampling: int = 4_000,
    syllables: int = 4,
    layers: int = 3,
    width: int = 64,
    channels: int = 32,
    batch: int = 16,
    seed: int,
) -> None:
    """Find units from cepstra, from networks that guess hidden ones, and from a second round; hold them against phones.

    Args:
        run: of the lab.
        steps: training steps of each network; a quarter as many with labels.
        utterances: to train on.
        clusters: units, as many of everything that is clustered.
        lexicon: whether utterances are of eight words, so that a hidden phone can be told from the others.
        losses: of the first iteration, by which frames count; the second has that of hidden ones.
        sampling: samples of sound a second.
        syllables: of an utterance.
        layers: of the transformer.
        width: D.
        channels: of the convolutions.
        batch: utterances in a step.
        seed: of utterances, weights, order and masks.
    """
    rates = hidden_unit_rates.runs(scale=run.scale)
    parts = in_parts(utterances, sampling, syllables, seed, words=LEXICON if lexicon else ())
    shape = {"rate": sampling, "layers": layers, "width": width, "channels": channels}
    start = later = targets_of([part.mfcc for part in parts], clusters, seed)
    kept = {"mfcc": start}
    run.save(**baselines(parts, clusters, seed), **by_chance(start[2], parts[2], seed))
    torch.manual_seed(seed)
    run.save(**judged("untrained", layered(network(clusters, shape), parts), parts, clusters, seed))
    for name in run.progress([*losses, "second", "labels"], "train"):
        given = {"second": later, "labels": [part.phones for part in parts]}.get(name, start)
        length = max(1, steps // 4) if name == "labels" else steps
        rate = rates.mean(f"rate {name}")
        watched = name in ("masked", "second")
        trial = fit(shape, parts, given, name, rate, steps=length, batch=batch, seed=seed, watched=watched)
        states = layered(trial.net, parts)
        run.save(**judged(name, states, parts, clusters, seed))
        run.save(**{f"validation {name}": trial.validation})
        if watched:
            run.save(**{f"tells {name}": trial.tells})
            kept[name] = targets_of([each[target_layer(layers)] for each in states], clusters, seed)
            later = kept["masked"]
    run.save(mel=parts[2].mel[0].round(2), phones=parts[2].phones[0])
    for name, (known, _, asked) in kept.items():
        run.save(**{f"units {name}": asked[0], f"read {name}": mostly(known, parts[0].phones, clusters)})


def target_layer(layers: int) -> int:
    """The layer whose states the second iteration's units are made of: two thirds up."""
    return max(1, 2 * layers // 3)


def network(units: int, shape: dict[str, int]) -> HuBERTPretrain:
    """A network of a shape, with attention of two heads."""
    width = shape["width"]
    return HuBERTPretrain(units, **shape, heads=2, hidden=2 * width, codeword=width // 2, reach=4, dropout=0.0)


def fit(
    shape: dict[str, int], parts: list[Heard], targets: list[Ints], name: str, rate: float, *, steps: int, batch: int,
    seed: int, watched: bool = False,
) -> Trial:  # fmt: skip
    """Train a network on targets of training and validation utterances; the name says which frames count.

    If it is watched, the curve of what its units tell is made, too.
    """
    torch.manual_seed(seed)
    known, other = parts[:2]
    units = len(NAMES) if name == "labels" else 1 + max(int(each.max()) for each in targets[:2])
    net = network(units, shape).train()
    wanted, checked = (torch.from_numpy(each) for each in targets[:2])
    drawn, fixed = (torch.Generator().manual_seed(n + seed) for n in (0, VALIDATION))
    frames, tells = wanted.shape[1], []

    def hide(sounds: int, generator: torch.Generator) -> tuple[Tensor | None, Tensor]:
        """What is hidden, and what counts."""
        mask = draw_spans(sounds, frames, share=SHARE, length=SPAN, generator=generator)
        return (None, torch.ones_like(mask)) if name == "labels" else (mask, LOSSES.get(name, LOSSES["masked"])(mask))

    shown, scored = hide(len(checked), fixed)

    def loss(_: int) -> Tensor:
        rows = torch.randint(len(wanted), (batch,), generator=drawn)
        mask, counted = hide(batch, drawn)
        return masked_prediction_loss(net(known.sound[rows], mask), wanted[rows], counted).sum() / counted.sum()

    def validate() -> float:
        if watched:
            layer = target_layer(shape["layers"])
            seen, asked = (features(net, part.sound[: ASKED[0]])[layer] for part in (known, other))
            tells.append(pnmi(targets_of([seen, asked], units, seed)[1].ravel(), other.phones.ravel()))
        return float(masked_prediction_loss(net(other.sound, shown), checked, scored).sum() / scored.sum())

    optimizer, curves = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=0.01), Curves()
    train(curves, net, loss, optimizer, steps=steps, every=max(1, steps // 5), clip=1.0, validate=validate,
          rate=lambda step: rate * warmup_cosine(step, steps=steps))  # fmt: skip
    return Trial(net, curves.values("validation"), np.array(tells))
