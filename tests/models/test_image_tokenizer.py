"""Symbols of pictures: the nearest entries by search, each over its own part of the picture, and back."""

from __future__ import annotations

import pytest
import torch

from mlblog.models.image_tokenizer import ImageTokenizer
from mlblog.models.vector_quantizer import VectorQuantizer

B, S, K, Z = 3, 16, 7, 2


def tokenizer() -> ImageTokenizer:
    torch.manual_seed(0)
    return ImageTokenizer(3, hidden=6, quantizer=VectorQuantizer(entries=K, width=Z)).double().eval()


PICTURES = torch.rand(B, 3, S, S, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_symbols_are_the_nearest_entries_and_say_the_picture() -> None:
    net = tokenizer()
    net.quantizer.entries.data = net.encode(PICTURES).detach().flatten(0, 2)[:: B * S][:K].repeat(K, 1)[:K]
    net.quantizer.entries.data += 0.01 * torch.randn(K, Z, dtype=torch.float64)
    made, quantized = net(PICTURES)
    vectors = net.encode(PICTURES)
    assert quantized.codes.shape == (B, S // 4, S // 4)
    far = torch.cdist(vectors.flatten(0, 2), net.quantizer.entries)
    assert torch.equal(quantized.codes.flatten(), far.argmin(1))
    torch.testing.assert_close(net.decode(quantized.codes), made)
    assert made.shape == PICTURES.shape


def test_a_symbol_depends_on_its_part_of_the_picture_alone() -> None:
    net = tokenizer()
    changed = PICTURES.clone()
    changed[:, :, :4, :4] = 0
    moved = (net.encode(changed) - net.encode(PICTURES)).abs().sum(-1).amax(0) > 1e-12  # (4, 4)
    expected = torch.zeros(4, 4, dtype=torch.bool)
    expected[:2, :2] = True  # its own, and next to it: kernels overlap by a pixel of either layer
    assert torch.equal(moved, expected)


def test_gradients_reach_the_encoder_through_the_symbols() -> None:
    net = tokenizer().train()
    made, _ = net(PICTURES)
    (made - PICTURES).square().mean().backward()  # type: ignore[no-untyped-call]
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in net.encoder.parameters())


def test_sides_that_do_not_divide_are_refused() -> None:
    with pytest.raises(ValueError, match=r"multiples of 4 expected, given \(16, 10\)"):
        tokenizer().encode(torch.zeros(1, 3, 16, 10, dtype=torch.float64))
