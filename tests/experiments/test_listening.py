"""What the experiments on units of speech measure, counted again in other ways."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from mlblog.data.syllables import NAMES, make_syllables
from mlblog.experiments.listening import LEXICON, fit, network
from mlblog.experiments.listening_units import (
    around,
    by_chance,
    hear,
    judged,
    mostly,
    probe,
    targets_of,
)

HEARD = hear(40, 7, 4_000, 2, ())


def test_frames_are_labelled_by_what_sounds_in_their_middle() -> None:
    spoken = make_syllables(40, count=2, rate=4_000, seed=7)
    assert HEARD.sound.shape == (40, 1_770)
    assert HEARD.mfcc.shape == (40, 21, 39)
    assert HEARD.mel.shape == (40, 21, 20)
    for frame in range(21):
        middle = (80 * frame + 50) / 40  # in hundredths of a second
        assert np.array_equal(HEARD.phones[:, frame], spoken.phones[:, int(middle)])
        voiced = spoken.pitch[:, int(middle)] > 0
        assert np.array_equal(HEARD.voice[:, frame] >= 0, voiced)
    quarters = np.digitize(spoken.pitch.max(1), np.linspace(90, 220, 5)[1:-1])
    assert all(set(row) <= {-1, quarter} for row, quarter in zip(HEARD.voice, quarters, strict=True))


def test_frames_of_networks_and_of_cepstra_are_the_same() -> None:
    net = network(3, {"rate": 4_000, "layers": 1, "width": 8, "channels": 4})
    assert net(HEARD.sound).shape == (40, HEARD.mfcc.shape[1], 3)


def test_noise_is_twenty_decibels_below() -> None:
    spoken = make_syllables(40, count=2, rate=4_000, seed=7)
    clean = spoken.sound[:, :1_770].astype(float)
    noise = HEARD.sound.double().numpy() - clean
    level = 10 * np.log10((noise**2).mean(1) / (clean**2).mean(1))
    assert level == pytest.approx(np.full(40, -20), abs=0.7)


def test_a_probe_is_ridge_regression() -> None:
    random = np.random.default_rng(0)
    known, asked = random.normal(size=(2, 12, 20, 5)) * np.arange(1, 6)
    labels, right = random.integers(0, 3, (2, 12, 20))
    known[..., 0] += 2 * labels
    asked[..., 0] += 2 * right
    a, b = ((x.reshape(-1, 5) - known.mean((0, 1))) / known.reshape(-1, 5).std(0) for x in (known, asked))
    theirs = Ridge(alpha=1e-3 * 240).fit(a, np.eye(len(NAMES))[labels.ravel()])
    expected = (theirs.predict(b).argmax(1) == right.ravel()).mean()
    assert probe(known, labels, asked, right) == pytest.approx(expected, abs=0.01)
    assert expected > 0.5


def test_a_probe_sees_small_differences_of_features_that_are_nearly_the_same() -> None:
    """Which a stronger penalty would hide: then all would be taken for the commonest."""
    random = np.random.default_rng(1)
    labels = (random.uniform(size=(12, 20)) < 0.3).astype(np.int64)
    one = 10 * random.normal(size=(12, 20))
    known = np.stack((one, one + 3 * labels), axis=-1)
    assert probe(known, labels, known, labels) > 0.95


def test_neighbours_stand_beside_a_frame() -> None:
    tracks = np.arange(24.0).reshape(2, 4, 3)
    found = around(tracks, 1)
    assert found.shape == (2, 4, 3, 3)
    for frame in range(4):
        for place, other in enumerate((max(frame - 1, 0), frame, min(frame + 1, 3))):
            assert np.array_equal(found[:, frame, :, place], tracks[:, other])


def test_units_are_read_as_what_they_mostly_go_with() -> None:
    assert mostly(np.array([[0, 0, 2], [2, 2, 0]]), np.array([[3, 3, 1], [4, 4, 1]]), 4).tolist() == [3, 0, 4, 0]


def test_scores_of_labels_themselves_are_perfect_and_of_chance_are_not() -> None:
    features = np.eye(len(NAMES))[HEARD.phones]
    found = judged("phones", [[features]] * 3, [HEARD] * 3, len(NAMES), 0)
    for what in ("purity phones", "cluster phones", "pnmi phones", "probe phones"):
        assert found[what] == pytest.approx([1.0], abs=0.08)
    assert found["voice phones"] < 0.1
    chance = by_chance(HEARD.phones, HEARD, 0)
    assert chance["pnmi chance"] < 0.15
    assert chance["purity chance"] == pytest.approx(
        max(np.bincount(HEARD.phones.ravel())) / HEARD.phones.size, abs=0.08
    )


def test_units_come_from_the_first_part_alone() -> None:
    some = [HEARD.mfcc, HEARD.mfcc[:5]]
    once, again = targets_of(some, 4, 3), targets_of([some[0], 2 * some[1]], 4, 3)
    assert np.array_equal(once[0], again[0])
    assert np.array_equal(once[1], once[0][:5])


@pytest.mark.parametrize("name", ["masked", "all", "unmasked", "labels"])
def test_only_the_named_frames_count(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loss gets all of them; which it is to count is what is hidden, the rest, or both."""
    from mlblog.experiments import listening

    seen = []

    def noting(logits: torch.Tensor, targets: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        seen.append(mask)
        return logits.sum((1, 2))

    hidden = []
    real = listening.draw_spans
    monkeypatch.setattr(listening, "masked_prediction_loss", noting)
    monkeypatch.setattr(listening, "draw_spans", lambda *a, **k: hidden.append(real(*a, **k)) or hidden[-1])
    targets = [HEARD.phones, HEARD.phones]
    shape = {"rate": 4_000, "layers": 1, "width": 8, "channels": 4}
    fit(shape, [HEARD, HEARD], targets, name, 1e-3, steps=1, batch=3, seed=0)
    expected = {"masked": hidden[1], "unmasked": ~hidden[1]}.get(name, torch.ones_like(hidden[1]))
    assert torch.equal(seen[0], expected)
    assert 0.2 < hidden[1].double().mean() < 0.5


def test_a_word_is_told_by_either_of_its_syllables() -> None:
    """So that a hidden phone can be told from those around it, and each phone is in some word."""
    halves = [word.split(" ") for word in LEXICON]
    assert len({first for first, _ in halves}) == len({second for _, second in halves}) == len(LEXICON)
    letters = "".join(LEXICON).replace("sh", "S")
    assert {*letters} == {*"aeioumfsSx", " "}
