"""Losses of a pointer network against a naive loop and the enumeration of equal letters."""

import itertools
import math

import pytest
import torch
from torch import Tensor

from mlblog.losses.pointer import letter_nll, place_nll
from mlblog.models.pointer import PointerTransformer


def letters_of(*words: str) -> Tensor:
    return torch.tensor([[ord(letter) - ord("a") for letter in word] for word in words])


def scored(given: tuple[str, ...], words: tuple[str, ...]) -> tuple[Tensor, Tensor, Tensor]:
    """Random logits in float64, minus infinity at the first copies used, as a network gives them."""
    torch.manual_seed(0)
    scores = torch.randn(len(words), len(words[0]), len(given[0]), dtype=torch.float64)
    for row, (letters, word) in enumerate(zip(given, words, strict=True)):
        left = list(range(len(letters)))
        for step, letter in enumerate(word):
            scores[row, step, [j for j in range(len(letters)) if j not in left]] = -torch.inf
            left.remove(next(j for j in left if letters[j] == letter))
    return scores.requires_grad_(), letters_of(*given), letters_of(*words)


def test_losses_agree_with_a_naive_loop() -> None:
    given, words = ("aabbb", "bccde", "aaaab"), ("babab", "ecdbc", "aabaa")
    scores, letters, spelled = scored(given, words)
    by_letter, by_place = letter_nll(scores, letters, spelled), place_nll(scores, letters, spelled)
    assert by_letter.shape == by_place.shape == (3, 5)
    for row, word in enumerate(words):
        for step, letter in enumerate(word):
            weights = [math.exp(score) for score in scores[row, step].tolist()]
            right = [j for j, weight in enumerate(weights) if given[row][j] == letter and weight > 0]
            assert by_letter[row, step].item() == pytest.approx(
                -math.log(sum(weights[j] for j in right) / sum(weights))
            )
            assert by_place[row, step].item() == pytest.approx(-math.log(weights[right[0]] / sum(weights)))


def test_gradients_are_those_of_finite_differences() -> None:
    scores, letters, spelled = scored(("aabc",), ("baca",))
    consumed = scores.isinf()
    free = scores.detach().masked_fill(consumed, 0.0).requires_grad_()
    for loss in (letter_nll, place_nll):
        assert torch.autograd.gradcheck(
            lambda s, f=loss: f(s.masked_fill(consumed, -torch.inf), letters, spelled), free
        )


def network() -> PointerTransformer:
    torch.manual_seed(0)
    return PointerTransformer(width=12, heads=3, layers=2, hidden=20).double()


def test_the_letter_loss_is_the_sum_over_all_orders_of_equal_letters() -> None:
    """Every way of pointing that spells the word, each with its probability, without the network's own bookkeeping."""
    net, given, word = network(), "aabbbc", "babcab"
    letters, spelled = letters_of(given), letters_of(word)
    scores = net(letters, spelled)
    total = 0.0
    # Equal letters have equal logits, so a place's logit is that of any copy left of its letter.
    logit = [{given[j]: float(s) for j, s in enumerate(row) if s.isfinite()} for row in scores[0].detach()]
    for order in itertools.permutations(range(len(given))):
        if "".join(given[j] for j in order) != word:
            continue
        probability, left = 1.0, set(range(len(given)))
        for step, place in enumerate(order):
            weights = {j: math.exp(logit[step][given[j]]) for j in left}
            probability *= weights[place] / sum(weights.values())
            left.remove(place)
        total += probability
    assert letter_nll(scores, letters, spelled).sum().item() == pytest.approx(-math.log(total), abs=1e-10)


def test_both_losses_differ_by_a_constant_and_train_the_same() -> None:
    """place - letter = Σ log mᵢ!, so marginalising over equal letters changes no gradient."""
    net, given, words = network(), ("aabbbc", "ddddef"), ("babcab", "dedfdd")
    letters, spelled = letters_of(*given), letters_of(*words)
    gradients, values = [], []
    for loss in (letter_nll, place_nll):
        value = loss(net(letters, spelled), letters, spelled).sum(1)
        values.append(value.detach())
        gradients.append(torch.autograd.grad(value.mean(), list(net.parameters())))
    constants = torch.tensor([math.log(2 * 6), math.log(24)], dtype=torch.float64)
    torch.testing.assert_close(values[1] - values[0], constants, rtol=0, atol=1e-10)
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-10)


def test_shapes_that_would_broadcast_are_refused() -> None:
    scores, letters, spelled = scored(("aabc", "bbcd"), ("abca", "bcdb"))
    for wrong in (spelled[:1], spelled[:, :1], spelled[:, :3]):
        with pytest.raises(ValueError, match=r"\(B, T, N\) expected"):
            letter_nll(scores, letters, wrong)
    with pytest.raises(ValueError, match=r"\(B, T, N\) expected"):
        place_nll(scores, letters[:1], spelled)
