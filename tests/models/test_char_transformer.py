"""A deep model of characters against torch's encoder with its weights, and its losses counted by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from mlblog.models.char_transformer import AuxiliaryLossSchedule, CharTransformer, following_nats

B, T, D, L, V = 2, 7, 6, 3, 5


def network(**options: object) -> CharTransformer:
    torch.manual_seed(0)
    sizes = {"symbols": V, "places": 9, "width": D, "heads": 2, "hidden": 11, "layers": L}
    return CharTransformer(**{**sizes, **options}).double().eval()  # type: ignore[arg-type]


def torchs(net: CharTransformer, layers: int) -> nn.TransformerEncoder:
    """Torch's encoder with the weights of the first layers."""
    layer = nn.TransformerEncoderLayer(D, 2, 11, dropout=0.0, batch_first=True, norm_first=True, dtype=torch.float64)
    theirs = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False).eval()
    for one, block in zip(theirs.layers, net.blocks, strict=False):
        weights = {
            "self_attn.in_proj_weight": block.attend.project_in.weight,
            "self_attn.in_proj_bias": block.attend.project_in.bias,
            "self_attn.out_proj.weight": block.attend.project_out.weight,
            "self_attn.out_proj.bias": block.attend.project_out.bias,
            "linear1.weight": block.think[0].weight, "linear1.bias": block.think[0].bias,
            "linear2.weight": block.think[2].weight, "linear2.bias": block.think[2].bias,
            "norm1.weight": block.attend_norm.weight, "norm1.bias": block.attend_norm.bias,
            "norm2.weight": block.think_norm.weight, "norm2.bias": block.think_norm.bias,
        }  # fmt: skip
        one.load_state_dict(weights)
    return theirs


def tokens(places: int = T) -> Tensor:
    return torch.randint(V, (B, places), generator=torch.Generator().manual_seed(1))


@torch.no_grad()
@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("ahead", [1, 2])
def test_every_layer_says_what_torchs_encoder_with_as_many_layers_does(again: bool, ahead: int) -> None:
    net, text = network(again=again, ahead=ahead), tokens()
    assert net.positions.shape[0] == (L if again else 1)
    causal = torch.triu(torch.full((T, T), -torch.inf, dtype=torch.float64), diagonal=1)
    logits, whole = net(text), torchs(net, L)
    x = net.embedding(text)
    for layer in range(L):
        if again or layer == 0:
            x = x + net.positions[layer, :T]
        x = whole.layers[layer](x, src_mask=causal)
        said = net.names[layer](net.norms[layer](x)).unflatten(-1, (ahead, V))
        torch.testing.assert_close(logits[layer], said)
    if not again:
        first = net.embedding(text) + net.positions[0, :T]
        torch.testing.assert_close(whole(first, mask=causal), x)


@torch.no_grad()
def test_layers_that_are_not_asked_are_those_below() -> None:
    net = network(ahead=2)
    torch.testing.assert_close(net(tokens(), 2), net(tokens())[2:])


def test_places_begin_as_half_of_the_sinusoidal_vectors_in_every_layer() -> None:
    places = network().positions
    for layer in range(L):
        for place in range(9):
            for pair in range(D // 2):
                angle = place / 10_000 ** (2 * pair / D)
                sine, cosine = places[layer, place, 2 * pair : 2 * pair + 2].tolist()
                assert (sine, cosine) == pytest.approx((0.5 * math.sin(angle), 0.5 * math.cos(angle)), abs=1e-6)


def test_nothing_depends_on_later_characters() -> None:
    net, text = network(ahead=2), tokens()
    other = text.clone()
    other[:, 4:] = (other[:, 4:] + 1) % V
    same = (net(text) == net(other)).all(-1).all(-1)  # (L, B, T)
    assert same[:, :, :4].all()
    assert not same[:, :, 4:].any()


@torch.no_grad()
def test_losses_are_those_of_the_characters_that_follow() -> None:
    net, text = network(ahead=2), tokens(T + 2)
    logits = net(text[:, :T])
    nats = following_nats(logits, text)
    assert nats.shape == (L, B, T, 2)
    for layer in range(L):
        for one in range(B):
            for place in range(T):
                for further in range(2):
                    shares = logits[layer, one, place, further].exp()
                    right = shares[text[one, place + 1 + further]] / shares.sum()
                    assert nats[layer, one, place, further].item() == pytest.approx(-math.log(right))


@pytest.mark.parametrize(("layers", "steps"), [(1, 10), (4, 800), (6, 90), (5, 7)])
def test_a_layer_counts_until_its_share_of_the_training_is_over(layers: int, steps: int) -> None:
    schedule = AuxiliaryLossSchedule(layers=layers, steps=steps)
    for step in range(steps):
        by_hand = [
            1.0 if layer == layers or step / steps < layer / (2 * layers) else 0.0 for layer in range(1, layers + 1)
        ]
        assert schedule.weights(step).tolist() == by_hand
        if step >= steps / 2:
            assert sum(by_hand) == 1


def test_every_weight_is_trained_by_the_loss_of_all_layers() -> None:
    net, text = network(ahead=2), tokens(9)
    following_nats(net(text[:, :T]), text).sum().backward()  # type: ignore[no-untyped-call]  # torch gives it no types
    for path, weight in net.named_parameters():
        assert weight.grad is not None, path
        assert weight.grad.abs().sum() > 0, path


def test_more_places_than_have_vectors_are_refused() -> None:
    with pytest.raises(ValueError, match=r"at most 9 places expected, given \(2, 10\)"):
        network()(tokens(10))
