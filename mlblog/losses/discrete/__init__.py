"""Gradients of an expected loss with respect to the logits of discrete draws.

Every estimator is called in one way: `estimator(logits, loss)`, with `logits` of shape (..., M, K) for M independent
variables of K categories, and `loss` a function from one-hot or relaxed draws (..., M, K) to values (...). It returns
an estimate of the gradient of the expected loss, shape (..., M, K), for each element of the leading dimensions on its
own. For many estimates, expand the logits.
"""

from mlblog.losses.discrete.beyond import intermediate_loss
from mlblog.losses.discrete.categorical import (
    Loss,
    all_draws,
    draw,
    exact_gradient,
    expected_loss,
    log_probability,
    loss_gradient,
)
from mlblog.losses.discrete.gumbel import (
    GumbelSoftmax,
    StraightThrough,
    StraightThroughGumbel,
    gumbel_like,
    gumbel_softmax,
)
from mlblog.losses.discrete.ils import (
    IntermediateLossSampler,
    PublishedLossSampler,
    clamp_and_divide,
    divide_by_sum,
    sparsemax,
)
from mlblog.losses.discrete.moments import (
    DrawEstimator,
    Estimator,
    Moments,
    bias_variance,
    enumerated_bias_variance,
)
from mlblog.losses.discrete.reinforce import Reinforce, ReinforceExactBaseline, ReinforceLeaveOneOut
from mlblog.losses.discrete.relax import Rebar, Relax, Tuned, conditional_gumbels

__all__ = [
    "DrawEstimator",
    "Estimator",
    "GumbelSoftmax",
    "IntermediateLossSampler",
    "Loss",
    "Moments",
    "PublishedLossSampler",
    "Rebar",
    "Reinforce",
    "ReinforceExactBaseline",
    "ReinforceLeaveOneOut",
    "Relax",
    "StraightThrough",
    "StraightThroughGumbel",
    "Tuned",
    "all_draws",
    "bias_variance",
    "clamp_and_divide",
    "conditional_gumbels",
    "divide_by_sum",
    "draw",
    "enumerated_bias_variance",
    "exact_gradient",
    "expected_loss",
    "gumbel_like",
    "gumbel_softmax",
    "intermediate_loss",
    "log_probability",
    "loss_gradient",
    "sparsemax",
]
