"""Site settings for other hosts: `mkdocs.yml` without mlblog's own settings.

They are edited as a tree of YAML nodes, which preserves tags such as `!ENV` and `!!python/name:`.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from mlblog import design
from mlblog.errors import InputError

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
        self.docs = _text(self._tree, "docs_dir", "docs")
        self.site = _text(self._tree, "site_dir", "site")
        self.excluded = _text(self._tree, "exclude_docs", "").splitlines()
        theme = _child(self._tree, "theme")
        self.templates = _text(theme, "custom_dir", "") if isinstance(theme, yaml.MappingNode) else ""
        self.has_design = self.option("mlblog", "design") == ["true"]

    def option(self, plugin: str, name: str) -> list[str]:
        """The option `name` of a plugin as a list; empty if not set."""
        options = next((node.value[0][1] for node in self._plugins() if _options_of(node, plugin)), None)
        value = _child(options, name) if isinstance(options, yaml.MappingNode) else None
        if isinstance(value, yaml.SequenceNode):
            return [str(item.value) for item in value.value]
        return [str(value.value)] if isinstance(value, yaml.ScalarNode) else []

    def show_drafts(self) -> None:
        """Make every blog show its drafts."""
        plugins = self._plugins()
        for number, node in enumerate(plugins):
            if _name(node) == "blog":
                options = node.value[0][1] if isinstance(node, yaml.MappingNode) else None
                kept = list(options.value) if isinstance(options, yaml.MappingNode) else []
                blog = yaml.MappingNode("tag:yaml.org,2002:map", kept, flow_style=False)
                _set(blog, "draft", yaml.ScalarNode("tag:yaml.org,2002:bool", "true"))
                plugins[number] = _mapping("blog", blog)
        if plugins:
            _set(self._tree, "plugins", yaml.SequenceNode("tag:yaml.org,2002:seq", plugins, flow_style=False))

    def for_others(self) -> tuple[str, list[str], list[str]]:
        """The settings for a host without mlblog, with templates in `overrides`.

        Returns:
            The text of the file, its plugins, and the dropped settings that readers would notice.
        """
        theme = _child(self._tree, "theme")
        if isinstance(theme, yaml.MappingNode) and (self.templates or self.has_design):
            _set(theme, "custom_dir", _scalar("overrides"))
        if self.has_design:
            self._put_first("extra_css", design.sheets())
            self._put_first("extra_javascript", design.scripts())
        left_out = _without_ours(self._tree)
        _add_extensions(self._tree)
        text = yaml.serialize(self._tree, allow_unicode=True, width=120)
        return str(text), [_name(plugin) for plugin in self._plugins()], left_out

    def _put_first(self, name: str, values: list[str]) -> None:
        own = _entries(_child(self._tree, name))
        first = [_scalar(value) for value in values if value not in {entry.value for entry in own}]
        _set(self._tree, name, yaml.SequenceNode("tag:yaml.org,2002:seq", [*first, *own], flow_style=False))

    def _plugins(self) -> list[yaml.Node]:
        return _plugins(self._tree)


def _options_of(node: yaml.Node, plugin: str) -> bool:
    return isinstance(node, yaml.MappingNode) and _name(node) == plugin


def _read(path: Path) -> yaml.MappingNode:
    try:
        tree = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    if not isinstance(tree, yaml.MappingNode):
        raise InputError(f"{path}:1: has no settings; see https://www.mkdocs.org/user-guide/configuration/")
    if inherited := _child(tree, "INHERIT"):
        raise InputError(f"{path}:{inherited.start_mark.line + 1}: INHERIT is not supported; merge the two files")
    return tree


def _without_ours(tree: yaml.MappingNode) -> list[str]:
    """Drop settings and plugins that the export has no code for; return those that readers would notice."""
    left_out = [name for name in ("hooks",) if _child(tree, name)]
    tree.value = [(key, value) for key, value in tree.value if key.value not in _OURS]
    kept = [plugin for plugin in _plugins(tree) if _name(plugin) in PLUGINS]
    left_out += [f"plugin {name}" for name in map(_name, _plugins(tree)) if name not in (*PLUGINS, "mlblog")]
    if _child(tree, "plugins"):
        _set(tree, "plugins", yaml.SequenceNode("tag:yaml.org,2002:seq", kept, flow_style=False))
    return left_out


def _plugins(tree: yaml.MappingNode) -> list[yaml.Node]:
    """The plugins as nodes, whether written as a list or a mapping."""
    return _entries(_child(tree, "plugins"))


def _add_extensions(tree: yaml.MappingNode) -> None:
    entries = _entries(_child(tree, "markdown_extensions"))
    present = {_name(entry).removeprefix("markdown.extensions.") for entry in entries}
    entries += [_scalar(name) for name in EXTENSIONS if name not in present]
    _set(tree, "markdown_extensions", yaml.SequenceNode("tag:yaml.org,2002:seq", entries, flow_style=False))


def _entries(node: yaml.Node | None) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [yaml.MappingNode(node.tag, [pair], flow_style=False) for pair in node.value]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _name(entry: yaml.Node) -> str:
    name = entry.value[0][0].value if isinstance(entry, yaml.MappingNode) else entry.value
    return str(name).removeprefix("material/")


def _child(node: yaml.MappingNode, name: str) -> yaml.Node | None:
    return next((value for key, value in node.value if key.value == name), None)


def _text(node: yaml.MappingNode, name: str, default: str) -> str:
    child = _child(node, name)
    return str(child.value) if isinstance(child, yaml.ScalarNode) else default


def _set(node: yaml.MappingNode, name: str, value: yaml.Node) -> None:
    if _child(node, name) is None:
        node.value.append((_scalar(name), value))
    node.value = [(key, value if key.value == name else old) for key, old in node.value]


def _scalar(text: str) -> yaml.ScalarNode:
    return yaml.ScalarNode("tag:yaml.org,2002:str", text)


def _mapping(name: str, value: yaml.Node) -> yaml.MappingNode:
    return yaml.MappingNode("tag:yaml.org,2002:map", [(_scalar(name), value)], flow_style=False)
