"""Reverse-mode differentiation in NumPy: a tensor that remembers how it was made, and the rule of each operation.

The rule of an operation y = f(x) is its vector-Jacobian product: it turns the upstream gradient ∂L/∂y into ∂L/∂x. The
rules are those of PyTorch, ties and all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Rule = Callable[[Array], Array]  # upstream gradient, of the output's shape, to one of the input's


class Tensor:
    """An array and where it came from.

    Attributes:
        data: the values.
        grad: ∂L/∂data after `backward` of L, summed over all calls; of the data's shape.
        sources: the tensors it was computed from, each with the rule that carries a gradient back to it.
    """

    __array_ufunc__ = None  # so that `array + tensor` asks the tensor, not each number of the array

    def __init__(self, data: ArrayLike, *sources: tuple[Tensor, Rule]) -> None:
        self.data: Array = np.asarray(data, dtype=np.float64)
        self.grad: Array = np.zeros_like(self.data)
        self.sources = sources

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the values."""
        return self.data.shape

    def backward(self) -> None:
        """Add ∂self/∂t to the `grad` of every tensor t that self was computed from; self must be one number.

        Each tensor passes its gradient on once, after all that use it have contributed.

        Raises:
            ValueError: there is more than one number.
        """
        if self.data.size != 1:
            raise ValueError(f"only one number can be differentiated backwards, not an array of shape {self.shape}")
        upstream = {id(self): np.ones_like(self.data)}
        for tensor in reversed(_in_order(self)):
            gradient = upstream.pop(id(tensor))
            tensor.grad = tensor.grad + gradient
            for source, rule in tensor.sources:
                upstream[id(source)] = upstream.get(id(source), 0.0) + rule(gradient)

    def __add__(self, other: Tensor | ArrayLike) -> Tensor:
        a, b = self, _tensor(other)
        return Tensor(a.data + b.data, (a, lambda g: _fold(g, a.shape)), (b, lambda g: _fold(g, b.shape)))

    def __mul__(self, other: Tensor | ArrayLike) -> Tensor:
        a, b = self, _tensor(other)
        return Tensor(
            a.data * b.data, (a, lambda g: _fold(g * b.data, a.shape)), (b, lambda g: _fold(g * a.data, b.shape))
        )

    def __pow__(self, exponent: float) -> Tensor:
        def rule(g: Array) -> Array:
            return np.zeros_like(self.data) if exponent == 0 else g * exponent * self.data ** (exponent - 1)

        return Tensor(self.data**exponent, (self, rule))

    def __neg__(self) -> Tensor:
        return self * -1.0

    def __sub__(self, other: Tensor | ArrayLike) -> Tensor:
        return self + -_tensor(other)

    def __truediv__(self, other: Tensor | ArrayLike) -> Tensor:
        return self * _tensor(other) ** -1.0

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other: ArrayLike) -> Tensor:
        return _tensor(other) - self

    def __rtruediv__(self, other: ArrayLike) -> Tensor:
        return _tensor(other) / self

    def __matmul__(self, other: Tensor) -> Tensor:
        return matmul(self, other)


def exp(x: Tensor) -> Tensor:
    """e^x; the rule is g · e^x."""
    y = np.exp(x.data)
    return Tensor(y, (x, lambda g: g * y))


def log(x: Tensor) -> Tensor:
    """The natural logarithm; the rule is g / x."""
    return Tensor(np.log(x.data), (x, lambda g: g / x.data))


def tanh(x: Tensor) -> Tensor:
    """The hyperbolic tangent; the rule is g (1 - y²)."""
    y = np.tanh(x.data)
    return Tensor(y, (x, lambda g: g * (1 - y**2)))


def relu(x: Tensor) -> Tensor:
    """max(x, 0); the rule passes g where x > 0, and nothing at 0."""
    return Tensor(np.maximum(x.data, 0), (x, lambda g: g * (x.data > 0)))


def matmul(a: Tensor, b: Tensor) -> Tensor:
    """Y = A B for matrices, or stacks of them that broadcast; the rules are G Bᵀ and Aᵀ G.

    Raises:
        ValueError: one of the two has fewer than two axes.
    """
    if a.data.ndim < 2 or b.data.ndim < 2:
        raise ValueError(f"matmul needs matrices, got shapes {a.shape} and {b.shape}")
    return Tensor(
        a.data @ b.data,
        (a, lambda g: _fold(g @ np.swapaxes(b.data, -1, -2), a.shape)),
        (b, lambda g: _fold(np.swapaxes(a.data, -1, -2) @ g, b.shape)),
    )


def total(x: Tensor, axis: int | None = None) -> Tensor:
    """The sum, of all or along an axis; its rule broadcasts g. That gives ones only where g is one."""

    def rule(g: Array) -> Array:
        return np.broadcast_to(g if axis is None else np.expand_dims(g, axis), x.shape)

    return Tensor(x.data.sum(axis=axis), (x, rule))


