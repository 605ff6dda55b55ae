"""Odd tensors: answered rightly, or refused; never a hang, never a wrong number, never NaN."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from trap import INF, NAN, Trap

from mlblog.losses import contrastive, ctc, ctc_decode, pointer
from mlblog.losses import discrete as d
from mlblog.models import attention, beam, discrete_vae, norms, positions, reversible, views
from mlblog.numerics import adjoint, calibration, inverse_product, odeint, recompute, saved
from mlblog.training import reducer, schedule

ONE, TWO = torch.tensor([1]), torch.tensor([2])
FLAT = torch.zeros(3, 1, 3).log_softmax(-1)  # three frames, one example, three symbols
ABSENT = (torch.tensor([[0, 1, 2]]), torch.tensor([[5]]))  # the letters given, the letter to spell
SCORES = torch.tensor([[[0.3, -0.2, 0.9]]])
SURE = torch.tensor([[[0.0, 0.0, -INF]]])
VIEWS = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0))
LENGTHS = torch.tensor([1e-30, 1.0, 1e30])[:, None]
GAUSS = torch.distributions.Normal(torch.zeros(3), torch.ones(3))
HALVES = (torch.float16, torch.bfloat16)
frozen = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 2))
frozen[0].requires_grad_(False)
ESTIMATORS = (d.Rebar(), d.Reinforce(), d.ReinforceLeaveOneOut(2), d.ReinforceExactBaseline(), d.StraightThrough())


def first(z: Tensor) -> Tensor:
    return z[..., 0, 0]


def mean_of(estimator: Callable[..., Tensor], *logits: float) -> Tensor:
    torch.manual_seed(0)
    return estimator(torch.tensor([list(logits)]).expand(40_000, 1, len(logits)), first).detach().mean(0)


def silent(estimator: Callable[..., Tensor]) -> Tensor:
    """Within no_grad, of a loss that does not depend on the draw."""
    with torch.no_grad():
        return estimator(torch.zeros(5, 1, 3), lambda z: torch.zeros(z.shape[:-2])).abs().sum()


def correction() -> nn.Module:
    return nn.Sequential(nn.Flatten(-2), nn.Linear(2, 1), nn.Flatten(-2))


def noise(dtype: torch.dtype) -> Tensor:
    """Finite, also for a seed for which an exponential number drawn in half precision is zero."""
    torch.manual_seed(20)
    return d.gumbel_like(torch.zeros(1 << 20, dtype=dtype)).isfinite().all()


def conditional(dtype: torch.dtype, low: float) -> list[bool]:
    """Finite, with a finite gradient, and largest where drawn; though the other category has the probability e^low."""
    log_p = torch.tensor([[0.0, low]], dtype=dtype).expand(1000, 1, 2).clone().requires_grad_()
    z = d.conditional_gumbels(log_p, torch.tensor([[1.0, 0.0]], dtype=dtype).expand(1000, 1, 2))
    (slope,) = torch.autograd.grad(z.float().sum(), log_p)
    return [bool(z.isfinite().all() and slope.isfinite().all()), bool((z[..., 0] >= z[..., 1]).all())]


def gradient(loss: Callable[..., Tensor], x: Tensor, *others: Tensor) -> Tensor:
    x = x.clone().requires_grad_()
    values = loss(x, *others)
    values[values.isfinite()].sum().backward()
    return x.grad


def of_half(norm: nn.Module, dtype: torch.dtype) -> Tensor:
    return norm.to(dtype)(torch.tensor([[1000.0, -1000.0, 500.0, 0.0]], dtype=dtype)).float()


def trained_on_nothing() -> list[int]:
    norm = norms.BatchNorm(6)
    shape = norm(torch.zeros(0, 6, 5)).shape
    return [*shape, norm.num_batches_tracked.item(), norm.running_mean.count_nonzero().item()]


def adjoint_of_frozen() -> list[bool]:
    at = adjoint.odeint_adjoint(lambda t, z: frozen(z), torch.ones(3, 2), [0.0, 1.0], tuple(frozen.parameters()))
    at[-1].sum().backward()
    return [p.grad is None for p in frozen.parameters()]


def constant_field() -> Tensor:
    start = torch.ones(2, requires_grad=True)
    adjoint.odeint_adjoint(lambda t, z: torch.full((2,), 3.0), start, [0.0, 2.0], ())[-1].sum().backward()
    return start.grad


def attention_alone() -> float:
    attend, x = attention.MultiHeadAttention(12, 3), torch.randn(5, 12)
    return float((attend(x) - attend(x[None])[0]).detach().abs().max())


def vae() -> discrete_vae.DiscreteVAE:
    return discrete_vae.DiscreteVAE(pixels=2, variables=1, categories=3, hidden=2)


def ctc_of(label: int, frames: Tensor, lengths: Tensor, **options: int) -> Tensor:
    return ctc.ctc_loss(FLAT, torch.tensor([[label]]), frames, lengths, **options)


MODELS = [
    Trap("attention, one sequence", attention_alone, 0.0),
    Trap("attention, mask of weights", lambda: attention.MultiHeadAttention(4, 2)(
        torch.ones(1, 3, 4), mask=torch.ones(3, 3)), ValueError, "boolean"),
    Trap("attention, other width", lambda: attention.MultiHeadAttention(4, 2)(torch.ones(3, 6)), ValueError,
         "places, 4"),
    Trap("attention, other batch", lambda: attention.MultiHeadAttention(4, 2)(
        torch.ones(2, 3, 4), torch.ones(1, 3, 4)), ValueError, "one batch"),
    Trap("attention, nothing to see", lambda: attention.MultiHeadAttention(4, 2)(
        torch.ones(1, 3, 4), mask=torch.zeros(3, 3, dtype=torch.bool)), torch.zeros(1, 3, 4)),
    *(Trap(f"{type(norm).__name__}, {dtype}", partial(of_half, norm, dtype),
           F.layer_norm(torch.tensor([[1000.0, -1000, 500, 0]]), (4,)).to(dtype).float())
      for norm in (norms.LayerNorm(4), norms.GroupNorm(1, 4)) for dtype in HALVES),
    Trap("standardise, no axes", lambda: norms.standardise(torch.ones(2), ()), ValueError, "axes"),
    *(Trap(f"{name}, empty batch", call, shape) for name, call, shape in (
        ("LayerNorm", lambda: norms.LayerNorm(6)(torch.zeros(0, 6)).shape, (0, 6)),
        ("GroupNorm", lambda: norms.GroupNorm(2, 6)(torch.zeros(0, 6, 5)).shape, (0, 6, 5)),
        ("InstanceNorm", lambda: norms.InstanceNorm(6)(torch.zeros(0, 6, 5)).shape, (0, 6, 5)))),
    Trap("BatchNorm, empty batch", trained_on_nothing, [0, 6, 5, 0, 0]),
    Trap("reach of a constant", lambda: norms.reach(norms.LayerNorm(2), torch.ones(1, 2), (0, 0)).shape, (1, 2)),
    Trap("rotations, places of a batch", lambda: positions.rotate_by_place(
        torch.ones(2, 2, 5, 4), torch.zeros(2, 5)), ValueError, "places"),
    Trap("rotations in half, far out", lambda: positions.rotate_by_place(
        torch.tensor([[1.0, 0]]).half(), torch.tensor([60001])).float(),
        torch.tensor([[math.cos(60001), math.sin(60001)]]).half().float()),
    Trap("sinusoids, far out", lambda: positions.sinusoidal_positions(3001, 2)[3000], [math.sin(3000), math.cos(3000)]),
    Trap("a shift by an odd width", lambda: positions.shift_matrix(1, 3), ValueError, "even"),
    Trap("rates of an odd width", lambda: positions.rotation_rates(3), ValueError, "even"),
    Trap("halves, odd", lambda: reversible.halves(torch.ones(2, 5)), ValueError, "odd"),
    Trap("beam, no width", lambda: beam.beam_search(lambda p: p, questions=1, length=1, width=0), ValueError, "width"),
    Trap("beam, no questions", lambda: beam.beam_search(
        lambda p: torch.zeros(*p.shape[:2], 3), questions=0, length=2, width=2).symbols.shape, (0, 2, 2)),
    Trap("divergence, impossible category", lambda: vae().divergence(SURE), [math.log(1.5)]),
    Trap("its gradient", lambda: gradient(vae().divergence, SURE), [[[0.0, 0, 0]]]),
    Trap("bound, impossible category", lambda: vae().sampled_bound(SURE, torch.zeros(1, 2))(
        torch.tensor([[[1.0, 0, 0]]])).isfinite(), [True]),
]  # fmt: skip

LOSSES = [
    *(Trap(f"{loss.__name__}, absent letter", partial(loss, SCORES, *ABSENT), [[INF]])
      for loss in (pointer.letter_nll, pointer.place_nll)),
    *(Trap(f"{loss.__name__}, absent letter's gradient", partial(gradient, loss, SCORES, *ABSENT), torch.zeros(1, 1, 3))
      for loss in (pointer.letter_nll, pointer.place_nll)),
    Trap("place_nll, consumed letter", lambda: pointer.place_nll(
        torch.tensor([[[0.0, -INF]]]), torch.tensor([[0, 1]]), ONE[None]), [[INF]]),
    Trap("ctc, no frames, empty label", lambda: ctc_of(1, 0 * ONE, 0 * ONE), [0.0]),
    Trap("ctc, no frames, a label", lambda: ctc_of(1, 0 * ONE, ONE), [INF]),
    Trap("ctc, lengths too long", lambda: ctc_of(1, 3 * ONE, TWO), ValueError, "lengths"),
    Trap("ctc, frames too many", lambda: ctc_of(1, 4 * ONE, ONE), ValueError, "frames"),
    Trap("ctc, negative frames", lambda: ctc.occupancy(FLAT, ONE[None], -ONE, ONE), ValueError, "frames"),
    Trap("ctc, blank in a label", lambda: ctc_of(0, 3 * ONE, ONE), ValueError, "blank"),
    Trap("ctc, no such symbol", lambda: ctc_of(3, 3 * ONE, ONE), ValueError, "symbols 0 to 2"),
    Trap("ctc, no such blank", lambda: ctc_of(1, 3 * ONE, ONE, blank=3), ValueError, "blank"),
    Trap("ctc, any padding", lambda: ctc.ctc_loss(FLAT, torch.tensor([[1, -1]]), 3 * ONE, ONE),
         F.ctc_loss(FLAT, ONE[None], 3 * ONE, ONE, reduction="none")),
    Trap("decoding, NaN", lambda: ctc_decode.ctc_greedy_decode(FLAT[:, 0] * NAN), ValueError, "NaN"),
    Trap("decoding, no width", lambda: ctc_decode.ctc_prefix_beam(FLAT[:, 0], width=0), ValueError, "width"),
    Trap("views of any length", lambda: contrastive.nt_xent(VIEWS * LENGTHS, temperature=0.5),
         contrastive.nt_xent(VIEWS, temperature=0.5)),
    Trap("contrast without a negative", lambda: contrastive.decoupled_nt_xent(
        torch.ones(2, 1, 3), temperature=1.0), ValueError, "negative"),
    Trap("contrast, NaN temperature", lambda: contrastive.nt_xent(torch.ones(2, 2, 3), temperature=NAN), ValueError,
         "temperature"),
]  # fmt: skip

DISCRETE = [
    *(Trap(f"{type(e).__name__}, logits differ by {gap}", partial(mean_of, e, gap, 0.0), [[0.0, 0.0]])
      for e in ESTIMATORS for gap in (90.0, 1e4)),
    *(Trap(f"{type(e).__name__}, impossible category", lambda e=e: mean_of(e, 0.0, -INF).abs() < 0.03, [[True, True]])
      for e in ESTIMATORS),
    *(Trap(f"{type(e).__name__}, constant loss", partial(silent, e), 0.0)
      for e in (*ESTIMATORS[1:], d.GumbelSoftmax(1.0), d.StraightThroughGumbel(1.0), d.exact_gradient)),
    Trap("Relax, logits differ by 90", lambda: mean_of(d.Relax(correction()), 90.0, 0.0), [[0.0, 0.0]]),
    Trap("exact gradient, impossible category", lambda: d.exact_gradient(SURE, first), [[[0.25, -0.25, 0.0]]]),
    Trap("expected loss, impossible category", lambda: d.expected_loss(SURE, first), [0.5]),
    Trap("sparsemax of 2e7", lambda: d.sparsemax(torch.tensor([2e7, 0.0])), [1.0, 0.0]),
    Trap("sparsemax of -2e7", lambda: d.sparsemax(torch.tensor([-2e7, -2e7])), [0.5, 0.5]),
    Trap("sparsemax of 30000 in half", lambda: d.sparsemax(torch.tensor([30000.0, 30000]).half()).float(), [0.5, 0.5]),
    Trap("sparsemax of NaN", lambda: d.sparsemax(torch.tensor([NAN, 0.0])).isnan().all(), True),
    Trap("all draws of nothing", lambda: d.all_draws(0, 3), ValueError, "at least one"),
    Trap("gumbel, cold", lambda: d.GumbelSoftmax(0.0)(torch.zeros(1, 2), first), ValueError, "positive"),
    *(Trap(f"draws in {dtype}", lambda dtype=dtype: d.draw(torch.tensor([[0.0, -INF, -6e4]], dtype=dtype)).float(),
           [[1.0, 0, 0]]) for dtype in (*HALVES, torch.float32)),
    *(Trap(f"Gumbel noise in {dtype}", partial(noise, dtype), True) for dtype in HALVES),
    *(Trap(f"conditional Gumbels in {dtype}, p = e^{low:g}", partial(conditional, dtype, low), [True, True])
      for dtype in (*HALVES, torch.float32, torch.float64) for low in (-1.0, -90.0, -3e4)),
    Trap("moments of one draw", lambda: d.bias_variance(d.Reinforce(), torch.zeros(1, 2), first, draws=1), ValueError,
         "at least 2"),
    Trap("intermediate loss, of a constant", lambda: d.intermediate_loss(
        GAUSS, lambda z: torch.zeros(3), alpha=1.0).isfinite(), [True] * 3),
]  # fmt: skip


def replayed_slope() -> Tensor:
    replay, one = recompute.Replay(nn.Tanh()), torch.ones(1)
    replay.first(one)
    return replay.differentiated(one, one)[1]


def saved_of_nothing() -> int:
    with saved.SavedTensors() as count, torch.no_grad():
        frozen(torch.ones(1, 2))
    return count.peak


def solved(field: odeint.Field, end: float = 1.0, **options: object) -> Tensor:
    return odeint.odeint(field, torch.ones(1, dtype=torch.float64), [0.0, end], **options)[-1]


SOLVERS = [
    Trap("odeint, NaN at the start", lambda: solved(lambda t, z: z * NAN), FloatingPointError, "not finite at t = 0"),
    Trap("odeint, NaN state", lambda: odeint.odeint(
        lambda t, z: z, torch.tensor([NAN]), [0.0, 1.0]), FloatingPointError, "not finite"),
    Trap("odeint, NaN on the way", lambda: solved(lambda t, z: z * (NAN if t > 0.5 else 1.0)), FloatingPointError,
         "shrank"),
    Trap("odeint, no end", lambda: solved(lambda t, z: z, INF), ValueError, "finite"),
    Trap("adjoint, no end", lambda: adjoint.odeint_adjoint(
        lambda t, z: z, torch.ones(2), [0.0, NAN], ()), ValueError, "finite"),
    Trap("adjoint, frozen layer", adjoint_of_frozen, [True, True, False, False]),
    Trap("adjoint, constant field", constant_field, [1.0, 1.0]),
    Trap("augmented, constant field", lambda: adjoint.augmented(lambda t, z: torch.ones(2), (2,), ())(
        0.0, torch.ones(4)), [1.0, 1.0, 0.0, 0.0]),
    Trap("odeint, empty batch", lambda: odeint.odeint(lambda t, z: -z, torch.zeros(0, 2), [0.0, 1.0, 2.0]).shape,
         (3, 0, 2)),
    *(Trap(f"{solver}, of an exponential", partial(solved, lambda t, z: z, solver=solver), [right])
      for solver, right in (
          (odeint.Euler(0.5), 2.25), (odeint.RungeKutta4(1.0), 65 / 24), (odeint.DormandPrince(), math.e))),
    Trap("no tolerance at all", lambda: odeint.DormandPrince(0, 0), ValueError, "both zero"),
    Trap("Euler, steps of NaN", partial(solved, lambda t, z: z, solver=odeint.Euler(NAN)), ValueError,
         "longer than zero"),
    Trap("times that want a gradient", lambda: odeint.odeint(
        lambda t, z: z, torch.ones(2), torch.tensor([0.0, 1.0], requires_grad=True)), ValueError, "detach"),
    Trap("a singular Hessian", lambda: inverse_product.exact_inverse(lambda v: 0 * v, torch.ones(2)), RuntimeError,
         "singular"),
    Trap("the largest eigenvalue of zero", lambda: inverse_product.largest_eigenvalue(
        lambda v: 0 * v, torch.ones(2)), 0.0),
    Trap("conjugate gradients of zero", lambda: inverse_product.conjugate_gradients(
        lambda v: 2 * v, torch.zeros(2), products=3), [0.0, 0.0]),
    Trap("times as a tensor", lambda: odeint.odeint(
        lambda t, z: z, torch.ones(1, dtype=torch.float64), torch.tensor([0.0, 1.0]))[-1], [math.e]),
    Trap("times out of order", lambda: odeint.as_times([0.0, 2.0, 1.0]), ValueError, "rise"),
    *(Trap(f"odeint in {dtype}", lambda dtype=dtype: odeint.odeint(
        lambda t, z: z, torch.ones(1).to(dtype), [0.0, 1.0]), ValueError, "float32 or wider")
      for dtype in (*HALVES, torch.int64)),
    Trap("checkpoint, whole numbers", lambda: recompute.checkpoint(nn.Embedding(3, 2), ONE), ValueError, "embed"),
    *(Trap(f"checkpoints, {segments} of two layers", lambda segments=segments: recompute.checkpoint_sequential(
        [nn.Tanh(), nn.Tanh()], torch.ones(1), segments=segments), ValueError, "1 to 2") for segments in (0, 3)),
    Trap("replay, nothing to learn", replayed_slope, [1 - math.tanh(1) ** 2]),
    Trap("trained, a frozen layer", lambda: len(recompute.trained(frozen)), 2),
    Trap("saved, nothing", saved_of_nothing, 0),
    Trap("schedule, after the end", lambda: schedule.warmup_cosine(11, steps=10), ValueError, "step"),
    Trap("schedule, at the end", lambda: schedule.warmup_cosine(10, steps=10), 0.0),
    Trap("schedule, 0.07 of 100", lambda: schedule.warmup_cosine(6, steps=100, warmup=0.07), 1.0),
    Trap("reducer, frozen parameter", lambda: reducer.BucketedReducer(list(frozen.parameters())), ValueError,
         "gradient"),
]  # fmt: skip

CERTAIN = torch.eye(2).log()  # answers of probability 0 and 1
MERGED = [
    Trap("views, opposite and certain", lambda: views.merged(CERTAIN).exp(), [0.5, 0.5]),
    Trap("views, opposite and certain, max", lambda: views.merged(CERTAIN, mode="max").exp(), [0.5, 0.5]),
    Trap("views, opposite and certain, geometric", lambda: views.merged(CERTAIN, mode="geometric"), ValueError,
         "no class"),
    Trap("views, one class left, geometric", lambda: views.merged(
        torch.tensor([[0.5, 0.5], [0.0, 1.0]]).log(), mode="geometric").exp(), [0.0, 1.0]),
    Trap("shifts, by nothing", lambda: views.shifts(0), [(0, 0)]),
    Trap("shifted, out of the picture", lambda: views.shifted(torch.ones(2, 2), down=2, right=0), torch.zeros(2, 2)),
    Trap("calibration, certain and right", lambda: calibration.calibration_error(
        calibration.reliability_bins(CERTAIN, torch.arange(2), bins=2)), 0.0),
    Trap("calibration, certain and wrong", lambda: calibration.calibration_error(
        calibration.reliability_bins(CERTAIN, 1 - torch.arange(2), bins=1)), 1.0),
    Trap("temperature, certain and right", lambda: calibration.fit_temperature(CERTAIN, torch.arange(2)),
         math.exp(-6)),
    Trap("temperature, certain and wrong", lambda: calibration.fit_temperature(CERTAIN, 1 - torch.arange(2)),
         math.exp(6)),
    Trap("Brier score, certain and wrong", lambda: calibration.brier_score(CERTAIN, 1 - torch.arange(2)), [2.0, 2.0]),
]  # fmt: skip

TRAPS = MODELS + LOSSES + DISCRETE + SOLVERS + MERGED


@pytest.mark.parametrize("trap", TRAPS, ids=[trap.name for trap in TRAPS])
def test_odd_input_is_answered_rightly_or_refused(trap: Trap) -> None:
    trap.spring()
