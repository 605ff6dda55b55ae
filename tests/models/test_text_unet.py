"""The parts of the denoiser against other implementations, v by hand, and one caption's only picture."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.signal import correlate2d
from torch import nn

from mlblog.models.diffusion import cosine_schedule, noised, sampled, spaced
from mlblog.models.text_to_image import TextConditioner
from mlblog.models.text_unet import SeeingBlock, TextUNet, ToldBlock

B, S, N, D = 2, 8, 3, 16


def unet(seed: int = 0) -> TextUNet:
    torch.manual_seed(seed)
    text = TextConditioner(words=4, length=N, width=D, heads=2, layers=1)
    return TextUNet(text, side=S, length=N, width=D, heads=2, layers=1)


def test_a_told_block_is_convolutions_of_a_scaled_and_shifted_norm() -> None:
    torch.manual_seed(0)
    block = ToldBlock(8, 5).double()
    x, told = torch.randn(B, 8, 4, 6, dtype=torch.float64), torch.randn(B, 5, dtype=torch.float64)
    found = block(x, told).detach().numpy()
    weights = {name: weight.detach().numpy() for name, weight in block.named_parameters()}

    def convolved(images: np.ndarray, name: str) -> np.ndarray:
        kernel, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
        out = [sum(correlate2d(image, k, mode="same") for image, k in zip(images, ks, strict=True)) for ks in kernel]
        return np.stack(out) + bias[:, None, None]

    def silu(a: np.ndarray) -> np.ndarray:
        return a / (1 + np.exp(-a))

    for one, said, answer in zip(x.numpy(), told.numpy(), found, strict=True):
        groups = one.reshape(4, -1)  # two channels each
        flat = (groups - groups.mean(1, keepdims=True)) / np.sqrt(groups.var(1, keepdims=True) + 1e-5)
        normal = flat.reshape(one.shape)  # weights and biases of the norm are 1 and 0
        both = weights["told.weight"] @ said + weights["told.bias"]
        inner = normal * (1 + both[:8, None, None]) + both[8:, None, None]
        expected = one + convolved(silu(convolved(silu(inner), "first")), "second")
        assert answer == pytest.approx(expected, abs=1e-10)


def test_a_seeing_block_is_a_decoder_layer_of_torch_without_a_mask() -> None:
    torch.manual_seed(1)
    block = SeeingBlock(D, 2).eval()
    other = nn.TransformerDecoderLayer(D, 2, 2 * D, dropout=0.0, norm_first=True, batch_first=True).eval()
    for mine, theirs in ((block.attend, other.self_attn), (block.recall, other.multihead_attn)):
        theirs.in_proj_weight.data, theirs.in_proj_bias.data = mine.project_in.weight.data, mine.project_in.bias.data
        theirs.out_proj.load_state_dict(mine.project_out.state_dict())
    for layer, linear in ((0, other.linear1), (2, other.linear2)):
        linear.load_state_dict(block.think[layer].state_dict())
    x, read = torch.randn(B, 5, D), torch.randn(B, N, D)
    torch.testing.assert_close(block(x, read), other(x, read), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("level", [0.01, 0.5, 0.99])
def test_the_noise_is_that_of_v(level: float) -> None:
    """Where v is a constant c: ε = √(1 - a) x + √a c, and then √a ε - √(1 - a) x₀ is c for the x₀ that it implies."""
    net = unet()
    net.leave.weight.data.zero_()
    net.leave.bias.data = torch.tensor([0.5, -1.0, 2.0])
    x, words = torch.randn(B, 3, S, S), torch.zeros(B, N, dtype=torch.long)
    noise = net(x, torch.tensor(level), words).detach().double()
    clean = (x - (1 - level) ** 0.5 * noise) / level**0.5
    v = level**0.5 * noise - (1 - level) ** 0.5 * clean
    for channel, constant in enumerate((0.5, -1.0, 2.0)):
        assert v[:, channel].numpy() == pytest.approx(constant, abs=1e-3)


def test_levels_and_words_belong_to_their_picture() -> None:
    net = unet().eval()
    x, words = torch.randn(B, 3, S, S), torch.tensor([[0, 1, 2], [3, 2, 1]])
    levels = torch.tensor([0.2, 0.9]).view(B, 1, 1, 1)
    together = net(x, levels, words)
    for i in range(B):
        torch.testing.assert_close(net(x[i : i + 1], levels[i, 0, 0, 0], words[i : i + 1])[0], together[i])
    assert not torch.allclose(net(x, levels, words.flip(0)), together)
    assert not torch.allclose(net(x, levels.flip(0), words), together)


def test_it_draws_the_only_picture_of_each_caption() -> None:
    """Two captions with a plain picture each: the exact noise is known, and walking back ends at the picture."""
    net = unet(2)
    words = torch.tensor([[0, 1, 2], [2, 1, 0]])
    pictures = torch.tensor([1.0, -1.0]).view(2, 1, 1, 1).expand(2, 3, S, S)
    levels = cosine_schedule(100)[:96].float()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    for _ in range(80):
        which = torch.randint(2, (16,))
        noise, level = torch.randn(16, 3, S, S), levels[torch.randint(1, len(levels), (16, 1, 1, 1))]
        loss = ((net(noised(pictures[which], noise, level), level, words[which]) - noise).square() / level).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    with torch.inference_mode():
        drawn = sampled(lambda x, level: net(x, level, words), torch.randn(2, 3, S, S), spaced(levels, 5))[-1]
    assert drawn.mean((1, 2, 3)).tolist() == pytest.approx([1, -1], abs=0.35)
    assert (drawn - pictures).square().mean().sqrt() < 0.7  # noise alone is √2 away


def test_other_sizes_are_refused() -> None:
    text = TextConditioner(words=4, length=N, width=D, heads=2, layers=1)
    for side, width in ((10, 16), (8, 24)):
        with pytest.raises(ValueError, match="a side by 4 and a width by 16 expected"):
            TextUNet(text, side=side, length=N, width=width, heads=2, layers=1)
