"""Every function and module of tensors, in every precision, strided, empty, batched: one table, five questions."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from code_rows import CODES
from depth_rows import DEPTH
from example_rows import EXAMPLES
from graph_rows import GRAPHS
from hyper_rows import HYPER
from linkless_rows import LINKLESS
from mask_rows import MASKED
from memory_rows import MEMORIES
from picture_rows import PICTURES
from pixel_rows import PIXELS
from place_rows import PLACES
from program_rows import PROGRAMS
from segment_rows import SEGMENTS
from solver_rows import SOLVERS
from speech_rows import SPEECH
from table import ROUNDING, Row, assert_near, cast, flat
from task_rows import TASKS
from torch import Tensor
from torch_rows import LOSSES, MODELS
from view_rows import VIEWS
from word_rows import WORDS

ROWS = [
    *MODELS, *PLACES, *LOSSES, *DEPTH, *MEMORIES, *SEGMENTS, *PICTURES, *CODES, *PIXELS, *PROGRAMS, *VIEWS, *GRAPHS,
    *LINKLESS, *SPEECH, *EXAMPLES, *WORDS, *HYPER, *MASKED, *TASKS, *SOLVERS,
]  # fmt: skip
EACH = pytest.mark.parametrize("row", ROWS, ids=[f"{i}-{row.name}" for i, row in enumerate(ROWS)])
DOUBLE = torch.float64


def along(inputs: tuple[Tensor, ...], row: Row, part: slice | int) -> tuple[Tensor, ...]:
    """The part of a batch, of each input that has one."""
    chosen = []
    for x, axis in zip(inputs, row.batch, strict=True):
        index: Any = [slice(None)] * x.ndim
        if axis is not None:
            index[axis] = part
        chosen.append(x[tuple(index)])
    return tuple(chosen)


@EACH
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
def test_rounded_inputs_give_the_rounded_answer(row: Row, dtype: torch.dtype) -> None:
    """And the gradient of its sum, where there is one."""
    rounded = cast(row.inputs, dtype)
    leaves = [x.requires_grad_() for x in rounded if x.is_floating_point()]
    exact_inputs = [x.detach().double() if x.is_floating_point() else x for x in rounded]
    found, exact = row.built(dtype)(*rounded), row.exact(dtype)(*exact_inputs)
    exact = torch.stack(list(exact)) if isinstance(exact, tuple) and len({e.shape for e in exact}) == 1 else exact
    found = torch.stack(list(found)) if isinstance(exact, Tensor) and not isinstance(found, Tensor) else found
    assert_near(found, exact, row.slack * ROUNDING[dtype])
    if leaves:
        assert {tensor.dtype for tensor in flat(found)} == {dtype}
        total = sum(tensor[tensor.isfinite()].float().sum() for tensor in flat(found))
        if isinstance(total, Tensor) and total.requires_grad:
            gradients = torch.autograd.grad(total, leaves, allow_unused=True)
            assert all(g is None or g.isfinite().all() for g in gradients)


@EACH
def test_strides_do_not_matter(row: Row) -> None:
    strided = tuple(torch.stack((x, torch.zeros_like(x)), dim=-1)[..., 0] for x in row.inputs)
    assert all(not x.is_contiguous() for x in strided if x.numel() > 1)
    assert_near(row.built(DOUBLE)(*strided), row.built(DOUBLE)(*row.inputs), 1e-11)


@EACH
def test_inputs_are_left_alone(row: Row) -> None:
    inputs = tuple(x.clone() for x in row.inputs)
    row.built(DOUBLE)(*inputs)
    assert all(torch.equal(a, b) for a, b in zip(inputs, row.inputs, strict=True))
    assert not any(x.requires_grad for x in inputs)


BATCHED = pytest.mark.parametrize(
    "row",
    [row for row in ROWS if row.batch[0] is not None],
    ids=[f"{i}-{row.name}" for i, row in enumerate(ROWS) if row.batch[0] is not None],
)


@BATCHED
def test_problems_of_a_batch_do_not_meet(row: Row) -> None:
    together = flat(row.built(DOUBLE)(*row.inputs))
    count = together[0].shape[row.out]
    for i in range(count):
        alone = flat(row.built(DOUBLE)(*along(row.inputs, row, slice(i, i + 1))))
        assert_near(alone, [tensor.narrow(row.out, i, 1) for tensor in together], 1e-10)


@BATCHED
def test_no_problems_have_no_answers(row: Row) -> None:
    none = along(row.inputs, row, slice(0, 0))
    full = flat(row.built(DOUBLE)(*row.inputs))
    for tensor, usual in zip(flat(row.built(DOUBLE)(*none)), full, strict=True):
        assert tensor.shape == usual.narrow(row.out, 0, 0).shape


@pytest.mark.parametrize("row", [row for row in ROWS if row.leading], ids=lambda row: row.name)
def test_any_number_of_batch_axes_will_do(row: Row) -> None:
    """None, and two: where an axis is meant must be counted from the end."""
    together = flat(row.built(DOUBLE)(*row.inputs))
    alone = flat(row.built(DOUBLE)(*along(row.inputs, row, 1)))
    assert_near(alone, [tensor[1] for tensor in together], 1e-10)
    squared = [x.unflatten(0, (2, 2)) for x in row.inputs]
    assert_near(row.built(DOUBLE)(*squared), [tensor.unflatten(0, (2, 2)) for tensor in together], 1e-10)
