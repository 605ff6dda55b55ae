"""Scripts of others that draw figures in the page, made from installed packages for sites that have such a figure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from importlib import import_module, metadata
from pathlib import Path
from typing import NamedTuple

from mlblog.errors import ProjectError
from mlblog.files.atomic import write_if_changed

_FOLDER = "assets/interactive"


class _Engine(NamedTuple):
    """A package with a script, whom it is by, and how to get it."""

    distribution: str
    notice: str
    text: Callable[[], str]


def _vega() -> str:
    return str(import_module("vl_convert").javascript_bundle())


def _plotly() -> str:
    return str(import_module("plotly.offline").get_plotlyjs())


_ENGINES = {
    "plotly": _Engine("plotly", "Plotly.js: copyright Plotly, Inc., MIT, https://github.com/plotly/plotly.js", _plotly),
    "vega": _Engine(
        "vl-convert-python",
        "Vega, Vega-Lite, Vega-Embed, Vega-Tooltip: copyright University of Washington Interactive Data Lab, "
        "BSD 3-Clause, https://github.com/vega; D3: copyright Mike Bostock, ISC, https://github.com/d3",
        _vega,
    ),
}
_PART = re.compile(rf"-({'|'.join(_ENGINES)})-light\.json$")


def write_engines(files: Iterable[str], folder: Path) -> list[str]:
    """Write the scripts that figures among `files` need below `folder`, and return their paths.

    Making one takes seconds: one that the installed version has made is kept.

    Raises:
        ProjectError: a package is not installed.
    """
    kinds = sorted({match[1] for name in files if (match := _PART.search(name))})
    return [_written(kind, folder) for kind in kinds]


def _written(kind: str, folder: Path) -> str:
    engine, name = _ENGINES[kind], f"{_FOLDER}/{kind}-engine.js"
    try:
        head = f"/*! {engine.distribution} {metadata.version(engine.distribution)}. {engine.notice} */\n"
        target = folder / name
        if not target.is_file() or not target.read_text(encoding="utf-8").startswith(head):
            write_if_changed(target, f"{head}{engine.text()}".encode())
    except ImportError as error:
        cure = "pip install 'mlblog[charts]'"
        raise ProjectError(
            f"the site has charts, which {engine.distribution} draws, and it is not installed: {cure}"
        ) from error
    return name
