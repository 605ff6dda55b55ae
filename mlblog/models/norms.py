"""Four normalisations that differ in one thing: which entries share a mean and a variance.

    y = weight * (x - mean) / sqrt(variance + eps) + bias,   variance = mean of (x - mean)²

Dimensions: N samples, C channels, G groups of channels, … any number of places (pixels, time steps).

| | input | entries that share mean and variance | weight and bias |
|---|---|---|---|
| `BatchNorm` | (N, C, …) | one channel, all samples and places | one a channel |
| `InstanceNorm` | (N, C, …) | one channel of one sample, all its places | one a channel |
| `GroupNorm` | (N, C, …) | a group of channels of one sample, all its places | one a channel |
| `LayerNorm` | (…, C) | all channels of one place of one sample | one a channel |

Names and layouts of weights are those of `torch.nn`, so that a `state_dict` fits both. As there, half precision is
computed in float32 and rounded once, and an empty batch stays empty.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from mlblog.numerics.precision import widened


def standardise(x: Tensor, axes: tuple[int, ...], *, eps: float = 1e-5) -> Tensor:
    """Shift and scale `x` to mean 0 and variance just below 1 along `axes`.

        (x - mean) / sqrt(variance + eps),   variance with 1 / n, not 1 / (n - 1)

    Args:
        x: any shape.
        axes: entries that differ in these coordinates alone share a mean and a variance.
        eps: keeps constant entries finite; they become 0.

    Returns:
        The shape and dtype of `x`.

    Raises:
        ValueError: no axes.

    Example:
        >>> standardise(torch.tensor([[1.0, 3.0], [10.0, 30.0]]), (1,)).round(decimals=3)
        tensor([[-1.,  1.],
                [-1.,  1.]])
    """
    if not axes:
        raise ValueError("axes must name at least one axis to take a mean over")
    wide = widened(x)
    centred = wide - wide.mean(axes, keepdim=True)
    return (centred * (centred.square().mean(axes, keepdim=True) + eps).rsqrt()).to(x.dtype)


class LayerNorm(nn.Module):
    """Standardise the channels of each place by themselves: nothing passes between places or samples.

    Args:
        channels: C, size of the last axis; in a transformer the width of one token's state.
        eps: see `standardise`.

    Example:
        >>> LayerNorm(4)(torch.tensor([[1.0, 2.0, 3.0, 4.0]])).mean().abs() < 1e-6
        tensor(True)

    References:
        [ba2016layer], eq. 3 and 4, which add the variance's eps only in the code. As `torch.nn.LayerNorm(channels)`.
    """

    def __init__(self, channels: int, *, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the last axis: (…, C) to (…, C).

        Raises:
            ValueError: the last axis does not hold the channels.
        """
        if x.shape[-1:] != self.weight.shape:
            raise ValueError(f"LayerNorm expects (…, {len(self.weight)}), given {tuple(x.shape)}")
        return (standardise(widened(x), (-1,), eps=self.eps) * self.weight + self.bias).to(x.dtype)


class GroupNorm(nn.Module):
    """Standardise groups of channels of each sample, all their places together.

    One group of all channels is sometimes called layer normalisation of images; one channel a group is `InstanceNorm`.

    Args:
        groups: G, which divides `channels`; neighbouring channels form a group.
        channels: C.
        eps: see `standardise`.

    Raises:
        ValueError: `groups` does not divide `channels`.

    Example:
        >>> GroupNorm(2, 6)(torch.randn(3, 6, 5)).shape
        torch.Size([3, 6, 5])

    References:
        [wu2018group], eq. 7. As `torch.nn.GroupNorm(groups, channels)`.
    """

    def __init__(self, groups: int, channels: int, *, eps: float = 1e-5) -> None:
        super().__init__()
        if channels % groups:
            raise ValueError(f"groups must divide channels, given {groups} groups and {channels} channels")
        self.groups, self.eps = groups, eps
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each group: (N, C, …) to (N, C, …)."""
        _expect_channels(x, self.weight, self)
        entries = x.shape[1] // self.groups * _places(x)
        grouped = widened(x).reshape(len(x), self.groups, entries)
        return _scaled(standardise(grouped, (2,), eps=self.eps).reshape(x.shape), self.weight, self.bias).to(x.dtype)


class InstanceNorm(nn.Module):
    """Standardise each channel of each sample over its places.

    Args:
        channels: C.
        eps: see `standardise`.

    Example:
        >>> InstanceNorm(6)(torch.randn(3, 6, 5)).shape
        torch.Size([3, 6, 5])

    References:
        [ulyanov2016instance], eq. 3. As `torch.nn.InstanceNorm1d(channels, affine=True)` and its relatives, which
        keep no running statistics unless asked.
    """

    def __init__(self, channels: int, *, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each channel of two places or more: (N, C, …) to (N, C, …).

        Raises:
            ValueError: one place only, which would turn every entry into 0; or other channels.
        """
        _expect_channels(x, self.weight, self)
        if _places(x) < 2:
            raise ValueError(f"InstanceNorm needs two places or more in each channel, given {tuple(x.shape)}")
        places = tuple(range(2, x.ndim))
        return _scaled(standardise(widened(x), places, eps=self.eps), self.weight, self.bias).to(x.dtype)


