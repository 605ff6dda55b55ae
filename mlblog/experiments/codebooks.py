"""Digits said in four symbols: which codebooks are used, what that is worth, and what draws of the symbols say."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from mlblog.data.digits import DIGEST
from mlblog.experiments.codes import in_parts
from mlblog.lab import Run, experiment
from mlblog.models.vector_quantizer import VQVAE, VectorQuantizer, perplexity
from mlblog.numerics.discrepancy import mmd_squared
from mlblog.training.schedule import warmup_cosine

TOKENS, WIDTH, COMMITMENT = 4, 8, 0.25
RATES = (1e-3, 3e-3, 1e-2)
BANDWIDTH, DRAWN = 2.0, 397  # of the kernel in pixels of 0 to 1, about the distance of two digits; draws that it scores


class Arm(NamedTuple):
    """How a codebook learns.

    Attributes:
        decay: of running means; None for the gradient.
        restart: running count below which an entry is drawn anew.
        started: whether entries begin as vectors of the first batches.
    """

    decay: float | None = None
    restart: float = 0.0
    started: bool = False


ARMS = {
    "gradient": Arm(),
    "gradient, started from data": Arm(started=True),
    "running means": Arm(decay=0.95),
    "running means, restarts": Arm(decay=0.95, restart=0.5),
}


@experiment(
    smoke={"steps": 3, "sizes": [4, 8], "hidden": 8},
    small={"steps": 600, "sizes": [32, 256]},
    full={"steps": 40_000, "sizes": [32, 256, 2_048], "hidden": 512},
    seeds=5,
)
def digit_codebooks(run: Run, *, steps: int, sizes: list[int], hidden: int = 128, batch: int = 100, seed: int) -> None:
    """Train a VQ-VAE for each way to learn a codebook, each size and rate; score the rate that validates best.

    Args:
        run: of the lab.
        steps: training steps of each.
        sizes: of codebooks; draws are made with the first.
        hidden: units of encoder and decoder.
        batch: digits a step.
        seed: of weights, order, restarts and draws.
    """
    run.uses("digits.csv.gz", DIGEST)
    parts = in_parts(run.device)
    run.save(rates=np.array(RATES), variance=_error(parts.test.mean(0).expand_as(parts.test), parts.test))
    for size in sizes:
        for name, arm in run.progress(list(ARMS.items()), f"{size} entries"):
            trials = [fit(arm, size, parts.train, parts.validation, rate, steps=steps, hidden=hidden, batch=batch,
                          seed=seed) for rate in RATES]  # fmt: skip
            losses = [trial.validation[-1] for trial in trials]
            best = int(np.argmin(losses))
            net, of = trials[best].net, f"{name} {size}"
            with torch.inference_mode():
                made, _ = net(parts.test)
                known = net(parts.train)[1].codes
            run.save(**{
                f"validation {of}": np.array(losses),
                f"rate {of}": RATES[best],
                f"curve {of}": trials[best].validation,
                f"used {of}": trials[best].used,
                f"error {of}": _error(made, parts.test),
                f"perplexity {of}": perplexity(counts(known, size).sum(0)).item(),
                f"entries {of}": float((counts(known, size).sum(0) > 0).sum()),
            })  # fmt: skip
            if of == f"running means, restarts {sizes[0]}":
                _save_draws(run, net, known, parts.test, size, seed)
                run.save(made=_kept(made), asked=_kept(parts.test), steps=trials[best].steps)
        run.save(**{f"error quarters {size}": quarters(parts.train, parts.test, size)})


class Trial(NamedTuple):
    """A trained net; at a few steps its validation error a digit, and the perplexity of codes of training digits."""

    net: VQVAE
    steps: NDArray[np.float64]
    validation: NDArray[np.float64]
    used: NDArray[np.float64]


def fit(
    arm: Arm, size: int, x: Tensor, validation: Tensor, rate: float, *, steps: int, hidden: int, batch: int, seed: int
) -> Trial:
    """Train a net for one arm at one rate."""
    torch.manual_seed(seed)
    book = VectorQuantizer(entries=size, width=WIDTH, decay=arm.decay, restart=arm.restart)
    net = VQVAE(x.shape[1], tokens=TOKENS, hidden=hidden, quantizer=book).to(x.device)
    if arm.started:
        with torch.inference_mode():
            vectors = net.encode(x).flatten(0, 1)
        book.start_from(vectors.clone())
    optimizer = torch.optim.Adam([weight for weight in net.parameters() if weight.requires_grad], lr=rate)
    seen = []
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * warmup_cosine(step, steps=steps)
        images = x[torch.randint(len(x), (batch,), device=x.device)]
        made, quantized = net(images)
        extra = COMMITMENT * quantized.commitment + (quantized.codebook if arm.decay is None else 0.0)
        loss = (made - images).square().sum(-1) + extra.sum(-1)
        optimizer.zero_grad()
        loss.mean().backward()
        optimizer.step()
        if step == 0 or (step + 1) % max(1, steps // 20) == 0:
            net.eval()
            with torch.inference_mode():
                used = perplexity(counts(net(x)[1].codes, size).sum(0)).item()
                seen.append((step + 1, _error(net(validation)[0], validation), used))
            net.train()
    net.eval()
    return Trial(net, *np.array(seen).T)


def counts(codes: Tensor, size: int) -> Tensor:
    """How often each entry is at each place: (n, M) to (M, K)."""
    return F.one_hot(codes, size).sum(0).double()


def quarters(x: Tensor, asked: Tensor, size: int) -> float:
    """The error of saying each quarter of a digit by the nearest of `size` means, as many bits with no network.

    The means are a codebook's running ones, of all quarters at each step: k-means, but for the order of its halves.
    """

    def cut(images: Tensor) -> Tensor:
        return images.view(-1, 2, 4, 2, 4).transpose(2, 3).reshape(-1, 16)

    book = VectorQuantizer(entries=size, width=16, decay=0.5, restart=0.5).to(x.device)
    book.start_from(cut(x))
    for _ in range(40):
        book(cut(x))
    book.eval()
    with torch.inference_mode():
        return float(book(cut(asked)).commitment.sum() / len(asked))


def chain(known: Tensor, size: int, *, strength: float = 1.0) -> Callable[[int, torch.Generator], Tensor]:
    """A prior over codes from counts: each symbol given the one before it, resting on its own share.

    Args:
        known: (n, M) codes.
        size: K.
        strength: what the shares of a place count for beside the pairs, in digits.

    Returns:
        From a number of draws and a generator to codes (draws, M).
    """
    shares = counts(known, size) + 1 / size
    shares = shares / shares.sum(-1, keepdim=True)  # (M, K)

    def draw(count: int, generator: torch.Generator) -> Tensor:
        drawn = [torch.multinomial(shares[0], count, replacement=True, generator=generator)]
        for place in range(1, known.shape[1]):
            pairs = torch.zeros(size, size, dtype=torch.float64)
            pairs.index_put_((known[:, place - 1], known[:, place]), torch.ones(len(known)).double(), accumulate=True)
            pairs = pairs + strength * shares[place]
            drawn.append(torch.multinomial(pairs[drawn[-1]], 1, generator=generator)[:, 0])
        return torch.stack(drawn, dim=1)

    return draw


def _save_draws(run: Run, net: VQVAE, known: Tensor, test: Tensor, size: int, seed: int) -> None:
    """Draws of symbols by three priors, and how far they are from test digits."""
    generator = torch.Generator().manual_seed(seed)
    known = known.cpu()
    alone = [torch.multinomial(share, DRAWN, replacement=True, generator=generator) for share in counts(known, size)]
    priors = {
        "any": torch.randint(size, (DRAWN, TOKENS), generator=generator),
        "alone": torch.stack(alone, dim=1),
        "chain": chain(known, size)(DRAWN, generator),
        "training": known[torch.randperm(len(known), generator=generator)[:DRAWN]],
    }
    for name, codes in priors.items():
        with torch.inference_mode():
            images = net.decode(codes.to(test.device))
        run.save(**{
            f"drawn {name}": _kept(images),
            f"apart {name}": mmd_squared(images, test, bandwidth=BANDWIDTH).item(),
        })  # fmt: skip


def _error(made: Tensor, x: Tensor) -> float:
    """Squared error summed over the pixels of a digit, the mean over digits."""
    return (made - x).square().sum(-1).mean().item()


def _kept(images: Tensor) -> NDArray[np.float64]:
    """The first ten of images (n, 64), as arrays."""
    return images[:10].reshape(-1, 8, 8).double().cpu().numpy()
