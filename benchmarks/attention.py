"""Cheaper attention against exact attention and against packages, forward and backward, timed in turn in one run.

    OMP_NUM_THREADS=1 python benchmarks/attention.py [--sizes 256,1024] [--rounds 3] [--json]

One head of width 64. Seconds are those at work, of one thread. Ratios are medians of the ratios of neighbours; below 1,
ours is faster. Packages are timed where they are installed (`pip install 'mlblog[refs]'`), at equal settings. A peak is
what torch has allocated at one time, by its profiler. The slope is that of log seconds over log places, between the
last two sizes that are 4 times apart.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import statistics
import time
import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from results import Report
from torch import Tensor

from mlblog.experiments.attention_costs import _exact, _written_out
from mlblog.models.adaptive_span import AdaptiveSpan
from mlblog.models.favor import favor_attention, orthogonal_directions
from mlblog.models.local_attention import local_attention
from mlblog.models.lsh_attention import lsh_attention, lsh_buckets
from mlblog.models.sparse_attention import fixed_attention, strided_attention

WIDTH, SPAN, ROUNDS, CHUNK, FEATURES, SUMMARY = 64, 256, 4, 64, 256, 8
WRITTEN_OUT, PERFORMER = 4_096, 4_096  # longer ones take gigabytes
Attend = Callable[[Tensor, Tensor, Tensor], Tensor]


class Way(NamedTuple):
    """A method, the package that has it, and whether it is said to take linear time."""

    ours: Attend
    package: str = ""
    theirs: Attend | None = None
    linear: bool = False


def ways(size: int) -> dict[str, Way]:
    """Every method for inputs of a length."""
    generator = torch.Generator().manual_seed(0)
    spans = AdaptiveSpan(heads=1, most=SPAN, ramp=32, start=(SPAN - 32) / SPAN)
    window = torch.zeros(SPAN)
    rotations = torch.randn(ROUNDS, WIDTH, max(1, size // CHUNK // 2), generator=generator)
    directions = orthogonal_directions(FEATURES, WIDTH, generator)
    strides = [int(2 ** round(math.log2(room**0.5))) for room in (size, SUMMARY * size)]
    found = {
        "window": Way(lambda q, k, v: local_attention(q, k, v, window), "local-attention", _local(), True),
        "adaptive span": Way(spans, linear=True),
        "strided": Way(lambda q, k, v: strided_attention(q, k, v, stride=strides[0])),
        "fixed": Way(lambda q, k, v: fixed_attention(q, k, v, stride=strides[1], summary=SUMMARY)),
        "LSH": Way(
            lambda q, k, v: lsh_attention(q, v, lsh_buckets(q.detach(), rotations), chunk=CHUNK),
            "reformer-pytorch", _reformer(), True,
        ),
        "FAVOR+": Way(
            lambda q, k, v: favor_attention(q, k, v, directions),
            "performer-pytorch", _performer() if size <= PERFORMER else None, True,
        ),
    }  # fmt: skip
    if size <= WRITTEN_OUT:
        found["written out"] = Way(_written_out)
    return found


def _local() -> Attend | None:
    with contextlib.suppress(ImportError):
        from local_attention import LocalAttention

        attend = LocalAttention(SPAN, causal=True, look_backward=1, exact_windowsize=True, use_rotary_pos_emb=False)
        return lambda q, k, v: attend(q[0], k[0], v[0])[None]
    return None


def _reformer() -> Attend | None:
    with contextlib.suppress(ImportError):
        from reformer_pytorch.reformer_pytorch import LSHAttention

        attend = LSHAttention(
            bucket_size=CHUNK,
            n_hashes=ROUNDS,
            causal=True,
            allow_duplicate_attention=False,
            attend_across_buckets=False,
        )
        return lambda q, k, v: attend(q[0], v[0])[0][None]
    return None


def _performer() -> Attend | None:
    with contextlib.suppress(ImportError):
        from performer_pytorch.performer_pytorch import FastAttention

        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):  # it regrets the lack of CUDA
            return FastAttention(dim_heads=WIDTH, nb_features=FEATURES, causal=True)
    return None


def both_ways(attend: Attend, leaves: list[Tensor]) -> Callable[[], None]:
    """Return what runs forward and backward."""
    upstream = torch.ones_like(leaves[2])

    def work() -> None:
        torch.autograd.grad(attend(*leaves), leaves, upstream, allow_unused=True)  # LSH takes no keys

    return work


def seconds(work: Callable[[], None]) -> float:
    """Seconds that the CPU works on one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def peak(work: Callable[[], None]) -> float:
    """The most bytes that torch has allocated at one time while `work` runs, above what it had before."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        work()
    events = [event for event in profile.profiler.kineto_results.events() if event.name() == "[memory]"]
    return float(np.cumsum([0, *(e.nbytes() for e in sorted(events, key=lambda e: e.start_ns()))]).max())


def main() -> None:
    """Time, weigh and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="256,1024,4096,16384", help="numbers of places, multiples of 256")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="one document, for benchmarks/results.py")
    arguments = parser.parse_args()
    columns = ("attention", "places", "forward and backward", "ours / exact", "ours / package", "peak", "aim")
    report = Report("attention", columns, as_json=arguments.json)
    warnings.simplefilter("ignore")  # of the packages
    taken: dict[str, dict[int, float]] = {}
    linear: set[str] = set()
    for size in map(int, arguments.sizes.split(",")):
        torch.manual_seed(0)
        leaves = [torch.randn(1, 1, size, WIDTH, requires_grad=True) for _ in range(3)]
        exact = both_ways(_exact, leaves)
        for name, way in {"exact": Way(_exact), **ways(size)}.items():
            ours = both_ways(way.ours, leaves)
            theirs = both_ways(way.theirs, leaves) if way.theirs else None
            for work in (ours, exact, *([theirs] if theirs else [])):
                work()  # warm
            turns = [
                (seconds(ours), seconds(exact), seconds(theirs) if theirs else math.nan)
                for _ in range(arguments.rounds)
            ]
            mine, to_exact, to_theirs = (
                statistics.median(values)
                for values in ([a for a, _, _ in turns], [a / b for a, b, _ in turns], [a / c for a, _, c in turns])
            )
            taken.setdefault(name, {})[size] = mine
            linear |= {name} if way.linear else set()
            missed = f"at most 1: {'met' if to_theirs <= 1 else '**missed**'}" if theirs else ""
            package = f"{to_theirs:.2f} ({way.package})" if theirs else ""
            report.say(
                name, f"{size:,}", f"{mine * 1e3:.1f} ms", f"{to_exact:.2f}", package, f"{peak(ours) / 2**20:.1f} MiB",
                missed,
            )  # fmt: skip
    for name, by_size in taken.items():
        last = max(by_size)
        if last // 4 in by_size:
            slope = math.log(by_size[last] / by_size[last // 4], 4)
            said = f"at most 1.1: {'met' if slope <= 1.1 else '**missed**'}" if name in linear else ""
            report.say(f"{name}, slope", f"{last // 4:,} to {last:,}", f"{slope:.2f}", "", "", "", said)
    report.end()


if __name__ == "__main__":
    main()
