"""Networks that say pictures pixel by pixel: how they are made, priced, trained and drawn from."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.models.gated_pixelcnn import GatedPixelCNN, draw_pixels_cached
from mlblog.models.logistic_mixture import DiscretizedMixLogistic, bits_of, mixture_size
from mlblog.models.masked_conv import PixelCNN
from mlblog.training.curves import Curves
from mlblog.training.schedule import warmup_cosine
from mlblog.training.trainer import train

COMPONENTS = 5
RATES = (1e-3, 3e-3, 1e-2, 3e-2)


class Parts(NamedTuple):
    """Pictures, (n, X, Y) whole numbers each."""

    train: Tensor
    validation: Tensor
    test: Tensor


class Arm(NamedTuple):
    """A kind of network.

    Attributes:
        data: what it says.
        stacks: one, of masked convolutions, or two.
        said: of a pixel, a score for each level, or a mixture of a few bells.
    """

    data: Literal["digits", "shapes"]
    stacks: int
    said: Literal["levels", "mixture"]


def network(arm: Arm, *, levels: int, width: int, layers: int, dropout: float, seed: int) -> nn.Module:
    """A network of an arm; one stack is wider by a third, which makes up for what it lacks in numbers to learn."""
    torch.manual_seed(seed)
    outputs = levels if arm.said == "levels" else mixture_size(COMPONENTS, 1)
    make = GatedPixelCNN if arm.stacks == 2 else PixelCNN
    across = width if arm.stacks == 2 else width * 4 // 3
    return make(1, outputs, levels=levels, width=across, layers=layers, dropout=dropout)


def bits(net: nn.Module, arm: Arm, images: Tensor, levels: int) -> Tensor:
    """(n, X, Y) bits of each pixel of images (n, X, Y)."""
    said = net(images[:, None])
    if arm.said == "levels":
        return F.cross_entropy(said, images, reduction="none") / math.log(2)
    mixture = DiscretizedMixLogistic(said.permute(0, 2, 3, 1), channels=1, levels=levels)
    return bits_of(mixture.log_prob(images[..., None]), 1)


def fitted(
    net: nn.Module,
    loss: Callable[[Tensor], Tensor],
    parts: Parts,
    *,
    rate: float,
    steps: int,
    batch: int,
    seed: int,
    validate: Callable[[Tensor], Tensor] | None = None,
) -> Curves:
    """Train a network by the mean of a loss over images, and leave it with its best weights on validation images."""
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=0.01, fused=True)

    def step_loss(step: int) -> Tensor:
        order = torch.Generator().manual_seed(1_000_003 * seed + step)
        return loss(parts.train[torch.randint(len(parts.train), (batch,), generator=order)]).mean()

    curves = Curves()
    train(
        curves, net, step_loss, optimizer, steps=steps, every=max(1, steps // 16), clip=1.0,
        validate=lambda: float((validate or loss)(parts.validation).mean()),
        rate=lambda step: rate * warmup_cosine(step, steps=steps),
    )  # fmt: skip
    return curves


def drawn(net: GatedPixelCNN, arm: Arm, empty: Tensor, levels: int, generator: torch.Generator) -> Tensor:
    """Draw images of the shape of `empty`, (n, X, Y)."""

    def pick(said: Tensor, row: int, column: int) -> Tensor:
        if arm.said == "levels":
            return torch.multinomial(said.softmax(-1).cpu(), 1, generator=generator).to(said.device)
        mixture = DiscretizedMixLogistic(said.cpu(), channels=1, levels=levels)
        return mixture.draw(generator).to(said.device)

    return draw_pixels_cached(net, empty[:, None], pick)[:, 0]
