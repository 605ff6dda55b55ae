"""Running totals against Python's whole numbers, and carries against adding by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mlblog.data.totals import draw_totals


def number(digits: Tensor) -> int:
    return int(sum((digit > 0) * 2**at for at, digit in enumerate(digits.tolist())))


def longest_run(first: int, second: int) -> int:
    """Digit by digit, as on paper."""
    run = longest = carry = at = 0
    while first >> at or second >> at or carry:
        carry = (first >> at & 1) + (second >> at & 1) + carry >= 2
        run = run + 1 if carry else 0
        longest, at = max(longest, run), at + 1
    return longest


@pytest.mark.parametrize(("numbers", "size"), [(1, 5), (3, 4), (5, 2)])
def test_totals_and_carries_are_those_of_adding(numbers: int, size: int) -> None:
    drawn = draw_totals(60, numbers, size, generator=torch.Generator().manual_seed(size))
    width = len(f"{numbers * (2**size - 1):b}")
    assert drawn.inputs.shape == (60, numbers, size)
    assert drawn.totals.shape == (60, numbers, width)
    for inputs, totals, carries in zip(*drawn, strict=True):
        total = 0
        for digits, found, run in zip(inputs, totals, carries.tolist(), strict=True):
            assert run == longest_run(total, number(digits))
            total += number(digits)
            assert number(found) == total
    assert (drawn.carries[:, 0] == 0).all()


def test_lengths_are_equally_likely_and_zeros_stand_above_them() -> None:
    inputs = draw_totals(4_000, 2, 4, generator=torch.Generator().manual_seed(0)).inputs
    there = inputs != 0
    assert (there[..., :-1] >= there[..., 1:]).all()
    shares = torch.bincount(there.sum(-1).flatten(), minlength=5) / 8_000
    assert shares.tolist() == pytest.approx([0, 0.25, 0.25, 0.25, 0.25], abs=0.02)
    assert inputs[there].mean().item() == pytest.approx(0, abs=0.03)


def test_sequences_of_nothing_are_refused() -> None:
    for numbers, size in ((0, 3), (3, 0)):
        with pytest.raises(ValueError, match=f"numbers {numbers} and size {size}"):
            draw_totals(2, numbers, size, generator=torch.Generator())
