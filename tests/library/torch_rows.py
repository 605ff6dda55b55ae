"""The rows for models and losses."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import scipy.special
import scipy.stats
import torch
import torch.nn.functional as F
from table import Row
from torch import Tensor, nn

from mlblog.data.keys import END
from mlblog.losses import adversarial, contrastive, ctc, pointer
from mlblog.losses import discrete as d
from mlblog.losses.discrete import categorical
from mlblog.models import (
    attention,
    attention_lstm,
    discrete_vae,
    norms,
    pointer_keys,
    pointer_lstm,
    pointer_modules,
    pointer_points,
    positions,
    spelling,
    spelling_keys,
    transformer,
    vae,
)
from mlblog.models import pointer as pointer_net
from mlblog.numerics import precision

_generator = torch.Generator().manual_seed(7)


def numbers(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=_generator)


def whole(top: int, *shape: int) -> Tensor:
    return torch.randint(top, shape, generator=_generator)


def shuffled(rows: int, size: int, base: Tensor) -> Tensor:
    """Each row of `base` in another order."""
    return torch.stack([base[i][torch.randperm(size, generator=_generator)] for i in range(rows)])


LETTERS = torch.stack([torch.randperm(26, generator=_generator)[:4] for _ in range(3)])  # (3, 4)
WORDS = shuffled(3, 4, LETTERS)
KEYS = torch.cat((LETTERS, torch.full((3, 1), END)), dim=1)  # (3, 5)
ANSWERS = torch.cat((WORDS, torch.full((3, 1), END)), dim=1)
PLACES = torch.tensor([[0, 3, 5, 5], [4, 1, 2, 5], [2, 5, 5, 5]])  # of 5 points and the end
LABELS = torch.tensor([[1, 2], [3, 3], [2, 1], [1, 1]])
FRAMES, LENGTHS = torch.tensor([6, 5, 4, 0]), torch.tensor([2, 2, 1, 0])
ONE_HOT = F.one_hot(whole(3, 4, 2), 3).double()  # (4, 2, 3)
COSTS = numbers(2, 3)


def log_probs(*shape: int) -> Tensor:
    return numbers(*shape).log_softmax(-1)


def cost(drawn: Tensor) -> Tensor:
    """A loss that is neither linear nor additive: (..., 2, 3) to (...)."""
    linear = (COSTS.to(drawn) * drawn).sum((-1, -2))
    return linear.square() + drawn[..., 0, 1] * drawn[..., 1, 2]


def torchs(function: Any, *names: str) -> Any:
    """The reference of a norm: a function of `torch.nn.functional` with its weights."""
    return lambda norm: lambda x: function(x, *(getattr(norm, name) for name in names))


def torchs_attention(ours: attention.MultiHeadAttention) -> Any:
    theirs = nn.MultiheadAttention(12, 3, batch_first=True).double()
    theirs.load_state_dict({
        "in_proj_weight": ours.project_in.weight, "in_proj_bias": ours.project_in.bias,
        "out_proj.weight": ours.project_out.weight, "out_proj.bias": ours.project_out.bias,
    })  # fmt: skip
    return lambda x, memory: theirs(x, memory, memory, need_weights=False)[0]


def torchs_ctc(_: Any) -> Any:
    return lambda p, labels, frames, lengths: F.ctc_loss(p, labels, frames, lengths, reduction="none")


def by_numpy(function: Any) -> Any:
    """The reference of a function that takes no weights: one in NumPy, over the whole batch at once."""
    return lambda _: lambda *inputs: torch.as_tensor(function(*(x.detach().numpy() for x in inputs)))


def cross_entropy_of_views(z: np.ndarray, tau: float) -> np.ndarray:
    unit = z.reshape(-1, z.shape[-1]) / np.linalg.norm(z.reshape(-1, z.shape[-1]), axis=1, keepdims=True)
    similarity, n = unit @ unit.T / tau, z.shape[1]
    np.fill_diagonal(similarity, -np.inf)
    log_shares = similarity - scipy.special.logsumexp(similarity, axis=1, keepdims=True)
    return np.array([-log_shares[a, (a + n) % (2 * n)] for a in range(2 * n)]).reshape(2, n)


def simplex_projection(v: np.ndarray) -> np.ndarray:
    """By bisection on the shift: no sorting, no cumulated sums."""
    low, high = v.max(axis=-1, keepdims=True) - 1, v.max(axis=-1, keepdims=True)
    for _ in range(80):
        middle = (low + high) / 2
        too_much = np.maximum(v - middle, 0).sum(axis=-1, keepdims=True) > 1
        low, high = np.where(too_much, middle, low), np.where(too_much, high, middle)
    return np.maximum(v - high, 0)


def spelled(letters: Tensor, words: Tensor, scores: Tensor, *, first: bool) -> Tensor:
    """-log of the probability of a letter's places, or of the first of them, one sum at a time."""
    found = torch.empty(words.shape, dtype=torch.float64)
    for b, t in np.ndindex(*words.shape):
        p = [math.exp(s) for s in scores[b, t].tolist()]
        right = [p[j] for j in range(len(p)) if letters[b, j] == words[b, t] and p[j] > 0]
        right = right[:1] if first else right
        found[b, t] = -math.log(sum(right) / sum(p)) if right else math.inf
    return found


