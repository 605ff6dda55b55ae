"""Sites built by MkDocs with Material and its blog plugin, from start to end."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock
from serving import FILES, HEAD, READS, environment, write

GOOD = HEAD.format("Good", 1) + (
    "Before.\n\n```python\nfrom toy.tools import answer\n\nanswer()\n```\n\n"
    '```python alt="A line"\nimport matplotlib.pyplot as plt\n\nplt.plot([1, 2])\n```\n\n<!-- more -->\n\nAfter.\n'
)


def build(site: Path, *options: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", *options], cwd=site, capture_output=True, text=True, timeout=120,
        env=environment() | extra,
    )  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built once; who edits it puts everything back."""
    site = tmp_path_factory.mktemp("built")
    write(site, FILES | {"posts_src/good.md": GOOD})
    done = build(site, "--strict")
    assert done.returncode == 0, done.stderr
    return site


@pytest.fixture
def site(built: Path, tmp_path: Path) -> Path:
    """A copy of the site as its author has it before a build: with what ran once, and without pages."""
    shutil.copytree(built, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("site", "pages"))
    return tmp_path


def test_a_post_becomes_a_post_of_the_blog(built: Path) -> None:
    site = built
    page = (site / "site/blog/good/index.html").read_text()
    assert "20261121" in page
    sources = re.findall(r'<img[^>]*src="([^"#]+)#only-(\w+)"', page)
    assert [scheme for _, scheme in sources] == ["light", "dark"]
    for source, _ in sources:
        assert (site / "site/blog/good" / source).is_file()
    index = (site / "site/blog/index.html").read_text()
    assert "After." not in index
    for source, _ in re.findall(r'<img[^>]*src="([^"#]+)#only-(\w+)"', index):
        assert (site / "site/blog" / source).resolve().is_file()
    assert "good" in (site / "site/blog/category/rand/index.html").read_text()
    assert not list((site / "docs").rglob("good*"))


def test_a_second_build_runs_nothing(built: Path) -> None:
    done = build(built)
    assert ": 0 ran, 1 unchanged" in done.stderr


def test_a_post_that_fails_fails_the_build_and_only_its_own_page(site: Path) -> None:
    (site / "posts_src/bad.md").write_text(HEAD.format("Bad", 2) + "```python\n1 / 0\n```\n")
    done = build(site)
    assert done.returncode == 1
    assert "posts_src/bad.md:7: ZeroDivisionError: division by zero" in done.stderr
    assert "Traceback" not in done.stderr
    assert (site / "site/blog/good/index.html").is_file()
    assert not (site / "site/blog/bad").exists()


@pytest.mark.parametrize(
    ("asked", "gpus", "records"),
    [("auto", "", 0), ("always", "", 1), ("auto", "0", 1), ("never", "0", 0)],
)
def test_which_runs_a_build_makes(site: Path, asked: str, gpus: str, records: int) -> None:
    done = build(site, MLBLOG_EXPERIMENTS=asked, CUDA_VISIBLE_DEVICES=gpus, MLBLOG_DEVICE="cpu")
    assert done.returncode == 0, done.stderr
    assert len(list((site / "docs/results").rglob("seed-*.json"))) == records
    assert len(list((site / "site").rglob("seed-*.json"))) == records  # published by the same build


def test_a_build_waits_for_another_to_end(built: Path) -> None:
    site = built
    with FileLock(site / ".mlblog/build.lock"):
        process = subprocess.Popen(
            [sys.executable, "-m", "mkdocs", "build"], cwd=site, stderr=subprocess.PIPE, text=True, env=environment()
        )
        assert process.stderr is not None
        while "mlblog: waiting for another build of this blog to finish" not in (said := process.stderr.readline()):
            assert said
        (site / "posts_src/good.md").write_text(GOOD.replace("Before.", "Later."))
    _, rest = process.communicate(timeout=60)
    (site / "posts_src/good.md").write_text(GOOD)
    assert process.returncode == 0, rest
    assert "Later." in (site / "site/blog/good/index.html").read_text()


def test_of_a_draft_a_build_publishes_nothing(site: Path) -> None:
    draft = GOOD.replace("Good", "Drafted").replace("date:", "draft: true\ndate:")
    write(site, {"posts_src/drafted.md": draft})
    done = build(site)
    assert done.returncode == 0, done.stderr
    assert list((site / ".mlblog/pages/blog/posts/drafted").iterdir()), "figures, for the preview"
    assert not list((site / "site").rglob("*drafted*"))
    assert (site / "site/blog/good/figure-1-light.svg").is_file()


CATEGORIES = FILES["mkdocs.yml"].replace('{slug}"', '{slug}", categories_allowed: [Rand, Notes]')


