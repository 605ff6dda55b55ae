"""The index of papers says what is here of each, and every note has a page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from mlblog.claims import MIME
from mlblog.errors import InputError, PostError
from mlblog.lab import Lab, Project, Read, Record
from mlblog.press import Context, Outputs, Page, Ran, parse_post
from mlblog.press.page.provenance import Evidence
from mlblog.press.page.published import Published
from mlblog.site.papers import pages

BIB = """\
@misc{abel1824memoire,
  author = {Abel, Niels Henrik},
  title  = {Memoir on equations},
  year   = {1824},
  eprint = {2401.00005},
  topic  = {Algebra},
}

@misc{euler1736solutio,
  author = {Euler, Leonhard},
  title  = {Solution},
  howpublished = {Acta},
  year   = {1736},
  topic  = {Graphs},
}

@misc{zorn1935remark,
  author = {Zorn, Max},
  title  = {A 'remark' on \\"orders},
  howpublished = {Bulletin},
  year   = {1935},
  topic  = {Algebra},
}
"""
NOTE = """\
---
topic: Algebra
state: implemented
confidence: 2/5
---

## Summary

Five is too many, unlike [@euler1736solutio]. So it is.

## Where it is here

In `toy.roots`.

## Next

Six.
"""
COIN = '''\
from toy.roots import solve  # [zorn1935remark]

from mlblog.lab import Run, experiment


@experiment(smoke=dict(n=5), seeds=1)
def coin(run: Run, *, n: int, seed: int) -> None:
    """Toss a coin as in [abel1824memoire, §2]."""
    run.save(mean=0.5)
'''
POST = """\
---
title: Roots *and* all
date: 2026-01-02
---
By radicals [@abel1824memoire], not `[@zorn1935remark]`.

```python
pass
```
"""


def claim(text: str, source: str, verdict: str) -> dict[str, Any]:
    told = {"text": text, "source": source, "verdict": verdict, "because": "1 < 2"}
    return {"output_type": "display_data", "metadata": {}, "data": {MIME: told, "text/plain": text}}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    files = {
        "pyproject.toml": '[tool.mlblog]\npackages = ["toy"]\n',
        "toy/__init__.py": "",
        "toy/roots.py": '"""Roots [abel1824memoire]."""\n\nsolve = 5  # [@abel1824memoire, eq. 3]\n',
        "toy/experiments/__init__.py": "",
        "toy/experiments/coins.py": COIN,
        "toy/papers/__init__.py": "# speaks of [zorn1935remark] as a key",
        "toy/papers/references.bib": BIB,
        "toy/papers/notes/abel1824memoire.md": NOTE,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return Project.find(tmp_path)


def look_up(read: Read) -> Evidence:
    raise AssertionError(f"no page of papers looks up {read}")


def made(project: Project) -> dict[str, Page]:
    post = parse_post(POST, "posts_src/roots.md")
    scribble = parse_post(POST.replace("Roots", "Bridges").replace("abel1824", "abel1824"), "posts_src/scribbles/b.md")
    told = (
        claim("Five is one more than four", "abel1824memoire", "held"),
        claim("Seven too [@euler1736solutio]", "abel1824memoire", "failed"),
        claim("Bridges cannot be crossed once", "euler1736solutio", "in-part"),
        claim("Our own", "", "held"),
    )
    posts = (Published.of(post, Outputs((Ran(told),))), Published.of(scribble, Outputs((Ran(),))))
    return {page.path: page for page in pages(Context(Lab(project), posts, look_up))}


def item(text: str, key: str) -> str:
    return re.search(rf"(?s)### [^\n]* {{ #{key} }}\n(.*?)\n/+ html \| details\.mlblog-b", text)[1]  # type: ignore[index]


def test_the_index_lists_papers_by_topic_with_what_is_here(project: Project) -> None:
    found = made(project)
    assert set(found) == {"papers/index.md", "papers/abel1824memoire.md"}
    index = found["papers/index.md"]
    assert index.files == {"references.bib": BIB.encode()}
    assert re.findall(r"(?m)^## .*|(?<=^### ).*", index.text) == [
        "## Algebra",
        "Memoir on equations { #abel1824memoire }",
        "A 'remark' on örders { #zorn1935remark }",
        "## Graphs",
        "Solution { #euler1736solutio }",
    ]
    kinds = re.findall(r"data-topic='(.*?)'\]\[data-state='(.*?)'", index.text)
    assert kinds == [("Algebra", "implemented"), ("Algebra", "no note"), ("Graphs", "no note")]
    assert ">Abel, 1824 · note: implemented, confidence 2 of 5</span>" in index.text
    assert "3 papers, books and posts, 3 of them used by code, posts or claims here" in index.text
    assert "There are notes on 1 (1 implemented)." in index.text
    abel = item(index.text, "abel1824memoire").split("  \n")
    assert abel[1:] == [
        "**[Note](abel1824memoire.md)** implemented, confidence 2 of 5 · [arXiv:2401.00005](https://arxiv.org/abs/2401.00005)",
        "Code: `toy.roots`",
        "Experiments: [`coin`](../experiments.md#coin)",
        "Posts: [Roots &#42;and&#42; all](../blog/posts/roots.md), [Bridges &#42;and&#42; all](../scribbles/b.md)",
        "[Claims](../claims.md#abel1824memoire): 1 held, 1 did not hold at this size\n",
    ]
    assert "[Claims](../claims.md#euler1736solutio): 1 held in part" in item(index.text, "euler1736solutio")
    assert item(index.text, "zorn1935remark").split("  \n")[1:] == ["Experiments: [`coin`](../experiments.md#coin)\n"]


def test_the_page_of_a_note(project: Project) -> None:
    text = made(project)["papers/abel1824memoire.md"].text
    assert text.startswith("---\ntitle: 'Memoir on equations'\n")
    assert "State: implemented, confidence 2 of 5" in text
    assert "unlike ([Euler, 1736](#ref-euler1736solutio){ .mlblog-cite })." in text
    here = text.partition("## Where it is here\n")[2].partition("\n## Next")[0]
    assert here.strip().split("\n") == [
        "In `toy.roots`.",
        "",
        "- Code: `toy.roots`",
        "- Experiments: [`coin`](../experiments.md#coin)",
        "- Posts: [Roots &#42;and&#42; all](../blog/posts/roots.md), [Bridges &#42;and&#42; all](../scribbles/b.md)",
    ]
    assert re.findall(r"li#ref-(\w+)", text) == ["euler1736solutio"]
    assert text.count("@misc{abel1824memoire,") == 1


def test_what_is_here_is_listed_without_a_section_for_it(project: Project) -> None:
    note = project.root / "toy/papers/notes/abel1824memoire.md"
    note.write_text(NOTE.replace("## Where it is here", "## Doubts"))
    text = made(project)["papers/abel1824memoire.md"].text
    assert re.findall(r"(?m)^## .*", text) == [
        "## Summary",
        "## Doubts",
        "## Next",
        "## What we found",
        "## Where it is here",
        "## References",
    ]


def test_the_verdicts_on_a_papers_claims_stand_in_its_note(project: Project) -> None:
    note = project.root / "toy/papers/notes/abel1824memoire.md"
    note.write_text(NOTE.replace("## Where it is here", "## What we found\n\nMuch.\n\n## Where it is here"))
    text = made(project)["papers/abel1824memoire.md"].text
    found = text.partition("## What we found\n\nMuch.\n\n")[2].partition("\n## Where it is here")[0]
    assert re.findall(r"html \| div\.mlblog-claim\.mlblog-([\w-]+)", found) == ["held", "failed"]
    assert "\nSeven too ([Euler, 1736](index.md#euler1736solutio))\n" in found
    assert "[In “Roots &#42;and&#42; all”](../blog/posts/roots.md#claim-roots-2) · computed in the post itself" in found
    assert found.count("\n1 &lt; 2\n") + found.count("\n1 < 2\n") == 2


def test_what_decided_a_claim_is_linked(project: Project) -> None:
    read = Read("dice", "small", {}, (("docs/results/dice/small/base/seed-0.json", "a"),))
    environment = {"commit": "abc", "dirty": False, "date": "2026-11-02", "device": "cpu", "seconds": 3.0}
    record = Record("dice", "small", {}, {}, 0, {}, {}, {}, {}, environment)
    ran = Ran((claim("Five", "abel1824memoire", "held"),), (read.to_json(),))
    post = Published.of(parse_post(POST, "posts_src/roots.md"), Outputs((ran,)))
    context = Context(Lab(project), (post,), lambda one: Evidence(one, (record,), ()))
    text = {page.path: page.text for page in pages(context)}["papers/abel1824memoire.md"]
    assert "Experiments: [`coin`](../experiments.md#coin), [`dice`](../experiments.md#dice)" in text


FIGURE = POST.replace(
    "```python\npass",
    '```python label="tree" alt="A *tree*." caption="Roots [@euler1736solutio], [there](#fig-tree)."\npass',
)


def test_a_note_shows_the_figure_of_a_post(project: Project) -> None:
    (project.root / "posts_src").mkdir()
    (project.root / "posts_src/roots.md").write_text(FIGURE)
    note = project.root / "toy/papers/notes/abel1824memoire.md"
    note.write_text(NOTE.replace("confidence: 2/5", "confidence: 2/5\nfigure: roots#tree"))
    text = made(project)["papers/abel1824memoire.md"].text
    for scheme in ("light", "dark"):
        assert re.search(rf"!\[A .*tree.*\]\(\.\./blog/posts/roots/tree-{scheme}\.svg#only-{scheme}\)", text)
    there = "../blog/posts/roots.md#figure-roots-tree"
    caption = (
        f"Roots ([Euler, 1736](index.md#euler1736solutio)), [there]({there}). From [Roots &#42;and&#42; all]({there})."
    )
    assert caption in text


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        ("leaves#tree", "no post 'leaves' has a page"),
        ("roots#leaf", "posts_src/roots.md has no single figure with that label"),
        ("tree", "write it as `figure: post#label`"),
    ],
)
def test_a_figure_that_is_nowhere_is_an_error_with_its_line(project: Project, figure: str, said: str) -> None:
    (project.root / "posts_src").mkdir()
    (project.root / "posts_src/roots.md").write_text(FIGURE)
    note = project.root / "toy/papers/notes/abel1824memoire.md"
    note.write_text(NOTE.replace("confidence: 2/5", f"confidence: 2/5\nfigure: {figure}"))
    place = re.escape("toy/papers/notes/abel1824memoire.md:5: figure")
    with pytest.raises(InputError, match=f"{place}.*{re.escape(said)}"):
        made(project)


def test_code_is_linked_to_its_reference(project: Project) -> None:
    (project.root / "pyproject.toml").write_text('[tool.mlblog]\npackages = ["toy"]\nreference = ["toy.roots"]\n')
    assert (
        "Code: [`toy.roots`](../reference/roots.md#toy.roots)"
        in made(Project.find(project.root))["papers/index.md"].text
    )
    (project.root / "toy/__init__.py").write_text('__all__ = ["roots"]\n')
    assert "Code: [`toy.roots`](../reference/roots.md)" in made(Project.find(project.root))["papers/index.md"].text


@pytest.mark.parametrize(
    ("old", "new", "error", "said"),
    [
        (
            "euler1736solutio",
            "euler1737solutio",
            PostError,
            r"notes/abel1824memoire\.md:9: no paper 'euler1737solutio'",
        ),
        ("state: implemented", "state: done", InputError, r"notes/abel1824memoire\.md:3: state 'done'"),
    ],
)
def test_a_wrong_note_is_an_error_with_its_line(
    project: Project, old: str, new: str, error: type[InputError], said: str
) -> None:
    note = project.root / "toy/papers/notes/abel1824memoire.md"
    note.write_text(NOTE.replace(old, new))
    with pytest.raises(error, match=said):
        made(project)


def test_a_note_on_no_paper_is_an_error(project: Project) -> None:
    (project.root / "toy/papers/notes/abel1825memoire.md").write_text(NOTE)
    with pytest.raises(InputError, match=r"toy/papers/notes/abel1825memoire\.md:1: .* did you mean 'abel1824memoire'"):
        made(project)


def test_a_claim_from_no_known_paper_is_left_to_its_post(project: Project) -> None:
    bib = project.root / "toy/papers/references.bib"
    bib.write_text(BIB.replace("euler1736solutio", "euler1736other"))
    (project.root / "toy/papers/notes/abel1824memoire.md").unlink()
    assert set(made(project)) == {"papers/index.md"}


def test_without_a_bibliography_there_are_no_pages(project: Project) -> None:
    (project.root / "toy/papers/references.bib").unlink()
    assert made(project) == {}
