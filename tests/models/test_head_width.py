"""Heads of a chosen width against torch's, and the rank that a narrow one cannot exceed."""

import pytest
import torch
from torch import Tensor, nn

from mlblog.models.head_width import WideHeadAttention, projections_for

T, D = 7, 12
DOUBLE = torch.float64


def drawn(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, dtype=DOUBLE, generator=torch.Generator().manual_seed(seed))


def test_heads_of_the_usual_width_are_torch_s() -> None:
    ours = WideHeadAttention(D, 3, head_width=4).double()
    theirs = nn.MultiheadAttention(D, 3, batch_first=True, dtype=DOUBLE)
    theirs.load_state_dict({
        "in_proj_weight": ours.project_in.weight, "in_proj_bias": ours.project_in.bias,
        "out_proj.weight": ours.project_out.weight, "out_proj.bias": ours.project_out.bias,
    })  # fmt: skip
    x = drawn(2, T, D)
    torch.testing.assert_close(ours(x), theirs(x, x, x, need_weights=False)[0], rtol=0, atol=1e-10)


def test_wide_heads_are_a_loop_over_heads() -> None:
    ours = WideHeadAttention(D, 2, head_width=9).double()
    x = drawn(T, D)
    to_q, to_k, to_v = ours.project_in.weight.unflatten(0, (3, 2, 9)).unbind(0)
    of_q, of_k, of_v = ours.project_in.bias.unflatten(0, (3, 2, 9)).unbind(0)
    mixed = []
    for h in range(2):
        q, k, v = x @ to_q[h].T + of_q[h], x @ to_k[h].T + of_k[h], x @ to_v[h].T + of_v[h]
        mixed.append((q @ k.T / 3).softmax(-1) @ v)
    expected = torch.cat(mixed, -1) @ ours.project_out.weight.T + ours.project_out.bias
    torch.testing.assert_close(ours(x), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("head_width", [T - 1, T, D])
def test_a_head_as_wide_as_the_input_is_long_attends_by_any_pattern(head_width: int) -> None:
    states, pattern = drawn(T, D), (2 * drawn(T, T, seed=2)).softmax(-1)
    to_q, to_k = projections_for(states, pattern, head_width)
    assert to_q.shape == to_k.shape == (D, head_width)
    found = ((states @ to_q) @ (states @ to_k).mT / head_width**0.5).softmax(-1)
    torch.testing.assert_close(found, pattern, rtol=0, atol=1e-9)


def test_a_narrower_one_does_not() -> None:
    """Row differences of log P have the rank of the pattern: more than K cannot come from K products."""
    states, pattern = drawn(T, D), (2 * drawn(T, T, seed=2)).softmax(-1)
    to_q, to_k = projections_for(states, pattern, 3)
    found = ((states @ to_q) @ (states @ to_k).mT / 3**0.5).softmax(-1)
    assert (found - pattern).abs().max() > 0.05
    compared = (pattern.log()[:, 1:] - pattern.log()[:, :1], found.log()[:, 1:] - found.log()[:, :1])
    assert [int(torch.linalg.matrix_rank(each, rtol=1e-9)) for each in compared] == [T - 1, 3]


def test_zeros_and_odd_widths_are_refused() -> None:
    with pytest.raises(ValueError, match="no softmax is zero"):
        projections_for(drawn(T, D), torch.eye(T, dtype=DOUBLE), T)
    with pytest.raises(ValueError, match="given 12, 3 and 0"):
        WideHeadAttention(12, 3, head_width=0)
