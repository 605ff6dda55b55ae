"""The experiments on discrete gradients: their exact parts against enumeration, and each at smoke scale elsewhere."""

import numpy as np
import pytest
import torch

from mlblog.data.digits import load_digits
from mlblog.experiments import ilsampling_beyond
from mlblog.experiments.ilsampling import (
    bernoulli_loss,
    divergence,
    fixed_point,
    linear_loss,
    square_loss,
    toy_exact_gradient,
    toy_loss,
)
from mlblog.experiments.ilsampling_beyond import AIMS, scaled_gradient
from mlblog.experiments.ilsampling_vae import (
    Entry,
    Parts,
    binary_parts,
    entries,
    enumerated_gradient,
    fit,
    joint,
    negative_bound,
    no_code,
    side_by_side,
    tuned,
)
from mlblog.losses.discrete import (
    GumbelSoftmax,
    IntermediateLossSampler,
    Rebar,
    Reinforce,
    ReinforceLeaveOneOut,
    Relax,
    StraightThrough,
    StraightThroughGumbel,
    all_draws,
    clamp_and_divide,
    enumerated_bias_variance,
    exact_gradient,
    log_probability,
)
from mlblog.models.discrete_vae import DiscreteVAE


def target(problems: int, variables: int, categories: int) -> torch.Tensor:
    torch.manual_seed(categories)
    return torch.rand(problems, variables, categories, dtype=torch.float64).softmax(-1)


@pytest.mark.parametrize("epsilon", [1e-8, 1e-2])
def test_the_toys_exact_gradient_is_that_of_enumeration(epsilon: float) -> None:
    p = target(5, 2, 3)
    logits = torch.randn(5, 2, 3, dtype=torch.float64)
    torch.testing.assert_close(
        toy_exact_gradient(logits, p, epsilon), exact_gradient(logits, toy_loss(p, epsilon)), rtol=1e-9, atol=1e-12
    )


def test_the_fixed_point_is_one_of_the_estimator() -> None:
    """At ε = 1e-8 and π ∝ p (1 - p), the enumerated mean of the estimates is zero."""
    p = target(4, 1, 5)
    found = enumerated_bias_variance(IntermediateLossSampler(0.1), fixed_point(p).log(), toy_loss(p, 1e-8))
    assert found.mean.abs().max() < 1e-6
    away = enumerated_bias_variance(IntermediateLossSampler(0.1), p.log(), toy_loss(p, 1e-8))
    assert away.mean.abs().max() > 1e-3


def test_divergence_is_that_of_torch() -> None:
    p, q = target(3, 2, 5), target(3, 2, 5).flip(-1)
    categorical = torch.distributions.Categorical
    torch.testing.assert_close(divergence(p, q), torch.distributions.kl_divergence(categorical(p), categorical(q)))


def test_the_two_losses_agree_on_draws_and_not_between() -> None:
    costs = torch.randn(1, 4, dtype=torch.float64)
    draws = all_draws(1, 4)
    torch.testing.assert_close(linear_loss(costs)(draws), square_loss(costs)(draws))
    assert not torch.allclose(linear_loss(costs)(draws / 2), square_loss(costs)(draws / 2))


def test_the_two_outcomes_have_their_losses() -> None:
    assert bernoulli_loss(0.45)(all_draws(1, 2)).tolist() == pytest.approx([0.45**2, 0.55**2])


def test_the_gaussians_scaled_gradient_is_exact() -> None:
    torch.manual_seed(0)
    assert scaled_gradient("Gaussian", 0.5, 200_000) == pytest.approx(2 * (0.5 - AIMS["Gaussian"]), abs=0.03)


def test_the_score_functions_baseline_is_the_mean_of_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """By hand, of planted draws: the loss is (z - 5)², the score of a Poisson rate z / λ - 1."""
    drawn = np.array([2.0, 5.0, 9.0])

    class Planted(torch.distributions.Poisson):
        def sample(self, *_: object) -> torch.Tensor:
            return torch.from_numpy(drawn)

    monkeypatch.setattr(ilsampling_beyond, "distribution", lambda _, rate: Planted(rate))
    rate = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(ilsampling_beyond._score(rate, 3), rate)
    losses = (drawn - 5) ** 2
    assert slope.item() == pytest.approx(((losses - losses.mean()) * (drawn / 3 - 1)).mean())


def test_digits_are_split_into_zeros_and_ones() -> None:
    parts = binary_parts(load_digits())
    assert [tuple(images.shape) for images in parts] == [(1200, 64), (200, 64), (397, 64)]
    assert set(parts.test.unique().tolist()) == {0, 1}
    blank = parts._replace(train=torch.zeros(8, 64), test=torch.zeros(3, 64))
    assert no_code(blank) == pytest.approx(64 * torch.log(torch.tensor(10 / 9)).item(), rel=1e-5)


def small_vae(categories: int = 3) -> DiscreteVAE:
    torch.manual_seed(1)
    return DiscreteVAE(pixels=7, variables=2, categories=categories, hidden=5)


def test_the_bound_of_nets_side_by_side_is_that_of_each_alone() -> None:
    net, images = small_vae(), torch.randint(2, (4, 7)).float()
    logits, codes = net.encode(images), all_draws(2, 3).float()[:, None]
    surprise = (log_probability(logits, codes).exp() * net.surprise(codes, images)).sum(0)
    alone = (surprise + net.divergence(logits)).mean().item()
    assert negative_bound(side_by_side(net, 3), images).tolist() == pytest.approx([alone] * 3, rel=1e-5)


def test_codes_have_the_probabilities_of_their_draws() -> None:
    logits = torch.randn(5, 3, 2, dtype=torch.float64)
    torch.testing.assert_close(joint(logits).movedim(-1, 0), log_probability(logits, all_draws(3, 2)[:, None]).exp())


