"""Compiled templates are kept, and never for what they do not say any more."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest

from mlblog.integrations.speedup.templates import compile_all, keep_compiled


def environment(**templates: str) -> jinja2.Environment:
    return jinja2.Environment(loader=jinja2.DictLoader({f"{name}.html": text for name, text in templates.items()}))


def rendered(env: jinja2.Environment, folder: Path) -> str:
    keep_compiled(env, folder)
    return env.get_template("a.html").render()


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The names of templates that Jinja has compiled."""
    names: list[str | None] = []
    generate = jinja2.Environment._generate

    def counted(self: jinja2.Environment, source: object, name: str | None, *args: object, **kwargs: object) -> str:
        names.append(name)
        return generate(self, source, name, *args, **kwargs)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr(jinja2.Environment, "_generate", counted)
    return names


def test_the_next_build_compiles_nothing(tmp_path: Path, compiled: list[str | None]) -> None:
    pages = [rendered(environment(a="{{ 'a' | upper }}"), tmp_path / "kept") for _ in range(2)]
    assert (pages, compiled) == (["A", "A"], ["a.html"])


def test_an_edited_template_is_compiled_anew(tmp_path: Path, compiled: list[str | None]) -> None:
    pages = [rendered(environment(a=text), tmp_path / "kept") for text in ("one", "two", "two")]
    assert (pages, compiled) == (["one", "two", "two"], ["a.html", "a.html"])


def test_what_a_filter_of_a_hook_made_of_a_constant_is_not_kept(tmp_path: Path) -> None:
    found = []
    for number in range(2):
        env = environment(a="{{ 'now' | clock }}")
        env.filters["clock"] = lambda _, number=number: number
        found.append(rendered(env, tmp_path / "kept"))
    assert found == ["0", "1"]


def test_all_are_compiled_once_whatever_is_wrong_with_some(tmp_path: Path, compiled: list[str | None]) -> None:
    for _ in range(2):
        compile_all(environment(a="{{ x }}", b="{{ x", c="{% extends 'a.html' %}"), tmp_path / "kept")
    assert sorted(map(str, compiled)) == ["a.html", "c.html"]
    assert rendered(environment(a="{{ x }}"), tmp_path / "kept") == ""
    assert len(compiled) == 2


def test_what_another_version_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "kept/old").mkdir(parents=True)
    keep_compiled(environment(a=""), tmp_path / "kept")
    assert len(list((tmp_path / "kept").iterdir())) == 1
    assert not (tmp_path / "kept/old").exists()
