"""Diffusion: noise is added step by step until nothing else is left, and taken away step by step.

    q(x_t | x_t-1) = N(√(1 - β_t) x_t-1, β_t I),   so   q(x_t | x_0) = N(√a_t x_0, (1 - a_t) I),   a_t = Π (1 - β_s)

a_t, written ᾱ_t in the papers, is the share of the variance that is kept; a level of noise is named by it.

Dimensions: B batch, D features, T steps of the schedule, S steps that are taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

#: From points (…, D) at a level, a scalar, to the noise in them, (…, D).
Denoise = Callable[[Tensor, Tensor], Tensor]


def linear_schedule(steps: int, *, least: float = 1e-4, most: float = 0.02) -> Tensor:
    """Levels a_0 = 1 to a_T for β rising linearly, as it does in 1,000 steps from `least` to `most`, (T + 1,).

    With other T, β is scaled by 1,000 / T, so that as much is kept in the end.

    Raises:
        ValueError: so few steps that a β would be 1 or more.

    References:
        [ho2020denoising], section 4.
    """
    if steps <= 1_000 * most:
        raise ValueError(f"more than {math.floor(1_000 * most)} steps expected, given {steps}")
    rates = torch.linspace(least, most, steps, dtype=torch.float64) * (1_000 / steps)
    return torch.cat((torch.ones(1, dtype=torch.float64), (1 - rates).cumprod(0)))


def cosine_schedule(steps: int, *, offset: float = 0.008) -> Tensor:
    """Levels that fall like a squared cosine, (T + 1,); no β above 0.999.

        a_t = f(t) / f(0),   f(t) = cos²((t / T + o) / (1 + o) · π / 2)

    References:
        [nichol2021improved], eq. 17.
    """
    places = (torch.arange(steps + 1, dtype=torch.float64) / steps + offset) / (1 + offset)
    shape = (places * math.pi / 2).cos().square()
    rates = (1 - shape[1:] / shape[:-1]).clamp(max=0.999)
    return torch.cat((torch.ones(1, dtype=torch.float64), (1 - rates).cumprod(0)))


def spaced(levels: Tensor, steps: int) -> Tensor:
    """S + 1 of the levels (T + 1,), evenly spaced, from the last to the first: (S + 1,), rising to 1.

    Raises:
        ValueError: S is not 1 to T.
    """
    if not 1 <= steps < len(levels):
        raise ValueError(f"1 to {len(levels) - 1} steps expected, given {steps}")
    places = torch.linspace(len(levels) - 1, 0, steps + 1).round().long()
    return levels[places]


def noised(x: Tensor, noise: Tensor, level: Tensor) -> Tensor:
    """Points at a level of noise, √a x + √(1 - a) noise: (…, D), (…, D) to (…, D); the level is broadcast.

    References:
        [ho2020denoising], eq. 4.
    """
    level = level.to(x)
    return level.sqrt() * x + (1 - level).sqrt() * noise


def cleaned(x: Tensor, noise: Tensor, level: Tensor) -> Tensor:
    """Points without the noise that is said to be in them, (x - √(1 - a) noise) / √a: (…, D), (…, D) to (…, D).

    References:
        [ho2020denoising], eq. 15.
    """
    level = level.to(x)
    return (x - (1 - level).sqrt() * noise) / level.sqrt()


def less_noisy(x: Tensor, noise: Tensor, level: Tensor, to: Tensor, fresh: Tensor, *, eta: float = 0.0) -> Tensor:
    """One step from a level to a cleaner one.

        √b x̂ + √(1 - b - σ²) noise + σ fresh,   σ² = η² (1 - b) / (1 - a) · (1 - a / b)

    Args:
        x: (…, D), at level a.
        noise: (…, D), what is said to be in them.
        level: a.
        to: b > a.
        fresh: (…, D), standard normal; unused where η is 0.
        eta: η: 0 for DDIM's deterministic step, 1 for that of DDPM with its smaller variance.

    Returns:
        (…, D).

    References:
        [song2021denoising], eq. 12 and 16; [ho2020denoising], eq. 6 and 7.
    """
    a, b = level.to(x), to.to(x)
    spread = eta**2 * (1 - b) / (1 - a) * (1 - a / b)
    return b.sqrt() * cleaned(x, noise, a) + (1 - b - spread).clamp(min=0).sqrt() * noise + spread.sqrt() * fresh


def noisier(x: Tensor, fresh: Tensor, level: Tensor, to: Tensor) -> Tensor:
    """One step from a level to a noisier one, √(b / a) x + √(1 - b / a) fresh.

    Args:
        x: (…, D), at level a.
        fresh: (…, D), standard normal.
        level: a.
        to: b < a.

    Returns:
        (…, D).
    """
    ratio = (to / level).to(x)
    return ratio.sqrt() * x + (1 - ratio).sqrt() * fresh


def sampled(
    denoise: Denoise, start: Tensor, levels: Tensor, *, eta: float = 0.0, generator: torch.Generator | None = None
) -> list[Tensor]:
    """Points on their way from noise to data.

    Args:
        denoise: says what noise is in points at a level.
        start: (…, D), standard normal.
        levels: (S + 1,), rising to 1.
        eta: as in `less_noisy`.
        generator: of fresh noise, on the CPU.

    Returns:
        S + 1 of (…, D): at each of the levels.
    """
    path = [start]
    for level, to in pairwise(levels):
        fresh = _fresh(start, generator) if eta else torch.zeros_like(start)
        path.append(less_noisy(path[-1], denoise(path[-1], level), level, to, fresh, eta=eta))
    return path


def inpainted(
    denoise: Denoise,
    start: Tensor,
    levels: Tensor,
    known: Tensor,
    mask: Tensor,
    *,
    rounds: int = 1,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Points that agree with what is known of them.

    At each level the known features are replaced by the known ones at that level of noise. With more rounds, a step is
    taken, undone by noise, and taken again: what is filled in then comes to fit what is known.

    Args:
        denoise: as in `sampled`.
        start: (…, D), standard normal.
        levels: (S + 1,), rising to 1.
        known: (…, D), of which only masked features count.
        mask: (…, D) boolean, true where a feature is known.
        rounds: how often each step is taken, at least once.
        generator: of fresh noise, on the CPU.

    Returns:
        (…, D), equal to `known` where the mask is true.

    Raises:
        ValueError: no rounds.

    References:
        [lugmayr2022repaint], algorithm 1; with one round, [sohldickstein2015deep], section 2.5, for the idea.
    """
    if rounds < 1:
        raise ValueError(f"at least one round expected, given {rounds}")
    x = start
    for level, to in pairwise(levels):
        for left in reversed(range(rounds)):
            x = torch.where(mask, noised(known, _fresh(x, generator), level), x)
            x = less_noisy(x, denoise(x, level), level, to, _fresh(x, generator), eta=1.0)
            if left and to < 1:
                x = noisier(x, _fresh(x, generator), to, level)
    return torch.where(mask, known, x)


def _fresh(like: Tensor, generator: torch.Generator | None) -> Tensor:
    return torch.randn(like.shape, generator=generator, dtype=like.dtype).to(like.device)
