"""Which examples a step looks at: how noisy its gradient is then, and what that is worth at equal cost, on digits."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mlblog.data.digits import DIGEST
from mlblog.experiments.codes import Parts, in_parts
from mlblog.experiments.ilsampling_vae import Stacked
from mlblog.lab import Run, experiment
from mlblog.numerics.per_example import per_example_grad_norms, squared_layer_norms
from mlblog.training.importance_sampler import ImportanceSampler, covariance_trace
from mlblog.training.schedule import warmup_cosine

KNOWN, BATCH, HIDDEN = 600, 8, 32  # training digits, digits a step, units
RATES = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
UNIFORM = (0.1, 0.5)  # shares of uniform draws, which guard against old scores
SHOWN, EVERY = 300, 150  # examples that are drawn; steps from one renewal of all norms to the next
#: What is done to the data: nothing, one label in ten wrong, or each image as bright as chance has it.
DATA = ("clean", "noisy", "contrast")
#: How examples are chosen: any, each once a pass, by scores that drawn examples leave, by norms renewed now and then,
#: and by the norms of this very step, which are counted as if they cost nothing.
WAYS = ("uniform", "shuffled", "losses as drawn", "norms as drawn", "norms renewed", "oracle")


def each(outputs: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of each example: (..., K) and (...) to (...), nats."""
    return F.cross_entropy(outputs.flatten(0, -2), labels.flatten(), reduction="none").view(labels.shape)


