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
#: What nbconvert shows as an image; of one output the first.
_IMAGES = ("image/svg+xml", "image/png", "image/jpeg")
# nbconvert knows no alt text, and says so to readers
_IMAGE = re.compile(r'(<div class="jp-Rendered(?:Image|SVG)[^>]*>\s*<img\b[^>]*?\balt=")(No description[^"]*)(")')
_PROSE = re.compile(r'<div class="[^"]*\bjp-(?:MarkdownOutput|RenderedLatex)\b[^"]*"[^>]*>.*?</div>', re.DOTALL)
#: What mkdocs-jupyter makes of a notebook, between its own style sheets and scripts.
_WHOLE = re.compile(r'<div class="jupyter-wrapper">.*<!-- jupyter-wrapper -->', re.DOTALL)
#: Its buttons, prompts without a number, and what JupyterLab folds cells by.
_EMPTY = re.compile(
    r'<div class="zeroclipboard-container">.*?</clipboard-copy>\s*</div>\s*'
    r'|<div class="clipboard-copy-txt"[^>]*>.*?</div>\s*'
    r'|<div class="celltoolbar">.*?(?=<div class="CodeMirror)'
    r'|<div class="(?:jp-Collapser [^"]*|jp-InputPrompt jp-InputArea-prompt)">\s*</div>\s*',
    re.DOTALL,
)
_CODE = re.compile(
    r'<div class="highlight(?:-ipynb hl-(?P<language>[\w+#.-]+))?[^"]*"><pre>(?P<code>.*?)</pre></div>', re.DOTALL
)
_CELL = re.compile(r'(<div class="jp-Cell-inputWrapper") tabindex="0">')
_ID = re.compile(r'(<div class="jp-Cell [^>]*\bid="cell-)id=')  # the sign would need an escape in selectors
_ANCHOR = re.compile(r'<a class="anchor-link" href="([^"]*)">¶</a>')
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


def is_notebook(file: Any) -> bool:
    """Whether the source of a page is a notebook that the plugin makes pages of."""
    return bool(file.src_uri.startswith(f"{FOLDER}/") and file.src_uri.endswith(".ipynb"))


def as_page(html: str, file: Any, *, has_design: bool) -> str:
    """The content of a notebook's page with alt texts and marked formulas, and without scripts of other hosts.

    Args:
        html: the content.
        file: the source of the page, as the host has it.
        has_design: whether it has our style sheet in place of JupyterLab's, which weighs more than most pages, and
            code as on other pages.
    """
    if has_design:
        html = _designed(html)
    html = _PROSE.sub(lambda match: _FORMULA.sub(_marked, match[0]), _SCRIPT.sub("", html))
    alts = _alts(Path(str(file.abs_src_path)))
    if len(alts) != len(_IMAGE.findall(html)):
        return html  # an output is shown in another of its forms
    found = iter(alts)
    return _IMAGE.sub(lambda match: f"{match[1]}{escape(next(found) or match[2])}{match[3]}", html)


def _designed(html: str) -> str:
    whole = _WHOLE.search(html)
    if whole is None:
        return html
    html = _CODE.sub(_code, _EMPTY.sub("", whole[0]))
    html = _ID.sub(r"\1", _CELL.sub(r"\1>", html))
    return _ANCHOR.sub(r'<a class="headerlink" href="\1" title="Link to this section">#</a>', html)


def _code(match: re.Match[str]) -> str:
    language = f"language-{match['language']} " if match["language"] else ""
    return f'<div class="{language}highlight"><pre><code>{match["code"]}</code></pre></div>'


def _alts(path: Path) -> list[str]:
    """The alt text of each figure, from the metadata of the output; empty where there is none."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    found = ((output, [kind for kind in _IMAGES if kind in output.get("data", ())]) for output in outputs)
    kinds = [(output, kinds[0]) for output, kinds in found if kinds]
    return [str(output.get("metadata", {}).get(kind, {}).get("alt", "")) for output, kind in kinds]


def _marked(match: re.Match[str]) -> str:
    if match["code"]:
        return match[0]
    if match["display"]:
        return f'<div class="arithmatex">\\[{match["display"]}\\]</div>'
    return f'<span class="arithmatex">\\({match["inline"]}\\)</span>'
