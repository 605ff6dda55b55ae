"""Autoencoders on digits: which space a linear one finds, and whether what reconstructs well is a good code."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mlblog.data.digits import DIGEST, load_digits, split_digits
from mlblog.experiments.gan import step_apart
from mlblog.experiments.ilsampling_vae import Stacked
from mlblog.lab import Run, experiment
from mlblog.models.autoencoder import (
    Autoencoder,
    contractive_penalty,
    masked,
    reconstruction_loss,
    sparsity_penalty,
)
from mlblog.models.vae import VAE, elbo
from mlblog.numerics.subspaces import principal_angles
from mlblog.training.schedule import warmup_cosine

RATES = (1e-3, 3e-3, 1e-2)
FEW, DRAWS = 100, 10  # labelled digits of the harder score, and how often they are drawn
#: Of each kind of code the settings to choose from, beside the rate: the units, and the strength of what is added.
KINDS: dict[str, tuple[tuple[int, float], ...]] = {
    "linear": ((128, 0.0),),
    "plain": ((128, 0.0),),
    "narrow": ((16, 0.0), (32, 0.0)),
    "denoising": ((128, 0.2), (128, 0.4)),
    "sparse": ((128, 0.003), (128, 0.01)),
    "contractive": ((128, 0.01), (128, 0.1)),
}
SHOWN, HIDDEN = 4, 0.4  # images that are kept of each kind; the share of pixels that are masked in the question


Encode = Callable[[Tensor], Tensor]


class Parts(NamedTuple):
    """Digits as pixels in 0 to 1, (n, 64) each, and what they show, (n,)."""

    train: Tensor
    validation: Tensor
    test: Tensor
    labels: tuple[Tensor, Tensor, Tensor]


@experiment(smoke={"steps": 4, "points": 2}, small={"steps": 5_000}, full={"steps": 100_000}, seeds=5)
def linear_codes(run: Run, *, steps: int, latent: int = 4, batch: int = 100, points: int = 30, seed: int) -> None:
    """Train linear autoencoders, the plain and the variational one, and measure angles to the principal components.

    Args:
        run: of the lab.
        steps: training steps.
        latent: H.
        batch: digits a step.
        points: how often angles are measured.
        seed: of weights, order and noise.
    """
    run.uses("digits.csv.gz", DIGEST)
    x = in_parts(run.device).train
    mean = x.mean(0)
    _, scales, axes = torch.linalg.svd((x - mean).double(), full_matrices=False)
    plain, variational = Autoencoder(x.shape[1], latent, linear=True), VAE(x.shape[1], latent)
    nets = {"plain": plain, "variational": variational}
    with torch.no_grad():
        variational.log_noise.fill_(-1.5)
    optimizer = torch.optim.Adam([weight for net in nets.values() for weight in net.to(run.device).parameters()])
    found: dict[str, NDArray[np.float64]] = {}
    checkpoint = run.checkpoint(plain=plain, variational=variational, optimizer=optimizer)
    for step in checkpoint.steps(steps, "train"):
        for group in optimizer.param_groups:
            group["lr"] = 1e-2 * warmup_cosine(step, steps=steps)
        rows = x[torch.randint(len(x), (batch,), device=run.device)]
        bound = elbo(variational, rows, torch.randn(batch, latent, device=run.device))
        loss = reconstruction_loss(plain(rows), rows).mean() + (bound.kl - bound.reconstruction).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        optimizer.step()
        if (step + 1) % max(1, steps // points) == 0:
            for name, layer in [("plain", plain.decoder), ("variational", variational.decoder[0])]:
                space, each = angles(layer.get_parameter("weight"), axes[:latent])
                run.log(step=step + 1, **{f"space {name}": space, f"axes {name}": each.max()})
                found[name] = each
    error = reconstruction_loss(plain(x), x).mean().item()
    least = (scales[latent:].square().sum() / len(x)).item()
    shares = scales.square() / scales.square().sum()
    run.save(error=error, least=least, shares=shares.cpu().numpy()[: 2 * latent])
    run.save(**{f"at the end {name}": each for name, each in found.items()})


def angles(columns: Tensor, axes: Tensor) -> tuple[float, NDArray[np.float64]]:
    """The largest angle between two spaces, and that from each axis to the nearest column, (H,), in degrees.

    Args:
        columns: (D, H), of a decoder.
        axes: (H, D) orthonormal.
    """
    space = principal_angles(axes.T.cpu().numpy(), columns.detach().double().cpu().numpy())
    lengths = columns.detach().double().norm(dim=0)
    cosines = (axes @ (columns.detach().double() / lengths)).abs().max(1).values.clamp(max=1.0)
    return float(np.degrees(space[-1])), np.degrees(cosines.acos().cpu().numpy())


@experiment(smoke={"steps": 4, "known": 110}, small={"steps": 1_000}, full={"steps": 50_000, "batch": 400}, seeds=5)
def digit_codes(run: Run, *, steps: int, known: int = 1_200, batch: int = 100, seed: int) -> None:
    """Train every kind of code at each of its settings; keep what the one that is best on validation digits does.

    Best means the fewest errors of the nearest neighbour by its code among few labelled digits, for every kind alike.

    Args:
        run: of the lab.
        steps: training steps of each net.
        known: training digits.
        batch: digits a step.
        seed: of weights, order, corruption, noise images and the choice of labelled digits.
    """
    run.uses("digits.csv.gz", DIGEST)
    parts = in_parts(run.device, known)
    few = torch.stack([torch.randperm(len(parts.train), device=run.device)[:FEW] for _ in range(DRAWS)])
    donors = torch.randint(len(parts.train), (len(parts.test), 64), device=run.device)
    blots = parts.train.gather(0, donors)  # each pixel of another digit: every place as in digits, and no digit
    hidden = masked(parts.test, torch.rand_like(parts.test), rate=HIDDEN)
    torch.manual_seed(seed)
    untrained = Autoencoder(64, 128).to(run.device)
    run.save(rates=np.array(RATES), seen=_kept(parts.test), blots=_kept(blots), hidden=_kept(hidden))
    run.save(**_scores("pixels", nn.Identity(), 0, parts, few, hidden))
    run.save(**_scores("untrained", untrained.encode, 0, parts, few, hidden))
    for kind, settings in run.progress(list(KINDS.items()), "train"):
        grid, best, nets = [], (float("inf"), -1, -1), {}
        for units in sorted({units for units, _ in settings}):
            strengths = [strength for some, strength in settings if some == units]
            torch.manual_seed(seed)
            nets[units] = fit(kind, units, strengths, parts.train, steps=steps, batch=batch)
            found = errors(nets[units].encode, parts, few, parts.validation)
            grid += [with_few for with_few, _ in found]
            best = min(best, *((with_few, units, place) for place, (with_few, _) in enumerate(found)))
        _, units, place = best
        net, strength = nets[units], [each for some, each in settings if some == units][place // len(RATES)]
        with torch.inference_mode():
            made, said, restored = (net(images[None])[place] for images in (parts.test, blots, hidden))
        run.save(**_scores(kind, net.encode, place, parts, few, hidden))
        run.save(**{
            f"validation {kind}": np.array(grid),
            f"chosen {kind}": np.array([units, strength, RATES[place % len(RATES)]]),
            f"unexplained {kind}": _unexplained(made, parts.test),
            f"blots {kind}": _unexplained(said, blots),
            f"restored {kind}": _unexplained(restored, parts.test),
            f"made {kind}": _kept(made),
            f"said {kind}": _kept(said),
        })  # fmt: skip


def fit(kind: str, units: int, strengths: list[float], x: Tensor, *, steps: int, batch: int) -> Autoencoder:
    """Train a net for each strength at each of the `RATES`, all from the same weights, side by side: S of them."""
    settings = list(product(strengths, RATES))
    net = Autoencoder(x.shape[1], units, linear=kind == "linear")
    net.encoder, net.decoder = (Stacked(layer, len(settings)) for layer in (net.encoder, net.decoder))  # type: ignore[assignment]
    net.to(x.device)
    strength, rate = (torch.tensor(each, device=x.device) for each in zip(*settings, strict=True))
    optimizer = torch.optim.Adam(net.parameters(), lr=1.0)
    for step in range(steps):
        rows = x[torch.randint(len(x), (batch,), device=x.device)]
        value = side_by_side_loss(net, kind, strength, rows).mean(-1).sum()
        optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        step_apart(optimizer, rate * warmup_cosine(step, steps=steps))
    return net


def side_by_side_loss(net: Autoencoder, kind: str, strength: Tensor, x: Tensor) -> Tensor:
    """The loss of S nets of a kind: strengths (S,), digits (B, 64) to (S, B)."""
    shown = x.expand(len(strength), *x.shape)
    if kind == "denoising":
        kept = torch.rand_like(shown)
        shown = torch.stack([masked(x, kept[i], rate=float(each)) for i, each in enumerate(strength)])
    code = net.encode(shown)
    loss = reconstruction_loss(net.decoder(code), x.expand_as(shown))
    if kind == "sparse":
        loss = loss + strength[:, None] * sparsity_penalty(code)
    if kind == "contractive":
        loss = loss + strength[:, None] * contractive_penalty(code, net.encoder.weight.mT)
    return loss


def in_parts(device: str, known: int = 1_200) -> Parts:
    """Of 1,200 digits some to train on, 200 to choose by, the last 397 to test on."""
    first, unseen = split_digits(load_digits())
    images = [torch.from_numpy(part.images.reshape(-1, 64) / 16).float().to(device) for part in (first, unseen)]
    labels = [torch.from_numpy(part.labels.astype(np.int64)).to(device) for part in (first, unseen)]
    return Parts(images[0][:known], images[0][1_200:], images[1], (labels[0][:known], labels[0][1_200:], labels[1]))


@torch.inference_mode()
def errors(encode: Encode, parts: Parts, few: Tensor, asked: Tensor) -> list[tuple[float, float]]:
    """The share of digits whose nearest neighbour, by the code, shows another digit.

    Args:
        encode: (1, n, 64) to the codes of S nets, (S, n, H).
        parts: of the digits.
        few: (DRAWS, FEW) rows of training digits that are known in the harder question.
        asked: (n, 64), as many as the validation or the test digits, in their order.

    Returns:
        For each net the errors with few digits known, the mean over draws, and with all of them.
    """
    known, right = parts.labels[0], next(labels for labels in parts.labels[1:] if len(labels) == len(asked))
    apart = torch.cdist(encode(asked[None]), encode(parts.train[None]))  # (S, asked, known)

    def wrong(rows: Tensor) -> Tensor:
        return (known[rows[apart[..., rows].argmin(-1)]] != right).double().mean(-1)

    with_few = torch.stack([wrong(rows) for rows in few]).mean(0)
    with_all = wrong(torch.arange(len(known), device=known.device))
    return list(zip(with_few.tolist(), with_all.tolist(), strict=True))


def _scores(kind: str, encode: Encode, place: int, parts: Parts, few: Tensor, hidden: Tensor) -> dict[str, float]:
    """What the net at a place errs on test digits, and on the same with pixels hidden."""
    with_few, with_all = errors(encode, parts, few, parts.test)[place]
    behind = errors(encode, parts, few, hidden)[place][1]
    return {f"errors few {kind}": with_few, f"errors {kind}": with_all, f"errors hidden {kind}": behind}


def _unexplained(made: Tensor, x: Tensor) -> float:
    """The squared error as a part of the variance about the mean image."""
    return ((made - x).square().sum() / (x - x.mean(0)).square().sum()).item()


def _kept(images: Tensor) -> NDArray[np.float64]:
    """The first of images (n, 64), as arrays."""
    return images[:SHOWN].reshape(-1, 8, 8).double().cpu().numpy()
