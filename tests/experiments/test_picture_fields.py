"""What the experiments on digits measure, counted again by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from parts import experiments, ran
from sklearn.linear_model import Ridge
from torch import Tensor

from mlblog.data.digits import load_digits
from mlblog.experiments import pictures
from mlblog.experiments.pictures import CHAINS, FIELDS, KINDS, attention, grey, in_parts
from mlblog.experiments.pictures_upscaled import _linear, error_of

PARTS = in_parts(load_digits().images)


@pytest.mark.parametrize("field", FIELDS)
def test_blocks_of_either_kind_look_at_as_many_pixels(field: int) -> None:
    for kind in KINDS:
        where = attention(kind, field)
        assert where.scores == 64 * field
        assert where.seen.shape[-1] == field


def test_the_largest_field_in_rows_is_all_that_comes_before() -> None:
    assert attention("1-D", 64).seen.sum() == 64 * 65 / 2


def test_a_histogram_costs_what_scipy_says_of_its_shares() -> None:
    known, test = PARTS.train.numpy(), PARTS.test.numpy()
    by_hand = np.zeros((8, 8))
    for row, column in np.ndindex(8, 8):
        counts = np.bincount(known[:, row, column], minlength=17)
        asked = np.bincount(test[:, row, column], minlength=17) / len(test)
        by_hand[row, column] = -(asked * np.log2((counts + 10 / 17) / (len(known) + 10))).sum()
    table = pictures.ContextTable(known.astype(np.uint8), CHAINS["histogram"], levels=17, strength=10.0)
    np.testing.assert_allclose(table.bits(test.astype(np.uint8)).mean(0), by_hand, atol=1e-9)


def test_the_linear_rival_is_a_ridge() -> None:
    x, asked = (part.numpy().reshape(-1, 4, 2, 4, 2).mean((2, 4)).reshape(-1, 16) / 16 for part in PARTS[::2])
    fitted = Ridge(alpha=0.1).fit(x, PARTS.train.numpy().reshape(-1, 64))
    theirs = fitted.predict(asked).reshape(-1, 8, 8)
    assert error_of(_linear(PARTS), torch.from_numpy(theirs)) < 0.05  # ours shrinks the constant, too


def test_grey_is_neither_paper_nor_ink() -> None:
    assert grey(torch.tensor([0, 2, 3, 13, 14, 16])) == pytest.approx(2 / 6)


def test_what_is_drawn_is_measured_over_all_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws in place of the network's: the true digit, and then its negative, in turn."""
    module = experiments()["picture_upscaled"][0]
    shown = PARTS.test[[0, 396]]

    def draws(net: object, count: int, generator: torch.Generator, given: Tensor) -> Tensor:
        return torch.stack((shown, 16 - shown), dim=1).flatten(0, 1)

    monkeypatch.setattr(module, "draw_images", draws)
    found = ran("picture_upscaled", asked=2, drawn=2).values
    far = (16.0 - 2 * shown).square().mean().sqrt()
    assert found["error draw 1-D"] == pytest.approx(0)
    assert found["apart 2-D"] == pytest.approx(float(far))
    assert found["error mean 1-D"] == pytest.approx(float(far) / 2)
    assert found["grey mean 1-D"] == 1
    assert (found["mean 1-D"] == 8).all()
    means = shown.double().numpy().reshape(2, 4, 2, 4, 2).mean((2, 4))
    assert found["coarse 2-D"] == pytest.approx(np.sqrt(((16 - 2 * means) ** 2).mean() / 2))
