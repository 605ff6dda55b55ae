"""Notebooks in `docs/notebooks/` as pages, with the outputs that they hold, by mkdocs-jupyter.

The plugin is imported only for a blog that has such notebooks.
"""

from __future__ import annotations

import json
import os
import re
from html import escape
from importlib import metadata
from pathlib import Path
from typing import Any

from mlblog.lab import Project

FOLDER = "notebooks"
_NAME = "mkdocs-jupyter"
_SCRIPT = re.compile(
    r"<script\b(?:(?!</script>).)*?https?://(?:(?!</script>).)*</script>\s*", re.IGNORECASE | re.DOTALL
)
_IMAGES = ("image/png", "image/jpeg")
# nbconvert knows no alt text, and says so to readers
_IMAGE = re.compile(r'(<div class="jp-RenderedImage[^>]*>\s*<img\b[^>]*?\balt=")(No description[^"]*)(")')
_PROSE = re.compile(r'<div class="[^"]*\bjp-MarkdownOutput\b[^"]*"[^>]*>.*?</div>', re.DOTALL)
_FORMULA = re.compile(
    r"<(?P<code>pre|code)\b.*?</(?P=code)>|\$\$(?P<display>.+?)\$\$|(?<![\\$])\$(?=\S)(?P<inline>[^$<>]*[^\s$\\])\$(?!\d)",
    re.DOTALL,
)


def publish_notebooks(config: Any, project: Project) -> None:
    """Let mkdocs-jupyter make pages of the notebooks, unless the blog lists it itself."""
    if _NAME in config.plugins or not any(Path(config.docs_dir, FOLDER).glob("**/*.ipynb")):
        return
    _find_templates()
    from mkdocs_jupyter.plugin import Plugin

    plugin = Plugin()
    cache = str(project.work / "jupyter")
    plugin.load_config({"include": [f"{FOLDER}/**/*.ipynb", f"{FOLDER}/*.ipynb"], "cache_dir": cache})
    config.plugins[_NAME] = plugin


def _find_templates() -> None:
    """Tell nbconvert where its templates are: it looks below its environment, and may be installed in another."""
    found = (file for file in metadata.files("nbconvert") or () if file.match("templates/lab/conf.json"))
    for file in found:
        folder = Path(str(file.locate())).resolve().parents[3]
        paths = os.environ.get("JUPYTER_PATH", "").split(os.pathsep)
        os.environ["JUPYTER_PATH"] = os.pathsep.join(dict.fromkeys([*filter(None, paths), str(folder)]))


def as_page(html: str, file: Any) -> str:
    """The content of a notebook's page with alt texts and marked formulas, and without scripts of other hosts.

    Args:
        html: the content.
        file: the source of the page, as the host has it; pages of other sources are left alone.
    """
    if not (file.src_uri.startswith(f"{FOLDER}/") and file.src_uri.endswith(".ipynb")):
        return html
    html = _PROSE.sub(lambda match: _FORMULA.sub(_marked, match[0]), _SCRIPT.sub("", html))
    alts = _alts(Path(str(file.abs_src_path)))
    if len(alts) != len(_IMAGE.findall(html)):
        return html  # an output is shown in another of its forms
    found = iter(alts)
    return _IMAGE.sub(lambda match: f"{match[1]}{escape(next(found) or match[2])}{match[3]}", html)


def _alts(path: Path) -> list[str]:
    """The alt text of each figure, from the metadata of the output; empty where there is none."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    kinds = [(output, kind) for output in outputs for kind in _IMAGES if kind in output.get("data", ())]
    return [str(output.get("metadata", {}).get(kind, {}).get("alt", "")) for output, kind in kinds]


def _marked(match: re.Match[str]) -> str:
    if match["code"]:
        return match[0]
    if match["display"]:
        return f'<div class="arithmatex">\\[{match["display"]}\\]</div>'
    return f'<span class="arithmatex">\\({match["inline"]}\\)</span>'
