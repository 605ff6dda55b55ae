"""A masked language model on eight-letter words, whose masks are drawn in several ways: noise, and what it costs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlblog.data.words import DIGEST
from mlblog.experiments.mask_parts import LETTERS, PLACES, Kind, draw_strings, every_row, exact_loss, proposals
from mlblog.lab import Run, experiment
from mlblog.losses.masked import mlm_loss
from mlblog.models.mask_gradients import gradient_moments, gradient_variance_decomposition, rows_errors, rows_norms
from mlblog.models.mask_proposal import MaskProposalNetwork, proposal_loss
from mlblog.models.masked_lm import MaskedLM, Masks, masks_of_size
from mlblog.training.schedule import warmup_cosine

Optimizer = Literal["Adam", "SGD"]
RATES: dict[Optimizer, tuple[float, ...]] = {
    "Adam": (3e-3, 5e-3, 1e-2, 2e-2, 4e-2),
    "SGD": (1.0, 2.0, 4.0, 8.0, 16.0),
}
#: Of learned proposals: their own rate, and the share of uniform masks.
KNOBS = ((3e-3, 0.1), (1e-2, 0.1), (1e-2, 0.3))
#: Steps of uniform masks, over the steps of the others: the scale on which these are read.
HORIZONS = (0.5, 0.7, 1.0, 1.4, 2.0, 4.0, 8.0)
PROPOSAL_WIDTH, TABLE_SHARE, TABLE_DECAY = 16, 0.1, 0.98
#: Ways to draw masks, and which are trained on what; the last two leave the weights p/q out.
EVERY = (
    "uniform",
    "table",
    "learned",
    "loss",
    "optimum",
    "all masks",
    "all, fewer words",
    "no weights",
    "half uniform",
)
TRAINED: dict[tuple[Kind, Optimizer], tuple[str, ...]] = {
    ("words", "Adam"): EVERY,
    ("pairs", "Adam"): ("uniform", "learned", "loss", "optimum", "all masks", "no weights", "half uniform"),
    ("words", "SGD"): ("uniform", "learned", "optimum", "all masks"),
}
LEARNED = ("learned", "no weights", "half uniform")
POINTS = (0.0, 0.1, 0.3, 1.0)  # of the training, at which variances are split
SMOKE = {"steps": 3, "words": 40, "width": 6, "batch": 8}


class Draw(NamedTuple):
    """Rows of a batch: words (R, 8), what is hidden of each (R, 8), and their weights (R,) in the gradient."""

    words: Tensor
    hidden: Tensor
    weights: Tensor


class Trial(NamedTuple):
    """What a training leaves: the net, the proposal that it learned, and seconds of the processor a step."""

    net: MaskedLM
    proposal: MaskProposalNetwork | None
    seconds: float


@experiment(smoke=SMOKE, small={"steps": 1_000}, full={"steps": 20_000, "batch": 128, "width": 512}, seeds=1,
            variants=({"kind": "pairs", "batch": 8}, {"optimizer": "SGD"}))  # fmt: skip
def mask_rates(run: Run, *, steps: int, words: int = 500, width: int = 64, batch: int = 32,
               kind: Kind = "words", optimizer: Optimizer = "Adam", seed: int) -> None:  # fmt: skip
    """Train with each way to draw masks at each rate, and keep the loss of validation words: the grid.

    Args:
        run: of the lab.
        steps: training steps.
        words: for validation.
        width: of the masked language model.
        batch: words a step.
        kind: of strings.
        optimizer: of the masked language model.
        seed: of weights, words and masks, apart from those of `hidden_words`.
    """
    run.uses("words.txt.gz", DIGEST)
    strings, masks = draw_strings(kind, words, run.device), _masks(run.device)
    run.save(rates=np.array(RATES[optimizer]), knobs=np.array(KNOBS))
    for arm, horizon in run.progress(trained(kind, optimizer), "tune"):
        found = []
        for knobs in KNOBS if arm in LEARNED else KNOBS[:1]:
            row = []
            for rate in RATES[optimizer]:
                trial = fit(arm, strings.train, masks, rate, knobs, steps=max(1, round(horizon * steps)), width=width,
                            batch=batch, optimizer=optimizer, seed=seed + 1_000)  # fmt: skip
                row.append(exact_loss(trial.net, strings.validation, masks))
            found.append(row)
        best = np.unravel_index(int(np.nanargmin(found)), np.shape(found))
        run.save(**{
            f"validation {arm} {horizon:g}": np.array(found),
            f"rate {arm} {horizon:g}": RATES[optimizer][best[1]],
            f"knobs {arm} {horizon:g}": float(best[0]),
        })  # fmt: skip


@experiment(smoke={**SMOKE, "measured": 5}, small={"steps": 1_000},
            full={"steps": 20_000, "batch": 128, "width": 512}, seeds=5,
            variants=({"kind": "pairs", "batch": 8}, {"optimizer": "SGD"}), reads=["mask_rates"])  # fmt: skip
def hidden_words(run: Run, *, steps: int, words: int = 500, measured: int = 256, width: int = 64, batch: int = 32,
                 kind: Kind = "words", optimizer: Optimizer = "Adam", seed: int) -> None:  # fmt: skip
    """Train with each way to draw masks at its best rate, and measure losses exactly, over all masks.

    Args:
        run: of the lab.
        steps: training steps; uniform masks are also given `HORIZONS` times as many.
        words: for the test, and as many of those trained on.
        measured: unseen words over which the variance is split.
        width: of the masked language model.
        batch: words a step.
        kind: of strings.
        optimizer: of the masked language model.
        seed: of weights, words and masks.
    """
    run.uses("words.txt.gz", DIGEST)
    strings, masks = draw_strings(kind, words, run.device), _masks(run.device)
    overrides: dict[str, Any] = {} if optimizer == "Adam" else {"optimizer": optimizer}
    if kind == "pairs":
        overrides |= {"kind": kind, "batch": batch}  # small batches: with larger ones every loss ends near zero
    tuned = mask_rates.runs(scale=run.scale, **overrides)
    parts: list[dict[str, tuple[float, float]]] = []
    shown: dict[str, NDArray[np.float64]] = {}

    def split(net: MaskedLM, proposal: MaskProposalNetwork | None) -> None:
        some = strings.test[:measured]
        moments = gradient_moments(net, some, masks.hidden, masks.p)
        laws = {**proposals(net, moments, some, masks), "learned": _law(proposal, some)}
        parts.append({name: gradient_variance_decomposition(moments, masks.p, q) for name, q in laws.items()})
        joint = moments.norms.mean().square() - moments.mean  # the best law of strings and masks together
        parts[-1]["both"] = (float(joint), 0.0)
        shown.update({name: laws[name][:8].cpu().numpy().round(4) for name in ("optimum", "learned")})

    for arm, horizon in run.progress(trained(kind, optimizer), "train"):
        rate, knobs = tuned.mean(f"rate {arm} {horizon:g}"), KNOBS[int(tuned.mean(f"knobs {arm} {horizon:g}"))]
        trial = fit(arm, strings.train, masks, float(rate), knobs, steps=max(1, round(horizon * steps)), width=width,
                    batch=batch, optimizer=optimizer, seed=seed, look=split if arm == "learned" else None)  # fmt: skip
        run.save(**{
            f"loss {arm} {horizon:g}": exact_loss(trial.net, strings.test, masks),
            f"trained {arm} {horizon:g}": exact_loss(trial.net, strings.train[:words], masks),
        })  # fmt: skip
        if horizon == 1:
            run.save(**{f"cost {arm}": cost(arm, trial.net, len(masks.p))})
            run.measure(**{f"seconds {arm}": trial.seconds})
    for name in parts[0]:
        run.save(**{f"parts {name}": np.array([found[name] for found in parts])})
    run.save(shown=strings.test[:8].cpu().numpy(), **{f"hides {name}": law for name, law in shown.items()})


def trained(kind: Kind, optimizer: Optimizer) -> list[tuple[str, float]]:
    """Each way to draw masks, with its steps over those of the others."""
    rest = [(arm, 1.0) for arm in TRAINED[kind, optimizer] if arm != "uniform"]
    return [("uniform", horizon) for horizon in HORIZONS] + rest


def fit(arm: str, words: Tensor, masks: Masks, rate: float, knobs: tuple[float, float], *, steps: int, width: int,
        batch: int, optimizer: Optimizer, seed: int,
        look: Callable[[MaskedLM, MaskProposalNetwork | None], None] | None = None) -> Trial:  # fmt: skip
    """Train one masked language model; `look` is called at the `POINTS` of the training."""
    torch.manual_seed(seed)
    net = MaskedLM(letters=LETTERS, places=PLACES, width=width).to(words.device)
    method = torch.optim.Adam if optimizer == "Adam" else torch.optim.SGD
    descent = method(net.parameters(), lr=rate, fused=True)
    share = 0.5 if arm == "half uniform" else knobs[1]
    proposal = adapt = None
    if arm in LEARNED:
        proposal = MaskProposalNetwork(letters=LETTERS, masks=masks, width=PROPOSAL_WIDTH, share=share).to(words.device)
        adapt = torch.optim.Adam(proposal.parameters(), lr=knobs[0], fused=True)
    table = torch.ones(2, len(masks.p), device=words.device)  # running sums of ‖g‖² and of how often, by mask
    points, spent = [round(point * steps) for point in POINTS], 0.0
    for step in range(steps):
        if look is not None and step in points:
            look(net, proposal)
        began = time.process_time()
        for group in descent.param_groups:
            group["lr"] = rate * warmup_cosine(step, steps=steps)
        count = max(1, batch // len(masks.p)) if arm == "all, fewer words" else batch
        some = words[torch.randint(len(words), (count,), device=words.device)]
        if arm.startswith("all"):
            rows = every_row(some, masks)
            _step(net, descent, Draw(*rows, masks.p.repeat(count)), count)
        else:
            log_q = proposal(some) if proposal is not None else None
            q = log_q.detach().exp() if log_q is not None else _q(arm, net, some, masks, table)
            drawn = torch.multinomial(q, 1)[:, 0]
            weights = masks.p[drawn] / q.gather(1, drawn[:, None])[:, 0]
            if arm in ("no weights", "half uniform"):
                weights = torch.ones_like(weights)
            norms = _step(net, descent, Draw(some, masks.hidden[drawn], weights), count)
            if log_q is not None and adapt is not None:
                adapt.zero_grad()
                chosen = log_q.gather(1, drawn[:, None])[:, 0]
                proposal_loss(chosen, log_p=masks.p[drawn].log(), norms=norms).mean().backward()  # type: ignore[no-untyped-call]  # torch gives it no types
                adapt.step()
            if arm == "table":
                table *= TABLE_DECAY
                table[0].index_add_(0, drawn, norms.square())
                table[1].index_add_(0, drawn, torch.ones_like(norms))
        spent += time.process_time() - began
    if look is not None:
        look(net, proposal)
    return Trial(net, proposal, spent / steps)


def _q(arm: str, net: MaskedLM, words: Tensor, masks: Masks, table: Tensor) -> Tensor:
    """The law of masks of each word, (B, M), for proposals without a network."""
    if arm == "uniform":
        return masks.p.expand(len(words), -1)
    if arm == "table":
        mass = masks.p * (table[0] / table[1]).sqrt()
        return (TABLE_SHARE * masks.p + (1 - TABLE_SHARE) * mass / mass.sum()).expand(len(words), -1)
    rows = every_row(words, masks)
    if arm == "loss":
        with torch.no_grad():
            size = mlm_loss(net(*rows), *rows).view(len(words), -1)
        share = TABLE_SHARE
    else:
        _, inputs, errors = rows_errors(net, *rows)
        size, share = rows_norms(inputs, errors).view(len(words), -1), 0.0
    mass = masks.p * size + 1e-12
    return share * masks.p + (1 - share) * mass / mass.sum(1, keepdim=True)


def _step(net: MaskedLM, optimizer: torch.optim.Optimizer, draw: Draw, words: int) -> Tensor:
    """One step along the weighted gradient of `words` words; the norms of the rows, which come with it."""
    _, inputs, errors = rows_errors(net, draw.words, draw.hidden)
    for layer, a, error in zip(net.layers, inputs, errors, strict=True):
        weighted = draw.weights[:, None] * error / words
        layer.weight.grad, layer.bias.grad = weighted.T @ a, weighted.sum(0)
    optimizer.step()
    return rows_norms(inputs, errors)


def cost(arm: str, net: MaskedLM, masks: int) -> float:
    """Multiplications a word, over those with uniform masks: forward, back to each layer's output, to the weights."""
    sizes = [layer.get_parameter("weight").numel() for layer in net.layers]
    forward, back = sum(sizes), sum(sizes[1:])
    usual = forward + back + forward
    proposal = PLACES * PROPOSAL_WIDTH * (LETTERS * 2 + 3)  # the same of its two layers
    extra = {"loss": masks * forward, "optimum": (masks - 1) * (forward + back), "all masks": (masks - 1) * usual}
    return 1 + (proposal if arm in LEARNED else extra.get(arm, 0)) / usual


def _law(proposal: MaskProposalNetwork | None, words: Tensor) -> Tensor:
    assert proposal is not None
    with torch.no_grad():
        q: Tensor = proposal(words).exp()
        return q


def _masks(device: str) -> Masks:
    masks = masks_of_size(PLACES, 1)
    return Masks(masks.hidden.to(device), masks.p.to(device))
