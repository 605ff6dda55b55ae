"""The neural Turing machine: a network beside a memory that it addresses by content and by place [graves2014neural].

Dimensions: B sequences, T steps, I inputs, O outputs, N places of memory, M numbers a place, S shifts, W controller.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SHIFTS = 3  # one place back, none, one on


class Address(NamedTuple):
    """What a head says about where to go.

    Attributes:
        key: (B, M), what to look for.
        strength: (B,), β ≥ 0: how much better the best fit must be.
        gate: (B,), g in [0, 1]: 1 goes where the key fits, 0 starts from where the head was.
        shift: (B, S) shares of moving by -1, 0 and 1.
        power: (B,), γ ≥ 1: how much the result is sharpened.
    """

    key: Tensor
    strength: Tensor
    gate: Tensor
    shift: Tensor
    power: Tensor


def content_weights(memory: Tensor, key: Tensor, strength: Tensor) -> Tensor:
    """Where the memory resembles a key: softmax over places of β cos(k, m).

    Args:
        memory: (B, N, M).
        key: (B, M).
        strength: (B,), β.

    Returns:
        (B, N) weights that sum to one.

    References:
        [graves2014neural], eqs. 5 and 6.
    """
    cosine = (F.normalize(memory, dim=-1, eps=1e-6) @ F.normalize(key, dim=-1, eps=1e-6)[..., None]).squeeze(-1)
    return (strength[:, None] * cosine).softmax(-1)


def shifted(weights: Tensor, shift: Tensor) -> Tensor:
    """Weights moved along the ring of places: a circular convolution.

        w̃[i] = Σ_j w[i - j] s[j],  j = -(S-1)/2 … (S-1)/2,  places counted modulo N

    Args:
        weights: (B, N).
        shift: (B, S), S odd, from the farthest step back to the farthest on.

    Returns:
        (B, N)

    Raises:
        ValueError: S is even.

    Example:
        >>> shifted(torch.tensor([[0.0, 0.0, 1.0]]), torch.tensor([[0.0, 0.0, 1.0]])).tolist()  # one on, round the ring
        [[1.0, 0.0, 0.0]]

    References:
        [graves2014neural], eq. 8.
    """
    count = shift.shape[-1]
    if count % 2 == 0:
        raise ValueError(f"{count} shifts have no middle; give an odd number of them")
    moved = torch.stack([weights.roll(j - count // 2, dims=-1) for j in range(count)], dim=-1)  # (B, N, S)
    return (moved @ shift[..., None]).squeeze(-1)


def addressed(memory: Tensor, previous: Tensor, address: Address) -> Tensor:
    """The weights of a head: by content, mixed with where it was, moved, sharpened.

    Args:
        memory: (B, N, M).
        previous: (B, N), the head's weights one step before.
        address: what the head says.

    Returns:
        (B, N) weights that sum to one.

    References:
        [graves2014neural], eqs. 5 to 9.
    """
    content = content_weights(memory, address.key, address.strength)
    mixed = address.gate[:, None] * content + (1 - address.gate[:, None]) * previous
    moved = shifted(mixed, address.shift)
    # γ multiplies logarithms, so that a weight of 1e-30 to the power of 9 is no zero in the sum
    return (address.power[:, None] * moved.clamp_min(torch.finfo(moved.dtype).tiny).log()).softmax(-1)


class State(NamedTuple):
    """What a machine carries from step to step.

    Attributes:
        memory: (B, N, M).
        reading: (B, N), weights of the head that reads.
        writing: (B, N), weights of the one that writes.
        read: (B, M), what was read.
    """

    memory: Tensor
    reading: Tensor
    writing: Tensor
    read: Tensor


class NTM(nn.Module):
    """A feed-forward controller with one head that writes and one that reads.

    The controller keeps nothing from one step to the next, so whatever the machine remembers is in its memory or in
    where its heads are. Both begin at place 0 of a memory of learned, equal rows, so that any number of places will do.

    Args:
        inputs: I.
        outputs: O.
        controller: W.
        width: M.

    Example:
        >>> net = NTM(inputs=3, outputs=2, controller=8, width=4)
        >>> net(torch.zeros(5, 7, 3), places=6).shape
        torch.Size([5, 7, 2])

    References:
        [graves2014neural], section 3.
    """

    def __init__(self, *, inputs: int, outputs: int, controller: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.think = nn.Linear(inputs + width, controller)
        self._head = width + 3 + SHIFTS
        self.say = nn.Linear(controller, 2 * self._head + 2 * width)  # two addresses, what to erase, what to add
        self.out = nn.Linear(controller + width, outputs)
        self.blank = nn.Parameter(0.1 * torch.randn(width))

    def start(self, batch: int, places: int) -> State:
        """The state before the first step: a blank memory of `places` places, heads at the first."""
        memory = self.blank.expand(batch, places, -1)
        first = F.one_hot(torch.zeros(batch, dtype=torch.long, device=memory.device), places).to(memory)
        return State(memory, first, first, memory.new_zeros(batch, self.width))

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Read x (B, I), write, read; return logits (B, O) and the state after it."""
        thought = torch.tanh(self.think(torch.cat((x, state.read), dim=-1)))
        heads, erase, add = torch.split(self.say(thought), [2 * self._head, self.width, self.width], dim=-1)
        to_write, to_read = self._addresses(heads)
        writing = addressed(state.memory, state.writing, to_write)
        # m[i] ← m[i] (1 - w[i] e) + w[i] a
        kept = 1 - writing[..., None] * erase.sigmoid()[:, None]
        memory = state.memory * kept + writing[..., None] * add[:, None]
        reading = addressed(memory, state.reading, to_read)
        read = (reading[:, None] @ memory).squeeze(1)
        return self.out(torch.cat((thought, read), dim=-1)), State(memory, reading, writing, read)

    def forward(self, x: Tensor, places: int) -> Tensor:
        """Logits (B, T, O) for x (B, T, I), with a memory of `places` places."""
        state, found = self.start(len(x), places), []
        for t in range(x.shape[1]):
            y, state = self.step(x[:, t], state)
            found.append(y)
        return torch.stack(found, dim=1)

    def _addresses(self, said: Tensor) -> tuple[Address, Address]:
        """What the controller says to the head that writes, and to the one that reads."""
        both = said.view(-1, 2, self._head)
        key, scalars, shift = torch.split(both, [self.width, 3, SHIFTS], dim=-1)
        parts = key.tanh(), F.softplus(scalars), scalars.sigmoid(), shift.softmax(-1)
        writing, reading = (
            Address(keys, sizes[:, 0], gates[:, 1], shifts, 1 + sizes[:, 2])
            for keys, sizes, gates, shifts in zip(*(part.unbind(1) for part in parts), strict=True)
        )
        return writing, reading
