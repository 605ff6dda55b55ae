"""First steps of the runs, written out here: what a loss is the mean of, and which gradient an optimiser is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from parts import experiments, few_words, ran
from torch import Tensor

from mlblog.data.anagrams import Split, decode, split
from mlblog.data.keys import END, decode_texts
from mlblog.data.letter_sets import split_by_set
from mlblog.data.phrases import draw_phrases, split_by_letters
from mlblog.data.ring import ring_of_gaussians
from mlblog.experiments import gan, ptrnet


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    with few_words():
        yield


def planted(module: ModuleType, seen: list[Tensor]) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """As many nats as the place of a letter in its word, its square in the first row."""

    def nats(scores: Tensor, letters: Tensor, words: Tensor) -> Tensor:
        seen.append(words)
        places = torch.arange(words.shape[1]).expand(words.shape).float().clone()
        places[0] = places[0] ** 2
        return places + 0 * scores.masked_fill(scores.isinf(), 0).sum()

    return nats


def test_a_spellers_loss_is_the_mean_over_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    module, _ = experiments()["anagram_solver"]
    seen: list[Tensor] = []
    monkeypatch.setattr(module, "letter_nll", planted(module, seen))
    found = ran("anagram_solver", steps=1, scored=False).values

    def mean(batches: list[Tensor]) -> float:
        nats = [t if row else t * t for words in batches for row, word in enumerate(words) for t in range(len(word))]
        return float(np.mean(nats))

    assert found["series/loss"].tolist() == pytest.approx([mean(seen[:1])])
    assert found["series/validation"].tolist() == pytest.approx([mean(seen[1:])])
    parts = split(module.load_words(longest=4), unseen=module.EXAMPLES)
    assert {*decode(seen[0])} <= {*parts.train}
    assert sorted(word for words in seen[1:] for word in decode(words)) == sorted(parts.validation)


@pytest.mark.parametrize("name", ["anagram_letter_sets", "anagram_phrases"])
def test_a_spellers_loss_ends_where_its_answers_do(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, _ = experiments()["anagram_letter_sets"]
    seen: list[Tensor] = []
    monkeypatch.setattr(module, "letter_nll", planted(module, seen))
    found = ran(name, steps=1, scored=False).values

    def mean(batches: list[Tensor]) -> float:
        nats = letters = 0.0
        for words in batches:
            for row, word in enumerate(words.tolist()):
                spelled = 1 + next((t for t, key in enumerate(word) if key == END), len(word) - 1)
                nats += sum(t if row else t * t for t in range(spelled))
                letters += spelled
        return nats / letters

    assert found["series/loss"].tolist() == pytest.approx([mean(seen[:1])])
    assert found["series/validation"].tolist() == pytest.approx([mean(seen[1:])], rel=1e-4)
    parts = asked_for(experiments()[name][0])
    assert {*decode_texts(seen[0])} <= {*parts.train}
    assert sorted(text for words in seen[1:] for text in decode_texts(words)) == sorted(parts.validation)


def asked_for(module: ModuleType) -> Split:
    """The answers of each part, at smoke size."""
    words = module.load_words(longest=4)
    if not hasattr(module, "draw_phrases"):
        return split_by_set(words, unseen=module.EXAMPLES)
    phrases = draw_phrases(split(words).train, count=300, most_letters=10, seed=0)
    return split_by_letters(phrases, unseen=module.EXAMPLES)


def test_a_rate_is_the_best_on_validation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: the loss is least at the second rate, whatever is trained."""
    used: list[dict[str, Any]] = []
    monkeypatch.setattr(ptrnet, "_train", lambda *_, **options: used.append(options))
    monkeypatch.setattr(ptrnet, "_validation", lambda *_: lambda: abs(used[-1]["rate"] - ptrnet.RATES[1]))
    found = ran("pointing_rates").values
    for network, task in ptrnet.SETTINGS:
        assert found[f"rate_{network}_{task}"] == ptrnet.RATES[1]
        wanted = [abs(rate - ptrnet.RATES[1]) for rate in ptrnet.RATES]
        assert found[f"validation_{network}_{task}"].tolist() == pytest.approx(wanted)
    assert found["rates"].tolist() == list(ptrnet.RATES)
    assert {options["seed"] for options in used} == {0}


