"""Test-time augmentation on digits: how many shifted views, merged how, and what else the same cost would buy."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from mlblog.data.digits import DIGEST, load_digits, split_digits
from mlblog.lab import Run, experiment
from mlblog.models.views import MODES, merged, shifted, shifts
from mlblog.numerics.calibration import (
    brier_score,
    calibration_error,
    fit_temperature,
    reliability_bins,
    tempered,
)
from mlblog.training.schedule import warmup_cosine

REACH = 2  # pixels of ground on each side of a digit, and the farthest shift
SHIFTS = shifts(REACH)
COUNTS = (1, 5, 9, 13, 21, 25)  # each ends where the next shift is farther
TRAININGS = ("plain", "augmented")
TESTS = ("centred", "moved by 1", "moved by 2")
RATES = (5e-3, 1.5e-2, 5e-2)
#: What answers: one view, views merged, several networks, one that is larger, and a view that changes some labels.
ARMS = ("one", *(f"{mode} {count}" for mode in MODES for count in COUNTS[1:]), "networks", "wide", "turned")
#: What is measured of each, on average; tempered: each half of the test digits by the other half's best temperature.
MEASURES = (
    "error", "loss", "brier", "calibration", "tempered loss", "tempered brier", "tempered calibration", "temperature",
    "validation", "rate", "error of 6 and 9", "loss by validation temperature",
)  # fmt: skip
BINNED, BINS = ("one", "mean 9", "geometric 9", "max 9", "networks", "wide"), 10
POINTS, DRAWS = 12, 10  # of a learning curve; of labels that answers would be right about


class Part(NamedTuple):
    """Digits on a ground of REACH pixels, (n, 1, 12, 12) in 0 to 1, and what they show, (n,)."""

    images: Tensor
    labels: Tensor


class Answers(NamedTuple):
    """Logarithms of probabilities: of a network for each shift, (25, n, 10), of several, and of other single ones."""

    views: Tensor
    networks: Tensor
    wide: Tensor
    turned: Tensor


def network(channels: int) -> nn.Sequential:
    """Two convolutions with pooling and a linear map: (B, 1, 12, 12) to logits (B, 10)."""
    return nn.Sequential(
        nn.Conv2d(1, channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(channels, 2 * channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(2 * channels * 9, 10),
    )  # fmt: skip


def cost(channels: int) -> int:
    """Multiplications of a network for one picture."""
    return 144 * 9 * channels + 36 * 9 * channels * 2 * channels + 9 * 2 * channels * 10


def wider(channels: int, times: int) -> int:
    """The least number of channels at which a network costs `times` as much."""
    return next(more for more in range(channels, 99 * channels) if cost(more) >= times * cost(channels))


@experiment(smoke={"steps": 2, "members": 2, "channels": 2}, small={"steps": 1_000}, full={"steps": 10_000}, seeds=6)
def digit_views(run: Run, *, steps: int, members: int = 9, channels: int = 8, batch: int = 100, seed: int) -> None:
    """Train networks on digits, with and without shifts, and ask them about unseen digits where they are and moved.

    Args:
        run: of the lab.
        steps: training steps of each network.
        members: of an ensemble; the wide network costs as much as all of them.
        channels: of the first convolution.
        batch: digits a step.
        seed: of weights, order, shifts in training, and where digits are moved.
    """
    run.uses("digits.csv.gz", DIGEST)
    train, validation, test = in_parts(run.device)
    asked = {name: [moved(part, by) for part in (validation, test)] for by, name in enumerate(TESTS)}
    run.save(wide_channels=wider(channels, members), cost=cost(channels), wide_cost=cost(wider(channels, members)))
    for training in TRAININGS:
        found: dict[str, list[list[Answers]]] = {name: [] for name in TESTS}
        curves: list[NDArray[np.float64]] = []
        for rate in run.progress(RATES, training):
            seen = train.images[None] if training == "plain" else every_shift(train.images)
            sizes = [channels] * members + [wider(channels, members)]
            nets = [network(size).to(run.device) for size in sizes]
            curve = [fit(net, seen, train.labels, validation, rate=rate, steps=steps, batch=batch) for net in nets]
            curves.append(np.stack((curve[0], curve[-1])))
            for name, parts in asked.items():
                found[name].append([answers(nets[:-1], nets[-1], part.images) for part in parts])
        run.save(**{f"validation {training}": np.stack(curves)})  # (rates, 2, POINTS)
        for name, pairs in found.items():
            labels = [part.labels for part in asked[name]]
            kept = measured(pairs, *labels)
            run.save(**{f"error {training} {name}": kept["scores"][ARMS.index("mean 9"), 0].item()})
            run.save(**{f"{key} {training} {name}": value for key, value in kept.items()})
            there = torch.from_numpy(kept["shown"][:, 0, 0]).long()
            run.save(**{f"pictures {training} {name}": asked[name][1].images[there, 0].cpu().numpy()})


def fit(
    net: nn.Module, seen: Tensor, labels: Tensor, validation: Part, *, rate: float, steps: int, batch: int
) -> NDArray[np.float64]:
    """Train on pictures at any of V shifts, (V, n, 1, S, S); the validation loss along the way, (POINTS,)."""
    optimizer = torch.optim.Adam(net.parameters(), lr=rate)
    curve = []
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * warmup_cosine(step, steps=steps)
        rows = torch.randint(len(labels), (batch,), device=labels.device)
        places = torch.randint(len(seen), (batch,), device=labels.device)
        loss = F.cross_entropy(net(seen[places, rows]), labels[rows])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        optimizer.step()
        if (step + 1) * POINTS // steps > step * POINTS // steps:
            with torch.inference_mode():
                curve.append(F.cross_entropy(net(validation.images), validation.labels).item())
    return np.interp(np.linspace(0, 1, POINTS), np.linspace(0, 1, len(curve)), curve)


def in_parts(device: str) -> tuple[Part, Part, Part]:
    """1,200 digits to train on, 200 to choose by, the last 397 to test on."""
    first, unseen = split_digits(load_digits())
    images = np.concatenate((first.images, unseen.images)).astype(np.float32) / 16
    labels = np.concatenate((first.labels, unseen.labels)).astype(np.int64)
    grounded = np.pad(images, ((0, 0), (REACH, REACH), (REACH, REACH)))[:, None]
    cuts = [slice(0, 1_200), slice(1_200, 1_400), slice(1_400, None)]
    return tuple(  # type: ignore[return-value]  # there are three
        Part(torch.from_numpy(grounded[cut]).to(device), torch.from_numpy(labels[cut]).to(device)) for cut in cuts
    )


def moved(part: Part, by: int) -> Part:
    """Each picture moved in a direction of its own: by `by` pixels along one axis, and by no more along the other."""
    ring = [shift for shift in SHIFTS if max(map(abs, shift)) == by]
    which = torch.randint(len(ring), (len(part.labels),), device=part.labels.device)
    every = torch.stack([shifted(part.images, down=down, right=right) for down, right in ring])
    return part._replace(images=every[which, torch.arange(len(which), device=which.device)])


def every_shift(images: Tensor) -> Tensor:
    """Pictures at each of the SHIFTS: (n, 1, S, S) to (25, n, 1, S, S)."""
    return torch.stack([shifted(images, down=down, right=right) for down, right in SHIFTS])


@torch.inference_mode()
def answers(nets: list[nn.Sequential], wide: nn.Module, images: Tensor) -> Answers:
    """What networks say of pictures (n, 1, S, S)."""

    def said(net: nn.Module, of: Tensor) -> Tensor:
        logits: Tensor = net(of)
        return logits.double().log_softmax(-1)

    views = torch.stack([said(nets[0], view) for view in every_shift(images)])
    several = torch.stack([said(net, images) for net in nets])
    return Answers(views, several, said(wide, images), said(nets[0], images.flip(-1, -2)))


def arms(of: Answers) -> dict[str, Tensor]:
    """The answer of each arm, (n, 10)."""
    made = {f"{mode} {count}": merged(of.views[:count], mode=mode) for mode in MODES for count in COUNTS[1:]}
    turned = merged(torch.stack((of.views[0], of.turned)))
    return {"one": of.views[0], **made, "networks": merged(of.networks), "wide": of.wide, "turned": turned}


def loss_of(log_p: Tensor, labels: Tensor) -> Tensor:
    """The log loss of each answer, in nats: (…, n, 10), (n,) to (…, n)."""
    return -log_p.gather(-1, labels.expand(log_p.shape[:-1])[..., None])[..., 0]


def measured(pairs: list[list[Answers]], known: Tensor, labels: Tensor) -> dict[str, NDArray[np.float64]]:
    """What is saved of one training and one test.

    Args:
        pairs: for each rate, the answers to validation and to test digits.
        known: (n,) what the validation digits show.
        labels: (m,) what the test digits show.

    Returns:
        scores: (ARMS, MEASURES). bins: (BINNED, as they are and tempered, BINS, confidence and share right).
        ledger: (COUNTS, 5) mean losses with the rate of one view: the views' average, the one view's, and of MODES'
        merged answers. subsets: (9,) mean loss of the mean over all sets of so many of the first nine views. flips:
        (2,) shares that nine views correct and spoil. alone: (25,) share wrong by each view. chance: (BINNED, 2) the
        calibration error if probabilities were right, as they are and tempered. gain: (m,) loss of one view less that
        of nine. least: (2,) the least that nine views lose on average beyond their mean, and their geometric mean, for
        a digit. shown: (3, 25, 4) for the digits with the least gain, one near the mean, and the greatest: place,
        what it shows, answer, and how sure.
    """
    by_rate = [[arms(part) for part in pair] for pair in pairs]
    chosen = {arm: choose([loss_of(pair[0][arm], known).mean() for pair in by_rate]) for arm in ARMS}
    rows, bins, chance = [], [], []
    first = torch.randperm(len(labels), device=labels.device) < len(labels) // 2
    for arm in ARMS:
        place = chosen[arm]
        on_known, said = (part[arm] for part in by_rate[place])
        softer, temperature = cross_tempered(said, labels, first)
        by_known = tempered(said, fit_temperature(on_known, known))
        rows.append([*scores(said, labels), *scores(softer, labels)[1:], temperature,
                     loss_of(on_known, known).mean().item(), RATES[place], _wrong(said, labels, (6, 9)),
                     loss_of(by_known, labels).mean().item()])  # fmt: skip
        if arm in BINNED:
            ways = (said, softer)
            both = [reliability_bins(p, labels, bins=BINS) for p in ways]
            chance.append([by_chance(p) for p in ways])
            bins.append([torch.stack((some.confidence, some.right), dim=-1).cpu().numpy() for some in both])
    views = pairs[chosen["one"]][1].views
    losses = loss_of(views, labels)  # (25, m)
    one, nine, level = views[0], merged(views[:9]), merged(views[:9], mode="geometric")
    gain = (losses[0] - loss_of(nine, labels)).cpu().numpy().round(4).astype(np.float32)
    before, after = (said.argmax(-1) == labels for said in (one, nine))
    flips = [(~before, after), (before, ~after)]
    return {
        "scores": np.array(rows),
        "bins": np.array(bins).round(5),
        "ledger": np.array([[losses[:count].mean().item(), losses[0].mean().item(),
                             *(loss_of(merged(views[:count], mode=mode), labels).mean().item() for mode in MODES)]
                            for count in COUNTS]),
        "chance": np.array(chance),
        "alone": np.array([_wrong(view, labels) for view in views]),
        "subsets": by_subsets(views[:9], labels),
        "least": np.array([(losses[:9].mean(0) - loss_of(said, labels)).min().item() for said in (nine, level)]),
        "flips": np.array([(one & other).double().mean().item() for one, other in flips]),
        "gain": gain,
        "shown": _shown(views, labels, gain.astype(np.float64)),
    }  # fmt: skip


def cross_tempered(log_p: Tensor, labels: Tensor, first: Tensor) -> tuple[Tensor, float]:
    """Answers (n, K), each half by the temperature that is best on the other, and the mean of both, geometric.

    Validation digits are by the hands of the training digits, and some networks make no error on them: the best
    temperature would be 0.
    """
    found = [fit_temperature(log_p[part], labels[part]) for part in (first, ~first)]
    softer = torch.where(first[:, None], tempered(log_p, found[1]), tempered(log_p, found[0]))
    return softer, float(np.sqrt(found[0] * found[1]))


def choose(losses: list[Tensor]) -> int:
    """The place of the least."""
    return int(torch.stack(losses).argmin())


def scores(log_p: Tensor, labels: Tensor) -> list[float]:
    """The share wrong, the log loss in nats, the Brier score, and the expected calibration error."""
    return [
        _wrong(log_p, labels),
        loss_of(log_p, labels).mean().item(),
        brier_score(log_p, labels).mean().item(),
        calibration_error(reliability_bins(log_p, labels, bins=BINS)),
    ]


def by_chance(log_p: Tensor) -> float:
    """The mean calibration error of answers (n, K) for labels that are drawn from them."""
    drawn = log_p.exp().multinomial(DRAWS, replacement=True).T  # (DRAWS, n)
    return float(np.mean([calibration_error(reliability_bins(log_p, labels, bins=BINS)) for labels in drawn]))


def _wrong(log_p: Tensor, labels: Tensor, among: tuple[int, ...] = tuple(range(10))) -> float:
    """The share of digits of some classes that are answered wrong."""
    there = torch.isin(labels, torch.tensor(among, device=labels.device))
    return (log_p.argmax(-1) != labels)[there].double().mean().item()


def by_subsets(views: Tensor, labels: Tensor) -> NDArray[np.float64]:
    """The mean log loss of the mean answer, over all sets of 1, 2, … V views: (V, n, K) to (V,)."""
    right = (-loss_of(views, labels)).exp()  # (V, n)
    bits = torch.arange(1, 2 ** len(views), device=views.device)[:, None] >> torch.arange(
        len(views), device=views.device
    )
    sets = (bits & 1).to(right)  # (2^V - 1, V)
    losses = -(sets @ right / sets.sum(-1, keepdim=True)).log().mean(-1)
    return np.array([losses[sets.sum(-1) == size].mean().item() for size in range(1, len(views) + 1)])


def _shown(views: Tensor, labels: Tensor, gain: NDArray[np.float64]) -> NDArray[np.float64]:
    """The answers to each view of the digits with the least gain, one near the mean, and the greatest: (3, V, 4)."""
    picks = [int(gain.argmin()), int(np.abs(gain - gain.mean()).argmin()), int(gain.argmax())]
    sure, said = (found.cpu().numpy() for found in views[:, picks].exp().max(-1))  # (V, 3)
    place, right = (np.broadcast_to(each, said.shape) for each in (picks, labels[picks].cpu().numpy()))
    return np.stack((place, right, said, sure.round(4)), axis=-1).swapaxes(0, 1)
