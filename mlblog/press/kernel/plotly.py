"""A Plotly figure: what its script draws in the page in each scheme, and a still that says so.

Plotly draws nothing without a browser. The still therefore names the figure and says where its values are.

Runs in the kernel process; takes the figure as JSON values.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from mlblog.figures.look import COLOURS, FACE, add_lettering
from mlblog.press.kernel.figure import GROUND, draw, on_ground

#: Traces whose maps come from other hosts.
_MAPS = ("choropleth", "scattergeo", "map", "mapbox")
_WIDTH, _HEIGHT = 700, 450  # Plotly's own, in pixels
_GRID = 0.85


def draw_plotly(figure: Any) -> dict[str, Any]:
    """A Plotly figure as a figure of the page.

    Returns:
        As `figure.draw`, with what Plotly draws in each scheme under `interactive`.

    Raises:
        ValueError: it asks another host for a map or a picture.
    """
    given = json.loads(figure.to_json())
    for trace in given["data"]:
        kind = str(trace.get("type", "scatter"))
        if kind.startswith(_MAPS[:2]) or kind.endswith(_MAPS[2:]):
            raise ValueError(f"the {kind} trace asks another host for its map; draw the outlines as lines")
    if any("://" in str(image.get("source", "")) for image in given["layout"].get("images", ())):
        raise ValueError("the figure asks another host for a picture; give it as a data address")
    layout = {name: value for name, value in given["layout"].items() if not (name == "template" and _is_default(value))}
    files = {}
    for scheme in GROUND:
        look = layout if "template" in layout else {**layout, "template": {"layout": _look(scheme)}}
        files[f"{scheme}.json"] = json.dumps({"data": given["data"], "layout": look}, separators=(",", ":"))
    return {
        **_still(layout),
        "data": _table(figure.to_dict()["data"]),
        "interactive": {"kind": "plotly", "files": files},
    }


def _is_default(template: Mapping[str, Any]) -> bool:
    import plotly.io
    from plotly.utils import PlotlyJSONEncoder

    default = plotly.io.templates[plotly.io.templates.default].to_plotly_json()
    return bool(template == json.loads(json.dumps(default, cls=PlotlyJSONEncoder)))


def _still(layout: Mapping[str, Any]) -> dict[str, Any]:
    add_lettering()
    width, height = layout.get("width", _WIDTH), layout.get("height", _HEIGHT)
    still = Figure(figsize=(width / 125, height / 125))
    title = layout.get("title", {}).get("text", "")
    words = f"{title}\n\n" if title else ""
    look: dict[str, Any] = {"family": [FACE, "DejaVu Sans"], "ha": "center", "va": "center", "linespacing": 1.5}
    still.text(0.5, 0.5, f"{words}A figure that needs scripts.\nIts values are in the file below it.", **look)
    still.add_artist(_frame())
    return {name: text for name, text in draw(still).items() if name in (*GROUND, "lettering")}


def _frame() -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((0.01, 0.01), 0.98, 0.98, fill=False, edgecolor=(_GRID,) * 3, linewidth=1)


def _look(scheme: str) -> dict[str, Any]:
    """The site's look, as the layout of a template of Plotly's."""
    ink, grid = (to_hex(tuple(on_ground(scheme, np.array([level] * 3 + [1.0]), 4.5))) for level in (0.0, _GRID))
    hues = [to_hex(tuple(on_ground(scheme, np.array([*_rgb(colour), 1.0]), 3.0))) for colour in COLOURS.values()]
    axis = {"gridcolor": grid, "linecolor": ink, "tickcolor": ink, "zerolinecolor": grid, "automargin": True}
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "'Source Sans 3', sans-serif", "size": 14, "color": ink},
        "colorway": hues,
        "xaxis": axis,
        "yaxis": axis,
        "margin": {"l": 60, "r": 20, "t": 40, "b": 50},
        "hovermode": "closest",
    }


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))


def _table(traces: list[Mapping[str, Any]]) -> str:
    """The x and y (and z) of each trace as CSV, where it has lists of equal lengths."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["series", "x", "y", "z"])
    rows = [row for number, trace in enumerate(traces, 1) for row in _rows(trace, str(trace.get("name", number)))]
    writer.writerows(rows)
    return file.getvalue() if rows else ""


def _rows(trace: Mapping[str, Any], name: str) -> Iterator[list[Any]]:
    columns = [np.ravel(trace[axis]).tolist() if trace.get(axis) is not None else [] for axis in "xyz"]
    lengths = {len(column) for column in columns if column}
    if len(lengths) == 1:
        (count,) = lengths
        for place in range(count):
            yield [name, *(column[place] if column else "" for column in columns)]