def broadcast_to(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Repeat x along new axes and axes of length 1; the rule sums g over the copies."""
    return Tensor(np.broadcast_to(x.data, shape), (x, lambda g: _fold(g, x.shape)))


def view(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """The same numbers in another shape; the rule gives g the old shape."""
    return Tensor(x.data.reshape(shape), (x, lambda g: g.reshape(x.shape)))


def transpose(x: Tensor, first: int, second: int) -> Tensor:
    """Swap two axes; the rule swaps them back."""
    return Tensor(np.swapaxes(x.data, first, second), (x, lambda g: np.swapaxes(g, first, second)))


def amax(x: Tensor, axis: int | None = None) -> Tensor:
    """The largest value, of all or along an axis; the rule splits g evenly among all that are largest."""
    return _share(x, x.data.max(axis=axis, keepdims=True), axis)


def median(x: Tensor) -> Tensor:
    """The median of all values, the lower of two in the middle; the rule splits g evenly among all that equal it."""
    middle = np.sort(x.data, axis=None)[(x.data.size - 1) // 2]
    return _share(x, np.full((1,) * x.data.ndim, middle), None)


def max_along(x: Tensor, axis: int) -> Tensor:
    """The largest value along an axis; the rule gives all of g to the first that is largest, and zero to the others."""
    return _pick(x, x.data.argmax(axis=axis, keepdims=True), axis)


def median_along(x: Tensor, axis: int) -> Tensor:
    """The median along an axis, the lower of two in the middle; the rule gives all of g to the value chosen.

    Among equal values that is the one that a stable sort puts in the middle. PyTorch on a CPU does the same, and
    promises nothing.
    """
    order = x.data.argsort(axis=axis, kind="stable")
    return _pick(x, np.take(order, [(x.shape[axis] - 1) // 2], axis=axis), axis)


def embedding(table: Tensor, indices: NDArray[np.int64]) -> Tensor:
    """Rows of a table; the rule adds each row of g to the row that it was read from, as often as it was read.

    Args:
        table: shape (V, D).
        indices: any shape S of integers in [0, V).

    Returns:
        Shape (*S, D).

    Raises:
        IndexError: an index is out of range; negative ones do not count from the end.
    """
    indices = np.asarray(indices)
    if not np.issubdtype(indices.dtype, np.integer) or ((indices < 0) | (indices >= len(table.data))).any():
        raise IndexError(f"whole numbers from 0 to {len(table.data) - 1} expected as indices, got {indices.tolist()}")

    def rule(g: Array) -> Array:
        gradient = np.zeros_like(table.data)
        np.add.at(gradient, indices, g)  # gradient[indices] += g would count a repeated row once
        return gradient

    return Tensor(table.data[indices], (table, rule))


def mean(x: Tensor, axis: int | None = None) -> Tensor:
    """The sum divided by how many there are."""
    return total(x, axis) / float(math.prod(x.shape) if axis is None else x.shape[axis])


def _share(x: Tensor, value: Array, axis: int | None) -> Tensor:
    """A value of x's, with its axes kept; the rule splits g evenly among all that equal it."""
    equal = x.data == value
    share = equal / equal.sum(axis=axis, keepdims=True)
    y = value.reshape(()) if axis is None else value.squeeze(axis)
    return Tensor(y, (x, lambda g: (g if axis is None else np.expand_dims(g, axis)) * share))


def _pick(x: Tensor, where: NDArray[np.int64], axis: int) -> Tensor:
    """Values at one place along an axis; the rule puts g back to that place."""

    def rule(g: Array) -> Array:
        gradient = np.zeros_like(x.data)
        np.put_along_axis(gradient, where, np.expand_dims(g, axis), axis)
        return gradient

    return Tensor(np.take_along_axis(x.data, where, axis).squeeze(axis), (x, rule))


def _fold(g: Array, shape: tuple[int, ...]) -> Array:
    """Undo broadcasting: sum over axes that were added or had length 1."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    folded: Array = g.sum(axis=tuple(i for i, size in enumerate(shape) if size == 1), keepdims=True)
    return folded


def _in_order(last: Tensor) -> Sequence[Tensor]:
    """Everything that `last` was computed from, sources first, each once."""
    done: dict[int, Tensor] = {}
    waiting: list[tuple[Tensor, bool]] = [(last, False)]
    while waiting:
        tensor, sources_done = waiting.pop()
        if sources_done:
            done[id(tensor)] = tensor
        elif id(tensor) not in done:
            waiting += [(tensor, True), *((source, False) for source, _ in tensor.sources)]
    return list(done.values())


def _tensor(value: Tensor | ArrayLike) -> Tensor:
    """A number or an array as a tensor."""
    return value if isinstance(value, Tensor) else Tensor(value)
