"""What the README and the guide show works: posts compile, experiments run, commands exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from guide.pages import PAGES, ROOT, Fence, fences
from toypost import HEAD

from mlblog.cli import main
from mlblog.lab import Lab, Project
from mlblog.lab.running.executors.inline import InlineExecutor
from mlblog.press import compile_posts

ALL = [fence for page in PAGES for fence in fences(page)]
COMMANDS = [
    (command, fence.place)
    for fence in ALL
    if fence.language == "console"
    for line in fence.text.splitlines()
    for command in re.split(r"\s+#\s", line.removeprefix("$ "))[0].split(" && ")
]
#: Programs of others, and the words of theirs that the guide uses.
OTHERS = {
    "cd": {"DIR", "my-blog"},
    "pip": {"install", "--upgrade", "-r", "requirements.txt", "mlblog", "mlblog[torch,site]"},
    "mkdocs": {"build", "serve", "--strict"},
    "properdocs": {"build", "--strict"},
    "zensical": {"build", "--strict"},
    "pytest": {"posts_src", "--changed-only", "--pdb", "my_models/experiments"},
}


def is_experiment(fence: Fence) -> bool:
    return "@experiment(" in fence.text


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A blog with the experiments of the guide, recorded at smoke scale, and its posts."""
    root = tmp_path_factory.mktemp("guide")
    files = {
        "pyproject.toml": '[tool.mlblog]\npackages = ["my_models"]\n',
        "my_models/__init__.py": "",
        "my_models/experiments/__init__.py": "",
    }
    for number, fence in enumerate(ALL):
        if fence.language == "python" and is_experiment(fence):
            (name,) = re.findall(r"^def (\w+)", fence.text, re.MULTILINE)
            files[f"my_models/experiments/{name}.py"] = fence.text
        elif fence.language == "python":
            files[f"posts_src/fence-{number}.md"] = f"{HEAD}\n```python\n{fence.text}```\n"
        elif fence.language == "markdown" and fence.text.startswith("---"):
            files[f"posts_src/fence-{number}.md"] = fence.text
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return Project.find(root)


def test_experiments_run_and_posts_compile(project: Project) -> None:
    lab = Lab(project)
    assert set(lab.experiments) == {"coin", "bias"}
    outcomes = list(lab.renew(lab.keys("smoke"), lambda: InlineExecutor(project)))
    assert [outcome.error for outcome in outcomes] == [None] * 4
    compiled = compile_posts(project)
    assert compiled.errors == []
    assert len(compiled.pages) == 8
    shown = "".join((compiled.folder / page).read_text(encoding="utf-8") for page in compiled.pages)
    assert "computed numbers: 42." in shown
    assert "28" in shown
    assert "They differ by 1e-16." in shown


@pytest.mark.parametrize(("command", "place"), COMMANDS, ids=[f"{place} {command}" for command, place in COMMANDS])
def test_command_exists(command: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "records.pack").write_bytes(b"")
    program, *words = shlex.split(command)
    program = program.removeprefix(".venv/bin/")
    if program == "make":
        (target,) = words
        assert re.search(rf"^{target}:.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE), place
    elif program == "mlblog":
        found: click.Command = main
        while isinstance(found, click.Group):
            found = found.commands[words.pop(0)]
        found.make_context(program, words)  # reads the words, and runs nothing
    else:
        assert set(words) <= OTHERS[program], place


def test_commands_named_in_the_text_exist() -> None:
    for page in PAGES:
        for name in re.findall(r"`(?:\.venv/bin/)?mlblog ([a-z]+)", page.read_text(encoding="utf-8")):
            assert name in main.commands, f"{page}: mlblog {name}"


def test_readme_is_short_and_names_every_page() -> None:
    text = PAGES[0].read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    assert all(f"docs/guide/{page.name}" in text for page in PAGES[1:])
    nav = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert all(f"guide/{page.name}" in nav for page in PAGES[1:])
