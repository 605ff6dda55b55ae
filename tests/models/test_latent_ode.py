"""Series by a latent equation against SciPy, loops in NumPy and torch's distributions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from torch import Tensor, nn

from mlblog.models.latent_ode import BackwardReader, LatentODE, NextPoint, TimedDecoder, series_elbo

B, N, T, D, Z, W = 3, 5, 9, 2, 4, 6


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def times() -> Tensor:
    return torch.tensor([[0.0, 0.3, 0.4, 1.0, 2.0], [0.5, 0.6, 1.4, 1.5, 1.6], [0.2, 0.9, 1.1, 1.2, 3.0]]).double()


def stepped(cell: nn.RNN, x: np.ndarray, state: np.ndarray) -> np.ndarray:
    w_in, w_on, b_in, b_on = (weight.detach().numpy() for weight in cell.parameters())
    return np.tanh(w_in @ x + b_in + w_on @ state + b_on)


def test_the_reader_goes_backwards_with_times_since_the_point_before() -> None:
    torch.manual_seed(0)
    reader = BackwardReader(D, Z, width=W).double()
    x, at = drawn(B, N, D), times()
    code = reader(x, at)
    for b in range(B):
        state = np.zeros(W)
        for n in reversed(range(N)):
            gap = at[b, n] - (at[b, n - 1] if n else 0.0)
            state = stepped(reader.read, np.array([*x[b, n], gap]), state)
        said = reader.said.weight.detach().numpy() @ state + reader.said.bias.detach().numpy()
        np.testing.assert_allclose(np.concatenate((code.mean[b].detach(), code.log_scale[b].detach())), said, atol=1e-9)


def test_the_path_is_scipys() -> None:
    torch.manual_seed(1)
    model = LatentODE(D, latent=Z, hidden=W, knot=0.1).double()
    z, at = drawn(B, Z), torch.tensor([2.0, 0.0, 0.37, 1.21], dtype=torch.float64)
    path = model.path(z, at).detach().numpy()

    def rate(_: float, state: np.ndarray) -> np.ndarray:
        return model.field(torch.from_numpy(state)).detach().numpy()

    for b in range(B):
        theirs = solve_ivp(rate, (0.0, 2.0), z[b].numpy(), "DOP853", dense_output=True, rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(path[:, b], theirs.sol(at.numpy()).T, atol=1e-5)


def test_knots_are_no_farther_apart_than_said() -> None:
    model = LatentODE(D, latent=Z, hidden=W, knot=0.5)
    calls = []
    model.field.register_forward_hook(lambda *_: calls.append(1))
    model.path(torch.randn(B, Z), torch.linspace(0, 1.6, T))
    assert len(calls) == 4 * 4 + 5  # four steps of four evaluations, and the slopes at five knots


@pytest.mark.parametrize("make", [LatentODE, TimedDecoder])
def test_the_bound_is_that_of_torchs_distributions(make: type[LatentODE | TimedDecoder]) -> None:
    torch.manual_seed(2)
    model = make(D, latent=Z, hidden=W, width=W).double()
    nn.init.constant_(model.log_noise, -0.3)
    grid = torch.linspace(0, 2, T, dtype=torch.float64)
    rows = torch.tensor([[0, 1, 2, 3, 8], [1, 3, 4, 6, 7], [0, 2, 4, 6, 8]])
    x, noise = drawn(B, N, D), drawn(B, Z, seed=1)
    bound = series_elbo(model, x, rows, grid, noise)
    code = model.encode(x, grid[rows])
    posterior = torch.distributions.Normal(code.mean, code.log_scale.exp())
    z = code.mean + code.log_scale.exp() * noise
    kl = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0)).sum(-1)
    torch.testing.assert_close(bound.kl, kl)
    for b in range(B):
        mean = model(z[b : b + 1], grid).mean[rows[b], 0]
        expected = torch.distributions.Normal(mean, model.log_noise.exp()).log_prob(x[b]).sum()
        torch.testing.assert_close(bound.reconstruction[b], expected)


def test_a_decoder_of_time_is_a_network_of_code_and_time() -> None:
    torch.manual_seed(3)
    model = TimedDecoder(D, latent=Z, hidden=W).double()
    z, at = drawn(B, Z), torch.linspace(0, 3, T, dtype=torch.float64)
    found = model(z, at).mean
    for i, b in ((0, 2), (4, 0), (8, 1)):
        torch.testing.assert_close(found[i, b], model.decoder(torch.cat((z[b], at[i : i + 1]))))


def test_the_next_point_is_predicted_and_fed_back() -> None:
    torch.manual_seed(4)
    net = NextPoint(D, width=W).double()
    x, gaps = drawn(B, N, D), drawn(B, N, seed=3).abs()
    made = net.continued(x, gaps, gap=0.7, count=4).detach().numpy()
    said, bias = net.said.weight.detach().numpy(), net.said.bias.detach().numpy()
    for b in range(B):
        state = np.zeros(W)
        for n in range(N):
            state = stepped(net.read, np.array([*x[b, n], gaps[b, n]]), state)
        point = x[b, -1].numpy() + said @ state + bias
        np.testing.assert_allclose(net(x, gaps).mean[b, -1].detach(), point, atol=1e-9)
        for count in range(4):
            np.testing.assert_allclose(made[b, count], point, atol=1e-9)
            state = stepped(net.read, np.array([*point, 0.7]), state)
            point = point + said @ state + bias
