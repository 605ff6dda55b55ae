"""An upgrade replaces what the author has not touched, shows what changed elsewhere, and overwrites nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mlblog.cli import main
from mlblog.scaffold import new_blog, template

WORKFLOW = ".github/workflows/pages.yml"


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("upgrade") / "blog"
    new_blog(folder, "steps", date(2026, 11, 21))
    return folder


@pytest.fixture
def blog(begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(begun, tmp_path / "blog")
    monkeypatch.chdir(tmp_path / "blog")
    monkeypatch.delenv("MLBLOG_ROOT", raising=False)
    return tmp_path / "blog"


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The templates of a later version."""
    folder = tmp_path / "templates"
    shutil.copytree(template.FOLDER, folder)
    blog = folder / "blog"
    for name, old, new in (
        (f"{WORKFLOW}.txt", "timeout-minutes: 20", "timeout-minutes: 30"),
        ("mkdocs.yml.txt", "    - content.tooltips\n", "    - content.tooltips\n    - content.tabs.link\n"),
        ("README.md.txt", "# {{title}}", "# The blog {{title}}"),
        ("posts/walk.md.txt", "How far", "How near"),
    ):
        text = (blog / name).read_text()
        assert old in text
        (blog / name).write_text(text.replace(old, new))
    (blog / "docs/new.md.txt").write_text("# New in {{title}}\n")
    monkeypatch.setattr(template, "FOLDER", folder)
    return folder


def upgrade() -> Result:
    return CliRunner().invoke(main, ["upgrade"])


def files(blog: Path) -> dict[str, str]:
    found = (path for path in blog.rglob("*") if path.is_file() and path.suffix != ".safetensors")
    return {path.relative_to(blog).as_posix(): path.read_text() for path in found}


def test_a_new_blog_is_up_to_date(blog: Path) -> None:
    before = files(blog)
    done = upgrade()
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "everything is up to date\n")
    assert files(blog) == before


def test_untouched_files_are_replaced_and_others_are_left(blog: Path, newer: Path) -> None:
    mine = (blog / "mkdocs.yml").read_text().replace("site_name: Blog", "site_name: Mine")
    assert "Mine" in mine
    (blog / "mkdocs.yml").write_text(mine)
    (blog / "README.md").unlink()
    (blog / "docs/tags.md").write_text("# My tags\n")
    before = files(blog)
    done = upgrade()
    assert done.exit_code == 1
    now = files(blog)
    assert {name for name in now if now[name] != before.get(name)} == {WORKFLOW, "docs/new.md", ".scaffold.json"}
    assert "timeout-minutes: 30" in now[WORKFLOW]
    assert now["docs/new.md"] == "# New in Blog\n"
    assert "README.md" not in now, "deleted by the author"
    assert [line for line in done.stdout.splitlines() if line.startswith("+")] == [
        "+++ b/mkdocs.yml", "+    - content.tabs.link"
    ]  # fmt: skip
    assert "mkdocs.yml: yours, and unchanged; what mlblog has changed since" in done.stderr
    assert "tags" not in done.output, "the author's, and mlblog has changed nothing in it"
    again = upgrade()
    assert (again.exit_code, again.stdout) == (1, done.stdout)
    assert "up to date" not in again.stderr
    subprocess.run(["git", "apply", "-"], cwd=blog, input=done.stdout, text=True, check=True)
    taken = (blog / "mkdocs.yml").read_text()
    assert taken == mine.replace("    - content.tooltips\n", "    - content.tooltips\n    - content.tabs.link\n")
    assert (upgrade().exit_code, upgrade().stdout) == (0, "")
    assert (blog / "mkdocs.yml").read_text() == taken


@pytest.mark.parametrize("text", ["", "{}", '{"files": 3}'])
def test_without_a_sound_record_nothing_is_written(blog: Path, newer: Path, text: str) -> None:
    (blog / ".scaffold.json").write_text(text)
    before = files(blog)
    done = upgrade()
    assert (done.exit_code, done.stdout) == (2, "")
    assert ".scaffold.json: damaged; restore it from git" in done.stderr
    (blog / ".scaffold.json").unlink()
    assert "missing, so what mlblog once wrote is unknown" in upgrade().stderr
    assert files(blog) | {".scaffold.json": text} == before


def test_the_record_holds_what_was_written(begun: Path) -> None:
    kept = json.loads((begun / ".scaffold.json").read_text())["files"]
    assert {WORKFLOW, "mkdocs.yml", "pyproject.toml", ".gitignore", "README.md", "docs/tags.md"} <= set(kept)
    assert not [name for name in kept if name.startswith(("posts_src", "steps")) or name == "docs/index.md"]
    for name, text in kept.items():
        assert (begun / name).read_text() == text
