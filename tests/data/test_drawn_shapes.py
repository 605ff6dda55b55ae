"""Pictures of shapes against their captions, boxes, masks and colours."""

from __future__ import annotations

import hashlib
import re

import numpy as np
import pytest

from mlblog.data.shapes import COLOURS, GROUND, KINDS, make_shapes

#: Area over the square of the radius, of figures with their corners on a circle.
AREAS = {"circle": np.pi, "square": 2.0, "triangle": 0.75 * np.sqrt(3), "diamond": 2.0}
#: Width and height over the radius.
EXTENT = {"circle": (2, 2), "square": (2**0.5, 2**0.5), "triangle": (3**0.5, 1.5), "diamond": (2, 2)}


def test_masks_have_the_area_and_boxes_the_extent_of_their_kind() -> None:
    shapes = make_shapes(60, side=40, fewest=1, most=3, seed=5)
    seen = set()
    for kinds, boxes, masks in zip(shapes.kinds, shapes.boxes, shapes.masks, strict=True):
        for number, (left, top, right, bottom), mask in zip(kinds, boxes, masks, strict=True):
            if number < 0:
                assert not mask.any()
                assert [left, top, right, bottom] == [0, 0, 0, 0]
                continue
            kind = KINDS[number]
            seen.add(kind)
            radius = (right - left) / EXTENT[kind][0]
            assert bottom - top == pytest.approx(radius * EXTENT[kind][1], rel=1e-4)
            assert mask.sum() == pytest.approx(AREAS[kind] * radius**2, rel=5e-3)
            rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            found = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
            np.testing.assert_allclose(found, (left, top, right, bottom), atol=1.2)
            assert min(left, top) >= 0
            assert max(right, bottom) <= 40
    assert seen == set(KINDS)


def test_colours_and_places_are_what_captions_say() -> None:
    """Read off the pixels: each colour's centre of mass, by counting."""
    shapes = make_shapes(200, side=48, fewest=2, most=2, seed=2)
    checked = 0
    for image, caption, kinds, colours in zip(*shapes[:4], strict=True):
        match = re.fullmatch(r"(\w+) (\w+) (left of|right of|above|below) (\w+) (\w+)", caption)
        assert match is not None
        one, kind, relation, other, other_kind = match.groups()
        assert [KINDS.index(kind), KINDS.index(other_kind)] == kinds.tolist()
        assert [list(COLOURS).index(one), list(COLOURS).index(other)] == colours.tolist()
        if one == other:
            continue
        rows, columns = (np.nonzero((image == COLOURS[c]).all(-1)) for c in (one, other))
        down, right = (float(np.mean(rows[axis]) - np.mean(columns[axis])) for axis in (0, 1))
        if abs(abs(down) - abs(right)) < 1:
            continue
        upright = "above" if down < 0 else "below"
        expected = upright if abs(down) > abs(right) else ("left of" if right < 0 else "right of")
        assert relation == expected
        checked += 1
    assert checked > 100


def test_a_pixel_is_a_mixture_of_shape_and_ground() -> None:
    shapes = make_shapes(30, side=16, fewest=1, most=1, seed=4)
    for image, colours, masks in zip(shapes.images, shapes.colours, shapes.masks, strict=True):
        cover = masks[0].astype(np.float64)[..., None]
        bare = np.unique(image[cover[..., 0] == 0])
        assert len(bare) == 1
        assert GROUND[0] <= bare[0] <= GROUND[1]
        paint = np.array(list(COLOURS.values())[colours[0]])
        np.testing.assert_allclose(image, cover * paint + (1 - cover) * bare[0], atol=0.51)


def test_numbers_of_shapes_are_even_and_shapes_are_apart() -> None:
    shapes = make_shapes(600, side=24, fewest=1, most=4, seed=1)
    counts = np.bincount((shapes.kinds >= 0).sum(1), minlength=5)[1:]
    assert (abs(counts - 150) < 60).all()
    assert shapes.masks.sum(1).max() <= 1 + 1e-6
    assert [len(caption.split(", ")) for caption in shapes.captions if "," in caption] == [
        count for count in (shapes.kinds >= 0).sum(1) if count > 2
    ]
    for chosen in (shapes.kinds, shapes.colours):
        assert (np.bincount(chosen[chosen >= 0]) > 150).all()


def test_noise_is_as_large_as_said() -> None:
    clean, noisy = (make_shapes(20, side=32, noise=noise, seed=3).images.astype(float) for noise in (0, 5))
    away = (noisy - clean)[(clean > 20) & (clean < 235)]
    assert away.std() == pytest.approx(np.sqrt(25 + 1 / 12), rel=0.02)
    assert abs(away.mean()) < 0.1


def test_seeds_are_pictures() -> None:
    """The digest pins the data behind records: if NumPy draws otherwise one day, this says so."""
    one, same, other = (make_shapes(4, side=8, seed=seed) for seed in (1, 1, 2))
    assert one.captions == same.captions
    assert np.array_equal(one.images, same.images)
    assert not np.array_equal(one.images, other.images)
    pinned = make_shapes(100, side=32, fewest=1, most=3, noise=2.0, seed=7)
    digest = hashlib.blake2b(pinned.images.tobytes() + "\n".join(pinned.captions).encode(), digest_size=8)
    assert digest.hexdigest() == "3d6ac8b2a2ffec26"


@pytest.mark.parametrize("wrong", [{"side": 7}, {"side": 65}, {"fewest": 0}, {"fewest": 3}, {"most": 7}])
def test_what_cannot_be_drawn_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="8 to 64 pixels and 1 to 6 shapes expected"):
        make_shapes(1, seed=0, **wrong)
