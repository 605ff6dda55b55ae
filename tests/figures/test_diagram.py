"""A diagram says what a call of a module does: its parts in order, their shapes and sizes, boxes in boxes."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib.patches import FancyBboxPatch
from matplotlib.transforms import Bbox
from torch import Tensor, nn

from mlblog.figures import Frames, diagram, style
from mlblog.figures.calls import Block, folded, trace
from mlblog.models.pointer import PointerTransformer
from mlblog.models.translator import Translator

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _styled() -> Iterator[None]:
    with mpl.rc_context():
        style()
        yield


class Twice(nn.Module):
    """Uses one layer twice, adds, and takes a mask."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.drop = nn.Dropout(0.5)
        self.rest = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = x + self.drop(self.first(x))
        x = self.first(x.relu())
        for layer in self.rest:
            x = layer(x)
        return x.masked_fill(~mask[:1], 0).softmax(-1)


def shown(block: Block) -> object:
    return (block.label, block.parameters, block.is_shared, block.shape, block.calls, [
        part if isinstance(part, str) else shown(part) for part in block.parts
    ])  # fmt: skip


def test_a_call_is_told_in_order() -> None:
    mask = torch.eye(4, dtype=torch.bool)
    net = Twice()
    whole = trace(net, torch.zeros(3, 4), mask)
    assert shown(whole) == (
        "Twice", 60, False, (3, 4), 1,
        [
            ("first: Linear", 20, False, (3, 4), 1, []), "+ · relu", ("first: Linear", 20, True, (3, 4), 1, []),
            ("Linear", 20, False, (3, 4), 2, []), "mask · softmax",
        ],
    )  # fmt: skip
    assert np.array_equal(whole.masks[0], mask.numpy())
    assert net.training  # as it was
    assert not any(one._forward_hooks or one._forward_pre_hooks for one in net.modules())


def test_what_repeats_is_told_once() -> None:
    a, b = Block("a", "A", 1), Block("b", "B", 2)
    (only,) = folded([a, "+", b, "+", a, "+", b, "+"])
    assert isinstance(only, Block)
    assert (only.kind, only.calls, only.parts) == ("", 2, [a, "+", b, "+"])
    assert folded(["+", "@", "+", "@"]) == ["+", "@", "+", "@"]
    one = folded([a, a, a])
    assert [part.calls for part in one if isinstance(part, Block)] == [3]
    # and nothing is lost: unfolded it is what it was
    sequence: list[Block | str] = [b, a, a, b, a, a, "x", b, b]
    assert unfolded(folded(sequence)) == ["b", "a", "a", "b", "a", "a", "x", "b", "b"]


def unfolded(parts: list[Block | str]) -> list[str]:
    found: list[str] = []
    for part in parts:
        if isinstance(part, str):
            found.append(part)
        else:
            found += (unfolded(part.parts) if not part.kind else [part.name]) * part.calls
    return found


LETTERS = torch.zeros(3, 5, dtype=torch.long)
NETS = {
    "translator": lambda: (Translator(symbols=7, width=8, attention=True), LETTERS, LETTERS),
    "pointer": lambda: (PointerTransformer(width=32, heads=4, layers=2, hidden=64), LETTERS, LETTERS),
    "twice": lambda: (Twice(), torch.zeros(3, 4), torch.eye(4, dtype=torch.bool)),
}


@pytest.mark.parametrize("name", NETS)
def test_boxes_lie_in_boxes_and_words_in_them(name: str) -> None:
    made = diagram(*NETS[name](), depth=4, dims={"B": 3, "N": 5})
    for figure in made.figures.values() if isinstance(made, Frames) else [made]:
        figure.draw_without_rendering()
        patches = [patch for patch in figure.axes[0].patches if isinstance(patch, FancyBboxPatch)]
        boxes = [patch.get_window_extent() for patch in patches if patch.get_facecolor()[3] == 0]  # edges
        words = [text.get_window_extent() for text in figure.axes[0].texts if text.get_text()]
        assert len(boxes) > 3
        for place, one in enumerate(boxes):
            for other in boxes[place + 1 :]:
                assert are_apart(one, other) or holds(one, other)
        for place, one in enumerate(words):
            assert holds(figure.bbox, one)
            assert all(are_apart(one, other) for other in words[place + 1 :])
            assert all(are_apart(one, box) or holds(box, one) for box in boxes)


def are_apart(one: Bbox, other: Bbox) -> bool:
    overlap = Bbox.intersection(one, other)
    return overlap is None or overlap.width < 1 or overlap.height < 2


def holds(outer: Bbox, inner: Bbox) -> bool:
    return bool(
        outer.x0 <= inner.x0 + 1 and outer.y0 <= inner.y0 + 1 and inner.x1 <= outer.x1 + 1 and inner.y1 <= outer.y1 + 1
    )


def test_sizes_have_names_and_levels_are_frames() -> None:
    letters = torch.zeros(3, 5, dtype=torch.long)
    made = diagram(Translator(symbols=7, width=8, attention=True), letters, letters, dims={"B": 3, "N": 5}, still=2)
    assert isinstance(made, Frames)
    assert (list(made.figures), made.still) == (["2 levels", "3 levels"], "2 levels")
    words = [{text.get_text() for text in figure.axes[0].texts} for figure in made.figures.values()]
    assert {"Translator", "attend: AdditiveAttention", "B × N × 7", "5 times", "shared"} <= words[0]  # noqa: RUF001
    assert words[1] - words[0] == {"score: AdditivePointer", "softmax · @", "B × 1 × N"}  # noqa: RUF001
    assert {figure.get_size_inches()[1] for figure in made.figures.values()} == {
        made.figures["2 levels"].get_figheight()
    }


def test_a_depth_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="depth must be positive"):
        diagram(nn.Linear(1, 1), torch.zeros(1), depth=0)
