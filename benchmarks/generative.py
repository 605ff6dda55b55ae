"""Masked convolutions against those that compute only what is seen, and cached draws against whole passes.

    OMP_NUM_THREADS=1 python benchmarks/generative.py [--sides 8,16] [--rounds 3] [--json]

Seconds are those at work, of one thread; the two ways of a row are timed in turn, and the ratio is the median of the
ratios of neighbours: below 1, the second way is faster. Draws of both ways are compared first: they are the same.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from results import Report
from torch import Tensor

from mlblog.models.gated_pixelcnn import GatedPixelCNN, draw_pixels, draw_pixels_cached
from mlblog.models.masked_conv import MaskedConv2d
from mlblog.models.wavenet import WaveNet, fast_generate, generate

WIDTH, LAYERS, LEVELS, DRAWN, BATCH, SIDE = 24, 4, 17, 16, 16, 16
SAMPLES, DILATIONS = 300, [2**layer for layer in range(8)]
Work = Callable[[], object]


def seconds(work: Work) -> float:
    """Seconds that the CPU works on one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def cut(conv: MaskedConv2d, x: Tensor) -> Tensor:
    """What a masked convolution says, of two smaller ones: of the rows above, and of the row itself."""
    reach = conv.kernel_size[0] // 2
    above = F.conv2d(F.pad(x, (reach, reach, reach, 0))[:, :, :-1], conv.weight[:, :, :reach], conv.bias)
    left = F.conv2d(F.pad(x, (reach, 0)), conv.weight[:, :, reach : reach + 1, : reach + 1])
    return above + left


def convolutions(size: int) -> tuple[Work, Work]:
    """Both ways, forward and backward, after a look at whether they agree."""
    torch.manual_seed(0)
    conv = MaskedConv2d(WIDTH, 2 * WIDTH, size, here=True)
    x = torch.randn(BATCH, WIDTH, SIDE, SIDE, requires_grad=True)
    torch.testing.assert_close(cut(conv, x), conv(x), rtol=0, atol=1e-4)
    leaves = [x, conv.weight]

    def both(forward: Callable[[Tensor], Tensor]) -> Work:
        return lambda: torch.autograd.grad(forward(x).sum(), leaves)

    return both(conv), both(lambda inputs: cut(conv, inputs))


def draws(side: int) -> tuple[Work, Work]:
    """Both ways to draw images, after a look at whether they agree."""
    torch.manual_seed(0)
    net = GatedPixelCNN(1, LEVELS, levels=LEVELS, width=WIDTH, layers=LAYERS).double().eval()
    empty = torch.zeros(DRAWN, 1, side, side, dtype=torch.long)

    def drawn(way: Callable[..., Tensor]) -> Tensor:
        generator = torch.Generator().manual_seed(0)
        return way(net, empty, lambda said, *_: torch.multinomial(said.softmax(-1), 1, generator=generator))

    assert torch.equal(drawn(draw_pixels), drawn(draw_pixels_cached)), "the two ways draw different images"
    net.float()
    return lambda: drawn(draw_pixels), lambda: drawn(draw_pixels_cached)


def sounds() -> tuple[Work, Work]:
    """Both ways to draw sounds, after a look at whether they agree."""
    torch.manual_seed(0)
    net = WaveNet(levels=LEVELS, width=WIDTH, skip=WIDTH, dilations=DILATIONS).double().eval()

    def drawn(way: Callable[..., Tensor]) -> Tensor:
        return way(net, 1, SAMPLES, torch.Generator().manual_seed(0))

    assert torch.equal(drawn(generate), drawn(fast_generate)), "the two ways draw different sounds"
    net.float()
    return lambda: drawn(generate), lambda: drawn(fast_generate)


def main() -> None:
    """Time and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sides", default="8,16,24", help="of the images that are drawn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="one document, for benchmarks/results.py")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    columns = ("what", "whole, ms", "only what is new or seen, ms", "ratio", "lowest to highest")
    report = Report("generative", columns, as_json=arguments.json)
    rows: list[tuple[str, tuple[Work, Work]]] = [
        (f"masked convolution of {size} x {size}, forward and backward", convolutions(size)) for size in (3, 5, 7)
    ]
    rows += [(f"{DRAWN} draws of {side} x {side} pixels", draws(side)) for side in map(int, arguments.sides.split(","))]
    rows.append((f"{SAMPLES} samples by {len(DILATIONS)} layers that see {1 + sum(DILATIONS)}", sounds()))
    for name, (whole, new) in rows:
        timed = []
        for _ in range(arguments.rounds):
            many = 10 if "conv" in name else 1
            timed.append([sum(seconds(work) for _ in range(many)) / many for work in (whole, new)])
        ratios = [second / first for first, second in timed]
        best = [f"{1000 * statistics.median(column):,.1f}" for column in zip(*timed, strict=True)]
        report.say(name, *best, f"{statistics.median(ratios):.2f}", f"{min(ratios):.2f} to {max(ratios):.2f}")
    report.end()


if __name__ == "__main__":
    main()
