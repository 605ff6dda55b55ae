"""What captions say, which are held out, and what is counted of pictures, worked out from the captions' letters."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from mlblog.data.shapes import COLOURS, KINDS, make_shapes
from mlblog.experiments.captions import PER_NOISE, _retrieved, _same, counted, steps_of
from mlblog.experiments.captions_drawn import Noise, multiplications, noise
from mlblog.experiments.captions_read import (
    GROUPS,
    NEW_SHAPES,
    SIDE,
    Captioned,
    Matcher,
    caption_of,
    captioned,
    fulfilled,
    groups_of,
    kept,
    told,
    turned,
    variety,
    words_of,
)

SOME = captioned(2_000, seed=5)
OPPOSITE = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}


def said(*captions: str) -> Tensor:
    return torch.tensor([words_of(caption) for caption in captions])


def cut(caption: str) -> tuple[str, str, str]:
    """The first shape, the relation and the second."""
    relation = next(relation for relation in OPPOSITE if f" {relation} " in caption)
    first, second = caption.split(f" {relation} ")
    return first, relation, second


def test_captions_are_those_of_the_shapes_and_come_back_from_their_words() -> None:
    shapes = make_shapes(2_000, side=SIDE, fewest=2, most=2, seed=5)
    mine = [caption for caption in shapes.captions if "square" not in caption and "diamond" not in caption]
    assert [caption_of(words) for words in SOME.words.tolist()] == mine
    assert len(SOME.images) == len(mine)
    assert SOME.images.abs().max() <= 1
    first = next(i for i, caption in enumerate(shapes.captions) if caption == mine[0])
    assert (kept(SOME.images[:1])[0] == shapes.images[first]).all()


def test_a_caption_turned_round_says_the_same() -> None:
    for caption in [caption_of(words) for words in SOME.words[:60].tolist()]:
        first, relation, second = cut(caption)
        other = f"{second} {OPPOSITE[relation]} {first}"
        mine, turned = told(said(caption, other)).tolist()
        assert mine == turned
        axis, *rest = mine
        assert axis == (relation in ("above", "below"))
        before = first if relation in ("left of", "above") else second
        assert before == f"{list(COLOURS)[rest[0]]} {KINDS[rest[1]]}"


def test_a_caption_with_the_opposite_relation_is_wrong_where_shapes_differ() -> None:
    for words, other in zip(SOME.words[:60], turned(SOME.words[:60]), strict=True):
        first, relation, second = cut(caption_of(words.tolist()))
        assert caption_of(other.tolist()) == f"{first} {OPPOSITE[relation]} {second}"
        same = told(words[None]).tolist() == told(other[None]).tolist()
        assert same == (first == second)


def test_groups_go_by_the_shapes_that_captions_name() -> None:
    names = {f"{colour} {kind}": i * len(KINDS) + j for i, colour in enumerate(COLOURS) for j, kind in enumerate(KINDS)}
    assert {name for name, number in names.items() if number in NEW_SHAPES} == {"red circle", "blue triangle"}
    found = groups_of(SOME.words).tolist()
    pairs: dict[frozenset[str], set[int]] = {}
    for words, group in zip(SOME.words.tolist(), found, strict=True):
        first, _, second = cut(caption_of(words))
        new = {first, second} & {"red circle", "blue triangle"}
        assert (group == GROUPS.index("new shape")) == bool(new)
        pairs.setdefault(frozenset((first, second)), set()).add(group)
    assert all(len(groups) == 1 for groups in pairs.values())  # whatever the relation and the order
    held = sum(groups == {GROUPS.index("new pair")} for groups in pairs.values())
    assert 3 <= held <= 15


def test_what_pictures_fulfil_is_counted_by_name() -> None:
    asked = said(*["red circle left of green triangle"] * 6)
    shown = [
        "red circle left of green triangle",  # all
        "green triangle right of red circle",  # the same in other words
        "green triangle left of red circle",  # the wrong way round
        "red circle above green triangle",
        "green circle left of red triangle",  # colours and kinds, but not shapes
        "red circle left of blue triangle",
    ]
    found = fulfilled(told(said(*shown)), asked)
    assert found == pytest.approx({"colours": 5 / 6, "kinds": 1, "shapes": 4 / 6, "placed": 2 / 4, "all": 2 / 6})
    same = said("red circle left of red circle")
    assert fulfilled(told(same), same) == {"colours": 1, "kinds": 1, "shapes": 1, "placed": 0, "all": 1}


def test_pictures_are_found_by_what_they_show() -> None:
    asked = SOME.words[[3, 8]]
    assert fulfilled(told(asked), asked)["all"] == 1
    found = _retrieved(SOME, asked)
    right = [i for i, words in enumerate(told(SOME.words).tolist()) if words == told(asked)[0].tolist()]
    assert torch.equal(found[0], SOME.images[right[0]])
    draws = _same(SOME, asked)
    assert draws.shape == (8, 2, 3, SIDE, SIDE)
    assert all(any(torch.equal(one, SOME.images[i]) for i in right) for one in draws[:, 0])


def test_variety_is_about_the_mean_of_each_caption() -> None:
    images = torch.zeros(2, 3, 3, SIDE, SIDE)
    images[:, 1] = 0.5  # captions differ, draws do not
    assert variety(images) == 0
    images[0, 2], images[1, 2] = 1.0, -1.0  # one caption of three: 1 from its mean, half of that in levels
    assert variety(images) == pytest.approx(math.sqrt(1 / 3) / 2)


def test_cosines_are_those_of_pairs() -> None:
    torch.manual_seed(0)
    net = Matcher(4)
    near = net.near(SOME.images[:3], SOME.words[:3])
    looked, spoken = net(SOME.images[:3], SOME.words[:3])
    for i in range(3):
        cosine = (looked[i] @ spoken[i]) / (looked[i].norm() * spoken[i].norm())
        assert near[i].item() == pytest.approx(cosine.item(), abs=1e-5)


def test_noise_is_priced_as_v() -> None:
    """A network that says no noise: the mean of ε² / a is what it costs."""

    class Silent(torch.nn.Module):
        text = noise(16, 0, "cpu").net.text

        def forward(self, x: Tensor, level: Tensor, words: Tensor) -> Tensor:
            return torch.zeros_like(x)

    rival, some = Noise(Silent()), SOME.where(torch.arange(200))  # type: ignore[arg-type]
    lost = torch.zeros(200, dtype=torch.bool)
    torch.manual_seed(3)
    found = rival.loss(some, lost).item()
    torch.manual_seed(3)
    from mlblog.experiments.diffusion import LEVELS

    level = LEVELS[torch.randint(1, len(LEVELS), (200, 1, 1, 1))]
    grain = torch.randn_like(some.images)
    assert found == pytest.approx((grain.double().square() / level).mean().item(), rel=1e-4)


def test_multiplications_grow_with_the_batch_and_steps_with_the_rival() -> None:
    rival = noise(16, 0, "cpu")
    few, more = (multiplications(rival, Captioned(SOME.images[:n], SOME.words[:n])) for n in (4, 8))
    assert more == pytest.approx(2 * few)
    assert steps_of("symbols", 100) == round(PER_NOISE * 100)
    assert steps_of("noise", 100) == 100
    assert counted(16) == [1, 2, 4, 8, 16]