SCORES = numbers(3, 4, 4).masked_fill(torch.eye(4).bool() & (whole(2, 3, 4, 1) == 1), -torch.inf)
net = {"width": 8, "heads": 2, "layers": 1, "hidden": 12}

MODELS = [
    Row("models.norms.standardise", lambda: lambda x: norms.standardise(x, (1,)), (10 * numbers(4, 6) + 30,),
        by_numpy(lambda x: (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)), slack=2),
    Row("models.norms.LayerNorm", lambda: norms.LayerNorm(6), (900 * numbers(4, 5, 6),),
        lambda norm: lambda x: F.layer_norm(x, (6,), norm.weight, norm.bias), leading=True),
    Row("models.norms.GroupNorm", lambda: norms.GroupNorm(2, 6), (900 * numbers(4, 6, 5),),
        lambda norm: lambda x: F.group_norm(x, 2, norm.weight, norm.bias)),
    Row("models.norms.InstanceNorm", lambda: norms.InstanceNorm(6), (900 * numbers(4, 6, 5),),
        lambda norm: lambda x: F.instance_norm(x, None, None, norm.weight, norm.bias)),
    Row("models.norms.BatchNorm", lambda: norms.BatchNorm(6), (900 * numbers(4, 6, 5),),
        lambda norm: lambda x: F.batch_norm(x, None, None, norm.weight, norm.bias, training=True), batch=(None,)),
    Row("models.norms.BatchNorm", lambda: norms.BatchNorm(6).eval(), (numbers(4, 6, 5),),
        lambda norm: lambda x: F.batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias)),
    Row("models.attention.MultiHeadAttention", lambda: attention.MultiHeadAttention(12, 3),
        (numbers(4, 5, 12), numbers(4, 7, 12)), torchs_attention, batch=(0, 0), leading=True),
    Row("models.transformer.FeedForward", lambda: transformer.FeedForward(8, 12), (numbers(4, 5, 8),), leading=True),
    Row("models.transformer.EncoderBlock", lambda: transformer.EncoderBlock(8, 2, 12), (numbers(4, 5, 8),),
        leading=True),
    Row("models.transformer.DecoderBlock", lambda: transformer.DecoderBlock(8, 2, 12),
        (numbers(4, 5, 8), numbers(4, 7, 8)), batch=(0, 0), leading=True),
    Row("models.positions.rotate_by_place", lambda: positions.rotate_by_place, (numbers(4, 5, 6),), leading=True),
    Row("models.positions.LearnedPositions", lambda: positions.LearnedPositions(9, 6), (numbers(4, 5, 6),),
        leading=True),
    Row("models.pointer.PointerHead", lambda: pointer_net.PointerHead(8),
        (numbers(4, 3, 8), numbers(4, 5, 8), whole(2, 4, 3, 5).bool()),
        lambda head: lambda s, h, used: torch.where(used, -torch.inf, torch.einsum(
            "bti,bji->btj", s @ head.query.weight.T + head.query.bias, h @ head.key.weight.T + head.key.bias
        ) / 8**0.5), batch=(0, 0, 0), leading=True),
    Row("models.pointer.PointerTransformer", lambda: pointer_net.PointerTransformer(**net), (LETTERS, WORDS),
        batch=(0, 0)),
    Row("models.pointer.consumed_places", lambda: lambda a, b: pointer_net.consumed_places(a, b).long(),
        (whole(3, 4, 5), whole(3, 4, 2)), batch=(0, 0)),
    Row("models.pointer_keys.KeyPointer", lambda: pointer_keys.KeyPointer(**net), (KEYS, ANSWERS), batch=(0, 0)),
    Row("models.pointer_keys.until_end", lambda: lambda a: pointer_keys.until_end(a).long(), (ANSWERS,)),
    Row("models.pointer_modules.ModulePointerTransformer",
        lambda: pointer_modules.ModulePointerTransformer(**net).train(), (LETTERS, WORDS), batch=(0, 0)),
    Row("models.pointer_lstm.AdditivePointer", lambda: pointer_lstm.AdditivePointer(8),
        (numbers(4, 3, 8), numbers(4, 5, 8)),
        lambda point: lambda s, h: (torch.tanh((h @ point.from_place.weight.T).unsqueeze(1)
                                    + (s @ point.from_state.weight.T).unsqueeze(2)) @ point.score.weight.T)[..., 0],
        batch=(0, 0)),
    Row("models.pointer_lstm.PointerLSTM", lambda: pointer_lstm.PointerLSTM(inputs=2, width=8),
        (numbers(3, 5, 2), PLACES), batch=(0, 0)),
    Row("models.pointer_lstm.FixedLSTM", lambda: pointer_lstm.FixedLSTM(inputs=2, width=8, most=5),
        (numbers(3, 5, 2), PLACES), batch=(0, 0)),
    Row("models.pointer_lstm.named", lambda: lambda a: pointer_lstm.named(a, 4), (numbers(3, 5, 7),), batch=(0,)),
    Row("models.attention_lstm.AttentionLSTM", lambda: attention_lstm.AttentionLSTM(inputs=2, width=8, most=5),
        (numbers(3, 5, 2), PLACES), batch=(0, 0)),
    Row("models.pointer_lstm.previous", lambda: pointer_lstm.previous, (numbers(3, 5, 2), numbers(2), PLACES),
        batch=(0, None, 0)),
    Row("models.pointer_lstm.filled", lambda: lambda a: pointer_lstm.filled(a, 5), (PLACES,)),
    Row("models.pointer_points.PointTransformer", lambda: pointer_points.PointTransformer(inputs=2, **net),
        (numbers(3, 5, 2), PLACES), batch=(0, 0)),
    Row("models.spelling.letter_steps",
        lambda: lambda letters, prefix: spelling.letter_steps(
            pointer_net.PointerTransformer(**net).double(), letters)(prefix),
        (LETTERS, WORDS[:, None, :2]), batch=(0, 0)),
    Row("models.spelling_keys.key_steps",
        lambda: lambda keys, prefix: spelling_keys.key_steps(
            pointer_keys.KeyPointer(**net).double(), keys)(prefix),
        (KEYS, ANSWERS[:, None, :2]), batch=(0, 0)),
    Row("models.discrete_vae.DiscreteVAE.encode", lambda: _of_vae("encode"), (numbers(4, 9),), leading=True),
    Row("models.discrete_vae.DiscreteVAE.surprise", lambda: _of_vae("surprise"), (ONE_HOT, numbers(4, 9).sigmoid()),
        batch=(0, 0)),
    Row("models.discrete_vae.DiscreteVAE.divergence", lambda: _of_vae("divergence"), (4 * numbers(4, 2, 3),),
        by_numpy(lambda x: scipy.special.rel_entr(scipy.special.softmax(x, -1), 1 / 3).sum((-1, -2))), leading=True),
    Row("models.vae.Gaussian.log_density", lambda: lambda m, s, x: vae.Gaussian(m, s).log_density(x),
        (numbers(4, 3), numbers(4, 3), numbers(4, 3)),
        by_numpy(lambda m, s, x: scipy.stats.norm.logpdf(x, m, np.exp(s)).sum(-1)), batch=(0, 0, 0), leading=True),
    Row("models.vae.Gaussian.kl_to_standard", lambda: lambda m, s: vae.Gaussian(m, s).kl_to_standard(),
        (numbers(4, 3), numbers(4, 3)),
        lambda _: lambda m, s: torch.distributions.kl_divergence(
            torch.distributions.Normal(m, s.exp()), torch.distributions.Normal(0.0, 1.0)).sum(-1),
        batch=(0, 0), leading=True),
    Row("models.vae.elbo", lambda: _Elbo(vae.elbo), (numbers(4, 9), numbers(4, 2)), batch=(0, 0)),
    Row("models.vae.importance_bound", lambda: _Elbo(vae.importance_bound), (numbers(4, 9), numbers(5, 4, 2)),
        batch=(0, 1)),
]  # fmt: skip

