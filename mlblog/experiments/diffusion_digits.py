"""Digits out of noise: steps, guidance by the class, and halves filled in."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlblog.classical.ppca import fit_ppca
from mlblog.data.digits import DIGEST
from mlblog.experiments.codes import Parts, in_parts
from mlblog.experiments.diffusion import ETAS, LEVELS, RATES, VALIDATION, squared
from mlblog.lab import Run, experiment
from mlblog.models.denoiser import Denoiser
from mlblog.models.diffusion import Denoise, inpainted, noised, sampled, spaced
from mlblog.models.guidance import classifier_free_guidance
from mlblog.numerics.discrepancy import mmd_squared
from mlblog.training.curves import Curves
from mlblog.training.schedule import warmup_cosine
from mlblog.training.trainer import train

if TYPE_CHECKING:
    from mlblog.classical.ppca import PPCA

BANDWIDTH, UNTOLD, SHOWN = 4.0, 0.15, 10  # of pixels in -1 to 1; share of digits shown without their class
ROUNDS, HALF = (1, 5), 32  # of filling in; the upper half is known
DIMENSIONS = 20  # of the Gaussian rival


@experiment(
    smoke={"steps": 2, "drawn": 20, "taken": [2, 3], "strengths": [1.0, 3.0], "asked": 12, "hidden": 8},
    small={"steps": 1_500, "taken": [2, 5, 10, 20, 50, 100], "strengths": [0.0, 1.0, 2.0, 4.0, 8.0]},
    full={
        "steps": 60_000, "taken": [2, 5, 10, 20, 50, 100, 960], "strengths": [0.0, 0.5, 1.0, 1.5, 2.0, 4.0, 8.0],
        "drawn": 4_000, "hidden": 1_024,
    },
    seeds=3,
)  # fmt: skip
def digit_noise(
    run: Run,
    *,
    steps: int,
    taken: list[int],
    strengths: list[float],
    drawn: int = 400,
    asked: int = 397,
    hidden: int = 192,
    batch: int = 128,
    seed: int,
) -> None:
    """Train a network to say the noise in digits, at each of the `RATES`; sample the one that validates best.

    Args:
        run: of the lab.
        steps: training steps at each rate.
        taken: steps from noise to digits.
        strengths: of guidance, with the last of the steps but one.
        drawn: digits of each sample.
        asked: test digits whose lower half is filled in.
        hidden: units of the network.
        batch: digits a step.
        seed: of weights, order, noise and draws.
    """
    run.uses("digits.csv.gz", DIGEST)
    parts = in_parts(run.device)
    known, test = 2 * parts.train - 1, 2 * parts.test - 1
    losses, nets, curves = [], [], []
    for rate in run.progress(RATES, "train"):
        net, curve = fit(parts, rate, steps=steps, hidden=hidden, batch=batch, seed=seed)
        nets.append(net)
        curves.append(curve)
        losses.append(curve.values("validation").min())
    best = int(np.argmin(losses))
    net = nets[best]
    generator = torch.Generator().manual_seed(seed)
    run.save(rates=np.array(RATES), validation=np.array(losses), curve=curves[best].values("validation"),
             curve_steps=curves[best].steps_of("validation"), taken=np.array(taken, dtype=np.float64),
             strengths=np.array(strengths))  # fmt: skip

    def apart(images: Tensor) -> float:
        return mmd_squared(images.clamp(-1, 1), test, bandwidth=BANDWIDTH).item()

    labels = torch.arange(drawn, device=run.device) % 10
    start = torch.randn(drawn, 64, generator=generator).to(run.device)
    with torch.inference_mode():
        for name, eta in ETAS.items():
            said = said_with(net, labels, 1.0)
            found = [sampled(said, start, spaced(LEVELS, count), eta=eta, generator=generator)[-1]
                     for count in run.progress(taken, name)]  # fmt: skip
            run.save(**{f"apart {name}": np.array([apart(images) for images in found])})
            if name == "same noise":
                run.save(drawn=_kept(found[-2]), nearest=_nearest(found[-2], known), few=_kept(found[0]))
        gaussian = torch.from_numpy(draw_gaussian(fit_ppca(known.double().cpu().numpy(), DIMENSIONS), drawn, seed))
        gaussian = gaussian.float().to(run.device)
        run.save(
            floor=apart(known[torch.randperm(len(known), generator=generator)[:drawn]]),
            gaussian_apart=apart(gaussian), gaussian=_kept(gaussian), nearest_test=_nearest(test, known),
        )  # fmt: skip
        _save_guided(run, net, parts, labels, start, spaced(LEVELS, taken[-2]), strengths)
        _save_filled(run, net, parts, asked, spaced(LEVELS, taken[-2]), generator)


def fit(parts: Parts, rate: float, *, steps: int, hidden: int, batch: int, seed: int) -> tuple[Denoiser, Curves]:
    """A network at one rate, with the weights that were best on validation digits, and its curves."""
    torch.manual_seed(seed)
    x, labels, levels = 2 * parts.train - 1, parts.labels[0], LEVELS.float().to(parts.train.device)
    net = Denoiser(features=64, hidden=hidden, layers=3, classes=10).to(x.device)
    held = torch.Generator().manual_seed(VALIDATION)
    asked = (2 * parts.validation - 1).repeat(5, 1)
    fresh = torch.randn(asked.shape, generator=held).to(x.device)
    at = levels[torch.randint(1, len(levels), (len(asked), 1), generator=held)]
    told = parts.labels[1].repeat(5)

    def loss(_: int) -> Tensor:
        rows = torch.randint(len(x), (batch,), device=x.device)
        noise, level = torch.randn(batch, 64, device=x.device), levels[torch.randint(1, len(levels), (batch, 1))]
        shown = labels[rows].masked_fill(torch.rand(batch, device=x.device) < UNTOLD, net.no_class)
        return squared(net(noised(x[rows], noise, level), level, shown), noise)

    def validate() -> float:
        return float(squared(net(noised(asked, fresh, at), at, told), fresh))

    curves = Curves()
    train(curves, net, loss, torch.optim.Adam(net.parameters(), lr=rate), steps=steps, every=max(1, steps // 30),
          rate=lambda step: rate * warmup_cosine(step, steps=steps), validate=validate)  # fmt: skip
    return net, curves


def said_with(net: Denoiser, labels: Tensor, strength: float) -> Denoise:
    """The noise that a network says with guidance by classes; labels (B,)."""
    none = torch.full_like(labels, net.no_class)

    def said(x: Tensor, level: Tensor) -> Tensor:
        given: Tensor = net(x, level, labels)
        if strength == 1:
            return given
        return classifier_free_guidance(net(x, level, none), given, strength=strength)

    return said


def draw_gaussian(model: PPCA, count: int, seed: int) -> NDArray[np.float64]:
    """Draws of probabilistic principal components, (count, D)."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((count, model.loadings.shape[1]))
    drawn: NDArray[np.float64] = z @ model.loadings.T + model.mean
    return drawn + math.sqrt(model.noise) * rng.standard_normal(drawn.shape)


