"""Which tasks to learn together: networks chosen under a budget, exactly, or from what pairs of tasks do.

Dimensions: N networks, T tasks. A table of losses has a row for each network, with NaN for tasks that it does not
solve.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class Grouping(NamedTuple):
    """Networks that together solve every task.

    Attributes:
        serves: for each task, which network solves it.
        loss: the sum over tasks.
        cost: the sum over networks that serve.
    """

    serves: tuple[int, ...]
    loss: float
    cost: float


class TaskGrouper:
    """The cheapest loss within a budget, by branch and bound over assignments of tasks to networks.

        min_S  Σ_t min_{n ∈ S} L[n, t]    subject to    Σ_{n ∈ S} c[n] ≤ b

    A network that serves one of its tasks only is paid in full: the others are auxiliary. Tasks are assigned in turn. A
    branch ends where its loss, plus the least affordable loss of every task still to be assigned, does not beat the
    best assignment so far.

    Args:
        costs: (N,), positive, in any unit.
        losses: (N, T), NaN where a network does not solve a task.

    Raises:
        ValueError: shapes that do not fit, costs that are not finite and positive, or infinite losses.

    Example:
        >>> nan = float("nan")
        >>> grouper = TaskGrouper([1, 1, 1], [[3, 3, 3], [1, 1, nan], [nan, 4, 1]])
        >>> grouper.best(1).serves, grouper.best(2).serves
        ((0, 0, 0), (1, 1, 2))

    References:
        [standley2020which], network selection, by branch and bound.
    """

    def __init__(self, costs: ArrayLike, losses: ArrayLike) -> None:
        self.costs, self.losses = _checked(costs, losses)

    def best(self, budget: float) -> Grouping:
        """The grouping with the least sum of losses; of equal ones the one that is found first.

        Args:
            budget: in the unit of costs.

        Raises:
            ValueError: no set of networks within the budget solves every task.
        """
        count = self.losses.shape[1]
        able = ~np.isnan(self.losses)
        if not able.any(0).all():
            raise ValueError(f"no network solves task {int((~able.any(0)).argmax())}")
        filled = np.where(able, self.losses, np.inf)
        tasks = np.argsort(able.sum(0), kind="stable")  # those that few networks solve come first
        order = [[int(n) for n in np.argsort(filled[:, t], kind="stable") if able[n, t]] for t in tasks]
        room = budget * (1 + 1e-12) + 1e-12
        found: tuple[float, tuple[int, ...]] = (math.inf, ())

        def go(depth: int, chosen: tuple[int, ...], loss: float, spent: float) -> None:
            nonlocal found
            if depth == count:
                found = (loss, chosen)
                return
            affordable = (self.costs <= room - spent) | np.isin(np.arange(len(self.costs)), chosen)
            ahead = np.where(affordable[:, None], filled, np.inf).min(0)[tasks[depth + 1 :]].sum()
            for n in order[depth]:
                if not affordable[n]:
                    continue
                now = loss + float(filled[n, tasks[depth]])
                if now + ahead >= found[0]:
                    return
                go(depth + 1, (*chosen, n), now, spent + (0.0 if n in chosen else float(self.costs[n])))

        go(0, (), 0.0, 0.0)
        if not found[1] and count:
            raise ValueError(f"no set of networks within {budget:g} solves every task")
        placed = dict(zip(tasks.tolist(), found[1], strict=True))
        serves = tuple(placed[t] for t in range(count))
        return Grouping(serves, float(sum(filled[n, t] for t, n in enumerate(serves))),
                        float(sum(self.costs[n] for n in set(serves))))  # fmt: skip


def partitions_of(costs: ArrayLike, losses: ArrayLike, *, budget: float) -> list[Grouping]:
    """All ways to give every task to one network that solves it, with none left idle, at a cost equal to the budget.

    A mean over these is what a random grouping costs, a maximum the worst one.

    Args:
        costs: (N,), positive.
        losses: (N, T), NaN where a network does not solve a task.
        budget: in the unit of costs.

    Raises:
        ValueError: as for `TaskGrouper`.

    Example:
        >>> nan = float("nan")
        >>> [found.serves for found in partitions_of([2, 1, 1, 1], [[5, 5], [1, nan], [nan, 3], [4, 4]], budget=2)]
        [(0, 0), (1, 2)]
    """
    c, table = _checked(costs, losses)
    able = ~np.isnan(table)
    found: list[Grouping] = []

    def go(chosen: tuple[int, ...], covered: NDArray[np.bool_], left: float) -> None:
        if covered.all():
            if abs(left) < 1e-9:
                serves = tuple(next(n for n in chosen if able[n, t]) for t in range(able.shape[1]))
                loss = float(sum(table[n, t] for t, n in enumerate(serves)))
                found.append(Grouping(serves, loss, float(c[list(chosen)].sum())))
            return
        first = int((~covered).argmax())
        for n in np.flatnonzero(able[:, first]):
            if c[n] <= left + 1e-9 and not (able[n] & covered).any():
                go((*chosen, int(n)), covered | able[n], left - float(c[n]))

    go((), np.zeros(able.shape[1], dtype=bool), budget)
    return found


def higher_order(losses: ArrayLike) -> Floats:
    """Predict networks of three tasks and more from those of two.

        L̂[S, i] = (1 / (|S| - 1)) Σ_{j ∈ S, j ≠ i} L[{i, j}, i]

    Rows of one task and of two stay as they are.

    Args:
        losses: (N, T), NaN where a network does not solve a task. Networks are of one size, at most one for each set
            of tasks.

    Returns:
        (N, T).

    Raises:
        ValueError: a pair is missing, or there are two networks for one.

    Example:
        >>> nan = float("nan")
        >>> pairs = [[1, 2, nan], [3, nan, 4], [nan, 5, 6]]
        >>> higher_order([*pairs, [0, 0, 0]])[-1].tolist()
        [2.0, 3.5, 5.0]

    References:
        [standley2020which], higher-order approximation.
    """
    table = _table(losses)
    able = ~np.isnan(table)
    predicted = table.copy()
    for n in np.flatnonzero(able.sum(1) > 2):
        members = np.flatnonzero(able[n])
        for i in members:
            predicted[n, i] = np.mean([table[_row(able, {int(i), int(j)}), i] for j in members if j != i])
    return predicted


def pairwise_affinity(losses: ArrayLike) -> Floats:
    """How much less is lost on a task with a partner than alone, relative to alone.

        A[i, j] = (L[{i}, i] - L[{i, j}, i]) / L[{i}, i]

    Not symmetric: row i is what each partner j does for task i. The mean of both directions is often called the
    affinity of a pair.

    Args:
        losses: (N, T), NaN where a network does not solve a task; one network for each task and for each pair.

    Returns:
        (T, T), 0 on the diagonal.

    Raises:
        ValueError: a task or a pair is missing or there twice, or a loss alone is 0.

    Example:
        >>> nan = float("nan")
        >>> pairwise_affinity([[4, nan], [nan, 2], [3, 3]]).tolist()
        [[0.0, 0.25], [-0.5, 0.0]]
    """
    table = _table(losses)
    able = ~np.isnan(table)
    count = table.shape[1]
    alone = np.array([table[_row(able, {i}), i] for i in range(count)])
    if not (alone != 0).all():
        raise ValueError("a task that is solved without loss has no relative change")
    found = np.zeros((count, count))
    for i in range(count):
        for j in range(count):
            if i != j:
                found[i, j] = (alone[i] - table[_row(able, {i, j}), i]) / alone[i]
    return found


def _row(able: NDArray[np.bool_], tasks: set[int]) -> int:
    """The one network that solves these tasks and no other."""
    wanted = np.isin(np.arange(able.shape[1]), list(tasks))
    (rows,) = np.nonzero((able == wanted).all(1))
    if len(rows) != 1:
        raise ValueError(f"one network of tasks {sorted(tasks)} expected, given {len(rows)}")
    return int(rows[0])


def _table(losses: ArrayLike) -> Floats:
    table = np.asarray(losses, dtype=np.float64)
    if table.ndim != 2 or np.isinf(table).any():
        raise ValueError(f"finite losses of shape (N, T) expected, or NaN, given shape {table.shape}")
    return table


def _checked(costs: ArrayLike, losses: ArrayLike) -> tuple[Floats, Floats]:
    table, c = _table(losses), np.asarray(costs, dtype=np.float64)
    if c.shape != table.shape[:1] or not (np.isfinite(c) & (c > 0)).all():
        raise ValueError(f"finite and positive costs of shape ({len(table)},) expected, given shape {c.shape}")
    return c, table
