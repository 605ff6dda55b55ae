"""Telling a transformer where a token is: added sinusoids, added learned vectors, rotated queries and keys.

Attention with a learned bias for each distance, and an encoder that takes any of these, are in
`mlblog.models.placed`.

Dimensions: … any number of leading axes, T places, D width (even).

The 2017 encoding is *added* to the token. That it is made of rotations is a property of it, `shift_matrix`. To rotate
the queries and keys themselves is another method, `rotate_by_place`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mlblog.models.transformer import sinusoidal_positions

__all__ = [
    "LearnedPositions",
    "SinusoidalPositions",
    "rotate_by_place",
    "rotation_rates",
    "shift_matrix",
    "sinusoidal_positions",
]


def rotation_rates(width: int, *, base: float = 10_000.0) -> Tensor:
    """Angle by which each pair of features turns from one place to the next, in radians.

        rate_i = base^(-2i / width),   i = 0 … width / 2 - 1

    Args:
        width: D, even.
        base: the slowest rate is a little above 1 / base.

    Returns:
        (D / 2,), float64, falling from 1.

    Raises:
        ValueError: an odd width.

    Example:
        >>> rotation_rates(4)
        tensor([1.0000, 0.0100], dtype=torch.float64)

    References:
        [vaswani2017attention], section 3.5; [su2021roformer], section 3.2.2.
    """
    if width < 0 or width % 2:
        raise ValueError(f"an even width is needed to pair features, given {width}")
    return base ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)


def shift_matrix(offset: int, width: int) -> Tensor:
    """The matrix that moves every sinusoidal encoding by `offset` places, whatever place it is of.

        PE(t + offset) = R PE(t),   R block-diagonal with blocks [[cos a_i, sin a_i], [-sin a_i, cos a_i]],
        a_i = offset * rate_i

    Args:
        offset: in places; negative moves back.
        width: D, even.

    Returns:
        (D, D), orthogonal, float64, for encodings with sin at even and cos at odd features.

    Example:
        >>> table = sinusoidal_positions(12, 6).double()
        >>> torch.allclose(table[3:], table[:-3] @ shift_matrix(3, 6).T, atol=1e-5)
        True

    References:
        [vaswani2017attention], section 3.5, which states that R exists.
    """
    angle = offset * rotation_rates(width)
    cos, sin = angle.cos(), angle.sin()
    blocks = torch.stack((torch.stack((cos, sin), -1), torch.stack((-sin, cos), -1)), -2)  # (D / 2, 2, 2)
    matrix: Tensor = torch.block_diag(*blocks)  # type: ignore[no-untyped-call]  # torch gives it no types
    return matrix


def rotate_by_place(x: Tensor, places: Tensor | None = None, *, base: float = 10_000.0) -> Tensor:
    """Turn each pair of features by an angle proportional to the place: rotary positions.

        (x_2i, x_2i+1) turned by t * rate_i

    Applied to queries and keys alike, their dot product depends on the places through the difference alone.

    Args:
        x: (…, T, D), queries or keys of one head, D even.
        places: (T,), or of as many axes as (…, T) and broadcast to it; 0 … T - 1 if not given.
        base: see `rotation_rates`.

    Returns:
        (…, T, D), each vector as long as before.

    Raises:
        ValueError: an odd D, or places of other shapes: those of a batch (B, T) must not be taken for those of heads.

    Example:
        >>> rotate_by_place(torch.tensor([[1.0, 0.0], [1.0, 0.0]])).round(decimals=4)  # by 0 and by 1 radian
        tensor([[1.0000, 0.0000],
                [0.5403, 0.8415]])

    References:
        [su2021roformer], eq. 34. Feature 2i is paired with 2i + 1, as there; some published models pair i with
        i + D / 2, which is the same map after a permutation of features, but weights do not carry over.
    """
    if x.ndim < 2:
        raise ValueError(f"x (…, T, D) expected, given {tuple(x.shape)}")
    if places is None:
        places = torch.arange(x.shape[-2], device=x.device)
    fits = all(a in (1, b) for a, b in zip(reversed(places.shape), reversed(x.shape[:-1]), strict=False))
    if places.ndim not in (1, x.ndim - 1) or not fits:
        raise ValueError(f"places (T,) or {(*x.shape[:-2], 'T')} expected, given {tuple(places.shape)}")
    rates = rotation_rates(x.shape[-1], base=base).to(x.device)
    angle = places[..., None] * rates  # (…, T, D / 2), float64: float32 is off by 1e-3 radians at place 10,000
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), dim=-1).flatten(-2)


class SinusoidalPositions(nn.Module):
    """The sinusoids of each place, added to what is there.

    Args:
        longest: places that there are sinusoids for.
        width: D.

    Example:
        >>> SinusoidalPositions(longest=8, width=6)(torch.zeros(2, 1, 6))[0]
        tensor([[0., 1., 0., 1., 0., 1.]])

    References:
        [vaswani2017attention], section 3.5.
    """

    table: Tensor

    def __init__(self, longest: int, width: int) -> None:
        super().__init__()
        self.register_buffer("table", sinusoidal_positions(longest, width), persistent=False)

    def forward(self, x: Tensor, start: int = 0) -> Tensor:
        """Add the sinusoids of T places from `start` on: (…, T, D) to (…, T, D).

        Raises:
            ValueError: a place without a vector, or another width.
        """
        return _added(self, x, self.table, start)


class LearnedPositions(nn.Module):
    """A free vector for each place, added to what is there.

    Args:
        longest: places for which there is a vector; none is known beyond.
        width: D.

    Example:
        >>> LearnedPositions(longest=8, width=6)(torch.zeros(2, 5, 6)).shape
        torch.Size([2, 5, 6])

    References:
        [gehring2017convolutional], section 3.1; compared in [vaswani2017attention], table 3, row E.
    """

    def __init__(self, longest: int, width: int) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.randn(longest, width) * 0.02)

    def forward(self, x: Tensor, start: int = 0) -> Tensor:
        """Add the vectors of T places from `start` on: (…, T, D) to (…, T, D).

        Raises:
            ValueError: a place without a vector, or another width.
        """
        return _added(self, x, self.table, start)


def _added(layer: nn.Module, x: Tensor, table: Tensor, start: int) -> Tensor:
    longest, width = table.shape
    if x.ndim < 2 or x.shape[-1] != width or not 0 <= start <= longest - x.shape[-2]:
        first = f" from place {start}" if start else ""
        raise ValueError(f"{type(layer).__name__} expects (…, T ≤ {longest}, {width}), given {tuple(x.shape)}{first}")
    return x + table[start : start + x.shape[-2]]
