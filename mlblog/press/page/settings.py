"""The settings in `mkdocs.yml` that pages need, read without MkDocs, so that `mlblog compile` needs no host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from mlblog.errors import InputError
from mlblog.files import nodes

# local hosts, which readers cannot reach
_HERE = ("", "127.0.0.1", "::1", "0.0.0.0", "localhost")  # noqa: S104  # nothing is bound to it


@dataclass(frozen=True)
class Settings:
    """Site settings; empty if not set.

    Attributes:
        name: name of the site.
        description: one sentence.
        url: its base URL, with a trailing slash; empty if post URLs do not follow from their names.
        templates: the folder with its templates, relative to `mkdocs.yml`.
        repository: URL of its source.
        authors: names of the authors that Material's blog knows, by key.
        has_design: whether it uses the design that comes with mlblog.
    """

    name: str = ""
    description: str = ""
    url: str = ""
    templates: str = ""
    repository: str = ""
    authors: Mapping[str, str] = field(default_factory=dict)
    has_design: bool = False

    @classmethod
    def of(cls, path: Path) -> Settings:
        """Read a `mkdocs.yml`; a missing file gives empty settings.

        Raises:
            InputError: the file is not valid YAML.
        """
        try:
            tree = nodes.read(path)
        except FileNotFoundError:
            return cls()
        name, told = (nodes.text(nodes.child(tree, key)) for key in ("site_name", "site_description"))
        templates = nodes.text(nodes.child(tree, "theme", "custom_dir"))
        repository = nodes.text(nodes.child(tree, "repo_url")).rstrip("/")
        design = nodes.text(nodes.child(nodes.options_of(nodes.child(tree, "plugins"), "mlblog"), "design"))
        return cls(name, told, _url(tree), templates, repository, _authors(tree, path.parent), design.lower() == "true")


def _authors(tree: yaml.Node | None, root: Path) -> dict[str, str]:
    blog = nodes.options_of(nodes.child(tree, "plugins"), "blog")
    docs, folder, name = (
        nodes.text(nodes.child(*place)) or usual
        for place, usual in (
            ((tree, "docs_dir"), "docs"),
            ((blog, "blog_dir"), "blog"),
            ((blog, "authors_file"), "{blog}/.authors.yml"),
        )
    )
    try:
        authors = nodes.child(nodes.read(root / docs / name.format(blog=folder)), "authors")
    except (FileNotFoundError, InputError):
        return {}  # Material says what is wrong with it
    pairs = authors.value if isinstance(authors, yaml.MappingNode) else ()
    return {nodes.text(key): nodes.text(nodes.child(one, "name")) for key, one in pairs}


def _url(tree: yaml.Node | None) -> str:
    url = nodes.text(nodes.child(tree, "site_url"))
    directories = nodes.text(nodes.child(tree, "use_directory_urls"))
    if urlsplit(url).hostname in (None, *_HERE) or directories.lower() == "false":
        return ""
    blog = nodes.options_of(nodes.child(tree, "plugins"), "blog")
    format, folder = (nodes.text(nodes.child(blog, name)) for name in ("post_url_format", "blog_dir"))
    return url.rstrip("/") + "/" if format == "{slug}" and folder in ("", "blog") else ""
