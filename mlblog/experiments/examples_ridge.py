"""Importance sampling where it must win: ridge regression with few large rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlblog.classical.minibatch_importance import (
    Buckets,
    draw_from_buckets,
    minibatch_importance_sampling,
    ridge_optimum,
)
from mlblog.data.skewed import skewed_rows
from mlblog.lab import Run, experiment
from mlblog.training.schedule import warmup_cosine

Floats = NDArray[np.float64]

PENALTY, BATCH = 1e-2, 8
RATES = tuple(2.0**power for power in range(-10, 2))
VALIDATION = 9_997  # added to a seed: the problem on which rates are chosen
#: Any row, each row once a pass, in proportion to how long rows are, and one from each bucket by that.
WAYS = ("uniform", "shuffled", "lengths", "buckets")


@experiment(
    smoke={"n": 100, "passes": 2, "skews": [1, 10]},
    small={"n": 1_000, "passes": 20, "skews": [1, 3, 10, 30, 100]},
    full={"n": 10_000, "passes": 100, "skews": [1, 2, 3, 5, 10, 20, 30, 50, 100, 200]},
    seeds=10,
)
def skewed_ridge(run: Run, *, n: int, passes: int, skews: list[float], width: int = 20, seed: int) -> None:
    """Fit ridge regression by minibatches that are chosen in every way; how far from the optimum that ends.

    Rates are chosen on another problem of the same kind.

    Args:
        run: of the lab.
        n: rows.
        passes: gradients of a row that each way may compute, over n.
        skews: how much longer one row in a hundred is than the others.
        width: D.
        seed: of the rows, the targets and the draws.
    """
    run.save(rates=np.array(RATES), skews=np.array(skews, dtype=np.float64))
    found: dict[str, list[float]] = {}
    for skew in run.progress(skews, "fit"):
        for way in WAYS:
            random = np.random.default_rng([seed + VALIDATION, round(10 * skew)])
            tried = descend(*skewed_rows(n, width, skew=skew, random=random), way, RATES, passes, random)
            best = int(tried.argmin())
            random = np.random.default_rng([seed, round(10 * skew)])
            problem = skewed_rows(n, width, skew=skew, random=random)
            found.setdefault(f"gap {way}", []).append(
                float(descend(*problem, way, RATES[best : best + 1], passes, random)[0])
            )
            found.setdefault(f"rate {way}", []).append(RATES[best])
    run.save(**{name: np.array(values) for name, values in found.items()})


def descend(
    x: Floats, y: Floats, way: str, rates: tuple[float, ...], passes: int, random: np.random.Generator
) -> Floats:
    """The objective above its least value, over that of no weights at all: one number a rate, infinite if it diverges.

    Args:
        x: (n, D).
        y: (n,).
        way: one of `WAYS`.
        rates: at the first step; they fall to zero as half a cosine.
        passes: over the rows.
        random: of the draws.
    """
    n, steps = len(x), passes * len(x) // BATCH
    optimum = ridge_optimum(x, y, penalty=PENALTY)
    rows, weights = minibatches(x, way, steps, random)
    w = np.zeros((len(rates), x.shape[1]))
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(steps):
            here = x[rows[step]]  # (B, D)
            off = (w @ here.T - y[rows[step]]) * weights[step]  # (rates, B)
            share = warmup_cosine(step, steps=steps, warmup=0.0) * np.array(rates)[:, None]
            w -= share * (off @ here / n + PENALTY * w)
        # of a quadratic, exactly: half the squared distance in the metric of its second derivatives
        moment = x.T @ x / n + PENALTY * np.eye(x.shape[1])
        gap = np.einsum("ri,ij,rj->r", w - optimum, moment, w - optimum)
    return np.where(np.isfinite(gap), gap, np.inf) / (optimum @ moment @ optimum)


def minibatches(x: Floats, way: str, steps: int, random: np.random.Generator) -> tuple[NDArray[np.int64], Floats]:
    """Rows (steps, B), and what each one's gradient is multiplied by before their sum is divided by n."""
    n = len(x)
    lengths = np.sqrt(np.square(x).sum(axis=1))
    if way == "buckets":
        buckets: Buckets = minibatch_importance_sampling(lengths, BATCH)
        return draw_from_buckets(buckets, random, steps)
    if way == "shuffled":
        orders = [random.permutation(n) for _ in range(-(-steps * BATCH // n))]
        rows = np.concatenate(orders)[: steps * BATCH].reshape(steps, BATCH)
        return rows, np.full(rows.shape, n / BATCH)
    chances = lengths / lengths.sum() if way == "lengths" else np.full(n, 1 / n)
    rows = random.choice(n, p=chances, size=(steps, BATCH))
    return rows, 1 / (BATCH * chances[rows])
