"""Connectionist temporal classification: the probability of a label, summed over every way to spread it over frames.

Dimensions: T frames, B batch, K symbols with the blank, L longest label, S = 2 L + 1 states.

A *path* names one symbol a frame. `collapse` reads it: merge repeats first, then drop blanks. A label's probability is
the sum over all paths that are read as it. The sum is taken along a chain of states: blank, first symbol, blank, second
symbol, …, blank; a frame stays, goes one state on, or skips a blank between two different symbols.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from mlblog.numerics.precision import widened


def collapse(path: Sequence[int], *, blank: int = 0) -> list[int]:
    """Read a path: merge repeats, then drop blanks.

    In this order. A blank between two equal symbols keeps them apart; dropped first, no path could be read as a label
    with a doubled symbol.

    Args:
        path: a symbol for each frame.
        blank: the symbol that says nothing.

    Returns:
        The label.

    Example:
        >>> collapse([1, 1, 0, 1, 2, 2])
        [1, 1, 2]

    References:
        [graves2006connectionist], section 3.1, the map B.
    """
    return [symbol for symbol, _ in groupby(path) if symbol != blank]


def ctc_loss(log_probs: Tensor, labels: Tensor, frames: Tensor, lengths: Tensor, *, blank: int = 0) -> Tensor:
    """Negative log-probability of each label, over all paths of its number of frames.

        -log sum over paths with collapse(path) = label of prod over t of p_t(path_t)

    Args:
        log_probs: (T, B, K) log-probabilities; symbols are independent between frames, given the input.
        labels: (B, L) symbols other than the blank, padded at the end with any numbers.
        frames: (B,) frames of each example, 0 … T.
        lengths: (B,) symbols of each label, 0 … L.
        blank: the symbol that says nothing.

    Returns:
        (B,) nats per example; infinite, with a gradient of 0, where the frames are fewer than the symbols and the
        blanks that doubled symbols need.

    Raises:
        ValueError: the shapes do not fit, frames or lengths are out of range, or a label holds the blank or a symbol
            that is none of the K.

    Example:
        >>> uniform = torch.full((3, 1, 2), 0.5).log()  # blank and one symbol, 3 frames: 2^3 paths
        >>> one = torch.tensor([1])
        >>> paths = 8 * (-ctc_loss(uniform, one[None], frames=3 * one, lengths=one)).exp()
        >>> paths.round(decimals=3)  # all but --- and 1-1
        tensor([6.])

    References:
        [graves2006connectionist], eq. 6-8 and 14-16, here in logarithms. As `F.ctc_loss(…, reduction="none")`, but
        labels come second and padded, and the gradient is that with respect to `log_probs`, minus `occupancy`. Torch's
        takes `log_probs` for the output of a log-softmax and gives exp(log_probs) minus the same; both turn into the
        same gradient behind a log-softmax. A few tensors a frame in Python: on a CPU about as fast as torch's kernel
        for batches of normal size, several times slower for small ones (benchmarks/library.py).
    """
    symbols = _symbols(log_probs, labels, frames, lengths, blank)
    loss: Tensor = _CtcLoss.apply(widened(log_probs), symbols, frames, lengths, blank)  # type: ignore[no-untyped-call]  # torch gives it no types
    return loss.to(log_probs.dtype)


def occupancy(log_probs: Tensor, labels: Tensor, frames: Tensor, lengths: Tensor, *, blank: int = 0) -> Tensor:
    """Probability that a path of the label is at each symbol in each frame: the soft alignment.

        p(path_t = k | label) = sum over states s of symbol k of alpha_t(s) beta_t(s) / p(label)

    Arguments and errors as in `ctc_loss`.

    Returns:
        (T, B, K); each frame sums to 1, or to 0 beyond an example's frames and where the label is impossible.

    Example:
        >>> uniform = torch.full((3, 1, 2), 0.5).log()
        >>> one = torch.tensor([1])
        >>> occupancy(uniform, one[None], frames=3 * one, lengths=one)[:, 0, 1]  # of six paths
        tensor([0.5000, 0.6667, 0.5000])
    """
    symbols = _symbols(log_probs, labels, frames, lengths, blank)
    with torch.no_grad():
        wide, chain = widened(log_probs), _chain(symbols, frames, lengths, blank)
        forward, log_likelihood = _forward(wide, chain)
        return _occupancy(wide, chain, forward, log_likelihood).to(log_probs.dtype)


class _Chain(NamedTuple):
    symbols: Tensor  # (B, S), blanks at even states
    skips: Tensor  # (B, S), 0 where a frame may come from two states before, else minus infinity
    ends: Tensor  # (B, S), 0 at the last symbol and the blank after it, else minus infinity
    frames: Tensor  # (B,)


def _chain(labels: Tensor, frames: Tensor, lengths: Tensor, blank: int) -> _Chain:
    states = 2 * labels.shape[1] + 1
    symbols = labels.new_full((len(labels), states), blank)
    symbols[:, 1::2] = labels
    skip = torch.zeros_like(symbols, dtype=torch.bool)
    skip[:, 3::2] = labels[:, 1:] != labels[:, :-1]
    last = 2 * lengths[:, None]
    state = torch.arange(states, device=labels.device)
    return _Chain(symbols, _log(skip), _log((state == last) | (state == last - 1)), frames)


def _log(allowed: Tensor) -> Tensor:
    return torch.zeros(allowed.shape, device=allowed.device).masked_fill(~allowed, -torch.inf)


def _forward(log_probs: Tensor, chain: _Chain) -> tuple[Tensor, Tensor]:
    """Log-probability of all beginnings at a state after a frame, alpha (T, B, S); and of the label, (B,)."""
    emitted = _emitted(log_probs, chain)
    skips = chain.skips.to(log_probs.dtype)
    # Two states that nothing enters stand before the first, so that "one before" and "two before" are slices.
    padded = emitted.new_full((*emitted.shape[:2], emitted.shape[2] + 2), -torch.inf)
    alpha = padded[:, :, 2:]
    alpha[0, :, :2] = emitted[0, :, :2]
    for t in range(1, len(emitted)):
        before = padded[t - 1]
        stayed_or_stepped = torch.logaddexp(before[:, 2:], before[:, 1:-1])
        torch.add(torch.logaddexp(stayed_or_stepped, before[:, :-2] + skips), emitted[t], out=alpha[t])
    at_end = alpha[chain.frames - 1, torch.arange(alpha.shape[1], device=alpha.device)]
    log_likelihood = (at_end + chain.ends).logsumexp(-1)
    # no frames: the one empty path is read as the empty label, whose chain ends in its first state
    return alpha, torch.where(chain.frames > 0, log_likelihood, chain.ends[:, 0].to(log_likelihood.dtype))


def _occupancy(log_probs: Tensor, chain: _Chain, alpha: Tensor, log_likelihood: Tensor) -> Tensor:
    """With beta, the log-probability of all ends after a state and frame: alpha beta / p(label), by symbol."""
    emitted = _emitted(log_probs, chain)
    ends = chain.ends.to(log_probs.dtype)
    last = (chain.frames - 1)[:, None]
    states = emitted.shape[2]
    skips = torch.full_like(ends, -torch.inf)
    skips[:, :-2] = chain.skips[:, 2:]  # state s may be left towards s + 2
    beta = torch.empty_like(emitted)
    beta[-1] = ends
    after = ends.new_full((len(ends), states + 2), -torch.inf)  # two states that lead nowhere stand behind the last
    for t in reversed(range(len(emitted) - 1)):
        torch.add(beta[t + 1], emitted[t + 1], out=after[:, :states])
        stay_or_step = torch.logaddexp(after[:, :-2], after[:, 1:-1])
        arrived = torch.logaddexp(stay_or_step, after[:, 2:] + skips)
        torch.where(last > t, arrived, ends, out=beta[t])
    shares = (alpha + beta - log_likelihood[:, None]).exp()
    inside = torch.arange(len(shares), device=shares.device)[:, None] < chain.frames
    shares = shares.masked_fill(~(inside & log_likelihood.isfinite())[:, :, None], 0.0)
    return torch.zeros_like(log_probs).scatter_add_(2, chain.symbols.expand_as(shares), shares)


def _emitted(log_probs: Tensor, chain: _Chain) -> Tensor:
    """Log-probability of each state's symbol in each frame, (T, B, S)."""
    return log_probs.gather(2, chain.symbols.expand(len(log_probs), -1, -1))


