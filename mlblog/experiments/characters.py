"""A character model with losses at all places, of all layers and of further characters: what each is worth."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlblog.classical.contexts import ContextTable
from mlblog.data.stdlib import SYMBOLS, Source, load_source
from mlblog.lab import Run, experiment
from mlblog.models.char_transformer import AuxiliaryLossSchedule, CharTransformer, following_nats
from mlblog.training.curves import Curves
from mlblog.training.schedule import warmup_cosine
from mlblog.training.trainer import train


class Ways(NamedTuple):
    """What a network is trained with.

    Attributes:
        everywhere: the loss of every place counts, and not of the last one alone.
        layers: the loss of every layer counts, as long as the schedule says.
        ahead: characters that are asked for at each place; those after the next count half.
        again: places are added before every layer.
    """

    everywhere: bool = True
    layers: bool = True
    ahead: int = 2
    again: bool = True


#: All that the paper has, each left out by itself, and all but the losses everywhere left out.
ARMS = {
    "all": Ways(),
    "last place only": Ways(everywhere=False),
    "last layer only": Ways(layers=False),
    "next character only": Ways(ahead=1),
    "places once": Ways(again=False),
    "plain": Ways(layers=False, ahead=1, again=False),
}
RATES, HEADS, FURTHER = (1.5e-3, 3e-3, 6e-3, 12e-3), 2, 0.5
#: Characters before the asked one that are counted with it, and what a shorter context may count for.
ORDERS, STRENGTHS = (0, 1, 2, 3), (2.0, 5.0, 15.0, 50.0, 150.0)
SMOKE = {"layers": 2, "width": 8, "places": 6, "batch": 3, "asked": 40}
FULL = {"layers": 12, "width": 256, "places": 256, "batch": 64, "asked": 20_000}


@experiment(smoke={"steps": 1, **SMOKE}, small={"steps": 400}, full={"steps": 3_000, **FULL}, seeds=1)
def character_rates(
    run: Run,
    *,
    steps: int,
    layers: int = 8,
    width: int = 48,
    places: int = 32,
    batch: int = 8,
    asked: int = 4_000,
    seed: int,
) -> None:
    """Train every arm shortly at each of the `RATES`, and keep the validation losses: the grid of its peak rate.

    Args:
        run: of the lab.
        steps: training steps at each rate.
        layers: L.
        width: D; feed-forward layers are twice as wide.
        places: T.
        batch: pieces of text in a step.
        asked: four times the characters of the validation text.
        seed: of weights and pieces, apart from those of `character_losses`.
    """
    run.save(rates=np.array(RATES))
    source = load_source()
    for arm in run.progress(list(ARMS), "tune"):
        found = [
            _trained(ARMS[arm], source, rate=rate, steps=steps, layers=layers, width=width, places=places, batch=batch,
                     asked=asked, seed=seed + 1_000, device=run.device)[1].values("validation").min()
            for rate in RATES
        ]  # fmt: skip
        run.save(**{f"validation {arm}": np.array(found), f"rate {arm}": RATES[int(np.argmin(found))]})


@experiment(
    smoke={"steps": 2, **SMOKE},
    small={"steps": 1_000},
    full={"steps": 30_000, **FULL},
    seeds=4,
    reads=["character_rates"],
)
def character_losses(
    run: Run,
    *,
    steps: int,
    layers: int = 8,
    width: int = 48,
    places: int = 32,
    batch: int = 8,
    asked: int = 4_000,
    seed: int,
) -> None:
    """Train a network with all four, and with each left out; ask what the next character costs after T characters.

    Args:
        run: of the lab.
        steps: training steps.
        layers: L.
        width: D; feed-forward layers are twice as wide.
        places: T.
        batch: pieces of text in a step.
        asked: characters of the test text, spread over all of it.
        seed: of weights and pieces.
    """
    rates, source = character_rates.runs(scale=run.scale), load_source()
    for arm in run.progress(list(ARMS), "train"):
        net, curves = _trained(
            ARMS[arm], source, rate=float(rates.mean(f"rate {arm}")), steps=steps, layers=layers, width=width,
            places=places, batch=batch, asked=asked, seed=seed, device=run.device,
        )  # fmt: skip
        bits = bits_by_layer(net, source.test, places, asked)
        run.save(**{
            f"bits {arm}": bits[-1],
            f"layers {arm}": bits,
            f"validation {arm}": curves.values("validation"),
            f"parameters {arm}": sum(weight.numel() for weight in net.parameters()),
        })  # fmt: skip
    run.save(steps=curves.steps_of("validation"))


@experiment(smoke={"read": 2_000, "places": 6, "asked": 40}, small={"read": 256_000}, full={"read": 5_000_000}, seeds=1)
def character_tables(run: Run, *, read: int, places: int = 32, asked: int = 4_000, seed: int) -> None:
    """Price the same test characters by counts of 0 to 3 characters and the next: the rival that is not trained.

    Args:
        run: of the lab.
        read: characters that are counted, as many as a network reads, and in such pieces.
        places: T, as in `character_losses`, so that the same characters are asked for.
        asked: characters of the test text, and of the validation text, which chooses how much shorter contexts count.
        seed: of the pieces.
    """
    source = load_source()
    starts = np.random.default_rng(seed).integers(0, len(source.train) - places, size=read // places)
    known = source.train[starts[:, None, None] + np.arange(places)]
    for order in ORDERS:
        chain = [([(0, -back) for back in range(1, length + 1)], False) for length in range(order + 1)]
        table = ContextTable(known, chain, levels=SYMBOLS, strength=STRENGTHS[0])
        found = []
        for strength in STRENGTHS:
            table.strength = strength
            found.append(bits_by_counts(table, source.validation, order, places, asked))
        table.strength = STRENGTHS[int(np.argmin(found))]
        bits = bits_by_counts(table, source.test, order, places, asked)
        run.save(**{f"validation {order}": np.array(found), f"bits {order}": bits})


@torch.inference_mode()
def bits_by_layer(
    net: CharTransformer, text: NDArray[np.uint8], places: int, asked: int, lowest: int = 0
) -> NDArray[np.float64]:
    """Mean bits of a character after exactly T others, by the layer that says it.

    Args:
        net: on any device.
        text: (n,) codes.
        places: T.
        asked: how many characters, spread evenly over the text.
        lowest: how many of the lowest layers are not asked.

    Returns:
        (L - lowest,)
    """
    ends = _ends(text, places, asked)
    total = torch.zeros(len(net.blocks) - lowest, dtype=torch.float64)
    for some in np.array_split(ends, max(1, asked // 200)):
        pieces = _pieces(text, some - places, places + net.ahead).to(net.embedding.weight.device)
        nats = following_nats(net(pieces[:, :places], lowest), pieces)  # (L - lowest, B, T, C)
        total += nats[:, :, -1, 0].double().sum(1).cpu()
    return (total / (asked * math.log(2))).numpy()


def weighted(nats: Tensor, ways: Ways, weights: Tensor) -> Tensor:
    """The loss of a step.

    Args:
        nats: (L, B, T, C), as of `following_nats`.
        ways: which of them count.
        weights: (L,), how much each layer counts.

    Returns:
        A scalar: the mean over pieces and places, summed over layers and characters ahead.
    """
    by_layer = nats.mean((1, 2)) if ways.everywhere else nats[:, :, -1].mean(1)  # (L, C)
    further = torch.full_like(by_layer[0], FURTHER)
    further[0] = 1.0
    loss: Tensor = (weights.to(by_layer) @ by_layer) @ further
    return loss


def _trained(
    ways: Ways,
    source: Source,
    *,
    rate: float,
    steps: int,
    layers: int,
    width: int,
    places: int,
    batch: int,
    asked: int,
    seed: int,
    device: str,
) -> tuple[CharTransformer, Curves]:
    torch.manual_seed(seed)
    net = CharTransformer(symbols=SYMBOLS, places=places, width=width, heads=HEADS, hidden=2 * width, layers=layers,
                          ahead=ways.ahead, again=ways.again).to(device)  # fmt: skip
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, fused=True)
    schedule = AuxiliaryLossSchedule(layers=layers, steps=steps)
    last = schedule.weights(steps)

    def loss(step: int) -> Tensor:
        starts = np.random.default_rng([seed, step]).integers(0, len(source.train) - places - ways.ahead, size=batch)
        pieces = _pieces(source.train, starts, places + ways.ahead).to(device)
        weights = schedule.weights(step) if ways.layers else last
        lowest = int((weights == 0).sum())  # layers stop from the lowest up
        return weighted(following_nats(net(pieces[:, :places], lowest), pieces), ways, weights[lowest:])

    curves = Curves()
    train(
        curves, net, loss, optimizer, steps=steps, every=max(1, steps // 6), clip=1.0,
        validate=lambda: float(bits_by_layer(net, source.validation, places, asked // 4, layers - 1)[0]),
        rate=lambda step: rate * warmup_cosine(step, steps=steps),
    )  # fmt: skip
    return net, curves


def _ends(text: NDArray[np.uint8], places: int, asked: int) -> NDArray[np.int64]:
    """(asked,) where the characters are that are asked for, spread evenly behind the first T."""
    return np.linspace(places, len(text) - 2, asked).astype(np.int64)


def bits_by_counts(table: ContextTable, text: NDArray[np.uint8], order: int, places: int, asked: int) -> float:
    """Mean bits of the characters at `_ends` by counts of what follows the `order` characters before."""
    ends = _ends(text, places, asked)
    return float(table.bits(text[ends[:, None] + np.arange(-order, 1)][:, None])[:, 0, -1].mean())


def _pieces(text: NDArray[np.uint8], starts: NDArray[np.int64], size: int) -> Tensor:
    """(B, size) of a text, from each start."""
    return torch.from_numpy(text[starts[:, None] + np.arange(size)].astype(np.int64))
