"""The design of the site: templates, style sheets, scripts and fonts that come with mlblog, in `mlblog/theme`.

A blog that asks for it (`design: true`) is served these files as they are in the installed version. A file of the blog
at the same path takes the place of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("theme")
#: The style sheet of formulas, which only pages with some link.
FORMULAS = "assets/katex/katex.min.css"
#: The style sheet of notebooks, which only their pages link.
NOTEBOOKS = "stylesheets/notebooks.css"
#: What runs networks in pages; only sites with a network get it.
ENGINE = "assets/engine/"
# in cascade order; sheets for single kinds of pages come between the last two
_FIRST = tuple(f"stylesheets/{name}.css" for name in ("fonts", "colours", "reading", "frame"))
_LAST = "stylesheets/print.css"


def sheets() -> list[str]:
    """The style sheets of every page in cascade order, relative to the site."""
    found = sorted(f"stylesheets/{path.name}" for path in (FOLDER / "stylesheets").glob("*.css"))
    return [*_FIRST, *(sheet for sheet in found if sheet not in (*_FIRST, _LAST, NOTEBOOKS)), _LAST]


def scripts() -> list[str]:
    """The scripts, relative to the site."""
    return sorted(f"javascripts/{path.name}" for path in (FOLDER / "javascripts").glob("*.js"))


def files() -> Iterator[tuple[str, Path]]:
    """All files that are served as they are: path on the site, and the file."""
    return ((name, path) for name, path in _all() if path.suffix != ".html")


def has_networks(names: Iterable[str]) -> bool:
    """Whether any of the files beside pages is a network for readers to try."""
    return any(name.endswith(".onnx") for name in names)


def templates() -> Iterator[tuple[str, Path]]:
    """The templates: name, and the file."""
    return ((name, path) for name, path in _all() if path.suffix == ".html")


def put_into(config: Any) -> None:
    """Put it between the theme and the blog's own templates, style sheets and scripts in the settings of MkDocs."""
    folder, dirs = str(FOLDER), config.theme.dirs
    if folder not in dirs:
        dirs.insert(1 if config.theme.custom_dir else 0, folder)
        config.extra_css[:0] = [sheet for sheet in sheets() if sheet not in config.extra_css]
        config.extra_javascript[:0] = [script for script in scripts() if script not in config.extra_javascript]


def drop_engine(files: Any) -> None:
    """Leave the engine out of the files of MkDocs where none of them is a network."""
    if not has_networks(file.src_uri for file in files):
        for file in [file for file in files if file.src_uri.startswith(ENGINE)]:
            files.remove(file)


def _all() -> Iterator[tuple[str, Path]]:
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            yield path.relative_to(FOLDER).as_posix(), path
