"""The two ways from captions to pictures: symbols one after another, and noise taken away; training and draws."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.experiments.captions_read import LENGTH, SIDE, WORDS, Captioned
from mlblog.experiments.diffusion import LEVELS
from mlblog.models.diffusion import noised, sampled, spaced
from mlblog.models.guidance import classifier_free_guidance
from mlblog.models.image_tokenizer import ImageTokenizer
from mlblog.models.text_to_image import TextConditioner, TokenPainter, draw_tokens
from mlblog.models.text_unet import TextUNet
from mlblog.models.vector_quantizer import VectorQuantizer
from mlblog.training.curves import Curves
from mlblog.training.schedule import warmup_cosine
from mlblog.training.trainer import train

GRID = SIDE // 4
HEADS, LAYERS, BOTTOM = 4, 3, 2  # of the decoder of symbols, and of the bottom of the U
LEFT_OUT = 0.1  # share of captions
CONTRAST = 2.0  # what pictures in -1 to 1 are multiplied by: most of their pixels are near 0
TAKEN = GRID**2  # steps from noise to a picture: as many calls of the network as there are symbols
FEATURES, HIDDEN, DECAY, RESTART, COMMITMENT, TOKEN_RATE = 8, 32, 0.97, 0.3, 0.25, 4e-3
BATCH = 64


class Rival(Protocol):
    """What draws pictures for captions."""

    @property
    def net(self) -> nn.Module:
        """What is trained."""

    def loss(self, some: Captioned, lost: Tensor) -> Tensor:
        """What it is trained by, on pictures of whose captions some are lost, (n,) boolean."""

    def draw(self, words: Tensor, strength: float, generator: torch.Generator) -> Tensor:
        """A picture for each caption: (n, 5) to (n, 3, S, S)."""


class Symbols(NamedTuple):
    """Pictures symbol by symbol."""

    net: TokenPainter
    tokenizer: ImageTokenizer

    def loss(self, some: Captioned, lost: Tensor) -> Tensor:
        """Nats a symbol."""
        with torch.no_grad():
            codes = self.tokenizer.quantizer(self.tokenizer.encode(some.images)).codes.flatten(1)
        logits = self.net(codes, self.net.text.left_out(some.words, lost))
        return F.cross_entropy(logits.flatten(0, 1), codes.flatten())

    @torch.inference_mode()
    def draw(self, words: Tensor, strength: float, generator: torch.Generator) -> Tensor:
        """By one draw of each symbol in turn."""
        codes = draw_tokens(self.net, words, generator, strength=strength)
        images: Tensor = self.tokenizer.decode(codes.view(-1, GRID, GRID)).clamp(-1, 1)
        return images


class Noise(NamedTuple):
    """Pictures out of noise."""

    net: TextUNet

    def loss(self, some: Captioned, lost: Tensor) -> Tensor:
        """Squared error of v a number: that of the noise over a, the share of variance that is kept."""
        levels = LEVELS.float().to(some.images.device)
        level = levels[torch.randint(1, len(levels), (len(some.words), 1, 1, 1))]
        noise = torch.randn_like(some.images)
        said = self.net(noised(CONTRAST * some.images, noise, level), level, self.net.text.left_out(some.words, lost))
        error: Tensor = (said - noise).square() / level
        return error.mean()

    @torch.inference_mode()
    def draw(self, words: Tensor, strength: float, generator: torch.Generator) -> Tensor:
        """By steps without fresh noise."""
        read, unread = self.net.text(words), self.net.text(torch.full_like(words, self.net.text.no_text))

        def denoise(x: Tensor, level: Tensor) -> Tensor:
            given = self.net.noise(x, level, read)
            if strength == 1:
                return given
            return classifier_free_guidance(self.net.noise(x, level, unread), given, strength=strength)

        start = torch.randn(len(words), 3, SIDE, SIDE, generator=generator).to(words.device)
        images: Tensor = sampled(denoise, start, spaced(LEVELS, TAKEN))[-1] / CONTRAST
        return images.clamp(-1, 1)


def text_of(width: int) -> TextConditioner:
    """The encoder of the words, the same for both."""
    return TextConditioner(words=len(WORDS), length=LENGTH, width=width, heads=HEADS, layers=1)


def fit_tokenizer(known: Captioned, held: Captioned, *, entries: int, steps: int, seed: int) -> ImageTokenizer:
    """Symbols for pictures: running means with restarts, started at encoded pictures."""
    torch.manual_seed(seed)
    book = VectorQuantizer(entries=entries, width=FEATURES, decay=DECAY, restart=RESTART)
    net = ImageTokenizer(3, hidden=HIDDEN, quantizer=book).to(known.images.device)
    with torch.no_grad():
        book.start_from(net.encode(known.images[: 2 * entries]).flatten(0, 2))

    def loss(images: Tensor) -> Tensor:
        made, quantized = net(images)
        error: Tensor = (made - images).square().flatten(1).sum(1) + COMMITMENT * quantized.commitment.sum((1, 2))
        return error.mean()

    optimizer = torch.optim.AdamW(net.parameters(), lr=TOKEN_RATE, weight_decay=0.01, fused=True)
    train(
        Curves(), net, lambda _: loss(known.images[torch.randint(len(known.words), (BATCH,))]), optimizer, steps=steps,
        every=max(1, steps // 8), validate=lambda: float(loss(held.images)),
        rate=lambda step: TOKEN_RATE * warmup_cosine(step, steps=steps),
    )  # fmt: skip
    return net


def symbols(tokenizer: ImageTokenizer, width: int, seed: int) -> Symbols:
    """An untrained decoder of symbols."""
    torch.manual_seed(seed)
    entries = len(tokenizer.quantizer.entries)
    net = TokenPainter(text_of(width), tokens=entries, places=TAKEN, width=width, heads=HEADS, layers=LAYERS)
    return Symbols(net.to(tokenizer.quantizer.entries.device), tokenizer)


def noise(width: int, seed: int, device: str) -> Noise:
    """An untrained denoiser."""
    torch.manual_seed(seed)
    net = TextUNet(text_of(width), side=SIDE, length=LENGTH, width=width, heads=HEADS, layers=BOTTOM)
    return Noise(net.to(device))


def fit(
    rival: Rival,
    known: Captioned,
    held: Captioned,
    *,
    rate: float,
    steps: int,
    seed: int,
    watch: Callable[[], float] | None = None,
) -> tuple[Curves, float]:
    """Train a rival; its curves, also of what `watch` finds at each point, and the processor's seconds of the steps.

    The weights are those that were best on validation, with the same noise each time.
    """
    curves, aside = Curves(), 0.0
    points: list[float] = []

    def step_loss(_: int) -> Tensor:
        rows = torch.randint(len(known.words), (BATCH,))
        return rival.loss(known.where(rows), (torch.rand(BATCH) < LEFT_OUT).to(known.words.device))

    def validate() -> float:
        nonlocal aside
        begun, state = time.process_time(), torch.get_rng_state()
        torch.manual_seed(seed)
        found = float(rival.loss(held, torch.zeros(len(held.words), dtype=torch.bool, device=held.words.device)))
        torch.set_rng_state(state)
        if watch is not None:
            points.append(watch())
        aside += time.process_time() - begun
        return found

    torch.manual_seed(seed + 1)
    begun = time.process_time()
    train(
        curves, rival.net, step_loss, torch.optim.AdamW(rival.net.parameters(), lr=rate, weight_decay=0.01, fused=True),
        steps=steps, every=max(1, steps // 8), clip=1.0, validate=validate,
        rate=lambda step: rate * warmup_cosine(step, steps=steps),
    )  # fmt: skip
    seconds = time.process_time() - begun - aside
    for step, point in zip(curves.steps_of("validation").astype(int), points, strict=False):
        curves.log(step=int(step), watched=point)
    return curves, seconds


def multiplications(rival: Rival, some: Captioned) -> float:
    """Multiply-adds of matrix products and convolutions in one training step, by torch's count."""
    from torch.utils.flop_counter import FlopCounterMode

    counter = FlopCounterMode(display=False)
    with counter:
        lost = torch.zeros(len(some.words), dtype=torch.bool, device=some.words.device)
        rival.loss(some, lost).backward()  # type: ignore[no-untyped-call]
    rival.net.zero_grad()
    return counter.get_total_flops() / 2
