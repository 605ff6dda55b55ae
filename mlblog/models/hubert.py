"""Masked prediction of units from a waveform: convolutions make frames, some are hidden, a transformer guesses theirs.

    p_t(c) ∝ exp(cos(A o_t, e_c) / τ),   L = - Σ_{t hidden} log p_t(z_t)

Dimensions: B sounds, T samples, F frames, D width, C units, E features of a codeword.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.models.transformer import EncoderBlock

#: 25 ms every 20 ms at 16 kHz, as published, and at 4 kHz.
LAYERS = {
    16_000: ((10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2)),
    4_000: ((10, 3, 3, 2, 2), (5, 2, 2, 2, 2)),
}


def field_and_hop(kernels: Sequence[int], strides: Sequence[int]) -> tuple[int, int]:
    """How many samples a frame sees, and from how many samples to the next it moves.

        hop = Π s_i,   field = 1 + Σ_i (k_i - 1) Π_{j<i} s_j

    Args:
        kernels: k, a layer each.
        strides: s, as many.

    Example:
        >>> [field_and_hop(*layers) for layers in LAYERS.values()]
        [(400, 320), (100, 80)]

    References:
        [baevski2020wav2vec], section 4.2; [hsu2021hubert], table I.
    """
    field, hop = 1, 1
    for kernel, stride in zip(kernels, strides, strict=True):
        field, hop = field + (kernel - 1) * hop, hop * stride
    return field, hop


def draw_spans(
    sounds: int, frames: int, *, share: float, length: int, generator: torch.Generator | None = None
) -> Tensor:
    """Frames to hide: spans that start at frames drawn without replacement, may overlap, and end with the sound.

    Args:
        sounds: B.
        frames: F.
        share: of the frames that are starts; at least one is.
        length: frames of a span.
        generator: of the draws.

    Returns:
        (B, F) boolean, true where hidden.

    Raises:
        ValueError: a share outside (0, 1], or spans or frames of no length.

    Example:
        >>> draw_spans(1, 10, share=0.1, length=3, generator=torch.Generator().manual_seed(0)).sum().item()
        3

    References:
        [baevski2020wav2vec], section 3.1; [hsu2021hubert], section IV-C.
    """
    if not 0 < share <= 1 or length < 1 or frames < 1:
        raise ValueError(f"a share in (0, 1], spans and frames expected, given {share}, {length} and {frames}")
    starts = torch.rand(sounds, frames, generator=generator).argsort(1)[:, : max(1, round(share * frames))]
    mask = torch.zeros(sounds, frames + length - 1, dtype=torch.bool)
    for later in range(length):
        mask.scatter_(1, starts + later, True)
    return mask[:, :frames]


def codeword_logits(states: Tensor, codewords: Tensor, *, temperature: float = 0.1) -> Tensor:
    """Scores of units: the cosine of the angle between a state and each codeword, over a temperature.

    Args:
        states: (…, E).
        codewords: (C, E).
        temperature: τ; the scores lie within ± 1 / τ.

    Returns:
        (…, C)

    Example:
        >>> codeword_logits(torch.tensor([3.0, 0.0]), torch.tensor([[1.0, 0.0], [0.0, 2.0]])).tolist()
        [10.0, 0.0]

    References:
        [hsu2021hubert], eq. 3.
    """
    return F.normalize(states, dim=-1) @ F.normalize(codewords, dim=-1).T / temperature


def masked_prediction_loss(logits: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
    """Cross-entropy of the targets, summed over the frames of a sound that the mask names: no other frame counts.

        L = - Σ_{t in mask} log softmax(logits_t)[z_t]

    Args:
        logits: (…, F, C).
        targets: (…, F), 0 to C - 1.
        mask: (…, F) boolean.

    Returns:
        (…) nats.

    Raises:
        ValueError: targets and mask are of another shape than frames.

    Example:
        >>> masked_prediction_loss(torch.zeros(2, 4), torch.tensor([0, 3]), torch.tensor([True, False])).exp()
        tensor(4.)

    References:
        [hsu2021hubert], eq. 1. With all frames, or with the complement of the mask, it is L_m + L_u, or L_u there.
    """
    if targets.shape != logits.shape[:-1] or mask.shape != targets.shape:
        shapes = f"{tuple(targets.shape)} and {tuple(mask.shape)}"
        raise ValueError(f"targets and mask of shape {tuple(logits.shape[:-1])} expected, given {shapes}")
    nats = -logits.log_softmax(-1).gather(-1, targets[..., None])[..., 0]
    return torch.where(mask, nats, 0.0).sum(-1)


class WaveEncoder(nn.Module):
    """Convolutions without padding that make frames of a waveform; the first layer's channels are normalised over time.

    Args:
        width: channels of each layer.
        kernels: of the layers.
        strides: of the layers.

    References:
        [baevski2020wav2vec], section 4.2, with group normalisation after the first layer only.
    """

    def __init__(self, width: int, kernels: Sequence[int], strides: Sequence[int]) -> None:
        super().__init__()
        inputs = [1, *[width] * (len(kernels) - 1)]
        self.layers = nn.ModuleList(
            nn.Conv1d(channels, width, kernel, stride, bias=False)
            for channels, kernel, stride in zip(inputs, kernels, strides, strict=True)
        )
        self.norm = nn.GroupNorm(width, width)

    def forward(self, sound: Tensor) -> Tensor:
        """(B, T) to (B, F, W), W the width."""
        x = sound[:, None]
        for place, layer in enumerate(self.layers):
            x = layer(x)
            x = F.gelu(self.norm(x) if place == 0 else x)
        return x.transpose(1, 2)


class HuBERTPretrain(nn.Module):
    """Scores of units for each frame of a waveform, of which some frames may be hidden.

    A hidden frame is replaced by one learned vector, after the convolutions. Where frames are is told by a convolution
    over their vectors.

    Args:
        units: C.
        rate: samples a second, 4,000 or 16,000.
        channels: of the convolutions.
        width: D.
        heads: attention heads.
        hidden: width of the feed-forward layers.
        layers: of the transformer.
        codeword: E.
        reach: frames that the convolution for places sees to either side.
        dropout: rate in each branch of the transformer.

    Attributes:
        field: samples that a frame is made of.
        hop: samples from one frame to the next.

    Example:
        >>> net = HuBERTPretrain(5, rate=4_000, channels=4, width=6, heads=2, hidden=8, layers=3, codeword=7, reach=1)
        >>> net(torch.zeros(2, 260)).shape, len(net.states(torch.zeros(2, 260)))
        (torch.Size([2, 3, 5]), 4)

    References:
        [hsu2021hubert], section III. The transformer has pre-norm blocks where the published base model is post-norm.
    """

    def __init__(
        self,
        units: int,
        *,
        rate: int = 16_000,
        channels: int = 512,
        width: int = 768,
        heads: int = 12,
        hidden: int = 3_072,
        layers: int = 12,
        codeword: int = 256,
        reach: int = 64,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        if rate not in LAYERS:
            raise ValueError(f"a rate of {' or '.join(map(str, sorted(LAYERS)))} expected, given {rate}")
        kernels, strides = LAYERS[rate]
        self.field, self.hop = field_and_hop(kernels, strides)
        self.encoder = WaveEncoder(channels, kernels, strides)
        self.project_in = nn.Sequential(nn.LayerNorm(channels), nn.Linear(channels, width), nn.Dropout(dropout))
        self.hidden_frame = nn.Parameter(torch.rand(width))
        self.places = nn.Conv1d(width, width, 2 * reach + 1, padding=reach, groups=heads)
        self.blocks = nn.ModuleList(EncoderBlock(width, heads, hidden, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.project_out = nn.Linear(width, codeword)
        self.codewords = nn.Parameter(torch.rand(units, codeword) - 0.5)

    def states(self, sound: Tensor, mask: Tensor | None = None) -> list[Tensor]:
        """What enters the first block, and what leaves each: L + 1 tensors.

        Args:
            sound: (B, T).
            mask: (B, F) boolean, true where hidden; nothing is if not given.

        Returns:
            (B, F, D) each.
        """
        x = self.project_in(self.encoder(sound))
        if mask is not None:
            x = torch.where(mask[..., None], self.hidden_frame, x)
        x = x + F.gelu(self.places(x.transpose(1, 2))).transpose(1, 2)
        found = [x]
        for block in self.blocks:
            found.append(block(found[-1]))
        return found

    def forward(self, sound: Tensor, mask: Tensor | None = None) -> Tensor:
        """Score the units of each frame.

        Args:
            sound: (B, T).
            mask: (B, F) boolean, true where hidden.

        Returns:
            (B, F, C)
        """
        return codeword_logits(self.project_out(self.norm(self.states(sound, mask)[-1])), self.codewords)
