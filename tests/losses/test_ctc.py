"""CTC against the enumeration of all paths, torch's kernel, and finite differences."""

import itertools
import math
import re

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from mlblog.losses.ctc import collapse, ctc_loss, occupancy

K = 4  # blank, a, b, c


def read(path: tuple[int, ...]) -> str:
    """The reading of a path by regular expressions, sharing nothing with `collapse`."""
    return re.sub("-", "", re.sub(r"(.)\1+", r"\1", "".join("-abc"[symbol] for symbol in path)))


def logits(frames: int, batch: int, *, seed: int = 0, symbols: int = K) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 2 * torch.randn(frames, batch, symbols, dtype=torch.float64, generator=generator)


def as_labels(*words: str) -> tuple[Tensor, Tensor]:
    """Padded with a symbol that is a legal one, so that reading the padding shows."""
    longest = max(map(len, words))
    rows = [["-abc".index(letter) for letter in word] + [2] * (longest - len(word)) for word in words]
    return torch.tensor(rows, dtype=torch.long).view(len(words), longest), torch.tensor([len(word) for word in words])


def test_a_path_is_read_by_merging_first_and_dropping_blanks_second() -> None:
    for path in itertools.product(range(K), repeat=5):
        assert "".join("-abc"[symbol] for symbol in collapse(path)) == read(path)
    assert collapse([0, 2, 1], blank=2) == [0, 1]


@pytest.mark.parametrize("frames", [1, 2, 3, 5, 6])
def test_the_loss_is_the_sum_over_all_paths(frames: int) -> None:
    log_probs = logits(frames, 1, seed=frames).log_softmax(-1)
    totals: dict[str, float] = {}
    for path in itertools.product(range(K), repeat=frames):
        weight = math.exp(sum(log_probs[t, 0, symbol].item() for t, symbol in enumerate(path)))
        totals[read(path)] = totals.get(read(path), 0.0) + weight
    assert sum(totals.values()) == pytest.approx(1)
    for word in ["", "a", "ab", "aa", "aba", "bb", "cab", "aab", "abb", "bbb"]:
        labels, lengths = as_labels(word)
        (found,) = ctc_loss(log_probs, labels, torch.tensor([frames]), lengths).tolist()
        expected = -math.log(totals[word]) if word in totals else math.inf
        assert found == pytest.approx(expected, abs=1e-10), word


def test_occupancy_is_the_share_of_paths() -> None:
    frames, word = 5, "aab"
    log_probs = logits(frames, 1).log_softmax(-1)
    share = torch.zeros(frames, K, dtype=torch.float64)
    for path in itertools.product(range(K), repeat=frames):
        if read(path) == word:
            weight = math.exp(sum(log_probs[t, 0, symbol].item() for t, symbol in enumerate(path)))
            for t, symbol in enumerate(path):
                share[t, symbol] += weight
    labels, lengths = as_labels(word)
    found = occupancy(log_probs, labels, torch.tensor([frames]), lengths)[:, 0]
    torch.testing.assert_close(found, share / share[0].sum(), rtol=0, atol=1e-10)


def batch() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Five examples of other lengths each, with doubled symbols, an empty label and one frame more than needed."""
    words = ("abcab", "aab", "", "c", "bbcc")
    labels, lengths = as_labels(*words)
    return logits(9, 5).requires_grad_(), labels, torch.tensor([9, 4, 6, 1, 7]), lengths


@pytest.mark.parametrize("blank", [0, 3])
def test_value_and_gradient_agree_with_torch(blank: int) -> None:
    scores, labels, frames, lengths = batch()
    labels = (labels + blank) % K  # with blank 3, the symbols 1, 2, 3 become 0, 1, 2
    ours = ctc_loss(scores.log_softmax(-1), labels, frames, lengths, blank=blank)
    theirs = F.ctc_loss(scores.log_softmax(-1), labels, frames, lengths, blank=blank, reduction="none")
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)
    upstream = torch.arange(1.0, 6.0, dtype=torch.float64)
    got, expected = (torch.autograd.grad(loss, scores, upstream)[0] for loss in (ours, theirs))
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-10)
    assert got.abs().max() > 0.1


def test_the_gradient_is_that_of_finite_differences() -> None:
    """With respect to the log-probabilities themselves, which need not come from a log-softmax."""
    _, labels, frames, lengths = batch()
    free = logits(9, 5, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: ctc_loss(x, labels, frames, lengths), free)


def test_the_gradient_behind_a_softmax_is_the_prediction_minus_the_occupancy() -> None:
    scores, labels, frames, lengths = batch()
    log_probs = scores.log_softmax(-1)
    (got,) = torch.autograd.grad(ctc_loss(log_probs, labels, frames, lengths).sum(), scores)
    inside = (torch.arange(9)[:, None] < frames)[:, :, None]
    expected = torch.where(inside, log_probs.exp() - occupancy(log_probs, labels, frames, lengths), 0.0)
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-10)


def test_a_label_that_does_not_fit_is_impossible_and_has_no_gradient() -> None:
    """Two equal symbols need three frames."""
    scores = logits(3, 2).requires_grad_()
    labels, lengths = as_labels("aa", "aa")
    loss = ctc_loss(scores.log_softmax(-1), labels, torch.tensor([2, 3]), lengths)
    assert loss.isinf().tolist() == [True, False]
    (slope,) = torch.autograd.grad(loss, scores, torch.ones_like(loss))
    assert slope.isfinite().all()
    assert slope[:, 0].abs().max() == 0 < slope[:, 1].abs().max()


def test_padding_and_surplus_frames_do_not_matter() -> None:
    scores, labels, frames, lengths = batch()
    log_probs = scores.detach().log_softmax(-1)
    loss = ctc_loss(log_probs, labels, frames, lengths)
    changed = log_probs.clone()
    for example, count in enumerate(frames.tolist()):
        changed[count:, example] = -7.0
    more = torch.cat((labels, torch.ones(5, 2, dtype=torch.long)), 1)
    torch.testing.assert_close(ctc_loss(changed, more, frames, lengths), loss, rtol=0, atol=1e-12)


def test_long_inputs_do_not_underflow() -> None:
    scores = logits(400, 1, symbols=30).float()
    labels = torch.arange(1, 30).repeat(3)[None]
    lengths, frames = torch.tensor([87]), torch.tensor([400])
    ours = ctc_loss(scores.log_softmax(-1), labels, frames, lengths)
    theirs = F.ctc_loss(scores.double().log_softmax(-1), labels, frames, lengths, reduction="none")
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)
    assert ours.item() > 300


def test_shapes_that_do_not_fit_are_refused() -> None:
    scores, labels, frames, lengths = batch()
    with pytest.raises(ValueError, match=r"given \(9, 5, 4\), \(4, 5\)"):
        ctc_loss(scores, labels[:4], frames, lengths)
    with pytest.raises(ValueError, match=r"\(9, 4\)"):
        occupancy(scores[:, 0], labels, frames, lengths)
