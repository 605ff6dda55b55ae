"""A new author's first hour: a wheel in an environment of its own, and the commands of README and guide, in order."""

from __future__ import annotations

import os
import re
import shlex
import site
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from guide.pages import PAGES, ROOT, fences

pytestmark = pytest.mark.audit

#: In the order of someone who reads; other pages have no commands.
ORDER = ("README.md:68", "index.md", "experiments.md", "README.md:58", "goals.md", "publish.md", "test.md")
#: Commands that are left out, each with the reason.
LEFT_OUT = {
    "make": "for a checkout of this repository",
    "pip": "needs a network; the wheel stands for it",
    "properdocs": "another host; see test_export",
    "zensical": "another host; see test_export",
    "mkdocs serve": "does not end; see test_serve",
    "mlblog serve": "does not end; see test_zensical",
    "mlblog run --watch": "does not end",
    "mlblog run --executor ray": "needs a cluster",
    "mlblog new paper arXiv:": "needs a network; see test_new_paper",
    "mlblog new paper 10.": "needs a network; see test_new_paper",
    "mlblog goals tick": "needs a goal; see test_goals_cli",
    "pytest posts_src --pdb": "is for a failing block",
    "cd DIR": "what follows there is for other hosts",
    "mlblog init": "is done before, in a repository",
    "cd my-blog": "is done before, in a repository",
}
BIB = "@article{pearson1905last, author={Pearson, Karl}, title={Last}, journal={Nature}, year={1905}}\n"


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of an environment that has the built wheel, and else what this one has."""
    folder = tmp_path_factory.mktemp("stranger")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "env", with_pip=False, symlinks=True)
    (packages,) = (folder / "env").glob("lib/python*/site-packages")
    zipfile.ZipFile(wheel).extractall(packages)
    here = [path for path in sys.path if Path(path).name == "site-packages"] or site.getsitepackages()
    (packages / "others.pth").write_text("\n".join(here))
    for program, module in {"mlblog": "mlblog", "mkdocs": "mkdocs", "pytest": "pytest"}.items():
        script = folder / "env/bin" / program
        script.write_text(f'#!/bin/sh\nexec "{folder}/env/bin/python" -m {module} "$@"\n')
        script.chmod(0o755)
    return folder / "env/bin"


def commands() -> list[tuple[str, str]]:
    found = [
        (command.removeprefix(".venv/bin/"), fence.place.rpartition("/")[2])
        for page in PAGES
        for fence in fences(page)
        if fence.language == "console"
        for line in fence.text.splitlines()
        for command in re.split(r"\s+#\s", line.removeprefix("$ "))[0].split(" && ")
    ]
    return sorted(found, key=lambda one: next((i for i, name in enumerate(ORDER) if one[1].startswith(name)), 99))


def test_the_commands_of_readme_and_guide_work_in_an_empty_folder(programs: Path, tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLBLOG_", "GIT_", "PYTHON"))}
    who = {f"GIT_{who}_{what}": "a@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    here = {"PATH": f"{programs}{os.pathsep}{kept['PATH']}", "NO_MKDOCS_2_WARNING": "1", "OMP_NUM_THREADS": "1"}

    def run(command: str, folder: Path) -> None:
        words = shlex.split(command)
        done = subprocess.run(
            words,
            cwd=folder,
            env=kept | who | here,
            capture_output=True,
            text=True,
            timeout=300,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"

    run("mlblog init my-blog --package my_models", tmp_path)
    blog = tmp_path / "my-blog"
    (blog / "downloaded.bib").write_text(BIB)
    for command in ("git init -q -b main", "git add .", "git commit -qm Begin"):
        run(command, blog)
    (experiment,) = (fence.text for fence in fences(PAGES[0]) if "@experiment(" in fence.text)
    ran = []
    for command, place in commands():
        if any(command.startswith(left) for left in LEFT_OUT):
            continue
        assert place.split(":")[0] in {name.split(":")[0] for name in ORDER}, f"{place}: where does {command} come?"
        run(command, blog)
        ran.append(command)
        if command.startswith("mlblog new experiment"):
            (blog / "my_models/experiments/coin.py").write_text(experiment)
            for step in ("git add .", "git commit -qm Experiment"):
                run(step, blog)
    assert len(ran) > 15
    home = (blog / "site/index.html").read_text(encoding="utf-8")
    assert "How far does a random walk get?" in home
    (sheet,) = re.findall(r'href="(assets/site\.\w+\.css)"', home)
    assert "--paper: #" in (blog / "site" / sheet).read_text(encoding="utf-8"), "the pages have other colours"
    assert not list(blog.rglob("my-blog/docs/stylesheets"))
