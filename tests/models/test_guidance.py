"""Both kinds of guidance against each other and against the gradient of the exact classifier."""

from __future__ import annotations

import torch

from mlblog.models.denoiser import Denoiser
from mlblog.models.guidance import classifier_free_guidance, classifier_guidance
from mlblog.models.mixture_noise import MixtureNoise

MEANS = torch.tensor([[-1.0, 0.3], [0.8, 1.1], [0.4, -1.2]], dtype=torch.float64)
WHOLE = MixtureNoise(MEANS, 0.4)
OF_CLASS = MixtureNoise(MEANS, 0.4, torch.tensor([0.5, 0.5, 0.0], dtype=torch.float64))


def test_both_kinds_are_one_where_noise_and_classifier_are_exact() -> None:
    """p(c | x) = p(c) p(x | c) / p(x): its slope is the difference of the scores."""
    level = torch.tensor(0.45, dtype=torch.float64)
    x = torch.randn(6, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    weights = torch.stack([
        -((x - level.sqrt() * mean) ** 2).sum(-1) / (2 * (level * 0.4**2 + 1 - level)) for mean in MEANS
    ])  # fmt: skip
    log_chance = weights[:2].logsumexp(0) - weights.logsumexp(0)
    slope = torch.autograd.grad(log_chance.sum(), x)[0]
    x = x.detach()
    plain, given = WHOLE.noise(x, level), OF_CLASS.noise(x, level)
    for strength in (0.0, 1.0, 2.5):
        torch.testing.assert_close(
            classifier_guidance(plain, slope, level, strength=strength),
            classifier_free_guidance(plain, given, strength=strength),
        )
    torch.testing.assert_close(classifier_free_guidance(plain, given, strength=1.0), given)
    assert torch.equal(classifier_free_guidance(plain, given, strength=0.0), plain)


def test_a_network_is_told_the_level_and_the_class() -> None:
    torch.manual_seed(0)
    net, x = Denoiser(features=3, hidden=8, layers=2, classes=4), torch.randn(5, 3)
    none = torch.full((5,), net.no_class)
    plain = net(x, torch.tensor(0.4))
    assert torch.equal(plain, net(x, torch.full((5, 1), 0.4), none))
    assert not torch.allclose(plain, net(x, torch.tensor(0.5)))
    assert not torch.allclose(plain, net(x, torch.tensor(0.4), torch.zeros(5, dtype=torch.int64)))
    assert net(x, torch.tensor(1.0)).isfinite().all()


def test_a_network_learns_the_noise_of_gaussian_data() -> None:
    torch.manual_seed(0)
    data = MixtureNoise(torch.tensor([[0.5]]), 0.3)
    net = Denoiser(features=1, hidden=16, layers=2)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    generator = torch.Generator().manual_seed(1)
    for _ in range(300):
        x, level = data.draw(128, generator), torch.rand(128, 1, generator=generator)
        noise = torch.randn(128, 1, generator=generator)
        loss = (net(level.sqrt() * x + (1 - level).sqrt() * noise, level) - noise).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    level = torch.tensor(0.6)
    x = torch.linspace(-0.5, 1.3, 7)[:, None]
    assert (net(x, level) - data.noise(x, level)).abs().max() < 0.35
