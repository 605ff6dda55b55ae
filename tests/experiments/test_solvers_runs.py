"""What the experiments on layers that solve equations compare, by other means."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from sklearn.mixture import GaussianMixture

from mlblog.data.moons import draw_moons, moon_log_densities
from mlblog.data.spirals import SEEN
from mlblog.experiments import flows, solvers, spirals
from mlblog.models.latent_ode import NextPoint
from mlblog.models.ode_block import TimedField
from mlblog.numerics.odeint import odeint


def test_the_exact_end_is_scipys() -> None:
    torch.manual_seed(0)
    field, start = TimedField(2, 5).double(), torch.tensor([[0.3, -1.0], [1.2, 0.4], [0.0, 0.1]]).double()

    def rate(t: float, z: np.ndarray) -> np.ndarray:
        return field(t, torch.from_numpy(z).view(3, 2)).detach().numpy().ravel()

    theirs = solve_ivp(rate, (0.0, solvers.END), start.numpy().ravel(), "DOP853", rtol=1e-13, atol=1e-13).y[:, -1]
    np.testing.assert_allclose(solvers.precise(field, start).numpy().ravel(), theirs, rtol=0, atol=1e-12)


def test_slopes_are_of_the_last_errors_above_rounding() -> None:
    steps = 0.5 ** np.arange(12)
    assert solvers.slope(steps, np.maximum(3 * steps**5, 1e-13)) == pytest.approx(5)


def test_fixed_steps_of_order_five_end_where_the_others_do() -> None:
    start = torch.tensor([1.0], dtype=torch.float64)
    end = odeint(lambda t, z: z, start, [0.0, 1.0], solvers.FixedDormandPrince(0.25))[-1]
    assert end.item() == pytest.approx(math.e, abs=1e-5)


def test_networks_that_are_compared_have_as_many_weights() -> None:
    sizes = [sum(w.numel() for w in solvers.make_net(arm, 29).parameters()) for arm in solvers.ARMS]
    assert max(sizes) < 1.05 * min(sizes)


def test_a_network_by_euler_is_four_residual_blocks_that_share_weights() -> None:
    torch.manual_seed(1)
    net = solvers.make_net("Euler", 6)
    x = z = torch.randn(7, 2)
    for layer in range(4):
        z = z + net[0].field(float(layer), z)
    assert torch.equal(net(x), net[1](z))


def test_the_least_error_is_that_of_the_densities() -> None:
    points, labels = draw_moons(20_000, 0.25, generator=torch.Generator().manual_seed(5))
    found = moon_log_densities(points.double(), 0.25)
    said = (found.argmax(-1) != labels).double().mean().item()
    expected = (1 - found.softmax(-1).max(-1).values).mean().item()  # what one who knows the densities expects
    assert said == pytest.approx(expected, abs=0.006)


def test_the_mixture_is_as_good_as_scikit_learns() -> None:
    x, held = (draw_moons(400, 0.1, generator=torch.Generator().manual_seed(seed))[0] for seed in (1, 2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flows, "COMPONENTS", (6, 8))
        mine = flows.best_mixture(x, held, 0).log_likelihood(held.double().numpy())
    theirs = GaussianMixture(8, n_init=5, random_state=0).fit(x.numpy()).score(held.numpy())
    assert mine > theirs - 0.05


def test_errors_are_after_all_that_is_seen_and_split_where_none_was() -> None:
    some = spirals.drawn(20, 3, 30)
    saved: dict[str, float] = {}

    class Kept:
        def save(self, **values: float) -> None:
            saved.update(values)

    said = some.paths.clone()
    said[:, :SEEN] += 3.0
    angles = some.begin[:, None] + spirals.WHOLE
    said[angles > spirals.FARTHEST + 1e-3] += 2.0
    spirals.scored(Kept(), "x", said, some)  # type: ignore[arg-type]
    assert saved["seen x"] == pytest.approx(3)
    assert saved["outside x"] == pytest.approx(2, abs=1e-3)
    assert saved["inside x"] == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("gap", [1, 3, 4])
def test_predictions_of_a_straight_line_are_at_their_rows(gap: int) -> None:
    """A network that moves a point by the time until the next."""
    some = spirals.drawn(5, 3, 30)
    net = NextPoint(2)

    class Straight(torch.nn.Module):
        def forward(self, x: torch.Tensor, state: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
            return x[..., 2:], torch.zeros(1)

    net.read, net.said = Straight(), torch.nn.Linear(1, 2, bias=False)  # type: ignore[assignment]
    torch.nn.init.ones_(net.said.weight)
    found = spirals.continued(net, some, gap)
    rows = torch.arange(SEEN, 2 * SEEN)[:, None] - some.rows[:, None, -1:]
    expected = some.points[:, -1:] + spirals.STEP * rows
    torch.testing.assert_close(found[:, SEEN:], expected.expand(-1, -1, 2), atol=1e-4, rtol=1e-4)
    assert found[:, :SEEN].isnan().all()


def test_who_knows_the_family_is_nearly_right() -> None:
    some = spirals.drawn(10, 4, 30)
    assert spirals.beyond(spirals.from_family(some), some) < 0.05
