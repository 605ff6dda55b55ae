"""The pointer transformer with keys that are not used up, against the one without them."""

from __future__ import annotations

import torch
from torch import Tensor

from mlblog.data.keys import END, SPACE, SYMBOLS
from mlblog.models.pointer import ALPHABET, PointerTransformer
from mlblog.models.pointer_keys import KeyPointer, until_end


def network(*, reuse: bool) -> KeyPointer:
    torch.manual_seed(0)
    net = KeyPointer(width=12, heads=3, layers=2, hidden=20, reuse=reuse).double()
    with torch.no_grad():
        for weight in net.parameters():
            weight.normal_(std=0.4)
    return net.eval()


@torch.no_grad()
def test_without_other_keys_it_is_the_pointer_transformer() -> None:
    net = network(reuse=False)
    other = PointerTransformer(width=12, heads=3, layers=2, hidden=20).double().eval()
    weights = net.state_dict()
    rows = torch.tensor([*range(ALPHABET), SYMBOLS])  # letters, and what the decoder reads first
    other.load_state_dict({**weights, "embedding.weight": weights["embedding.weight"][rows]})
    letters, words = torch.tensor([[0, 3, 3, 7, 9]]), torch.tensor([[3, 9, 0, 3, 7]])
    assert torch.allclose(net(letters, words), other(letters, words))


@torch.no_grad()
def test_keys_in_another_order_have_their_scores_in_that_order() -> None:
    net = network(reuse=True)
    keys, answer = torch.tensor([[2, 5, 8, SPACE, END]]), torch.tensor([[8, 2, 8, SPACE, 5, END]])
    order = torch.tensor([3, 0, 4, 2, 1])
    assert torch.allclose(net(keys, answer)[..., order], net(keys[:, order], answer))


@torch.no_grad()
def test_a_step_sees_only_what_stands_before_it() -> None:
    net = network(reuse=True)
    keys = torch.tensor([[2, 5, 8, END]])
    one, other = (net(keys, torch.tensor([row])) for row in ([2, 5, 8, END], [2, 5, 2, 5]))
    assert torch.allclose(one[:, :3], other[:, :3])
    assert not torch.allclose(one[:, 3], other[:, 3])


def open_keys(scores: Tensor) -> list[list[int]]:
    return scores[0].isfinite().int().tolist()


@torch.no_grad()
def test_letters_are_used_up_and_other_keys_are_not() -> None:
    keys, answer = torch.tensor([[1, 4, 4, SPACE, END]]), torch.tensor([[4, SPACE, 1, SPACE, 4, END]])
    assert open_keys(network(reuse=False)(keys, answer)) == [
        [1, 1, 1, 1, 1],
        [1, 0, 1, 1, 1],
        [1, 0, 1, 1, 1],
        [0, 0, 1, 1, 1],
        [0, 0, 1, 1, 1],
        [0, 0, 0, 1, 1],
    ]


@torch.no_grad()
def test_letters_that_may_be_used_again_stay_open() -> None:
    keys, answer = torch.tensor([[1, 4, END]]), torch.tensor([[4, 4, 4, 1, END]])
    assert network(reuse=True)(keys, answer).isfinite().all()


def test_an_answer_counts_up_to_its_first_end() -> None:
    answers = torch.tensor([[END, 0, END], [7, SPACE, 7]])
    assert until_end(answers).tolist() == [[True, False, False], [True, True, True]]
