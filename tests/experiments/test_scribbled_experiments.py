"""What the experiments on tones, digits and contrast measure, on inputs whose answers are known."""

import pytest
import torch

from mlblog.experiments.contrastive import _probe, _shifted
from mlblog.experiments.ctc import _inside, _once_a_span
from mlblog.experiments.vae import _nearest


def test_a_symbol_is_read_once_a_span_wherever_it_stands() -> None:
    assert _once_a_span([0, 1, 2, 1, 0, 0, 1, 1, 3, 0]) == [1, 2, 1, 3]
    assert _once_a_span([2, 2]) == [2]
    assert _once_a_span([0, 0]) == []


def test_a_tone_is_hit_if_its_spike_stands_in_it() -> None:
    truth = [0, 1, 1, 0, 2, 2, 2, 0]
    assert _inside([[0, 1, 0, 0, 0, 2, 2, 0]], [truth], [[1, 2]]) == 1.0
    assert _inside([[0, 0, 0, 1, 0, 2, 2, 0]], [truth], [[1, 2]]) == 0.5
    assert _inside([[0, 1, 0, 0, 0, 0, 0, 0]], [truth], [[1, 2]]) == 0.0, "read wrong: nothing to count"
    twice = [0, 1, 1, 0, 1, 1]
    assert _inside([[0, 0, 1, 0, 0, 1]], [twice], [[1, 1]]) == 1.0
    assert _inside([[0, 0, 0, 1, 0, 1]], [twice], [[1, 1]]) == 0.5, "the first spike is late, in the pause"
    assert _inside([[1, 1, 0, 0, 0, 2, 2, 0]], [truth], [[1, 2]]) == 0.5, "the first begins early"
    assert _inside([[1, 1, 1, 0, 0, 2, 2, 0]], [truth], [[1, 2]]) == 1.0, "early, its middle in the tone"


def test_a_probe_classifies_what_is_linear_and_nothing_else() -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(10, (600,), generator=generator)
    centres = 6 * torch.randn(10, 13, generator=generator)
    x = centres[labels] + torch.randn(600, 13, generator=generator)
    assert _probe(x[:400], labels[:400], x[400:], labels[400:]) > 0.95
    noise = torch.randn(600, 13, generator=generator)
    assert _probe(noise[:400], labels[:400], noise[400:], labels[400:]) < 0.25


def test_views_are_the_image_moved_by_one_pixel_at_most() -> None:
    torch.manual_seed(0)
    image = torch.zeros(300, 8, 8)
    image[:, 3, 4] = 10.0
    views = _shifted(image)
    assert views.shape == image.shape
    places = {divmod(int(view.argmax()), 8) for view in views}
    assert places == {(row, column) for row in (2, 3, 4) for column in (3, 4, 5)}
    contrast = views.flatten(1).max(1).values / 10
    assert 0.65 < contrast.min() < 0.8
    assert 1.2 < contrast.max() < 1.35


def test_the_nearest_digit_is_measured_per_pixel() -> None:
    known = torch.tensor([[0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0]])
    asked = torch.tensor([[0.0, 0.0, 0.0, 0.4], [1.0, 1.0, 1.0, 1.0]])
    assert _nearest(asked, known) == pytest.approx((0.2 + 0.0) / 2)
