"""The rows for masked language models, their losses and the variance of their gradients."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from table import Row
from torch import Tensor, nn

from mlblog.data import mlm_collator
from mlblog.losses import masked
from mlblog.models import mask_gradients, mask_proposal, mask_replacements, masked_lm

_generator = torch.Generator().manual_seed(21)
WORDS = torch.randint(5, (4, 3), generator=_generator)
HIDDEN = torch.tensor([[True, False, False], [True, True, True], [False, True, False], [False, True, True]])
LOGITS = torch.randn(4, 3, 5, dtype=torch.float64, generator=_generator)
LOGS = torch.rand(4, dtype=torch.float64, generator=_generator).log()
NORMS = torch.rand(4, 3, dtype=torch.float64, generator=_generator) + 0.2
MASKS = masked_lm.masks_of_size(3, 1)
COINS = masked_lm.masks_by_coin(3, 0.4)


class _Dense(nn.Module):
    """Gradients of a small dense network."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self.net, self.part = masked_lm.MaskedLM(letters=5, places=3, width=4), part

    def forward(self, words: Tensor, hidden: Tensor) -> Tensor:
        if self.part == "norms":
            return mask_gradients.gradient_norms(self.net, words, hidden)
        if self.part == "rows":
            _, inputs, errors = mask_gradients.rows_errors(self.net, words, hidden)
            return mask_gradients.rows_norms(inputs, errors)
        if self.part == "parts":
            law = mlm_collator.MLMCollator(letters=5).law(words)
            found = mask_replacements.replacement_variance(self.net, words, law.to(next(self.parameters()).dtype))
            return torch.tensor(found).to(next(self.parameters()).dtype)
        if self.part == "moments":
            return mask_gradients.gradient_moments(self.net, words, MASKS.hidden, MASKS.p).norms.to(LOGITS.dtype)
        return mask_gradients.per_mask_gradients(self.net, words, MASKS.hidden)


def _moments(norms: Tensor) -> mask_gradients.GradientMoments:
    squares = norms.double().square()
    return mask_gradients.GradientMoments(norms.double(), squares.mean(1) / 3, squares.mean() / 9)


def _parts(norms: Tensor) -> Tensor:
    found = mask_gradients.gradient_variance_decomposition(_moments(norms), MASKS.p, torch.tensor([0.5, 0.3, 0.2]))
    return torch.tensor(found).to(norms.dtype)


def _by_loops(logits: Tensor, words: Tensor, hidden: Tensor) -> Tensor:
    nats = F.cross_entropy(logits.flatten(0, -2), words.flatten(), reduction="none").view(words.shape)
    return torch.where(hidden, nats, 0.0).sum(-1)


MASKED = [
    Row("losses.masked.mlm_loss", lambda: masked.mlm_loss, (LOGITS, WORDS, HIDDEN), lambda _: _by_loops,
        batch=(0, 0, 0), leading=True, slack=4),
    Row("losses.masked.importance_weighted_mlm_loss",
        lambda: lambda logits, words, hidden, p, q: masked.importance_weighted_mlm_loss(
            logits, words, hidden, log_p=p, log_q=q),
        (LOGITS, WORDS, HIDDEN, LOGS, LOGS.flip(0)),
        lambda _: lambda logits, words, hidden, p, q: _by_loops(logits, words, hidden) * p.exp() / q.exp(),
        batch=(0, 0, 0, 0, 0), leading=True, slack=8),
    Row("models.masked_lm.MaskedLM", lambda: masked_lm.MaskedLM(letters=5, places=3, width=4), (WORDS, HIDDEN),
        batch=(0, 0), leading=True, slack=4),
    Row("models.masked_lm.MaskedTransformer",
        lambda: masked_lm.MaskedTransformer(letters=5, places=3, width=4, heads=2, layers=1), (WORDS, HIDDEN),
        batch=(0, 0), leading=True, slack=8),
    Row("models.mask_proposal.MaskProposalNetwork",
        lambda: mask_proposal.MaskProposalNetwork(letters=5, masks=COINS, width=4), (WORDS,), leading=True, slack=8),
    Row("models.mask_proposal.proposal_loss",
        lambda: lambda q, p, norms: mask_proposal.proposal_loss(q, log_p=p, norms=norms),
        (LOGS, LOGS.flip(0), NORMS[:, 0]),
        batch=(None, None, None), slack=8),
    Row("models.mask_gradients.gradient_norms", lambda: _Dense("norms"), (WORDS, HIDDEN), batch=(0, 0), slack=20),
    Row("models.mask_gradients.rows_norms", lambda: _Dense("rows"), (WORDS, HIDDEN), batch=(0, 0), slack=20),
    Row("models.mask_gradients.gradient_moments", lambda: _Dense("moments"), (WORDS, HIDDEN), batch=(None, None),
        slack=20),
    Row("models.mask_replacements.every_symbol", lambda: lambda words: mask_replacements.every_symbol(words, 5),
        (WORDS,)),
    Row("models.mask_replacements.replacement_variance", lambda: _Dense("parts"), (WORDS, HIDDEN), batch=(None, None),
        slack=40),
    Row("models.mask_gradients.per_mask_gradients", lambda: _Dense("each"), (WORDS, HIDDEN), batch=(None, None),
        slack=20),
    Row("models.mask_gradients.optimal_mask_proposal",
        lambda: lambda norms: mask_gradients.optimal_mask_proposal(_moments(norms), MASKS.p).to(norms.dtype), (NORMS,),
        lambda _: lambda norms: norms / norms.sum(1, keepdim=True), slack=2),
    Row("models.mask_gradients.optimal_shared_proposal",
        lambda: lambda norms: mask_gradients.optimal_shared_proposal(_moments(norms), MASKS.p).to(norms.dtype),
        (NORMS,), batch=(None,), slack=2),
    Row("models.mask_gradients.gradient_variance_decomposition", lambda: _parts, (NORMS,), batch=(None,), slack=8),
]  # fmt: skip
