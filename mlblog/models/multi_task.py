"""Several tasks of one picture: an encoder that all share, and a head for each.

Dimensions: B pictures of S × S pixels, code numbers of a code.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn


class MultiTaskNetwork(nn.Module):
    """Two convolutions with stride 2 and a linear map to a code, and for each task two linear maps from it.

    Args:
        outputs: by task, how many numbers its head gives.
        channels: of the first and the second convolution.
        side: S, a multiple of 4.
        code: numbers that all tasks share; the size of the heads depends on it alone.
        hidden: units of a head.

    Raises:
        ValueError: no tasks, or a side that is no multiple of 4.

    Example:
        >>> import torch
        >>> net = MultiTaskNetwork({"kind": 4, "place": 2}, channels=(3, 5), side=8)
        >>> {task: tuple(said.shape) for task, said in net(torch.zeros(7, 3, 8, 8)).items()}
        {'kind': (7, 4), 'place': (7, 2)}

    References:
        [standley2020which]: a shared encoder and a decoder a task; here both are far smaller.
    """

    def __init__(
        self, outputs: Mapping[str, int], *, channels: tuple[int, int], side: int, code: int = 24, hidden: int = 32
    ) -> None:
        super().__init__()
        if not outputs or side % 4:
            raise ValueError(f"a task or more, and a multiple of 4, expected, given {dict(outputs)} and {side}")
        first, second = channels
        self.encoder = nn.Sequential(
            nn.Conv2d(3, first, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(first, second, 3, stride=2, padding=1), nn.ReLU(),
            nn.Flatten(), nn.Linear(second * (side // 4) ** 2, code), nn.ReLU(),
        )  # fmt: skip
        self.heads = nn.ModuleDict({
            task: nn.Sequential(nn.Linear(code, hidden), nn.ReLU(), nn.Linear(hidden, count))
            for task, count in outputs.items()
        })  # fmt: skip

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Answers by task: (B, 3, S, S) to (B, outputs) each."""
        shared = self.encoder(images)
        return {task: head(shared) for task, head in self.heads.items()}


def encoder_cost(channels: tuple[int, int], *, side: int, code: int = 24) -> int:
    """Multiplications of the encoder of a `MultiTaskNetwork` for one picture.

    Example:
        >>> encoder_cost((1, 1), side=4, code=1)
        118
    """
    first, second = channels
    half, quarter = (side // 2) ** 2, (side // 4) ** 2
    return half * 27 * first + quarter * 9 * first * second + quarter * second * code


def channels_for(cost: float, *, side: int, code: int = 24) -> tuple[int, int]:
    """The channels whose encoder comes nearest to a cost, the second convolution with about twice those of the first.

    Args:
        cost: multiplications for one picture.
        side: S.
        code: numbers of the code.

    Example:
        >>> channels_for(encoder_cost((8, 16), side=16), side=16)
        (8, 16)
    """
    pairs = [(w, v) for w in range(1, 65) for v in range(max(1, 3 * w // 2), 5 * w // 2 + 1)]
    return min(pairs, key=lambda pair: abs(encoder_cost(pair, side=side, code=code) - cost))
