"""What the experiment on depth counts and compares, by hand."""

from __future__ import annotations

import pytest
import torch
from parts import ran
from torch import Tensor, nn

from mlblog.experiments import depth


def test_all_kinds_have_equally_many_weights() -> None:
    counts = {kind: sum(p.numel() for p in depth.network(kind, 12, 3).parameters()) for kind in depth.KINDS}
    assert set(counts.values()) == {64 * 12 + 12 + 3 * 2 * 12 * 12 + 12 * 10 + 10}


def test_errors_are_relative_to_the_whole_gradient() -> None:
    right = [torch.tensor([3.0]), torch.tensor([0.0, 4.0])]
    assert depth._error([torch.tensor([3.0]), torch.tensor([0.0, 4.5])], right) == pytest.approx(0.1)
    assert depth._error([torch.tensor([float("nan")]), torch.tensor([0.0, 4.0])], right) == 1e99


def test_what_is_kept_and_called_is_counted() -> None:
    """Widths are 8 and inputs 4: 128 bytes a layer's input, as much for the hidden units, and 128 of the ReLU."""
    found = ran("depth_memory", depths=[4, 9]).values
    plain, each, root, reversible = found["calls"].tolist()
    assert plain == [4, 9]
    assert each == root == reversible == [8, 18]
    kept = dict(zip(depth.WAYS, found["kept"].tolist(), strict=True))
    layer = kept["autograd"][1] - kept["autograd"][0]
    assert layer == 5 * 2 * 128  # its input, and what the ReLU gives
    assert kept["a checkpoint a layer"][1] - kept["a checkpoint a layer"][0] == 5 * 128
    assert kept["√L checkpoints"][1] - kept["√L checkpoints"][0] == 128 + 2 * 128  # an input and a layer more
    assert kept["reversible"][1] == kept["reversible"][0]
    assert found["same"].tolist() == [[1, 1], [1, 1]]


def test_errors_compare_one_network_with_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks that are undone wrongly are found out."""
    real = depth._gradient

    def off(net: nn.Module, way: str, x: Tensor) -> tuple[list[Tensor], int, float, float]:
        found, *numbers = real(net, way, x)
        return [2 * one if isinstance(net, depth.ReversibleSequential) else one for one in found], *numbers

    assert ran("depth_memory").values["errors"].max() < 1e-5
    monkeypatch.setattr(depth, "_gradient", off)
    assert ran("depth_memory").values["errors"] == pytest.approx(1, rel=1e-4)
