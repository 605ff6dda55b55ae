"""The variational autoencoder against torch's distributions, Monte Carlo, and the one case with an exact likelihood."""

import math

import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from torch import Tensor, distributions

from mlblog.models.vae import VAE, Gaussian, elbo, importance_bound

B, D, Z, K = 4, 9, 3, 5


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_densities_and_divergences_agree_with_torch() -> None:
    mean, log_scale, x = random(B, Z), random(B, Z, seed=1), random(B, Z, seed=2)
    ours, theirs = Gaussian(mean, log_scale), distributions.Normal(mean, log_scale.exp())
    torch.testing.assert_close(ours.log_density(x), theirs.log_prob(x).sum(-1), rtol=0, atol=1e-10)
    standard = distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    expected = distributions.kl_divergence(theirs, standard).sum(-1)
    torch.testing.assert_close(ours.kl_to_standard(), expected, rtol=0, atol=1e-10)


def test_the_divergence_is_a_mean_over_draws() -> None:
    q = Gaussian(random(Z), random(Z, seed=1) / 2)
    z = q.at(random(200_000, Z, seed=3))
    terms = q.log_density(z) + 0.5 * (z.square() + math.log(2 * math.pi)).sum(-1)
    error = terms.std().item() / math.sqrt(len(terms))
    assert terms.mean().item() == pytest.approx(q.kl_to_standard().item(), abs=4 * error)
    assert error < 0.01


def test_draws_have_gradients_of_mean_and_scale() -> None:
    """E z² = mean² + scale²: the gradient through draws is that of the closed form."""
    mean, log_scale = (torch.full((1,), value, dtype=torch.float64, requires_grad=True) for value in (0.7, -0.4))
    z = Gaussian(mean, log_scale).at(random(400_000, 1))
    slopes = torch.autograd.grad(z.square().mean(), [mean, log_scale])
    assert slopes[0].item() == pytest.approx(2 * 0.7, abs=0.01)
    assert slopes[1].item() == pytest.approx(2 * math.exp(-0.8), abs=0.01)


def linear_optimum() -> tuple[VAE, Tensor, Tensor]:
    """A linear autoencoder set to scikit-learn's principal components, images, and their exact log-likelihoods.

    For p(x | z) = N(W z + m, σ²), W'W diagonal, the true posterior is N(M⁻¹ W'(x - m), σ² M⁻¹) with the diagonal
    M = W'W + σ²: the encoder can be exact.
    """
    images = load_digits().data
    reference = PCA(n_components=Z, svd_solver="full").fit(images)
    noise, values = reference.noise_variance_, torch.from_numpy(reference.explained_variance_)
    w = torch.from_numpy(reference.components_.T) * (values - noise).sqrt()  # (D, Z)
    m = torch.from_numpy(reference.mean_)
    vae = VAE(pixels=64, latent=Z).double()
    encoder, decoder = vae.encoder[0], vae.decoder[0]
    with torch.no_grad():
        decoder.weight.copy_(w)
        decoder.bias.copy_(m)
        vae.log_noise.fill_(0.5 * math.log(noise))
        encoder.weight.zero_()
        encoder.weight[:Z] = (w / values).T  # M is the diagonal of the eigenvalues
        encoder.bias[:Z] = -(w / values).T @ m
        encoder.bias[Z:] = 0.5 * (math.log(noise) - values.log())
    asked = images[:50]
    return vae, torch.from_numpy(asked), torch.from_numpy(reference.score_samples(asked))


def test_the_bound_of_a_linear_model_with_the_true_posterior_is_the_exact_likelihood() -> None:
    vae, x, exact = linear_optimum()
    for draws in (1, 7):  # any number of draws, whatever they are
        torch.testing.assert_close(importance_bound(vae, x, random(draws, 50, Z)), exact, rtol=0, atol=1e-8)
    bounds = torch.stack([bound.reconstruction - bound.kl for bound in (elbo(vae, x, e) for e in random(1000, 50, Z))])
    error = bounds.std(0) / math.sqrt(len(bounds))
    assert ((bounds.mean(0) - exact).abs() < 5 * error).all()
    assert error.max() < 0.2


def test_another_posterior_gives_a_lower_bound() -> None:
    vae, x, exact = linear_optimum()
    with torch.no_grad():
        vae.encoder[0].bias[:Z] += 0.3
    by_draws = [
        torch.stack([importance_bound(vae, x, e) for e in random(300, draws, 50, Z)]).mean().item()
        for draws in (1, 4, 32)
    ]
    assert by_draws[0] + 0.1 < by_draws[1] < by_draws[2] - 0.01 < by_draws[2] < exact.mean().item()


def test_the_bound_is_that_of_a_naive_sum() -> None:
    torch.manual_seed(0)
    vae = VAE(pixels=D, latent=Z, hidden=(6, 5)).double()
    with torch.no_grad():
        vae.log_noise.fill_(-0.7)
    x, noise = random(B, D), random(K, B, Z, seed=1)
    posterior = vae.encode(x)
    q = distributions.Normal(posterior.mean, posterior.log_scale.exp())
    single = elbo(vae, x, noise[0])
    assert single.reconstruction.shape == single.kl.shape == (B,)
    for b in range(B):
        weights = []
        for k in range(K):
            z = posterior.mean[b] + posterior.log_scale[b].exp() * noise[k, b]
            seen = distributions.Normal(vae.decoder(z), math.exp(-0.7)).log_prob(x[b]).sum()
            prior = distributions.Normal(0.0, 1.0).log_prob(z).sum()
            own = distributions.Normal(q.loc[b], q.scale[b]).log_prob(z).sum()
            weights.append((seen + prior - own).exp().item())
            if k == 0:
                assert single.reconstruction[b].item() == pytest.approx(seen.item())
        assert importance_bound(vae, x, noise)[b].item() == pytest.approx(math.log(sum(weights) / K))


def test_layers_are_mirrored() -> None:
    vae = VAE(pixels=D, latent=Z, hidden=(6, 5))
    shapes = [tuple(p.shape) for name, p in vae.named_parameters() if name.endswith("weight")]
    assert shapes == [(6, D), (5, 6), (2 * Z, 5), (5, Z), (6, 5), (D, 6)]
