"""Site settings for other hosts: `mkdocs.yml` without mlblog's own settings."""

from __future__ import annotations

from pathlib import Path

import yaml

from mlblog import design
from mlblog.errors import InputError
from mlblog.files import nodes

#: Markdown extensions that compiled pages need; all ship with Material.
EXTENSIONS = (
    "attr_list",
    "pymdownx.blocks.html",
    "pymdownx.details",
    "pymdownx.highlight",
    "pymdownx.superfences",
)
#: Plugins that other hosts provide or install from a single package.
PLUGINS = {
    "blog": "mkdocs-material",
    "glightbox": "mkdocs-glightbox",
    "meta": "mkdocs-material",
    "redirects": "mkdocs-redirects",
    "rss": "mkdocs-rss-plugin",
    "search": "mkdocs",
    "tags": "mkdocs-material",
}
# settings that refer to this project's code or working folders
_OURS = ("hooks", "watch", "site_dir", "docs_dir")


class Configuration:
    """The settings in a file, as nodes."""

    def __init__(self, path: Path) -> None:
        """Read `path`.

        Raises:
            InputError: it cannot be read, or uses INHERIT.
        """
        self._tree = _read(path)
        self.docs = nodes.text(nodes.child(self._tree, "docs_dir"), "docs")
        self.site = nodes.text(nodes.child(self._tree, "site_dir"), "site")
        self.excluded = nodes.text(nodes.child(self._tree, "exclude_docs")).splitlines()
        self.templates = nodes.text(nodes.child(self._tree, "theme", "custom_dir"))
        self.has_design = self.option("mlblog", "design") == ["true"]

    def option(self, plugin: str, name: str) -> list[str]:
        """The option `name` of a plugin as a list; empty if not set."""
        value = nodes.child(nodes.options_of(nodes.child(self._tree, "plugins"), plugin), name)
        if isinstance(value, yaml.SequenceNode):
            return [str(item.value) for item in value.value]
        return [str(value.value)] if isinstance(value, yaml.ScalarNode) else []

    def show_drafts(self) -> None:
        """Make every blog show its drafts."""
        plugins = self._plugins()
        for number, node in enumerate(plugins):
            if nodes.name_of(node) == "blog":
                options = nodes.options_of(nodes.sequence([node]), "blog")
                blog = nodes.mapping()
                blog.value = list(options.value) if options else []
                nodes.put(blog, "draft", yaml.ScalarNode("tag:yaml.org,2002:bool", "true"))
                plugins[number] = nodes.mapping(("blog", blog))
        if plugins:
            nodes.put(self._tree, "plugins", nodes.sequence(plugins))

    def for_others(self) -> tuple[str, list[str], list[str]]:
        """The settings for a host without mlblog, with templates in `overrides`.

        Returns:
            The text of the file, its plugins, and the dropped settings that readers would notice.
        """
        theme = nodes.child(self._tree, "theme")
        if isinstance(theme, yaml.MappingNode) and (self.templates or self.has_design):
            nodes.put(theme, "custom_dir", nodes.scalar("overrides"))
        if self.has_design:
            self._put_first("extra_css", design.sheets())
            self._put_first("extra_javascript", design.scripts())
        left_out = _without_ours(self._tree)
        _add_extensions(self._tree)
        text = yaml.serialize(self._tree, allow_unicode=True, width=120)
        return str(text), [nodes.name_of(plugin) for plugin in self._plugins()], left_out

    def _put_first(self, name: str, values: list[str]) -> None:
        own = nodes.entries(nodes.child(self._tree, name))
        first = [nodes.scalar(value) for value in values if value not in {entry.value for entry in own}]
        nodes.put(self._tree, name, nodes.sequence([*first, *own]))

    def _plugins(self) -> list[yaml.Node]:
        return nodes.entries(nodes.child(self._tree, "plugins"))


def _read(path: Path) -> yaml.MappingNode:
    try:
        tree = nodes.read(path)
    except FileNotFoundError as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    if not isinstance(tree, yaml.MappingNode):
        raise InputError(f"{path}:1: has no settings; see https://www.mkdocs.org/user-guide/configuration/")
    if inherited := nodes.child(tree, "INHERIT"):
        raise InputError(f"{path}:{inherited.start_mark.line + 1}: INHERIT is not supported; merge the two files")
    return tree


def _without_ours(tree: yaml.MappingNode) -> list[str]:
    """Drop settings and plugins that the export has no code for; return those that readers would notice."""
    left_out = [name for name in ("hooks",) if nodes.child(tree, name)]
    tree.value = [(key, value) for key, value in tree.value if key.value not in _OURS]
    plugins = nodes.entries(nodes.child(tree, "plugins"))
    left_out += [f"plugin {name}" for name in map(nodes.name_of, plugins) if name not in (*PLUGINS, "mlblog")]
    if nodes.child(tree, "plugins"):
        nodes.put(tree, "plugins", nodes.sequence([one for one in plugins if nodes.name_of(one) in PLUGINS]))
    return left_out


def _add_extensions(tree: yaml.MappingNode) -> None:
    entries = nodes.entries(nodes.child(tree, "markdown_extensions"))
    present = {nodes.name_of(entry).removeprefix("markdown.extensions.") for entry in entries}
    entries += [nodes.scalar(name) for name in EXTENSIONS if name not in present]
    nodes.put(tree, "markdown_extensions", nodes.sequence(entries))
