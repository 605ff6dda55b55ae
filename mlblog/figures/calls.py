"""What a call of a module calls, in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import nn

#: Operations between modules that a diagram names, by the name of torch's function; others move numbers about.
_TOLD = {
    **dict.fromkeys(("add", "__add__", "__radd__", "__iadd__"), "+"),
    **dict.fromkeys(("mul", "__mul__", "__rmul__"), "times"),
    **dict.fromkeys(("matmul", "__matmul__", "bmm"), "@"),
    **dict.fromkeys(("conv1d", "conv2d"), "convolution"),
    **dict.fromkeys(("sort", "argsort"), "sort"),
    **{
        name: name
        for name in ("cumsum", "einsum", "exp", "gather", "gelu", "linear", "mean", "relu", "sigmoid", "silu")
    },
    **{name: name for name in ("softmax", "sum", "tanh", "where")},
    "cat": "concatenate",
    "embedding": "look up",
    "layer_norm": "normalise",
    "log_softmax": "log softmax",
    "masked_fill": "mask",
    "scaled_dot_product_attention": "attention",
}


_LINE = 60  # letters after which operations go on in the next line


@dataclass
class Block:
    """One call of a module, or several in a row that are alike.

    Attributes:
        name: of the attribute that holds it; empty for the whole.
        kind: name of its class; empty for calls that are repeated together.
        parameters: how many numbers it learns, in all that is in it.
        is_shared: whether an earlier call has used the same ones.
        shape: of its first output.
        calls: how many calls in a row it is.
        parts: calls of modules in it and, as text, operations between them, in order.
        masks: boolean matrices that it was given.
    """

    name: str
    kind: str
    parameters: int
    is_shared: bool = False
    shape: tuple[int, ...] = ()
    calls: int = 1
    parts: list[Block | str] = field(default_factory=list)
    masks: list[np.ndarray] = field(default_factory=list)

    @property
    def label(self) -> str:
        """Its name, unless it is a number, and its kind."""
        return f"{self.name}: {self.kind}" if self.name and not self.name.isdigit() else self.kind

    def is_like(self, other: object) -> bool:
        """Whether it differs from another block only in its number in a list, if at all."""
        if not isinstance(other, Block) or len(self.parts) != len(other.parts):
            return False
        own, others = ((one.label, one.parameters, one.shape, one.calls) for one in (self, other))
        return own == others and all(map(_alike, self.parts, other.parts))


def _alike(one: Block | str, other: Block | str) -> bool:
    return one.is_like(other) if isinstance(one, Block) else one == other


def folded(parts: list[Block | str]) -> list[Block | str]:
    """The same calls, with those that repeat one after another as one block; what covers most calls comes first.

    Example:
        >>> block = Block("", "Linear", 2)
        >>> [(part.calls, part.parts) for part in folded([block, "+", block, "+"])]  # doctest: +ELLIPSIS
        [(2, [Block(name='', kind='Linear', ...), '+'])]
    """
    found = [(length * times, -length, start) for length, start, times in _repeats(parts)]
    if not found:
        return parts
    covered, length, start = max(found, key=lambda one: (one[0], one[1], -one[2]))
    times, inner = covered // -length, folded(parts[start : start - length])
    if len(inner) == 1 and isinstance(inner[0], Block):
        one = replace(inner[0], calls=inner[0].calls * times)
    else:
        one = Block("", "", 0, calls=times, parts=inner)
    return [*folded(parts[:start]), one, *folded(parts[start + covered :])]


def _repeats(parts: list[Block | str]) -> Iterator[tuple[int, int, int]]:
    """Length, start and number of stretches that follow each other and hold a block."""
    for length in range(1, len(parts) // 2 + 1):
        for start in range(len(parts) - 2 * length + 1):
            stretch, times = parts[start : start + length], 1
            while len(after := parts[start + times * length :][:length]) == length and all(map(_alike, stretch, after)):
                times += 1
            if times > 1 and any(isinstance(part, Block) for part in stretch):
                yield length, start, times


def trace(module: nn.Module, *example: Any) -> Block:
    """Call a module and note what it calls."""
    import torch
    from torch.overrides import TorchFunctionMode

    names = {id(one): name.rpartition(".")[2] for name, one in module.named_modules()}
    top = Block("", "", 0)
    open_blocks, called = [top], set()

    class Listening(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            told = _TOLD.get(getattr(func, "__name__", ""))
            if told and open_blocks[-1].kind not in torch.nn.__dict__:
                _tell(open_blocks[-1].parts, told)
            return func(*args, **(kwargs or {}))

    def enter(one: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        count = sum(p.numel() for p in one.parameters())
        block = Block(names[id(one)], type(one).__name__, count, is_shared=id(one) in called)
        called.add(id(one))
        for value in (*given, *named.values()):
            if isinstance(value, torch.Tensor) and value.dtype == torch.bool and value.dim() == 2:
                block.masks.append(value.numpy(force=True))
        open_blocks.append(block)

    def leave(one: Any, given: tuple[Any, ...], named: dict[str, Any], output: Any) -> None:
        block = open_blocks.pop()
        first = next(_tensors(output), None)
        block.shape = () if first is None else tuple(first.shape)
        block.parts = folded(block.parts)
        open_blocks[-1].parts.append(block)

    hooks = []
    for one in module.modules():
        if isinstance(one, torch.nn.Dropout):
            continue
        hooks.append(one.register_forward_pre_hook(enter, with_kwargs=True))
        hooks.append(one.register_forward_hook(leave, with_kwargs=True))
    was_training = module.training
    module.eval()
    try:
        with torch.no_grad(), Listening():
            module(*example)
    finally:
        module.train(was_training)
        for hook in hooks:
            hook.remove()
    (whole,) = (part for part in top.parts if isinstance(part, Block))
    return whole


def _tell(parts: list[Block | str], operation: str) -> None:
    """Add an operation, to the line of those just before it while there is room."""
    last = parts[-1] if parts else None
    if not isinstance(last, str) or len(last) > _LINE:
        parts.append(operation)
    elif not last.endswith(operation):
        parts[-1] = f"{last} · {operation}"


def _tensors(output: Any) -> Iterator[Any]:
    if hasattr(output, "shape"):
        yield output
    elif isinstance(output, (tuple, list)):
        for one in output:
            yield from _tensors(one)
    elif isinstance(output, Mapping):
        yield from _tensors(list(output.values()))
