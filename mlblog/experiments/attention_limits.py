"""What a narrow head cannot attend to, and how far heads look that pay for looking."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.lab import Run, experiment
from mlblog.models.adaptive_span import AdaptiveSpan
from mlblog.models.head_width import projections_for

RATES = (3e-3, 1e-2, 3e-2)
PATTERNS = ("soft", "partner")
SYMBOLS, LAGS = 8, (2, 12)
TEST, VALIDATION = 9_999, 9_998  # in place of a seed


@experiment(
    smoke={"widths": [1, 5], "places": 6, "steps": 10},
    small={"widths": [1, 2, 4, 8, 16, 24, 31], "steps": 3_000},
    full={"widths": [1, 2, 4, 8, 16, 32, 64, 127], "places": 128, "steps": 20_000},
    seeds=5,
)
def head_widths(run: Run, *, widths: list[int], places: int = 32, steps: int, seed: int) -> None:
    """Fit queries and keys of each width to a pattern of attention, at each of the `RATES`.

    "soft" is a softmax of normal scores of deviation 2, of full rank; "partner" has each place look at one other and
    nowhere else. The places' states are independent, so a head may give each any query and any key. Kept is the mean
    divergence of the head's distributions from the pattern's, in nats, the least over the rates: nothing is predicted.

    Args:
        run: of the lab.
        widths: K.
        places: T.
        steps: of Adam, with a rate that falls linearly to zero.
        seed: of the patterns and the initial weights.
    """
    generator = torch.Generator().manual_seed(seed)
    soft = (2 * torch.randn(places, places, generator=generator)).softmax(-1)
    partner = torch.eye(places)[torch.randperm(places, generator=generator)]
    wanted = torch.stack((soft, partner))[None]  # (1, patterns, T, T)
    entropy = -torch.special.xlogy(wanted, wanted).sum(-1).mean(-1)[0]  # of its rows, on average
    fitted, built, found, steep = [], [], [], []
    for width in run.progress(widths, "width"):
        q, k = (
            torch.randn(len(RATES), len(PATTERNS), places, width, generator=generator).requires_grad_()
            for _ in range(2)
        )
        optimizer = torch.optim.Adam([{"params": [x]} for x in (q, k)], lr=1.0)
        rates = torch.tensor(RATES)[:, None, None, None]
        for step in range(steps):
            loss = -(wanted * _scores(q, k).log_softmax(-1)).sum(-1).mean(-1)  # (rates, patterns)
            optimizer.zero_grad()
            loss.sum().backward()  # type: ignore[no-untyped-call]  # torch gives it no types
            before = [x.detach().clone() for x in (q, k)]
            optimizer.step()
            with torch.no_grad():
                for x, old in zip((q, k), before, strict=True):
                    x.copy_(old + (x - old) * rates * (1 - step / steps))
        with torch.no_grad():
            scores = _scores(q, k)
            losses = -(wanted * scores.log_softmax(-1)).sum(-1).mean(-1)
            best = losses.argmin(0)
            fitted.append((losses.amin(0) - entropy).tolist())
            chosen = scores[best[1], 1]
            found.append(float((chosen.argmax(-1) == partner.argmax(-1)).double().mean()))
            steep.append(float(chosen.amax()))
            to_q, to_k = projections_for(torch.eye(places), soft, width)
            built.append(float(-(soft * _scores(to_q, to_k).log_softmax(-1)).sum(-1).mean() - entropy[0]))
    run.save(
        widths=np.array(widths, dtype=np.float64),
        divergence=np.array(fitted),  # (widths, patterns)
        built=np.array(built),
        found=np.array(found),
        steep=np.array(steep),
    )


@experiment(
    smoke={"steps": 12, "size": 18, "most": 14, "batch": 2, "asked": 4, "width": 8},
    small={"steps": 300},
    full={"steps": 5_000, "size": 512, "most": 256, "width": 128},
    seeds=5,
)
def adaptive_spans(
    run: Run,
    *,
    steps: int,
    size: int = 48,
    most: int = 32,
    ramp: int = 4,
    price: float = 0.002,
    batch: int = 16,
    asked: int = 64,
    heads: int = 4,
    width: int = 32,
    seed: int,
) -> None:
    """Train one layer to name the symbols `LAGS` places back, with spans that cost and with spans that do not change.

    Each net is trained at each of the `RATES`; the rate with the least validation loss is kept, and tested on other
    sequences.

    Args:
        run: of the lab.
        steps: training steps, each on new sequences.
        size: T.
        most: S, the longest span.
        ramp: R.
        price: nats for each place of the spans of all heads together.
        batch: sequences in a step.
        asked: sequences to validate on, and to test on.
        heads: H.
        width: D, H times the width of a head.
        seed: of the initial weights and the sequences.
    """
    for name, paid in {"adaptive": price, "full": None}.items():
        losses, nets = [], []
        for rate in run.progress(RATES, name):
            torch.manual_seed(seed)
            net = LagNet(heads=heads, width=width, most=most, ramp=ramp)
            _train(net, rate=rate, steps=steps, price=paid, batch=batch, size=size, seed=seed)
            nets.append(net)
            with torch.inference_mode():
                losses.append(float(lag_loss(net, _sequences(asked, size, VALIDATION))))
        best = nets[int(np.argmin(losses))]
        with torch.inference_mode():
            test = float(lag_loss(best, _sequences(asked, size, TEST)))
        run.save(
            **{
                f"validation {name}": np.array(losses),
                f"test {name}": test,
                f"rate {name}": RATES[int(np.argmin(losses))],
            }
        )
        run.save(**{f"spans {name}": np.sort(best.attend.spans().detach().numpy())[::-1].copy()})
        run.save(**{f"looked at {name}": float((best.attend.spans().detach() + ramp).clamp(max=most).mean() / most)})


class LagNet(nn.Module):
    """One layer of causal attention, by content and distance, from symbols to one distribution for each lag."""

    def __init__(self, *, heads: int, width: int, most: int, ramp: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(SYMBOLS, width)
        self.project_in = nn.Linear(width, 3 * width)
        self.bias = nn.Parameter(torch.zeros(heads, most))
        self.attend = AdaptiveSpan(heads=heads, most=most, ramp=ramp)
        self.name = nn.Linear(width, len(LAGS) * SYMBOLS)

    def forward(self, symbols: Tensor) -> Tensor:
        """Logits (B, T, lags, symbols) at each place of symbols (B, T)."""
        heads = len(self.bias)
        q, k, v = (
            part.unflatten(-1, (heads, -1)).transpose(-3, -2)
            for part in self.project_in(self.embed(symbols)).chunk(3, dim=-1)
        )  # (B, H, T, D / H)
        mixed = self.attend(q, k, v, self.bias).transpose(-3, -2).flatten(-2)
        named: Tensor = self.name(mixed).unflatten(-1, (len(LAGS), SYMBOLS))
        return named


def lag_loss(net: LagNet, symbols: Tensor) -> Tensor:
    """Mean over lags and places that have them of -log p(the symbol there), in nats; symbols are (B, T)."""
    logits, first = net(symbols), max(LAGS)
    losses = [
        F.cross_entropy(
            logits[:, first:, number].flatten(0, 1), symbols[:, first - lag : symbols.shape[1] - lag].flatten()
        )
        for number, lag in enumerate(LAGS)
    ]
    return torch.stack(losses).mean()


def _train(net: LagNet, *, rate: float, steps: int, price: float | None, batch: int, size: int, seed: int) -> None:
    """Train; without a price the spans are as they began, over all places."""
    net.attend.share.requires_grad_(price is not None)
    others: dict[str, Any] = {"params": [weight for weight in net.parameters() if weight is not net.attend.share]}
    spans: dict[str, Any] = {"params": [net.attend.share], "lr": rate / 3, "weight_decay": 0.0}
    optimizer = torch.optim.AdamW([others, spans], lr=rate)
    for step in range(steps):
        loss = lag_loss(net, _sequences(batch, size, seed, step))
        if price is not None:
            loss = loss + price * net.attend.spans().sum()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        optimizer.step()
        net.attend.clip()


def _sequences(count: int, size: int, *seeds: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng([*seeds]).integers(SYMBOLS, size=(count, size)))


def _scores(q: Tensor, k: Tensor) -> Tensor:
    return q @ k.mT / math.sqrt(q.shape[-1])
