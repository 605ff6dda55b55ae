"""What attention costs: error against exact attention, seconds and bytes by length, for five ways of looking less."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mlblog.lab import Run, experiment
from mlblog.models.adaptive_span import AdaptiveSpan
from mlblog.models.favor import favor_attention, orthogonal_directions
from mlblog.models.lsh_attention import lsh_attention, lsh_buckets
from mlblog.models.sparse_attention import fixed_attention, strided_attention

#: How the score of two places, β times the cosine of their directions, comes about.
KINDS = ("diffuse", "recent", "repeated")
SHARP = {"diffuse": 1.0, "recent": 16.0, "repeated": 16.0}  # β
MEMORY, COPIES, NOISE = 32, 8, 0.3  # places after which "recent" forgets; of a "repeated" token, and how they differ
METHODS = ("adaptive span", "strided", "fixed", "LSH", "FAVOR+")
WRITTEN_OUT = 4_096  # the longest input whose T x T weights are kept
SUMMARY, TIMES = 8, 3  # summaries of a block; how often each is timed

Attend = Callable[[Tensor, Tensor, Tensor], Tensor]


class Ways(NamedTuple):
    """What a run compares, of (T, K) queries, keys and values each."""

    span: int
    rounds: int
    chunk: int
    features: int

    def of(self, size: int, width: int, sharp: float, generator: torch.Generator) -> dict[str, Attend]:
        """Every method for inputs of one length, with its random parts drawn; LSH takes the direction of queries."""
        spans = AdaptiveSpan(heads=1, most=self.span, ramp=32, start=(self.span - 32) / self.span)
        stride, wider = _power(size**0.5), _power((SUMMARY * size) ** 0.5)
        rotations = torch.randn(self.rounds, width, max(1, size // self.chunk // 2), generator=generator)
        directions = orthogonal_directions(self.features, width, generator)

        def hashed(q: Tensor, _: Tensor, v: Tensor) -> Tensor:
            shared = q * (sharp**0.5 * width**0.25)  # queries of length β √K, whose keys have length 1
            return lsh_attention(shared, v, lsh_buckets(shared.detach(), rotations.to(q.device)), chunk=self.chunk)

        return {
            "adaptive span": lambda q, k, v: spans.to(q.device)(*(x[..., None, :, :] for x in (q, k, v)))[..., 0, :, :],
            "strided": lambda q, k, v: strided_attention(q, k, v, stride=stride),
            "fixed": lambda q, k, v: fixed_attention(q, k, v, stride=wider, summary=min(SUMMARY, wider)),
            "LSH": hashed,
            "FAVOR+": lambda q, k, v: favor_attention(q, k, v, directions.to(q.device)),
        }


@experiment(
    smoke={"sizes": [64, 128], "span": 40, "features": 16, "width": 16},
    small={"sizes": [256, 512, 1_024, 2_048, 4_096, 16_384]},
    full={"sizes": [1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_536]},
    seeds=3,
)
def attention_costs(
    run: Run,
    *,
    sizes: list[int],
    span: int = 256,
    rounds: int = 4,
    chunk: int = 64,
    features: int = 256,
    width: int = 64,
    seed: int,
) -> None:
    """Compare each method with exact attention, on inputs of three kinds; time and weigh all of them.

    An error is |o - exact| / |exact| over all places. Exact attention is that of the same scores; for LSH, which looks
    at the place itself only as a last resort, it leaves out the place itself. A time is that of forward and backward of
    one head, the median of `TIMES`, of a CPU the seconds at work. Bytes are those of the tensors that the backward pass
    needs, inputs left out.

    Args:
        run: of the lab.
        sizes: numbers of places, multiples of `chunk`.
        span: S of the adaptive span, its ramp of 32 included.
        rounds: of hashing.
        chunk: places of a chunk of LSH, and the mean size of a bucket.
        features: of FAVOR+.
        width: K.
        seed: of inputs and random parts.
    """
    generator = torch.Generator().manual_seed(seed)
    ways = Ways(span, rounds, chunk, features)
    errors: dict[str, list[float]] = {f"error {method} {kind}": [] for method in METHODS for kind in KINDS}
    seconds: dict[str, list[float]] = {}
    kept: dict[str, list[float]] = {}
    for size in run.progress(sizes, "size"):
        for kind in KINDS:
            q, v = (x.to(run.device) for x in draw_places(kind, size, width, generator))
            with torch.no_grad():
                for method, attend in ways.of(size, width, SHARP[kind], generator).items():
                    right = exact_attention(q, q, v, itself=method != "LSH")
                    errors[f"error {method} {kind}"].append(float((attend(q, q, v) - right).norm() / right.norm()))
        timed: dict[str, Attend] = {"exact": _exact, **ways.of(size, width, SHARP["repeated"], generator)}
        if size <= WRITTEN_OUT:
            timed["written out"] = _written_out
        leaves = [torch.randn(1, 1, size, width, device=run.device, requires_grad=True) for _ in range(3)]
        for method, attend in timed.items():
            work = _both_ways(attend, leaves)
            kept.setdefault(method, []).append(kept_bytes(attend, leaves))  # and warms up
            seconds.setdefault(method, []).append(statistics.median(_seconds(work, run.device) for _ in range(TIMES)))
    run.save(
        sizes=np.array(sizes, dtype=np.float64),
        **{name: np.array(found) for name, found in errors.items()},
        **{f"bytes {method}": np.array(found) for method, found in kept.items()},
    )
    run.measure(**{f"seconds {method}": np.array(found) for method, found in seconds.items()})


def draw_places(kind: str, size: int, width: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Queries that are keys, too, whose product over √K is β times a cosine, and values.

    "diffuse": directions of their own, β small: everything counts alike. "recent": directions that turn slowly, so that
    the last `MEMORY` places or so are alike. "repeated": every token has about `COPIES` copies at random places.

    Args:
        kind: of `KINDS`.
        size: T.
        width: K.
        generator: of the draws.

    Returns:
        Queries and values, each (T, K).
    """
    if kind == "diffuse":
        x = torch.randn(size, width, generator=generator)
    elif kind == "recent":
        kept = float(np.exp(-1 / MEMORY))
        steps = torch.randn(size, width, generator=generator) * (1 - kept**2) ** 0.5
        x = torch.empty(size, width)
        state = torch.randn(width, generator=generator)
        for place in range(size):
            state = kept * state + steps[place]
            x[place] = state
    else:
        tokens = torch.randn(max(1, size // COPIES), width, generator=generator)
        chosen = torch.randint(len(tokens), (size,), generator=generator)
        x = tokens[chosen] + NOISE * torch.randn(size, width, generator=generator)
    return F.normalize(x, dim=-1) * (SHARP[kind] ** 0.5 * width**0.25), torch.randn(size, width, generator=generator)


def exact_attention(q: Tensor, k: Tensor, v: Tensor, *, itself: bool, rows: int = 1_024) -> Tensor:
    """Causal softmax attention of (T, K) tensors, some rows at a time; without the place itself if another is there.

    Args:
        q: (T, K).
        k: (T, K).
        v: (T, K).
        itself: whether a place may look at itself.
        rows: computed at a time.

    Returns:
        (T, K)
    """
    place, out = torch.arange(len(q), device=q.device), []
    for first in range(0, len(q), rows):
        here = place[first : first + rows, None]
        seen = place[: first + rows]
        hidden = (seen > here) if itself else (seen >= here) & ((here > 0) | (seen > 0))
        scores = (q[first : first + rows] @ k[: first + rows].mT / math.sqrt(q.shape[-1])).masked_fill(
            hidden, -torch.inf
        )
        out.append(scores.softmax(-1) @ v[: first + rows])
    return torch.cat(out)


def kept_bytes(attend: Attend, leaves: list[Tensor]) -> float:
    """The bytes that are kept for the backward pass: of each storage once, without those of the leaves."""
    kept: dict[int, Tensor] = {}

    def keep(x: Tensor) -> Tensor:
        kept[x.untyped_storage().data_ptr()] = x
        return x

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
        out = attend(*leaves)
    own = {leaf.untyped_storage().data_ptr() for leaf in leaves}
    assert out.requires_grad, "what is kept is alive until here"
    return float(sum(x.untyped_storage().nbytes() for at, x in kept.items() if at not in own))


def _power(x: float) -> int:
    """The power of two next to x on a logarithmic scale."""
    return int(2 ** round(np.log2(x)))


def _exact(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def _written_out(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """The formula as it stands, with its T x T weights in memory."""
    hidden = torch.ones(q.shape[-2], q.shape[-2], dtype=torch.bool, device=q.device).triu(1)
    return (q @ k.mT / math.sqrt(q.shape[-1])).masked_fill(hidden, -torch.inf).softmax(-1) @ v


def _both_ways(attend: Attend, leaves: list[Tensor]) -> Callable[[], None]:
    """Return what runs forward and backward."""
    upstream = torch.ones_like(leaves[2])

    def work() -> None:
        torch.autograd.grad(attend(*leaves), leaves, upstream, allow_unused=True)  # LSH takes no keys

    return work


def _seconds(work: Callable[[], None], device: str) -> float:
    """Of a CPU the seconds at work, which other processes lengthen least; of a GPU those that pass."""
    if device == "cpu":
        start = time.process_time()
        work()
        return time.process_time() - start
    torch.cuda.synchronize()
    start = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - start