def _save_guided(
    run: Run, net: Denoiser, parts: Parts, labels: Tensor, start: Tensor, levels: Tensor, strengths: list[float]
) -> None:
    """How many draws show what was asked for, by the nearest training digit, and how far draws of a class are apart."""
    read, test = reader(parts), 2 * parts.test - 1
    found = [sampled(said_with(net, labels, strength), start, levels)[-1].clamp(-1, 1) for strength in strengths]
    run.save(
        right=np.array([(read(images) == labels).double().mean().item() for images in found]),
        variety=np.array([variety(images, labels) for images in found]),
        guided_apart=np.array([mmd_squared(images, test, bandwidth=BANDWIDTH).item() for images in found]),
        guided=np.stack([_kept(images) for images in found]),
        right_test=(read(test) == parts.labels[2]).double().mean().item(),
        variety_test=variety(test, parts.labels[2]),
    )


def _save_filled(run: Run, net: Denoiser, parts: Parts, asked: int, levels: Tensor, generator: torch.Generator) -> None:
    """Lower halves of test digits, filled in by the network and by the training digit with the nearest upper half."""
    known, test, labels = 2 * parts.train - 1, 2 * parts.test[:asked] - 1, parts.labels[2][:asked]
    mask = (torch.arange(64, device=test.device) < HALF).expand_as(test)
    read = reader(parts)
    start = torch.randn(test.shape, generator=generator).to(test.device)
    filled = {
        f"{rounds} rounds": inpainted(net, start, levels, test, mask, rounds=rounds, generator=generator).clamp(-1, 1)
        for rounds in ROUNDS
    }
    nearest = torch.cdist(test[:, :HALF], known[:, :HALF]).argmin(1)
    filled["nearest"] = torch.where(mask, test, known[nearest])
    filled["mean"] = torch.where(mask, test, known.mean(0).expand_as(test))
    for name, images in filled.items():
        run.save(**{
            f"filled right {name}": (read(images) == labels).double().mean().item(),
            f"filled apart {name}": mmd_squared(images, test, bandwidth=BANDWIDTH).item(),
            f"filled changed {name}": (images - test)[mask].abs().max().item(),
            f"filled error {name}": (images - test)[~mask].square().mean().sqrt().item() / 2,
            f"filled {name}": _kept(images),
        })  # fmt: skip
    run.save(asked_for=_kept(test))


def reader(parts: Parts) -> Callable[[Tensor], Tensor]:
    """What the nearest training digit of an image shows."""
    known, labels = 2 * parts.train - 1, parts.labels[0]
    return lambda images: labels[torch.cdist(images, known).argmin(1)]


def variety(images: Tensor, labels: Tensor) -> float:
    """Root mean squared distance a pixel from the mean of the same class, of pixels in 0 to 1."""
    squares = torch.cat([
        (images[labels == label] - images[labels == label].mean(0)).square().mean(1) for label in range(10)
    ])  # fmt: skip
    return squares.mean().sqrt().item() / 2


def _nearest(images: Tensor, known: Tensor) -> float:
    """Root mean squared difference a pixel from the nearest training digit, the mean over images."""
    return (torch.cdist(images.clamp(-1, 1), known).min(1).values / 16).mean().item()


def _kept(images: Tensor) -> NDArray[np.float64]:
    """The first of images (n, 64), in 0 to 1."""
    return ((images[:SHOWN].clamp(-1, 1) + 1) / 2).reshape(-1, 8, 8).double().cpu().numpy()
