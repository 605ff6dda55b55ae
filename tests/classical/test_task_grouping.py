"""Groupings under a budget: against every set of networks; predictions and affinities against tables filled by hand."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlblog.classical.task_grouping import TaskGrouper, higher_order, pairwise_affinity, partitions_of

NAN = float("nan")
#: All sets of three tasks, losses by hand.
THREE = [
    [4.0, NAN, NAN], [NAN, 10.0, NAN], [NAN, NAN, 0.5],
    [3.0, 12.0, NAN], [5.0, NAN, 0.25], [NAN, 10.0, 1.0],
    [7.0, 7.0, 7.0],
]  # fmt: skip


@st.composite
def instances(draw: st.DrawFn) -> tuple[list[float], list[list[float]], float]:
    """Up to six networks for up to four tasks; some tasks may be solved by none, some budgets buy nothing."""
    tasks, networks = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    entry = st.one_of(st.none(), st.integers(-3, 9))
    rows = draw(st.lists(st.lists(entry, min_size=tasks, max_size=tasks), min_size=networks, max_size=networks))
    costs = draw(st.lists(st.sampled_from([0.5, 1.0, 1.5, 2.0]), min_size=networks, max_size=networks))
    budget = draw(st.sampled_from([0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0]))
    return costs, [[NAN if value is None else float(value) for value in row] for row in rows], budget


def cover(costs: list[float], losses: list[list[float]], budget: float) -> float | None:
    """The least sum of losses over every set of networks that can be afforded; None if none solves all tasks."""
    best = None
    for count in range(1, len(costs) + 1):
        for some in combinations(range(len(costs)), count):
            if sum(costs[n] for n in some) > budget:
                continue
            solved = [[losses[n][t] for n in some if losses[n][t] == losses[n][t]] for t in range(len(losses[0]))]
            if all(solved):
                loss = sum(map(min, solved))
                best = loss if best is None else min(best, loss)
    return best


@settings(max_examples=400, deadline=None)
@given(instances())
def test_the_best_grouping_is_that_of_every_set_of_networks(
    instance: tuple[list[float], list[list[float]], float],
) -> None:
    costs, losses, budget = instance
    right = cover(costs, losses, budget)
    grouper = TaskGrouper(costs, losses)
    if right is None:
        with pytest.raises(ValueError, match="solves"):
            grouper.best(budget)
        return
    found = grouper.best(budget)
    assert found.loss == pytest.approx(right)
    assert found.loss == pytest.approx(sum(losses[n][t] for t, n in enumerate(found.serves)))
    assert found.cost == pytest.approx(sum(costs[n] for n in set(found.serves)))
    assert found.cost <= budget + 1e-9


@settings(max_examples=200, deadline=None)
@given(instances())
def test_partitions_are_all_that_use_up_the_budget(instance: tuple[list[float], list[list[float]], float]) -> None:
    costs, losses, budget = instance
    able = ~np.isnan(np.array(losses))
    right = set()
    for chosen in product((False, True), repeat=len(costs)):
        some = [n for n, taken in enumerate(chosen) if taken and able[n].any()]
        if sum(costs[n] for n in some) == budget and (able[some].sum(0) == 1).all() and some:
            right.add(tuple(next(n for n in some if able[n, t]) for t in range(able.shape[1])))
    found = partitions_of(costs, losses, budget=budget)
    assert {each.serves for each in found} == right
    assert len(found) == len(right)
    for each in found:
        assert each.loss == pytest.approx(sum(losses[n][t] for t, n in enumerate(each.serves)))
        assert each.cost == pytest.approx(budget)


def test_an_auxiliary_task_may_be_served_elsewhere() -> None:
    """Task 0 costs a network of its own, and still helps task 1 in another."""
    found = TaskGrouper([1.0, 1.0, 1.0], [[1.0, NAN], [NAN, 5.0], [2.0, 3.0]]).best(2.0)
    assert found == ((0, 2), 4.0, 2.0)


def test_larger_sets_are_predicted_by_the_mean_over_pairs() -> None:
    found = higher_order(THREE)
    np.testing.assert_array_equal(found[:6], THREE[:6])
    np.testing.assert_allclose(found[6], [(3 + 5) / 2, (12 + 10) / 2, (0.25 + 1) / 2])


def test_a_set_of_three_among_four_is_predicted_by_its_own_pairs() -> None:
    sets = [some for count in (2, 3) for some in combinations(range(4), count)]
    losses = np.full((len(sets), 4), NAN)
    for row, some in enumerate(sets):
        for i in some:
            losses[row, i] = 100 * i + sum(7**j for j in some)
    found = higher_order(losses)[sets.index((0, 2, 3))]
    by_hand = [((1 + 7**2) + (1 + 7**3)) / 2, 200 + (1 + 7**2 + 7**2 + 7**3) / 2, 300 + (1 + 7**3 + 7**2 + 7**3) / 2]
    np.testing.assert_allclose(found[[0, 2, 3]], by_hand)
    assert np.isnan(found[1])


def test_affinity_is_the_relative_change_of_each_of_a_pair() -> None:
    right = [[0, 0.25, -0.25], [-0.2, 0, 0], [0.5, -1.0, 0]]
    np.testing.assert_allclose(pairwise_affinity(THREE), right)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: TaskGrouper([1.0], [[1.0], [2.0]]), "costs of shape"),
        (lambda: TaskGrouper([0.0], [[1.0]]), "positive costs"),
        (lambda: TaskGrouper([1.0], [[float("inf")]]), "finite losses"),
        (lambda: TaskGrouper([1.0], [[1.0, NAN]]).best(9), "no network solves task 1"),
        (lambda: TaskGrouper([2.0], [[1.0]]).best(1), "within 1"),
        (lambda: higher_order(THREE[1:]), ""),
        (lambda: higher_order([*THREE[:4], *THREE[5:]]), r"tasks \[0, 2\] expected, given 0"),
        (lambda: higher_order([*THREE, THREE[4]]), r"given 2"),
        (lambda: pairwise_affinity(THREE[1:]), r"tasks \[0\]"),
        (lambda: pairwise_affinity([[0.0, NAN], [NAN, 1.0], [1.0, 1.0]]), "without loss"),
    ],
)
def test_what_does_not_fit_is_refused(call: object, match: str) -> None:
    if not match:  # single tasks are not needed to predict
        assert call().shape == (6, 3)  # type: ignore[operator]
        return
    with pytest.raises(ValueError, match=match):
        call()  # type: ignore[operator]
