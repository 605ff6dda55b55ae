"""What the networks that answer questions about tables are given, and how their answers are scored."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from parts import ran
from torch import Tensor, nn

from mlblog.data.questions import WORDS, answer
from mlblog.experiments import programs
from mlblog.experiments.programs import ARMS, EXAMPLES, RATES, Asked, Programmer, network, off, right_kinds, share


def asked(*questions: tuple[str, ...], rows: int = 4) -> Asked:
    """Each question of a table of its own, with the answer by Python."""
    rng = np.random.default_rng(len(questions))
    tables, pivots = rng.random((len(questions), rows, 3)), rng.uniform(0.2, 0.8, len(questions))
    whole = [(*words, "nothing", "nothing")[:4] for words in questions]
    right = [answer(table, [*words], pivot) for table, words, pivot in zip(tables, whole, pivots, strict=True)]
    numbers = torch.tensor([[WORDS.index(word) for word in words] for words in whole])
    return Asked(numbers, torch.from_numpy(tables).float(), torch.from_numpy(pivots).float(), torch.tensor(right))


def drawn(count: int, seed: int) -> Asked:
    return programs._drawn(count, 4, 1, seed, "cpu")


SOME = asked(*EXAMPLES[2], ("sum", "column 0", "below", "column 2"), ("max", "column 1", "above", "column 0"))


class Planted(nn.Module):
    """Answers that are off by a little, or by another little if they are hard; of two copies, one is right."""

    def forward(self, words: Tensor, tables: Tensor, pivots: Tensor, hard: bool = False) -> Tensor:
        errors = torch.tensor([0.0, 5e-5, -0.01, 0.04, -0.2])
        return SOME.answers + torch.stack((errors, 0 * errors)) * (0.1 if hard else 1)


def test_soft_answers_may_be_off_by_a_twentieth_and_hard_ones_by_rounding() -> None:
    assert share(Planted(), SOME).tolist() == pytest.approx([4 / 5, 1])
    assert share(Planted(), SOME, hard=True).tolist() == pytest.approx([2 / 5, 1])
    assert off(Planted(), SOME).tolist() == pytest.approx([0.25005 / 5, 0], rel=1e-4)


def test_a_kind_of_question_is_right_if_all_of_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    right = torch.tensor([[1, 1, 0, 1, 1, 1], [1, 1, 1, 1, 1, 0]]).bool()
    monkeypatch.setattr(programs, "_right", lambda net, some, hard: right if hard else ~right)
    words = torch.tensor([[0, 6, 5, 5], [1, 6, 5, 5], [0, 6, 5, 5], [1, 6, 3, 7], [1, 6, 3, 7], [1, 6, 3, 8]])
    found = right_kinds(Programmer(4, 1, ()), SOME._replace(words=words))
    assert found.tolist() == [3 / 4, 3 / 4]


def test_programmers_have_the_steps_they_need_or_two_to_spare() -> None:
    for operations in (1, 2):
        nets = [network(arm, operations, rows=4, width=8) for arm in ARMS[:2]]
        lengths = [net.write.steps for net in nets if isinstance(net, Programmer)]
        assert lengths == [operations, operations + 2]


@pytest.mark.parametrize("arm", ARMS)
def test_copies_begin_alike_and_see_all_that_is_asked(arm: str) -> None:
    torch.manual_seed(1)
    net = network(arm, 2, rows=4, width=8)
    with torch.no_grad():
        found = net(*SOME[:3])
        assert found.shape == (len(RATES), 5)
        torch.testing.assert_close(found, found[:1].expand_as(found))
        for part in ("tables", "words"):
            other = SOME._replace(**{part: getattr(SOME, part).roll(1, 0)})
            assert not torch.allclose(net(*other[:3]), found)
        assert not torch.allclose(net(*SOME._replace(pivots=1 - SOME.pivots)[:3]), found)


def test_programs_of_the_examples_are_those_it_writes_for_them() -> None:
    torch.manual_seed(2)
    net = Programmer(8, 2, (1,))
    kept = programs.programs(net, 2)
    written = net.write(asked(*EXAMPLES[2]).words)
    assert kept.shape == (1, 3, 2, 8)
    np.testing.assert_allclose(kept[..., :5], written.operations.detach().numpy(), rtol=1e-6)
    np.testing.assert_allclose(kept[..., 5:], written.columns.detach().numpy(), rtol=1e-6)


def test_each_copy_is_trained_at_its_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rate of zero leaves weights, answers and programs; at another, questions of one operation are learned."""
    monkeypatch.setattr(programs, "RATES", (0.0, 1e-1))
    torch.manual_seed(0)
    net, taught, known = network("programmer", 1, rows=4, width=12), drawn(800, 1), drawn(200, 2)
    curve, written = programs._trained(net, taught, known, operations=1, steps=100, batch=32, seed=0)
    assert curve.shape == (2, len(written)) == (2, 11)
    assert (curve[0] == curve[0, 0]).all()
    assert curve[1, -1] < curve[1, 0] / 20
    assert (written[-1][0] == written[0][0]).all()
    assert (written[-1][1] != written[0][1]).all()
    found = F.huber_loss(net(*known[:3])[1], known.answers)
    assert curve[1, -1] == pytest.approx(found.item(), rel=1e-5)


def test_steps_are_counted_by_the_operation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "ARMS", ("reader", "spare steps"))
    taken: list[int] = []
    real = programs.step_apart
    monkeypatch.setattr(programs, "step_apart", lambda *given: (taken.append(1), real(*given))[1])
    found = ran("table_programs", steps=3).values
    assert len(taken) == 2 * (3 + 6)
    assert found["programs spare steps 2"].shape[2:] == (3, 4, 8)
    assert found["weights spare steps 1"] == found["weights spare steps 2"]
    assert not any(name.startswith(("longer reader", "hard reader")) for name in found)
