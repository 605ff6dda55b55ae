"""Digits said pixel by pixel: bits by what the places of a block look at."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from mlblog.classical.contexts import Context, ContextTable
from mlblog.data.digits import DIGEST, LEVELS, SIDE, load_digits
from mlblog.lab import Run, experiment
from mlblog.models.image_transformer import (
    BlockAttention,
    ImageTransformer,
    LocalAttention1d,
    LocalAttention2d,
    draw_images,
)
from mlblog.models.upscaler import Upscaler, coarsened
from mlblog.training.curves import Curves
from mlblog.training.schedule import warmup_cosine
from mlblog.training.trainer import train

KINDS, FACTOR, HEADS = ("1-D", "2-D"), 2, 2
#: Pixels that a block looks at, its own among them: the block and the memory beyond it, in rows and as rectangles.
FIELDS = {
    8: ((4, 4), ((1, 2), (1, 1))),
    16: ((8, 8), ((2, 2), (2, 1))),
    32: ((8, 24), ((2, 4), (2, 2))),
    64: ((8, 56), ((4, 4), (4, 2))),
}
UPSCALED = 16  # the field with which larger images are said
RATES = (1e-2, 2e-2, 4e-2, 8e-2, 16e-2)
LEFT, ABOVE, RIGHT = (0, -1), (-1, 0), (-1, 1)
#: Chains of contexts, each longer than the one before it; the first is a histogram for each place.
CHAINS: dict[str, tuple[Context, ...]] = {
    "histogram": (([], True),),
    "left": (([], True), ([LEFT], False), ([LEFT], True)),
    "left, above": (
        ([], True), ([ABOVE], False), ([LEFT, ABOVE], False), ([ABOVE], True), ([LEFT, ABOVE], True),
    ),
    "left, above, right": (
        ([], True), ([ABOVE], False), ([LEFT, ABOVE], False), ([LEFT, ABOVE, RIGHT], False), ([ABOVE], True),
        ([LEFT, ABOVE], True), ([LEFT, ABOVE, RIGHT], True),
    ),
}  # fmt: skip
STRENGTHS = (1.0, 10.0, 100.0, 300.0, 1_000.0)
SMOKE = {"width": 8, "hidden": 8, "layers": 1, "batch": 8}
FULL = {"width": 128, "hidden": 512, "layers": 6, "batch": 64}


class Parts(NamedTuple):
    """Digits, (n, 8, 8) whole numbers each."""

    train: Tensor
    validation: Tensor
    test: Tensor


def attention(kind: str, field: int) -> BlockAttention:
    """Where the places of a digit look."""
    (size, before), (block, memory) = FIELDS[field]
    if kind == "1-D":
        return LocalAttention1d(SIDE, SIDE, block=size, memory=before)
    return LocalAttention2d(SIDE, SIDE, block=block, memory=memory)


@experiment(smoke={"steps": 1, **SMOKE}, small={"steps": 300}, full={"steps": 3_000, **FULL}, seeds=1)
def picture_rates(
    run: Run,
    *,
    steps: int,
    width: int = 32,
    hidden: int = 64,
    layers: int = 2,
    batch: int = 32,
    dropout: float = 0.1,
    seed: int,
) -> None:
    """Train every network shortly at each of the `RATES`, and keep the validation losses: the grid of its peak rate.

    Args:
        run: of the lab.
        steps: training steps at each rate.
        width: D.
        hidden: width of the feed-forward layers.
        layers: of the network.
        batch: digits in a step.
        dropout: rate in each branch.
        seed: of weights, order and dropout.
    """
    run.uses("digits.csv.gz", DIGEST)
    run.save(rates=np.array(RATES))
    parts = in_parts(load_digits().images, run.device)
    arms = [(kind, field, False) for kind in KINDS for field in FIELDS] + [(kind, UPSCALED, True) for kind in KINDS]
    for kind, field, given in run.progress(arms, "tune"):
        found = []
        for rate in RATES:
            net = network(kind, field, width, hidden, layers, dropout, seed, given=given)
            curves = trained(net, parts, rate=rate, steps=steps, batch=batch, seed=seed + 1_000)
            found.append(curves.values("validation").min())
        name = f"{kind} {field}{' given' * given}"
        run.save(**{f"validation {name}": np.array(found), f"rate {name}": RATES[int(np.argmin(found))]})


@experiment(
    smoke={"steps": 3, "drawn": 3, **SMOKE},
    small={"steps": 800},
    full={"steps": 20_000, "drawn": 1_000, **FULL},
    seeds=3,
    reads=["picture_rates"],
)
def picture_fields(
    run: Run,
    *,
    steps: int,
    drawn: int = 100,
    width: int = 32,
    hidden: int = 64,
    layers: int = 2,
    batch: int = 32,
    dropout: float = 0.1,
    seed: int,
) -> None:
    """Train a network for each kind of block and each field, and price test digits; draw some.

    Args:
        run: of the lab.
        steps: training steps.
        drawn: digits to draw from each network.
        width: D.
        hidden: width of the feed-forward layers.
        layers: of the network.
        batch: digits in a step.
        dropout: rate in each branch.
        seed: of weights, order, dropout and draws.
    """
    run.uses("digits.csv.gz", DIGEST)
    rates = picture_rates.runs(scale=run.scale)
    parts = in_parts(load_digits().images, run.device)
    test = parts.test
    run.save(nearest_test=_nearest(test, parts.train), grey_test=grey(test))
    for kind in KINDS:
        for field in run.progress(list(FIELDS), kind):
            name = f"{kind} {field}"
            net = network(kind, field, width, hidden, layers, dropout, seed)
            curves = trained(net, parts, rate=rates.mean(f"rate {name}"), steps=steps, batch=batch, seed=seed)
            assert isinstance(net, ImageTransformer)
            images = draw_images(net, drawn, torch.Generator().manual_seed(seed))
            with torch.inference_mode():
                bits = nats(net(test), test).mean(0) / math.log(2)
            run.save(**{
                f"bits {name}": bits.mean().item(),
                f"map {name}": bits.double().cpu().numpy(),
                f"validation {name}": curves.values("validation") / math.log(2),
                f"drawn {name}": images[:16].double().cpu().numpy(),
                f"nearest {name}": _nearest(images, parts.train),
                f"grey {name}": grey(images),
            })  # fmt: skip
    run.save(steps=curves.steps_of("validation"), parameters=sum(weight.numel() for weight in net.parameters()))


@experiment(smoke={"known": 60}, small={}, seeds=1)
def picture_tables(run: Run, *, known: int = 1_200, seed: int) -> None:
    """Price test digits by counts of neighbours: the rival that is not trained.

    Args:
        run: of the lab.
        known: digits that are counted.
        seed: changes nothing.
    """
    run.uses("digits.csv.gz", DIGEST)
    first, validation, test = (part.numpy().astype(np.uint8) for part in in_parts(load_digits().images))
    run.save(strengths=np.array(STRENGTHS))
    for name, chain in CHAINS.items():
        tables = [ContextTable(first[:known], chain, levels=LEVELS, strength=each) for each in STRENGTHS]
        found = np.array([table.bits(validation).mean() for table in tables])
        bits = tables[int(found.argmin())].bits(test).mean(0)
        run.save(**{f"validation {name}": found, f"bits {name}": bits.mean(), f"map {name}": bits})


def network(
    kind: str, field: int, width: int, hidden: int, layers: int, dropout: float, seed: int, *, given: bool = False
) -> nn.Module:
    """A network for one kind of block and one field; `given`: one that is given the coarse image."""
    torch.manual_seed(seed)
    decoder = ImageTransformer(attention(kind, field), levels=LEVELS, width=width, heads=HEADS, hidden=hidden,
                               layers=layers, dropout=dropout)  # fmt: skip
    if not given:
        return decoder
    side = SIDE // FACTOR
    return Upscaler(decoder, rows=side, columns=side, factor=FACTOR, width=width, heads=HEADS, hidden=hidden)


def trained(net: nn.Module, parts: Parts, *, rate: float, steps: int, batch: int, seed: int) -> Curves:
    """Train a network, and leave it with the weights that were best on validation digits."""
    net.to(parts.train.device)
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=0.1, fused=True)

    def loss_of(images: Tensor) -> Tensor:
        given = [coarse_of(images)] if isinstance(net, Upscaler) else []
        return nats(net(images, *given), images).mean()

    def loss(step: int) -> Tensor:
        order = torch.Generator().manual_seed(1_000_003 * seed + step)
        return loss_of(parts.train[torch.randint(len(parts.train), (batch,), generator=order)])

    curves = Curves()
    train(
        curves, net, loss, optimizer, steps=steps, every=max(1, steps // 10), clip=1.0,
        validate=lambda: float(loss_of(parts.validation)), rate=lambda step: rate * warmup_cosine(step, steps=steps),
    )  # fmt: skip
    return curves


def in_parts(images: NDArray[np.uint8], device: str = "cpu") -> Parts:
    """Digits to train on, to validate on, and to be asked about: 1,200, 200 and 397, in the order of the source."""
    whole = torch.from_numpy(images.astype(np.int64)).to(device)
    return Parts(whole[:1_200], whole[1_200:1_400], whole[1_400:])


def coarse_of(images: Tensor) -> Tensor:
    """The means over squares, 0 to 1."""
    return coarsened(images / (LEVELS - 1), FACTOR)


def nats(logits: Tensor, images: Tensor) -> Tensor:
    """(n, X, Y) of logits (n, X, Y, V)."""
    return F.cross_entropy(logits.flatten(0, 2), images.flatten(), reduction="none").view(images.shape)


def grey(images: Tensor) -> float:
    """The share of pixels that are neither nearly white nor nearly black."""
    return float(((images > 2) & (images < LEVELS - 3)).double().mean())


def _nearest(images: Tensor, known: Tensor) -> float:
    """Mean over images of the root mean squared difference of a pixel from the nearest known one, in levels."""
    apart = torch.cdist(images.flatten(1).double(), known.flatten(1).double()).min(1).values
    return float(apart.mean() / math.sqrt(SIDE * SIDE))
