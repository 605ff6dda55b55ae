"""Masked convolutions, cached draws and codebooks, each against another way to the same numbers, in one run.

    OMP_NUM_THREADS=1 python benchmarks/generative.py [--sides 8,16] [--rounds 3] [--json]

Seconds are those at work, of one thread; the two ways of a row are timed in turn, and the ratio is the median of the
ratios of neighbours: below 1, the second way is faster. Both ways are compared first: they give the same. The rival of
the codebook is the package `vector-quantize-pytorch`, of the extra `refs`.
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
from mlblog.models.vector_quantizer import VectorQuantizer
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
    parser.add_argument("--sides", default="8,16,24", help="of the images that are drawn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="one document, for benchmarks/results.py")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    columns = ("what: one way, the other", "one, ms", "other, ms", "ratio", "lowest to highest")
    report = Report("generative", columns, as_json=arguments.json)
    rows: list[tuple[str, int, tuple[Work, Work]]] = [
        (f"masked convolution of {size} x {size}: whole kernel, two kernels of what is seen", 10, convolutions(size))
        for size in (3, 5, 7)
    ]
    rows += [
        (f"{DRAWN} draws of {side} x {side} pixels: whole passes, cached", 1, draws(side))
        for side in map(int, arguments.sides.split(","))
    ]
    sees = 1 + sum(DILATIONS)
    rows.append((f"{SAMPLES} samples by {len(DILATIONS)} layers that see {sees}: whole passes, cached", 1, sounds()))
    rows += [
        (f"{count:,} vectors, codebook of {entries}: the package, ours", 10, codebooks(count, entries))
        for count, entries in ((400, 32), (400, 256), (4_096, 512))
    ]
    for name, many, ways in rows:
        timed = []
        for _ in range(arguments.rounds):
            timed.append([sum(seconds(work) for _ in range(many)) / many for work in ways])
        ratios = [second / first for first, second in timed]
        middle = [f"{1000 * statistics.median(column):,.1f}" for column in zip(*timed, strict=True)]
        report.say(name, *middle, f"{statistics.median(ratios):.2f}", f"{min(ratios):.2f} to {max(ratios):.2f}")
    report.end()


if __name__ == "__main__":
    main()
