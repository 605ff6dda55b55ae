"""Edges of what is allowed, defaults that the documentation names, and factors that only a direct look shows."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.polynomial import Polynomial

from mlblog.classical.best_k import best_k, excess_risk
from mlblog.classical.covers import CoverDictionary
from mlblog.classical.forest import RandomForest, vote_weights
from mlblog.classical.importance import importance_estimate, importance_variance
from mlblog.classical.mixture import fit_mixture
from mlblog.classical.tree import DecisionTree
from mlblog.data.anagrams import Batches, encode
from mlblog.data.ring import ring_of_gaussians
from mlblog.data.tones import make_tones
from mlblog.losses.ctc_decode import ctc_prefix_beam
from mlblog.losses.discrete import Moments, ReinforceLeaveOneOut, Relax
from mlblog.models.pointer import PointerHead
from mlblog.models.pointer_keys import KeyPointer
from mlblog.models.pointer_points import PointTransformer
from mlblog.models.vae import VAE
from mlblog.numerics.odeint import DormandPrince, Euler, RungeKutta4, odeint
from mlblog.training.reducer import BucketedReducer, TinyDDP
from mlblog.training.schedule import warmup_cosine

DEFAULTS: list[tuple[Callable[..., Any], dict[str, object]]] = [
    (TinyDDP.__init__, {"bucket_bytes": 25 * 1024 * 1024}),  # as torch's
    (BucketedReducer.__init__, {"bucket_bytes": 25 * 1024 * 1024}),
    (KeyPointer.__init__, {"reuse": False, "dropout": 0.0}),
    (ring_of_gaussians, {"modes": 8, "radius": 2.0, "spread": 0.05}),
    (make_tones, {"shortest": 3, "longest": 6, "noise": 0.7}),
    (fit_mixture, {"steps": 100, "tolerance": 0.001, "floor": 0.000001}),
    (ReinforceLeaveOneOut.__init__, {"draws": 2}),  # the fewest that leave one out
    (Relax.__init__, {"temperature": 0.5, "scale": 1.0}),
]


@pytest.mark.parametrize(("function", "wanted"), DEFAULTS, ids=lambda one: getattr(one, "__qualname__", ""))
def test_defaults_are_the_documented_ones(function: Callable[..., Any], wanted: dict[str, object]) -> None:
    parameters = inspect.signature(function).parameters
    assert {name: parameters[name].default for name in wanted} == wanted


REFUSED: dict[str, Callable[[], object]] = {
    "sizes": lambda: CoverDictionary(["ab"]).covers("ab", sizes=(0,)),
    "no sizes": lambda: CoverDictionary(["ab"]).covers("ab", sizes=()),
    "a step before the first": lambda: warmup_cosine(-1, steps=5),
    "a probability above 1": lambda: best_k(100, Polynomial([0, 4.4, -4.4])),
    "a probability above 1 at 0": lambda: best_k(100, Polynomial([1.5, -1])),
    "a blank below 0": lambda: ctc_prefix_beam(torch.zeros(2, 3), width=2, blank=-1),
    "no outcome": lambda: importance_estimate(np.zeros(0), np.zeros(0), np.zeros(0)),
    "a function of three dimensions": lambda: importance_variance(np.zeros((2, 2, 2)), [0.5, 0.5], [0.5, 0.5]),
    "no draw": lambda: vote_weights(3, draws=0),
}


@pytest.mark.parametrize("case", REFUSED)
def test_beyond_the_edge_an_error_says_so(case: str) -> None:
    with pytest.raises(ValueError, match=r"expected|must|must be|blank|shape|least"):
        REFUSED[case]()


def test_on_the_edge_there_is_none() -> None:
    assert vote_weights(4, draws=1).tolist() == pytest.approx([0.25] * 4)  # one draw: every point alike
    assert np.isfinite(excess_risk([0.0, 0.5, 1.0], [0, 1, 1], Polynomial([0, 1]), ks=[1])).all()


def test_every_epoch_holds_every_word_once() -> None:
    words = ["at", "be", "so", "us", "we"]
    batches = Batches({2: encode(words)}, letters=4, seed=3)
    for _ in range(4):
        drawn = [tuple(word) for _ in range(3) for word in next(batches).words.tolist()]
        assert sorted(drawn) == sorted(map(tuple, encode(words).words.tolist()))


def test_places_are_scored_by_scaled_inner_products() -> None:
    torch.manual_seed(0)
    head, states, places = PointerHead(9).double(), torch.randn(2, 3, 9).double(), torch.randn(2, 4, 9).double()
    consumed = torch.zeros(2, 3, 4, dtype=torch.bool)
    consumed[0, 1, 2] = True
    found = head(states, places, consumed)
    for b in range(2):
        for t in range(3):
            for j in range(4):
                query = head.query.weight @ states[b, t] + head.query.bias
                key = head.key.weight @ places[b, j] + head.key.bias
                wanted = -math.inf if consumed[b, t, j] else float((query * key).sum().detach()) / 3
                assert found[b, t, j].item() == pytest.approx(wanted)


def test_signal_to_noise_is_the_squared_length_over_the_variance() -> None:
    mean = torch.tensor([[3.0, 4.0]])
    found = Moments(torch.tensor([[0.0, 2.0]]), mean, torch.tensor(50.0))
    assert found.signal_to_noise.item() == pytest.approx(0.5)
    assert found.cosine.item() == pytest.approx(0.8)
    assert found.inner.item() == pytest.approx(8.0)


def test_what_marks_start_and_end_begins_with_length_one() -> None:
    torch.manual_seed(0)
    net = PointTransformer(inputs=2, width=400, heads=2, layers=0, hidden=2)
    assert net.start.norm().item() == pytest.approx(1, abs=0.2)
    assert net.end.norm().item() == pytest.approx(1, abs=0.2)


def test_the_noise_of_pixels_begins_at_one() -> None:
    assert VAE(pixels=4, latent=2, hidden=()).log_noise.item() == 0


def test_of_equally_many_labels_the_one_that_sorts_first_is_the_answer() -> None:
    X, y = np.zeros((4, 1)), np.array(["c", "b", "c", "b"])  # one leaf
    assert DecisionTree(X, y).classify([[0.0]]).tolist() == ["b"]
    forest = RandomForest(np.array([[0.0], [0.0]]), np.array([1, 0]), trees=2, seed=0)
    if forest.shares([[0.0]])[0].tolist() == [0.5, 0.5]:
        assert forest.classify([[0.0]]).tolist() == [0]


@pytest.mark.parametrize("end", [0.7, -0.7])
def test_no_solver_asks_beyond_the_end(end: float) -> None:
    asked: list[float] = []

    def field(t: float, z: torch.Tensor) -> torch.Tensor:
        asked.append(abs(float(t)))
        return -z * 0.3

    start = torch.ones(2, dtype=torch.float64)
    for solver in (DormandPrince(), RungeKutta4(0.2), Euler(0.2)):
        found = odeint(field, start, [0.0, end / 2, end], solver)
        assert found[-1].tolist() == pytest.approx([math.exp(-0.3 * end)] * 2, abs=0.05)
    assert max(asked) <= 0.7 + 1e-12
