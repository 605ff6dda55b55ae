"""Residual layers, against their formula in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mlblog.models.residual import Branch, Residual, ResidualMLP


@pytest.mark.parametrize(("kind", "kept", "part"), [("plain", 0, 1), ("sum", 1, 1), ("scaled", 1, 3**-0.5)])
@pytest.mark.parametrize("rule", ["torch", "he"])
def test_the_network_is_the_formula(kind, kept: int, part: float, rule) -> None:
    torch.manual_seed(0)
    net = ResidualMLP(4, 6, 3, kind=kind, rule=rule).double()
    x = torch.randn(5, 4, dtype=torch.double)
    expected = x.numpy()
    for layer in net:
        branch = layer.branch if isinstance(layer, Residual) else layer
        first, second = branch.first.weight.detach().numpy(), branch.second.weight.detach().numpy()
        expected = kept * expected + part * np.maximum(expected @ first.T, 0) @ second.T
    np.testing.assert_allclose(net(x).detach().numpy(), expected, rtol=1e-12)


def test_hes_rule_keeps_the_size_of_what_comes_in() -> None:
    torch.manual_seed(0)
    x = torch.randn(500, 64)
    sizes = [Branch(64, 96, rule="he")(x).square().mean().item() for _ in range(40)]
    assert np.mean(sizes) == pytest.approx(1, abs=0.1)
    assert Branch(64, 96, rule="torch")(x).square().mean().item() < 0.2


def test_torchs_rule_is_torchs() -> None:
    torch.manual_seed(5)
    branch = Branch(4, 6, rule="torch")
    torch.manual_seed(5)
    first, second = torch.nn.Linear(4, 6, bias=False), torch.nn.Linear(6, 4, bias=False)
    assert torch.equal(branch.first.weight, first.weight)
    assert torch.equal(branch.second.weight, second.weight)
