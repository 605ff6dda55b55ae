"""The recurrent pointer network, against cells stepped by hand."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.models.attention_lstm import AttentionLSTM
from mlblog.models.pointer_lstm import AdditivePointer, FixedLSTM, PointerLSTM, filled, previous
from mlblog.models.pointer_points import PointTransformer


def cell_of(lstm: nn.LSTM) -> nn.LSTMCell:
    cell = nn.LSTMCell(lstm.input_size, lstm.hidden_size).double()
    cell.load_state_dict({name.removesuffix("_l0"): weight for name, weight in lstm.state_dict().items()})
    return cell


@torch.no_grad()
def test_scores_are_those_of_cells_stepped_one_by_one() -> None:
    torch.manual_seed(0)
    net = PointerLSTM(inputs=2, width=6).double()
    points, answers = torch.rand(3, 4, 2, dtype=torch.double), torch.tensor([[2, 0, 1, 4], [3, 1, 4, 4], [0, 2, 3, 1]])
    for question in range(3):
        hidden = cell = torch.zeros(6, dtype=torch.double)
        read, write = cell_of(net.read), cell_of(net.write)
        states = []
        for point in points[question]:
            hidden, cell = read(net.embed(point), (hidden, cell))
            states.append(hidden)
        states.append(net.end)
        given = net.start
        for step in range(4):
            hidden, cell = write(given, (hidden, cell))
            expected = [
                net.point.score.weight[0]
                @ torch.tanh(net.point.from_place.weight @ state + net.point.from_state.weight @ hidden)
                for state in states
            ]
            assert torch.allclose(net(points, answers)[question, step], torch.stack(expected))
            place = int(answers[question, step])
            given = net.embed(points[question, place]) if place < 4 else net.start


NETS = {
    "pointer": lambda: PointerLSTM(inputs=2, width=8),
    "fixed": lambda: FixedLSTM(inputs=2, width=8, most=7),
    "attention": lambda: AttentionLSTM(inputs=2, width=8, most=7),
    "transformer": lambda: PointTransformer(inputs=2, width=8, heads=2, layers=2, hidden=12),
}


@pytest.mark.parametrize("name", NETS)
def test_a_free_answer_is_the_likeliest_place_of_each_forced_step(name: str) -> None:
    torch.manual_seed(2)
    net = NETS[name]()
    points = torch.rand(40, 5, 2)
    order = torch.cat((points[..., 0].argsort(1), torch.full((40, 1), 5)), dim=1)
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-2)
    for _ in range(60):  # so that answers differ from question to question and from step to step
        loss = F.cross_entropy(net(points, order).mT, order)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    answers = net.answer(points)
    assert answers.shape == (40, 6)
    assert len({tuple(row) for row in answers.tolist()}) > 3
    assert (answers[:, 1:] != answers[:, :-1]).float().mean() > 0.3
    likeliest = net(points, answers).argmax(-1)
    for answer, right in zip(answers.tolist(), likeliest.tolist(), strict=True):
        steps = answer.index(5) + 1 if 5 in answer else 6
        assert answer[:steps] == right[:steps]
        assert answer[steps:] == [5] * (6 - steps)


@pytest.mark.parametrize("name", NETS)
def test_every_weight_is_trained(name: str) -> None:
    net = NETS[name]()
    scores: Tensor = net(torch.rand(4, 5, 2), torch.tensor([[0, 1, 2, 5, 5, 5]] * 4))
    scores.square().sum().backward()
    for path, weight in net.named_parameters():
        assert weight.grad is not None, path
        assert weight.grad.abs().sum() > 0, path


@torch.no_grad()
def test_places_without_a_name_cannot_be_answered() -> None:
    net = FixedLSTM(inputs=1, width=5, most=3)
    scores = net(torch.rand(2, 7, 1), torch.zeros(2, 4, dtype=torch.long))
    assert scores.shape == (2, 4, 8)
    assert scores.isfinite().all(0).all(0).tolist() == [True] * 3 + [False] * 4 + [True]
    net.name.bias[-1] = 99
    assert net.answer(torch.rand(2, 7, 1)).tolist() == [[7] * 8] * 2
    small = net(torch.rand(2, 2, 1), torch.zeros(2, 4, dtype=torch.long))
    assert small.shape == (2, 4, 3)
    assert small.isfinite().all()


@torch.no_grad()
def test_attention_mixes_the_states_that_it_would_point_at() -> None:
    torch.manual_seed(1)
    net = AttentionLSTM(inputs=2, width=6, most=7).double()
    points, answers = torch.rand(3, 4, 2, dtype=torch.double), torch.tensor([[2, 0, 1, 4], [3, 1, 4, 4], [0, 2, 3, 1]])
    scores = net(points, answers)
    for question in range(3):
        hidden = cell = torch.zeros(6, dtype=torch.double)
        read, write = cell_of(net.read), cell_of(net.write)
        states = []
        for point in points[question]:
            hidden, cell = read(net.embed(point), (hidden, cell))
            states.append(hidden)
        given = net.start
        for step in range(4):
            hidden, cell = write(given, (hidden, cell))
            fits = [
                torch.exp(
                    net.attend.score.weight[0]
                    @ torch.tanh(net.attend.from_place.weight @ state + net.attend.from_state.weight @ hidden)
                )
                for state in states
            ]
            mixed = sum(fit * state for fit, state in zip(fits, states, strict=True)) / sum(fits)
            names = net.name.weight[:, :6] @ hidden + net.name.weight[:, 6:] @ mixed + net.name.bias
            assert torch.allclose(scores[question, step], torch.stack([*names[:4], names[7]]))
            place = int(answers[question, step])
            given = net.embed(points[question, place]) if place < 4 else net.start


def test_the_additive_pointer_is_the_formula() -> None:
    pointer = AdditivePointer(4).double()
    states, places = torch.randn(2, 3, 4, dtype=torch.double), torch.randn(2, 5, 4, dtype=torch.double)
    scores = pointer(states, places)
    v, w1, w2 = pointer.score.weight[0], pointer.from_place.weight, pointer.from_state.weight
    for b, t, j in [(0, 0, 0), (1, 2, 4), (0, 1, 3)]:
        assert torch.allclose(scores[b, t, j], v @ torch.tanh(w1 @ places[b, j] + w2 @ states[b, t]))


def test_a_decoder_reads_the_points_one_step_late() -> None:
    embedded, start = torch.arange(6.0).view(1, 3, 2), torch.tensor([-1.0, -2.0])
    read = previous(embedded, start, torch.tensor([[2, 3, 0, 1]]))
    assert read.tolist() == [[[-1, -2], [4, 5], [-1, -2], [0, 1]]]


def test_what_follows_an_end_is_the_end() -> None:
    assert filled(torch.tensor([[1, 3, 2], [3, 0, 3], [0, 1, 2]]), 3).tolist() == [[1, 3, 3], [3, 3, 3], [0, 1, 2]]
