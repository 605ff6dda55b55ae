"""The noise in the gradient of a masked language model, split exactly into what strings and what masks add.

    Var[(p/q) g] = Var_x[ E_p[g | x] ] + E_x[ Var_q[(p/q) g | x] ]

The variance of a vector is the sum over its components. All strings and all masks are enumerated. The law of total
variance asks nothing of p: it may depend on x.

Dimensions: N strings, M masks, T places, P parameters.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from mlblog.losses.masked import mlm_loss
from mlblog.models.masked_lm import MaskedLM


class GradientMoments(NamedTuple):
    """What the variance is made of, for any proposal.

    Attributes:
        norms: (N, M) norm of the gradient of each string under each mask.
        means: (N,) squared norm of each string's gradient, averaged over p.
        mean: () squared norm of the gradient of the objective.
    """

    norms: Tensor
    means: Tensor
    mean: Tensor


class GradientVariance(NamedTuple):
    """Parts of the variance of a gradient for one string and one mask; n independent ones divide it by n.

    Attributes:
        sentence: variance of the gradient that is averaged over masks.
        mask: mean over strings of the variance that masks add.
    """

    sentence: float
    mask: float


def per_mask_gradients(net: nn.Module, words: Tensor, hidden: Tensor) -> Tensor:
    """The gradient of every string under every mask, one by one.

    Args:
        net: from (B, T) letters and (B, T) booleans to (B, T, V) logits.
        words: (N, T).
        hidden: (M, T) boolean.

    Returns:
        (N, M, P), the parameters in the order of `net.named_parameters()`.
    """
    weights = {name: weight.detach() for name, weight in net.named_parameters()}

    def loss(weights: dict[str, Tensor], word: Tensor, mask: Tensor) -> Tensor:
        logits: Tensor = functional_call(net, weights, (word[None], mask[None]))
        return mlm_loss(logits, word[None], mask[None])[0]

    with sdpa_kernel(SDPBackend.MATH):  # the only kind of attention that vmap can batch
        each = vmap(vmap(grad(loss), in_dims=(None, None, 0)), in_dims=(None, 0, None))(weights, words, hidden)
    return torch.cat([part.flatten(2) for part in each.values()], dim=-1)


def gradient_moments(net: nn.Module, words: Tensor, hidden: Tensor, p: Tensor, *, at_once: int = 16) -> GradientMoments:
    """Enumerate all gradients and keep what the variance needs.

    Args:
        net: as for `per_mask_gradients`.
        words: (N, T), all of the population, each as probable as the others.
        hidden: (M, T) boolean.
        p: (M,) or (N, M) probabilities of the masks, which the objective names.
        at_once: strings whose gradients are held in memory together.

    Raises:
        ValueError: p has another shape or does not add up to 1.
    """
    p = _laws(p, len(words), len(hidden))
    norms, means, total = [], [], torch.zeros((), dtype=torch.float64)
    for some, law in zip(torch.split(words, at_once), torch.split(p, at_once), strict=True):
        gradients = per_mask_gradients(net, some, hidden)  # (n, M, P)
        average = torch.einsum("nm,nmp->np", law.to(gradients.dtype), gradients)
        norms.append(gradients.norm(dim=-1).double())
        means.append(average.double().square().sum(-1))
        total = total + average.double().sum(0)
    return GradientMoments(torch.cat(norms), torch.cat(means), (total / len(words)).square().sum())


def gradient_variance_decomposition(moments: GradientMoments, p: Tensor, q: Tensor) -> GradientVariance:
    """The variance of (p/q) g for a random string and a mask drawn by q, in its two parts.

    Args:
        moments: of the gradients under `p`.
        p: (M,) or (N, M), the distribution that the objective names.
        q: (M,) or (N, M), the distribution that masks are drawn from.

    Returns:
        Both parts, in squared units of the gradient. The first does not depend on q.

    Raises:
        ValueError: a distribution has another shape or does not add up to 1, or q is zero where p g is not.

    References:
        [chen2020variance]; the law of total variance.
    """
    laws = [_laws(law, *moments.norms.shape) for law in (p, q)]
    mass = laws[0] * moments.norms
    if (laws[1][mass > 0] <= 0).any():
        raise ValueError("the proposal is zero at a mask that counts, so the estimate would be biased")
    second = torch.where(mass > 0, mass.square() / laws[1], 0.0).sum(1)  # E_q ‖(p/q) g‖²
    return GradientVariance((moments.means.mean() - moments.mean).item(), (second - moments.means).mean().item())


def optimal_mask_proposal(moments: GradientMoments, p: Tensor) -> Tensor:
    """The proposal of the least mask part: q*(M | x) ∝ p(M | x) ‖g(x, M)‖, (N, M).

    Where every gradient of a string is zero it is p.

    References:
        [alain2015variance], theorem 1, for each string.
    """
    law = _laws(p, *moments.norms.shape)
    mass = law * moments.norms
    total = mass.sum(1, keepdim=True)
    return torch.where(total > 0, mass / total.clamp(min=1e-300), law)


def optimal_shared_proposal(moments: GradientMoments, p: Tensor) -> Tensor:
    """The best proposal that does not see the string: q(M) ∝ p(M) (E_x ‖g(x, M)‖²)^½, (M,); p of shape (M,)."""
    mass = p.double() * moments.norms.square().mean(0).sqrt()
    return mass / mass.sum()


def gradient_norms(net: MaskedLM, words: Tensor, hidden: Tensor) -> Tensor:
    """The norm of each row's gradient, from one pass forward and one back, without the gradients.

    A linear layer with input a and output y has the gradient δ aᵀ for a row, δ = ∂ℓ/∂y, and δ for its bias:

        ‖g‖² = Σ_layers ‖δ‖² (‖a‖² + 1)

    Args:
        net: whose weights each meet a row once.
        words: (B, T).
        hidden: (B, T) boolean.

    Returns:
        (B,), without a gradient.

    References:
        [alain2015variance], section on the norms of gradients of dense layers.
    """
    _, inputs, errors = rows_errors(net, words, hidden)
    return rows_norms(inputs, errors)


def rows_errors(net: MaskedLM, words: Tensor, hidden: Tensor) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """The loss of each row (B,), and of each layer the inputs a and the errors δ, (B, in) and (B, out)."""
    seen = net.trace(words, hidden)
    inputs, outputs = [pair[0] for pair in seen], [pair[1] for pair in seen]
    loss = mlm_loss(outputs[-1].view(*words.shape, net.letters), words, hidden)
    errors = torch.autograd.grad(loss.sum(), outputs)
    return loss.detach(), [x.detach() for x in inputs], list(errors)


def rows_norms(inputs: list[Tensor], errors: list[Tensor]) -> Tensor:
    """The norm of each row's gradient, (B,), from what `rows_errors` found."""
    parts = [d.square().sum(-1) * (a.square().sum(-1) + 1) for a, d in zip(inputs, errors, strict=True)]
    return torch.stack(parts).sum(0).sqrt()


def _laws(law: Tensor, strings: int, masks: int) -> Tensor:
    """The distribution of each string's masks, (N, M)."""
    law = law.double()
    if law.shape not in ((masks,), (strings, masks)):
        raise ValueError(f"({masks},) or ({strings}, {masks}) expected, given {tuple(law.shape)}")
    if (law < 0).any() or not torch.allclose(law.sum(-1), torch.ones((), dtype=torch.float64), atol=1e-5):
        raise ValueError("probabilities that add up to 1 expected")
    law = law / law.sum(-1, keepdim=True)
    return law.expand(strings, masks)
