"""The noise in a masked language model's gradient where letters may be replaced instead of hidden: a third part.

    Var[g] = Var_x[ E[g | x] ] + E_x[ Var_i[ E[g | x, i] ] ] + E_{x, i}[ Var_s[g | x, i] ]

A string x, the place i that is asked for, and the symbol s that is shown there. All of them are enumerated.

Dimensions: N strings, T places, V letters.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.func import functional_call, grad, vmap

from mlblog.models.masked_lm import MaskedLM


class ReplacementVariance(NamedTuple):
    """Parts of the variance of a gradient for one string, one place and one symbol, in squared units of the gradient.

    Attributes:
        sentence: variance of the gradient that is averaged over places and symbols.
        place: mean over strings of the variance between places.
        replacement: mean over strings and places of the variance between symbols.
    """

    sentence: float
    place: float
    replacement: float


def every_symbol(words: Tensor, letters: int) -> Tensor:
    """Each string with each symbol at each place.

    Args:
        words: (N, T) letters below V.
        letters: V.

    Returns:
        (N, T, V + 1, T): the string, the place, the symbol that it shows there, and the letters.
    """
    places = words.shape[-1]
    rows = words[:, None, None].repeat(1, places, letters + 1, 1)
    symbols = torch.arange(letters + 1, device=words.device)
    for place in range(places):
        rows[:, place, :, place] = symbols
    return rows


def replacement_variance(net: MaskedLM, words: Tensor, law: Tensor) -> ReplacementVariance:
    """Split the variance of the gradient when one place of T is asked for, all equally probable.

    Args:
        net: the network.
        words: (N, T), all of the population, each as probable as the others.
        law: (N, T, V + 1) probabilities of the symbols shown at a place that is asked for.

    Returns:
        The three parts.

    Raises:
        ValueError: the law has another shape or does not add up to 1.

    References:
        The law of total variance, twice; replacements as in [devlin2019bert], appendix A.1.
    """
    places, symbols = words.shape[1], net.letters + 1
    if law.shape != (*words.shape, symbols) or not torch.allclose(law.sum(-1), torch.ones_like(law[..., 0])):
        raise ValueError(f"probabilities of shape {(*words.shape, symbols)} expected, given {tuple(law.shape)}")
    weights = {name: weight.detach() for name, weight in net.named_parameters()}
    nothing = torch.zeros(places, dtype=torch.bool, device=words.device)

    def surprise(weights: dict[str, Tensor], shown: Tensor, place: Tensor, word: Tensor) -> Tensor:
        logits: Tensor = functional_call(net, weights, (shown[None], nothing[None]))
        nats: Tensor = -(logits[0].log_softmax(-1) * place[:, None]).gather(-1, word[:, None]).sum()
        return nats

    each = vmap(vmap(grad(surprise), in_dims=(None, 0, None, None)), in_dims=(None, 0, 0, None))
    asked = torch.eye(places, dtype=law.dtype, device=words.device)
    second = between = means = 0.0
    total: Tensor | float = 0.0
    for word, rows, p in zip(words, every_symbol(words, net.letters), law, strict=True):
        gradients = torch.cat([part.flatten(2) for part in each(weights, rows, asked, word).values()], -1).double()
        average = torch.einsum("ts,tsp->tp", p.double(), gradients)  # E[g | x, i]
        second += float((p * gradients.square().sum(-1)).sum() / places)
        between += float(average.square().sum() / places)
        means += float(average.mean(0).square().sum())
        total = total + average.mean(0)
    mean = float((torch.as_tensor(total) / len(words)).square().sum())
    return ReplacementVariance(
        means / len(words) - mean, (between - means) / len(words), (second - between) / len(words)
    )
