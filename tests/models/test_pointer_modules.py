"""The whole network against the same one from `torch.nn` modules, with the same weights."""

import torch
from torch import Tensor, nn

from mlblog.losses.pointer import letter_nll
from mlblog.models.pointer import PointerTransformer
from mlblog.models.pointer_modules import ModulePointerTransformer

SIZE = {"width": 12, "heads": 3, "layers": 2, "hidden": 20}


def pair() -> tuple[PointerTransformer, ModulePointerTransformer]:
    torch.manual_seed(0)
    ours, theirs = PointerTransformer(**SIZE, memory="last").double(), ModulePointerTransformer(**SIZE).double()
    with torch.no_grad():
        for weight in ours.parameters():
            weight.normal_(std=0.4)
        theirs.embedding.weight[:27] = ours.embedding.weight
    theirs.point.load_state_dict(ours.point.state_dict())
    copy(ours.encoder_norms[-1], theirs.encoder.norm)
    copy(ours.decoder_norm, theirs.decoder.norm)
    for mine, reference in zip(ours.encoder, theirs.encoder.layers, strict=True):
        copy_attention(mine.attend, reference.self_attn)
        copy_rest(mine, reference, [mine.attend_norm, mine.think_norm])
    for mine, reference in zip(ours.decoder, theirs.decoder.layers, strict=True):
        copy_attention(mine.attend, reference.self_attn)
        copy_attention(mine.recall, reference.multihead_attn)
        copy_rest(mine, reference, [mine.attend_norm, mine.recall_norm, mine.think_norm])
    return ours, theirs


def copy(mine: nn.Module, reference: nn.Module) -> None:
    reference.load_state_dict(mine.state_dict())


def copy_attention(mine: nn.Module, reference: nn.Module) -> None:
    with torch.no_grad():
        reference.in_proj_weight.copy_(mine.project_in.weight)
        reference.in_proj_bias.copy_(mine.project_in.bias)
    copy(mine.project_out, reference.out_proj)


def copy_rest(mine: nn.Module, reference: nn.Module, norms: list[nn.Module]) -> None:
    copy(mine.think[0], reference.linear1)
    copy(mine.think[2], reference.linear2)
    for number, norm in enumerate(norms, start=1):
        copy(norm, getattr(reference, f"norm{number}"))


def letters_of(*words: str) -> Tensor:
    return torch.tensor([[ord(letter) - ord("a") for letter in word] for word in words])


def test_the_network_agrees_with_the_one_of_modules_in_value_and_gradient() -> None:
    ours, theirs = pair()
    letters, words = letters_of("aabcd", "eefgh"), letters_of("bacad", "gefhe")
    scores, expected = ours(letters, words), theirs(letters, words)
    torch.testing.assert_close(scores, expected, rtol=0, atol=1e-10)
    gradients = []
    for net, result in ((ours, scores), (theirs, expected)):
        loss = letter_nll(result, letters, words).mean()
        gradients.append(torch.autograd.grad(loss, net.embedding.weight)[0][:27])
    torch.testing.assert_close(*gradients, rtol=0, atol=1e-10)


def test_padding_changes_nothing() -> None:
    """A short word padded among longer ones has the losses that it has alone."""
    _, net = pair()
    alone = letter_nll(net(letters_of("abc"), letters_of("cab")), letters_of("abc"), letters_of("cab"))
    padding = torch.tensor([[False] * 3 + [True] * 2, [False] * 5])
    letters, words = letters_of("abc__", "defgh"), letters_of("cab__", "hefgd")
    letters[padding], words[padding] = 27, 27
    losses = letter_nll(net(letters, words, padding), letters, words)
    torch.testing.assert_close(losses[0, :3], alone[0], rtol=0, atol=1e-10)
    assert losses.isfinite().all()
