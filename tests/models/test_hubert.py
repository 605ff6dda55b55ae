"""Masked prediction against loops, autograd and numbers counted by hand; the network against what a frame may see."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from mlblog.models.hubert import (
    LAYERS,
    HuBERTPretrain,
    codeword_logits,
    draw_spans,
    field_and_hop,
    masked_prediction_loss,
)

B, FRAMES, C = 2, 7, 5


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def small(rate: int = 4_000, layers: int = 2) -> HuBERTPretrain:
    torch.manual_seed(3)
    net = HuBERTPretrain(
        C, rate=rate, channels=4, width=6, heads=2, hidden=8, layers=layers, codeword=3, reach=1, dropout=0.0
    )
    return net.double()


TARGETS = torch.randint(C, (B, FRAMES), generator=torch.Generator().manual_seed(1))
MASK = torch.tensor([[0, 1, 1, 0, 0, 0, 1], [1, 0, 0, 0, 0, 1, 1]]).bool()


def test_the_loss_is_cross_entropy_over_hidden_frames() -> None:
    logits = numbers(B, FRAMES, C)
    found = masked_prediction_loss(logits, TARGETS, MASK)
    for b in range(B):
        total = 0.0
        for t in range(FRAMES):
            if MASK[b, t]:
                odds = [math.exp(score) for score in logits[b, t].tolist()]
                total -= math.log(odds[int(TARGETS[b, t])] / sum(odds))
        assert found[b].item() == pytest.approx(total)


def test_frames_that_are_not_hidden_get_no_gradient() -> None:
    logits = numbers(B, FRAMES, C).requires_grad_()
    masked_prediction_loss(logits, TARGETS, MASK).sum().backward()
    assert logits.grad is not None
    assert not logits.grad[~MASK].any()
    chosen = nn.functional.one_hot(TARGETS, C)
    torch.testing.assert_close(logits.grad[MASK], (logits.softmax(-1) - chosen)[MASK])


def test_both_parts_together_are_all_frames() -> None:
    logits = numbers(B, FRAMES, C)
    parts = [masked_prediction_loss(logits, TARGETS, some) for some in (MASK, ~MASK, torch.ones_like(MASK))]
    torch.testing.assert_close(parts[0] + parts[1], parts[2])
    with pytest.raises(ValueError, match=r"shape \(2, 7\) expected"):
        masked_prediction_loss(logits, TARGETS, MASK[:, :-1])


def test_scores_are_cosines_over_the_temperature() -> None:
    states, words = numbers(B, 4), numbers(C, 4, seed=1)
    found = codeword_logits(states, words, temperature=0.2)
    for b in range(B):
        for c in range(C):
            cosine = nn.functional.cosine_similarity(states[b], words[c], dim=0)
            assert found[b, c].item() == pytest.approx(cosine.item() / 0.2)
    torch.testing.assert_close(codeword_logits(7 * states, 0.1 * words, temperature=0.2), found)


def test_spans_have_their_length_and_number() -> None:
    generator = torch.Generator().manual_seed(0)
    one = draw_spans(300, 20, share=0.05, length=4, generator=generator)  # a single start each
    for row in one.tolist():
        start = row.index(True)
        assert row == [start <= t < start + 4 for t in range(20)]  # cut off by the end, and never wrapped
    firsts = one.int().argmax(1).bincount(minlength=20)
    assert firsts.min() > 3, "every frame can be a start"
    many = draw_spans(50, 20, share=0.25, length=1, generator=generator)
    assert (many.sum(1) == 5).all(), "without replacement"
    assert (draw_spans(50, 20, share=0.01, length=2, generator=generator).any(1)).all(), "something is hidden"
    for wrong in ({"share": 0.0, "length": 2}, {"share": 0.5, "length": 0}):
        with pytest.raises(ValueError, match="a share in"):
            draw_spans(2, 20, **wrong)  # type: ignore[arg-type]


def test_hidden_spans_cover_what_overlaps_leave() -> None:
    """A frame is seen if none of the `length` frames up to it is a start: hypergeometric, away from the beginning."""
    frames, starts, length = 40, 4, 5
    drawn = draw_spans(4_000, frames, share=0.1, length=length, generator=torch.Generator().manual_seed(2))
    seen = math.comb(frames - length, starts) / math.comb(frames, starts)
    assert drawn[:, length:].double().mean().item() == pytest.approx(1 - seen, abs=0.01)


@pytest.mark.parametrize(("rate", "milliseconds"), [(16_000, (25, 20)), (4_000, (25, 20))])
def test_a_frame_sees_25_milliseconds_every_20(rate: int, milliseconds: tuple[int, int]) -> None:
    """By gradients at the samples, with the normalisation over time left out."""
    net = small(rate)
    net.encoder.norm = nn.Identity()  # type: ignore[assignment]
    samples = rate // 1_000 * (25 + 2 * 20) + 7
    sound = numbers(1, samples).requires_grad_()
    out = net.encoder(sound)
    assert out.shape[1] == 3
    for frame in range(3):
        slope = torch.autograd.grad(out[0, frame].sum(), sound, retain_graph=True)[0][0]
        seen = torch.nonzero(slope)[:, 0]
        begin = frame * milliseconds[1] * rate // 1_000
        assert (seen.min().item(), seen.max().item()) == (begin, begin + milliseconds[0] * rate // 1_000 - 1)
    assert (net.field, net.hop) == field_and_hop(*LAYERS[rate]) == tuple(m * rate // 1_000 for m in milliseconds)


def test_frames_are_as_many_as_convolutions_leave() -> None:
    """Layer by layer, (T - k) // s + 1, and in one go."""
    for rate, (kernels, strides) in LAYERS.items():
        field, hop = field_and_hop(kernels, strides)
        for samples in (field, field + hop - 1, field + hop, 5 * hop + 3 + field):
            left = samples
            for kernel, stride in zip(kernels, strides, strict=True):
                left = (left - kernel) // stride + 1
            assert left == (samples - field) // hop + 1
            assert small(rate)(numbers(1, samples)).shape == (1, left, C)


