"""An Altair chart as a figure: a still for each scheme, and the specifications that Vega draws in the page.

All data are in the specification, and nothing in it asks another host. Colours follow the rules of Matplotlib figures.

Runs in the kernel process; imports Altair's chart only as JSON values.
"""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from matplotlib.colors import is_color_like, to_hex, to_rgba

from mlblog.figures.look import COLOURS, FACE, LETTERING, add_lettering
from mlblog.press.kernel.figure import GROUND, on_ground
from mlblog.press.kernel.outlined import outlined

#: Altair puts this into every chart; sizes that an author chose differ from it.
_ALTAIRS = {"continuousWidth": 300, "continuousHeight": 300}
#: Keys below which the value of `color` still is a colour.
_WITHIN = {"condition", "range", "scale", "value"}
_COLOURED = {"background", "color", "fill", "stroke"}
_FORMATS = {".csv": "csv", ".tsv": "tsv", ".json": "json", ".geojson": "json", ".topojson": "topojson"}
_GRID, _SOFT = 0.85, 0.35  # greys, as in Matplotlib figures
_MOST_SECONDS = 120
# in a process of its own: the engine starts threads, after which the kernel could no longer fork
_DRAW = """import json, sys, vl_convert
job = json.load(sys.stdin)
vl_convert.register_font_directory(job["fonts"])
try:
    json.dump([vl_convert.vegalite_to_svg(one, allowed_base_urls=[]) for one in job["charts"]], sys.stdout)
except ValueError as error:
    sys.exit(str(error))
"""


def draw_chart(chart: Any) -> dict[str, Any]:
    """Draw an Altair chart for both schemes.

    Returns:
        As `figure.draw`, with a specification for each scheme under `interactive`.

    Raises:
        ModuleNotFoundError: vl-convert is not installed.
        ValueError: the chart asks another host, or Vega-Lite cannot draw it.
    """
    import vl_convert  # noqa: F401  # notes that the output rests on it

    plain = {key: value for key, value in chart.to_dict(format="vega-lite").items() if key != "usermeta"}
    given = _inline(plain)
    charts = {scheme: _coloured(given, scheme) for scheme in GROUND}
    add_lettering()
    drawn = {scheme: outlined(svg, FACE) for scheme, svg in zip(charts, _svgs(list(charts.values())), strict=True)}
    return {
        **{scheme: svg for scheme, (svg, _) in drawn.items()},
        "data": _csv(list(_tables(given))),
        "lettering": drawn["light"][1],
        "interactive": {
            "kind": "vega",
            "files": {
                f"{scheme}.json": json.dumps(one, ensure_ascii=False, separators=(",", ":"))
                for scheme, one in charts.items()
            },
        },
    }


def _svgs(charts: list[dict[str, Any]]) -> list[str]:
    job = json.dumps({"fonts": str(LETTERING), "charts": charts})
    done = subprocess.run(
        [sys.executable, "-c", _DRAW], input=job, capture_output=True, text=True, timeout=_MOST_SECONDS, check=False
    )
    if done.returncode:
        told = re.search(r"Error: (.*)", done.stderr)  # without the engine's stack
        raise ValueError(f"Vega-Lite cannot draw this chart: {told[1] if told else done.stderr.strip()}")
    return list(json.loads(done.stdout))


# -- data ------------------------------------------------------------------------------------------------------------


def _inline(value: Any, key: str = "") -> Any:
    """The specification with the data of local files in it."""
    if isinstance(value, list):
        return [_inline(one) for one in value]
    if not isinstance(value, dict):
        return value
    if key == "data" and isinstance(value.get("url"), str):
        return _read(value)
    if "url" in value:
        raise ValueError("image marks load files, which pages do not have; draw points or text in place of them")
    return {name: one if name == "datasets" else _inline(one, name) for name, one in value.items()}


def _read(data: Mapping[str, Any]) -> dict[str, Any]:
    url = data["url"]
    if any(urlsplit(url)[:2]) or url.startswith("//"):
        raise ValueError(f"the chart asks another host for {url}; put its data into the post, as a file or as values")
    path = Path(url)
    form = dict(data.get("format", {}))
    form.setdefault("type", _FORMATS.get(path.suffix, "json"))
    text = path.read_text(encoding="utf-8")
    values = json.loads(text) if form["type"] in ("json", "topojson") else text
    return {**{name: one for name, one in data.items() if name != "url"}, "values": values, "format": form}


