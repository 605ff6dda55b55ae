"""An autoencoder whose code is one layer of units, and what keeps that code from being a copy.

    h = s(V x + b),   x̂ = W h + c

Dimensions: B batch, D features (pixels), H units of the code.
"""

from __future__ import annotations

from torch import Tensor, nn


class Autoencoder(nn.Module):
    """A code of one layer and a linear way back.

    Args:
        pixels: D.
        units: H; fewer than D for a bottleneck, more for an over-complete code.
        linear: whether s is the identity; otherwise the logistic function.

    Example:
        >>> import torch
        >>> net = Autoencoder(9, 4)
        >>> net(torch.rand(3, 9)).shape
        torch.Size([3, 9])

    References:
        [vincent2008extracting], section 2.2, with weights that are not tied; [baldi1989neural] for the linear one.
    """

    def __init__(self, pixels: int, units: int, *, linear: bool = False) -> None:
        super().__init__()
        self.linear = linear
        self.encoder = nn.Linear(pixels, units)
        self.decoder = nn.Linear(units, pixels)

    def encode(self, x: Tensor) -> Tensor:
        """The code of each example: (…, D) to (…, H)."""
        inputs: Tensor = self.encoder(x)
        return inputs if self.linear else inputs.sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        """What the code says of each example: (…, D) to (…, D)."""
        made: Tensor = self.decoder(self.encode(x))
        return made


def masked(x: Tensor, kept: Tensor, *, rate: float) -> Tensor:
    """The corruption of a denoising autoencoder: about a share `rate` of the features becomes 0.

    Args:
        x: (…, D).
        kept: (…, D) uniform on [0, 1); where it is below `rate`, the feature goes.
        rate: in [0, 1).

    Returns:
        (…, D).

    Raises:
        ValueError: the rate is outside [0, 1).

    References:
        [vincent2008extracting], section 2.3.
    """
    if not 0 <= rate < 1:
        raise ValueError(f"a rate in [0, 1) expected, given {rate}")
    return x * (kept >= rate)


def reconstruction_loss(made: Tensor, x: Tensor) -> Tensor:
    """Squared error summed over features: (…, D), (…, D) to (…).

    A denoising autoencoder is asked for the clean `x`, whatever it was shown.
    """
    if made.shape != x.shape:
        raise ValueError(f"equal shapes expected, given {tuple(made.shape)} and {tuple(x.shape)}")
    return (made - x).square().sum(-1)


def contractive_penalty(code: Tensor, weight: Tensor) -> Tensor:
    """How much a logistic code moves with its input: the squared Frobenius norm of its Jacobian.

        ‖∂h / ∂x‖² = sum over j of (h_j (1 - h_j))² · sum over i of V_ji²

    Args:
        code: (…, B, H) logistic units, in [0, 1].
        weight: (…, H, D), V.

    Returns:
        (…, B).

    References:
        [rifai2011contractive], eq. 1 and 2.
    """
    slopes = code * (1 - code)
    lengths = weight.square().sum(-1)  # (…, H)
    return (slopes.square() * lengths.unsqueeze(-2)).sum(-1)


def sparsity_penalty(code: Tensor) -> Tensor:
    """The sum of the units, all of them at least 0: (…, H) to (…). Its gradient pushes each towards being off."""
    return code.abs().sum(-1)
