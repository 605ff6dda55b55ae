"""Attributes of images: lazy, with room reserved, and a width at which lettering is legible."""

from __future__ import annotations

import base64

import pytest

from mlblog.press.page.images import image_attributes

SVG = b'<?xml version="1.0"?>\n<svg xmlns:xlink="x" width="403.2pt" height="237.6pt" viewBox="0 0 403.2 237.6">'
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAADklEQVR4nGP4//8/AxIGACwaBfsMYW8hAAAAAElFTkSuQmCC"
)


@pytest.mark.parametrize(
    ("content", "lettering", "expected"),
    [
        # 403.2 pt are 537.6 px; text of 11 pt has 10 px where the drawing is 403.2 * 10 / 11 = 366.5 px wide
        (SVG, "11", "{ loading=lazy width=538 height=317 style='--legible: 367px' }"),
        (SVG, "", "{ loading=lazy width=538 height=317 }"),
        (PNG, "", "{ loading=lazy width=3 height=2 }"),
        (b"GIF89a", "", "{ loading=lazy }"),
        (b"", "", "{ loading=lazy }"),
    ],
)
def test_attributes(content: bytes, lettering: str, expected: str) -> None:
    assert image_attributes(content, lettering) == expected
