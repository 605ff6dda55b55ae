"""Positions against their properties, complex multiplication and a lookup."""

import cmath
import math

import pytest
import torch
from torch import Tensor, nn

from mlblog.models.positions import (
    LearnedPositions,
    SinusoidalPositions,
    rotate_by_place,
    rotation_rates,
    shift_matrix,
    sinusoidal_positions,
)

B, H, T, D = 2, 3, 7, 10


def exact(place: int) -> list[float]:
    """The encoding of a place, by the formula, one feature at a time."""
    angles = [place / 10_000 ** (2 * (i // 2) / D) for i in range(D)]
    return [math.sin(angle) if i % 2 == 0 else math.cos(angle) for i, angle in enumerate(angles)]


@pytest.mark.parametrize("offset", [0, 1, 17, -4])
def test_a_shift_is_one_rotation_for_all_places(offset: int) -> None:
    table = torch.tensor([exact(place) for place in range(40)], dtype=torch.float64)
    moved = torch.tensor([exact(place + offset) for place in range(40)], dtype=torch.float64)
    turn = shift_matrix(offset, D)
    torch.testing.assert_close(table @ turn.T, moved, rtol=0, atol=1e-12)
    torch.testing.assert_close(turn @ turn.T, torch.eye(D, dtype=torch.float64), rtol=0, atol=1e-12)
    assert torch.linalg.det(turn).item() == pytest.approx(1)


def test_the_table_is_that_of_the_formula() -> None:
    table = torch.tensor([exact(place) for place in range(T)])
    torch.testing.assert_close(sinusoidal_positions(T, D), table, rtol=0, atol=1e-5)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_rotation_is_complex_multiplication() -> None:
    x = random(B, H, T, D)
    y = rotate_by_place(x)
    assert y.shape == x.shape
    for place in range(T):
        for i in range(D // 2):
            turn = cmath.exp(1j * place * 10_000 ** (-2 * i / D))
            for b in range(B):
                for h in range(H):
                    pair = complex(*x[b, h, place, 2 * i : 2 * i + 2].tolist()) * turn
                    assert y[b, h, place, 2 * i : 2 * i + 2].tolist() == pytest.approx([pair.real, pair.imag])


def test_rotated_products_depend_on_the_offset_alone() -> None:
    q, k = random(1, D), random(1, D, seed=1)

    def product(t: int, s: int) -> float:
        return (rotate_by_place(q, torch.tensor([t])) @ rotate_by_place(k, torch.tensor([s])).T).item()

    for offset in (0, 1, 5):
        values = [product(s + offset, s) for s in (0, 3, 100, 5000)]
        assert values == pytest.approx([values[0]] * 4, abs=1e-9)
    assert abs(product(3, 0) - product(0, 3)) > 0.1  # the sign of the offset counts


def test_added_sinusoids_do_not_have_that_property_behind_projections() -> None:
    """q = W(x + PE(t)), k = V(y + PE(s)): the same offset gives other products at other places."""
    table, w, v = sinusoidal_positions(30, D).double(), random(D, D), random(D, D, seed=1)
    products = [((table[s + 2] @ w.T) @ (table[s] @ v.T)).item() for s in range(20)]
    assert max(products) - min(products) > 1


def test_given_places_are_those_of_each_example() -> None:
    x = random(B, T, D)
    places = torch.stack((torch.arange(T), torch.arange(T) + 4))
    got = rotate_by_place(x, places)
    torch.testing.assert_close(got[0], rotate_by_place(x[0]), rtol=0, atol=1e-12)
    longer = torch.cat((torch.zeros(4, D, dtype=torch.float64), x[1]))
    torch.testing.assert_close(got[1], rotate_by_place(longer)[4:], rtol=0, atol=1e-12)


def test_learned_positions_are_an_embedding_added() -> None:
    ours, theirs = LearnedPositions(longest=9, width=D).double(), nn.Embedding(9, D, dtype=torch.float64)
    theirs.load_state_dict({"weight": ours.table.data})
    x = random(B, T, D).requires_grad_()
    got, expected = ours(x), x + theirs(torch.arange(T))
    assert torch.equal(got, expected)
    upstream = random(B, T, D, seed=3)
    (mine,), (right,) = (
        torch.autograd.grad(y, [table], upstream) for y, table in [(got, ours.table), (expected, theirs.weight)]
    )
    torch.testing.assert_close(mine, right)
    assert ours.table.std().item() == pytest.approx(0.02, rel=0.3)


@pytest.mark.parametrize("kind", [LearnedPositions, SinusoidalPositions])
def test_a_string_may_begin_anywhere(kind: type[LearnedPositions | SinusoidalPositions]) -> None:
    add, x = kind(longest=9, width=D), random(B, T, D).float()
    longer = torch.cat((torch.zeros(B, 2, D), x), dim=1)
    torch.testing.assert_close(add(x, 2), add(longer)[:, 2:], rtol=0, atol=0)


def test_added_sinusoids_are_those_of_the_formula() -> None:
    x = random(T, D).float()
    right = x + torch.tensor([exact(place) for place in range(T)])
    torch.testing.assert_close(SinusoidalPositions(9, D)(x), right, rtol=0, atol=1e-5)


def test_what_has_no_place_is_refused() -> None:
    with pytest.raises(ValueError, match=r"T ≤ 4, 10\), given \(7, 10\)"):
        LearnedPositions(longest=4, width=D)(torch.zeros(T, D))
    with pytest.raises(ValueError, match=r"SinusoidalPositions expects .* given \(7, 10\) from place 3"):
        SinusoidalPositions(longest=9, width=D)(torch.zeros(T, D), 3)
    with pytest.raises(ValueError, match="given 5"):
        rotation_rates(5)
