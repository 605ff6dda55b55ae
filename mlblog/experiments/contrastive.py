"""Contrastive learning on digits without labels: what a linear probe finds in the features."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.data.digits import DIGEST, load_digits, split_digits
from mlblog.lab import Run, experiment
from mlblog.losses.contrastive import decoupled_nt_xent, nt_xent, sup_con
from mlblog.training.trainer import train

FEW = 100  # labelled digits in the harder probe


@experiment(
    smoke={"steps": 3, "width": 16},
    small={"steps": 1_500},
    full={"steps": 20_000, "width": 1_024},
    seeds=6,
    variants=(
        {"batch": 4},
        {"batch": 4, "loss": "decoupled"},
        {"batch": 32},
        {"batch": 32, "loss": "decoupled"},
        {"loss": "decoupled"},
        {"loss": "supervised"},
        {"temperature": 0.05},
        {"temperature": 2.0},
    ),
)
def digit_contrast(
    run: Run,
    *,
    steps: int,
    width: int = 128,
    batch: int = 128,
    temperature: float = 0.3,
    loss: Literal["nt_xent", "decoupled", "supervised"] = "nt_xent",
    seed: int,
) -> None:
    """Train an encoder to recognise two shifted views of a digit, then classify its features by a linear map.

    Args:
        run: of the lab.
        steps: training steps.
        width: features of the encoder.
        batch: N, digits a step; each gives two views.
        temperature: of the loss.
        loss: `supervised` uses the labels, the others do not.
        seed: of weights, order, views and the choice of labelled digits.
    """
    run.uses("digits.csv.gz", DIGEST)
    known, unseen = split_digits(load_digits())
    x, asked = (torch.from_numpy(part.images / 16).float().to(run.device) for part in (known, unseen))
    y, right = (torch.from_numpy(part.labels.astype(np.int64)).to(run.device) for part in (known, unseen))
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())
    head = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 32))
    encoder, head = encoder.to(run.device), head.to(run.device)
    some = torch.randperm(len(x), device=run.device)[:FEW]

    def probes(features: nn.Module) -> tuple[float, float]:
        with torch.no_grad():
            a, b = features(x), features(asked)
        return _probe(a, y, b, right), _probe(a[some], y[some], b, right)

    run.save(**dict(zip(("pixels", "pixels_few"), probes(nn.Flatten()), strict=True)))
    run.save(**dict(zip(("random", "random_few"), probes(encoder), strict=True)))
    both = nn.ModuleList([encoder, head])
    optimizer = torch.optim.AdamW(both.parameters(), lr=1e-3)

    def value(_: int) -> Tensor:
        rows = torch.randint(len(x), (batch,), device=run.device)
        z = head(encoder(torch.cat((_shifted(x[rows]), _shifted(x[rows]))))).unflatten(0, (2, batch))
        if loss == "supervised":
            return sup_con(z, y[rows], temperature=temperature).mean()
        return {"nt_xent": nt_xent, "decoupled": decoupled_nt_xent}[loss](z, temperature=temperature).mean()

    train(run, both, value, optimizer, steps=steps, every=20)
    run.save(**dict(zip(("learned", "learned_few"), probes(encoder), strict=True)))


def _shifted(images: Tensor) -> Tensor:
    """A random crop of each image (B, 8, 8) after a margin of one pixel, with noise and random contrast."""
    padded = F.pad(images, (1, 1, 1, 1))
    row, column = torch.randint(3, (2, len(images), 1, 1), device=images.device)
    place = torch.arange(8, device=images.device)
    example = torch.arange(len(images), device=images.device)[:, None, None]
    moved = padded[example, row + place[:, None], column + place]
    contrast = 0.7 + 0.6 * torch.rand(len(images), 1, 1, device=images.device)
    return moved * contrast + 0.15 * torch.randn_like(images)


def _probe(known: Tensor, labels: Tensor, asked: Tensor, right: Tensor) -> float:
    """Accuracy of ridge regression from standardised features to one-hot labels."""
    mean, scale = known.mean(0), known.std(0) + 1e-3
    a, b = ((part - mean).div(scale).double() for part in (known, asked))
    targets = F.one_hot(labels, 10).double() - 0.1
    ridge = 0.1 * len(a) * torch.eye(a.shape[1], dtype=a.dtype, device=a.device)
    weights = torch.linalg.solve(a.T @ a + ridge, a.T @ targets)
    return float(((b @ weights).argmax(-1) == right).double().mean())
