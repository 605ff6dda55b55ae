"""What the experiments on masks do in a step, what that costs, and on which strings."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from mlblog.experiments.hidden_words import KNOBS, LETTERS, PLACES, Draw, _step, cost, fit
from mlblog.experiments.mask_parts import draw_strings, exact_loss, proposals
from mlblog.losses.masked import importance_weighted_mlm_loss, mlm_loss
from mlblog.models.mask_gradients import gradient_moments
from mlblog.models.masked_lm import MaskedLM, masks_of_size

MASKS = masks_of_size(PLACES, 1)


def test_a_step_goes_along_the_weighted_gradient() -> None:
    torch.manual_seed(0)
    net = MaskedLM(letters=LETTERS, places=PLACES, width=7)
    words, drawn = torch.randint(LETTERS, (5, PLACES)), torch.randint(PLACES, (5,))
    q = torch.rand(5) + 0.1
    hidden, log_p = MASKS.hidden[drawn], MASKS.p[drawn].log()
    loss = importance_weighted_mlm_loss(net(words, hidden), words, hidden, log_p=log_p, log_q=q.log()).mean()
    expected = torch.autograd.grad(loss, list(net.parameters()))
    _step(net, torch.optim.SGD(net.parameters(), lr=0.0), Draw(words, hidden, log_p.exp() / q), 5)
    for weight, gradient in zip(net.parameters(), expected, strict=True):
        torch.testing.assert_close(weight.grad, gradient)


def test_words_are_in_one_part_and_pairs_are_all_pairs() -> None:
    parts = [{tuple(word) for word in part.tolist()} for part in draw_strings("words", 500, "cpu")]
    assert [len(part) for part in parts] == [9_500, 500, 500]
    assert len(set.union(*parts)) == 10_500
    pairs = draw_strings("pairs", 50, "cpu")
    assert len({tuple(row) for row in pairs.train.tolist()}) == len(pairs.train) == 28 * 25
    for row in pairs.train.tolist():
        letters = [letter for letter in row if letter]
        assert len(letters) == 2
        assert letters[0] == letters[1]


@pytest.mark.parametrize("arm", ["table", "learned", "loss", "optimum", "all masks", "all, fewer words"])
def test_costs_are_those_that_torch_counts(arm: str) -> None:
    words, batch = draw_strings("words", 500, "cpu").train, 16

    def counted(some: str) -> float:
        with FlopCounterMode(display=False) as counter:
            fit(some, words, MASKS, 1e-2, KNOBS[0], steps=1, width=64, batch=batch, optimizer="Adam", seed=0)
        return counter.get_total_flops() / batch

    net = MaskedLM(letters=LETTERS, places=PLACES, width=64)
    sizes = [layer.get_parameter("weight").numel() for layer in net.layers]
    found, usual = counted(arm), counted("uniform")
    if arm == "optimum":  # it computes the pass of the drawn mask again, which it has
        found -= 2 * (2 * sum(sizes) - sizes[0])
    if arm == "learned":  # and the scores of masks from those of places, which torch does not take for free
        found -= 3 * 2 * len(MASKS.p) * PLACES
    assert found / usual == pytest.approx(cost(arm, net, len(MASKS.p)), rel=1e-3)


def test_losses_are_means_over_all_masks() -> None:
    torch.manual_seed(0)
    net, words = MaskedLM(letters=LETTERS, places=PLACES, width=7), torch.randint(LETTERS, (3, PLACES))
    each = [
        mlm_loss(net(word[None], mask[None]), word[None], mask[None]).item() for word in words for mask in MASKS.hidden
    ]
    assert exact_loss(net, words, MASKS) == pytest.approx(sum(each) / len(each), rel=1e-5)


def test_proposals_by_loss_and_by_the_gradient_at_the_logits() -> None:
    torch.manual_seed(0)
    net, words = MaskedLM(letters=LETTERS, places=PLACES, width=7), torch.randint(LETTERS, (3, PLACES))
    laws = proposals(net, gradient_moments(net, words, MASKS.hidden, MASKS.p), words, MASKS)
    for row, word in enumerate(words):
        losses, sizes = [], []
        for mask in MASKS.hidden:
            logits = net(word[None], mask[None]).detach().requires_grad_()
            loss = torch.nn.functional.cross_entropy(logits[0][mask], word[mask])
            losses.append(loss.item())
            sizes.append(torch.autograd.grad(loss, logits)[0].norm().item())
        assert laws["loss"][row].tolist() == pytest.approx([x / sum(losses) for x in losses], rel=1e-4)
        assert laws["logits"][row].tolist() == pytest.approx([x / sum(sizes) for x in sizes], rel=1e-4)
