"""What it changes that some letters which are asked for are replaced or left instead of hidden."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from mlblog.data.mlm_collator import MLMCollator
from mlblog.data.words import DIGEST
from mlblog.experiments.mask_parts import LETTERS, PLACES, draw_strings
from mlblog.lab import Run, experiment
from mlblog.losses.masked import mlm_loss
from mlblog.models.mask_replacements import every_symbol, replacement_variance
from mlblog.models.masked_lm import MaskedLM
from mlblog.training.schedule import warmup_cosine

#: Shares of the mask and of a random letter where the network is asked; the letter itself is left in the rest.
SHOWN = {"always": (1.0, 0.0), "mostly": (0.8, 0.1), "never": (0.0, 0.9)}
RATE = 1e-2


@experiment(smoke={"steps": 2, "measured": 2, "words": 60, "width": 8}, small={"steps": 2_000},
            full={"steps": 20_000, "width": 512}, seeds=5)  # fmt: skip
def mask_replacements(run: Run, *, steps: int, measured: int = 64, words: int = 9_500, width: int = 64,
                      batch: int = 32, seed: int) -> None:  # fmt: skip
    """Train a masked language model that sees the mask always, mostly or never, and ask it in each way.

    Args:
        run: of the lab.
        steps: training steps of each.
        measured: unseen words over which the variance of the gradient is split.
        words: to train on.
        width: of the network.
        batch: words a step, each asked for one letter.
        seed: of weights, words, places and replacements.
    """
    run.uses("words.txt.gz", DIGEST)
    strings = draw_strings("words", 500, run.device)
    for name, (masked, other) in run.progress(list(SHOWN.items()), "mask shown"):
        collate = MLMCollator(letters=LETTERS, masked=masked, other=other)
        net = _trained(collate, strings.train[:words], steps=steps, width=width, batch=batch, seed=seed)
        some = strings.test[:measured]
        run.save(**{f"parts {name}": np.array(replacement_variance(net, some, collate.law(some)))})
        for shown, nats in nats_by_symbol(net, strings.test).items():
            run.save(**{f"nats {name}, {shown}": nats})
        run.save(**{f"known words {name}": nats_by_symbol(net, strings.train[: min(words, 500)])["mask"]})


def _trained(collate: MLMCollator, words: Tensor, *, steps: int, width: int, batch: int, seed: int) -> MaskedLM:
    torch.manual_seed(seed)
    net = MaskedLM(letters=LETTERS, places=PLACES, width=width).to(words.device)
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE, fused=True)
    places = torch.eye(PLACES, dtype=torch.bool, device=words.device)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = RATE * warmup_cosine(step, steps=steps)
        some = words[torch.randint(len(words), (batch,), device=words.device)]
        shown, asked = collate.show(some, places[torch.randint(PLACES, (batch,), device=words.device)])
        optimizer.zero_grad()
        # what is shown replaces letters already, so nothing more is hidden
        mlm_loss(net(shown, torch.zeros_like(asked)), some, asked).mean().backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        optimizer.step()
    return net


@torch.no_grad()
def nats_by_symbol(net: MaskedLM, words: Tensor) -> dict[str, float]:
    """The mean surprise at a letter where the mask, a random letter or the letter itself is shown."""
    rows = every_symbol(words, LETTERS)  # (N, T, V + 1, T)
    logits = net(rows, torch.zeros_like(rows, dtype=torch.bool))
    at = torch.diagonal(logits, dim1=1, dim2=3).permute(0, 3, 1, 2)  # (N, T, V + 1, V): the place that is asked for
    nats = -at.log_softmax(-1).gather(-1, words[..., None, None].expand(*at.shape[:3], 1))[..., 0]
    return {
        "mask": float(nats[..., LETTERS].mean()),
        "letter": float(nats[..., :LETTERS].mean()),
        "itself": float(nats.gather(-1, words[..., None]).mean()),
    }