class _CtcLoss(torch.autograd.Function):
    """The loss with its gradient by the backward recursion: differentiating the loop would keep every frame's graph."""

    @staticmethod
    def forward(ctx: Any, log_probs: Tensor, labels: Tensor, frames: Tensor, lengths: Tensor, blank: int) -> Tensor:
        chain = _chain(labels, frames, lengths, blank)
        alpha, log_likelihood = _forward(log_probs, chain)
        ctx.save_for_backward(log_probs, alpha, log_likelihood, *chain)
        return -log_likelihood

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None, None, None]:
        log_probs, alpha, log_likelihood, *chain = ctx.saved_tensors
        shares = _occupancy(log_probs, _Chain(*chain), alpha, log_likelihood)
        return -shares * upstream[:, None], None, None, None, None


def _symbols(log_probs: Tensor, labels: Tensor, frames: Tensor, lengths: Tensor, blank: int) -> Tensor:
    """The labels (B, L), checked, with the blank for padding."""
    batch = log_probs.shape[1:2]
    fits = log_probs.ndim == 3 and labels.ndim == 2 and labels.shape[:1] == frames.shape == lengths.shape == batch
    if not fits or 0 in log_probs.shape[::2]:
        raise ValueError(
            "log_probs (T, B, K), labels (B, L), frames (B,) and lengths (B,) expected, given "
            f"{tuple(log_probs.shape)}, {tuple(labels.shape)}, {tuple(frames.shape)} and {tuple(lengths.shape)}"
        )
    most, longest, count = len(log_probs), labels.shape[1], log_probs.shape[2]
    for name, sizes, top in (("frames", frames, most), ("lengths", lengths, longest)):
        if ((sizes < 0) | (sizes > top)).any():
            raise ValueError(f"{name} must be between 0 and {top}, given {sizes.tolist()}")
    if not 0 <= blank < count:
        raise ValueError(f"blank must be one of {count} symbols, 0 to {count - 1}, given {blank}")
    padding = torch.arange(longest, device=labels.device) >= lengths[:, None]
    if (((labels < 0) | (labels >= count) | (labels == blank)) & ~padding).any():
        raise ValueError(
            f"labels of symbols 0 to {count - 1} other than the blank, {blank}, expected, given {labels.tolist()}"
        )
    return labels.masked_fill(padding, blank)
