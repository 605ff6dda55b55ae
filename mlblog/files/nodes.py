"""A YAML file as a tree of nodes, which keeps tags such as `!ENV` and `!!python/name:`."""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from mlblog.errors import InputError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(path: Path) -> yaml.Node | None:
    """The tree of a file; None if the file is empty.

    Raises:
        FileNotFoundError: there is no such file.
        InputError: it cannot be read, or is not YAML.
    """
    try:
        tree: yaml.Node | None = yaml.compose(path.read_bytes(), Loader=_LOADER)
    except FileNotFoundError:
        raise
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    return tree


def child(node: yaml.Node | None, *names: str) -> yaml.Node | None:
    """The value below `names` of nested mappings; None if there is none."""
    for name in names:
        pairs = node.value if isinstance(node, yaml.MappingNode) else ()
        node = next((value for key, value in pairs if key.value == name), None)
    return node


def text(node: yaml.Node | None, default: str = "") -> str:
    """A scalar; `!ENV [NAME, …, default]` is resolved as by MkDocs."""
    if isinstance(node, yaml.SequenceNode) and node.tag == "!ENV":
        *names, last = [str(item.value) for item in node.value]
        return next((os.environ[name] for name in names if name in os.environ), last)
    if isinstance(node, yaml.ScalarNode):
        return os.environ.get(node.value, "") if node.tag == "!ENV" else str(node.value)
    return default


def entries(node: yaml.Node | None) -> list[yaml.Node]:
    """The entries of a list such as `plugins:`, or of a mapping: names, or mappings from a name to its options."""
    if isinstance(node, yaml.MappingNode):
        return [yaml.MappingNode(node.tag, [pair], flow_style=False) for pair in node.value]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def name_of(entry: yaml.Node) -> str:
    """The name of an entry."""
    name = entry.value[0][0].value if isinstance(entry, yaml.MappingNode) else entry.value
    return str(name).removeprefix("material/")


def options_of(listed: yaml.Node | None, name: str) -> yaml.MappingNode | None:
    """The options of the first entry `name`; None if it has none."""
    named = (entry for entry in entries(listed) if isinstance(entry, yaml.MappingNode) and name_of(entry) == name)
    options = next((entry.value[0][1] for entry in named), None)
    return options if isinstance(options, yaml.MappingNode) else None


def put(node: yaml.MappingNode, name: str, value: yaml.Node) -> None:
    """Set the value of a key, in its place or at the end."""
    if child(node, name) is None:
        node.value.append((scalar(name), value))
    node.value = [(key, value if key.value == name else old) for key, old in node.value]


def scalar(text: str) -> yaml.ScalarNode:
    """A string as a node."""
    return yaml.ScalarNode("tag:yaml.org,2002:str", text)


def mapping(*pairs: tuple[str, yaml.Node]) -> yaml.MappingNode:
    """A mapping of names as a node."""
    return yaml.MappingNode("tag:yaml.org,2002:map", [(scalar(name), node) for name, node in pairs], flow_style=False)


def sequence(nodes: list[yaml.Node]) -> yaml.SequenceNode:
    """A list as a node."""
    return yaml.SequenceNode("tag:yaml.org,2002:seq", nodes, flow_style=False)
