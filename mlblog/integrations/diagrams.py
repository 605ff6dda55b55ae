"""Diagrams in `mermaid` fences: parsed by the build, drawn in the browser by the Mermaid that comes with mlblog.

Mermaid measures text, so that only a browser can draw. Its parser runs in QuickJS, and only for diagrams that no
earlier build has seen. A page without a diagram loads nothing of this.
"""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from pymdownx.superfences import fence_code_format

from mlblog import design
from mlblog.errors import PostError
from mlblog.files.canonical import digest, digest_file
from mlblog.files.remembered import Remembered
from mlblog.integrations.formulas import place
from mlblog.lab import Project

_FOLDER = "assets/mermaid"
_MERMAID = design.FOLDER / _FOLDER / "mermaid.tiny.js"
_DIAGRAM = re.compile(r'<pre class="mlblog-diagram"[^>]*><code>(.*?)</code></pre>', re.DOTALL)
_FENCE = {"name": "mermaid", "class": "mlblog-diagram", "format": fence_code_format}
# as much of a browser as the parser asks for
_BROWSER = """globalThis.self = globalThis.window = globalThis;
globalThis.console = new Proxy({}, { get: () => () => {} });
globalThis.setTimeout = (call) => call();
globalThis.addEventListener = () => {};
globalThis.location = { href: "", protocol: "https:" };
globalThis.URL = class {
  static canParse() { return true; }
  constructor(text) { Object.assign(this, { href: text, protocol: text.split(":")[0] + ":", hostname: "" }); }
};
globalThis.structuredClone = (value) => JSON.parse(JSON.stringify(value));
for (const name of ["DOMParser", "Element", "HTMLFormElement", "NamedNodeMap", "Node", "TextDecoder"])
  globalThis[name] = class {};
globalThis.TextEncoder = class { encode() { return []; } };
globalThis.NodeFilter = {};
globalThis.document = new Proxy({ nodeType: 9, currentScript: null, implementation: {} }, {
  get: (known, name) => name in known ? known[name] : () => ({ content: { ownerDocument: {} }, setAttribute() {} }),
});
null"""
_PARSE = """globalThis.why = "";
globalThis.parse = (text) => {
  why = "Mermaid did not answer";
  mermaid.parse(text).then(() => { why = ""; }, (error) => { why = String(error.message); });
}; null"""


class Diagrams:
    """The diagrams of a project's pages."""

    def __init__(self, project: Project) -> None:
        """Remember in the project's work folder what was parsed."""
        self._project, self._remembered = project, Remembered(project.work / "diagrams.json")
        self._are_there = False

    def put_into(self, config: Any) -> None:
        """Have fences of Mermaid written as we read them, in place of Material's way, which asks another host."""
        self._are_there = False
        options = config.mdx_configs.setdefault("pymdownx.superfences", {})
        others = [one for one in options.get("custom_fences", ()) if one["name"] != _FENCE["name"]]
        options["custom_fences"] = [*others, _FENCE]

    def errors(self, page: str, sources: Sequence[Path]) -> Iterator[PostError]:
        """Yield an error for each diagram of a page that Mermaid cannot read.

        Args:
            page: the page's HTML.
            sources: where its text may have come from, in order.
        """
        for match in _DIAGRAM.finditer(page):
            self._are_there = True
            text = html.unescape(match[1])
            key = digest("diagram", self._version, text)
            if why := self._remembered.get(key, functools.partial(self._parse, text)):
                path, line = place(text, sources)
                yield PostError(self._project.relative(path), line, f"diagram: {why}; see https://mermaid.js.org")

    @cached_property
    def _version(self) -> str:
        return digest(digest_file(_MERMAID), _BROWSER, _PARSE)

    @cached_property
    def _context(self) -> Any:
        import quickjs  # only if there are new diagrams

        context = quickjs.Context()
        context.eval(_BROWSER)
        context.eval(_MERMAID.read_text(encoding="utf-8") + "; null")
        context.eval(_PARSE)
        return context

    def _parse(self, text: str) -> str:
        """Why Mermaid cannot read a diagram; empty if it can."""
        self._context.get("parse")(text)
        while self._context.execute_pending_job():
            pass
        told = str(self._context.eval("why")).partition("Expecting")[0]
        return " ".join(told.replace("^", "").strip(" -\n").split())

    def link(self, output: str, root: str) -> str:
        """A rendered page with the script that draws, if it has a diagram; `root` leads to the site's root."""
        script = f'<script src="{root}/{_FOLDER}/draw.js" defer></script>'
        return output.replace("</body>", f"{script}</body>", 1) if "mlblog-diagram" in output else output

    def end_pages(self, files: Any) -> None:
        """Leave Mermaid out of a site without diagrams."""
        if not self._are_there:
            for file in [file for file in files if file.src_uri.startswith(f"{_FOLDER}/")]:
                files.remove(file)

    def end(self) -> None:
        """Keep what was found for the next build."""
        self._remembered.end_build()
        self._remembered.save()