def _tables(value: Any) -> Iterator[list[dict[str, Any]]]:
    """The tables in a specification; a mark without data has one of an empty row."""
    if isinstance(value, list):
        for one in value:
            yield from _tables(one)
    elif isinstance(value, dict):
        for name, one in value.items():
            if name == "datasets":
                yield from ([row for row in table if isinstance(row, dict) and row] for table in one.values())
            elif name == "data" and isinstance(one, dict) and "values" in one:
                yield _parsed(one)
            else:
                yield from _tables(one)


def _parsed(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    values, form = data["values"], data.get("format", {}).get("type", "json")
    if isinstance(values, str):
        return list(csv.DictReader(io.StringIO(values), delimiter="\t" if form == "tsv" else ","))
    return [row for row in values if isinstance(row, dict) and row]


def _csv(tables: list[list[dict[str, Any]]]) -> str:
    """The tables as one: each once, and with its number where there are several."""
    once = [table for place, table in enumerate(tables) if table and table not in tables[:place]]
    rows = [{"table": number, **row} if len(once) > 1 else row for number, table in enumerate(once, 1) for row in table]
    file = io.StringIO()
    if rows:
        columns = list(dict.fromkeys(name for row in rows for name in row))
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return file.getvalue()


# -- colours ---------------------------------------------------------------------------------------------------------


def _coloured(given: Mapping[str, Any], scheme: str) -> dict[str, Any]:
    """The specification with the site's look where the author chose none, and the author's colours on this ground."""
    chosen = _recoloured(dict(given), "", scheme)
    config = dict(chosen.get("config", {}))
    if config.get("view") == _ALTAIRS:
        del config["view"]
    return {**chosen, "config": _over(_look(scheme), config)}


def _recoloured(value: Any, key: str, scheme: str) -> Any:
    if isinstance(value, dict):
        return {
            name: one if name in ("data", "datasets") else _recoloured(one, key if name in _WITHIN else name, scheme)
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [_recoloured(one, key, scheme) for one in value]
    is_colour = isinstance(value, str) and (key in _COLOURED or key.endswith("Color")) and is_color_like(value)
    return _on(scheme, value) if is_colour else value


def _on(scheme: str, colour: Any) -> str:
    if colour in ("none", "transparent"):
        return "transparent"
    rgba = np.array(to_rgba(colour))
    return to_hex(tuple(on_ground(scheme, rgba, 3.0)), keep_alpha=bool(rgba[3] < 1))


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for name, value in above.items():
        both = isinstance(value, dict) and isinstance(below.get(name), dict)
        merged[name] = _over(below[name], value) if both else value
    return merged


def _look(scheme: str) -> dict[str, Any]:
    """Vega-Lite's configuration for a scheme."""
    ink, soft, grid = (_on(scheme, (level,) * 3) for level in (0.0, _SOFT, _GRID))
    hues = [_on(scheme, colour) for colour in COLOURS.values()]
    words = {"labelColor": ink, "titleColor": ink, "labelFontSize": 13, "titleFontSize": 14, "titleFontWeight": 400}
    return {
        "background": "transparent",
        "font": f"{FACE}, 'Source Sans 3', sans-serif",
        "view": {"continuousWidth": 520, "continuousHeight": 290, "stroke": None},
        "axis": {**words, "domainColor": soft, "tickColor": soft, "gridColor": grid, "titlePadding": 8},
        "legend": {**words, "symbolSize": 90, "labelLimit": 240},
        "header": words,
        "title": {"color": ink, "subtitleColor": ink, "fontSize": 15, "fontWeight": 600, "anchor": "start"},
        "range": {"category": hues},
        "mark": {"color": hues[0]},
        "line": {"strokeWidth": 2},
        "trail": {"color": hues[0]},
        "rule": {"color": ink},
        "text": {"color": ink, "fontSize": 13},
        "point": {"filled": True, "opacity": 1, "size": 60},
    }
