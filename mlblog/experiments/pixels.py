"""Pictures said by convolutions, pixel by pixel: what a blind spot costs, and a few bells against 256 scores."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.data.digits import DIGEST, LEVELS, load_digits
from mlblog.data.shapes import make_shapes
from mlblog.experiments.pixels_trained import Arm, Parts, bits, drawn, fitted, network
from mlblog.lab import Run, experiment
from mlblog.models.gated_pixelcnn import GatedPixelCNN

ARMS = {
    "digits, one stack": Arm("digits", 1, "levels"),
    "digits, two stacks": Arm("digits", 2, "levels"),
    "digits, mixture": Arm("digits", 2, "mixture"),
    "shapes, one stack": Arm("shapes", 1, "levels"),
    "shapes, two stacks": Arm("shapes", 2, "levels"),
    "shapes, mixture": Arm("shapes", 2, "mixture"),
}
SHADES = 256
TRAIN, VALIDATION, TEST = 1_000, 2_000, 3_000  # seeds of the shapes
NOISE = 4.0  # of each channel; a shape's grey is the mean of three …
MIDDLE, CONTRAST = 130, 3  # … and is moved away from the middle of the ground
RATES = (3e-3, 1e-2, 3e-2, 6e-2)
SYMBOLS, KEPT = 4, 0.8  # of the pictures whose rows copy each other
SMOKE = {"width": 6, "layers": 1, "batch": 4, "known": 12, "asked": 20}
FULL = {"width": 96, "layers": 10, "batch": 64, "known": 50_000, "side": 32, "asked": 397}


def greys(count: int, side: int, seed: int, device: str) -> Tensor:
    """Pictures of one or two shapes in 256 greys, (n, X, X)."""
    images = make_shapes(count, side=side, fewest=1, most=2, noise=NOISE, seed=seed).images
    apart = CONTRAST * (images.mean(-1) - MIDDLE) + SHADES / 2
    return torch.from_numpy(np.clip(np.rint(apart), 0, SHADES - 1).astype(np.int64)).to(device)


def parts_of(known: int, asked: int, side: int, device: str) -> dict[str, Parts]:
    """Digits in the order of the source, from 1,200, 200 and 397; and shapes, `known` to train on."""
    whole = torch.from_numpy(load_digits().images.astype(np.int64)).to(device)
    counts = {TRAIN: known, VALIDATION: asked // 4, TEST: asked}
    return {
        "digits": Parts(whole[:1_200], whole[1_200:1_400][: asked // 4], whole[1_400:][:asked]),
        "shapes": Parts(*(greys(count, side, seed, device) for seed, count in counts.items())),
    }


def levels_of(arm: Arm) -> int:
    """How many levels a pixel has."""
    return LEVELS if arm.data == "digits" else SHADES


def priced(net: nn.Module, arm: Arm) -> Callable[[Tensor], Tensor]:
    """What a network is trained by: bits of each pixel."""
    return lambda images: bits(net, arm, images, levels_of(arm))


@experiment(smoke={"steps": 1, **SMOKE}, small={"steps": 100}, full={"steps": 3_000, **FULL}, seeds=1)
def pixel_rates(
    run: Run,
    *,
    steps: int,
    width: int = 16,
    layers: int = 3,
    batch: int = 16,
    known: int = 2_000,
    asked: int = 397,
    side: int = 8,
    dropout: float = 0.1,
    seed: int,
) -> None:
    """Train every network shortly at each of the `RATES`, and keep the validation losses: the grid of its peak rate.

    Args:
        run: of the lab.
        steps: training steps at each rate.
        width: D, of the networks with two stacks.
        layers: of each.
        batch: pictures in a step.
        known: pictures of shapes to train on.
        asked: test pictures of either kind, and four times as many as there are to validate on.
        side: of the pictures of shapes.
        dropout: rate in each layer.
        seed: of weights, order and dropout.
    """
    run.uses("digits.csv.gz", DIGEST)
    run.save(rates=np.array(RATES))
    parts = parts_of(known, asked, side, run.device)
    for name, arm in run.progress(list(ARMS.items()), "tune"):
        found = []
        for rate in RATES:
            net = network(arm, levels=levels_of(arm), width=width, layers=layers, dropout=dropout, seed=seed)
            net.to(run.device)
            curves = fitted(
                net, priced(net, arm), parts[arm.data], rate=rate, steps=steps, batch=batch, seed=seed + 1_000
            )
            found.append(curves.values("validation").min())
        run.save(**{f"validation {name}": np.array(found), f"rate {name}": RATES[int(np.argmin(found))]})


@experiment(
    smoke={"steps": 3, "count": 2, **SMOKE},
    small={"steps": 240},
    full={"steps": 20_000, "count": 64, **FULL},
    seeds=3,
    reads=["pixel_rates"],
)
def pixel_bits(
    run: Run,
    *,
    steps: int,
    count: int = 16,
    width: int = 16,
    layers: int = 3,
    batch: int = 16,
    known: int = 2_000,
    asked: int = 397,
    side: int = 8,
    dropout: float = 0.1,
    seed: int,
) -> None:
    """Train each network on digits or on shapes, price test pictures, and draw some.

    Args:
        run: of the lab.
        steps: training steps.
        count: pictures to draw from each network of two stacks.
        width: D, of the networks with two stacks.
        layers: of each.
        batch: pictures in a step.
        known: pictures of shapes to train on.
        asked: test pictures of either kind, and four times as many as there are to validate on.
        side: of the pictures of shapes.
        dropout: rate in each layer.
        seed: of weights, order, dropout and draws.
    """
    run.uses("digits.csv.gz", DIGEST)
    rates = pixel_rates.runs(scale=run.scale)
    parts = parts_of(known, asked, side, run.device)
    for data, some in parts.items():
        run.save(**{f"test {data}": some.test[:count].double().cpu().numpy()})
    for name, arm in run.progress(list(ARMS.items()), "train"):
        levels, some = levels_of(arm), parts[arm.data]
        net = network(arm, levels=levels, width=width, layers=layers, dropout=dropout, seed=seed).to(run.device)
        curves = fitted(
            net, priced(net, arm), some, rate=rates.mean(f"rate {name}"), steps=steps, batch=batch, seed=seed
        )
        with torch.inference_mode():
            cost = bits(net, arm, some.test, levels).mean(0)
        run.save(**{
            f"bits {name}": cost.mean().item(),
            f"map {name}": cost.double().cpu().numpy(),
            f"validation {name}": curves.values("validation"),
            f"parameters {name}": sum(weight.numel() for weight in net.parameters()),
        })  # fmt: skip
        if isinstance(net, GatedPixelCNN):
            empty = torch.zeros_like(some.test[:1]).expand(count, -1, -1)
            images = drawn(net, arm, empty, levels, torch.Generator().manual_seed(seed))
            run.save(**{f"drawn {name}": images.double().cpu().numpy()})
    run.save(steps=curves.steps_of("validation"))


def draw_copies(count: int, right: int, *, generator: torch.Generator) -> Tensor:
    """Pictures (n, 8, 8) whose pixels are mostly the one a row up and `right` columns to the right, if there is one."""
    images = torch.randint(SYMBOLS, (count, 8, 8), generator=generator)
    for row in range(1, 8):
        same = torch.rand(count, 8 - right, generator=generator) < KEPT
        images[:, row, : 8 - right] = torch.where(same, images[:, row - 1, right:], images[:, row, : 8 - right])
    return images


def price_of_copies(right: int) -> float:
    """Bits a pixel of `draw_copies`, exactly."""
    hit, miss = KEPT + (1 - KEPT) / SYMBOLS, (1 - KEPT) / SYMBOLS
    again = -hit * math.log2(hit) - (SYMBOLS - 1) * miss * math.log2(miss)
    copied = 7 * (8 - right)
    return (copied * again + (64 - copied) * math.log2(SYMBOLS)) / 64


@experiment(
    smoke={"steps": 3, "asked": 8, "width": 6, "batch": 4},
    small={"steps": 150},
    full={"steps": 2_000, "asked": 10_000, "width": 64},
    seeds=5,
)
def pixel_copies(
    run: Run, *, steps: int, asked: int = 400, width: int = 18, layers: int = 2, batch: int = 32, seed: int
) -> None:
    """Pictures whose rows are copied with a shift of one column, which both networks see, or of two.

    Args:
        run: of the lab.
        steps: training steps.
        asked: pictures to price.
        width: D, of the network with two stacks.
        layers: of each.
        batch: pictures in a step.
        seed: of weights and pictures.
    """
    for right in (1, 2):
        run.save(**{f"exact {right}": price_of_copies(right)})
        some = draw_copies(asked, right, generator=torch.Generator().manual_seed(TEST)).to(run.device)
        for stacks in run.progress((1, 2), f"copy {right}"):
            arm = Arm("shapes", stacks, "levels")
            net = network(arm, levels=SYMBOLS, width=width, layers=layers, dropout=0.0, seed=seed).to(run.device)
            pictures = torch.Generator().manual_seed(1_000_003 * seed + right)
            known = draw_copies(batch * steps, right, generator=pictures).to(run.device)
            optimizer = torch.optim.Adam(net.parameters(), lr=1e-2, fused=True)
            for images in torch.split(known, batch):
                optimizer.zero_grad()
                F.cross_entropy(net(images[:, None]), images).backward()  # type: ignore[no-untyped-call]  # torch gives it no types
                optimizer.step()
            with torch.inference_mode():
                found = bits(net.eval(), arm, some, SYMBOLS).mean()
            run.save(**{f"bits {right} by {stacks}": found.item()})
