"""What the experiments on tasks learned together ask, plan, score and keep."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from parts import altered, ran
from task_parts import shapes

from mlblog.data.shapes import KINDS, make_shapes
from mlblog.experiments import task_groups, task_twins
from mlblog.experiments.task_groups import (
    OUTPUTS,
    POINTS,
    SIDE,
    fit,
    network,
    outline_of,
    part_of,
    pictures,
    planned,
    readout,
    scores,
    task_loss,
    units,
)

TASKS = ("kind", "colour", "place", "outline", "area")
PART = pictures(90, 40.0, 1, "cpu")


def test_every_set_is_planned_at_both_sizes_and_single_tasks_at_equal_shares() -> None:
    plan = planned(TASKS[:4])
    assert len(plan) == len(set(plan)) == 15 + 15 + 8 + 2
    assert [some for some, size in plan if size == 1][:4] == [(task,) for task in TASKS[:4]]
    assert sorted(size for some, size in plan if some == ("kind",)) == pytest.approx([1 / 4, 1 / 3, 1 / 2, 1])
    assert sorted(size for some, size in plan if len(some) == 4) == [0.5, 1, 2, 4]
    assert plan[14].tasks == TASKS[:4]  # what is saved as together


def test_what_is_asked_of_a_picture_is_what_it_shows() -> None:
    made = make_shapes(90, side=SIDE, most=1, noise=40.0, seed=1)
    assert PART.asked["kind"].tolist() == made.kinds[:, 0].tolist()
    for n in range(20):
        rows, columns = np.nonzero(made.masks[n, 0] > 0)
        middle = np.array([columns.min() + columns.max() + 1, rows.min() + rows.max() + 1]) / 2
        np.testing.assert_allclose(PART.asked["place"][n].numpy() * SIDE, middle, atol=1)
        assert PART.asked["area"][n].item() * SIDE**2 == pytest.approx(made.masks[n].sum(), rel=1e-5)
    assert {task: 1 if right.ndim == 1 else right.shape[1] for task, right in PART.asked.items()} == {
        **OUTPUTS, "kind": 1, "colour": 1,
    }  # fmt: skip


def test_an_outline_is_the_slope_of_a_ramp_and_of_an_edge() -> None:
    ramp = torch.arange(5.0).expand(4, 5)[None] * 0.2
    np.testing.assert_allclose(outline_of(ramp)[0, 1:-1, 1:-1], 0.2, rtol=1e-6)
    edge = F.pad(torch.ones(1, 4, 3), (2, 0))
    assert outline_of(edge)[0, 1].tolist() == [0.0, 0.5, 0.5, 0.0, 0.5]  # zeros lie around the picture


@pytest.mark.parametrize("task", TASKS)
def test_a_guess_costs_one(task: str) -> None:
    unit, right = units(PART, TASKS), PART.asked[task]
    loss = task_loss(task, torch.zeros(len(right), OUTPUTS[task]), right, unit)
    assert loss.shape == (90,)
    assert loss.mean().item() == pytest.approx(1, rel=0.02)  # the variance has 89 degrees of freedom


def test_losses_are_those_by_hand() -> None:
    unit, said = units(PART, TASKS), torch.randn(90, 4, generator=torch.Generator().manual_seed(0))
    p = said.double().exp() / said.double().exp().sum(1, keepdim=True)
    by_hand = [-math.log(p[n, PART.asked["kind"][n]]) / math.log(len(KINDS)) for n in range(90)]
    np.testing.assert_allclose(task_loss("kind", said, PART.asked["kind"], unit), by_hand, rtol=1e-4)
    places = PART.asked["place"].numpy().astype(float)
    deviation = math.sqrt(places.var(0, ddof=1).mean())
    z = (places - places.mean(0)) / deviation
    by_hand = ((said[:, :2].numpy() - z) ** 2).mean(1)
    np.testing.assert_allclose(task_loss("place", said[:, :2], PART.asked["place"], unit), by_hand, rtol=1e-4)


def test_the_network_that_is_kept_is_the_one_that_validated_best() -> None:
    torch.manual_seed(0)
    known, validation = part_of(PART, slice(40)), part_of(PART, slice(40, None))
    unit, weights = units(known, TASKS), {"kind": 2.0, "place": 0.5}
    found = fit(("kind", "place"), (3, 5), known, validation, unit, weights, rate=3e-2, steps=60, batch=20)
    assert found.curve.shape == (POINTS, 2)
    assert found.point == np.argmin(found.curve @ [2.0, 0.5]) < POINTS - 1  # it overfits
    np.testing.assert_allclose(scores(found.net, validation, unit), found.validation)


def test_features_that_say_it_all_are_read_and_are_left_as_they_are() -> None:
    """An encoder whose code holds brightness and nothing else: the class that is bright is read off, places are not."""
    bright = (PART.asked["kind"] == 2).float()[:, None, None, None].expand(-1, 3, SIDE, SIDE)
    part = PART._replace(images=bright)
    torch.manual_seed(0)
    net, unit = network(["kind"], (3, 5)), units(PART, TASKS)
    before = [value.clone() for value in net.parameters()]
    loss = readout(net, "kind", part, part, part, unit, steps=200)
    others = PART.asked["kind"] != 2
    assert loss[~others.numpy()].max() < 0.1 < loss[others.numpy()].mean()
    assert loss[others.numpy()].mean() == pytest.approx(math.log(3) / math.log(4), rel=0.1)
    assert readout(net, "place", part, part, part, unit, steps=200).mean() > 0.8
    assert all(torch.equal(*pair) for pair in zip(before, net.parameters(), strict=True))


def test_weights_by_single_tasks_reach_the_networks_of_several(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    real = task_groups.fit

    def noted(tasks: tuple[str, ...], *given: object, **options: object) -> object:
        seen.append((tasks, dict(given[4])))  # type: ignore[call-overload]
        return real(tasks, *given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(task_groups, "fit", noted)
    found = ran("task_groups", weighing="alone").values["validation"]
    right = {"kind": 1 / found[0, 0], "place": 1 / found[1, 1]}
    assert all(weights == {"kind": 1.0, "place": 1.0} for tasks, weights in seen[:6])
    assert all(weights == pytest.approx(right) for tasks, weights in seen[6:])
    assert len(seen) == 24


def test_what_is_saved_of_a_pair_is_its_mean_relative_loss() -> None:
    found = ran("task_groups").values
    test = found["test"]
    assert found["together"] == pytest.approx((test[2, 0] / test[0, 0] + test[2, 1] / test[1, 1]) / 2)
    for task in ("kind", "place"):
        np.testing.assert_allclose(found[f"wins {task}"] + found[f"wins {task}"].T, 1, atol=1e-4)


def test_a_strangers_labels_are_the_twins_in_another_order(monkeypatch: pytest.MonkeyPatch) -> None:
    taught: list[torch.Tensor | None] = []
    real = task_twins.fit

    def noted(
        task: str, every: task_groups.Part, labels: torch.Tensor | None, *given: object, **options: object
    ) -> object:
        taught.append(labels)
        return real(task, every, labels, *given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(task_twins, "fit", noted)
    ran("task_twins")
    rates = len(task_twins.RATES)
    none, twin, stranger = taught[0], taught[rates], taught[2 * rates]
    assert none is None
    assert twin is not None
    assert stranger is not None
    assert twin.tolist() == pictures(60, 40.0, task_twins.TRAIN, "cpu").asked["kind"][30:].tolist() != stranger.tolist()
    assert sorted(twin.tolist()) == sorted(stranger.tolist())


def test_no_network_is_trained_on_validation_pictures() -> None:
    """Which of them features are read from may depend on these pictures."""
    before = ran("task_groups")
    with altered("task_groups", shapes, "validation"):
        after = ran("task_groups")
    assert len(before.learned) > 24
    assert before.learned[:24] == after.learned[:24]
    assert before.saved["validation"] != after.saved["validation"]
