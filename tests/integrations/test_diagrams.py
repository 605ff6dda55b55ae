"""Diagrams that Mermaid cannot read fail the build, by file and line; a site without any is not served Mermaid."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from integrations.conftest import DIAGRAM, built

from mlblog.integrations.diagrams import Diagrams
from mlblog.lab import Project


@pytest.fixture
def copied(small_blog: Path, tmp_path: Path) -> Path:
    shutil.copytree(small_blog, tmp_path / "copy")
    return tmp_path / "copy"


def test_a_site_without_diagrams_is_not_served_mermaid(small_blog: Path, copied: Path) -> None:
    assert {path.name for path in (small_blog / "site/assets/mermaid").iterdir()} == {
        "LICENSE", "draw.js", "mermaid.tiny.js"
    }  # fmt: skip
    linking = {path.parent.name for path in (small_blog / "site").rglob("*.html") if "mermaid/draw" in path.read_text()}
    assert linking == {"walk"}
    post = copied / "posts_src/walk.md"
    post.write_text(post.read_text().replace(DIAGRAM, ""))
    built(copied)
    assert not (copied / "site/assets/mermaid").exists()
    assert "mermaid" not in (copied / "site/blog/walk/index.html").read_text()


def test_a_diagram_that_cannot_be_read_fails_the_build_by_file_and_line(copied: Path) -> None:
    post = copied / "posts_src/plain.md"
    post.write_text(post.read_text() + "\n```mermaid\ngraph LR\n  a --> b[open\n```\n")
    guide = copied / "docs/guide/one.md"
    guide.write_text(guide.read_text() + "\n```mermaid\nno diagram\n```\n")
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "MLBLOG_EXPERIMENTS": "never"}
    command = [sys.executable, "-m", "mkdocs", "build"]
    done = subprocess.run(command, cwd=copied, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "posts_src/plain.md:9: diagram: Parse error on line " in done.stderr
    assert "docs/guide/one.md:10: diagram: No diagram type detected" in done.stderr
    assert "2 formulas or diagrams cannot be drawn" in done.stderr


@pytest.mark.parametrize(
    "text",
    [
        'graph TD\n A["x < y & <b>z</b>"] -->|yes| B((c))\n click A "https://x.org"\n subgraph s [S]\n c\n end',
        "sequenceDiagram\n A->>B: hi\n B-->>A: ho",
        "stateDiagram-v2\n [*] --> A",
        "classDiagram\n A <|-- B",
        "erDiagram\n A ||--o{ B : has",
        'pie title T\n "a": 1',
        "gantt\n title x\n section a\n b :a1, 2014-01-01, 30d",
        "gitGraph\n commit",
        "---\ntitle: x\n---\nflowchart LR\n a & b --> c",
    ],
    ids=lambda text: text.split()[0],
)
def test_diagrams_of_many_kinds_are_read(tmp_path: Path, text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    page = f'<pre class="mlblog-diagram"><code>{escaped}</code></pre>'
    diagrams = Diagrams(Project(tmp_path, ("toy",), "toy.experiments"))
    assert [*diagrams.errors(page, [tmp_path / "a.md"])] == []
    wrong = page.replace("</code>", "\n} } nonsense -- [ </code>")
    assert len([*diagrams.errors(wrong, [tmp_path / "a.md"])]) == 1
