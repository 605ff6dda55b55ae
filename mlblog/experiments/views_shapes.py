"""Test-time augmentation where a view changes nothing that matters: shapes in noise, and their mirror images.

Kind, colour, place and noise of a shape are as likely as those of its mirror image, so a picture and its mirror image
have the same distribution, given the kind. The mean over both then has no more log loss than one of them, on average.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from mlblog.data.shapes import KINDS, make_shapes
from mlblog.experiments.views import Part, choose, fit, loss_of, scores
from mlblog.lab import Run, experiment
from mlblog.models.views import MODES, merged
from mlblog.numerics.calibration import fit_temperature, tempered

TRAIN, VALIDATION, TEST = 8_001, 8_002, 8_003  # seeds of pictures
TRAININGS = ("plain", "augmented")
ARMS = ("one", "mirrored", *MODES, "networks", "wide")
RATES = (5e-3, 1.5e-2, 5e-2, 1.5e-1)
SIDE, MEMBERS = 16, 2


def network(channels: int) -> nn.Sequential:
    """Two convolutions with pooling and a linear map: (B, 3, 16, 16) to logits (B, 4)."""
    return nn.Sequential(
        nn.Conv2d(3, channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(channels, 2 * channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(2 * channels * 16, len(KINDS)),
    )  # fmt: skip


def cost(channels: int) -> int:
    """Multiplications of a network for one picture."""
    return 256 * 27 * channels + 64 * 9 * channels * 2 * channels + 16 * 2 * channels * len(KINDS)


def wider(channels: int) -> int:
    """The least number of channels at which a network costs as much as MEMBERS."""
    return next(more for more in range(channels, 99 * channels) if cost(more) >= MEMBERS * cost(channels))


@experiment(
    smoke={"steps": 2, "known": 90, "asked": 40, "channels": 2},
    small={"steps": 500},
    full={"steps": 10_000, "known": 20_000, "asked": 20_000},
    seeds=5,
)
def shape_views(
    run: Run,
    *,
    steps: int,
    known: int = 3_000,
    asked: int = 4_000,
    noise: float = 20.0,
    channels: int = 8,
    batch: int = 100,
    seed: int,
) -> None:
    """Train networks to tell shapes apart, with mirror images or without, and ask about unseen ones from both sides.

    Args:
        run: of the lab.
        steps: training steps of each network.
        known: training pictures, and validation pictures; the same for every seed.
        asked: test pictures.
        noise: standard deviation of each channel of each pixel, in levels of 255.
        channels: of the first convolution.
        batch: pictures a step.
        seed: of weights and order.
    """
    train, validation = (pictures(known, noise, number, run.device) for number in (TRAIN, VALIDATION))
    test = pictures(asked, noise, TEST, run.device)
    for training in TRAININGS:
        both = torch.stack((train.images, train.images.flip(-1)))
        seen = both if training == "augmented" else both[:1]
        found: list[list[dict[str, Tensor]]] = []
        curves = []
        for rate in run.progress(RATES, training):
            nets = [network(size).to(run.device) for size in (channels,) * MEMBERS + (wider(channels),)]
            curve = [fit(net, seen, train.labels, validation, rate=rate, steps=steps, batch=batch) for net in nets]
            curves.append(np.stack((curve[0], curve[-1])))
            found.append([arms(nets, part.images) for part in (validation, test)])
        rows = []
        for arm in ARMS:
            place = choose([loss_of(on_known[arm], validation.labels).mean() for on_known, _ in found])
            on_known, said = (part[arm] for part in found[place])
            temperature = fit_temperature(on_known, validation.labels)
            softer = scores(tempered(said, temperature), test.labels)[1:]
            rows.append([*scores(said, test.labels), *softer, temperature, RATES[place]])
        run.save(**{
            f"validation {training}": np.stack(curves),  # (rates, 2, points)
            f"scores {training}": np.array(rows),  # (ARMS, error, loss, Brier, calibration, 3 tempered, T, rate)
            f"error {training}": rows[ARMS.index("mean")][0],
        })  # fmt: skip


def pictures(n: int, noise: float, seed: int, device: str) -> Part:
    """One shape a picture, in -1 to 1, and its kind."""
    made = make_shapes(n, side=SIDE, most=1, noise=noise, seed=seed)
    images = torch.from_numpy(made.images).to(device).movedim(-1, 1).float() / 127.5 - 1
    return Part(images, torch.from_numpy(made.kinds[:, 0]).to(device))


@torch.inference_mode()
def arms(nets: list[nn.Sequential], images: Tensor) -> dict[str, Tensor]:
    """The answer of each arm, (n, 4), with the wide network as the last."""

    def said(net: nn.Module, of: Tensor) -> Tensor:
        logits: Tensor = net(of)
        return logits.double().log_softmax(-1)

    views = torch.stack([said(nets[0], view) for view in (images, images.flip(-1))])
    several = torch.stack([said(net, images) for net in nets[:-1]])
    return {
        "one": views[0],
        "mirrored": views[1],
        **{mode: merged(views, mode=mode) for mode in MODES},
        "networks": merged(several),
        "wide": said(nets[-1], images),
    }
