"""The neural Turing machine: addresses computed by hand, convolutions by Fourier transform."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from mlblog.models.ntm import NTM, Address, addressed, content_weights, shifted


def numbers(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, dtype=torch.double, generator=torch.Generator().manual_seed(seed))


def test_content_is_the_softmax_of_cosines() -> None:
    memory = torch.tensor([[[3.0, 4.0], [4.0, -3.0], [-6.0, -8.0]]])
    found = content_weights(memory, torch.tensor([[0.6, 0.8]]), torch.tensor([2.0]))
    fits = [math.exp(2), math.exp(0), math.exp(-2)]  # cosines 1, 0, -1
    assert found[0].tolist() == pytest.approx([fit / sum(fits) for fit in fits])


@pytest.mark.parametrize("count", [1, 3, 5])
def test_shifting_is_a_circular_convolution(count: int) -> None:
    """The transform of a circular convolution is the product of the transforms."""
    weights, shift = numbers(4, 7).softmax(-1), numbers(4, count, seed=1).softmax(-1)
    kernel = np.zeros((4, 7))
    for j in range(count):
        kernel[:, (j - count // 2) % 7] = shift[:, j]
    by_fourier = np.fft.irfft(np.fft.rfft(weights.numpy()) * np.fft.rfft(kernel), n=7)
    np.testing.assert_allclose(shifted(weights, shift).numpy(), by_fourier, atol=1e-14)


def test_an_even_number_of_shifts_has_no_middle() -> None:
    with pytest.raises(ValueError, match="odd"):
        shifted(torch.ones(1, 4) / 4, torch.ones(1, 2) / 2)


def test_an_address_by_hand() -> None:
    """Content and place half each, one on, to the power of 2."""
    memory = torch.tensor([[[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]])
    previous = torch.tensor([[0.0, 0.0, 1.0]])
    address = Address(
        torch.tensor([[0.0, 5.0]]), torch.tensor([math.log(2)]), torch.tensor([0.5]), torch.tensor([[0.0, 0.0, 1.0]]),
        torch.tensor([2.0]),
    )  # fmt: skip
    # cosines 0, 1, 0 give 1/4, 2/4, 1/4; with the place 1/8, 2/8, 5/8; moved 5/8, 1/8, 2/8; squared 25, 1, 4
    assert addressed(memory, previous, address)[0].tolist() == pytest.approx([25 / 30, 1 / 30, 4 / 30])


def test_sharpening_and_shifting_go_where_nothing_was() -> None:
    """A weight of zero stays all but zero, without a NaN, and so does its gradient."""
    previous = torch.tensor([[1.0, 0.0, 0.0, 0.0]], requires_grad=True)
    address = Address(
        torch.ones(1, 2), torch.ones(1), torch.zeros(1), torch.tensor([[0.0, 0.0, 1.0]]), torch.tensor([9.0])
    )
    found = addressed(torch.ones(1, 4, 2), previous, address)
    assert found[0].tolist() == pytest.approx([0, 1, 0, 0], abs=1e-6)
    found[0, 1].backward()
    assert previous.grad is not None
    assert previous.grad.isfinite().all()


@torch.no_grad()
def test_a_step_writes_and_reads_by_the_formula() -> None:
    torch.manual_seed(0)
    net, x = NTM(inputs=3, outputs=2, controller=5, width=4).double(), numbers(2, 3)
    start = net.start(2, 6)
    state = net.step(x, start)[1]
    # from an arbitrary state, with what a step says taken from the layers
    thought = torch.tanh(torch.cat((x, state.read), 1) @ net.think.weight.T + net.think.bias)
    said = thought @ net.say.weight.T + net.say.bias  # key 4, β, g, γ, 3 shifts; the same to read; erase 4, add 4
    y, after = net.step(x, state)
    for b in range(2):
        memory, place = state.memory[b].clone(), {}
        for head, at, before in (("write", 0, state.writing[b]), ("read", 10, state.reading[b])):
            key, (beta, gate, gamma), shift = (
                said[b, at : at + 4].tanh(),
                said[b, at + 4 : at + 7],
                said[b, at + 7 : at + 10],
            )
            beta, gate, gamma = math.log1p(math.exp(beta)), 1 / (1 + math.exp(-gate)), 1 + math.log1p(math.exp(gamma))
            fits = [beta * float(row @ key / (row.norm() * key.norm())) for row in memory]
            mixed = gate * torch.tensor(fits).softmax(0) + (1 - gate) * before
            back, stay, on = shift.softmax(0)
            moved = torch.stack([back * mixed[(i + 1) % 6] + stay * mixed[i] + on * mixed[i - 1] for i in range(6)])
            place[head] = moved**gamma / (moved**gamma).sum()
            if head == "write":
                erase, add = said[b, 20:24].sigmoid(), said[b, 24:28]
                for i in range(6):
                    memory[i] = memory[i] * (1 - place["write"][i] * erase) + place["write"][i] * add
        assert torch.allclose(after.memory[b], memory)
        assert torch.allclose(after.writing[b], place["write"])
        assert torch.allclose(after.reading[b], place["read"])
        read = sum(place["read"][i] * memory[i] for i in range(6))
        assert torch.allclose(after.read[b], read)
        assert torch.allclose(y[b], net.out.weight @ torch.cat((thought[b], read)) + net.out.bias)


def test_heads_begin_at_the_first_place_of_a_blank_memory() -> None:
    state = NTM(inputs=3, outputs=2, controller=5, width=4).start(2, 6)
    assert state.reading.tolist() == state.writing.tolist() == [[1, 0, 0, 0, 0, 0]] * 2
    assert bool((state.memory == state.memory[0, 0]).all())
    assert bool((state.read == 0).all())


def test_every_weight_is_trained() -> None:
    net = NTM(inputs=3, outputs=2, controller=5, width=4)
    net(torch.randn(2, 7, 3), places=6)[:, -2:].square().sum().backward()
    for path, weight in net.named_parameters():
        assert weight.grad is not None, path
        assert weight.grad.abs().sum() > 0, path


def test_what_comes_later_changes_nothing_before() -> None:
    net, x = NTM(inputs=3, outputs=2, controller=5, width=4), torch.randn(2, 7, 3)
    assert torch.equal(net(x, places=6)[:, :4], net(x[:, :4], places=6))
