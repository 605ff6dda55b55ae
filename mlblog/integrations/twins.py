"""A Markdown twin of each page beside it, and `llms.txt`, which lists them for programs that read the site."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from mkdocs import utils
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

from mlblog.site.twin import twin

_LISTED = ("title", "description", "url", "date", "updated", "authors", "categories", "tags")
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class Twins:
    """The twins of one build."""

    def __init__(self) -> None:
        self._texts: dict[str, tuple[Page, str]] = {}  # by the path of the page's source
        self._files = Files([])

    def take(self, page: Page, text: str, files: Files) -> None:
        """Take the Markdown of a page; a list of posts has no text of its own, and a notebook no Markdown."""
        self._files = files
        if page.file.src_uri.endswith(".md") and not hasattr(page, "posts"):
            self._texts[page.file.src_uri] = page, text

    def link(self, output: str, page: Page) -> str:
        """A rendered page with a link to its twin, unless it has none."""
        if page.file.src_uri not in self._texts:
            return output
        # Material takes rel="alternate" for a translation; with the space it does not
        link = f'<link rel="alternate " type="text/markdown" href="{posixpath.basename(_path(page))}">'
        return output.replace("</head>", f"{link}</head>", 1)

    def write(self, config: MkDocsConfig) -> None:
        """Write the twins and `llms.txt`, unless the blog has such a file itself."""
        root, site = (config.site_url or "/").rstrip("/") + "/", Path(config.site_dir)
        groups: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
        for page, text in self._texts.values():
            content = self._twin(page, text, root)
            utils.write_file(content.encode(), str(site / _path(page)))
            told = " ".join(str(page.meta.get("description") or "").split())
            line = f"- [{page.title}]({root}{_path(page)})" + (f": {told}" if told else "")
            groups[_group(page)].append((str(page.meta.get("date") or ""), page.url, line))
        if self._files.get_file_from_path("llms.txt") is None:
            text = f"# {config.site_name}\n" + (f"\n> {config.site_description}\n" if config.site_description else "")
            for name in sorted(groups, key=lambda name: (name != "Blog", name != "Pages", name)):
                by_address = sorted(groups[name], key=lambda one: one[1])
                lines = [line for *_, line in sorted(by_address, key=lambda one: one[0], reverse=True)]
                text += f"\n## {name}\n\n" + "\n".join(lines) + "\n"
            utils.write_file(text.encode(), str(site / "llms.txt"))

    def _twin(self, page: Page, text: str, root: str) -> str:
        names = [author.name for author in getattr(page, "authors", ())]
        about = {**page.meta, "title": str(page.title), "url": root + page.url, "authors": names}
        head = {
            key: about[key] if isinstance(about[key], list) else str(about[key]) for key in _LISTED if about.get(key)
        }
        if head.get("updated") == head.get("date"):
            head.pop("updated", None)
        body = twin(text, lambda url: self._address(url, page, root))
        title = "" if body.startswith("# ") else f"# {page.title}\n\n"
        written = yaml.dump(head, Dumper=_DUMPER, allow_unicode=True, sort_keys=False, width=1000)
        return f"---\n{written}---\n\n{title}{body}"

    def _address(self, url: str, page: Page, root: str) -> str:
        parts = urlsplit(url)
        if parts.scheme or parts.netloc or not parts.path:
            return url
        there = posixpath.normpath(posixpath.join(posixpath.dirname(page.file.src_uri), parts.path))
        file: Any = self._files.get_file_from_path(there)
        if file is None:
            return url
        return root + ("" if file.url == "./" else file.url) + (f"#{parts.fragment}" if parts.fragment else "")


def _path(page: Page) -> str:
    return page.file.dest_uri.removesuffix(".html") + ".md"


def _group(page: Page) -> str:
    folder = page.url.partition("/")[0] if "/" in page.url.rstrip("/") else ""
    return folder.replace("-", " ").capitalize() or "Pages"
