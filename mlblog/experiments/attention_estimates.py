"""How good the estimates are that cheap attention makes: random features by their number, hashing by its rounds."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.experiments.attention_costs import SHARP, draw_places, exact_attention
from mlblog.lab import Run, experiment
from mlblog.models.favor import favor_attention, log_positive_features, orthogonal_directions, trigonometric_features
from mlblog.models.lsh_attention import lsh_attention, lsh_buckets, lsh_reach

COSINES = (-0.9, 0.0, 0.9)  # of the two vectors whose kernel is estimated
FEATURES = ("independent", "orthogonal", "trigonometric")
OFFSET = 1e-4  # what a package adds to every feature


@experiment(
    smoke={"counts": [4, 16], "draws": 5, "scales": [0.5, 1.0], "places": 24, "width": 8},
    small={"counts": [16, 32, 64, 128, 256, 512, 1_024], "draws": 400, "scales": [0.125, 0.25, 0.5, 1.0, 2.0]},
    full={"counts": [16, 64, 256, 1_024, 4_096], "draws": 10_000, "scales": [0.125, 0.25, 0.5, 1.0, 2.0]},
    seeds=5,
)
def favor_errors(
    run: Run, *, counts: list[int], draws: int, scales: list[float], places: int = 256, width: int = 64, seed: int
) -> None:
    """Estimate exp(x · y) and attention itself by random features.

    The kernel: |x| = |y| = 1, at each of `COSINES`; kept are the mean of estimate / kernel and the mean square of its
    distance from 1. Attention, of queries, keys and values whose entries are normal with deviation `scales`: kept is
    |o - exact| / |exact|, for each number of features.

    Args:
        run: of the lab.
        counts: numbers of features.
        draws: of the directions, for the kernel.
        scales: deviations of the entries of queries and keys.
        places: T of the attention.
        width: K of it; the kernel's is a quarter.
        seed: of all.
    """
    generator = torch.Generator().manual_seed(seed)
    narrow = max(2, width // 4)
    x = F.normalize(torch.randn(1, narrow, generator=generator), dim=-1)
    across = F.normalize(torch.linalg.svd(x).Vh[1:2], dim=-1)  # at a right angle to x
    ratios: dict[str, list[list[float]]] = {}
    for kind in FEATURES:
        for count in run.progress(counts, "kernel"):
            found = _ratios(kind, count, draws, x, across, generator)  # (draws, cosines)
            ratios.setdefault(f"mean {kind}", []).append(found.mean(0).tolist())
            ratios.setdefault(f"error {kind}", []).append((found - 1).square().mean(0).tolist())
    q, k, v = torch.randn(3, places, width, generator=generator)
    outputs: dict[str, list[list[float]]] = {}
    for count in run.progress(counts, "attend"):
        directions = orthogonal_directions(count, width, generator)
        for name, attend in {"output": favor_attention, "output with an offset": _with_offset}.items():
            outputs.setdefault(name, []).append(
                [
                    _apart(attend(scale * q, scale * k, v, directions, causal=False), _softmax(scale * q, scale * k, v))
                    for scale in scales
                ]
            )
    run.save(
        counts=np.array(counts, dtype=np.float64),
        scales=np.array(scales),
        unrelated=_unrelated(places, width, seed),
        **{name: np.array(values) for name, values in ratios.items()},  # (counts, cosines)
        **{name: np.array(values) for name, values in outputs.items()},  # (counts, scales)
    )


@experiment(
    smoke={"rounds": [1, 4], "size": 64, "chunk": 8, "width": 16},
    small={"rounds": [1, 2, 4, 8, 16], "size": 2_048},
    full={"rounds": [1, 2, 4, 8, 16, 32], "size": 8_192},
    seeds=5,
)
def lsh_recall(
    run: Run, *, rounds: list[int], size: int, chunk: int = 64, nearest: int = 4, width: int = 64, seed: int
) -> None:
    """Which of a place's nearest neighbours hashing finds, and how near its attention comes to exact attention.

    Recall is the share of the `nearest` places before it, by the product of their keys, that a place looks at.
    Looked at is the share of all places before it: the recall of as many places drawn at random. Changed is the share
    of the outputs before the last place that change when the last place does.

    Args:
        run: of the lab.
        rounds: numbers of rounds.
        size: T, a multiple of `chunk`.
        chunk: places of a chunk, and the mean size of a bucket.
        nearest: neighbours that are looked for.
        width: K.
        seed: of inputs and rotations.
    """
    generator = torch.Generator().manual_seed(seed)
    found: dict[str, list[float]] = {}
    for kind in ("repeated", "diffuse"):
        q, v = draw_places(kind, size, width, generator)
        shared = q * (SHARP[kind] ** 0.5 * width**0.25)
        right = exact_attention(q, q, v, itself=False)
        wanted = _nearest_before(q, nearest)
        other = shared.clone()
        other[-1] = torch.randn(width, generator=generator)
        rotations = torch.randn(max(rounds), width, size // chunk // 2, generator=generator)
        for count in run.progress(rounds, kind):
            buckets = lsh_buckets(shared, rotations[:count])
            reach = lsh_reach(buckets, chunk=chunk)
            out = lsh_attention(shared, v, buckets, chunk=chunk)
            again = lsh_attention(other, v, lsh_buckets(other, rotations[:count]), chunk=chunk)
            values = {
                "recall": float(reach[nearest:].gather(-1, wanted).double().mean()),
                "looked at": float(reach.tril(-1)[nearest:].double().sum()) / sum(range(nearest, size)),
                "error": _apart(out, right),
                "changed": float(((again - out)[:-1].abs().amax(-1) > 1e-4).double().mean()),
            }
            for name, value in values.items():
                found.setdefault(f"{name} {kind}", []).append(value)
    run.save(rounds=np.array(rounds, dtype=np.float64), **{name: np.array(value) for name, value in found.items()})


def _ratios(kind: str, count: int, draws: int, x: Tensor, across: Tensor, generator: torch.Generator) -> Tensor:
    """Estimates of exp(x · y) over what they estimate, for a y at each of the cosines: (draws, cosines)."""
    width, found = x.shape[-1], []
    ys = torch.cat([cosine * x + math.sqrt(1 - cosine**2) * across for cosine in COSINES])
    for _ in range(draws):
        if kind == "orthogonal":
            directions = orthogonal_directions(count, width, generator)
        else:
            directions = torch.randn(count, width, generator=generator)
        if kind == "trigonometric":
            products = trigonometric_features(ys, directions) * trigonometric_features(x, directions)
        else:
            products = (log_positive_features(ys, directions) + log_positive_features(x, directions)).exp()
        found.append(products.sum(-1) / (ys @ x[0]).exp())
    return torch.stack(found).double()


def _nearest_before(q: Tensor, nearest: int) -> Tensor:
    """By trying all: the `nearest` places before each place that has as many, (T - nearest, nearest)."""
    products = F.normalize(q, dim=-1) @ F.normalize(q, dim=-1).mT
    hidden = torch.ones_like(products, dtype=torch.bool).triu()
    return products.masked_fill(hidden, -torch.inf)[nearest:].topk(nearest, dim=-1).indices


def _softmax(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1) @ v


def _apart(found: Tensor, right: Tensor) -> float:
    return float((found - right).norm() / right.norm())


def _with_offset(q: Tensor, k: Tensor, v: Tensor, directions: Tensor, *, causal: bool) -> Tensor:
    """Estimated attention whose features, the largest of them 1, are all raised by a small number."""
    assert not causal
    log_q, log_k = (log_positive_features(x * q.shape[-1] ** -0.25, directions) for x in (q, k))
    phi_q = (log_q - log_q.amax(-1, keepdim=True)).exp() + OFFSET
    phi_k = (log_k - log_k.amax()).exp() + OFFSET
    return (phi_q @ (phi_k.mT @ v)) / (phi_q @ phi_k.sum(0))[:, None]


def _unrelated(places: int, width: int, seed: int) -> float:
    """How far apart two exact attention layers are whose weights were drawn apart."""
    torch.manual_seed(seed)
    x = torch.randn(1, places, width)
    first, second = (nn.MultiheadAttention(width, 4, batch_first=True) for _ in range(2))
    with torch.no_grad():
        return _apart(*(layer(x, x, x, need_weights=False)[0] for layer in (first, second)))
