"""Ways to tell attention of places, trained on short strings and asked about longer ones."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from mlblog.data.strings import NOTHING, SYMBOLS, Strings, draw_strings
from mlblog.lab import Run, experiment
from mlblog.models.placed import BiasedScores, PlacedEncoder, Scores, dot_scores, rotary_scores
from mlblog.models.positions import LearnedPositions, SinusoidalPositions
from mlblog.training.curves import Curves
from mlblog.training.schedule import warmup_cosine
from mlblog.training.trainer import train

TEST, VALIDATION = 9_999, 9_998  # in place of a seed: all networks are asked the same strings
RATES = (3e-3, 1e-2, 3e-2, 1e-1)
SHORTEST, HEADS, REACH = 5, 2, 8
SHIFTED = " from anywhere"  # trained with strings that begin at any place up to the last that is asked about
SCHEMES = ("none", "sinusoid", "learned", "rotary", "bias", "sinusoid" + SHIFTED, "learned" + SHIFTED)
SMOKE = {"longest": 8, "asked": 10, "batch": 8, "width": 8}


@experiment(smoke={"steps": 2, "farthest": 14, **SMOKE}, small={"steps": 400}, seeds=1)
def position_rates(
    run: Run,
    *,
    steps: int,
    farthest: int = 64,
    longest: int = 16,
    asked: int = 300,
    batch: int = 64,
    width: int = 32,
    seed: int,
) -> None:
    """Train every scheme shortly at each of the `RATES`, and keep the validation losses: the grid of its peak rate.

    Args:
        run: of the lab.
        steps: training steps at each rate.
        farthest: the longest string that will be asked about.
        longest: of training and validation.
        asked: strings to validate on, of all lengths together.
        batch: strings in a step.
        width: D.
        seed: of the initial weights and the strings, apart from those of `positions_beyond`.
    """
    run.save(rates=np.array(RATES))
    for scheme in run.progress(SCHEMES, "tune"):
        found = []
        for rate in RATES:
            _, curves = _trained(scheme, rate=rate, steps=steps, farthest=farthest, longest=longest, asked=asked,
                                 batch=batch, width=width, seed=seed + 1_000, device=run.device)  # fmt: skip
            found.append(curves.values("validation").min())
        run.save(**{f"validation {scheme}": np.array(found), f"rate {scheme}": RATES[int(np.argmin(found))]})


@experiment(
    smoke={"steps": 3, "sizes": [6, 12], **SMOKE},
    small={"steps": 500, "sizes": [8, 12, 16, 24, 32, 48, 64]},
    seeds=4,
    reads=["position_rates"],
)
def positions_beyond(
    run: Run,
    *,
    steps: int,
    sizes: list[int],
    longest: int = 16,
    asked: int = 300,
    batch: int = 64,
    width: int = 32,
    seed: int,
) -> None:
    """Train every scheme on strings of 5 to `longest` symbols, and ask it about strings of all `sizes`.

    Args:
        run: of the lab.
        steps: training steps.
        sizes: lengths that are asked about.
        longest: symbols in a string of training.
        asked: strings of each length.
        batch: strings in a step, all of one length.
        width: D.
        seed: of the initial weights and the strings.
    """
    rates = position_rates.runs(scale=run.scale)
    run.save(sizes=np.array(sizes, dtype=np.float64))
    drawn = [draw_strings(count=asked, size=size, rng=np.random.default_rng([TEST, size])) for size in sizes]
    for scheme in run.progress(SCHEMES, "train"):
        rate = float(rates.mean(f"rate {scheme}"))
        net, curves = _trained(scheme, rate=rate, steps=steps, farthest=max(sizes), longest=longest, asked=asked,
                               batch=batch, width=width, seed=seed, device=run.device)  # fmt: skip
        whole = [right(net, strings) for strings in drawn]
        # of distances and numbers of keys that training had in every string of `longest` symbols, and no others
        near = [right(net, strings, window=longest // 2) for strings in drawn]
        run.save(**{
            f"right {scheme}": np.array([np.nanmean(places) for places in whole]),
            f"near {scheme}": np.array([np.nanmean(places) for places in near]),
            f"places {scheme}": np.nan_to_num(whole[-1], nan=-1.0),
            f"validation {scheme}": curves.values("validation"),
        })  # fmt: skip
    run.save(steps=curves.steps_of("validation"))


@torch.inference_mode()
def right(net: PlacedEncoder, strings: Strings, window: int | None = None) -> NDArray[np.float64]:
    """The share of right answers at each place, (N + 2,); not a number where nothing is asked."""
    tokens, answers = _tensors(strings, net)
    found = (net(tokens, window=window).argmax(-1) == answers).double().mean(0)
    return np.where(strings.answers[0] == NOTHING, np.nan, found.cpu().numpy())


def _trained(
    scheme: str,
    *,
    rate: float,
    steps: int,
    farthest: int,
    longest: int,
    asked: int,
    batch: int,
    width: int,
    seed: int,
    device: str,
) -> tuple[PlacedEncoder, Curves]:
    torch.manual_seed(seed)
    net = network(scheme.removesuffix(SHIFTED), width, farthest + 2).to(device)
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, fused=True)
    free = farthest - longest if scheme.endswith(SHIFTED) else 0

    def loss(step: int) -> Tensor:
        rng = np.random.default_rng([seed, step])
        size, start = int(rng.integers(SHORTEST, longest + 1)), int(rng.integers(free + 1))
        return _loss(net, draw_strings(count=batch, size=size, rng=rng), start)

    lengths = range(longest, SHORTEST - 1, -4)
    known = [
        draw_strings(count=asked // len(lengths) + 1, size=size, rng=np.random.default_rng([VALIDATION, size]))
        for size in lengths
    ]
    curves = Curves()
    train(
        curves, net, loss, optimizer, steps=steps, every=max(1, steps // 10), clip=1.0,
        validate=lambda: float(np.mean([_loss(net, strings, 0).item() for strings in known])),
        rate=lambda step: rate * warmup_cosine(step, steps=steps),
    )  # fmt: skip
    return net, curves


def network(scheme: str, width: int, places: int) -> PlacedEncoder:
    """Two blocks with two heads and one of the `SCHEMES` of positions; `places` the size of its table, if any."""
    add = {"sinusoid": SinusoidalPositions, "learned": LearnedPositions}.get(scheme)
    fixed: Scores = rotary_scores if scheme == "rotary" else dot_scores
    return PlacedEncoder(
        SYMBOLS + 2, SYMBOLS, width=width, heads=HEADS, hidden=2 * width, layers=2,
        add=add(places, width) if add else None,
        scores=lambda: BiasedScores(HEADS, REACH) if scheme == "bias" else fixed,
    )  # fmt: skip


def _loss(net: PlacedEncoder, strings: Strings, start: int) -> Tensor:
    """Mean over places at which something is asked, in nats."""
    tokens, answers = _tensors(strings, net)
    return F.cross_entropy(net(tokens, start).flatten(0, 1), answers.flatten(), ignore_index=NOTHING)


def _tensors(strings: Strings, net: PlacedEncoder) -> tuple[Tensor, Tensor]:
    device = net.embedding.weight.device
    return torch.from_numpy(strings.tokens).to(device), torch.from_numpy(strings.answers).to(device)
