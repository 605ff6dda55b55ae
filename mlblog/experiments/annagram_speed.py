"""How fast the pointer transformer trains, against the same network built from `torch.nn` modules."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from mlblog.data.anagrams import Batch, Batches, by_length, encode, split
from mlblog.data.words import DIGEST, load_words
from mlblog.experiments.annagram import FULL, SMOKE
from mlblog.lab import Run, experiment
from mlblog.losses.pointer import letter_nll
from mlblog.models.pointer import ALPHABET, PointerTransformer
from mlblog.models.pointer_modules import ModulePointerTransformer

PAD = ALPHABET + 1
Loss = Callable[[], tuple[Tensor, int]]  # the loss of a new batch, and its letters


@experiment(
    smoke={"longest": 4, "rounds": 2, "steps": 1, "letters": 256, **SMOKE},
    small={"longest": 6, "rounds": 15, "steps": 5},
    full={"longest": 11, "rounds": 15, "steps": 10, "letters": 16_384, **FULL},
    seeds=1,  # what varies is the machine, and the rounds show that
)
def anagram_speed(
    run: Run,
    *,
    longest: int,
    rounds: int,
    steps: int,
    width: int = 64,
    heads: int = 4,
    layers: int = 2,
    hidden: int = 128,
    letters: int = 1_024,
    seed: int,
) -> None:
    """Time training steps of our modules and of torch's, in turn, on the same words.

    Args:
        run: of the lab.
        longest: letters of the longest word.
        rounds: how often each way is timed.
        steps: training steps in each timing.
        width: D of all networks.
        heads: attention heads.
        layers: blocks of the encoder and of the decoder.
        hidden: width of the feed-forward layers.
        letters: letters per batch.
        seed: of the initial weights and the order of the words.
    """
    run.uses("words.txt.gz", DIGEST)
    words = split(load_words(longest=longest)).train
    data = {length: encode(part).to(run.device) for length, part in by_length(words).items()}
    ours = PointerTransformer(width=width, heads=heads, layers=layers, hidden=hidden, memory="last", looks="all").to(
        run.device
    )
    modules, padded = (
        ModulePointerTransformer(width=width, heads=heads, layers=layers, hidden=hidden).to(run.device)
        for _ in range(2)
    )
    ways = {
        "ours": (ours, _one_length(ours, Batches(data, letters=letters, seed=seed))),
        "modules": (modules, _one_length(modules, Batches(data, letters=letters, seed=seed))),
        "padded": (padded, _mixed_lengths(padded, words, letters, seed, run.device)),
    }
    rates = {name: np.zeros(rounds) for name in ways}
    timers = {name: _timer(net, loss, run.device) for name, (net, loss) in ways.items()}
    for timer in timers.values():
        timer(1)  # the first step allocates
    for turn in run.progress(range(rounds), "time"):
        for name, timer in timers.items():
            rates[name][turn] = timer(steps)
    run.measure(
        **{f"letters_per_second_{name}": float(np.median(rate)) for name, rate in rates.items()},
        **{f"rates_{name}": rate for name, rate in rates.items()},
        faster_than_modules=float(np.median(rates["ours"] / rates["modules"])),
        faster_than_padded=float(np.median(rates["ours"] / rates["padded"])),
    )


def _timer(net: nn.Module, loss: Loss, device: str) -> Callable[[int], float]:
    """Return a function that takes some training steps and gives the letters trained on in a second."""
    optimizer = torch.optim.AdamW(net.parameters(), fused=True)

    def timed(steps: int) -> float:
        trained = 0
        _wait(device)
        started = time.perf_counter()
        for _ in range(steps):
            value, letters = loss()
            optimizer.zero_grad()
            value.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
            optimizer.step()
            trained += letters
        _wait(device)
        return trained / (time.perf_counter() - started)

    return timed


def _one_length(net: nn.Module, batches: Batches) -> Loss:
    """Losses on batches of one length each, as the solver is trained."""

    def loss() -> tuple[Tensor, int]:
        batch = next(batches)
        return letter_nll(net(batch.letters, batch.words), batch.letters, batch.words).mean(), batch.words.numel()

    return loss


def _mixed_lengths(net: nn.Module, words: Sequence[str], letters: int, seed: int, device: str) -> Loss:
    """Losses on batches of words drawn from all lengths, padded to the longest, with as many letters on average."""
    table = _pad(words).to(device)
    rng = np.random.default_rng(seed)
    size = round(letters * len(words) / sum(map(len, words)))

    def loss() -> tuple[Tensor, int]:
        rows = torch.from_numpy(rng.integers(len(words), size=size)).to(device)
        given, spelled = table.letters[rows], table.words[rows]
        real = spelled != PAD
        per_letter = letter_nll(net(given, spelled, ~real), given, spelled)
        return (per_letter * real).sum() / real.sum(), int(real.sum())

    return loss


def _pad(words: Sequence[str]) -> Batch:
    longest = max(map(len, words))
    spelled = torch.full((len(words), longest), PAD)
    row = 0
    for length, part in by_length(words).items():
        spelled[row : row + len(part), :length] = encode(part).words
        row += len(part)
    return Batch(spelled.sort(dim=1).values, spelled)


def _wait(device: str) -> None:
    """A GPU's clock is read when it has done what it was given."""
    if device == "cuda":
        torch.cuda.synchronize()
