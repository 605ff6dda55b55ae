"""The quantiser against loops, autograd and `vector-quantize-pytorch`; means against those of k-means."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from mlblog.models.vector_quantizer import VQVAE, VectorQuantizer, nearest_codes, perplexity, straight_through

B, M, Z, K = 4, 3, 2, 5


def vectors(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def book(**options: float) -> VectorQuantizer:
    torch.manual_seed(7)
    return VectorQuantizer(entries=K, width=Z, **options).double()  # type: ignore[arg-type]


def test_codes_are_the_nearest_by_search() -> None:
    z, entries = vectors(B, M, Z), vectors(K, Z, seed=1)
    found = nearest_codes(z, entries)
    for b in range(B):
        for m in range(M):
            far = [math.dist(z[b, m].tolist(), entry.tolist()) for entry in entries]
            assert far[int(found[b, m])] == min(far)
    twice = torch.cat((entries, entries))
    assert torch.equal(nearest_codes(z, twice), found)  # of equal ones the first


def test_gradients_pass_through() -> None:
    z, weight = vectors(B, Z).requires_grad_(), vectors(B, Z, seed=3)
    chosen = vectors(B, Z, seed=2).requires_grad_()
    out = straight_through(z, chosen)
    torch.testing.assert_close(out, chosen)
    (weight * out).sum().backward()
    torch.testing.assert_close(z.grad, weight)
    assert chosen.grad is None


def test_losses_are_distances_with_gradients_on_one_side_each() -> None:
    quantizer, z = book(), vectors(B, M, Z).requires_grad_()
    found = quantizer(z)
    entries = quantizer.entries.detach()
    squares = torch.stack([torch.cdist(one, entries).square() for one in z.detach()])
    far = squares.gather(2, found.codes[..., None])[..., 0]
    torch.testing.assert_close(found.commitment, far)
    torch.testing.assert_close(found.codebook, far)
    slope = torch.autograd.grad(found.commitment.sum(), z, retain_graph=True)[0]
    torch.testing.assert_close(slope, 2 * (z.detach() - entries[found.codes]))
    for loss, untouched in ((found.commitment, quantizer.entries), (found.codebook, z)):
        assert torch.autograd.grad(loss.sum(), untouched, allow_unused=True, retain_graph=True) == (None,)
    pull = torch.autograd.grad(found.codebook.sum(), quantizer.entries)[0]
    expected = torch.zeros(K, Z, dtype=torch.float64)
    for code, one in zip(found.codes.flatten(), z.detach().flatten(0, 1), strict=True):
        expected[code] += 2 * (entries[code] - one)
    torch.testing.assert_close(pull, expected)


def test_running_means_come_to_the_means_of_what_is_assigned() -> None:
    """On one batch for ever it is k-means: each entry that is chosen is the mean of its vectors."""
    quantizer, z = book(decay=0.5), vectors(40, Z)
    for _ in range(200):
        codes = quantizer(z).codes
    for code in codes.unique():
        torch.testing.assert_close(quantizer.entries[code], z[codes == code].mean(0))
    before = quantizer.entries.clone()
    quantizer.eval()
    quantizer(vectors(40, Z, seed=5))
    assert torch.equal(quantizer.entries, before)


def test_one_step_of_running_means_is_counted_by_hand() -> None:
    quantizer, z = book(decay=0.9), vectors(6, Z)
    start = quantizer.entries.detach().clone()
    codes = quantizer(z).codes
    for k in range(K):
        chosen = z[codes == k]
        count, total = 0.9 * 1 + 0.1 * len(chosen), 0.9 * start[k] + 0.1 * chosen.sum(0)
        torch.testing.assert_close(quantizer.entries[k].detach(), total / count)


def test_idle_entries_start_again_among_the_vectors() -> None:
    far = vectors(30, Z) + 100  # all nearest to one entry
    left, again = book(decay=0.5), book(decay=0.5, restart=0.3)
    for _ in range(12):
        left(far), again(far)
    assert len(left(far).codes.unique()) == 1
    assert len(again(far).codes.unique()) == K


def test_it_starts_from_vectors() -> None:
    quantizer, z = book(decay=0.9), vectors(9, Z)
    quantizer.start_from(z)
    drawn = {tuple(entry) for entry in quantizer.entries.tolist()}
    assert len(drawn) == K
    assert drawn <= {tuple(one) for one in z.tolist()}
    with pytest.raises(ValueError, match="at least 5"):
        quantizer.start_from(z[:4])


def test_perplexity_counts_what_is_used() -> None:
    assert perplexity(torch.tensor([3.0, 3, 3, 0])).item() == pytest.approx(3)
    assert perplexity(torch.tensor([[7.0, 0], [1, 1]])).tolist() == pytest.approx([1, 2])
    shares = np.array([0.5, 0.25, 0.25])
    assert perplexity(torch.from_numpy(8 * shares)).item() == pytest.approx(math.exp(-(shares * np.log(shares)).sum()))


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="decay"):
        book(decay=1.0)
    with pytest.raises(ValueError, match="restarts need"):
        book(restart=0.5)


def test_the_whole_decodes_its_own_codes() -> None:
    net = VQVAE(9, tokens=M, hidden=6, quantizer=VectorQuantizer(entries=K, width=Z)).double()
    made, found = net(vectors(B, 9))
    torch.testing.assert_close(made, net.decode(found.codes))
    torch.autograd.grad(made.sum(), net.encoder[0].weight)  # there is a way through


def test_it_is_that_of_the_package() -> None:
    """`vector-quantize-pytorch` with the same codebook: codes, vectors, commitment, and gradients at the input."""
    package = pytest.importorskip("vector_quantize_pytorch")
    theirs = package.VectorQuantize(dim=Z, codebook_size=K, decay=0.9, rotation_trick=False, eps=1e-12)
    ours = VectorQuantizer(entries=K, width=Z, decay=0.9)
    inner = theirs._codebook
    with torch.no_grad():
        inner.embed.copy_(ours.entries[None])
        inner.embed_avg.copy_(ours.entries[None])
        inner.cluster_size.fill_(1.0)
    for step in range(3):
        z = vectors(B, M, Z, seed=step).float()
        mine, yours = (z.clone().requires_grad_() for _ in range(2))
        found = ours(mine)
        quantized, codes, loss = theirs(yours)
        assert torch.equal(found.codes, codes)
        torch.testing.assert_close(found.vectors, quantized)
        torch.testing.assert_close(found.commitment.mean() / Z, loss.squeeze())
        weight = vectors(B, M, Z, seed=9).float()
        pairs = ((found.vectors, mine), (quantized, yours))
        slopes = [torch.autograd.grad((weight * out).sum(), x)[0] for out, x in pairs]
        torch.testing.assert_close(*slopes)
        torch.testing.assert_close(ours.entries[None], inner.embed, rtol=1e-4, atol=1e-5)
