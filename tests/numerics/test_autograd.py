"""Every rule against PyTorch's, ties and repeated indices among the inputs, and against finite differences."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from mlblog.numerics import autograd
from mlblog.numerics.autograd import Tensor

ROWS = np.array([4, 0, 4, 2, 4])  # row 4 three times, 1 and 3 never
X = np.array([[0.5, 2.0, 2.0, -1.0], [1.0, 1.0, 1.0, 1.0], [-3.0, 0.25, 0.0, 0.0]])  # with ties
Y = np.linspace(0.3, 1.7, 12).reshape(3, 4)

#: name: shapes or values of the inputs, ours, torch's
RULES: dict[str, tuple[list[np.ndarray], Callable[..., Tensor], Callable[..., torch.Tensor]]] = {
    "add": ([X, Y], lambda a, b: a + b, torch.add),
    "add, broadcast": ([X, Y[0]], lambda a, b: a + b, torch.add),
    "add, both broadcast": ([X[:, :1], Y[:1]], lambda a, b: a + b, torch.add),
    "add a number": ([X], lambda a: 2 + a + 1.5, lambda a: a + 3.5),
    "subtract": ([X, Y[:, :1]], lambda a, b: a - b, torch.sub),
    "subtract from a number": ([X], lambda a: 1 - a, lambda a: 1 - a),
    "multiply": ([X, Y], lambda a, b: a * b, torch.mul),
    "multiply, broadcast": ([X, Y[:, :1]], lambda a, b: a * b, torch.mul),
    "multiply by itself": ([X], lambda a: a * a, torch.square),
    "divide": ([X, Y], lambda a, b: a / b, torch.div),
    "divide a number": ([Y], lambda a: 2 / a, lambda a: 2 / a),
    "power": ([Y], lambda a: a**2.5, lambda a: a**2.5),
    "negate": ([X], lambda a: -a, torch.neg),
    "exp": ([X], autograd.exp, torch.exp),
    "log": ([Y], autograd.log, torch.log),
    "tanh": ([X], autograd.tanh, torch.tanh),
    "relu": ([X], autograd.relu, torch.relu),
    "matmul": ([X, Y.T], lambda a, b: a @ b, torch.matmul),
    "matmul, stacks": ([np.stack([X, Y]), Y.T[None] - X.T], lambda a, b: a @ b, torch.matmul),
    "sum": ([X], autograd.total, torch.sum),
    "sum, axis": ([X], lambda a: autograd.total(a, 0), lambda a: a.sum(0)),
    "sum, last axis": ([X], lambda a: autograd.total(a, -1), lambda a: a.sum(-1)),
    "mean": ([X], autograd.mean, torch.mean),
    "mean, axis": ([X], lambda a: autograd.mean(a, 1), lambda a: a.mean(1)),
    "broadcast_to": ([Y[:, :1]], lambda a: autograd.broadcast_to(a, (2, 3, 5)), lambda a: a.broadcast_to(2, 3, 5)),
    "view": ([X], lambda a: autograd.view(a, (2, 6)), lambda a: a.view(2, 6)),
    "transpose": ([np.stack([X, Y])], lambda a: autograd.transpose(a, 0, 2), lambda a: a.transpose(0, 2)),
    "amax": ([X], lambda a: autograd.amax(a, 1), lambda a: a.amax(1)),
    "amax, other axis": ([X], lambda a: autograd.amax(a, 0), lambda a: a.amax(0)),
    "amax of all": ([X], autograd.amax, torch.amax),
    "max of all": ([X], autograd.amax, torch.max),
    "max along": ([X], lambda a: autograd.max_along(a, 1), lambda a: a.max(1).values),
    "max along, other axis": ([X], lambda a: autograd.max_along(a, 0), lambda a: a.max(0).values),
    "median": ([X], autograd.median, torch.median),
    "median along, even": ([X], lambda a: autograd.median_along(a, 1), lambda a: a.median(1).values),
    "median along, odd": ([X], lambda a: autograd.median_along(a, 0), lambda a: a.median(0).values),
    "embedding": (
        [np.arange(15.0).reshape(5, 3)],
        lambda a: autograd.embedding(a, ROWS),
        lambda a: F.embedding(torch.from_numpy(ROWS), a),
    ),
    "embedding, two axes of indices": (
        [np.arange(15.0).reshape(5, 3)],
        lambda a: autograd.embedding(a, np.stack([ROWS, ROWS[::-1]])),
        lambda a: F.embedding(torch.from_numpy(np.stack([ROWS, ROWS[::-1]])), a),
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_the_rule_is_pytorchs(name: str) -> None:
    values, ours, theirs = RULES[name]
    inputs = [Tensor(value) for value in values]
    reference = [torch.tensor(value, requires_grad=True) for value in values]
    found, expected = ours(*inputs), theirs(*reference)
    np.testing.assert_allclose(found.data, expected.detach().numpy(), rtol=1e-12)
    upstream = np.random.default_rng(3).normal(size=found.shape)  # a rule that assumes ones fails
    autograd.total(found * Tensor(upstream)).backward()
    expected.backward(torch.from_numpy(np.asarray(upstream)))
    for one, other in zip(inputs, reference, strict=True):
        np.testing.assert_allclose(one.grad, other.grad.numpy(), rtol=1e-12, atol=1e-12)


@given(st.lists(st.integers(-2, 2), min_size=1, max_size=12), st.integers(0, 99))
def test_ties_are_shared_or_picked_as_in_pytorch(values: list[int], seed: int) -> None:
    upstream = float(np.random.default_rng(seed).normal())
    for ours, theirs in [
        (autograd.amax, torch.amax),
        (autograd.median, torch.median),
        (lambda x: autograd.max_along(x, 0), lambda x: x.max(0).values),
        (lambda x: autograd.median_along(x, 0), lambda x: x.median(0).values),
    ]:
        x, reference = Tensor(values), torch.tensor(values, dtype=torch.float64, requires_grad=True)
        (ours(x) * upstream).backward()
        (theirs(reference) * upstream).backward()
        np.testing.assert_allclose(x.grad, reference.grad.numpy(), atol=1e-15)


def test_a_network_agrees_with_finite_differences() -> None:
    random = np.random.default_rng(7)
    table, w, b = (random.normal(size=shape) for shape in [(6, 3), (3, 4), (4,)])
    indices = np.array([[1, 1, 5], [0, 3, 1]])

    def loss(table: np.ndarray, w: np.ndarray, b: np.ndarray) -> tuple[Tensor, list[Tensor]]:
        inputs = [Tensor(table), Tensor(w), Tensor(b)]
        words = autograd.view(autograd.mean(autograd.embedding(inputs[0], indices), 1), (2, 3))
        logits = autograd.tanh(words @ inputs[1] + inputs[2])
        shifted = logits - autograd.view(autograd.amax(logits, 1), (2, 1))
        nll = autograd.log(autograd.total(autograd.exp(shifted), 1)) - autograd.max_along(shifted, 1) ** 2
        return autograd.mean(nll + autograd.total(logits**2, 1)), inputs

    last, inputs = loss(table, w, b)
    last.backward()
    for which, value in enumerate((table, w, b)):
        for index in np.ndindex(value.shape):
            moved = [[array.copy() for array in (table, w, b)] for _ in range(2)]
            moved[0][which][index] += 1e-6
            moved[1][which][index] -= 1e-6
            slope = (loss(*moved[0])[0].data - loss(*moved[1])[0].data) / 2e-6
            assert inputs[which].grad[index] == pytest.approx(slope, abs=1e-8)


def test_a_tensor_used_twice_passes_on_once_and_calls_add_up() -> None:
    x = Tensor([3.0])
    y = x * x
    z = autograd.total(y * y + y)  # x⁴ + x²
    z.backward()
    assert x.grad.tolist() == [4 * 27 + 6]
    z.backward()
    assert x.grad.tolist() == [2 * (4 * 27 + 6)]


def test_a_deep_chain_is_no_recursion() -> None:
    x = Tensor(1.0)
    y = x
    for _ in range(5_000):
        y = y + x
    y.backward()
    assert x.grad == 5_001


def test_only_a_number_goes_backwards() -> None:
    with pytest.raises(ValueError, match=r"shape \(3, 4\)"):
        Tensor(X).backward()
    with pytest.raises(ValueError, match="matmul needs matrices"):
        Tensor(X) @ Tensor(X[0])
