"""How sums are scored, and how the networks that are compared differ."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from parts import ran

from mlblog.data.sums import NOTHING, START, Sums, draw_sums
from mlblog.experiments import universal
from mlblog.experiments.universal import ARMS, Arm, answered, network
from mlblog.models.placed import BiasedScores

SUMS = draw_sums(count=30, size=7, rng=np.random.default_rng(0))


def weights(arm: Arm) -> int:
    return sum(weight.numel() for weight in network(arm, 32, 6).parameters())


def test_arms_share_what_they_do_not_vary() -> None:
    """Equal steps for all; the wide ones have a block for each, the narrow ones as many weights as one block."""
    one, several, narrow = (
        network(ARMS[name], 32, 6) for name in ("one block", "several blocks", "several narrow blocks")
    )
    assert [len(net.blocks) for net in (one, several, narrow)] == [1, 6, 6]
    assert [net.embedding.weight.shape[1] for net in (one, several)] == [32, 32]
    assert all((net(torch.from_numpy(SUMS.tokens))[1].steps == 6).all() for net in (one, several, narrow))
    wider = Arm(tied=False, narrow=False)
    at_most = weights(ARMS["one block"])
    assert weights(ARMS["several narrow blocks"]) <= at_most
    next_width = network(wider, narrow.embedding.weight.shape[1] + universal.HEADS, 6)
    assert sum(weight.numel() for weight in next_width.parameters()) > at_most
    assert weights(ARMS["deciding at 0.01"]) == at_most + 33  # the halting unit


@pytest.mark.parametrize("name", ARMS)
def test_places_are_told_by_a_bias_or_by_sinusoids(name: str) -> None:
    net = network(ARMS[name], 16, 2)
    sinusoids = "sinusoids" in name
    assert net.places == sinusoids
    assert isinstance(net.blocks[0].scores, BiasedScores) != sinusoids
    assert (net.halt is None) != ("deciding" in name)


@pytest.mark.parametrize(("name", "starts"), [
    ("one block, sinusoids", set(range(5))), ("one block, sinusoids from 0", {0}), ("one block", {0})
])  # fmt: skip
def test_only_sinusoids_are_trained_from_anywhere(monkeypatch: pytest.MonkeyPatch, name: str, starts: set[int]) -> None:
    met, real = set(), universal._losses

    def noting(net: universal.UniversalTransformer, sums: Sums, start: int) -> object:
        if net.training:
            met.add(start)
        return real(net, sums, start)

    monkeypatch.setattr(universal, "ARMS", {name: ARMS[name]})
    monkeypatch.setattr(universal, "_losses", noting)
    ran("sums_beyond", steps=30, sizes=[4, 8])
    assert met == starts


def test_scores_are_means_over_places_of_a_reach() -> None:
    net = network(ARMS["deciding at 0.01"], 16, 3)
    right, taken, table = answered(net, SUMS, np.arange(1, 12))
    with torch.no_grad():
        logits, halting = net(torch.from_numpy(SUMS.tokens))
    for reach in range(1, 12):
        hits, steps = [], []
        for b in range(30):
            for t in range(1, 8):
                if SUMS.reach[b, t] == reach:
                    hits.append(int(logits[b, t, 1] > logits[b, t, 0]) == SUMS.answers[b, t])
                    steps.append(halting.steps[b, t].item())
        expected = [np.mean(hits), np.mean(steps)] if hits else [-1, -1]
        assert table[:, reach - 1].tolist() == pytest.approx(expected)
    assert right.shape == taken.shape == (30, 7)
    assert table[0, 7:].tolist() == [-1] * 4


def test_the_loss_and_the_price_are_means_over_places_that_are_asked() -> None:
    net = network(ARMS["deciding at 0.01, sinusoids"], 16, 3)
    nats, cost = universal._losses(net, SUMS, 4)
    logits, halting = net(torch.from_numpy(SUMS.tokens), 4)
    logs, at = logits.log_softmax(-1), [(b, t) for b in range(30) for t in range(1, 8)]
    assert all(SUMS.answers[:, 0] == NOTHING)
    assert all(SUMS.tokens[:, 0] == START)
    assert nats.item() == pytest.approx(np.mean([-logs[b, t, SUMS.answers[b, t]].item() for b, t in at]), rel=1e-5)
    paid = [(halting.steps[b, t] + halting.remainder[b, t]).item() for b, t in at]
    assert cost.item() == pytest.approx(np.mean(paid), rel=1e-5)


def test_short_sums_are_learned_and_a_high_price_halts_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    arms = {"one block": ARMS["one block"], "deciding": Arm(tied=True, price=50.0)}
    monkeypatch.setattr(universal, "ARMS", arms)
    found = ran("sums_beyond", steps=150, sizes=[4], asked=40, batch=32).values
    assert found["right one block"][0] > 0.8  # half by chance
    assert found["steps deciding"].tolist() == [1.0]
    assert found["right by steps one block"].shape == (4, 1)
    assert found["right by steps one block"][1] == found["right one block"]
