"""A character model of Python source that reads in segments: what the memory of earlier ones is worth."""

from __future__ import annotations

import lzma
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from mlblog.data.stdlib import SYMBOLS, Source, decode, load_source
from mlblog.lab import Run, experiment
from mlblog.models.transformer_xl import ResidualBlock, TransformerXL
from mlblog.training.schedule import warmup_cosine
from mlblog.training.trainer import Recorder, train

#: Memory and segment of each network; the last two have the same number of queries times keys in a step.
NETWORKS = ((0, 64), (128, 64), (64, 64), (0, 128))
RATES = (3e-3, 1e-2, 3e-2)
TRACKS = 16  # in which a text is read side by side, to be scored
SMOKE = {"characters": 256, "width": 16, "hidden": 16, "asked": 13_000}
FULL = {"width": 512, "hidden": 2_048, "layers": 12, "characters": 32_768, "asked": 300_000}


@experiment(smoke={"steps": 2, **SMOKE}, small={"steps": 100}, full={"steps": 4_000, **FULL}, seeds=1)
def memory_rates(
    run: Run,
    *,
    steps: int,
    characters: int = 1_024,
    width: int = 64,
    hidden: int = 256,
    layers: int = 2,
    asked: int = 32_000,
    seed: int,
) -> None:
    """Train each network shortly at each of the `RATES`, and keep the validation losses: the grid of its peak rate.

    Args:
        run: of the lab.
        steps: training steps at each rate.
        characters: as in `memory_segments`; so are the others.
        width: D.
        hidden: width of the feed-forward layers.
        layers: of the network.
        asked: characters of the validation text.
        seed: of the initial weights and of where reading begins.
    """
    run.save(rates=np.array(RATES))
    source = load_source()
    for memory, segment in run.progress(NETWORKS, "tune"):
        found = []
        for rate in RATES:
            torch.manual_seed(seed)
            net = _network(width, hidden, layers, memory).to(run.device)
            _train(_Trial(), net, source, rate=rate, steps=steps, characters=characters, segment=segment, asked=asked,
                   seed=seed)  # fmt: skip
            with torch.inference_mode():
                found.append(float(bits_by_place(net, source.validation[:asked], segment).mean()))
        run.save(**{f"validation_{memory}_{segment}": np.array(found)})
        run.save(**{f"rate_{memory}_{segment}": RATES[int(np.argmin(found))]})


@experiment(
    smoke={"steps": 4, "contexts": [2, 64], "targets": 9, **SMOKE},
    small={"steps": 450, "contexts": [1, 2, 4, 8, 16, 32, 64, 128], "targets": 1_000},
    full={"steps": 40_000, "contexts": [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024], "targets": 20_000, **FULL},
    seeds=3,
    variants=({"memory": 0}, {"memory": 128}, {"memory": 0, "segment": 128}),
    reads=["memory_rates"],
)
def memory_segments(
    run: Run,
    *,
    steps: int,
    contexts: list[int],
    targets: int,
    memory: int = 64,
    segment: int = 64,
    characters: int = 1_024,
    width: int = 64,
    hidden: int = 256,
    layers: int = 2,
    asked: int = 128_000,
    seed: int,
) -> None:
    """Train a network on segments with a memory, and ask what the next character costs it, by what it can look back at.

    Args:
        run: of the lab.
        steps: training steps.
        contexts: numbers of characters before a target, each tried on the same targets.
        targets: characters of the test text that are asked about with each context.
        memory: M, places that each layer keeps of what came before a segment.
        segment: T, characters read at once.
        characters: of all segments in a step; these are as many as fit.
        width: D.
        hidden: width of the feed-forward layers.
        layers: of the network.
        asked: characters of the test text and of the validation text.
        seed: of the initial weights and of where reading begins.
    """
    rate = float(memory_rates.runs(scale=run.scale).mean(f"rate_{memory}_{segment}"))
    net, source = _network(width, hidden, layers, memory).to(run.device), load_source()
    _train(run, net, source, rate=rate, steps=steps, characters=characters, segment=segment, asked=asked, seed=seed)
    test = source.test[:asked]
    with torch.inference_mode():
        by_place = bits_by_place(net, test, segment)
        run.save(
            bits=float(by_place.mean()),
            by_place=by_place,
            contexts=np.array(contexts),
            by_context=np.array([bits_after(net, test, segment, context, max(contexts), targets)
                                 for context in run.progress(contexts, "ask")]),
            parameters=sum(parameter.numel() for parameter in net.parameters()),
            rate=rate,
        )  # fmt: skip


@experiment(
    smoke={"asked": 5_000, "read": 9_000, "most": 12_000}, small={"read": 460_800}, full={"read": 5_000_000}, seeds=1
)
def source_compressed(run: Run, *, read: int, most: int = 10_000_000, asked: int = 128_000, seed: int) -> None:
    """Compress the test text with xz: alone, after as much training text as a network reads, and after all of it.

    What a text costs after another is the size of both in one file less that of the other alone.

    Args:
        run: of the lab.
        read: characters of the training text, from its start, as many as a network reads.
        most: characters of the training text at most.
        asked: characters of the test text.
        seed: changes nothing.
    """
    source = load_source()
    test = source.test[:asked]
    for name, before in {"alone": 0, "after_read": read, "after_all": most}.items():
        known = source.train[:before]
        run.save(**{name: 8 * (compressed_size(np.concatenate((known, test))) - compressed_size(known)) / len(test)})