@experiment(
    smoke={"steps": 40, "points": 3, "ages": [1]},
    small={"steps": 9_000, "ages": [1, 4, 16, 64]},
    full={"steps": 300_000, "ages": [1, 4, 16, 64, 256], "points": 60},
    seeds=5,
)
def gradient_noise(run: Run, *, steps: int, ages: list[int], points: int = 30, seed: int) -> None:
    """Train by uniform draws; on the way, the trace of the gradient's covariance had they been drawn otherwise.

    Args:
        run: of the lab.
        steps: training steps.
        ages: of norms, in passes over the training digits.
        points: how often the trace is found, at steps ever further apart.
        seed: of weights and order.
    """
    run.uses("digits.csv.gz", DIGEST)
    parts = in_parts(run.device, KNOWN)
    x, labels = parts.train, parts.labels[0]
    old = {age: age * (len(x) // BATCH) for age in ages}
    at = np.unique(np.geomspace(1, steps, points).round().astype(int))
    needed = {0, *at.tolist(), *(max(0, t - age) for t in at.tolist() for age in old.values())}
    net = nn.Sequential(nn.Linear(64, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, 10)).to(run.device)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.2)
    norms: dict[int, Tensor] = {}
    rows: dict[str, list[float]] = {}
    for step in run.progress(range(steps + 1), "train"):
        if step in needed:
            norms[step] = per_example_grad_norms(net, each, x, labels).double()
        if step in at:
            losses = each(net(x), labels)
            mean = torch.cat([g.flatten() for g in torch.autograd.grad(losses.mean(), list(net.parameters()))]).norm()
            scores = {"oracle": norms[step], "loss": losses.detach().double()}
            scores |= {f"{age} old": norms[max(0, step - lag)] for age, lag in old.items()}
            for name, found in traces(norms[step], mean.double(), scores).items():
                rows.setdefault(name, []).append(found)
            rows.setdefault("train", []).append(losses.mean().item())
            rows.setdefault("signal", []).append(mean.square().item())
        batch = torch.randint(len(x), (BATCH,), device=run.device)
        optimizer.zero_grad()
        each(net(x[batch]), labels[batch]).mean().backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        optimizer.step()
    run.save(at=at.astype(np.float64), **{f"trace {name}": np.array(found) for name, found in rows.items()})
    run.save(now=norms[steps][:SHOWN].cpu().numpy(), test_error=error(net(parts.test), parts.labels[2]).item())
    run.save(**{f"{age} before": norms[max(0, steps - lag)][:SHOWN].cpu().numpy() for age, lag in old.items()})


def traces(norms: Tensor, mean: Tensor, scores: dict[str, Tensor]) -> dict[str, float]:
    """Of uniform draws, and of draws by each score, alone and with a share of uniform draws."""
    n = len(norms)
    found = {"uniform": covariance_trace(norms, mean, torch.full_like(norms, 1 / n)).item()}
    for name, score in scores.items():
        alone = score.clamp(min=1e-12)  # a loss may round to zero
        alone = alone / alone.sum()
        found[name] = covariance_trace(norms, mean, alone).item()
        mixed = UNIFORM[0] / n + (1 - UNIFORM[0]) * alone
        found[f"{name}, mixed"] = covariance_trace(norms, mean, mixed).item()
    return found


@experiment(
    smoke={"budget": 160, "points": 2},
    small={"budget": 24_000},
    full={"budget": 2_000_000},
    seeds=8,
    variants=({"decay": False},),
)
def digit_importance(run: Run, *, budget: int, points: int = 15, decay: bool = True, seed: int) -> None:
    """Train on digits as they are, mislabelled or of any brightness, with examples chosen in every way.

    Of each way all `RATES` are trained side by side, and with old scores all shares of `UNIFORM`. Kept is the setting
    with the fewest errors on validation digits; of the loss in training, the lowest of all settings.

    Args:
        run: of the lab.
        budget: gradients of an example that each training may compute; all norms at once count as one for each.
        points: how often losses are noted.
        decay: whether the rate falls to zero, as half a cosine, or stays.
        seed: of weights, draws, wrong labels and brightness.
    """
    run.uses("digits.csv.gz", DIGEST)
    run.save(rates=np.array(RATES), uniform=np.array(UNIFORM), every=EVERY)
    for data in run.progress(DATA, "train"):
        parts = changed(in_parts(run.device, KNOWN), data, seed)
        for way in WAYS:
            torch.manual_seed(seed)
            found = fit(parts, way, budget=budget, points=points, decay=decay)
            wrong, losses = found.validation
            order = [(float(w), float(v)) for w, v in zip(wrong, losses, strict=True)]
            best, lowest = min(range(len(order)), key=order.__getitem__), int(found.train[-1].argmin())
            tried = settings(way)
            name = f"{data} {way}"
            run.save(**{
                f"validation {name}": wrong.numpy(),
                f"chosen {name}": np.array(tried[best]),
                f"lowest {name}": np.array(tried[lowest]),
                f"train {name}": found.train[:, lowest].numpy(),
                f"trains {name}": found.train[-1].numpy(),
                f"spent {name}": found.spent.numpy(),
                f"errors {name}": found.test[0][best].item(),
                f"loss {name}": found.test[1][best].item(),
            })  # fmt: skip


def settings(way: str) -> list[tuple[float, float]]:
    """Rates and shares of uniform draws to choose from."""
    if way in ("uniform", "shuffled"):
        return [(rate, 1.0) for rate in RATES]
    return list(product(RATES, UNIFORM if way != "oracle" else UNIFORM[:1]))


class Fitted(NamedTuple):
    """What S trainings side by side have come to.

    Attributes:
        spent: (points,) gradients of an example that were computed so far.
        train: (points, S) mean loss on the training digits, nats.
        validation: shares of errors and mean losses, (S,) each.
        test: likewise.
    """

    spent: Tensor
    train: Tensor
    validation: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]


class Layers(nn.Module):
    """S networks of two layers: digits (S, B, 64) to the hidden units and the outputs of each."""

    def __init__(self, copies: int) -> None:
        super().__init__()
        self.first = Stacked(nn.Linear(64, HIDDEN), copies)
        self.second = Stacked(nn.Linear(HIDDEN, 10), copies)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map, by a tanh between."""
        hidden = self.first(x).tanh()
        return hidden, self.second(hidden)

    def errors(self, x: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Hidden units, both layers' errors, and losses (S, B): one pass forward, one back to the layers' outputs."""
        hidden, outputs = self(x)
        out = outputs.softmax(-1) - F.one_hot(labels, 10)
        losses = -outputs.log_softmax(-1).gather(-1, labels[..., None])[..., 0]
        return hidden, (out @ self.second.weight.mT) * (1 - hidden.square()), out, losses


