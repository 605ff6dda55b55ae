"""Pictures of coloured shapes, made from a seed, with what they show in words, boxes and masks.

Dimensions: n pictures of S × S pixels, M shapes at most.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlblog.data.raster import Floats, disc_coverage, polygon_coverage

KINDS = ("circle", "square", "triangle", "diamond")
COLOURS = {
    "red": (214, 40, 40),
    "green": (40, 160, 70),
    "blue": (45, 80, 215),
    "yellow": (240, 205, 45),
    "white": (250, 250, 250),
    "black": (10, 10, 10),
}
GROUND = (110, 150)  # the lightest and darkest grey behind shapes
#: Corners of each kind on a circle of radius 1 about its centre; a circle has none.
CORNERS = {
    "square": np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * math.sqrt(0.5),
    "triangle": np.array([[0, -1], [math.sqrt(0.75), 0.5], [-math.sqrt(0.75), 0.5]]),
    "diamond": np.array([[0.0, -1.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]),
}


class Shapes(NamedTuple):
    """Pictures and what they show.

    Attributes:
        images: (n, S, S, 3) uint8, red, green and blue.
        captions: as "red circle left of blue square", n of them.
        kinds: (n, M) int64, which of `KINDS`; -1 where there is no shape.
        colours: (n, M) int64, which of `COLOURS`; -1 where there is no shape.
        boxes: (n, M, 4) float32, left, top, right and bottom in pixels; 0 where there is no shape.
        masks: (n, M, S, S) float32, the share of each pixel that a shape covers.
    """

    images: NDArray[np.uint8]
    captions: tuple[str, ...]
    kinds: NDArray[np.int64]
    colours: NDArray[np.int64]
    boxes: NDArray[np.float32]
    masks: NDArray[np.float32]


def make_shapes(n: int, *, side: int = 32, fewest: int = 1, most: int = 2, noise: float = 0.0, seed: int) -> Shapes:
    """Draw shapes of any kind, colour and size, apart from each other, on a grey ground.

    Args:
        n: pictures.
        side: S, 8 to 64.
        fewest: shapes in a picture, at least.
        most: M, at most; the more, the smaller they are.
        noise: standard deviation of what is added to each channel of each pixel, in levels.
        seed: of everything. One seed gives the same first pictures only for the same n.

    Raises:
        ValueError: a size or number of shapes that cannot be drawn.

    Example:
        >>> shapes = make_shapes(3, side=16, fewest=2, seed=0)
        >>> shapes.captions[0], shapes.images.shape
        ('red diamond right of red triangle', (3, 16, 16, 3))
    """
    if not 8 <= side <= 64 or not 1 <= fewest <= most <= 6:
        raise ValueError(f"8 to 64 pixels and 1 to 6 shapes expected, given {side} and {fewest} to {most}")
    rng = np.random.default_rng(seed)
    present = np.arange(most) < rng.integers(fewest, most + 1, size=n)[:, None]  # (n, M)
    kinds = np.where(present, rng.integers(len(KINDS), size=(n, most)), -1)
    colours = np.where(present, rng.integers(len(COLOURS), size=(n, most)), -1)
    centres, radii = _places(n, most, side, rng)
    masks, boxes = _drawn(kinds, centres, radii, side)
    ground = rng.integers(GROUND[0], GROUND[1] + 1, size=(n, 1, 1, 1))
    paint = np.array(list(COLOURS.values()), dtype=np.float64)[colours]  # (n, M, 3)
    clear = 1 - masks.sum(1)[..., None]  # shapes do not meet
    picture = ground * clear + np.einsum("nmxy,nmc->nxyc", masks, paint)
    picture += noise * rng.normal(size=picture.shape)
    images = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    captions = tuple(_caption(*row) for row in zip(kinds, colours, centres, strict=True))
    return Shapes(images, captions, kinds, colours, boxes.astype(np.float32), masks.astype(np.float32))


def _places(n: int, most: int, side: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Centres (n, M, 2) and radii (n, M) of circles that lie within the picture and do not meet."""
    largest = 0.32 * side / math.sqrt(most)
    centres, radii = np.zeros((n, most, 2)), np.zeros((n, most))
    left = np.arange(n)
    while len(left):
        radii[left] = rng.uniform(0.65 * largest, largest, size=(len(left), most))
        low = radii[left][..., None]
        centres[left] = low + rng.random((len(left), most, 2)) * (side - 2 * low)
        apart = np.linalg.norm(centres[left, :, None] - centres[left, None], axis=-1)
        needed = radii[left, :, None] + radii[left, None]
        meet = (apart < needed) & ~np.eye(most, dtype=bool)
        left = left[meet.any((1, 2))]
    return centres, radii


def _drawn(kinds: NDArray[np.int64], centres: Floats, radii: Floats, side: int) -> tuple[Floats, Floats]:
    """Masks (n, M, S, S) and boxes (n, M, 4)."""
    masks, boxes = np.zeros((*kinds.shape, side, side)), np.zeros((*kinds.shape, 4))
    for number, kind in enumerate(KINDS):
        here = kinds == number
        centre, radius = centres[here], radii[here]
        if kind == "circle":
            masks[here] = disc_coverage(centre, radius, side=side)
            boxes[here] = np.hstack((centre - radius[:, None], centre + radius[:, None]))
        else:
            corners = centre[:, None] + radius[:, None, None] * CORNERS[kind]
            masks[here] = polygon_coverage(corners, side=side)
            boxes[here] = np.hstack((corners.min(1), corners.max(1)))
    return masks, boxes


def _caption(kinds: NDArray[np.int64], colours: NDArray[np.int64], centres: Floats) -> str:
    """The shapes by name; of two, how the first lies to the second."""
    names = list(COLOURS)
    shown = [f"{names[c]} {KINDS[k]}" for k, c in zip(kinds, colours, strict=True) if k >= 0]
    if len(shown) != 2:
        return ", ".join(shown)
    right, down = centres[0] - centres[1]
    beside = abs(right) >= abs(down)
    first, second = ("left of", "right of") if beside else ("above", "below")
    return f"{shown[0]} {first if (right if beside else down) < 0 else second} {shown[1]}"
