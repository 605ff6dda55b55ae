"""A codebook of ours against that of `vector-quantize-pytorch`, forward and backward, timed in turn in one run.

    OMP_NUM_THREADS=1 python benchmarks/generative.py [--rounds 5] [--json]

Seconds are those at work, of one thread; the ratio is the median of the ratios of neighbours: below 1, ours is faster.
Both begin with the same codebook, and are compared first: codes, vectors and gradients are the same.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from results import Report
from torch import Tensor

from mlblog.models.vector_quantizer import VectorQuantizer

Work = Callable[[], object]


def seconds(work: Work) -> float:
    """Seconds that the CPU works on one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def codebooks(count: int, entries: int, width: int = 32) -> tuple[Work, Work]:
    """The package's codebook and ours at work on `count` vectors, after a look at whether they agree."""
    from vector_quantize_pytorch import VectorQuantize

    torch.manual_seed(0)
    ours = VectorQuantizer(entries=entries, width=width, decay=0.9)
    theirs = VectorQuantize(dim=width, codebook_size=entries, decay=0.9, rotation_trick=False)
    inner = theirs._codebook
    with torch.no_grad():
        inner.embed.copy_(ours.entries[None])
        inner.embed_avg.copy_(ours.entries[None])
        inner.cluster_size.fill_(1.0)
    z = torch.randn(1, count, width, requires_grad=True)

    def mine() -> tuple[Tensor, Tensor]:
        found = ours(z)
        loss = found.vectors.square().sum() + found.commitment.mean() / width
        return found.codes, torch.autograd.grad(loss, z)[0]

    def package() -> tuple[Tensor, Tensor]:
        vectors, codes, loss = theirs(z)
        return codes, torch.autograd.grad(vectors.square().sum() + loss.sum(), z)[0]

    for ours_found, theirs_found in zip(mine(), package(), strict=True):
        torch.testing.assert_close(ours_found, theirs_found)
    return package, mine


def main() -> None:
    """Time and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="one document, for benchmarks/results.py")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    columns = ("what", "the package, ms", "ours, ms", "ratio", "lowest to highest", "aim: at most 1")
    report = Report("codebooks", columns, as_json=arguments.json)
    for count, entries in ((400, 32), (400, 256), (4_096, 512)):
        works = codebooks(count, entries)
        timed = [[sum(seconds(work) for _ in range(10)) / 10 for work in works] for _ in range(arguments.rounds)]
        ratios = [second / first for first, second in timed]
        best = [f"{1000 * statistics.median(column):,.2f}" for column in zip(*timed, strict=True)]
        report.say(
            f"{count:,} vectors, {entries} entries, forward and backward", *best, f"{statistics.median(ratios):.2f}",
            f"{min(ratios):.2f} to {max(ratios):.2f}", "met" if statistics.median(ratios) <= 1 else "**missed**",
        )  # fmt: skip
    report.end()


if __name__ == "__main__":
    main()
