"""REBAR and RELAX: REINFORCE, less a relaxed loss that is correlated with it, plus that loss's own gradient.

Both are unbiased for every temperature, scale and network: E[∇c(z)] = E[c(z̃) ∇log p(b)] + E[∇c(z̃)].
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.losses.discrete.categorical import Loss
from mlblog.losses.discrete.gumbel import expect_positive, exponential_like, gumbel_like
from mlblog.numerics.precision import widened


def conditional_gumbels(log_probabilities: Tensor, drawn: Tensor) -> Tensor:
    """Draw log p + G, G Gumbel noise, given which category is its largest.

        z̃_k = −log E_k,   z̃_j = −log(E_j / p_j + E_k),   E exponential, k the category drawn

    Differentiable in the log-probabilities with the noise held.

    Args:
        log_probabilities: (..., M, K), normalised.
        drawn: (..., M, K), one-hot.

    Returns:
        (..., M, K), largest where `drawn` is one.

    References:
        [grathwohl2018backpropagation], appendix B, for categorical variables.
    """
    noise, wide = exponential_like(log_probabilities), widened(log_probabilities)
    of_drawn = (noise * drawn).sum(-1, keepdim=True)  # E_k
    # 1 / p_j overflows for rare categories; of those, only the logarithm is taken: E_k does not show beside E_j / p_j
    rare = (wide < -0.9 * math.log(torch.finfo(wide.dtype).max)) & (drawn == 0)
    others = torch.where(drawn > 0, 0.0, noise * (-wide.masked_fill(rare, 0.0)).exp())  # E_j / p_j
    return torch.where(rare, wide - noise.log(), -(others + of_drawn).log()).to(log_probabilities.dtype)


class Rebar(nn.Module):
    """REINFORCE with the loss of the Gumbel-Softmax as its control variate.

        (L(b) − c(z̃)) (b − π) + ∇c(z) − ∇c(z̃),   c(z) = η L(softmax(z / T))

    z = log π + G, b the argmax of z, z̃ a second such draw with the same argmax. Evaluates the loss three times.

    Attributes:
        log_temperature: log T, learned if an optimiser is given it.
        scale: η, the same.

    References:
        [tucker2017rebar], eq. 5 for one bit; [grathwohl2018backpropagation], appendix B, for categories.
    """

    def __init__(self, *, temperature: float = 0.5, scale: float = 1.0) -> None:
        super().__init__()
        expect_positive(temperature)
        self.log_temperature = nn.Parameter(torch.tensor(float(temperature)).log())
        self.scale = nn.Parameter(torch.tensor(float(scale)))

    def forward(self, logits: Tensor, loss: Loss) -> Tensor:
        """Estimate the gradient of the expected loss: (..., M, K) to (..., M, K).

        The result is attached to the parameters here, so that its square, summed, can be made small: as the mean is
        fixed, that lowers its variance. `Tuned` does so; detach the result otherwise.
        """
        return _controlled(logits, loss, lambda z: self.scale * loss((z / self.log_temperature.exp()).softmax(-1)))


class Relax(nn.Module):
    """REBAR whose control variate has a free function added to it: c(z) = η L(softmax(z / T)) + r(z).

    Attributes:
        correction: r, (..., M, K) perturbed log-probabilities to (...), learned.
        log_temperature: log T, learned.
        scale: η, learned.

    References:
        [grathwohl2018backpropagation], eq. 8 and section 3.3.
    """

    def __init__(self, correction: nn.Module, *, temperature: float = 0.5, scale: float = 1.0) -> None:
        super().__init__()
        expect_positive(temperature)
        self.correction = correction
        self.log_temperature = nn.Parameter(torch.tensor(float(temperature)).log())
        self.scale = nn.Parameter(torch.tensor(float(scale)))

    def forward(self, logits: Tensor, loss: Loss) -> Tensor:
        """Estimate the gradient of the expected loss: (..., M, K) to (..., M, K), attached as that of `Rebar`."""

        def control(z: Tensor) -> Tensor:
            corrected: Tensor = self.correction(z)
            return self.scale * loss((z / self.log_temperature.exp()).softmax(-1)) + corrected

        return _controlled(logits, loss, control)


class Tuned:
    """REBAR or RELAX with an optimiser that lowers the variance of the estimates from call to call.

        the gradient of E |g|², which differs from the variance by the fixed |E g|²

    Attributes:
        estimator: whose parameters are learned.
        optimizer: of those parameters.

    References:
        [tucker2017rebar], section 3.2; [grathwohl2018backpropagation], eq. 10.
    """

    def __init__(self, estimator: Rebar | Relax, *, rate: float) -> None:
        self.estimator = estimator
        self.optimizer = torch.optim.Adam(estimator.parameters(), lr=rate)

    def __call__(self, logits: Tensor, loss: Loss) -> Tensor:
        """Estimate the gradient of the expected loss, then take one step: (..., M, K) to (..., M, K), detached."""
        found: Tensor = self.estimator(logits, loss)
        parameters = list(self.estimator.parameters())
        noise = found.square().sum((-1, -2)).mean()
        for parameter, gradient in zip(parameters, torch.autograd.grad(noise, parameters), strict=True):
            parameter.grad = gradient
        self.optimizer.step()
        return found.detach()


def _controlled(logits: Tensor, loss: Loss, control: Loss) -> Tensor:
    """REINFORCE for `loss` with the control variate `control`, a function of perturbed log-probabilities."""
    attached = torch.is_grad_enabled()
    with torch.enable_grad():
        leaf = logits.detach().requires_grad_()
        log_probabilities = leaf.log_softmax(-1)
        z = log_probabilities + gumbel_like(logits)
        drawn = F.one_hot(z.argmax(-1), logits.shape[-1]).to(logits.dtype)
        free, bound = control(z), control(conditional_gumbels(log_probabilities, drawn))
        with torch.no_grad():
            value, score = loss(drawn), drawn - logits.softmax(-1)
        (path,) = torch.autograd.grad((free - bound).sum(), leaf, create_graph=attached)
    return (value - bound)[..., None, None] * score + path