class BatchNorm(nn.Module):
    """Standardise each channel over the samples of the batch and all places; in evaluation, by running statistics.

    While training a sample's output depends on the others of its batch. In evaluation it does not, since mean and
    variance are then the running ones: two functions behind one name.

    Args:
        channels: C.
        momentum: weight of the newest batch in the running mean and variance.
        eps: see `standardise`.

    Attributes:
        running_mean: (C,).
        running_var: (C,), of 1 / (n - 1) variances, while the batch itself is divided by its 1 / n variance.

    Example:
        >>> norm = BatchNorm(6)
        >>> norm(torch.randn(3, 6, 5)).shape, norm.eval()(torch.randn(1, 6)).shape
        (torch.Size([3, 6, 5]), torch.Size([1, 6]))

    References:
        [ioffe2015batch], algorithms 1 and 2. As `torch.nn.BatchNorm1d(channels)` and its relatives.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, channels: int, *, momentum: float = 0.1, eps: float = 1e-5) -> None:
        super().__init__()
        self.momentum, self.eps = momentum, eps
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each channel: (N, C, …) to (N, C, …).

        In training mode the running statistics move too, unless the batch is empty.

        Raises:
            ValueError: one value a channel in training, which has no variance; or other channels.
        """
        _expect_channels(x, self.weight, self)
        wide = widened(x)
        if not self.training or x.numel() == 0:
            weight, bias, mean, variance = map(widened, (self.weight, self.bias, self.running_mean, self.running_var))
            scale = (variance + self.eps).rsqrt()
            return _scaled(wide, weight * scale, bias - weight * scale * mean).to(x.dtype)
        axes = (0, *range(2, x.ndim))
        if len(x) * _places(x) < 2:
            raise ValueError(f"BatchNorm needs two values or more in each channel to train, given {tuple(x.shape)}")
        with torch.no_grad():
            self.running_mean.lerp_(wide.mean(axes).to(self.running_mean.dtype), self.momentum)
            self.running_var.lerp_(wide.var(axes, correction=1).to(self.running_var.dtype), self.momentum)
            self.num_batches_tracked += 1
        return _scaled(standardise(wide, axes, eps=self.eps), self.weight, self.bias).to(x.dtype)


def reach(layer: Callable[[Tensor], Tensor], x: Tensor, at: tuple[int, ...]) -> Tensor:
    """Which entries of the input one entry of the output depends on, found by differentiating.

    Args:
        layer: a map from tensors to tensors.
        x: an input of no special symmetry, such as random numbers; it is not changed.
        at: coordinates of the output's entry.

    Returns:
        Boolean, the shape of `x`: the derivative is not zero.

    Example:
        >>> reach(LayerNorm(3), torch.tensor([[1.0, 4.0, 2.0], [3.0, 5.0, 9.0]]), (0, 1))
        tensor([[ True,  True,  True],
                [False, False, False]])
    """
    x = x.detach().clone().requires_grad_()
    (slope,) = torch.autograd.grad(layer(x)[at], x)
    return slope != 0


def _expect_channels(x: Tensor, weight: Tensor, norm: nn.Module) -> None:
    if x.ndim < 2 or x.shape[1] != len(weight):
        raise ValueError(f"{type(norm).__name__} expects (N, {len(weight)}, …), given {tuple(x.shape)}")


def _places(x: Tensor) -> int:
    """How many places a channel of one sample has; also known of an empty batch."""
    return math.prod(x.shape[2:])


def _scaled(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """`weight` and `bias` (C,) applied along axis 1 of `x`."""
    shape = (-1,) + (1,) * (x.ndim - 2)
    return x * weight.view(shape) + bias.view(shape)
