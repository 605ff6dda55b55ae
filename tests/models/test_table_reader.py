"""Readers of tables against loops in NumPy, and what they do with the order and the number of rows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from mlblog.models.table_reader import Layers, RowReader, TableReader

QUESTION = torch.tensor([[3, 1, 4], [1, 5, 2]])


def inputs(rows: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(rows)
    return (
        torch.rand(2, rows, 3, dtype=torch.float64, generator=generator),
        torch.rand(2, dtype=torch.float64, generator=generator),
    )


def layers(net: Layers, x: np.ndarray) -> np.ndarray:
    """One vector at a time."""
    weights = [(w.detach().numpy(), b.detach().numpy()[0]) for w, b in zip(net.weights, net.biases, strict=True)]
    for i, (weight, bias) in enumerate(weights):
        x = weight.T @ (np.maximum(x, 0) if i else x) + bias
    return x


def test_a_reader_thinks_about_question_table_and_pivot() -> None:
    torch.manual_seed(0)
    net, (table, pivot) = TableReader(6, 3, rows=5, width=4).double(), inputs(5)
    encoded = net.read(QUESTION).detach().numpy()
    for b, found in enumerate(net(QUESTION, table, pivot).tolist()):
        seen = np.concatenate([encoded[b], table[b].numpy().ravel(), [pivot[b].item()]])
        assert found == pytest.approx(layers(net.think, seen)[0])


@pytest.mark.parametrize("rows", [5, 1])
def test_a_reader_of_rows_adds_up_and_compares_what_it_sees(rows: int) -> None:
    torch.manual_seed(1)
    net, (table, pivot) = RowReader(6, 3, width=4).double(), inputs(rows)
    encoded = net.read(QUESTION).detach().numpy()
    for b, found in enumerate(net(QUESTION, table, pivot).tolist()):
        looks = [
            np.maximum(layers(net.look, np.concatenate([encoded[b], row, [pivot[b].item()]])), 0)
            for row in table[b].numpy()
        ]
        thought = np.concatenate([np.sum(looks, axis=0), np.max(looks, axis=0), encoded[b]])
        assert found == pytest.approx(layers(net.think, thought)[0])


def test_the_order_of_rows_is_nothing_to_a_reader_of_rows() -> None:
    torch.manual_seed(2)
    table, pivot = inputs(5)
    rows, flat = RowReader(6, 3, width=4).double(), TableReader(6, 3, rows=5, width=4).double()
    torch.testing.assert_close(rows(QUESTION, table.flip(1), pivot), rows(QUESTION, table, pivot))
    assert not torch.allclose(flat(QUESTION, table.flip(1), pivot), flat(QUESTION, table, pivot))


@torch.no_grad()
def test_copies_answer_what_each_would_alone() -> None:
    torch.manual_seed(3)
    table, pivot = inputs(5)
    for made in (lambda copies: TableReader(6, 3, rows=5, width=4, copies=copies),
                 lambda copies: RowReader(6, 3, width=4, copies=copies)):  # fmt: skip
        together, alone = made((2,)).double(), made(()).double()
        found = together(QUESTION, table, pivot)
        assert found.shape == (2, 2)
        for i in range(2):
            alone.load_state_dict({name: weight[i] for name, weight in together.state_dict().items()})
            torch.testing.assert_close(found[i], alone(QUESTION, table, pivot))
