"""A file as nodes says what PyYAML's own reading of it says, and goes back with its tags."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from mlblog.errors import InputError
from mlblog.files import nodes

TEXT = """site_name: Blog
site_url: !ENV [NOWHERE, SOMEWHERE, 'https://c.org/']
theme: {name: material, custom_dir: own}
plugins:
  - search
  - material/blog: {draft: false, post_url_format: '{slug}'}
  - tags:
extensions: {toc: {permalink: true}, emoji: {index: !!python/name:a.b ''}}
empty:
"""


@pytest.fixture
def tree(tmp_path: Path) -> yaml.MappingNode:
    (tmp_path / "mkdocs.yml").write_text(TEXT)
    found = nodes.read(tmp_path / "mkdocs.yml")
    assert isinstance(found, yaml.MappingNode)
    return found


def test_values_are_found_by_name(tree: yaml.MappingNode) -> None:
    assert nodes.text(nodes.child(tree, "site_name")) == "Blog"
    assert nodes.text(nodes.child(tree, "theme", "custom_dir")) == "own"
    for names in (["nothing"], ["theme", "nothing"], ["site_name", "below"], ["nothing", "below"]):
        assert nodes.child(tree, *names) is None
        assert nodes.text(nodes.child(tree, *names), "default") == "default"
    assert nodes.text(nodes.child(tree, "empty"), "default") == ""
    assert nodes.text(nodes.child(tree, "plugins"), "default") == "default"


@pytest.mark.parametrize(
    ("variables", "told"), [({}, "https://c.org/"), ({"SOMEWHERE": "b"}, "b"), ({"NOWHERE": ""}, "")]
)
def test_variables_are_those_of_the_environment(
    tree: yaml.MappingNode, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], told: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert nodes.text(nodes.child(tree, "site_url")) == told


def test_entries_of_a_list_or_a_mapping_have_names_and_options(tree: yaml.MappingNode) -> None:
    plugins, extensions = nodes.child(tree, "plugins"), nodes.child(tree, "extensions")
    assert [nodes.name_of(entry) for entry in nodes.entries(plugins)] == ["search", "blog", "tags"]
    assert [nodes.name_of(entry) for entry in nodes.entries(extensions)] == ["toc", "emoji"]
    assert nodes.text(nodes.child(nodes.options_of(plugins, "blog"), "post_url_format")) == "{slug}"
    assert nodes.text(nodes.child(nodes.options_of(extensions, "toc"), "permalink")) == "true"
    assert [nodes.options_of(plugins, name) for name in ("search", "tags", "rss")] == [None] * 3
    assert nodes.entries(nodes.child(tree, "nothing")) == []


class Tagged(yaml.SafeLoader):
    """Reads a value with a tag that it does not know as that tag."""


Tagged.add_multi_constructor("", lambda loader, suffix, node: suffix)


def test_what_is_set_comes_back_with_the_rest_and_its_tags(tree: yaml.MappingNode) -> None:
    before = yaml.load(TEXT, Tagged)
    nodes.put(tree, "site_name", nodes.scalar("yes"))
    nodes.put(tree, "nav", nodes.sequence([nodes.mapping(("Home", nodes.scalar("index.md")))]))
    found = yaml.load(yaml.serialize(tree), Tagged)
    assert found == before | {"site_name": "yes", "nav": [{"Home": "index.md"}]}
    assert found["site_url"] == "!ENV"
    assert list(found) == [*before, "nav"]


def test_what_is_not_yaml_is_an_error_and_what_is_not_there_another(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        nodes.read(tmp_path / "mkdocs.yml")
    for content in (b"a: [", b"a: b: c", b"\xff"):
        (tmp_path / "mkdocs.yml").write_bytes(content)
        with pytest.raises(InputError, match="cannot be read"):
            nodes.read(tmp_path / "mkdocs.yml")
    with pytest.raises(InputError, match="cannot be read"):
        nodes.read(tmp_path)
    (tmp_path / "mkdocs.yml").write_bytes(b"")
    assert nodes.read(tmp_path / "mkdocs.yml") is None
