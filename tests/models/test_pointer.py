"""The pointer transformer: what its order-free encoder, its causal decoder and its consumption mask promise."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from mlblog.models.pointer import PointerTransformer, consumed_places

VARIANTS = [{}, {"memory": "last"}, {"looks": "left"}, {"positions": True}]


def network(layers: int = 2, **options: object) -> PointerTransformer:
    torch.manual_seed(0)
    net = PointerTransformer(width=12, heads=3, layers=layers, hidden=20, **options).double()
    with torch.no_grad():
        for weight in net.parameters():
            weight.normal_(std=0.4)
    return net.eval()


def letters_of(*words: str) -> Tensor:
    return torch.tensor([[ord(letter) - ord("a") for letter in word] for word in words])


@pytest.mark.parametrize("options", VARIANTS)
@settings(deadline=None, max_examples=20)
@given(order=st.permutations(range(5)))
def test_reordering_the_letters_reorders_the_scores(options: dict[str, object], order: list[int]) -> None:
    net = network(**options)
    letters, words = letters_of("abcde", "fghij"), letters_of("ecabd", "jihgf")
    scores = net(letters, words)
    torch.testing.assert_close(net(letters[:, order], words), scores[:, :, order], rtol=0, atol=1e-10)


@pytest.mark.parametrize("options", VARIANTS)
def test_equal_letters_share_their_probability_equally(options: dict[str, object]) -> None:
    scores = network(**options)(letters_of("aabbbc"), letters_of("babcab"))
    first = scores[0, 0].detach().softmax(-1)
    first_a, second_a, *three_b, _ = first.tolist()
    assert first_a == pytest.approx(second_a, abs=1e-12)
    assert three_b == pytest.approx(three_b[:1] * 3, abs=1e-12)
    assert abs(first_a - three_b[0]) > 1e-4


@pytest.mark.parametrize("options", VARIANTS)
def test_a_step_does_not_see_the_letters_it_is_to_spell(options: dict[str, object]) -> None:
    net = network(**options)
    letters = letters_of("abcdef")
    one, other = net(letters, letters_of("cabdef")), net(letters, letters_of("cabfed"))
    torch.testing.assert_close(one[:, :4], other[:, :4], rtol=0, atol=1e-12)
    assert not torch.allclose(one[:, 4].softmax(-1), other[:, 4].softmax(-1))


@pytest.mark.parametrize("options", VARIANTS)
def test_decoding_a_prefix_gives_the_scores_of_training(options: dict[str, object]) -> None:
    net = network(**options)
    letters, words = letters_of("aabcd", "eefgh"), letters_of("bacad", "gefhe")
    scores = net(letters, words)
    for spelled in range(5):
        alone = net.decode(net.encode(letters), letters, words[:, :spelled])[:, -1]
        torch.testing.assert_close(alone, scores[:, spelled], rtol=0, atol=1e-10)


def test_without_positions_the_decoder_still_reads_the_order_of_what_it_spelled() -> None:
    """The causal mask alone makes `ab` and `ba` different prefixes."""
    net = network()
    letters = letters_of("abcd")
    memories = net.encode(letters)
    ab, ba = (net.decode(memories, letters, letters_of(prefix))[0, -1].softmax(-1) for prefix in ("ab", "ba"))
    assert (ab - ba).abs().max() > 1e-4


def test_a_decoder_of_one_layer_without_positions_forgets_the_order_of_what_it_spelled() -> None:
    """Only its last letter and the set of the others reach it; with positions they do in order."""
    torch.manual_seed(0)
    letters = letters_of("abcde")
    apart = {}
    for positions in (False, True):
        net = PointerTransformer(width=12, heads=3, layers=1, hidden=20, positions=positions).double()
        memories = net.encode(letters)
        one, other = (net.decode(memories, letters, letters_of(prefix))[0, -1].softmax(-1) for prefix in ("abc", "bac"))
        apart[positions] = float((one - other).abs().max().detach())
    assert apart[False] < 1e-12
    assert apart[True] > 1e-4


def test_layerwise_memory_is_another_network_than_last_layer_memory() -> None:
    layerwise, last = network(), network(memory="last")
    last.load_state_dict(layerwise.state_dict())
    letters, words = letters_of("abcde"), letters_of("ecabd")
    assert not torch.allclose(layerwise(letters, words).softmax(-1), last(letters, words).softmax(-1))
    memories = layerwise.encode(letters)
    torch.testing.assert_close(memories[-1], last.encode(letters)[0])
    assert not torch.allclose(memories[0], memories[1])


def test_the_decoder_points_at_what_the_last_encoder_layer_says() -> None:
    net, letters = network(), letters_of("abcde")
    given: list[Tensor] = []
    net.point.register_forward_pre_hook(lambda _, arguments: given.append(arguments[1]))
    memories = net.encode(letters)
    net.decode(memories, letters, letters_of("c"))
    torch.testing.assert_close(given[0], memories[-1])


def test_a_decoder_that_looks_at_what_is_left_ignores_consumed_letters() -> None:
    """Changing what a consumed place holds changes a later step only if the decoder may look there.

    In one layer, that is: in the next, a step can learn of it from the steps before.
    """
    letters, prefix = letters_of("abcd"), letters_of("b")
    moved = {}
    for looks in ("all", "left"):
        net = network(layers=1, looks=looks)
        memories = net.encode(letters)
        changed = [memory.clone() for memory in memories]
        for memory in changed:
            memory[:, 1] += 1.0
        before, after = (net.decode(m, letters, prefix)[0, 1].softmax(-1) for m in (memories, changed))
        moved[looks] = float((before - after).abs().max().detach())
    assert moved["left"] < 1e-12
    assert moved["all"] > 1e-3


@settings(deadline=None)
@given(word=st.text("abc", min_size=1, max_size=7), data=st.data())
def test_consumed_places_are_those_of_a_naive_crossing_out(word: str, data: st.DataObject) -> None:
    prefix = data.draw(st.permutations(word))[: data.draw(st.integers(0, len(word)))]
    crossed, expected = [False] * len(word), []
    expected.append(list(crossed))
    for letter in prefix:
        crossed[next(j for j, given in enumerate(word) if given == letter and not crossed[j])] = True
        expected.append(list(crossed))
    spelled = letters_of("".join(prefix)) if prefix else torch.zeros(1, 0, dtype=torch.long)
    assert consumed_places(letters_of(word), spelled)[0].tolist() == expected
