"""Four kinds of blocks on one task of memory, over learning rates that are right for none of them and for all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.data.corridor import draw_corridors
from mlblog.lab import Run, experiment
from mlblog.models.gated_transformer import GTrXLBlock, IdentityBlock
from mlblog.models.transformer_xl import ResidualBlock, TransformerXL

SIGNS, WALLS, HEADS = 4, 4, 2
TEST, VALIDATION = 9_999, 9_998  # in place of a seed: all networks are asked the same questions
BLOCKS = ("residual", "identity", "gated", "ungated start")


@experiment(
    smoke={"steps": 2, "batch": 4, "width": 8, "layers": 1, "asked": 20, "rates": [1e-3, 1e-2]},
    small={"steps": 80, "rates": [1e-3, 3e-3, 1e-2, 3e-2]},
    full={"steps": 4_000, "batch": 256, "width": 256, "layers": 12, "rates": [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]},
    seeds=3,
)
def gate_rates(
    run: Run,
    *,
    steps: int,
    rates: list[float],
    segment: int = 12,
    segments: int = 2,
    memory: int = 24,
    batch: int = 32,
    width: int = 32,
    layers: int = 4,
    asked: int = 1_000,
    seed: int,
) -> None:
    """Train each kind of block at each rate, constant from the first step, to tell what was on the sign.

    Args:
        run: of the lab.
        steps: of Adam, on a new batch each.
        rates: tried.
        segment: T, steps of a corridor that are read at once.
        segments: in a corridor.
        memory: M, places that each layer keeps.
        batch: corridors in a step.
        width: D.
        layers: of the network.
        asked: corridors to be validated on, and to be tested on.
        seed: of the initial weights and the corridors.
    """
    length = segment * segments
    questions = [_corridors(asked, length, [part, length]) for part in (VALIDATION, TEST)]
    found = np.zeros((2, len(BLOCKS), len(rates)))
    parameters = []
    for kind, rate in run.progress([(kind, rate) for kind in BLOCKS for rate in rates], "train"):
        torch.manual_seed(seed)
        net = _network(kind, width, layers, memory)
        optimizer = torch.optim.Adam(net.parameters(), lr=rate, fused=True)
        for step in range(steps):
            walked, signs = _corridors(batch, length, [seed, step])
            loss = F.cross_entropy(answers(net, walked, segment), signs)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
            optimizer.step()
        with torch.inference_mode():
            for part, (walked, signs) in enumerate(questions):
                right = answers(net, walked, segment).argmax(-1) == signs
                found[part, BLOCKS.index(kind), rates.index(rate)] = float(right.double().mean())
        parameters.append(sum(parameter.numel() for parameter in net.parameters()))
    run.save(rates=np.array(rates), validation=found[0], right=found[1], parameters=np.array(parameters[:: len(rates)]))


def answers(net: TransformerXL, walked: Tensor, segment: int) -> Tensor:
    """Read corridors segment by segment: logits of the signs at the last step, (n, signs)."""
    memory = None
    for some in torch.split(walked, segment, dim=1):
        logits, memory = net(some, memory)
    last: Tensor = logits[:, -1, :SIGNS]
    return last


def _corridors(count: int, length: int, seeds: list[int]) -> tuple[Tensor, Tensor]:
    drawn = draw_corridors(count, length=length, signs=SIGNS, walls=WALLS, rng=np.random.default_rng(seeds))
    return torch.from_numpy(drawn.steps), torch.from_numpy(drawn.signs)


def _network(kind: str, width: int, layers: int, memory: int) -> TransformerXL:
    """As many parameters in each: the gates have what is left out of the feed-forward layers."""
    makers: dict[str, Callable[[], nn.Module]] = {
        "residual": lambda: ResidualBlock(width, HEADS, 8 * width),
        "identity": lambda: IdentityBlock(width, HEADS, 8 * width),
        "gated": lambda: GTrXLBlock(width, HEADS, 2 * width),
        "ungated start": lambda: GTrXLBlock(width, HEADS, 2 * width, bias=0.0),
    }
    return TransformerXL(symbols=SIGNS + WALLS + 1, width=width, layers=layers, memory=memory, block=makers[kind])
