"""Autoencoders: penalties against autograd, the linear one against scikit-learn's principal components."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from torch import Tensor

from mlblog.models.autoencoder import (
    Autoencoder,
    contractive_penalty,
    masked,
    reconstruction_loss,
    sparsity_penalty,
)
from mlblog.numerics.subspaces import principal_angles

B, D, H = 3, 7, 5


def net(**options: bool) -> Autoencoder:
    torch.manual_seed(0)
    return Autoencoder(D, H, **options).double()


def examples() -> Tensor:
    return torch.randn(B, D, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_the_penalty_is_that_of_the_jacobian_by_autograd() -> None:
    made, x = net(), examples()
    by_autograd = [torch.autograd.functional.jacobian(made.encode, one).square().sum() for one in x]
    ours = contractive_penalty(made.encode(x), made.encoder.weight)
    torch.testing.assert_close(ours, torch.stack(by_autograd))


def test_reconstruction_is_counted_by_hand() -> None:
    made, x = net(), examples()
    code = 1 / (1 + np.exp(-(x.numpy() @ made.encoder.weight.detach().numpy().T + made.encoder.bias.detach().numpy())))
    again = code @ made.decoder.weight.detach().numpy().T + made.decoder.bias.detach().numpy()
    by_hand = ((again - x.numpy()) ** 2).sum(1)
    np.testing.assert_allclose(reconstruction_loss(made(x), x).detach().numpy(), by_hand)
    np.testing.assert_allclose(sparsity_penalty(made.encode(x)).detach().numpy(), code.sum(1))
    with pytest.raises(ValueError, match="equal shapes"):
        reconstruction_loss(x, x[:, :1])


def test_a_share_of_features_is_masked_and_the_rest_left() -> None:
    x, kept = torch.ones(200, D), torch.rand(200, D, generator=torch.Generator().manual_seed(2))
    found = masked(x, kept, rate=0.3)
    assert found.mean().item() == pytest.approx(0.7, abs=0.04)
    assert torch.equal(found == 1, kept >= 0.3)
    assert torch.equal(masked(x, kept, rate=0.0), x)
    with pytest.raises(ValueError, match=r"\[0, 1\)"):
        masked(x, kept, rate=1.0)


def test_a_linear_one_has_its_least_error_on_the_space_of_principal_components() -> None:
    """Gradient vanishes there, and its error is that of scikit-learn; any turn within the space does as well."""
    x = torch.from_numpy(load_digits().data / 16)
    pca = PCA(n_components=H, svd_solver="full").fit(x.numpy())
    turn = torch.linalg.qr(torch.randn(H, H, dtype=torch.float64, generator=torch.Generator().manual_seed(3)))[0]
    axes = torch.from_numpy(pca.components_)
    made = Autoencoder(64, H, linear=True).double()
    with torch.no_grad():
        made.encoder.weight.copy_(turn @ axes)
        made.encoder.bias.copy_(-(turn @ axes) @ torch.from_numpy(pca.mean_))
        made.decoder.weight.copy_((turn @ axes).T)
        made.decoder.bias.copy_(torch.from_numpy(pca.mean_))
    error = reconstruction_loss(made(x), x).mean()
    by_sklearn = ((pca.inverse_transform(pca.transform(x.numpy())) - x.numpy()) ** 2).sum(1).mean()
    assert error.item() == pytest.approx(by_sklearn)
    slopes = torch.autograd.grad(error, list(made.parameters()))
    assert max(slope.abs().max().item() for slope in slopes) < 1e-9
    angles = principal_angles(pca.components_.T, made.decoder.weight.detach().numpy())
    assert angles.max() < 1e-7
