"""The site without its generator: pages with their outputs, records and configuration, for any host of Markdown.

The configuration is edited as a tree of YAML nodes: tags such as `!ENV` and `!!python/name:` come out as they went in.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml
from pathspec import GitIgnoreSpec

from mlblog.errors import InputError
from mlblog.lab import Project
from mlblog.press.build import Compiled

#: What a compiled page is written in; all of it ships with Material.
EXTENSIONS = (
    "attr_list",
    "pymdownx.blocks.html",
    "pymdownx.details",
    "pymdownx.highlight",
    "pymdownx.superfences",
)
#: Plugins that other hosts bring themselves or install from one package.
PLUGINS = {
    "blog": "mkdocs-material",
    "glightbox": "mkdocs-glightbox",
    "meta": "mkdocs-material",
    "redirects": "mkdocs-redirects",
    "rss": "mkdocs-rss-plugin",
    "search": "mkdocs",
    "tags": "mkdocs-material",
}
# settings that name this project's own code or working folders
_OURS = ("hooks", "watch", "site_dir", "docs_dir")
_MARK = "# Written by `mlblog export`. The next export replaces this file and the folders beside it.\n"


@dataclass(frozen=True)
class Exported:
    """What `export` wrote, and what of the configuration it left out."""

    folder: Path
    files: int
    left_out: tuple[str, ...]


def export(project: Project, compiled: Compiled, folder: Path) -> Exported:
    """Write the site of `project` to `folder`: `mkdocs.yml`, `docs/`, templates and `requirements.txt`.

    Args:
        project: whose `mkdocs.yml` and `docs/` are taken, and left as they are.
        compiled: the pages; they become ordinary files below `docs/`.
        folder: new, empty, or an earlier export, which is replaced.

    Raises:
        InputError: `folder` holds something else, or `mkdocs.yml` cannot be read.
    """
    source = project.root / "mkdocs.yml"
    tree = _read(source)
    docs = project.root / _text(tree, "docs_dir", "docs")
    _clear(folder, project)
    count = _copy(docs, folder / "docs", _excluded(tree))
    for name in (*compiled.pages, *compiled.files):
        _put(compiled.folder / name, folder / "docs" / name)
    count += len(compiled.pages) + len(compiled.files)
    theme = _child(tree, "theme")
    if isinstance(theme, yaml.MappingNode) and (templates := _text(theme, "custom_dir", "")):
        count += _copy(project.root / templates, folder / "overrides", GitIgnoreSpec.from_lines([]))
        _set(theme, "custom_dir", _scalar("overrides"))
    left_out = _without_ours(tree)
    _add_extensions(tree)
    kept = [_name(plugin) for plugin in _plugins(tree)]
    needs = sorted({"mkdocs>=1.6.1,<2", "mkdocs-material"} | {PLUGINS[name] for name in kept} - {"mkdocs"})
    (folder / "requirements.txt").write_text("\n".join(needs) + "\n", encoding="utf-8")
    (folder / "mkdocs.yml").write_text(_MARK + yaml.serialize(tree, allow_unicode=True, width=120), encoding="utf-8")
    return Exported(folder, count + 2, tuple(left_out))


def _read(path: Path) -> yaml.MappingNode:
    try:
        tree = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    if not isinstance(tree, yaml.MappingNode):
        raise InputError(f"{path}:1: holds no settings; see https://www.mkdocs.org/user-guide/configuration/")
    if inherited := _child(tree, "INHERIT"):
        raise InputError(f"{path}:{inherited.start_mark.line + 1}: INHERIT is not followed; merge the two files")
    return tree


def _clear(folder: Path, project: Project) -> None:
    """Remove an earlier export; refuse anything else."""
    if folder.resolve() in (project.root, *project.root.parents) or folder.resolve().is_relative_to(
        project.root / "docs"
    ):
        raise InputError(f"{folder}: would overwrite the project; choose another folder")
    config = folder / "mkdocs.yml"
    if folder.is_dir() and any(folder.iterdir()):
        if not config.is_file() or not config.read_text(encoding="utf-8").startswith(_MARK):
            raise InputError(f"{folder}: holds something that is no export; choose an empty or a new folder")
        for name in ("docs", "overrides"):
            shutil.rmtree(folder / name, ignore_errors=True)
    elif folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; choose a folder")
    folder.mkdir(parents=True, exist_ok=True)


def _excluded(tree: yaml.MappingNode) -> GitIgnoreSpec:
    """What MkDocs publishes nothing of: hidden files, templates, and what `exclude_docs` names."""
    named = _text(tree, "exclude_docs", "")
    return GitIgnoreSpec.from_lines([".*", "/templates/", *named.splitlines()])


def _copy(source: Path, target: Path, excluded: GitIgnoreSpec) -> int:
    count = 0
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source).as_posix()
        if path.is_file() and not excluded.match_file(name):
            _put(path, target / name)
            count += 1
    return count


def _put(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _without_ours(tree: yaml.MappingNode) -> list[str]:
    """Take out settings and plugins that the export has no code for; return those that a reader will miss."""
    left_out = [name for name in ("hooks",) if _child(tree, name)]
    tree.value = [(key, value) for key, value in tree.value if key.value not in _OURS]
    kept = [plugin for plugin in _plugins(tree) if _name(plugin) in PLUGINS]
    left_out += [f"plugin {name}" for name in map(_name, _plugins(tree)) if name not in (*PLUGINS, "mlblog")]
    if _child(tree, "plugins"):
        _set(tree, "plugins", yaml.SequenceNode("tag:yaml.org,2002:seq", kept, flow_style=False))
    return left_out


def _plugins(tree: yaml.MappingNode) -> list[yaml.Node]:
    """The plugins, one node each, whether they were written as a list or as a mapping."""
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
