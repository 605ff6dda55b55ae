"""Norms of examples' gradients, by products of layers and by making each gradient, timed in turn in one run.

    OMP_NUM_THREADS=1 python benchmarks/gradients.py [--rounds 9] [--json]

Seconds are those at work, of one thread; ratios are medians of the ratios of neighbours, against a plain backward pass
over the same batch, which makes the mean gradient alone. Both ways are checked to agree first.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from results import Report
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from mlblog.numerics.per_example import per_example_grad_norms


def each(outputs: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of each example; of an example of several places, of the mean output."""
    return F.cross_entropy(outputs if outputs.ndim == 2 else outputs.mean(1), targets, reduction="none")


def one_by_one(net: nn.Module, x: Tensor, targets: Tensor) -> Tensor:
    """The norms, from a gradient for each example."""
    weights = {name: weight.detach() for name, weight in net.named_parameters()}

    def of_one(given: dict[str, Tensor], one: Tensor, target: Tensor) -> Tensor:
        return each(functional_call(net, given, (one[None],)), target[None])[0]

    found = vmap(grad(of_one), in_dims=(None, 0, 0))(weights, x, targets)
    return torch.stack([g.flatten(1).square().sum(1) for g in found.values()]).sum(0).sqrt()


def plain(net: nn.Module, x: Tensor, targets: Tensor) -> tuple[Tensor, ...]:
    """The mean gradient."""
    return torch.autograd.grad(each(net(x), targets).mean(), list(net.parameters()))


def seconds(work: Callable[[], object]) -> float:
    """Seconds that the CPU works on one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def cases() -> dict[str, tuple[nn.Module, Tensor]]:
    """Networks and what they are given: dense on digits, wide, and weights shared by places."""
    torch.manual_seed(0)
    small = nn.Sequential(nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 10))
    wide = nn.Sequential(nn.Linear(256, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))
    along = nn.Sequential(nn.Linear(128, 256), nn.GELU(), nn.Linear(256, 10))
    return {
        "64-32-10, 600 digits": (small, torch.randn(600, 64)),
        "256-512-512-10, 128 examples": (wide, torch.randn(128, 256)),
        "128-256-10 at 16 places, 64 examples": (along, torch.randn(64, 16, 128)),
        "128-256-10 at 256 places, 16 examples": (along, torch.randn(16, 256, 128)),
    }


def main() -> None:
    """Check, time and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true", help="one document, for benchmarks/results.py")
    arguments = parser.parse_args()
    columns = (
        "network",
        "mean gradient",
        "norms by products / it",
        "gradients one by one / it",
        "products / one by one",
    )
    report = Report("gradients", columns, as_json=arguments.json)
    for name, (net, x) in cases().items():
        targets = torch.randint(10, (len(x),))
        ways: list[Callable[[], object]] = [
            lambda net=net, x=x, y=targets: plain(net, x, y),
            lambda net=net, x=x, y=targets: per_example_grad_norms(net, each, x, y),
            lambda net=net, x=x, y=targets: one_by_one(net, x, y),
        ]
        torch.testing.assert_close(ways[1](), ways[2](), rtol=1e-4, atol=1e-7)
        for way in ways:
            way()  # warm
        turns = [[seconds(way) for way in ways] for _ in range(arguments.rounds)]
        mean, products, single = zip(*turns, strict=True)

        def ratio(a: tuple[float, ...], b: tuple[float, ...]) -> str:
            return f"{statistics.median(p / q for p, q in zip(a, b, strict=True)):.2f}"

        took = f"{statistics.median(mean) * 1e3:.1f} ms"
        report.say(name, took, ratio(products, mean), ratio(single, mean), ratio(products, single))
    report.end()


if __name__ == "__main__":
    main()