def fit(parts: Parts, way: str, *, budget: int, points: int, decay: bool) -> Fitted:
    """Train from the same weights at each of the settings, side by side, until the budget is spent."""
    x, labels = parts.train, parts.labels[0]
    rates, shares = torch.tensor(settings(way), device=x.device).mT
    copies, n = len(rates), len(x)
    per_step = BATCH + (n / EVERY if way == "norms renewed" else 0)
    steps = int(budget / per_step)
    net = Layers(copies).to(x.device)
    optimizer = torch.optim.SGD(net.parameters(), lr=1.0)
    sampler = ImportanceSampler(n, uniform=shares[:, None], leading=(copies,))
    everything, order = torch.arange(n, device=x.device).expand(copies, n), torch.empty(copies, 0, dtype=torch.long)
    at, train, spent = set(np.linspace(1, steps, points).round().astype(int).tolist()), [], []
    for step in range(steps):
        if way == "oracle" or (way == "norms renewed" and step % EVERY == 0):
            hidden, first, second, _ = _pass(net, x.expand(copies, -1, -1), labels.expand(copies, -1))
            sampler.tell(everything, _norms(x, hidden, first, second))
        if way == "shuffled":
            if order.shape[1] < BATCH:  # an incomplete batch at the end of a pass is dropped
                order = torch.rand(copies, n, device=x.device).argsort(-1)
            rows, order = order[:, :BATCH], order[:, BATCH:]
            weights = torch.ones(copies, BATCH, device=x.device)
        else:
            drawn = sampler.draw(BATCH)
            rows, weights = drawn.rows, drawn.weights
        given = x[rows]
        hidden, first, second, losses = _pass(net, given, labels[rows])
        if way == "losses as drawn":
            sampler.tell(rows, losses)
        if way == "norms as drawn":
            sampler.tell(rows, _norms(given, hidden, first, second))
        share = rates.view(-1, 1, 1) / BATCH * (warmup_cosine(step, steps=steps, warmup=0.0) if decay else 1.0)
        for layer, met, errors in ((net.first, given, first), (net.second, hidden, second)):
            weighted = errors * weights[..., None]
            layer.weight.grad = share * (met.mT @ weighted)
            layer.bias.grad = share * weighted.sum(-2, keepdim=True)
        optimizer.step()
        if step + 1 in at:
            train.append(_scores(net, x, labels)[1])
            spent.append((step + 1) * per_step)
    return Fitted(
        torch.tensor(spent), torch.stack(train),
        _scores(net, parts.validation, parts.labels[1]), _scores(net, parts.test, parts.labels[2]),
    )  # fmt: skip


@torch.no_grad()
def _pass(net: Layers, x: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return net.errors(x, labels)


def _norms(x: Tensor, hidden: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Lengths of examples' gradients, (S, B)."""
    return (squared_layer_norms(x, first) + squared_layer_norms(hidden, second)).sqrt()


@torch.no_grad()
def _scores(net: Layers, x: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The share of errors and the mean loss of each net, (S,) float64; a net that has diverged loses infinitely."""
    outputs = net(x)[1].double().cpu()
    losses = each(outputs, labels.cpu().expand(outputs.shape[:-1])).mean(-1)
    return error(outputs, labels.cpu()), losses.nan_to_num(nan=np.inf)


def error(outputs: Tensor, labels: Tensor) -> Tensor:
    """The share of errors: (..., n, K) and (n,) to (...)."""
    return (outputs.argmax(-1) != labels).double().mean(-1)


def changed(parts: Parts, data: str, seed: int) -> Parts:
    """The digits with what `DATA` says done to them."""
    generator = torch.Generator().manual_seed(seed)
    wrong = (torch.rand(len(parts.train), generator=generator) < 0.1).long()
    shift = torch.randint(1, 10, wrong.shape, generator=generator)
    bright = [
        part * torch.randn(len(part), 1, generator=generator).clamp(-2, 2).exp().to(part)
        for part in (parts.train, parts.validation, parts.test)
    ]
    change: dict[str, Callable[[], Parts]] = {
        "clean": lambda: parts,
        "noisy": lambda: parts._replace(
            labels=((parts.labels[0] + (wrong * shift).to(parts.labels[0])) % 10, *parts.labels[1:])
        ),
        "contrast": lambda: Parts(bright[0], bright[1], bright[2], parts.labels),
    }
    return change[data]()
