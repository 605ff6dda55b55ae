"""The runs on tones, digits and contrast, with planted readings and against what other libraries find."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from parts import experiments, ran
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors
from torch import Tensor, nn

from mlblog.data.digits import load_digits
from mlblog.data.tones import make_tones
from mlblog.experiments import contrastive, ctc, vae

# -- tones ---------------------------------------------------------------------------------------------------------


def first_batch(examples: int, batch: int, width: int) -> tuple[Any, Tensor, nn.Module]:
    """What the first step sees: the training tones, its rows, and the net as it starts."""
    torch.manual_seed(0)
    known = make_tones(examples, seed=1_000)
    net = ctc._net(width)
    return known, torch.randint(examples, (batch,)), net


def test_told_labels_the_first_loss_is_torchs_ctc() -> None:
    found = ran("tone_reader", steps=2, examples=40, batch=6).values["series/loss"][0]
    known, rows, net = first_batch(40, 6, 48)
    with torch.no_grad():
        log_probs = net(torch.from_numpy(known.sound)[rows].transpose(1, 2)).log_softmax(1).permute(2, 0, 1)
    labels, frames, lengths = (torch.from_numpy(part)[rows] for part in (known.labels, known.frames, known.lengths))
    nats = F.ctc_loss(log_probs, labels, frames, lengths, reduction="none")
    assert found == pytest.approx(float((nats / lengths).mean()), rel=1e-4)


def test_told_frames_the_first_loss_is_the_cross_entropy_of_real_frames() -> None:
    found = ran("tone_reader", steps=2, examples=40, batch=6, target="frames").values["series/loss"][0]
    known, rows, net = first_batch(40, 6, 48)
    with torch.no_grad():
        logits = net(torch.from_numpy(known.sound)[rows].transpose(1, 2))
    nats = []
    for row, one in zip(rows.tolist(), logits, strict=True):
        count = known.frames[row]
        nats.append(F.cross_entropy(one[:, :count].T, torch.from_numpy(known.truth[row, :count]), reduction="none"))
    assert found == pytest.approx(float(torch.cat(nats).mean()), rel=1e-4)


def test_planted_readings_are_scored_as_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three of twelve are heard as silence, the rest as they sound, from their first frame to their last."""
    tones = make_tones(12, seed=2_000)
    real = ctc._read

    def read(net: nn.Module, sound: Tensor) -> Tensor:
        if net.training:
            return real(net, sound)
        heard = tones.truth.copy()
        heard[:3] = 0
        return (F.one_hot(torch.from_numpy(heard).T, 7) + 1e-4).float().log()

    monkeypatch.setattr(ctc, "_read", read)
    found = ran("tone_reader").values
    labels = [label[:n].tolist() for label, n in zip(tones.labels, tones.lengths, strict=True)]
    doubled = np.array([any(a == b for a, b in pairwise(one)) for one in labels])
    assert 0 < doubled.sum() < 12
    lost = np.arange(12) < 3
    for name in ("merge_first", "once_a_span", "beam"):
        assert found[f"errors_{name}"] == pytest.approx(tones.lengths[:3].sum() / tones.lengths.sum())
        assert found[f"right_{name}"] == pytest.approx(9 / 12)
        assert found[f"right_doubled_{name}"] == pytest.approx(1 - lost[doubled].mean())
        assert found[f"right_single_{name}"] == pytest.approx(1 - lost[~doubled].mean())
    # without blanks equal tones run into one another: a doubled tone is read once
    assert found["right_single_blanks_first"] == pytest.approx(1 - lost[~doubled].mean())
    assert found["right_doubled_blanks_first"] == 0
    silent = [truth[:n] == 0 for truth, n in zip(tones.truth, tones.frames, strict=True)]
    assert found["doubled"] == pytest.approx(doubled.mean())
    assert found["silent_frames"] == pytest.approx(np.concatenate(silent).mean())
    heard_silent = np.concatenate([np.ones_like(one) if lost[i] else one for i, one in enumerate(silent)])
    assert found["blank_frames"] == pytest.approx(heard_silent.mean())
    assert found["inside"] == 1.0
    assert found["example"].shape == (tones.frames[0], 7)
    assert found["example_truth"].tolist() == tones.truth[0, : tones.frames[0]].tolist()


# -- the variational autoencoder -----------------------------------------------------------------------------------


