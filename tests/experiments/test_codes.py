"""What the experiments on codes and on noise measure, counted again in other ways."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.neighbors import KNeighborsClassifier

from mlblog.classical.ppca import PPCA
from mlblog.experiments.codebooks import chain, counts, quarters
from mlblog.experiments.codes import angles, errors, in_parts
from mlblog.experiments.diffusion import EITHER, FIRST, MEANS, SIZE, about, sharp
from mlblog.experiments.diffusion_digits import draw_gaussian, variety

PARTS = in_parts("cpu")


def test_neighbours_err_as_those_of_scikit_learn() -> None:
    few = torch.stack([torch.arange(0, 100), torch.arange(300, 400)])
    turned = torch.linalg.qr(torch.randn(64, 20, generator=torch.Generator().manual_seed(0)))[0]
    found = errors(lambda x: torch.stack([x[0] @ turned, 2 * x[0] @ turned]), PARTS, few, PARTS.test)
    x, y = (PARTS.train @ turned).numpy(), PARTS.labels[0].numpy()
    asked, right = (PARTS.test @ turned).numpy(), PARTS.labels[2].numpy()

    def wrong(rows: np.ndarray) -> float:
        return float((KNeighborsClassifier(1).fit(x[rows], y[rows]).predict(asked) != right).mean())

    with_all = wrong(np.arange(1_200))
    with_few = (wrong(np.arange(0, 100)) + wrong(np.arange(300, 400))) / 2
    assert found[0] == pytest.approx((with_few, with_all), abs=0.003)  # of two at one distance, either
    assert found[1] == pytest.approx(found[0], abs=0.003)


def test_columns_are_held_against_axes() -> None:
    axes = torch.eye(5, dtype=torch.float64)[:2]
    slanted = torch.tensor([[1.0, 0, 0, 0, 0], [1, 1, 0, 0, 0]], dtype=torch.float64).T
    space, each = angles(3 * slanted, axes)
    assert space == pytest.approx(0, abs=1e-6)
    assert each == pytest.approx([0, 45], abs=1e-5)


def test_quarters_are_about_as_good_as_k_means() -> None:
    torch.manual_seed(0)
    found = quarters(PARTS.train, PARTS.test, 16)

    def cut(images: torch.Tensor) -> np.ndarray:
        pictures = images.numpy().reshape(-1, 8, 8)
        corners = [(row, column) for row in (0, 4) for column in (0, 4)]
        return np.concatenate([pictures[:, r : r + 4, c : c + 4].reshape(-1, 16) for r, c in corners])

    means = KMeans(16, n_init=1, random_state=0).fit(cut(PARTS.train))
    theirs = np.square(cut(PARTS.test) - means.cluster_centers_[means.predict(cut(PARTS.test))]).sum() / len(PARTS.test)
    assert found == pytest.approx(theirs, rel=0.05)


def test_the_chain_draws_pairs_as_often_as_they_were_seen() -> None:
    known = torch.tensor([[0, 1], [0, 1], [0, 2], [1, 0]] * 50)
    drawn = chain(known, 3, strength=1e-6)(20_000, torch.Generator().manual_seed(0))
    pairs = counts((drawn[:, 0] * 3 + drawn[:, 1])[:, None], 9)[0] / len(drawn)
    assert pairs[[1, 2, 3]].tolist() == pytest.approx([0.5, 0.25, 0.25], abs=0.02)


def test_without_guidance_the_sharpened_density_is_that_of_the_mixture() -> None:
    """The total variance of equal round Gaussians is 2 s² plus that of their centres."""
    for strength, centres, sure in ((0.0, MEANS, 0.5), (1.0, MEANS[:2], None)):
        spread = math.sqrt(2 * SIZE**2 + centres.var(0, correction=0).sum().item())
        found = sharp(strength)
        assert found[1] == pytest.approx(spread, rel=1e-4)
        assert sure is None or found[0] == pytest.approx(sure, abs=1e-4)
    drawn = FIRST.draw(40_000, torch.Generator().manual_seed(0))
    assert about(drawn) == pytest.approx(sharp(1.0), abs=0.02)
    assert about(EITHER.draw(40_000, torch.Generator().manual_seed(1)))[0] == pytest.approx(0.5, abs=0.01)


def test_variety_is_that_about_the_mean_of_each_class() -> None:
    images = torch.cat((torch.zeros(2, 64), torch.ones(2, 64), -torch.ones(1, 64)))
    assert variety(images, torch.tensor([0, 0, 1, 1, 2])) == 0
    assert variety(images[[0, 2]], torch.tensor([3, 3])) == pytest.approx(0.25)  # 0 and 1 of -1 to 1 are 1 / 2 apart


def test_draws_of_a_gaussian_have_its_covariance() -> None:
    model = PPCA(np.array([1.0, 0, 2]), np.array([[2.0], [0], [1]]), 0.25)
    drawn = draw_gaussian(model, 60_000, 0)
    assert drawn.mean(0) == pytest.approx(model.mean, abs=0.05)
    assert np.cov(drawn.T) == pytest.approx(np.array([[4.25, 0, 2], [0, 0.25, 0], [2, 0, 1.25]]), abs=0.08)
