"""Odd arrays and numbers: answered rightly, or refused; never a hang, never a wrong number."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from numpy.polynomial import Polynomial
from trap import INF, NAN, Trap

from mlblog.classical import (
    best_k,
    bounds,
    covers,
    forest,
    importance,
    kernels,
    mixture,
    neighbors,
    ngram,
    ppca,
    purity,
    risk,
    svm,
    task_grouping,
    tree,
)
from mlblog.losses import adversarial
from mlblog.numerics import autograd
from mlblog.training import ring

TINY = np.nextafter(1.0, 2.0)
FAR = 1e7 + np.random.default_rng(0).normal(size=(60, 2))
CLOUDS = np.concatenate([np.random.default_rng(1).normal(size=(30, 2)), FAR[:30]])
HUGE = np.random.default_rng(2).normal(size=(20, 2))
GRID = np.stack(np.meshgrid(np.arange(6.0), np.arange(5.0)), -1).reshape(-1, 2)
POINTS = {"far off": FAR, "far apart": CLOUDS, "huge": 1e200 * HUGE, "tiny": 1e-200 * HUGE, "on a grid": GRID}


def nearest_first(x: np.ndarray) -> list[list[int]]:
    """For each point all points in the order of their distance, in fractions, without any rounding."""
    exact = [[Fraction(float(value)) for value in point] for point in x]
    away = [[sum((a - b) ** 2 for a, b in zip(p, q, strict=True)) for q in exact] for p in exact]
    return [sorted(range(len(x)), key=lambda j, row=row: (row[j], j)) for row in away]


def grad_of_pow(exponent: float) -> np.ndarray:
    x = autograd.Tensor([0.0, 2.0])
    autograd.total(x**exponent).backward()
    return x.grad


ORDER = {name: nearest_first(x) for name, x in POINTS.items()}
CLASSES = np.arange(60) % 3

TREES = [
    Trap("tree, neighbouring doubles", lambda: tree.DecisionTree([[TINY], [np.nextafter(TINY, 2)]], [0, 1]).leaves, 2),
    Trap("tree, they are told apart", lambda: tree.DecisionTree(
        [[TINY], [np.nextafter(TINY, 2)]], [0, 1]).classify([[TINY], [np.nextafter(TINY, 2)]]), [0, 1]),
    Trap("tree, middle overflows", lambda: tree.DecisionTree([[1.6e308], [1.7e308]], [0, 1]).leaves, 2),
    Trap("tree, infinite", lambda: tree.DecisionTree([[1.0], [INF]], [0, 1]), ValueError, "finite"),
    Trap("tree, minus infinite", lambda: tree.DecisionTree([[-INF], [1.0]], [0, 1]), ValueError, "finite"),
    Trap("tree, other coordinates", lambda: tree.DecisionTree([[0.0], [1.0]], [0, 1]).classify([[0.0, 1.0]]),
         ValueError, "1 coordinates"),
    Trap("tree, no least", lambda: tree.DecisionTree([[1.0]], [0], least=0), ValueError, "least"),
    Trap("forest, other coordinates", lambda: forest.RandomForest(
        [[0.0], [1.0]], [0, 1], trees=1, seed=0).classify([[0.0, 1.0]]), ValueError, "1 coordinates"),
    Trap("votes of very many draws", lambda: forest.vote_weights(3, draws=10**9), [1.0, 0.0, 0.0]),
]  # fmt: skip

NEIGHBOURS = [
    *(Trap(f"neighbours {name}, k = {k}", lambda x=x, k=k: np.sort(neighbors.nearest(x, x, k=k)[1]),
           [sorted(near[:k]) for near in ORDER[name]]) for name, x in POINTS.items() for k in (1, 4, 17)),
    *(Trap(f"leaving one out, {name}", lambda x=POINTS[name]: neighbors.leave_one_out_errors(x, CLASSES, ks=[1])[0],
           np.mean([CLASSES[near[1]] != CLASSES[near[0]] for near in ORDER[name]]))
      for name in ("far off", "far apart")),
    Trap("leaving one out on a line, equal points", lambda: best_k.leave_one_out_on_a_line(
        [0.5] * 4, [0, 0, 0, 1], ks=[3]), [0.25]),
    Trap("density at a known point", lambda: neighbors.knn_density([[1.0], [2.0]], [[1.0]], k=1), [INF]),
    Trap("density in 400 coordinates", lambda: np.isfinite(neighbors.knn_density(
        HUGE[:, :1] * np.ones(400), np.zeros((1, 400)), k=2)), [True]),
    Trap("best k, labels from 1", lambda: best_k.excess_risk([0.1, 0.2], [1, 2], Polynomial([0.5]), ks=[1]), ValueError,
         "0 or 1"),
    Trap("best k, outside", lambda: best_k.excess_risk([0.1, 2.0], [1, 0], Polynomial([0.5]), ks=[1]), ValueError,
         "0, 1"),
    Trap("best k, probability of 2", lambda: best_k.best_k(9, Polynomial([0, 0, 2])), ValueError, "between 0 and 1"),
    Trap("crossings of a constant", lambda: best_k.crossings(Polynomial([0.5])), []),
]  # fmt: skip

KERNELS = [
    Trap("rbf far off", lambda: kernels.rbf(FAR, FAR, gamma=0.5),
         np.exp(-0.5 * ((FAR[:, None] - FAR[None]) ** 2).sum(-1))),
    Trap("rbf of huge points", lambda: kernels.rbf([[1e200], [-1e200]], [[1e200]], gamma=1.0), [[1.0], [0.0]]),
    Trap("rbf of NaN width", lambda: kernels.rbf([[1.0]], [[1.0]], gamma=NAN), ValueError, "gamma"),
    Trap("polynomial of degree 1.5", lambda: kernels.polynomial([[-2.0]], [[2.0]], degree=1.5), ValueError, "degree"),
    Trap("svm, NaN gram", lambda: svm.solve_dual(np.full((2, 2), NAN), np.array([1.0, -1.0]), C=1), ValueError,
         "finite"),
    Trap("svm, no gram", lambda: svm.solve_dual(np.array([[1.0, 2], [0, 1]]), np.array([1.0, -1.0]), C=1), ValueError,
         "symmetric"),
    Trap("svm, no tolerance", lambda: svm.LinearSVM([[0.0], [1.0]], [0, 1], tolerance=0), ValueError, "tolerance"),
    Trap("svm, NaN price", lambda: svm.LinearSVM([[0.0], [1.0]], [0, 1], C=NAN), ValueError, "positive"),
    Trap("svm, other coordinates", lambda: svm.LinearSVM([[0.0], [1.0]], [0, 1]).classify([0.5]), ValueError, "n, d"),
]  # fmt: skip

PROBABILITIES = [
    Trap("importance, q of sum 10", lambda: importance.importance_variance([1.0, 2], [0.5, 0.5], [5.0, 5]), ValueError,
         "q must"),
    Trap("importance, p of sum 2", lambda: importance.importance_variance([1.0, 2], [1.0, 1], [0.5, 0.5]), ValueError,
         "p must"),
    Trap("importance, negative q", lambda: importance.importance_variance([1.0, 2], [0.5, 0.5], [1.5, -0.5]),
         ValueError, "q must"),
    Trap("importance, negative p", lambda: importance.optimal_proposal([1.0, 2], [1.5, -0.5]), ValueError, "negative"),
    Trap("importance, a large mean", lambda: importance.importance_variance(
        [1e9 + 1, 1e9 - 1], [0.5, 0.5], [0.5, 0.5]), 1.0),
    Trap("importance, huge values", lambda: importance.optimal_proposal([[1e200, 0], [0, 3e200]], [0.5, 0.5]),
         [0.25, 0.75]),
    Trap("importance, no draws", lambda: importance.importance_estimate([], [], []), ValueError, "at least one"),
    Trap("bound of three classes", lambda: risk.cover_hart_bound(0.3, classes=3), 0.3 * (2 - 1.5 * 0.3)),
    Trap("bound, no classes", lambda: risk.cover_hart_bound(0.3), TypeError, "classes"),
    Trap("elbo, impossible covariance", lambda: bounds.LinearGaussian(np.ones(2), 1.0).elbo(
        np.ones(1), np.ones((1, 2)), -np.eye(2)), np.linalg.LinAlgError, "positive definite"),
    Trap("elbo, negative noise", lambda: bounds.LinearGaussian(np.ones(2), -1.0), ValueError, "positive noise"),
    Trap("elbo, no noise", lambda: bounds.LinearGaussian(np.ones(2), 0.0), ValueError, "positive noise"),
    Trap("evidence of the impossible", lambda: bounds.log_evidence(np.array([[-INF, -INF], [-INF, 0]])), [-INF, 0.0]),
    Trap("evidence of nothing", lambda: bounds.log_evidence(np.zeros((2, 0))), [-INF, -INF]),
    Trap("mixture far off", lambda: mixture.GaussianMixture(np.array([0.5, 0.5]), np.array([[1e9], [1e9 + 1]]), np.full(
        (2, 1, 1), 1e-2)).responsibilities(np.array([[1e9], [1e9 + 1]])).round(6), [[1.0, 0.0], [0.0, 1.0]]),
    Trap("mixture, weights of sum 2", lambda: mixture.GaussianMixture(
        np.ones(2), np.zeros((2, 1)), np.ones((2, 1, 1))), ValueError, "weights"),
    Trap("mixture, a weight of zero", lambda: mixture.GaussianMixture(np.array([1.0, 0]), np.zeros((2, 1)), np.ones(
        (2, 1, 1))).responsibilities(np.ones((1, 1))), [[1.0, 0.0]]),
    Trap("mixture, beyond all densities", lambda: mixture.GaussianMixture(np.ones(1), np.zeros((1, 1)), np.ones(
        (1, 1, 1))).responsibilities(np.array([[1e200]])), ValueError, "densities are zero"),
    Trap("mixture, no steps", lambda: mixture.fit_mixture(np.zeros((2, 1)), mixture.GaussianMixture(
        np.ones(1), np.zeros((1, 1)), np.ones((1, 1, 1))), steps=0)[0].means, [[0.0]]),
    Trap("mixture, no axis of points", lambda: mixture.maximise(np.zeros(3), np.ones((3, 1))), ValueError, r"\(n, d\)"),
    Trap("PPCA, all directions alike", lambda: ppca.fit_ppca(np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]]), 1)
         .log_density(np.zeros((1, 2))), [-math.log(math.pi)]),  # two normals of variance 1/2
    Trap("PPCA, all directions alike but for rounding", lambda: ppca.fit_ppca(np.sqrt(0.4) * np.vstack(
        (np.eye(4), -np.eye(4))), 1).log_density(np.zeros((1, 4))), [-2 * math.log(2 * math.pi * 0.1)]),
    Trap("PPCA, on a line", lambda: ppca.fit_ppca(np.outer(np.arange(4.0), [1, 2, 3]), 1), ValueError, "no noise"),
    Trap("PPCA, one example", lambda: ppca.fit_ppca(np.ones((1, 3)), 1), ValueError, "no noise"),
    Trap("gain of equal NaN", lambda: purity.information_gain([NAN, NAN, 1], ["a", "a", "b"]), math.log2(3) - 2 / 3),
    Trap("Jensen and Shannon, negative", lambda: adversarial.jensen_shannon(
        np.array([1.5, -0.5]), np.array([0.5, 0.5]), np.ones(2)), ValueError, "negative"),
    Trap("Jensen and Shannon, tiny", lambda: adversarial.jensen_shannon(
        np.array([5e-324, 1.0]), np.array([0.0, 1.0]), np.ones(2)), 0.0),
    Trap("Jensen and Shannon, other points", lambda: adversarial.jensen_shannon(
        np.ones(2), np.ones(1), np.ones(2)), ValueError, "same points"),
]  # fmt: skip

OTHERS = [
    Trap("embedding from the end", lambda: autograd.embedding(autograd.Tensor(np.ones((3, 2))), np.array([-1])),
         IndexError, "0 to 2"),
    Trap("array plus tensor", lambda: (np.ones(3) + autograd.Tensor([1.0, 2, 3])).data, [2.0, 3, 4]),
    Trap("array minus tensor", lambda: (np.ones(3) - autograd.Tensor([1.0, 2, 3])).data, [0.0, -1, -2]),
    Trap("zero to the power of zero", lambda: grad_of_pow(0.0), [0.0, 0.0]),
    Trap("letters beyond z", lambda: ngram.kneser_ney(["é"], order=2), ValueError, "a to z"),
    Trap("capital letters", lambda: covers.CoverDictionary(["Ran"]), ValueError, "a to z"),
    Trap("a word of 257 letters", lambda: covers.CoverDictionary(["a" * 257]).covers("a", sizes=(1, 2)), []),
    Trap("no words", lambda: covers.CoverDictionary([]).covers("a", sizes=(1,)), []),
    Trap("ring of lists", lambda: ring.ring_allreduce([[1.0, 2], [3.0, 4]])[0][1], [4.0, 6.0]),
    Trap("ring of numbers", lambda: ring.ring_allreduce([np.array(1.0)]), ValueError, "vector"),
]  # fmt: skip

GROUPS = [
    Trap("grouping, a budget that rounding has moved", lambda: task_grouping.TaskGrouper(
        [0.1, 0.2], [[1.0, NAN], [NAN, 2.0]]).best(0.3).serves, [0, 1]),  # 0.1 + 0.2 > 0.3
    Trap("grouping, NaN costs", lambda: task_grouping.TaskGrouper([NAN], [[1.0]]), ValueError, "finite"),
    Trap("grouping, NaN budget", lambda: task_grouping.TaskGrouper([1.0], [[1.0]]).best(NAN), ValueError, "nan"),
    Trap("grouping, no networks", lambda: task_grouping.TaskGrouper([], np.zeros((0, 2))).best(1.0), ValueError,
         "solves task 0"),
    Trap("partitions, a network that solves nothing", lambda: len(task_grouping.partitions_of(
        [1.0, 1.0], [[NAN], [2.0]], budget=1.0)), 1),
    Trap("prediction, infinite", lambda: task_grouping.higher_order([[INF, 1.0]]), ValueError, "finite"),
    Trap("affinity of one task", lambda: task_grouping.pairwise_affinity([[3.0]]), [[0.0]]),
]  # fmt: skip

TRAPS = GROUPS + TREES + NEIGHBOURS + KERNELS + PROBABILITIES + OTHERS


@pytest.mark.parametrize("trap", TRAPS, ids=[trap.name for trap in TRAPS])
def test_odd_input_is_answered_rightly_or_refused(trap: Trap) -> None:
    trap.spring()
