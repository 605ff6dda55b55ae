"""A figure in frames as one SVG for each scheme, in which what frames share is written once.

An element of the SVG that belongs to some frames only names them, as `data-frames="0 3 4"`. The page shows the
elements of one frame and hides the others; the file by itself shows the still.

Runs in the kernel process; imports Matplotlib.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from mlblog.press.kernel.figure import GROUND, draw

_SVG, _LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
_MARGIN = 0.1  # inches around what is drawn, as in figures that stand alone
ElementTree.register_namespace("", _SVG[1:-1])
ElementTree.register_namespace("xlink", _LINK[1:].partition("}")[0])

Variant = tuple[frozenset[int], Element]
Numbers = dict[Element, int]


def draw_frames(figures: Mapping[str, Figure], still: str, *, raster: bool = False) -> dict[str, Any]:
    """Draw figures of the same axes for both schemes.

    Args:
        figures: by label, in order; all axes get the places that they have in the still.
        still: the label of the frame that is drawn on its own as well.
        raster: whether to rasterise lines, points and areas.

    Returns:
        What `figure.draw` returns of the still, with the data of all frames, and their SVG for each scheme under
        `interactive`.
    """
    within = _lay_out(figures, figures[still])
    drawn = {label: draw(figure, raster=raster, within=within) for label, figure in figures.items()}
    labels, chosen = list(figures), list(figures).index(still)
    sizes = [float(one["lettering"]) for one in drawn.values() if one["lettering"]]
    return {
        **drawn[still],
        "data": _data({label: one["data"] for label, one in drawn.items()}),
        "lettering": f"{min(sizes):g}" if sizes else "",
        "interactive": {
            "kind": "frames",
            "files": {
                f"{scheme}.svg": merged([one[scheme] for one in drawn.values()], labels, chosen) for scheme in GROUND
            },
        },
    }


def _lay_out(figures: Mapping[str, Figure], still: Figure) -> Bbox:
    """Give all axes the places of the still, so that nothing jumps; returns the box that holds every frame."""
    still.draw_without_rendering()
    places = [ax.get_position() for ax in still.axes]
    boxes = []
    for figure in figures.values():
        figure.set_layout_engine("none")
        for ax, place in zip(figure.axes, places, strict=True):
            ax.set_position(place)
        boxes.append(figure.get_tightbbox())
    return Bbox.union(boxes).padded(_MARGIN)


def _data(tables: Mapping[str, str]) -> str:
    """The tables of all frames as one, with the frame in the first column."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    rows = 0
    for label, table in tables.items():
        head, *body = csv.reader(io.StringIO(table)) if table else [[]]
        if body and not rows:
            writer.writerow(["frame", *head])
        rows += len(body)
        writer.writerows([label, *row] for row in body)
    return file.getvalue()


def merged(svgs: Sequence[str], labels: Sequence[str], still: int) -> str:
    """One SVG of all frames; the inverse, for one frame, is to remove the elements that name others only.

    Args:
        svgs: the frames, as Matplotlib draws them.
        labels: of the frames; kept in the root as JSON.
        still: index of the frame that shows where nobody chooses.
    """
    roots = [_parsed(svg) for svg in svgs]
    variants = [(frozenset([i]), root) for i, root in enumerate(roots)]
    [root] = _one_of(variants, frozenset(range(len(svgs))), _numbered(roots))
    for one in root.iter():
        named = one.get("data-frames")
        if named is not None and str(still) not in named.split():
            one.set("style", f"{one.get('style', '')};display:none".lstrip(";"))
    root.set("data-labels", json.dumps(list(labels), ensure_ascii=False))
    root.set("data-still", str(still))
    return ElementTree.tostring(root, encoding="unicode")


def _parsed(svg: str) -> Element:
    """The tree of an SVG, without metadata, and without the ids of groups, by which Matplotlib counts artists."""
    root = ElementTree.fromstring(svg)  # noqa: S314  # Matplotlib's own
    for child in list(root):
        if child.tag == f"{_SVG}metadata":
            root.remove(child)
    for one in root.iter():
        one.text = one.text if (one.text or "").strip() else None
        one.tail = None
        if one.tag == f"{_SVG}g":
            one.attrib.pop("id", None)
    return root


def _numbered(roots: Sequence[Element]) -> Numbers:
    """A number for each element below the roots; the same number for the same content."""
    known: dict[tuple[object, ...], int] = {}
    numbers: Numbers = {}

    def number(one: Element) -> int:
        content = one.tag, tuple(one.attrib.items()), one.text, *map(number, one)
        numbers[one] = known.setdefault(content, len(known))
        return numbers[one]

    for root in roots:
        number(root)
    return numbers


def _one_of(variants: Sequence[Variant], everywhere: frozenset[int], numbers: Numbers) -> list[Element]:
    """Elements that take the same place in some of the frames `everywhere`: one if they can be merged."""
    distinct: dict[int, Variant] = {}
    for frames, one in variants:
        before = distinct.get(numbers[one])
        distinct[numbers[one]] = (before[0] | frames if before else frames), one
    kinds = list(distinct.values())
    first = kinds[0][1]
    own = [(one.tag, one.attrib, one.text) for _, one in kinds]
    is_mergeable = len(kinds) > 1 and all(one == own[0] and len(kind[1]) for one, kind in zip(own, kinds, strict=True))
    if is_mergeable and (len(everywhere) == len(frozenset().union(*(frames for frames, _ in kinds)))):
        element = Element(first.tag, first.attrib)
        element.text = first.text
        element.extend(_merged_children(kinds, everywhere, numbers))
        return [element]
    for frames, one in kinds:
        if frames != everywhere:
            one.set("data-frames", " ".join(map(str, sorted(frames))))
    return [one for _, one in kinds]


def _merged_children(kinds: Sequence[Variant], everywhere: frozenset[int], numbers: Numbers) -> list[Element]:
    if kinds[0][1].tag == f"{_SVG}defs":  # names that elements refer to; the same name is the same content
        return list({child.get("id") or numbers[child]: child for _, one in kinds for child in one}.values())
    slots: list[list[Variant]] = []
    for frames, one in kinds:
        slots = _aligned(slots, [(frames, child) for child in one], numbers)
    return [element for slot in slots for element in _one_of(slot, everywhere, numbers)]


def _aligned(slots: list[list[Variant]], children: list[Variant], numbers: Numbers) -> list[list[Variant]]:
    """Put each child into the slot of its equal, of one of its kind between equals, or into a new one."""
    known, met = [numbers[slot[-1][1]] for slot in slots], [numbers[child] for _, child in children]
    found: list[list[Variant]] = []
    matcher = SequenceMatcher(None, known, met, autojunk=False)
    for how, start, end, begin, stop in matcher.get_opcodes():
        old, new = slots[start:end], children[begin:stop]
        paired = [a[-1][1].tag == b[1].tag for a, b in zip(old, new, strict=False)]
        if how == "equal" or (len(old) == len(new) and all(paired)):
            found += [[*slot, child] for slot, child in zip(old, new, strict=True)]
        else:
            found += [*old, *([child] for child in new)]
    return found
