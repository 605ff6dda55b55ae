"""Colours of a terminal: Rich, which reads them too, is the oracle of text and style; WCAG that of the shades."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from rich.console import Console
from rich.text import Text

from mlblog.press.page.terminal import coloured, lines, plain

COLOURS = Path(__file__).parents[2] / "mlblog" / "theme" / "stylesheets" / "colours.css"
E = "\x1b["
CONSOLE = Console()


@pytest.mark.parametrize(
    "text",
    [
        "plain", f"{E}31mred{E}0m", f"a {E}1;32mb{E}m c", f"{E}31mtwo\nlines{E}0m after", f"{E}38;5;208ma{E}39mb",
        f"{E}38;2;200;20;30ma{E}0mb", f"{E}4ma{E}24mb{E}9mc{E}29md{E}3me{E}23mf", f"{E}1ma{E}22mb", f"{E}41ma{E}49mb",
        f"{E}<b>&", f"{E}31m<b>&amp;{E}0m", f"\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\ {E}35mm{E}0m", f"{E}7ma{E}27mb",
        f"{E}38;5;1ma{E}48;5;2mb{E}0m",
    ],
)  # fmt: skip
def test_text_and_marks_are_what_rich_reads(text: str) -> None:
    found = lines(text)
    theirs = (
        [Text.from_ansi(line) for line in text.split("\n")] if "\n" not in text else Text.from_ansi(text).split("\n")
    )
    assert plain(found) == "\n".join(line.plain for line in theirs)
    html = coloured(found)
    assert unescape(re.sub("<[^>]+>", "", html)) in (plain(found), "")
    pieces = [(piece, set(classes.split())) for line in found for piece, classes in line]
    marks = {"bold": "bold", "italic": "italic", "underlined": "underline", "struck": "strike"}
    at = 0
    whole = theirs[0] if len(theirs) == 1 else Text("").join(theirs)
    for piece, classes in pieces:
        style = whole.get_style_at_offset(CONSOLE, at)
        for ours, name in marks.items():
            assert (f"mlblog-{ours}" in classes) is bool(getattr(style, name)), (piece, ours)
        is_coloured = any(one.startswith(("mlblog-in", "mlblog-on")) for one in classes)
        theirs_too = [one for one in (style.color, style.bgcolor) if one and not one.is_default]
        assert is_coloured is bool(theirs_too or style.reverse), piece
        at += len(piece)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        (f"{E}31mred{E}0m", '<span class="mlblog-in-red">red</span>'),
        (f"{E}91mred", '<span class="mlblog-in-red">red</span>'),
        (f"{E}90mgrey", '<span class="mlblog-in-grey">grey</span>'),
        (f"{E}30mink{E}37mink{E}97mink", ""),
        (f"{E}31;42mx", '<span class="mlblog-on-green">x</span>'),
        (f"{E}7;31mx", '<span class="mlblog-on-red">x</span>'),
        (f"{E}38;5;196mx", '<span class="mlblog-in-red">x</span>'),
        (f"{E}38;5;21mx", '<span class="mlblog-in-blue">x</span>'),
        (f"{E}38;2;250;240;10mx", '<span class="mlblog-in-yellow">x</span>'),
        (f"{E}38:2:10:200:30mx", '<span class="mlblog-in-green">x</span>'),
        (f"{E}38;5mx{E}38mx{E}99mx{E}mx", ""),
        (f"{E}31mgone\rkept", '<span class="mlblog-in-red">kept</span>'),
        (f"{E}31mgone{E}0m\rkept", ""),
        (f"{E}32ma\r\n{E}0mb\n", '<span class="mlblog-in-green">a</span>\nb'),
        (f"{E}2K{E}1A\x1b[?25l{E}36mx", '<span class="mlblog-in-cyan">x</span>'),
    ],
)
def test_colours_become_names(text: str, html: str) -> None:
    assert coloured(lines(text)) == html


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb` (WCAG 2.1)."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def ratio(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def mixed(a: str, b: str, share: float) -> str:
    pairs = [(int(a[at : at + 2], 16), int(b[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(one * share + other * (1 - share)):02x}" for one, other in pairs)


@pytest.mark.parametrize("scheme", ["default", "slate"])
def test_every_colour_is_legible_on_every_ground(scheme: str) -> None:
    blocks = re.findall(rf'\[data-md-color-scheme="{scheme}"\] \{{(.*?)\}}', COLOURS.read_text(), re.DOTALL)
    values = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", "".join(blocks)))
    names = [name for name in values if name.startswith("terminal-")]
    assert {name.removeprefix("terminal-") for name in names} == {
        "red", "green", "yellow", "blue", "magenta", "cyan", "grey"
    }  # fmt: skip
    for name in names:
        for ground in ("paper", "raised", "fault-ground"):
            assert ratio(values[name], values[ground]) >= 4.5, (name, ground)
        assert ratio(values["ink"], mixed(values[name], values["paper"], 0.25)) >= 4.5, name
