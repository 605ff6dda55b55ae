"""A variational autoencoder whose code is a few categorical variables.

Dimensions: B batch, P pixels, M variables of K categories, H hidden units.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.losses.discrete.categorical import Loss


class DiscreteVAE(nn.Module):
    """p(x) = Σ_z p(z) p(x | z) with a uniform prior on M categories, Bernoulli pixels, and q(z | x) from one network.

    Attributes:
        variables: M.
        categories: K.

    References:
        [kingma2014auto], eq. 3, for the bound; [jang2017categorical], section 4.2, for the categories.
    """

    def __init__(self, *, pixels: int, variables: int, categories: int, hidden: int) -> None:
        super().__init__()
        self.variables, self.categories = variables, categories
        self.encoder = nn.Sequential(nn.Linear(pixels, hidden), nn.ReLU(), nn.Linear(hidden, variables * categories))
        self.decoder = nn.Sequential(nn.Linear(variables * categories, hidden), nn.ReLU(), nn.Linear(hidden, pixels))

    def encode(self, images: Tensor) -> Tensor:
        """The logits of q(z | x): (…, P) to (…, M, K)."""
        logits: Tensor = self.encoder(images)
        return logits.reshape(*images.shape[:-1], self.variables, self.categories)

    def surprise(self, drawn: Tensor, images: Tensor) -> Tensor:
        """-log p(x | z), in nats an image.

        Args:
            drawn: (..., M, K), one-hot or relaxed; broadcast against the batch.
            images: (…, P), in 0 to 1.

        Returns:
            (…) or what the shapes broadcast to.
        """
        logits = self.decoder(drawn.flatten(-2))  # (..., P)
        # log(1 + e^l) - x l for each pixel; the product is contracted, since (draws, B, P) may be large
        fitted = torch.einsum("...p,...p->...", logits, images)
        return F.softplus(logits).sum(-1) - fitted

    def divergence(self, logits: Tensor) -> Tensor:
        """KL(q(z | x) ‖ p(z)), in nats an image: (..., M, K) to (...)."""
        log_q = logits.log_softmax(-1)
        never = log_q == -torch.inf  # adds 0 to the sum, where 0 · -inf would be no number
        log_q = log_q.masked_fill(never, 0.0)
        terms = log_q.exp() * (log_q + math.log(self.categories))
        return terms.masked_fill(never, 0.0).sum((-1, -2))

    def sampled_bound(self, logits: Tensor, images: Tensor) -> Loss:
        """The loss whose expectation is the negative evidence bound, as a function of the draw alone.

            L(z) = -log p(x | z) + Σ_m z_m · (log q_m + log K)   with q held fixed

        Holding q fixed loses nothing: E[∇ log q(z)] = 0.

        Args:
            logits: (…, M, K), of q.
            images: (…, P).

        Returns:
            A function from draws (..., M, K) to nats (...).
        """
        log_ratio = logits.detach().log_softmax(-1) + math.log(self.categories)
        log_ratio = log_ratio.masked_fill(log_ratio == -torch.inf, 0.0)  # never drawn, but 0 · -inf is no number

        def loss(drawn: Tensor) -> Tensor:
            return self.surprise(drawn, images) + (drawn * log_ratio).sum((-1, -2))

        return loss
