"""Captioned shapes, which captions are held out, and two networks that judge pictures: a reader and a matcher.

Dimensions: n pictures of S × S pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from mlblog.data.shapes import COLOURS, KINDS, make_shapes
from mlblog.losses.contrastive import nt_xent
from mlblog.models.text_to_image import TextConditioner
from mlblog.training.curves import Curves
from mlblog.training.schedule import warmup_cosine
from mlblog.training.trainer import train

SIDE, LENGTH = 12, 5
USED = (KINDS.index("circle"), KINDS.index("triangle"))  # that can be told from each other on so few pixels
WORDS = (*COLOURS, *KINDS, "left", "right", "above", "below")
#: Axis, and colour and kind of both shapes, the left or upper one first: how many of each there are.
READ = (2, len(COLOURS), len(KINDS), len(COLOURS), len(KINDS))
#: Of the 24 shapes the red circle and the blue triangle: no rival sees them, though it sees their colours and kinds.
NEW_SHAPES = (0, 10)
SHARE_NEW = 0.15  # of the pairs of other shapes
GROUPS = ("seen", "new pair", "new shape")
JUDGE_RATE, JUDGE_BATCH, GRAIN, TEMPERATURE = 3e-3, 128, 0.2, 0.1
TRAIN, VALIDATION, TEST, JUDGED = 1_000, 2_000, 3_000, 4_000  # seeds of the pictures
PIECE = 10_000  # pictures drawn at once


class Captioned(NamedTuple):
    """Pictures of two shapes.

    Attributes:
        images: (n, 3, S, S), in -1 to 1.
        words: (n, 5), which of `WORDS`.
    """

    images: Tensor
    words: Tensor

    def where(self, chosen: Tensor) -> Captioned:
        """Those of a mask or of indices."""
        return Captioned(self.images[chosen], self.words[chosen])


def captioned(drawn: int, *, seed: int, device: str = "cpu") -> Captioned:
    """The pictures of two shapes of the `USED` kinds among `drawn`, a quarter of them."""
    parts = []
    for piece in range(0, drawn, PIECE):
        shapes = make_shapes(min(PIECE, drawn - piece), side=SIDE, fewest=2, most=2, seed=seed + piece // PIECE)
        images = torch.from_numpy(shapes.images).permute(0, 3, 1, 2).float() / 127.5 - 1
        words = torch.tensor([words_of(caption) for caption in shapes.captions])
        used = torch.isin(torch.from_numpy(shapes.kinds), torch.tensor(USED)).all(1)
        parts.append(Captioned(images, words).where(used))
    return Captioned(*(torch.cat(column).to(device) for column in zip(*parts, strict=True)))


def words_of(caption: str) -> list[int]:
    """Which of `WORDS` a caption has; "of" says nothing."""
    return [WORDS.index(word) for word in caption.split() if word != "of"]


def caption_of(words: list[int]) -> str:
    """The caption of five words."""
    said = [WORDS[word] for word in words]
    return " ".join([*said[:2], said[2] + (" of" if said[2] in ("left", "right") else ""), *said[3:]])


def told(words: Tensor) -> Tensor:
    """What captions say, in whatever order they say it: (n, 5) words to (n, 5) of `READ`."""
    first, relation, second = words[:, :2], words[:, 2] - len(COLOURS) - len(KINDS), words[:, 3:]
    other_way = (relation % 2 == 1)[:, None]  # right of, below
    shift = torch.tensor([0, len(COLOURS)], device=words.device)
    before = torch.where(other_way, second, first) - shift
    after = torch.where(other_way, first, second) - shift
    return torch.cat((relation[:, None] // 2, before, after), dim=1)


def turned(words: Tensor) -> Tensor:
    """Captions (n, 5) with the opposite relation, which are wrong where shapes differ: (n, 5)."""
    first = len(COLOURS) + len(KINDS)  # left, right, above and below, from an even place on
    other = words.clone()
    other[:, 2] = first + ((words[:, 2] - first) ^ 1)
    return other


def shapes_of(read: Tensor) -> Tensor:
    """Which two of the 24 shapes, the lower number first: (n, 5) of `READ` to (n, 2)."""
    pair = read[:, [1, 3]] * len(KINDS) + read[:, [2, 4]]
    return pair.sort(1).values


def groups_of(words: Tensor) -> Tensor:
    """Which of `GROUPS` captions (n, 5) belong to, (n,)."""
    pair = shapes_of(told(words))
    number = len(COLOURS) * len(KINDS)
    draws = torch.rand(number, number, generator=torch.Generator().manual_seed(0)).to(words.device)  # in every run
    new_pair = draws[pair[:, 0], pair[:, 1]] < SHARE_NEW
    new_shape = torch.isin(pair, torch.tensor(NEW_SHAPES, device=words.device)).any(1)
    return torch.where(new_shape, 2, new_pair.long())


def fulfilled(read: Tensor, words: Tensor) -> dict[str, float]:
    """What of their captions pictures show, as shares.

    Args:
        read: (n, 5) of `READ`.
        words: (n, 5).

    Returns:
        Pictures with both `colours`, with both `kinds`, and with both `shapes` wherever these are; those whose shapes
        are `placed` as said, among the pictures with the right two shapes that differ; and those with `all` as said.
    """
    asked = told(words)
    right = (shapes_of(read) == shapes_of(asked)).all(1)
    differ = right & (asked[:, [1, 2]] != asked[:, [3, 4]]).any(1)
    whole = (read == asked).all(1)
    found = {
        "colours": (read[:, [1, 3]].sort(1).values == asked[:, [1, 3]].sort(1).values).all(1),
        "kinds": (read[:, [2, 4]].sort(1).values == asked[:, [2, 4]].sort(1).values).all(1),
        "shapes": right,
        "placed": whole[differ],
        "all": whole,
    }
    return {name: share.double().mean().item() if len(share) else 0.0 for name, share in found.items()}


class Trunk(nn.Sequential):
    """Convolutions over a picture, (n, 3, S, S) to (n, outputs)."""

    def __init__(self, outputs: int, hidden: int) -> None:
        super().__init__(
            nn.Conv2d(3, hidden, 3, padding=1), nn.SiLU(),
            nn.Conv2d(hidden, 2 * hidden, 4, stride=2, padding=1), nn.SiLU(),
            nn.Conv2d(2 * hidden, 2 * hidden, 3, padding=1), nn.SiLU(),
            nn.Conv2d(2 * hidden, 2 * hidden, 4, stride=2, padding=1), nn.SiLU(), nn.Flatten(),
            nn.Linear(2 * hidden * (SIDE // 4) ** 2, 6 * hidden), nn.SiLU(), nn.Linear(6 * hidden, outputs),
        )  # fmt: skip


class Matcher(nn.Module):
    """A picture and a caption as two vectors, which are near if one says what the other shows."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.look = Trunk(2 * hidden, hidden)
        self.text = TextConditioner(words=len(WORDS), length=LENGTH, width=2 * hidden, heads=2, layers=1)
        self.say = nn.Linear(2 * hidden * LENGTH, 2 * hidden)

    def forward(self, images: Tensor, words: Tensor) -> Tensor:
        """(2, n, D): of pictures, and of captions."""
        return torch.stack((self.look(images), self.say(self.text(words).flatten(1))))

    @torch.no_grad()
    def near(self, images: Tensor, words: Tensor) -> Tensor:
        """The cosine of each picture and its caption, (n,)."""
        looked, said = self(images.clamp(-1, 1), words)
        return F.cosine_similarity(looked, said, dim=-1)


