"""A transformer that applies one block again and again, and decides at each place how often.

Dimensions: … any leading axes such as a batch, T places, D width, M steps at most.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from mlblog.models.placed import PlacedBlock, Scores, dot_scores
from mlblog.models.ponder import Halting, halting_weights
from mlblog.models.transformer import sinusoidal_positions


class UniversalTransformer(nn.Module):
    """An encoder whose steps share one block; a place that has halted keeps its state, and others still see it.

        s_n = block(s_(n - 1) + P(n)) where a place still runs, else s_(n - 1)
        h_n = sigmoid(w' s_n + c),   output = LN(p_1 s_1 + … + p_N s_N) at each place

    P(n) at place t is the sinusoid of t plus that of n, added at every step; the p_n are those of
    `mlblog.models.ponder.halting_weights`.

    Args:
        tokens: how many different ones there are.
        symbols: how many can be answered.
        width: D, a multiple of `heads`. heads: H. hidden: width of the feed-forward layer.
        most: M, steps after which every place halts.
        tied: whether all steps share one block, or step n has the n-th of M.
        adaptive: whether places halt by themselves; else all take M steps, and the last state is the output.
        places: whether P(n) has the sinusoid of the place, or that of the step alone.
        scores: makes the scores of each block's attention.
        epsilon: see `halting_weights`.

    Raises:
        ValueError: no step.

    Example:
        >>> net = UniversalTransformer(9, 7, width=12, heads=3, hidden=16, most=4)
        >>> logits, halting = net(torch.zeros(2, 5, dtype=torch.long))
        >>> logits.shape, halting.steps.shape
        (torch.Size([2, 5, 7]), torch.Size([2, 5]))

    References:
        [dehghani2019universal], section 2.1 with eqs. 4 to 7, section 2.2 on halting. Two things differ: norms are
        within the branches, as in `mlblog.models.transformer`, and the halting unit reads the state after a step, as
        in [graves2016adaptive].
    """

    def __init__(
        self,
        tokens: int,
        symbols: int,
        *,
        width: int,
        heads: int,
        hidden: int,
        most: int,
        tied: bool = True,
        adaptive: bool = True,
        places: bool = True,
        scores: Callable[[], Scores] = lambda: dot_scores,
        epsilon: float = 0.01,
    ) -> None:
        super().__init__()
        if most < 1:
            raise ValueError(f"at least one step expected, given most={most}")
        self.most, self.places, self.epsilon, self.tied = most, places, epsilon, tied
        self.embedding = nn.Embedding(tokens, width)
        self.blocks = nn.ModuleList(PlacedBlock(width, heads, hidden, scores()) for _ in range(1 if tied else most))
        self.halt = nn.Linear(width, 1) if adaptive else None
        self.norm, self.name = nn.LayerNorm(width), nn.Linear(width, symbols)

    def forward(self, tokens: Tensor, start: int = 0, most: int | None = None) -> tuple[Tensor, Halting]:
        """Score the symbols.

        Args:
            tokens: (…, T) whole numbers.
            start: the place of the first one.
            most: steps at most, in place of M; more than M only if the block is shared.

        Returns:
            Logits, (…, T, symbols), and how each place halted, (…, T).

        Raises:
            ValueError: no step, or more steps than there are blocks.
        """
        most = self.most if most is None else most
        if most < 1 or (most > self.most and not self.tied):
            raise ValueError(f"steps from 1, and to {self.most} where each has a block, expected; given {most}")
        state = self.embedding(tokens)
        places = torch.arange(start, start + tokens.shape[-1], device=tokens.device)
        table = sinusoidal_positions(max(int(places[-1]), most) + 1, state.shape[-1], tokens.device).to(state.dtype)
        said, states, halts = torch.zeros_like(state[..., 0]), list[Tensor](), list[Tensor]()
        for step in range(most):
            known = table[step + 1] + table[places] if self.places else table[step + 1]
            found = self.blocks[0 if self.tied else step](state + known, places)
            state = torch.where((said < 1 - self.epsilon)[..., None], found, state)
            states.append(state)
            if self.halt is None:
                halts.append(torch.full_like(said, float(step == most - 1)))
            else:
                halts.append(self.halt(state)[..., 0].sigmoid())
            said = said + halts[-1].detach()
        halting = halting_weights(torch.stack(halts, dim=-1), epsilon=self.epsilon)
        mean = (halting.weights[..., None] * torch.stack(states, dim=-2)).sum(-2)
        return self.name(self.norm(mean)), halting