def test_what_is_hidden_cannot_be_seen() -> None:
    """A sound that is changed within hidden frames only: nothing moves, but for what its neighbours share with it."""
    net = small()
    net.encoder.norm = nn.Identity()  # type: ignore[assignment]
    sound = numbers(1, 100 + 6 * 80)
    mask = torch.tensor([[False, False, True, True, True, False, False]])
    changed = sound.clone()
    changed[0, 3 * 80 + 20 : 4 * 80] += 1.0  # frame 3 alone
    torch.testing.assert_close(net(changed, mask), net(sound, mask))
    assert not torch.allclose(net(changed), net(sound))


def test_a_hidden_frame_is_guessed_from_the_others() -> None:
    net = small()
    sound = numbers(1, 100 + 6 * 80).requires_grad_()
    mask = torch.zeros(1, 7, dtype=torch.bool)
    mask[0, 3] = True
    slope = torch.autograd.grad(net(sound, mask)[0, 3].square().sum(), sound)[0]
    assert slope[0, :240].abs().max() > 0
    assert slope[0, 340:].abs().max() > 0


def test_states_are_one_more_than_blocks_and_the_last_is_scored() -> None:
    net, sound = small(layers=3), numbers(2, 260)
    states = net.states(sound)
    assert [tuple(each.shape) for each in states] == [(2, 3, 6)] * 4
    torch.testing.assert_close(net.blocks[1](states[1]), states[2])
    torch.testing.assert_close(net(sound), codeword_logits(net.project_out(net.norm(states[-1])), net.codewords))


def test_the_published_size_has_its_number_of_weights() -> None:
    """Reported are 95 million; the convolution for places and the normalisations are here in another form."""
    with torch.device("meta"):
        net = HuBERTPretrain(100)
    assert sum(weight.numel() for weight in net.parameters()) == pytest.approx(95e6, rel=0.02)


def test_other_rates_are_refused() -> None:
    with pytest.raises(ValueError, match="4000 or 16000 expected, given 8000"):
        HuBERTPretrain(3, rate=8_000)


def test_it_learns_to_say_what_is_hidden() -> None:
    """Two tones, each sound with one throughout: the unit of hidden frames is that of the others."""
    torch.manual_seed(0)
    net = HuBERTPretrain(
        2, rate=4_000, channels=8, width=8, heads=2, hidden=16, layers=1, codeword=4, reach=1, dropout=0.0
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    time = torch.arange(100 + 6 * 80) / 4_000
    for _ in range(60):
        which = torch.randint(2, (8,))
        sound = torch.sin(2 * math.pi * (300 + 500 * which[:, None]) * time + 6 * torch.rand(8, 1))
        mask = draw_spans(8, 7, share=0.2, length=2)
        logits, targets = net(sound, mask), which[:, None].expand(8, 7)
        loss = masked_prediction_loss(logits, targets, mask).sum() / mask.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.2
