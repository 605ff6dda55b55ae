"""Social cards: a page's title and description as an image. Imports Matplotlib.

The same text gives the same bytes: all sizes, colours and fonts are set here, not in user settings.
"""

from __future__ import annotations

import io
import re
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.mathtext import MathTextParser
from matplotlib.text import Text
from PIL import Image

#: In pixels, as Open Graph recommends.
WIDTH, HEIGHT = 1200, 630
# the light scheme of the site; mlblog/theme/stylesheets/colours.css
_PAPER, _INK, _SOFT, _ACCENT = "#ffffff", "#1d1f23", "#55595f", "#0e5a60"
_MARGIN = 84
_TITLE_SIZES = (58, 50, 42)  # the largest that fits _TITLE_LINES is used
_TITLE_LINES, _TOLD_LINES = 3, 4
_LEADING = 1.3  # line height, in font sizes
_FORMULA = re.compile(r"(?<![\\$])\$(?=\S)[^$]*[^\s$\\]\$(?!\d)")
_TEX = re.compile(r"\\([a-zA-Z]*) ?|[{}$]")
_COLOURS = 32  # palette size: four colours, plus antialiasing


def drawn(title: str, told: str, site: str, below: str) -> bytes:
    """Draw a card.

    Args:
        title: title of the page; cut after three lines.
        told: its description; cut after four lines.
        site: name of the site.
        below: the last line, such as a date.

    Returns:
        A PNG of 1200 x 630 pixels.
    """
    with mpl.rc_context(mpl.rcParamsDefault):
        figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=100, facecolor=_PAPER)
        canvas: Any = FigureCanvasAgg(figure)
        _motif(figure)
        _write(figure, 76, [" ".join(words(site))], size=30, colour=_ACCENT, weight="bold")
        size, lines = _fitted(figure, title)
        y = _write(figure, 150, lines, size=size, colour=_INK, family="DejaVu Serif", weight="bold")
        room = int((HEIGHT - 140 - y - 24) / (29 * _LEADING))  # lines above the last line
        _write(figure, y + 24, _wrapped(figure, told, 29, min(_TOLD_LINES, room)), size=29, colour=_SOFT)
        _write(figure, HEIGHT - 92, [" ".join(words(below))], size=25, colour=_SOFT)
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    file = io.BytesIO()
    Image.fromarray(pixels).quantize(_COLOURS, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


def _motif(figure: Figure) -> None:
    """The motif of the site: a bar on the left, and a learning curve at the bottom."""
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(0, HEIGHT))
    axes.axis("off")
    axes.axvspan(0, 18, color=_ACCENT, linewidth=0)
    x = np.linspace(0, 1, 200)
    for step, alpha in ((9.0, 1.0), (5.5, 0.45), (3.5, 0.2)):
        y = 1 / (1 + np.exp(-step * (2 * x - 1)))
        axes.plot(WIDTH - _MARGIN - 150 + 150 * x, 62 + 64 * y, color=_ACCENT, alpha=alpha, linewidth=3.5)


def _write(
    figure: Figure,
    top: float,
    lines: list[str],
    *,
    size: int,
    colour: str,
    family: str = "DejaVu Sans",
    weight: str = "",
) -> float:
    """Write lines below `top`, in pixels from the upper edge; return where they end."""
    for line in lines:
        text = Text(_MARGIN / WIDTH, 1 - top / HEIGHT, line, color=colour, va="top")
        text.set(fontfamily=family, fontweight=weight or "normal", fontsize=size * 0.72)  # 100 px are 72 pt
        figure.add_artist(text)
        top += size * _LEADING
    return top


def _fitted(figure: Figure, title: str) -> tuple[int, list[str]]:
    for size in _TITLE_SIZES:
        lines = _wrapped(figure, title, size, _TITLE_LINES, family="DejaVu Serif", weight="bold")
        if not lines[-1].endswith("…"):
            break
    return size, lines


def _wrapped(
    figure: Figure, text: str, size: int, most: int, family: str = "DejaVu Sans", weight: str = "normal"
) -> list[str]:
    """Text in lines that fit between the margins, at most `most`; omitted text is marked by an ellipsis."""
    probe = Text(0, 0, "", fontfamily=family, fontweight=weight, fontsize=size * 0.72)
    probe.set_figure(figure)

    def fits(line: str) -> bool:
        probe.set_text(line)
        return bool(probe.get_window_extent().width <= WIDTH - 2 * _MARGIN)

    lines: list[list[str]] = [[]]
    for word in words(text):
        if not lines[-1] or fits(" ".join([*lines[-1], word])):
            lines[-1].append(word)
        else:
            lines.append([word])
    shown = [" ".join(line) for line in lines[:most]]
    if len(lines) > most:
        last = lines[most - 1]
        while not fits(" ".join(last) + "…") and len(last) > 1:
            last.pop()
        shown[-1] = " ".join(last).rstrip(",;:.") + "…"
    return shown


def words(text: str) -> list[str]:
    r"""The words of a text as Matplotlib letters them; a formula is one word, in plain text if it cannot be drawn.

    Example:
        >>> words(r"At $\frac{1}{n}$, $\nonsuch{a}$ for $5")
        ['At', '$\\frac{1}{n}$,', 'nonsucha', 'for', '\\$5']
    """
    pieces, at = [], 0
    for found in _FORMULA.finditer(text):
        pieces += [text[at : found.start()].replace("$", r"\$"), _formula(found[0]).replace(" ", "\0")]
        at = found.end()
    pieces.append(text[at:].replace("$", r"\$"))
    return [word.replace("\0", " ") for word in "".join(pieces).split()]


def _formula(tex: str) -> str:
    try:
        MathTextParser("agg").parse(tex)
    except ValueError:
        return _TEX.sub(r"\1", tex)
    return tex
