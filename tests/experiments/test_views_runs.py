"""What the experiments on test-time augmentation measure, counted again in other ways."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from mlblog.data.digits import load_digits
from mlblog.experiments import views, views_shapes


def test_sets_of_views_are_all_combinations() -> None:
    said = (2 * torch.randn(4, 7, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))).softmax(-1)
    labels = torch.tensor([0, 2, 1, 1, 0, 2, 2])
    found = views.by_subsets(said.log(), labels)
    right = said.numpy()[:, np.arange(7), labels.numpy()]
    for size in range(1, 5):
        losses = [-np.log(right[list(some)].mean(0)).mean() for some in itertools.combinations(range(4), size)]
        assert found[size - 1] == pytest.approx(np.mean(losses))
    assert (np.diff(found) < 0).all()  # of exchangeable views, by Jensen


def test_digits_move_as_far_as_the_test_says_and_lose_nothing() -> None:
    torch.manual_seed(0)
    _, _, test = views.in_parts("cpu")
    raw = load_digits().images[1_400:] / 16
    for by in (0, 1, 2):
        pictures = views.moved(test, by).images[:, 0].numpy()
        found = set()
        for picture, digit in zip(pictures[:60], raw[:60], strict=True):
            assert picture.sum() == digit.sum()
            corners = itertools.product(range(5), range(5))
            at = [(i, j) for i, j in corners if np.allclose(picture[i : i + 8, j : j + 8], digit)]
            assert len(at) == 1
            found.add((at[0][0] - 2, at[0][1] - 2))
        assert {max(map(abs, shift)) for shift in found} == {by}
        assert len(found) == (1, 8, 16)[by]


@pytest.mark.parametrize(("module", "shape"), [(views, (1, 1, 12, 12)), (views_shapes, (1, 3, 16, 16))])
def test_costs_are_those_that_torch_counts(module: object, shape: tuple[int, ...]) -> None:
    for channels in (2, 5):
        net = module.network(channels)  # type: ignore[attr-defined]
        with FlopCounterMode(display=False) as counter:
            net(torch.zeros(shape))
        assert counter.get_total_flops() == 2 * module.cost(channels)  # type: ignore[attr-defined]


def test_a_wider_network_costs_no_less_than_the_others_together() -> None:
    assert views.cost(views.wider(8, 9)) >= 9 * views.cost(8) > views.cost(views.wider(8, 9) - 1)
    assert views_shapes.cost(views_shapes.wider(8)) >= 2 * views_shapes.cost(8)


def test_shapes_and_their_mirror_images_are_alike() -> None:
    """Mean pictures of each kind are symmetric but for noise; upside down, triangles are not."""
    made = views_shapes.pictures(3_000, 0.0, 5, "cpu")
    for kind in range(4):
        ink = (made.images[made.labels == kind] - made.images[made.labels == kind].median()).abs().mean((0, 1))
        assert (ink - ink.flip(-1)).abs().mean() < 0.1 * ink.mean()


def test_nine_views_are_scored_as_by_hand() -> None:
    generator = torch.Generator().manual_seed(3)

    def drawn(n: int) -> views.Answers:
        def said(*shape: int) -> torch.Tensor:
            return torch.randn(*shape, n, 10, generator=generator, dtype=torch.float64).log_softmax(-1)

        return views.Answers(said(25), said(2), said(), said())

    known, labels = (torch.randint(10, (n,), generator=generator) for n in (40, 61))
    pairs = [[drawn(40), drawn(61)] for _ in views.RATES]
    found = views.measured(pairs, known, labels)
    best = int(
        np.argmin([-np.log(pair[0].views[:9].exp().mean(0).numpy()[np.arange(40), known]).mean() for pair in pairs])
    )
    p = pairs[best][1].views[:9].exp().mean(0).numpy()
    row = dict(zip(views.MEASURES, found["scores"][views.ARMS.index("mean 9")], strict=True))
    assert row["rate"] == views.RATES[best]
    assert row["error"] == pytest.approx((p.argmax(1) != labels.numpy()).mean())
    assert row["loss"] == pytest.approx(-np.log(p[np.arange(61), labels]).mean())
    assert row["brier"] == pytest.approx(((p - np.eye(10)[labels]) ** 2).sum(1).mean())
    among = np.isin(labels, (6, 9))
    assert row["error of 6 and 9"] == pytest.approx((p.argmax(1) != labels.numpy())[among].mean())
    place, right, said, sure = found["shown"][2, 4]
    assert place == found["gain"].argmax()
    assert right == labels[int(place)]
    one = int(np.argmin([-np.log(pair[0].views[0].exp().numpy()[np.arange(40), known]).mean() for pair in pairs]))
    of_one = pairs[one][1].views
    assert (said, sure) == pytest.approx(
        (int(of_one[4, int(place)].argmax()), of_one[4, int(place)].exp().max().item()), abs=1e-4
    )
    losses = -of_one.numpy()[:, np.arange(61), labels]
    assert found["ledger"][2, :2] == pytest.approx([losses[:9].mean(), losses[0].mean()])
    merged = -np.log(of_one[:9].exp().mean(0).numpy()[np.arange(61), labels])
    assert found["gain"] == pytest.approx(losses[0] - merged, abs=1e-4)
    assert found["least"][0] == pytest.approx((losses[:9].mean(0) - merged).min())
    before, after = of_one[0].argmax(-1) == labels, of_one[:9].exp().mean(0).argmax(-1) == labels
    assert found["flips"] == pytest.approx(
        [(after & ~before).double().mean().item(), (before & ~after).double().mean().item()]
    )


def test_a_half_has_the_temperature_of_the_other() -> None:
    generator = torch.Generator().manual_seed(4)
    log_p = (2 * torch.randn(80, 3, dtype=torch.float64, generator=generator)).log_softmax(-1)
    labels = torch.multinomial(log_p.exp(), 1, generator=generator)[:, 0]
    log_p = torch.cat(((3 * log_p[:40]).log_softmax(-1), log_p[40:]))  # the first half is too sure
    found, temperature = views.cross_tempered(log_p, labels, torch.arange(80) < 40)
    ratio = (found[:, 0] - found[:, 1]) / (log_p[:, 0] - log_p[:, 1])  # 1 / T
    first, second = 1 / ratio[0].item(), 1 / ratio[40].item()
    torch.testing.assert_close(ratio, torch.tensor([1 / first, 1 / second]).double().repeat_interleave(40))
    assert temperature == pytest.approx((first * second) ** 0.5)
    assert first < 1.6 < 1.9 < second