def test_a_category_that_is_not_allowed_is_placed_in_its_post(site: Path) -> None:
    write(site, {"mkdocs.yml": CATEGORIES})
    places = {"odd.md": (HEAD, 4), "listed.md": (HEAD.replace("[Rand]", "\n  - Notes\n  - Rand"), 6)}
    for name, (head, _) in places.items():
        write(site, {f"posts_src/{name}": head.format("Odd", 3).replace("Rand", "Strange") + "Odd.\n"})
    done = build(site)
    assert done.returncode == 1
    for name, (_, line) in places.items():
        assert f"posts_src/{name}:{line}: unknown category 'Strange'; this blog has Rand, Notes" in done.stderr
    assert "allow list" not in done.stderr
    assert (site / "site/blog/good/index.html").is_file()
    assert not (site / "site/blog/odd").exists()
    assert not (site / "site/blog/listed").exists()


def test_an_author_whom_nobody_knows_is_placed_in_his_post(site: Path) -> None:
    odd = HEAD.format("Odd", 3).replace("date:", "authors: [ada, bob]\ndate:")
    ada = "authors:\n  ada: {name: Ada, description: Writes, avatar: https://x.org/a.png}\n"
    write(site, {"posts_src/odd.md": f"{odd}Odd.\n", "docs/blog/.authors.yml": ada})
    done = build(site)
    assert done.returncode == 1
    assert (
        "posts_src/odd.md:3: unknown author 'bob'; docs/blog/.authors.yml has ada; add the author there" in done.stderr
    )
    assert (site / "site/blog/good/index.html").is_file()
    assert not (site / "site/blog/odd").exists()
    write(site, {"posts_src/odd.md": f"{odd}Odd.\n".replace(", bob", "")})
    done = build(site, "--strict")
    assert done.returncode == 0, done.stderr
    assert "Ada" in (site / "site/blog/odd/index.html").read_text()


def test_another_language_is_said_to_be_that_of_the_theme_alone(site: Path) -> None:
    write(site, {"mkdocs.yml": FILES["mkdocs.yml"].replace("font: false", "font: false, language: de")})
    done = build(site, "--strict")
    assert done.returncode == 0, done.stderr
    assert "mlblog: language de: labels of figures and generated pages are in English" in done.stderr


def test_a_site_with_feeds_builds_without_git(site: Path, tmp_path: Path) -> None:
    feeds = "rss: {match_path: blog/posts/.*, use_git: false, date_from_meta: {as_creation: date}}"
    write(
        site,
        {"mkdocs.yml": FILES["mkdocs.yml"].replace("plugins: [search, mlblog,", f"plugins: [search, mlblog, {feeds},")},
    )
    (tmp_path / "no programs").mkdir()
    done = build(site, "--strict", PATH=str(tmp_path / "no programs"))
    assert done.returncode == 0, done.stderr
    assert (site / "site/feed_rss_created.xml").is_file()


def test_a_wrong_setting_is_refused(site: Path) -> None:
    done = build(site, MLBLOG_EXPERIMENTS="often")
    assert done.returncode == 1
    assert "MLBLOG_EXPERIMENTS=often: must be one of auto, always, never" in done.stderr


def test_a_folder_that_is_no_project_is_refused(site: Path) -> None:
    (site / "pyproject.toml").unlink()
    done = build(site)
    assert done.returncode == 1
    assert "not in a project" in done.stderr


def test_a_result_links_to_its_record_which_a_run_that_fails_leaves_with_a_mark_and_a_failed_build(
    site: Path,
) -> None:
    (site / "posts_src" / "reads.md").write_text(READS)
    done = build(site, "--strict", MLBLOG_EXPERIMENTS="always")
    assert done.returncode == 0, done.stderr
    (link,) = set(re.findall(r'href="([^"]+seed-0.json)"', (site / "site/blog/reads/index.html").read_text()))
    assert (site / "site/blog/reads" / link).resolve().is_file()
    experiment = site / "toy" / "experiments" / "coin.py"
    experiment.write_text(experiment.read_text().replace("run.save(mean=n / 7)", "run.save(mean=n / 0)"))
    done = build(site, MLBLOG_EXPERIMENTS="always")
    assert done.returncode != 0
    assert "0 posts left out, 1 runs failed (their old records are kept)" in done.stderr
    assert "coin small seed 0: ZeroDivisionError: division by zero" in done.stderr
    page = (site / "site" / "blog" / "reads" / "index.html").read_text()
    assert "mean 0.429" in page
    assert re.search(r"Stale.*toy\.experiments\.coin\.coin", page)
