"""Windows and learned spans against dense attention with the same weights, written out."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from mlblog.models.adaptive_span import AdaptiveSpan, soft_gate
from mlblog.models.local_attention import local_attention

B, H, T, K = 2, 3, 71, 5


def drawn(*leading: int, places: int = T) -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(1)
    return tuple(
        torch.randn(*leading, places, K, dtype=torch.float64, generator=generator).requires_grad_() for _ in range(3)
    )


def assert_same(ours: Tensor, dense: Tensor, leaves: tuple[Tensor, ...]) -> None:
    """Equal outputs, and equal gradients for one upstream gradient."""
    torch.testing.assert_close(ours, dense, rtol=0, atol=1e-10)
    upstream = torch.randn_like(dense)
    got = torch.autograd.grad(ours, leaves, upstream)
    for mine, theirs in zip(got, torch.autograd.grad(dense, leaves, upstream), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-9)


def distances(places: int = T) -> Tensor:
    return torch.arange(places)[:, None] - torch.arange(places)


@pytest.mark.parametrize("span", [1, 2, 7, 31, 33, 70, 71, 200])
def test_a_window_is_dense_attention_with_its_mask(span: int) -> None:
    q, k, v = drawn(B, H)
    mask = (distances() >= 0) & (distances() < span)
    dense = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    assert_same(local_attention(q, k, v, torch.zeros(span)), dense, (q, k, v))


def test_a_window_as_long_as_the_input_is_full_attention() -> None:
    q, k, v = drawn()
    full = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    assert_same(local_attention(q, k, v, torch.zeros(T)), full, (q, k, v))


def test_heads_have_gates_of_their_own() -> None:
    q, k, v = drawn(B, H)
    gate = torch.rand(H, 11, dtype=torch.float64, generator=torch.Generator().manual_seed(2)).log()
    bias = torch.full((H, T, T), -torch.inf, dtype=torch.float64)
    for t in range(T):
        for r in range(max(0, t - 10), t + 1):
            bias[:, t, r] = gate[:, t - r]
    dense = ((q @ k.mT) / K**0.5 + bias).softmax(-1) @ v
    assert_same(local_attention(q, k, v, gate), dense, (q, k, v))


def test_a_window_without_places_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one place"):
        local_attention(*drawn(), torch.zeros(0))


def test_a_gate_is_open_then_falls_then_is_closed() -> None:
    gate = soft_gate(torch.arange(12.0), torch.tensor(5.0), ramp=4.0)
    assert gate.tolist() == [1, 1, 1, 1, 1, 1, 0.75, 0.5, 0.25, 0, 0, 0]


def spans(*shares: float) -> AdaptiveSpan:
    net = AdaptiveSpan(heads=H, most=40, ramp=6.0).double()
    with torch.no_grad():
        net.share.copy_(torch.tensor(shares))
    return net


def test_learned_spans_weigh_as_written_and_have_the_gradient_of_what_is_written() -> None:
    q, k, v = drawn(B, H)
    net = spans(0.0737, 0.3756, 0.013)
    distance = distances().double()
    gate = ((6.0 + 40 * net.share[:, None, None] - distance) / 6.0).clamp(0, 1) * ((distance >= 0) & (distance < 40))
    weights = gate * (q @ k.mT / K**0.5).exp()
    assert net.reach() == 22
    assert_same(net(q, k, v), weights / weights.sum(-1, keepdim=True) @ v, (q, k, v, net.share))


def test_a_bias_is_added_by_distance() -> None:
    q, k, v = drawn(B, H)
    bias = torch.randn(H, 40, dtype=torch.float64, generator=torch.Generator().manual_seed(2)).requires_grad_()
    scores = (q @ k.mT) / K**0.5 + torch.stack([bias[:, d % 40] for d in range(T)], -1)[:, distances().clamp(min=0)]
    scores = scores.masked_fill((distances() < 0) | (distances() >= 40), -torch.inf)
    assert_same(spans(1.0, 1.0, 1.0)(q, k, v, bias), scores.softmax(-1) @ v, (q, k, v, bias))


def test_spans_of_all_places_are_full_attention() -> None:
    q, k, v = drawn(B, H, places=40)
    full = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    torch.testing.assert_close(spans(1.0, 1.0, 1.0)(q, k, v), full, rtol=0, atol=1e-12)


def test_no_gradient_comes_from_later_places() -> None:
    q, k, v = drawn(H)
    for x in torch.autograd.grad(spans(0.1, 0.5, 1.0)(q, k, v)[:, 50].sum(), (q, k, v)):
        assert x[:, 51:].abs().max() == 0
    assert torch.autograd.grad(spans(0.1, 0.5, 1.0)(q, k, v)[:, 50].sum(), v)[0][:, 49].abs().min() > 0


def test_spans_are_clipped_and_counted() -> None:
    net = spans(-0.5, 1.5, 0.25)
    net.clip()
    assert net.spans().tolist() == [0, 40, 10]
    assert net.reach() == 40
    with pytest.raises(ValueError, match="ramp > 0"):
        AdaptiveSpan(heads=1, most=4, ramp=0)
