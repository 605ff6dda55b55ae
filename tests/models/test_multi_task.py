"""The network of several tasks: against loops in NumPy; who teaches whom; what an encoder costs, by counting."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mlblog.models.multi_task import MultiTaskNetwork, channels_for, encoder_cost

B, S, CODE, HIDDEN = 2, 8, 5, 6
CHANNELS = (3, 4)
OUTPUTS = {"kind": 7, "place": 2}


def network() -> MultiTaskNetwork:
    torch.manual_seed(0)
    return MultiTaskNetwork(OUTPUTS, channels=CHANNELS, side=S, code=CODE, hidden=HIDDEN).double()


def convolved(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, int]:
    """With stride 2 and zeros around; and how many multiplications that takes for one picture."""
    side, count = x.shape[-1] // 2, 0
    wide = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    found = np.zeros((len(x), len(weight), side, side))
    for o in range(len(weight)):
        for i in range(side):
            for j in range(side):
                found[:, o, i, j] = (wide[:, :, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3] * weight[o]).sum(
                    (1, 2, 3)
                ) + bias[o]
                count += weight[o].size
    return found.clip(0), count


def test_answers_and_cost_are_those_of_loops() -> None:
    net, x = network(), np.random.default_rng(0).normal(size=(B, 3, S, S))
    p = {name: value.detach().numpy() for name, value in net.named_parameters()}
    h, first = convolved(x, p["encoder.0.weight"], p["encoder.0.bias"])
    h, second = convolved(h, p["encoder.2.weight"], p["encoder.2.bias"])
    code = (h.reshape(B, -1) @ p["encoder.5.weight"].T + p["encoder.5.bias"]).clip(0)
    said = net(torch.from_numpy(x))
    for task in OUTPUTS:
        hidden = (code @ p[f"heads.{task}.0.weight"].T + p[f"heads.{task}.0.bias"]).clip(0)
        right = hidden @ p[f"heads.{task}.2.weight"].T + p[f"heads.{task}.2.bias"]
        np.testing.assert_allclose(said[task].detach().numpy(), right, rtol=1e-10)
    assert encoder_cost(CHANNELS, side=S, code=CODE) == first + second + p["encoder.5.weight"].size


def test_a_task_teaches_the_encoder_and_its_own_head() -> None:
    net = network()
    net(torch.randn(B, 3, S, S, dtype=torch.float64))["kind"].sum().backward()
    taught = {name.split(".")[1] if name.startswith("heads") else "encoder"
              for name, value in net.named_parameters() if value.grad is not None}  # fmt: skip
    assert taught == {"encoder", "kind"}


@pytest.mark.parametrize("share", [0.25, 1 / 3, 0.5, 1.0, 2.0, 4.0])
def test_channels_cost_what_they_should(share: float) -> None:
    cost = share * encoder_cost((8, 16), side=16)
    found = channels_for(cost, side=16)
    assert abs(encoder_cost(found, side=16) / cost - 1) < 0.04
    nearest = min(abs(encoder_cost((w, v), side=16) - cost)
                  for w in range(1, 40) for v in range(1, 100) if 1.5 * w - 1 < v <= 2.5 * w)  # fmt: skip
    assert abs(encoder_cost(found, side=16) - cost) == nearest


@pytest.mark.parametrize(("outputs", "side"), [({}, 8), ({"kind": 4}, 10)])
def test_a_network_without_tasks_or_of_an_odd_side_is_refused(outputs: dict[str, int], side: int) -> None:
    with pytest.raises(ValueError, match="multiple of 4"):
        MultiTaskNetwork(outputs, channels=(1, 2), side=side)