LOSSES = [
    Row("losses.adversarial.discriminator_loss", lambda: adversarial.discriminator_loss, (9 * numbers(4), numbers(4)),
        by_numpy(lambda a, b: np.stack((np.logaddexp(0, -a), np.logaddexp(0, b)))), batch=(0, 0)),
    Row("losses.adversarial.minimax_loss", lambda: adversarial.minimax_loss, (9 * numbers(4),),
        by_numpy(lambda a: scipy.special.log_expit(-a)), leading=True),
    Row("losses.adversarial.non_saturating_loss", lambda: adversarial.non_saturating_loss, (9 * numbers(4),),
        by_numpy(lambda a: -scipy.special.log_expit(a)), leading=True),
    Row("losses.contrastive.nt_xent", lambda: functools.partial(contrastive.nt_xent, temperature=0.1),
        (99 * numbers(2, 4, 6),), by_numpy(lambda z: cross_entropy_of_views(z, 0.1)), batch=(None,)),
    Row("losses.contrastive.decoupled_nt_xent",
        lambda: functools.partial(contrastive.decoupled_nt_xent, temperature=0.1), (99 * numbers(2, 4, 6),),
        batch=(None,)),
    Row("losses.contrastive.sup_con", lambda: functools.partial(contrastive.sup_con, temperature=0.1),
        (99 * numbers(3, 4, 6), torch.tensor([0, 1, 0, 2])), batch=(None, None)),
    Row("losses.contrastive.sup_con_inside", lambda: functools.partial(contrastive.sup_con_inside, temperature=0.1),
        (99 * numbers(3, 4, 6), torch.tensor([0, 1, 0, 2])), batch=(None, None)),
    Row("losses.ctc.ctc_loss", lambda: ctc.ctc_loss, (log_probs(6, 4, 5), LABELS, FRAMES, LENGTHS), torchs_ctc,
        batch=(1, 0, 0, 0)),
    Row("losses.ctc.occupancy", lambda: ctc.occupancy, (log_probs(6, 4, 5), LABELS, FRAMES, LENGTHS),
        batch=(1, 0, 0, 0), out=1),
    Row("losses.pointer.letter_nll", lambda: pointer.letter_nll, (SCORES, LETTERS, WORDS),
        lambda _: lambda s, given, w: spelled(given, w, s, first=False), batch=(0, 0, 0)),
    Row("losses.pointer.place_nll", lambda: pointer.place_nll, (SCORES, LETTERS, WORDS),
        lambda _: lambda s, given, w: spelled(given, w, s, first=True), batch=(0, 0, 0)),
    Row("losses.discrete.log_probability", lambda: d.log_probability, (numbers(4, 2, 3), ONE_HOT),
        lambda _: lambda x, z: torch.distributions.OneHotCategorical(logits=x).log_prob(z).sum(-1), batch=(0, 0),
        leading=True),
    Row("losses.discrete.expected_loss", lambda: lambda x: d.expected_loss(x, cost), (numbers(4, 2, 3),),
        leading=True),
    Row("losses.discrete.exact_gradient", lambda: lambda x: d.exact_gradient(x, cost), (numbers(4, 2, 3),),
        leading=True, slack=2),
    Row("losses.discrete.loss_gradient", lambda: lambda z: d.loss_gradient(cost, z), (numbers(4, 2, 3),),
        leading=True, slack=2),
    Row("losses.discrete.categorical.slope", lambda: lambda z: categorical.slope(cost, z), (numbers(4, 2, 3),),
        leading=True, slack=2),
    Row("losses.discrete.gumbel_softmax", lambda: lambda x, g: d.gumbel_softmax(x, g, temperature=0.5),
        (numbers(4, 2, 3), numbers(4, 2, 3)), by_numpy(lambda x, g: scipy.special.softmax(2 * (x + g), -1)),
        batch=(0, 0), leading=True),
    Row("losses.discrete.sparsemax", lambda: d.sparsemax, (numbers(4, 5),), by_numpy(simplex_projection),
        leading=True),
    Row("losses.discrete.clamp_and_divide", lambda: d.clamp_and_divide, (1 + numbers(4, 5).abs(),), leading=True),
    Row("losses.discrete.divide_by_sum", lambda: d.divide_by_sum, (1 + numbers(4, 5).abs(),), leading=True),
    *(Row(f"losses.discrete.{type(e).__name__}", lambda e=e: lambda x, z: e.given(x, cost, z),
          (numbers(4, 2, 3), ONE_HOT), batch=(0, 0), leading=True, slack=3)
      for e in (d.StraightThrough(), d.IntermediateLossSampler(0.1), d.IntermediateLossSampler(0.1, d.sparsemax, True),
                d.PublishedLossSampler(0.1), d.Reinforce(), d.ReinforceExactBaseline())),
    Row("losses.discrete.enumerated_bias_variance",
        lambda: lambda x: d.enumerated_bias_variance(d.Reinforce(), x, cost), (numbers(4, 2, 3),), leading=True,
        slack=3),
    Row("numerics.precision.widened", lambda: lambda x: precision.widened(x).to(x.dtype), (numbers(4, 3),),
        leading=True),
]  # fmt: skip


class _Of(nn.Module):
    """A method of a module, callable like it."""

    def __init__(self, module: nn.Module, method: str) -> None:
        super().__init__()
        self.module, self.method = module, method

    def forward(self, *inputs: Tensor) -> Tensor:
        found: Tensor = getattr(self.module, self.method)(*inputs)
        return found


def _of_vae(method: str) -> _Of:
    return _Of(discrete_vae.DiscreteVAE(pixels=9, variables=2, categories=3, hidden=7), method)


class _Elbo(nn.Module):
    """A bound of a small model."""

    def __init__(self, bound: Any) -> None:
        super().__init__()
        self.vae, self.bound = vae.VAE(9, 2, hidden=(7,)), bound

    def forward(self, x: Tensor, noise: Tensor) -> Any:
        return self.bound(self.vae, x, noise)
