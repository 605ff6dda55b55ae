"""Notebooks in docs/notebooks are pages as they are; a site without any does not load what makes them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).parents[2]
OURS = sorted((ROOT / "docs/notebooks").rglob("*.ipynb"))
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
FILES = {
    "pyproject.toml": '[tool.mlblog]\npackages = ["toy"]\n',
    "toy/__init__.py": "",
    "toy/experiments/__init__.py": "",
    "mkdocs.yml": "site_name: t\ntheme: {name: material, font: false}\nplugins: [search, mlblog]\n",
    "docs/index.md": "# Home\n\nSee [a notebook](notebooks/one.ipynb).\n",
}
# whether the plugin was imported is said at the end
BUILD = """
import atexit, sys
atexit.register(lambda: print("LOADED" if "mkdocs_jupyter" in sys.modules else "NOT LOADED"))
from mkdocs.__main__ import cli
cli(["build", "--strict", "--quiet"])
"""


def book(prose: str) -> str:
    image = {"output_type": "display_data", "data": {"image/png": PNG}, "metadata": {"image/png": {"alt": "A dot"}}}
    printed = {"output_type": "stream", "name": "stdout", "text": ["never run again\n"]}
    cells: list[dict[str, Any]] = [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# One\n", "\n", prose]},
        {
            "cell_type": "code", "id": "b", "metadata": {}, "execution_count": 3,
            "source": ["raise SystemExit('$x$')"], "outputs": [printed, image],
        },
    ]  # fmt: skip
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def build(root: Path, files: dict[str, str]) -> subprocess.CompletedProcess[str]:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}
    command = [sys.executable, "-c", BUILD]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=120)


def test_a_notebook_is_a_page_as_it_is(tmp_path: Path) -> None:
    prose = "Of $a < b$, `$5`, and\n\n$$\\frac{a}{b}$$\n\nfor 5 $ and 6 $."
    done = build(tmp_path, FILES | {"docs/notebooks/one.ipynb": book(prose)})
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "LOADED"
    page = BeautifulSoup((tmp_path / "site/notebooks/one/index.html").read_text(), "html.parser")
    text = page.get_text()
    assert "never run again" in text
    assert [image["alt"] for image in page.select("article img")] == ["A dot"]
    assert [one.get_text().strip() for one in page.select(".arithmatex")] == ["\\(a < b\\)", "\\[\\frac{a}{b}\\]"]
    assert "raise SystemExit('$x$')" in text
    for script in page.select("script"):
        assert not re.match(r"(?:https?:)?//", str(script.get("src", "")))
        assert "https://" not in script.get_text()
    home = BeautifulSoup((tmp_path / "site/index.html").read_text(), "html.parser")
    assert home.select_one("article a[href='notebooks/one/']") is not None


def test_the_design_has_a_sheet_for_notebooks_in_place_of_jupyters(tmp_path: Path) -> None:
    """What cells put out keeps its own styles; code is as on other pages, and is there once."""
    own = "<style scoped>.mine {color: red}</style><table class='dataframe'><tr><td>7</td></tr></table>"
    made = json.loads(book("Text.\n\n```python\nshown = 1\n```\n"))
    drawn = {"image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png": PNG}
    coloured = {"output_type": "stream", "name": "stderr", "text": "\x1b[31mred\x1b[0m\n"}
    made["cells"][1]["outputs"] += [
        {"output_type": "display_data", "data": {"text/html": own}, "metadata": {}},
        {"output_type": "display_data", "data": {"text/latex": "$a < b$"}, "metadata": {}},
        {"output_type": "display_data", "data": drawn, "metadata": {"image/svg+xml": {"alt": "Drawn"}}},
        coloured,
    ]
    config = FILES["mkdocs.yml"].replace("mlblog]", "{mlblog: {design: true}}]")
    done = build(tmp_path, FILES | {"mkdocs.yml": config, "docs/notebooks/one.ipynb": json.dumps(made)})
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "site/notebooks/one/index.html").read_text()
    page = BeautifulSoup(text, "html.parser")
    assert [style.get_text() for style in page.select("style")] == [".mine {color: red}"]
    assert [code.get_text().strip() for code in page.select(".highlight pre > code")] == [
        "shown = 1",
        "raise SystemExit('$x$')",
    ]
    assert text.count("raise") == 1
    assert [image["alt"] for image in page.select("article img")] == ["A dot", "Drawn"]
    assert len(page.select(".jp-RenderedLatex .katex")) == 1
    assert [one.get_text() for one in page.select(".ansi-red-fg")] == ["red"]
    assert page.select("article .headerlink")
    assert {cell.get("id") for cell in page.select(".jp-Notebook-cell")} >= {"cell-a", "cell-b"}
    assert page.select("article script") == []
    sheet = "stylesheets/notebooks.css"
    assert page.select(f"link[href$='{sheet}']")
    assert "ansi-red-fg" in (tmp_path / "site" / sheet).read_text()
    assert sheet not in (tmp_path / "site/index.html").read_text()
    (joined,) = (tmp_path / "site/assets").glob("site.*.css")
    assert "jupyter" not in joined.read_text()


REPOSITORY = "https://github.com/someone/some-blog"


@pytest.mark.parametrize(
    ("address", "code", "is_shown"),
    [
        (REPOSITORY, "import math\nimport numpy as np\n%matplotlib inline\n", True),
        ("https://gitlab.com/someone/some-blog", "import math", False),
        (REPOSITORY, "from toy.experiments import walk", False),
        (REPOSITORY, "import no_such_package", False),
    ],
)
def test_a_notebook_that_runs_elsewhere_leads_there(tmp_path: Path, address: str, code: str, is_shown: bool) -> None:
    made = json.loads(book("Text."))
    made["cells"][1]["source"] = code
    config = FILES["mkdocs.yml"].replace("mlblog]", "{mlblog: {design: true}}]") + f"repo_url: {address}\n"
    files = FILES | {
        "mkdocs.yml": config,
        "docs/notebooks/one.ipynb": json.dumps(made),
        ".gitignore": ".mlblog\nsite\n",
    }
    root = tmp_path / "a-folder"  # the blog is a folder of the repository
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    who = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b.example"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "a"]):
        subprocess.run([*who, *command], check=True)
    commit = subprocess.run([*who, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    done = build(root, {})
    assert done.returncode == 0, done.stderr
    page = BeautifulSoup((root / "site/notebooks/one/index.html").read_text(), "html.parser")
    expected = "https://colab.research.google.com/github/someone/some-blog/blob/{}/a-folder/docs/notebooks/one.ipynb"
    links = [link["href"] for link in page.select("a[href*='colab']")]
    assert links == ([expected.format(commit)] if is_shown else [])
    # the theme's script would ask api.github.com for stars
    assert [link.get("data-md-component") for link in page.select("a.md-source")] == [None, None]
    assert {link["href"] for link in page.select("a.md-source")} == {address}


def test_a_formula_of_a_notebook_is_checked(tmp_path: Path) -> None:
    done = build(tmp_path, FILES | {"docs/notebooks/one.ipynb": book("Of $\\nonsuch{a}$.")})
    assert done.returncode == 1
    assert re.search(r"docs/notebooks/one\.ipynb:\d+: formula \\nonsuch\{a\}: undefined control", done.stderr)


def test_a_site_without_notebooks_does_not_load_what_makes_them(tmp_path: Path) -> None:
    done = build(tmp_path, FILES | {"docs/index.md": "# Home\n"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "NOT LOADED"


def test_there_is_one_on_the_site() -> None:
    assert OURS


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_ours_ran_in_order_without_errors_and_describe_their_figures(path: Path) -> None:
    found = nbformat.read(path, as_version=4)
    nbformat.validate(found)
    cells = [cell for cell in found.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    for output in (output for cell in cells for output in cell.outputs):
        assert output.output_type != "error"
        if "image/png" in output.get("data", {}):
            assert output.metadata["image/png"]["alt"]


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_ours_still_run_and_print_what_they_show(path: Path) -> None:
    """Code and outputs are of one make: run as a script, the notebook prints the same."""
    found = nbformat.read(path, as_version=4)
    cells = [cell for cell in found.cells if cell.cell_type == "code"]
    script = "import IPython.display\nIPython.display.display = lambda *a, **k: None\n"
    script += "\n".join(cell.source for cell in cells)
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"MPLBACKEND": "agg"},
    )
    assert done.returncode == 0, done.stderr
    shown = "".join(output.text for cell in cells for output in cell.outputs if output.output_type == "stream")
    assert re.sub(r"[\d.]+e-1\d", "0", done.stdout) == re.sub(r"[\d.]+e-1\d", "0", shown)
