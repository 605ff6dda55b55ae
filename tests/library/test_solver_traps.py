"""Odd input to layers that solve equations: empty batches, half precision, constant fields."""

from __future__ import annotations

import math

import pytest
import torch
from trap import Trap

from mlblog.models import continuous_flow, latent_ode, ode_block
from mlblog.numerics import dense_output
from mlblog.numerics.odeint import Euler

HALVES = (torch.float16, torch.bfloat16)
block = ode_block.ODEBlock(ode_block.Counted(ode_block.TimedField(2, 3)))
flow = continuous_flow.CNF(continuous_flow.GatedPlanes(2, 3), features=2)
series = latent_ode.LatentODE(2)
GRID = torch.linspace(0, 1, 4)


class Still(torch.nn.Module):
    """A field that is zero, though it looks at the state."""

    def forward(self, t: float, z: torch.Tensor) -> torch.Tensor:
        return 0 * z


TRAPS = [
    Trap("block, empty batch", lambda: block(torch.zeros(0, 2)).shape, (0, 2)),
    Trap("block, one example", lambda: block(torch.ones(2)).shape, (2,)),
    *(Trap(f"block in {dtype}", lambda dtype=dtype: ode_block.ODEBlock(ode_block.TimedField(2, 3).to(dtype))(
        torch.ones(1, 2, dtype=dtype)), ValueError, "float32 or wider") for dtype in HALVES),
    Trap("block, steps of nothing", lambda: ode_block.ODEBlock(Still(), solver=Euler(0.0))(torch.ones(2)), ValueError,
         "longer than zero"),
    Trap("flow, empty batch", lambda: flow.log_density(torch.zeros(0, 2)).shape, (0,)),
    *(Trap(f"flow in {dtype}", lambda dtype=dtype: flow.to(dtype).log_density(torch.ones(1, 2, dtype=dtype)),
           ValueError, "float32 or wider") for dtype in HALVES),
    Trap("flow that does not move", lambda: continuous_flow.CNF(Still(), features=2).log_density(
        torch.zeros(1, 2)), [-math.log(2 * math.pi)]),
    Trap("flow, no gradients wanted", lambda: torch.no_grad()(continuous_flow.CNF(
        Still(), features=2).log_density)(torch.zeros(1, 2)).requires_grad, False),
    Trap("series, empty batch", lambda: latent_ode.series_elbo(
        series, torch.zeros(0, 3, 2), torch.zeros(0, 3, dtype=torch.long), GRID, torch.zeros(0, 4)).kl.shape, (0,)),
    Trap("series, before the start", lambda: series.path(torch.zeros(1, 4), torch.tensor([-0.5, 1.0])), ValueError,
         "within the knots"),
    Trap("dense, empty batch", lambda: dense_output.odeint_dense(
        lambda t, z: -z, torch.zeros(0, 2), [0.5], [0.0, 1.0]).shape, (1, 0, 2)),
]  # fmt: skip


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
def test_odd_input_is_answered_or_refused(trap: Trap) -> None:
    trap.spring()
