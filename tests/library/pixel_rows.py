"""The rows for convolutions that say images or sounds one by one, and for mixtures of logistic distributions."""

from __future__ import annotations

import scipy.stats
import torch
import torch.nn.functional as F
from table import Row
from torch import Tensor, nn

from mlblog.models import gated_pixelcnn, logistic_mixture, masked_conv, pixel_recursive, wavenet

_generator = torch.Generator().manual_seed(13)


def numbers(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=_generator)


def masked(conv: nn.Conv2d) -> nn.Conv2d:
    """An ordinary convolution whose later weights were set to zero."""
    plain = nn.Conv2d(2, 3, 3, padding=1).to(conv.weight)
    plain.load_state_dict(conv.state_dict())
    with torch.no_grad():
        plain.weight[:, :, 1, 2] = 0
        plain.weight[:, :, 2] = 0
    return plain


def bells(said: Tensor, values: Tensor) -> Tensor:
    """log p of two components over one channel of seven levels, by SciPy."""
    shares, means, scales = said.detach().unflatten(-1, (3, 2)).unbind(-2)  # type: ignore[no-untyped-call]  # torch gives it no types
    bell = scipy.stats.logistic(means.numpy(), scales.exp().numpy())
    low = (values.double() - 0.5) / 3 - 1
    high = torch.where(values == 6, torch.inf, low + 1 / 3)
    low = torch.where(values == 0, -torch.inf, low)
    found = torch.from_numpy(bell.cdf(high.numpy()) - bell.cdf(low.numpy()))
    return (shares.softmax(-1) * found).sum(-1).log()


class _Enlarged(nn.Module):
    """Both logits of a network that makes images larger, for coarse images and a fixed choice of fine ones."""

    def __init__(self) -> None:
        super().__init__()
        self.net = pixel_recursive.PixelRecursiveSR(5, factor=2, width=6, layers=1)

    def forward(self, pixels: Tensor, coarse: Tensor) -> Tensor:
        return torch.cat(self.net(pixels, coarse), dim=1)


IMAGES = torch.randint(5, (4, 2, 3, 6), generator=_generator)
SOUNDS = torch.randint(5, (4, 9), generator=_generator)
LEVELS = torch.randint(7, (4, 3, 1), generator=_generator)

PIXELS = [
    Row("models.masked_conv.MaskedConv2d", lambda: masked_conv.MaskedConv2d(2, 3, 3, here=True),
        (numbers(4, 2, 5, 6),), masked, slack=2),
    Row("models.masked_conv.gated", lambda: masked_conv.gated, (numbers(4, 6, 2, 5),),
        lambda _: lambda x: F.glu(torch.cat((x[:, :3].tanh(), x[:, 3:]), dim=1), dim=1)),
    Row("models.masked_conv.shown", lambda: lambda x: masked_conv.shown(x, 5, torch.float64), (IMAGES,),
        lambda _: lambda x: torch.cat((x.double() / 2 - 1, torch.ones(len(x), 1, *x.shape[2:])), dim=1)),
    Row("models.masked_conv.Head", lambda: masked_conv.Head(6, 3), (numbers(4, 6, 2, 5),)),
    Row("models.masked_conv.MaskedLayer", lambda: masked_conv.MaskedLayer(6, 3), (numbers(4, 6, 4, 5),)),
    Row("models.masked_conv.PixelCNN", lambda: masked_conv.PixelCNN(2, 3, levels=5, width=8, layers=2), (IMAGES,)),
    Row("models.gated_pixelcnn.GatedLayer", lambda: gated_pixelcnn.GatedLayer(6, 3),
        (numbers(4, 6, 4, 5), numbers(4, 6, 4, 5)), batch=(0, 0)),
    Row("models.gated_pixelcnn.GatedPixelCNN",
        lambda: gated_pixelcnn.GatedPixelCNN(2, 3, levels=5, width=8, layers=2), (IMAGES,)),
    Row("models.logistic_mixture.DiscretizedMixLogistic",
        lambda: lambda x, v: logistic_mixture.DiscretizedMixLogistic(x, channels=1, levels=7).log_prob(v),
        (numbers(4, 3, 6), LEVELS), lambda _: lambda x, v: bells(x, v), batch=(0, 0), leading=True, slack=2),
    Row("models.logistic_mixture.mixture_size",
        lambda: lambda x: torch.full_like(x, logistic_mixture.mixture_size(x.shape[1], 3)), (torch.ones(4, 10).long(),),
        lambda _: lambda x: torch.full_like(x, 100)),
    Row("models.logistic_mixture.bits_of", lambda: lambda x: logistic_mixture.bits_of(x, 3), (numbers(4, 5),),
        lambda _: lambda x: -(x.exp().log2()) / 3, leading=True),
    Row("models.pixel_recursive.Enlarger", lambda: pixel_recursive.Enlarger(5, factor=2, width=6, layers=1),
        (numbers(4, 2, 3).sigmoid(),)),
    Row("models.pixel_recursive.PixelRecursiveSR", _Enlarged, (IMAGES[:, 0, :2], numbers(4, 1, 3).sigmoid()),
        batch=(0, 0)),
    Row("models.wavenet.mu_law_encode", lambda: lambda x: wavenet.mu_law_encode(x).to(x), (numbers(4, 9).tanh(),),
        leading=True),
    Row("models.wavenet.mu_law_decode", lambda: lambda x: wavenet.mu_law_decode(x, 5, torch.float64), (SOUNDS,),
        lambda _: lambda x: (x - 2).sign() * (5 ** ((x - 2).abs() / 2).double() - 1) / 4, leading=True),
    Row("models.wavenet.DilatedLayer", lambda: wavenet.DilatedLayer(6, 4, 2), (numbers(4, 6, 9),)),
    Row("models.wavenet.WaveNet", lambda: wavenet.WaveNet(levels=5, width=6, skip=7, dilations=[1, 2]), (SOUNDS,)),
]  # fmt: skip
