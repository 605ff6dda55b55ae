"""Things to train whose weights have decays of their own: ridge regression, softmax regression and a small network."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mlblog.classical.ridge import Array, RidgeWeights, ridge_descent, ridge_flow, ridge_minimum
from mlblog.data.digits import load_digits, split_digits
from mlblog.numerics.implicit_hypergradient import Loss


class Problem(NamedTuple):
    """Something to train, and hyperparameters for it: logarithms of the decay of each weight.

    Attributes:
        inner: the training loss with half of the decayed squares.
        outer: the validation loss.
        start: (P,), weights before training.
        hyper: (h,).
        step: of gradient descent, below 2 over the largest eigenvalue.
        exact: weights and their derivatives by time or steps, where there is a closed form.
    """

    inner: Loss
    outer: Loss
    start: Tensor
    hyper: Tensor
    step: float
    exact: Callable[..., RidgeWeights] | None = None


def ridge_problem(features: int) -> Problem:
    """Twice as many examples as features, whose scales fall from 1 to 0.1; decays between 0.02 and 0.2."""
    double = partial(torch.randn, dtype=torch.float64)
    scales, true = torch.logspace(0, -1, features, dtype=torch.float64), double(features)
    x, asked = (double(2 * features, features) * scales for _ in range(2))
    y, answers = (some @ true + 0.5 * double(2 * features) for some in (x, asked))
    gram, moment = (x.T @ x / len(x)).numpy(), (x.T @ y / len(x)).numpy()
    hyper = torch.empty(features, dtype=torch.float64).uniform_(*np.log((0.02, 0.2)).tolist())

    def exact(steps: int | None = None, time: float | None = None) -> RidgeWeights:
        given: tuple[Array, Array, Array] = (gram, moment, hyper.numpy())
        if steps is not None:
            return ridge_descent(*given, step=step, steps=steps)
        return ridge_minimum(*given) if time is None else ridge_flow(*given, time=time)

    step = 1 / float(np.linalg.eigvalsh(gram + np.diag(np.exp(hyper.numpy())))[-1])
    return Problem(lambda w, h: (x @ w - y).square().mean() / 2 + decayed(w, h),
                   lambda w, h: (asked @ w - answers).square().mean(), 0 * true, hyper, step, exact)  # fmt: skip


def digit_problem(known: int, hidden: int) -> Problem:
    """Softmax regression on 64 pixels, or one hidden layer on means of 2 x 2; constants in place of biases."""
    train = split_digits(load_digits()).train
    rows = torch.randperm(1_200)[:known].numpy()
    x = torch.from_numpy(train.images / 16.0)
    x = F.avg_pool2d(x[:, None], 2).flatten(1) if hidden else x.flatten(1)
    x, y = with_constant(x), torch.from_numpy(train.labels.astype(np.int64))
    (given, labels), (asked, answers) = (x[rows], y[rows]), (x[1_200:], y[1_200:])
    width, cut = x.shape[1], x.shape[1] * hidden

    def logits(w: Tensor, x: Tensor) -> Tensor:
        if not hidden:
            return x @ w.view(width, 10)
        return with_constant(torch.tanh(x @ w[:cut].view(width, hidden))) @ w[cut:].view(hidden + 1, 10)

    size = cut + 10 * (hidden + 1) if hidden else 10 * width
    start = torch.randn(size, dtype=torch.float64) * (0.5 if hidden else 0.0)
    hyper = torch.empty(size, dtype=torch.float64).uniform_(*np.log((0.02, 0.06) if hidden else (0.005, 0.05)).tolist())
    step = 0.5 if hidden else 0.6
    return Problem(lambda w, h: F.cross_entropy(logits(w, given), labels) + decayed(w, h),
                   lambda w, h: F.cross_entropy(logits(w, asked), answers), start, hyper, step)  # fmt: skip


def decayed(w: Tensor, h: Tensor) -> Tensor:
    """½ Σ e^h w²."""
    return (h.exp() * w.square()).sum() / 2


def with_constant(x: Tensor) -> Tensor:
    """A column of ones beside the features."""
    return torch.cat((x, torch.ones_like(x[:, :1])), dim=1)
