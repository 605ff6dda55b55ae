"""Vector quantisation: a vector is replaced by the nearest of K learned ones, and gradients pass as if it were not.

    k* = argmin over k of ‖z - e_k‖²,   q = z + stop(e_k* - z)

Dimensions: B batch, M vectors of an example, Z features of a vector, K entries of the codebook, D features (pixels).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Quantized(NamedTuple):
    """Vectors after quantisation.

    Attributes:
        vectors: (…, Z) entries of the codebook, with the gradient of what was quantised.
        codes: (…) int64, which entry.
        commitment: (…) ‖z - stop(e)‖², summed over features: pulls vectors to their entries.
        codebook: (…) ‖stop(z) - e‖²: pulls entries to their vectors; its gradient is nil where entries are means.
    """

    vectors: Tensor
    codes: Tensor
    commitment: Tensor
    codebook: Tensor


def nearest_codes(z: Tensor, entries: Tensor) -> Tensor:
    """Which entry is nearest to each vector, the first of those at the same distance: (…, Z), (K, Z) to (…)."""
    # ‖z - e‖² without ‖z‖², which all entries share
    scores = entries.square().sum(-1) - 2 * z @ entries.T
    return scores.argmin(-1)


def straight_through(z: Tensor, chosen: Tensor) -> Tensor:
    """The value of `chosen` with the gradient of `z`: (…, Z), (…, Z) to (…, Z).

    References:
        [oord2017neural], section 3.2; [bengio2013estimating].
    """
    return z + (chosen - z).detach()


def perplexity(counts: Tensor) -> Tensor:
    """How many entries are used, as it were: exp of the entropy of their shares.

    K where all are used alike, 1 where one is.

    Args:
        counts: (…, K) ≥ 0, not all 0.

    Returns:
        (…), in [1, K].
    """
    shares = counts / counts.sum(-1, keepdim=True)
    nats: Tensor = torch.special.entr(shares).sum(-1)
    return nats.exp()


class VectorQuantizer(nn.Module):
    """A codebook.

    With a decay it is made of running means of what was assigned to each entry, taken in training mode at each call;
    without one it is a parameter, and learns by the gradient of `Quantized.codebook`.

    Args:
        entries: K.
        width: Z.
        decay: γ in (0, 1) of the running means, or None.
        restart: in training mode, an entry whose running count falls below this becomes a vector of the batch, drawn at
            random; 0 for never. Needs a decay.

    Raises:
        ValueError: the decay is outside (0, 1), or there are restarts without one.

    Example:
        >>> book = VectorQuantizer(entries=2, width=1)
        >>> with torch.no_grad():
        ...     book.entries.copy_(torch.tensor([[0.0], [1.0]])).shape
        torch.Size([2, 1])
        >>> book(torch.tensor([[0.2], [0.9]])).codes.tolist()
        [0, 1]

    References:
        [oord2017neural], eq. 1 to 3, and appendix A.1 for the running means; [dhariwal2020jukebox], section 3, for
        restarts.
    """

    counts: Tensor
    sums: Tensor

    def __init__(self, *, entries: int, width: int, decay: float | None = None, restart: float = 0.0) -> None:
        super().__init__()
        if decay is not None and not 0 < decay < 1:
            raise ValueError(f"a decay in (0, 1) expected, given {decay}")
        if restart and decay is None:
            raise ValueError("restarts need a decay: they go by running counts")
        self.decay, self.restart = decay, restart
        self.entries = nn.Parameter(torch.randn(entries, width), requires_grad=decay is None)
        self.register_buffer("counts", torch.ones(entries))
        self.register_buffer("sums", self.entries.detach().clone())

    def start_from(self, z: Tensor) -> None:
        """Make the entries vectors of `z` (n, Z), drawn without replacement, and forget the running means.

        Raises:
            ValueError: there are fewer vectors than entries.
        """
        if len(z) < len(self.entries):
            raise ValueError(f"at least {len(self.entries)} vectors expected, given {len(z)}")
        drawn = z.detach()[torch.randperm(len(z), device=z.device)[: len(self.entries)]]
        self.entries.data.copy_(drawn)
        self.sums.copy_(drawn)
        self.counts.fill_(1.0)

    def forward(self, z: Tensor) -> Quantized:
        """Quantise vectors (…, Z)."""
        codes = nearest_codes(z, self.entries)
        chosen = self.entries[codes]
        found = Quantized(
            straight_through(z, chosen),
            codes,
            (z - chosen.detach()).square().sum(-1),
            (z.detach() - chosen).square().sum(-1),
        )
        if self.training and self.decay is not None:
            self._average(z.detach().reshape(-1, z.shape[-1]), codes.reshape(-1))
        return found

    @torch.no_grad()
    def _average(self, z: Tensor, codes: Tensor) -> None:
        """Move the running counts and sums, and the entries with them; restart what is not used."""
        assert self.decay is not None
        ones = F.one_hot(codes, len(self.entries)).to(z)  # (n, K)
        self.counts.lerp_(ones.sum(0), 1 - self.decay)
        self.sums.lerp_(ones.T @ z, 1 - self.decay)
        # an entry that nobody chose for long keeps its place: 0 / 0 would lose it
        used = self.counts > 1e-3
        self.entries.data[used] = self.sums[used] / self.counts[used, None]
        if self.restart:
            idle = torch.nonzero(self.counts < self.restart)[:, 0]
            drawn = z[torch.randint(len(z), (len(idle),), device=z.device)]
            self.entries.data[idle] = drawn
            self.sums[idle] = drawn
            self.counts[idle] = 1.0


class VQVAE(nn.Module):
    """An autoencoder whose code is M entries of one codebook.

    Args:
        pixels: D.
        tokens: M.
        hidden: width of the hidden layer on either side.
        quantizer: of vectors of Z features.

    Example:
        >>> net = VQVAE(pixels=9, tokens=2, hidden=5, quantizer=VectorQuantizer(entries=4, width=3))
        >>> made, quantized = net(torch.rand(6, 9))
        >>> made.shape, quantized.codes.shape
        (torch.Size([6, 9]), torch.Size([6, 2]))

    References:
        [oord2017neural], section 3.
    """

    def __init__(self, pixels: int, *, tokens: int, hidden: int, quantizer: VectorQuantizer) -> None:
        super().__init__()
        self.tokens, self.quantizer = tokens, quantizer
        width = quantizer.entries.shape[1]
        self.encoder = nn.Sequential(nn.Linear(pixels, hidden), nn.SiLU(), nn.Linear(hidden, tokens * width))
        self.decoder = nn.Sequential(nn.Linear(tokens * width, hidden), nn.SiLU(), nn.Linear(hidden, pixels))

    def encode(self, x: Tensor) -> Tensor:
        """The vectors before quantisation: (…, D) to (…, M, Z)."""
        vectors: Tensor = self.encoder(x)
        return vectors.view(*x.shape[:-1], self.tokens, self.quantizer.entries.shape[1])

    def decode(self, codes: Tensor) -> Tensor:
        """What codes say: (…, M) to (…, D)."""
        made: Tensor = self.decoder(self.quantizer.entries[codes].flatten(-2))
        return made

    def forward(self, x: Tensor) -> tuple[Tensor, Quantized]:
        """Examples (…, D) as made from their codes, (…, D), and the codes (…, M)."""
        quantized = self.quantizer(self.encode(x))
        return self.decoder(quantized.vectors.flatten(-2)), quantized
