"""Propagation by a sparse operator against a dense one, and a layer against PyG's, forward and backward, in one run.

    OMP_NUM_THREADS=1 python benchmarks/graphs.py [--nodes 300,3000] [--rounds 9] [--json]

Seconds are those at work, of one thread; the ways of a row are timed in turn, and ratios are medians of the ratios of
neighbours: below 1, the sparse operator, or our layer, is faster. All are compared first: they give the same. The rival
of the layer is `GCNConv` of torch_geometric, where that is installed; nothing here needs it.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from results import Report
from torch import Tensor

from mlblog.data.blocks import draw_blocks
from mlblog.models.gcn import GraphConvolution, unchanged
from mlblog.numerics.propagation import propagate, symmetric_operator

DEGREE, WIDTHS = 10.0, (16, 64)
Work = Callable[[], object]


def seconds(work: Work) -> float:
    """Seconds that the CPU works on one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def both_ways(forward: Callable[[], Tensor], leaves: list[Tensor]) -> Work:
    """Return what runs forward and backward."""
    return lambda: torch.autograd.grad(forward().sum(), leaves)


def propagations(edges: Tensor, nodes: int, width: int) -> list[tuple[str, Work, Work]]:
    """A step of P X, sparse and dense; and a layer, ours and PyG's, where that is there."""
    sparse = symmetric_operator(edges, nodes).float()
    dense = sparse.to_dense()
    x = torch.randn(nodes, width, requires_grad=True)
    torch.testing.assert_close(propagate(sparse, x), dense @ x, rtol=0, atol=1e-5)
    rows = [("P X: sparse, dense", both_ways(lambda: propagate(sparse, x), [x]), both_ways(lambda: dense @ x, [x]))]
    with contextlib.suppress(ImportError):
        from torch_geometric.nn import GCNConv  # type: ignore[import-not-found, unused-ignore]

        ours, theirs = GraphConvolution(width, then=unchanged), GCNConv(width, width, bias=False, cached=True)
        theirs.lin.weight = ours.linear.weight
        index = torch.cat((edges, edges.flip(1))).T.contiguous()
        torch.testing.assert_close(ours(sparse, x, x), theirs(x, index), rtol=0, atol=1e-5)
        leaves = [x, ours.linear.weight]
        layer = both_ways(lambda: ours(sparse, x, x), leaves)
        rows.append(("a layer: ours, torch_geometric", layer, both_ways(lambda: theirs(x, index), leaves)))
    return rows


def main() -> None:
    """Time and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", default="300,1200,4800", help="sizes of graphs, multiples of 4")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true", help="one document, for benchmarks/results.py")
    arguments = parser.parse_args()
    columns = ("what: one way, the other", "nodes", "features", "one, ms", "other, ms", "ratio", "lowest to highest")
    report = Report("graphs", columns, as_json=arguments.json)
    for nodes in map(int, arguments.nodes.split(",")):
        drawn = draw_blocks(nodes, classes=4, degree=DEGREE, homophily=0.7, features=4, signal=1.0,
                            rng=np.random.default_rng(0))  # fmt: skip
        for width in WIDTHS:
            torch.manual_seed(0)
            for name, one, other in propagations(torch.from_numpy(drawn.edges), nodes, width):
                for work in (one, other):
                    work()  # warm
                turns = [(seconds(one), seconds(other)) for _ in range(arguments.rounds)]
                ratios = sorted(a / b for a, b in turns)
                middle = [1e3 * statistics.median(way) for way in zip(*turns, strict=True)]
                report.say(
                    name, f"{nodes:,}", str(width), f"{middle[0]:.2f}", f"{middle[1]:.2f}",
                    f"{statistics.median(ratios):.2f}", f"{ratios[0]:.2f} to {ratios[-1]:.2f}",
                )  # fmt: skip
    report.end()


if __name__ == "__main__":
    main()
