"""Each page has a Markdown twin beside it, and `llms.txt` names them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import yaml
from bs4 import BeautifulSoup
from integrations.conftest import built

TEXT = """\
Part 1 of 2 of *Ways*

1. A walk
1. [Another](https://x.org/b/blog/other/)

First words: 42.

Then [the other](https://x.org/b/blog/other/).

```python
import matplotlib.pyplot as plt

plt.plot([1, 3, 2])
```

![Rises & falls](https://x.org/b/blog/walk/line-light.svg)

**Figure 1** A caption [Data](https://x.org/b/blog/walk/line.csv)
"""


def test_a_twin_has_what_the_page_shows(small_blog: Path) -> None:
    text = (small_blog / "site/blog/walk/index.md").read_text()
    _, head, body = text.split("---\n", 2)
    assert yaml.safe_load(head) == {
        "title": "A walk", "description": "Told.", "url": "https://x.org/b/blog/walk/", "date": "2026-11-20",
        "authors": ["Ada Lovelace", "Bob"],
    }  # fmt: skip
    title, _, rest = body.strip().partition("\n\n")
    assert title == "# A walk"
    assert rest.startswith(TEXT.replace("Rises & falls", "Rises \\& falls"))
    assert "```mermaid\ngraph LR\n  A[Data & more] --> B{Fits?}\n```" in rest
    assert "@misc{walk2026," in rest


def test_links_within_the_site_are_full_addresses(small_blog: Path) -> None:
    text = (small_blog / "site/guide/one/index.md").read_text()
    assert text.endswith("# Guide\n\nSee [home](https://x.org/b/#home) and [no page](https://y.org/).\n")


def test_each_page_with_text_names_its_twin(small_blog: Path) -> None:
    site, without = small_blog / "site", set()
    for page in site.rglob("index.html"):
        links = BeautifulSoup(page.read_text(), "html.parser").find_all("link", type="text/markdown")
        if not links:
            without.add(page.parent.relative_to(site).as_posix())
            continue
        (link,) = links
        assert (link["rel"], link["href"]) == (["alternate"], "index.md")
        assert (page.parent / "index.md").is_file()
    assert without == {"blog", "blog/archive/2026", *(f"blog/author/{name}" for name in ("ada", "bob", "eve"))}
    assert len([*site.rglob("index.md")]) + len(without) == len([*site.rglob("index.html")])


def test_llms_txt_lists_the_twins_with_the_newest_post_first(small_blog: Path) -> None:
    text = (small_blog / "site/llms.txt").read_text()
    assert text.startswith("# The site\n\n> About it.\n\n## Blog\n\n- [Another](https://x.org/b/blog/other/index.md)")
    assert re.findall(r"^## (.*)", text, re.MULTILINE)[:3] == ["Blog", "Pages", "Guide"]
    entries = re.findall(r"^- \[(.*)\]\(https://x\.org/b/(.*)\)(.*)$", text, re.MULTILINE)
    assert [name for name, _, _ in entries][:3] == ["Another", "A walk", "Plain"]
    assert {name: told for name, _, told in entries}["A walk"] == ": Told."
    assert {path for _, path, _ in entries} == {
        path.relative_to(small_blog / "site").as_posix() for path in (small_blog / "site").rglob("*.md")
    }


def test_a_second_build_writes_the_same_and_an_option_leaves_them_out(small_blog: Path, tmp_path: Path) -> None:
    root = tmp_path / "copy"
    shutil.copytree(small_blog, root)
    (root / "docs/llms.txt").write_text("Ours.\n")
    before = {path: path.read_bytes() for path in (root / "site").rglob("*.md")}
    built(root)
    assert {path: path.read_bytes() for path in (root / "site").rglob("*.md")} == before
    assert (root / "site/llms.txt").read_text() == "Ours.\n"
    (root / "docs/llms.txt").unlink()
    settings = root / "mkdocs.yml"
    settings.write_text(settings.read_text().replace("mlblog: {", "mlblog: {markdown: false, "))
    built(root)
    assert not [*(root / "site").rglob("*.md"), *(root / "site").glob("llms.txt")]
    assert "text/markdown" not in (root / "site/blog/walk/index.html").read_text()