def compressed_size(codes: NDArray[np.uint8]) -> int:
    """Bytes that xz makes of a text at its highest setting, without container and check; none of no text."""
    if not len(codes):
        return 0
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}]
    return len(lzma.compress(decode(codes).encode(), format=lzma.FORMAT_RAW, filters=filters))


def bits_by_place(net: TransformerXL, text: NDArray[np.uint8], segment: int) -> NDArray[np.float64]:
    """Mean bits a character costs, by its place in its segment, read on with the network's memory.

    Args:
        net: on any device.
        text: (n,) codes, read in `TRACKS` tracks of whole segments.
        segment: T.

    Returns:
        (T,), over all segments of all tracks, the first of a track, without memory, among them.
    """
    tracks, memory = _tracks(text, TRACKS, 0), None
    count = (tracks.shape[1] - 1) // segment
    total = torch.zeros(segment, dtype=torch.float64)
    for place in range(count):
        given = tracks[:, place * segment : (place + 1) * segment + 1].to(_device(net))
        logits, memory = net(given[:, :-1], memory)
        total += _nats(logits, given[:, 1:]).double().sum(0).cpu()
    return (total / (count * TRACKS * math.log(2))).numpy()


def bits_after(
    net: TransformerXL, text: NDArray[np.uint8], segment: int, context: int, longest: int, targets: int
) -> float:
    """Mean bits that a character costs after exactly `context` characters, read in segments that end at it.

    Args:
        net: on any device.
        text: (n,) codes.
        segment: T.
        context: at least 1.
        longest: of all contexts that are to be compared: the targets, spread evenly, have at least as many before them.
        targets: how many.
    """
    places = np.linspace(longest, len(text) - 1, targets).astype(np.int64)
    total = 0.0
    for some in np.array_split(places, max(1, targets // 250)):
        windows = torch.from_numpy(np.stack([text[place - context : place + 1] for place in some]).astype(np.int64))
        windows, memory = windows.to(_device(net)), None
        for given in torch.split(windows[:, :-1], segment, dim=1):
            logits, memory = net(given, memory)
        total += float(_nats(logits[:, -1:], windows[:, -1:]).double().sum())
    return total / (targets * math.log(2))


class _Reader:
    """The training text in tracks, read segment by segment, and what the network remembers of it."""

    def __init__(self, text: NDArray[np.uint8], batch: int, segment: int, seed: int) -> None:
        self.tracks, self.segment, self.memory = _tracks(text, batch, seed), segment, torch.zeros(0)

    def loss(self, net: TransformerXL, step: int) -> Tensor:
        """Mean nats of a character of the next segments; a track that ends begins again."""
        start = step % ((self.tracks.shape[1] - 1) // self.segment) * self.segment
        given = self.tracks[:, start : start + self.segment + 1].to(_device(net))
        logits, self.memory = net(given[:, :-1], self.memory if len(self.memory) else None)
        return _nats(logits, given[:, 1:]).mean()

    def state_dict(self) -> dict[str, Any]:
        return {"memory": self.memory}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.memory = state["memory"]


class _Trial:
    """What a run that only finds a rate records: nothing."""

    def checkpoint(self, **parts: Any) -> _Trial:
        return self

    def steps(self, stop: int, label: str, /) -> range:
        return range(stop)

    def log(self, *, step: int, **values: Any) -> None:
        pass


def _train(
    recorder: Recorder,
    net: TransformerXL,
    source: Source,
    *,
    rate: float,
    steps: int,
    characters: int,
    segment: int,
    asked: int,
    seed: int,
) -> None:
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, fused=True)
    reader = _Reader(source.train, characters // segment, segment, seed)
    validation = source.validation[: asked // 4]
    train(
        recorder, net, lambda step: reader.loss(net, step), optimizer, steps=steps, every=max(1, steps // 6), clip=1.0,
        validate=lambda: float(bits_by_place(net, validation, segment).mean()), reader=reader,
        rate=lambda step: rate * warmup_cosine(step, steps=steps),
    )  # fmt: skip


def _network(width: int, hidden: int, layers: int, memory: int) -> TransformerXL:
    return TransformerXL(
        symbols=SYMBOLS, width=width, layers=layers, memory=memory, block=lambda: ResidualBlock(width, 2, hidden)
    )


def _tracks(text: NDArray[np.uint8], count: int, seed: int) -> Tensor:
    """A text, turned by as much as the seed says, as `count` pieces of one length: (count, length)."""
    turned = np.roll(text, -seed * 12_345)
    length = len(text) // count
    return torch.from_numpy(turned[: count * length].astype(np.int64)).view(count, length)


def _nats(logits: Tensor, right: Tensor) -> Tensor:
    """(B, T) of logits (B, T, V)."""
    return F.cross_entropy(logits.mT, right, reduction="none")


def _device(net: TransformerXL) -> torch.device:
    return net.norm.weight.device
