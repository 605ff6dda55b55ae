"""The settings in `mkdocs.yml` that pages need, read without MkDocs, so that `mlblog compile` needs no host."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from mlblog.errors import InputError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
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
        has_design: whether it uses the design that comes with mlblog.
    """

    name: str = ""
    description: str = ""
    url: str = ""
    templates: str = ""
    repository: str = ""
    has_design: bool = False

    @classmethod
    def of(cls, path: Path) -> Settings:
        """Read a `mkdocs.yml`; a missing file gives empty settings.

        Raises:
            InputError: the file is not valid YAML.
        """
        try:
            tree = yaml.compose(path.read_bytes(), Loader=_LOADER)
        except FileNotFoundError:
            return cls()
        except yaml.YAMLError as error:
            raise InputError(f"{path}: cannot be read: {error}") from error
        found = _mapping(tree)
        templates = _text(_mapping(found.get("theme")).get("custom_dir"))
        repository = _text(found.get("repo_url")).rstrip("/")
        return cls(
            _text(found.get("site_name")),
            _text(found.get("site_description")),
            _url(found),
            templates,
            repository,
            _text(_options(found, "mlblog").get("design")).lower() == "true",
        )


def _url(settings: dict[str, yaml.Node]) -> str:
    url = _text(settings.get("site_url"))
    if urlsplit(url).hostname in (None, *_HERE) or _text(settings.get("use_directory_urls")).lower() == "false":
        return ""
    blog = _options(settings, "blog")
    by_name = _text(blog.get("post_url_format")) == "{slug}" and _text(blog.get("blog_dir")) in ("", "blog")
    return url.rstrip("/") + "/" if by_name else ""


def _options(settings: dict[str, yaml.Node], plugin: str) -> dict[str, yaml.Node]:
    plugins = settings.get("plugins")
    entries = plugins.value if isinstance(plugins, yaml.SequenceNode) else [plugins]
    return next(
        (
            _mapping(options)
            for entry in entries
            for name, options in _mapping(entry).items()
            if name.removeprefix("material/") == plugin
        ),
        {},
    )


def _mapping(node: yaml.Node | None) -> dict[str, yaml.Node]:
    return {key.value: value for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}


def _text(node: yaml.Node | None) -> str:
    """A scalar; `!ENV [NAME, …, default]` is resolved as by MkDocs."""
    if isinstance(node, yaml.SequenceNode) and node.tag == "!ENV":
        *names, default = [str(item.value) for item in node.value]
        return next((os.environ[name] for name in names if name in os.environ), default)
    if isinstance(node, yaml.ScalarNode):
        return os.environ.get(node.value, "") if node.tag == "!ENV" else str(node.value)
    return ""