def test_weights_without_a_gradient_decay(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a hundredth of the rate in a step, which is that of the first: here all of it."""
    monkeypatch.setattr(ptrnet, "sequence_loss", lambda scores, _: 0 * scores.masked_fill(scores.isinf(), 0).sum())
    monkeypatch.setattr(ptrnet, "warmup_cosine", lambda step, steps: 1.0)
    net = ptrnet._network("lstm", 1, 8, 8, 5)
    before = [weight.detach().clone() for weight in net.parameters()]
    options = {"steps": 1, "largest": 5, "batch": 2, "seed": 0, "device": "cpu"}
    ptrnet._train(ptrnet._Trial(), net, "sort", lambda: 0.0, rate=0.5, **options)
    for weight, start in zip(net.parameters(), before, strict=True):
        torch.testing.assert_close(weight.detach(), (1 - 0.01 * 0.5) * start)


def test_problems_of_all_sizes_are_trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, real = list[int](), ptrnet.draw_problems

    def noting(task: Any, *, count: int, size: int, rng: np.random.Generator) -> Any:
        sizes.append(size)
        return real(task, count=count, size=size, rng=rng)

    monkeypatch.setattr(ptrnet, "draw_problems", noting)
    net, options = ptrnet._network("lstm", 1, 8, 8, 7), {"largest": 7, "batch": 1, "seed": 0, "device": "cpu"}
    ptrnet._train(ptrnet._Trial(), net, "sort", lambda: 0.0, rate=0.01, steps=40, **options)
    assert {*sizes} == {5, 6, 7}


def test_a_validation_loss_is_the_mean_over_sizes() -> None:
    """A net that is sure of place t at step t is right on sorted numbers only; one that knows nothing has log N."""

    class Even(torch.nn.Module):
        def forward(self, points: Tensor, answers: Tensor) -> Tensor:
            return torch.zeros(*answers.shape, points.shape[1] + 1)

    found = ptrnet._validation(Even(), "sort", 7, 30, "cpu")()
    assert found == pytest.approx(np.mean(np.log([6, 7, 8])), rel=1e-6)


def test_each_network_is_that_of_its_name() -> None:
    names = {
        "lstm": "PointerLSTM",
        "transformer": "PointTransformer",
        "attention": "AttentionLSTM",
        "fixed": "FixedLSTM",
    }
    for name, kind in names.items():
        net = ptrnet._network(name, 2, 24, 16, 9)
        assert type(net).__name__ == kind
    assert ptrnet._network("transformer", 2, 24, 16, 9).embed.out_features == 16  # two thirds


def test_generator_and_discriminator_are_given_the_gradients_of_their_means(monkeypatch: pytest.MonkeyPatch) -> None:
    """No step is taken, so that both gradients are those at the weights that all settings share."""
    gradients: list[list[Tensor]] = []

    def note(optimizer: torch.optim.Optimizer, rates: Tensor) -> None:
        gradients.append([weight.grad.clone() for weight in optimizer.param_groups[0]["params"]])

    monkeypatch.setattr(gan, "step_apart", note)
    ran("ring_gan", steps=1, batch=9, width=5, noise=3)
    torch.manual_seed(0)
    generator, discriminator = gan._nets(3, 5, 2), gan._nets(2, 5, 1)
    real = ring_of_gaussians(9, modes=8, radius=2.0, spread=0.05)
    fake = generator(torch.randn(9, 3))
    ones, zeros = torch.ones(len(gan.SETTINGS), 9), torch.zeros(len(gan.SETTINGS), 9)
    judged = F.binary_cross_entropy_with_logits
    loss = judged(discriminator(real)[..., 0], ones, reduction="sum") / 9
    loss = loss + judged(discriminator(fake.detach())[..., 0], zeros, reduction="sum") / 9
    for mine, wanted in zip(gradients[0], torch.autograd.grad(loss, [*discriminator.parameters()]), strict=True):
        torch.testing.assert_close(mine, wanted)
    logits = discriminator(fake)[..., 0]
    plain = [i for i, setting in enumerate(gan.SETTINGS) if setting.loss == "non-saturating"]
    loss = judged(logits[plain], ones[plain], reduction="sum") / 9
    for mine, wanted in zip(gradients[1], torch.autograd.grad(loss, [*generator.parameters()]), strict=True):
        torch.testing.assert_close(mine[plain], wanted[plain])
