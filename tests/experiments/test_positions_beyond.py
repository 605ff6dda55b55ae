"""How answers at places are scored, and which scheme is told what."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from parts import ran
from torch import Tensor

from mlblog.data.strings import NOTHING, Strings
from mlblog.experiments import positions
from mlblog.experiments.positions import SCHEMES, network, right


def test_only_places_that_are_asked_are_scored() -> None:
    net = network("none", 8, 9)
    answers = np.array([[NOTHING, 2, NOTHING, 5], [NOTHING, 1, NOTHING, 5]])
    with torch.no_grad():
        net.name.weight.zero_()
        net.name.bias.copy_(torch.eye(8)[2])  # says 2 everywhere
    found = right(net, Strings(np.zeros((2, 4), dtype=np.int64), answers))
    assert np.isnan(found).tolist() == [True, False, True, False]
    assert found[[1, 3]].tolist() == [0.5, 0.0]


def test_the_loss_is_the_mean_over_places_that_are_asked() -> None:
    net = network("sinusoid", 8, 30)
    strings = positions.draw_strings(count=3, size=7, rng=np.random.default_rng(0))
    logs = net(torch.from_numpy(strings.tokens), 5).log_softmax(-1)
    asked = [
        -logs[b, t, strings.answers[b, t]].item() for b in range(3) for t in range(9) if strings.answers[b, t] >= 0
    ]
    assert len(asked) == 3 * 4
    assert positions._loss(net, strings, 5).item() == pytest.approx(np.mean(asked), rel=1e-5)


@pytest.mark.parametrize("scheme", ["none", "sinusoid", "learned", "rotary", "bias"])
@torch.no_grad()
def test_schemes_differ_in_what_they_are_told(scheme: str) -> None:
    """A string told from another place, and one read backwards, change what they should."""
    torch.manual_seed(0)
    net, tokens = network(scheme, 8, 30), torch.tensor([[8, 1, 5, 2, 0, 3, 9]])
    moved = not torch.allclose(net(tokens, 11), net(tokens), atol=1e-4)
    turned = not torch.allclose(net(tokens.flip(1)).flip(1), net(tokens), atol=1e-4)
    if scheme == "bias":  # untrained, it is zero for every distance
        net.blocks[0].scores.bias.normal_()
        turned = not torch.allclose(net(tokens.flip(1)).flip(1), net(tokens), atol=1e-4)
    assert (moved, turned) == (scheme in ("sinusoid", "learned"), scheme != "none")


def test_strings_begin_anywhere_in_training_where_the_scheme_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    starts: dict[bool, set[int]] = {True: set(), False: set()}
    real = positions._loss

    def noted(net: positions.PlacedEncoder, strings: Strings, start: int) -> Tensor:
        starts[torch.is_inference_mode_enabled()].add(start)
        return real(net, strings, start)

    monkeypatch.setattr(positions, "_loss", noted)
    monkeypatch.setattr(positions, "SCHEMES", ("sinusoid from anywhere",))
    ran("positions_beyond", steps=25)
    assert starts[True] == {0}
    assert starts[False] <= set(range(12 - 8 + 1))
    assert len(starts[False]) == 5
    assert "sinusoid from anywhere" in SCHEMES