def fit_reader(known: Captioned, held: Captioned, *, hidden: int, steps: int, seed: int) -> Trunk:
    """A network that reads axis, colours and kinds, from pictures with grain: those of the rivals have some."""
    torch.manual_seed(seed)
    net = Trunk(sum(READ), hidden).to(known.images.device)

    def loss(some: Captioned, grain: float) -> Tensor:
        images = some.images + grain * torch.rand(len(some.words), 1, 1, 1) * torch.randn(some.images.shape)
        heads, asked = torch.split(net(images), list(READ), dim=1), told(some.words)
        return torch.stack([F.cross_entropy(head, asked[:, i]) for i, head in enumerate(heads)]).sum()

    _fit_judge(net, lambda rows: loss(known.where(rows), GRAIN), lambda: loss(held, 0.0), len(known.words), steps)
    return net


def fit_matcher(known: Captioned, held: Captioned, *, hidden: int, steps: int, seed: int) -> Matcher:
    """A network that compares pictures with captions, by the contrastive loss with both as two views."""
    torch.manual_seed(seed)
    net = Matcher(hidden).to(known.images.device)

    def loss(some: Captioned) -> Tensor:
        return nt_xent(net(some.images, some.words), temperature=TEMPERATURE).mean()

    few = held.where(torch.arange(min(JUDGE_BATCH, len(held.words))))
    _fit_judge(net, lambda rows: loss(known.where(rows)), lambda: loss(few), len(known.words), steps)
    return net


def _fit_judge(
    net: nn.Module, loss: Callable[[Tensor], Tensor], validate: Callable[[], Tensor], count: int, steps: int
) -> None:
    optimizer = torch.optim.AdamW(net.parameters(), lr=JUDGE_RATE, weight_decay=0.01, fused=True)
    train(
        Curves(), net, lambda _: loss(torch.randint(count, (JUDGE_BATCH,))), optimizer, steps=steps,
        every=max(1, steps // 8), validate=lambda: float(validate()),
        rate=lambda step: JUDGE_RATE * warmup_cosine(step, steps=steps),
    )  # fmt: skip


@torch.inference_mode()
def read_by(net: Trunk, images: Tensor) -> Tensor:
    """What a reader reads of pictures: (n, 3, S, S) to (n, 5) of `READ`."""
    pieces = images.clamp(-1, 1).tensor_split(max(1, len(images) // 512))
    heads = torch.split(torch.cat([net(some) for some in pieces]), list(READ), dim=1)
    return torch.stack([head.argmax(1) for head in heads], dim=1)


def variety(images: Tensor) -> float:
    """Root mean squared distance of a colour's level from its mean over draws, of levels in 0 to 1.

    Args:
        images: (M, B, 3, S, S), M draws for each of B captions, in -1 to 1.
    """
    return ((images - images.mean(0)).square().mean().sqrt() / 2).item()


def kept(images: Tensor) -> NDArray[np.uint8]:
    """Pictures (…, 3, S, S) for a record: levels, (…, S, S, 3)."""
    levels: NDArray[np.uint8] = ((images.clamp(-1, 1) + 1) * 127.5).round().byte().movedim(-3, -1).cpu().numpy()
    return levels
