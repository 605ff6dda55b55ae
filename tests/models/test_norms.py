"""Normalisations against torch's, forwards, backwards and over several batches."""

import pytest
import torch
from torch import Tensor, nn

from mlblog.models.norms import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, reach

N, C = 3, 6
PLACES = [(), (5,), (5, 4)]


def numbers(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    x = 2 * torch.randn(shape, dtype=torch.float64, generator=generator) + 3
    return x.requires_grad_()


def agree(ours: nn.Module, theirs: nn.Module, x: Tensor) -> None:
    """Same state, same output, same gradients of input, weight and bias."""
    ours, theirs = ours.double(), theirs.double()
    with torch.no_grad():
        ours.weight.normal_(generator=torch.Generator().manual_seed(1))
        ours.bias.normal_(generator=torch.Generator().manual_seed(2))
    theirs.load_state_dict(ours.state_dict())
    got, expected = ours(x), theirs(x)
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-10)
    upstream = torch.randn_like(got)
    slopes = [
        torch.autograd.grad(y, [x, norm.weight, norm.bias], upstream) for norm, y in [(ours, got), (theirs, expected)]
    ]
    for actual, right in zip(*slopes, strict=True):
        torch.testing.assert_close(actual, right, rtol=0, atol=1e-9)


@pytest.mark.parametrize("places", PLACES)
def test_layer_norm_agrees_with_torch(places: tuple[int, ...]) -> None:
    agree(LayerNorm(C), nn.LayerNorm(C), numbers(N, *places, C))


@pytest.mark.parametrize("places", PLACES)
@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_group_norm_agrees_with_torch(places: tuple[int, ...], groups: int) -> None:
    if places or groups < C:
        agree(GroupNorm(groups, C), nn.GroupNorm(groups, C), numbers(N, C, *places))


@pytest.mark.parametrize(("places", "reference"), [((5,), nn.InstanceNorm1d), ((5, 4), nn.InstanceNorm2d)])
def test_instance_norm_agrees_with_torch(places: tuple[int, ...], reference: type[nn.Module]) -> None:
    agree(InstanceNorm(C), reference(C, affine=True), numbers(N, C, *places))


@pytest.mark.parametrize(
    ("places", "reference"), [((), nn.BatchNorm1d), ((5,), nn.BatchNorm1d), ((5, 4), nn.BatchNorm2d)]
)
def test_batch_norm_agrees_with_torch_in_training_and_evaluation(
    places: tuple[int, ...], reference: type[nn.Module]
) -> None:
    ours, theirs = BatchNorm(C, momentum=0.3), reference(C, momentum=0.3)
    for seed in range(4):
        agree(ours, theirs, numbers(N + seed, C, *places, seed=seed))
        for name, buffer in theirs.named_buffers():
            torch.testing.assert_close(ours.get_buffer(name), buffer, rtol=0, atol=1e-12)
    assert ours.num_batches_tracked == 4
    before = ours.running_var.clone()
    agree(ours.eval(), theirs.eval(), numbers(2, C, *places, seed=9))
    assert torch.equal(ours.running_var, before)


def shared(norm: nn.Module, shape: tuple[int, ...], at: tuple[int, ...]) -> list[tuple[int, ...]]:
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return [tuple(place) for place in reach(norm.double(), x, at).nonzero().tolist()]


def test_each_norm_looks_where_its_name_says() -> None:
    """Found by autograd, expected by hand: of 3 samples, 6 channels, 5 places, the output at (1, 2, 3)."""
    shape, at = (N, C, 5), (1, 2, 3)
    assert shared(BatchNorm(C), shape, at) == [(n, 2, place) for n in range(N) for place in range(5)]
    assert shared(BatchNorm(C).eval(), shape, at) == [at]
    assert shared(InstanceNorm(C), shape, at) == [(1, 2, place) for place in range(5)]
    assert shared(GroupNorm(2, C), shape, at) == [(1, c, place) for c in range(3) for place in range(5)]
    assert shared(LayerNorm(C), (N, 5, C), (1, 3, 2)) == [(1, 3, c) for c in range(C)]


def test_statistics_of_the_output_are_zero_and_one() -> None:
    x = numbers(N, 5, C)
    y = LayerNorm(C, eps=0.0).double()(x)
    torch.testing.assert_close(y.mean(-1), torch.zeros(N, 5, dtype=torch.float64), rtol=0, atol=1e-12)
    torch.testing.assert_close(y.var(-1, correction=0), torch.ones(N, 5, dtype=torch.float64), rtol=0, atol=1e-12)


def test_what_has_no_variance_or_other_channels_is_refused() -> None:
    with pytest.raises(ValueError, match=r"given \(1, 6\)"):
        BatchNorm(C)(torch.zeros(1, C))
    with pytest.raises(ValueError, match=r"given \(3, 6, 1\)"):
        InstanceNorm(C)(torch.zeros(N, C, 1))
    with pytest.raises(ValueError, match="4 groups and 6 channels"):
        GroupNorm(4, C)
    with pytest.raises(ValueError, match=r"LayerNorm expects \(…, 6\), given \(6, 5\)"):
        LayerNorm(C)(torch.zeros(C, 5))
    with pytest.raises(ValueError, match=r"GroupNorm expects \(N, 6, …\), given \(3, 5, 6\)"):
        GroupNorm(2, C)(torch.zeros(N, 5, C))