@pytest.mark.parametrize("beta", [1.0, 10.0])
def test_beta_weighs_the_divergence_and_nothing_else(beta: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is planted: divergence 3 and reconstruction 5 nats for each digit of the batch."""
    real = vae.elbo

    def bound(net: Any, x: Tensor, noise: Tensor) -> Any:
        found = real(net, x, noise)
        return SimpleNamespace(kl=found.kl * 0 + 3, reconstruction=found.reconstruction * 0 + 5)

    monkeypatch.setattr(vae, "elbo", bound)
    monkeypatch.setattr(vae, "DRAWS", (1, 3))
    found = ran("digit_vae", beta=beta).values
    assert found["series/loss"].tolist() == pytest.approx([3 * beta - 5] * len(found["series/loss"]))
    assert found["elbo"] == pytest.approx(2.0)
    assert found["kl"] == pytest.approx(3.0)


def test_the_rivals_likelihood_is_that_of_sklearns_ppca(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vae, "DRAWS", (1, 3))
    found = ran("digit_vae", steps=1).values
    pixels = load_digits().images.reshape(-1, 64) / 16
    model = PCA(2, svd_solver="full").fit(pixels[:1400])
    # sklearn's noise has the degrees of freedom of a sample, n - 1
    assert found["ppca"] == pytest.approx(model.score(pixels[1400:]), abs=0.1)
    assert found["ppca_known"] == pytest.approx(model.score(pixels[:1400]), abs=0.1)
    assert found["labels"].tolist() == load_digits().labels[1400:].tolist()
    assert found["noise"] == pytest.approx(0.3, rel=0.05)


class Halver:
    """A net whose code is half of a point, and whose picture is four times a code: twice the point."""

    latent = 2

    def encode(self, x: Tensor) -> Any:
        return SimpleNamespace(mean=x / 2)

    def decode(self, z: Tensor) -> Any:
        return SimpleNamespace(mean=z * 4)


def test_distances_are_those_of_the_nearest_known_digit(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(1)
    known, asked = torch.randn(30, 2, generator=generator), torch.randn(11, 2, generator=generator)
    saved: dict[str, Any] = {}
    torch.manual_seed(5)
    vae._save_map(SimpleNamespace(save=lambda **found: saved.update(found)), Halver(), known, asked)
    torch.manual_seed(5)
    dreamt = 4 * torch.randn(1_000, 2)

    def near(points: Tensor, others: Tensor) -> float:
        return float(NearestNeighbors(n_neighbors=1).fit(others).kneighbors(points)[0].mean()) / 2**0.5

    assert saved["distance_prior"] == pytest.approx(near(dreamt, known), rel=1e-4)
    assert saved["distance_to_prior"] == pytest.approx(near(asked, dreamt), rel=1e-4)
    assert saved["distance_halfway"] == pytest.approx(near(asked[:5] + asked[5:10], known), rel=1e-4)
    assert saved["distance_reconstructed"] == pytest.approx(near(2 * asked, known), rel=1e-4)
    assert saved["distance_unseen"] == pytest.approx(near(asked, known), rel=1e-4)
    assert saved["spread_of_codes"] == pytest.approx(float((asked / 2).std(0).mean()))
    normal = torch.distributions.Normal(0.0, 1.0)
    at = normal.icdf((torch.arange(9) + 0.5) / 9)
    assert saved["at"] == pytest.approx(at.numpy(), abs=1e-5)
    assert saved["decoded"][2, 7] == pytest.approx(4 * np.array([at[7], at[2]]), abs=1e-4)  # row y, column x
    assert saved["codes"] == pytest.approx(asked.numpy() / 2)


def test_bounds_grow_with_the_draws_and_lie_above_the_elbo() -> None:
    torch.manual_seed(0)
    net, saved = vae.VAE(pixels=6, latent=2, hidden=()), {}
    with torch.inference_mode():
        vae._save_likelihoods(SimpleNamespace(save=lambda **found: saved.update(found)), net, torch.randn(40, 6))
    assert saved["draws"].tolist() == [1, 3, 10, 30, 100, 300]
    bounds = saved["bound_by_draws"]
    assert bounds[0] == pytest.approx(saved["elbo"], abs=0.6)
    assert (np.diff(bounds) > -0.05).all()
    assert bounds[-1] > bounds[0] + 0.05


# -- contrast ------------------------------------------------------------------------------------------------------

LOSSES = {"nt_xent": "nt_xent", "decoupled": "decoupled_nt_xent", "supervised": "sup_con"}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_named_loss_is_the_one_that_is_called(loss: str, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[tuple[str, float]] = []
    for name in LOSSES.values():
        real = getattr(contrastive, name)

        def note(*arguments: Any, name: str = name, real: Any = real, **options: Any) -> Any:
            called.append((name, options["temperature"]))
            return real(*arguments, **options)

        monkeypatch.setattr(contrastive, name, note)
    ran("digit_contrast", loss=loss, temperature=0.7)
    assert set(called) == {(LOSSES[loss], 0.7)}


def test_views_are_of_one_batch_and_labels_are_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    """With shifts that do nothing both views are the same, and labels are those of the digits shown."""
    digits = load_digits()
    shown: list[Tensor] = []

    def still(images: Tensor) -> Tensor:
        shown.append(images)
        return images

    real, checked = contrastive.sup_con, []

    def loss(z: Tensor, labels: Tensor, **options: Any) -> Tensor:
        torch.testing.assert_close(z[0], z[1])
        names = {image.tobytes(): int(label) for image, label in zip(digits.images, digits.labels, strict=True)}
        wanted = [names[(image * 16).round().numpy().astype(np.uint8).tobytes()] for image in shown[-1]]
        checked.append(labels.tolist() == wanted)
        return real(z, labels, **options)

    monkeypatch.setattr(contrastive, "_shifted", still)
    monkeypatch.setattr(contrastive, "sup_con", loss)
    ran("digit_contrast", loss="supervised", batch=16)
    assert checked
    assert all(checked)


def test_batches_and_the_few_labelled_digits_are_of_all_that_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {(image / 16).astype(np.float32).tobytes(): row for row, image in enumerate(load_digits().images[:1400])}
    shown: list[Tensor] = []
    probed: list[Tensor] = []
    monkeypatch.setattr(contrastive, "_shifted", lambda images: shown.append(images) or images)
    monkeypatch.setattr(contrastive, "_probe", lambda a, labels, b, right: probed.append(a) or 0.5)
    ran("digit_contrast", steps=3, batch=200)
    few = [known[image.numpy().tobytes()] for image in probed[1]]  # of pixels, the few after all
    assert len({*few}) == len(few) == contrastive.FEW
    drawn = [known[image.numpy().tobytes()] for images in shown for image in images]
    for rows in (few, drawn):
        assert max(rows) > 1_200
        assert min(rows) < 200


def test_the_loss_is_the_mean_over_the_views(monkeypatch: pytest.MonkeyPatch) -> None:
    planted = torch.tensor([1.0, 2.0, 9.0])
    for name in LOSSES.values():
        monkeypatch.setattr(contrastive, name, lambda z, *_, **__: z.sum() * 0 + planted)
    for loss in LOSSES:
        assert set(ran("digit_contrast", loss=loss).values["series/loss"].tolist()) == {4.0}


# -- speed ---------------------------------------------------------------------------------------------------------


def test_how_much_faster_is_the_median_of_the_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    module, declared = experiments()["anagram_speed"]
    pace = iter([(9.0, 8.0, 5.0, 7.0), (3.0, 2.0, 1.0, 2.0), (1.0, 1.0, 1.0, 4.0)])  # of each way; the first warms up

    def timer(net: nn.Module, loss: Any, device: str) -> Any:
        found = iter(next(pace))
        return lambda steps: next(found)

    monkeypatch.setattr(module, "_timer", timer)
    measured: dict[str, Any] = {}
    run = SimpleNamespace(uses=lambda *_: None, device="cpu", progress=lambda items, _: items, measure=measured.update)
    declared.function(run, **{**declared.params("smoke", {}), "rounds": 3}, seed=0)
    assert measured["letters_per_second_ours"] == 7.0
    assert measured["faster_than_modules"] == pytest.approx(4.0)  # 8/2, 5/1, 7/2
    assert measured["faster_than_padded"] == pytest.approx(5.0)  # 8/1, 5/1, 7/4
    assert measured["rates_modules"].tolist() == [2.0, 1.0, 2.0]


def test_padded_words_stand_beside_their_letters() -> None:
    module, _ = experiments()["anagram_speed"]
    table = module._pad(["tea", "at", "ten", "noon"])
    rows = {
        tuple(word): tuple(letters) for word, letters in zip(table.words.tolist(), table.letters.tolist(), strict=True)
    }
    pad, code = module.PAD, lambda text: tuple(ord(letter) - ord("a") for letter in text)
    assert rows == {
        (*code("at"), pad, pad): (*code("at"), pad, pad), (*code("tea"), pad): (*code("aet"), pad),
        (*code("ten"), pad): (*code("ent"), pad), code("noon"): code("nnoo"),
    }  # fmt: skip
    assert pad > 26


def test_losses_on_mixed_lengths_are_means_over_real_letters() -> None:
    module, _ = experiments()["anagram_speed"]
    torch.manual_seed(0)
    net = module.ModulePointerTransformer(width=8, heads=2, layers=1, hidden=8)
    words = ["at", "tea", "noon"]
    value, letters = module._mixed_lengths(net, words, 30, 3, "cpu")()
    rows = np.random.default_rng(3).integers(3, size=10)  # as many words as hold 30 letters on average
    assert letters == sum(len(words[row]) for row in rows)
    nats = 0.0
    for row in rows:
        one = module.encode([words[row]])
        with torch.no_grad():
            nats += float(module.letter_nll(net(one.letters, one.words), one.letters, one.words).sum())
    assert value.item() == pytest.approx(nats / letters, rel=1e-4)