def test_the_enumerated_gradient_is_the_librarys() -> None:
    net, images = small_vae(), torch.randint(2, (4, 7)).float()
    side_by_side(net, 2)
    logits = net.encode(images.expand(2, 4, 7)).detach()
    loss = net.sampled_bound(logits, images)
    torch.testing.assert_close(enumerated_gradient(logits, loss), exact_gradient(logits, loss))


def test_each_net_takes_adams_steps_at_its_own_rate() -> None:
    """With one category nothing is drawn: only the decoder learns, on the one image that there is."""
    image = torch.tensor([[1.0, 0, 1, 1, 0, 0, 1]])
    rates, losses = (0.01, 0.1), []
    for rate in rates:
        net = small_vae(categories=1)
        optimizer = torch.optim.Adam(net.decoder.parameters(), lr=rate)
        for _ in range(12):
            optimizer.zero_grad()
            net.surprise(torch.ones(2, 1), image).mean().backward()
            optimizer.step()
        losses.append(net.surprise(torch.ones(2, 1), image).item())
    entry = Entry(1, lambda _: StraightThrough(), tuple((0.0, rate) for rate in rates))
    seen = fit(side_by_side(small_vae(categories=1), 2), entry, Parts(image, image, image), steps=12, batch=3)
    assert seen.shape == (2, 12, 2)
    assert seen[1, -1].tolist() == pytest.approx(losses, rel=1e-4, abs=1e-5)  # sums in float32


def test_batches_are_drawn_from_all_images_to_train_on_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    net, seen = side_by_side(small_vae(categories=1), 1), list[torch.Tensor]()
    encode = net.encode

    def noting(images: torch.Tensor) -> torch.Tensor:
        seen.extend(images[0] if torch.is_grad_enabled() else [])  # no gradient where bounds are measured
        return encode(images)

    monkeypatch.setattr(net, "encode", noting)
    entry = Entry(1, lambda _: StraightThrough(), ((0.0, 0.01),))
    fit(net, entry, Parts(torch.eye(7), torch.ones(1, 7), torch.ones(1, 7)), steps=12, batch=9)
    assert {tuple(image.tolist()) for image in seen} == {tuple(row) for row in torch.eye(7).tolist()}


def test_all_but_the_exact_gradient_choose_from_as_many_settings() -> None:
    counts = {name: len(set(entry.settings)) for name, entry in entries(2, 3).items()}
    assert counts.pop("exact") == 2
    assert set(counts.values()) == {6}


def test_each_entry_is_the_estimator_of_its_name_and_says_how_often_it_asks_for_the_loss() -> None:
    knobs, logits = torch.tensor([0.2, 0.7]), torch.randn(2, 5, 2, 3)
    of_each = knobs[:, None, None, None]
    wanted = {
        "REINFORCE": Reinforce(), "REINFORCE, 2 draws": ReinforceLeaveOneOut(2),
        "REINFORCE, 3 draws": ReinforceLeaveOneOut(3), "straight-through": StraightThrough(),
        "ST-Gumbel": StraightThroughGumbel(of_each), "Gumbel": GumbelSoftmax(of_each),
        "ILS": IntermediateLossSampler(of_each), "ILS clamped": IntermediateLossSampler(of_each, clamp_and_divide),
        "ILS centered": IntermediateLossSampler(of_each, centered=True),
    }  # fmt: skip
    made = {name: entry.make(knobs) for name, entry in entries(2, 3).items()}
    assert {name: str(made[name]) for name in wanted} == {name: str(one) for name, one in wanted.items()}
    assert {*made} - {*wanted} == {"exact", "REBAR", "RELAX"}
    assert made["exact"] is enumerated_gradient
    for name, kind in {"REBAR": Rebar, "RELAX": Relax}.items():
        assert type(made[name].estimator) is kind
        torch.testing.assert_close(made[name].estimator.log_temperature.exp(), of_each)
        torch.testing.assert_close(made[name].estimator.scale, torch.ones_like(knobs)[:, None])
    for name, estimator in made.items():
        asked: list[int] = []

        def loss(drawn: torch.Tensor, asked: list[int] = asked) -> torch.Tensor:
            asked.append(1 if drawn.ndim == logits.ndim else len(drawn))
            return drawn.square().sum((-1, -2))

        gradient = estimator.estimator(logits, loss) if hasattr(estimator, "estimator") else estimator(logits, loss)
        assert gradient.shape == logits.shape
        assert sum(asked) == entries(2, 3)[name].evaluations, name


def test_a_setting_is_chosen_on_validation_at_the_point_asked_for() -> None:
    validation, test = torch.tensor([[3.0, 2, 4], [1, 2, 0.5]]), torch.tensor([[30.0, 20, 40], [10, 20, 50]])
    arrays = {"validation x": validation.numpy(), "test x": test.numpy()}
    arrays |= {"knobs x": torch.tensor([1.0, 2, 3]).numpy(), "rates x": torch.tensor([0.1, 0.2, 0.3]).numpy()}

    class Seeds:
        def values(self, name: str):
            return arrays[name][None]

        def mean(self, name: str):
            return arrays[name]

        def __len__(self) -> int:
            return 1

    found, chosen = tuned(Seeds(), "x", point=1)  # type: ignore[arg-type]  # what it asks of Runs
    assert (found.tolist(), chosen) == ([20.0], [(2.0, pytest.approx(0.2))])
    found, _ = tuned(Seeds(), "x", point=2)  # type: ignore[arg-type]  # what it asks of Runs
    assert found.tolist() == [50.0]
