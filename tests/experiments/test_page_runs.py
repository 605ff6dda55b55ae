"""The networks that pages run are those of the posts: trained once more, they do what the post's first seed does."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from parts import few_words, ran

import mlblog.experiments.vae
from mlblog.data.digits import load_digits
from mlblog.data.tones import make_tones


def test_the_codes_of_digits_are_those_of_the_post(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mlblog.experiments.vae, "DRAWS", (1,))
    ours, posts = (ran(name, steps=40, hidden=16).values for name in ("digit_page", "digit_vae"))
    np.testing.assert_allclose(ours["codes"], posts["codes"], rtol=1e-3, atol=1e-4)
    assert ours["labels"].tolist() == posts["labels"].tolist()


def test_the_errors_are_those_of_the_reconstructions_of_unseen_digits() -> None:
    found = ran("digit_page").values
    unseen = load_digits().images[1400:].reshape(-1, 64) / 16
    off = found["reconstructions"].astype(float) - unseen
    assert found["errors"] == pytest.approx(np.sqrt((off**2).mean(axis=1)), rel=1e-5)


def test_the_reader_of_tones_is_that_of_the_post() -> None:
    ours, posts = (ran(name, steps=6, asked=12).values for name in ("tone_page", "tone_reader"))
    count = len(posts["example"]) - 4  # the last frames see silence there, and the end here
    np.testing.assert_allclose(ours["probabilities"][0, :count], posts["example"][:count], rtol=1e-3)


def test_the_nats_of_a_label_are_torchs() -> None:
    found, tones = ran("tone_page", asked=12).values, make_tones(12, seed=2_000)
    log_probs = torch.from_numpy(found["probabilities"]).log().transpose(0, 1)
    labels, frames, lengths = map(torch.from_numpy, tones[2:])
    nats = F.ctc_loss(log_probs, labels, frames, lengths, reduction="none") / lengths
    assert found["nats"] == pytest.approx(nats.double().numpy(), rel=1e-4)
    for row, count in zip(found["probabilities"], tones.frames, strict=True):
        np.testing.assert_allclose(row.sum(axis=1), np.arange(len(row)) < count, atol=1e-5)


def test_the_network_of_letter_sets_is_that_of_the_post() -> None:
    with few_words():
        ours, posts = (ran(name, steps=6).values for name in ("letter_set_page", "anagram_letter_sets"))
    assert ours["lawful"] == pytest.approx(posts["lawful_free"])
    assert ours["valid"] == pytest.approx(posts["valid_free"])
