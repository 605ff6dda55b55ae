"""A stranger's first minutes: a blog in an empty folder, each command in a process of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from mlblog.cli import main
from mlblog.errors import InputError
from mlblog.scaffold import new_blog
from mlblog.scaffold.template import FOLDER


@dataclass(frozen=True)
class Stranger:
    """Someone in the folder of a blog that was just made."""

    folder: Path

    def __call__(self, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MLBLOG_")}
        return subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=self.folder,
            env=environment | {"NO_MKDOCS_2_WARNING": "1", "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=300,
        )


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Stranger:
    folder = tmp_path_factory.mktemp("stranger")
    made = Stranger(folder)("mlblog", "init", "Night-Walks")
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("Night-Walks: a blog with the package night_walks")
    return Stranger(folder / "Night-Walks")


def test_blog_builds_strictly_and_shows_its_record(stranger: Stranger) -> None:
    built = stranger("mkdocs", "build", "--strict")
    assert built.returncode == 0, built.stdout + built.stderr
    page = (stranger.folder / "site/blog/walk/index.html").read_text(encoding="utf-8")
    assert "How far does a random walk get?" in page
    assert "mlblog-preview" in page, "a smoke run is marked as one"
    assert "After 64 steps" in page
    for name in ("experiments", "papers", "tags", "blog"):
        assert (stranger.folder / f"site/{name}/index.html").is_file()
    card = re.search(r'<meta property="og:image" content="http://127.0.0.1:8000/([^"]+)">', page)
    assert card is not None
    assert (stranger.folder / "site" / card[1]).read_bytes().startswith(b"\x89PNG")
    assert "feed_json_created.json" in page
    assert "results/walk/smoke/base/seed-0.json" in page, "its records are committed, and linked"
    home = (stranger.folder / "site/index.html").read_text(encoding="utf-8")
    assert 'id="latest"' in home
    experiments = (stranger.folder / "site/experiments/index.html").read_text(encoding="utf-8")
    assert "There is 1 experiment: 1 only tried." in experiments
    assert "scale smoke, 3 runs" in experiments


def test_what_moved_is_said_of_the_records_that_there_are(stranger: Stranger, tmp_path: Path) -> None:
    blog = Stranger(tmp_path / "blog")
    shutil.copytree(stranger.folder, blog.folder, ignore=shutil.ignore_patterns(".mlblog", "site"))
    for arguments in ("init -q", "add .", "-c user.name=t -c user.email=t@t commit -qm a"):
        subprocess.run(["git", "-C", str(blog.folder), *arguments.split()], check=True)
    found = blog("mlblog", "diff", "walk")
    assert found.returncode == 0
    assert re.search(r"smoke/base +final_distance +\d", found.stdout)


def test_everything_in_it_is_fresh(stranger: Stranger) -> None:
    checked = stranger("mlblog", "check")
    assert (checked.returncode, checked.stdout) == (0, "all records are valid and fresh, and all posts can be read\n")


def test_new_things_pass_as_they_stand(stranger: Stranger) -> None:
    """What is printed as the next step is done, and then everything is fresh, tests pass and the site builds."""
    made = [
        stranger("mlblog", "new", *arguments)
        for arguments in (
            ("post", "Is it: a 'test', or 100 %?"),
            ("note", "pearson1905problem"),
            ("experiment", "coin_toss"),
            ("week",),
            ("post", "乱歩", "--slug", "random-walk"),
        )
    ]
    assert [one.returncode for one in made] == [0] * 5, [one.stderr for one in made]
    written = [one.stdout.splitlines()[0] for one in made]
    assert written[:3] == [
        "posts_src/is-it-a-test-or-100.md",
        "night_walks/papers/notes/pearson1905problem.md",
        "night_walks/experiments/coin_toss.py",
    ]
    assert written[4] == "posts_src/random-walk.md"
    assert "mlblog run coin_toss --scale smoke" in made[2].stdout
    assert stranger("mlblog", "run", "coin_toss", "--scale", "smoke", "--executor", "inline").returncode == 0
    assert stranger("mlblog", "check").returncode == 0
    tested = stranger("pytest", "-q", "-p", "no:cacheprovider")
    assert tested.returncode == 0, tested.stdout
    assert " passed" in tested.stdout
    assert "failed" not in tested.stdout
    built = stranger("mkdocs", "build", "--strict")
    assert built.returncode == 0, built.stdout + built.stderr
    assert stranger("mlblog", "goals", "status").returncode == 0


@pytest.mark.parametrize(
    ("folder", "package", "message"),
    [
        ("full", "", "not empty"),
        ("full/inner", "", "inside the blog"),
        ("2nd", "", "'2nd': not a valid package name"),
        ("new", "my-blog", "'my-blog': not a valid package name"),
        ("new", "class", "'class': not a valid package name"),
        ("random", "", "taken by a Python module"),
        ("mlblog", "", "taken by a Python module"),
    ],
)
def test_what_cannot_be_a_blog_is_refused_and_nothing_written(
    tmp_path: Path, folder: str, package: str, message: str
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/pyproject.toml").write_text("[tool.mlblog]\n", encoding="utf-8")
    with pytest.raises(InputError, match=message):
        new_blog(tmp_path / folder, package, date(2026, 11, 21))
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["full", "pyproject.toml"]


def test_names_that_are_wrong_or_taken_are_refused(stranger: Stranger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(stranger.folder)
    monkeypatch.delenv("MLBLOG_ROOT", raising=False)
    before = written(stranger.folder)
    for arguments, message in {
        (
            "post",
            "乱歩",
        ): "'乱歩': a title needs a letter or a digit of the Latin alphabet, for the URL; name one: --slug",
        ("post", "A walk", "--slug", "A walk"): "'A walk': a name consists of a to z, digits and hyphens",
        ("post", "WALK!"): "posts_src/walk.md: already exists",
        ("note", "pearson1905problems"): "did you mean 'pearson1905problem'?",
        ("experiment", "Coin-Toss"): "an experiment is a function",
        ("experiment", "walk"): "the experiment walk already exists",
        ("week", "48"): "'48' is not an ISO week",
    }.items():
        done = CliRunner().invoke(main, ["new", *arguments])
        assert (done.exit_code, done.stdout) == (2, "")
        assert message in done.stderr
    assert before == written(stranger.folder)


def written(folder: Path) -> dict[Path, bytes]:
    """Files with their content, but for what is kept to save time."""
    paths = (path for path in folder.rglob("*.*") if path.is_file() and ".mlblog" not in path.parts)
    return {path: path.read_bytes() for path in paths}


def test_no_template_has_a_name_that_experiments_may_take_for_data() -> None:
    """`f"{a}_{b}"` in an experiment fits every data file of the package with an underscore, and makes records stale."""
    assert [path.name for path in FOLDER.rglob("*") if "_" in path.relative_to(FOLDER).as_posix()] == []


def test_its_settings_can_be_read(stranger: Stranger) -> None:
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!ENV", lambda loader, node: None)
    Loader.add_multi_constructor("tag:yaml.org,2002:python/name:", lambda loader, name, node: name)
    settings = yaml.load((stranger.folder / "mkdocs.yml").read_text(encoding="utf-8"), Loader)
    assert settings["site_name"] == "Night Walks"
    workflow = (stranger.folder / ".github/workflows/pages.yml").read_text(encoding="utf-8")
    assert "${{ steps.pages.outputs.base_url }}" in workflow
