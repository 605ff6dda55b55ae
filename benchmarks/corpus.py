"""Corpora for benchmarks/press.py: N posts of five cells each, the same content in the format of each builder.

Every post imports torch, Matplotlib and a package of the corpus, trains a small net for about 20 ms, prints three
numbers, draws a figure and shows a table. The numbers come from a literal in the post (`tag`), from a function that
this post alone imports (`gain`) and from a function beside those of all other posts (`scale`). No source text holds
what is printed: what stands on a page says what was executed.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

WORDS = [
    "sample", "gradient", "layer", "token", "vector", "slope", "weight", "model", "batch", "noise", "curve", "cache",
    "thread", "matrix", "image", "output", "memory", "rate", "point", "input", "we", "they", "this", "that", "when",
    "where", "because", "although", "before", "after", "with", "compare", "measure", "follow", "change", "keep",
    "store", "read", "write", "build", "draw", "explain", "early", "late", "small", "large", "simple", "careful",
    "recent", "common", "direct", "useful", "first", "second", "other",
]  # fmt: skip

FIT = '''"""What all posts use."""

import torch


def fit(seed: int, steps: int = 40) -> list[float]:
    """Losses of a small net, trained for about 20 ms."""
    source = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    x = torch.randn(384, 192, generator=source)
    y = (x @ torch.randn(192, 1, generator=source)).tanh()
    net = torch.nn.Sequential(torch.nn.Linear(192, 64), torch.nn.Tanh(), torch.nn.Linear(64, 1))
    losses = []
    for _ in range(steps):
        loss = (net(x) - y).square().mean()
        gradients = torch.autograd.grad(loss, list(net.parameters()))
        with torch.no_grad():
            for parameter, gradient in zip(net.parameters(), gradients):
                parameter -= 0.05 * gradient
        losses.append(loss.item())
    return losses


def table(losses: list[float]) -> str:
    """Every tenth loss, as a Markdown table."""
    rows = [f"| {step} | {loss:.3f} |" for step, loss in enumerate(losses) if step % 10 == 0]
    return "\\n".join(["| step | loss |", "| --- | --- |", *rows])
'''


def slug(number: int) -> str:
    """Name of a post."""
    return f"post-{number:04d}"


def title(number: int) -> str:
    """Title of a post."""
    return f"Post {number}: " + " ".join(random.Random(number).sample(WORDS, 3))


def prose(number: int) -> list[str]:
    """Five paragraphs of 60 words."""
    source = random.Random(1000 + number)
    sentences = (" ".join(source.choice(WORDS) for _ in range(12)).capitalize() + "." for _ in range(25))
    return [" ".join(next(sentences) for _ in range(5)) for _ in range(5)]


def cells(number: int) -> list[str]:
    """The code of a post. The figure is the fourth, the table, a Markdown string named `rows`, the last."""
    name = f"{number:04d}"
    return [
        f"import matplotlib.pyplot as plt\nimport torch\n\nfrom corpus import fitting, gain_{name}, scales",
        f'losses = fitting.fit({number})\nprint(f"from {{losses[0]:.3f}} to {{losses[-1]:.3f}}")',
        f'tag = 3\nprint(f"tagvalue={{tag * 1000 + {number}}}")\n'
        f'print(f"gainvalue={{gain_{name}.gain(1000)}}")\nprint(f"scalevalue={{scales.scale_{name}(1000)}}")',
        f'figure, axes = plt.subplots(figsize=(5, 3))\naxes.plot(losses)\naxes.set_title("Post {number}");',
        "rows = fitting.table(losses)",
    ]


def package(root: Path, count: int) -> None:
    """Write the package `corpus`."""
    scales = ['"""A function for each post."""\n']
    for number in range(count):
        name = f"{number:04d}"
        text = f'"""Post {number} alone."""\n\nGAIN = 3\n\n\ndef gain(value: int) -> int:\n    return value * GAIN\n'
        write(root / f"corpus/gain_{name}.py", text)
        scales.append(
            f"\nSCALE_{name} = 3\n\n\ndef scale_{name}(value: int) -> int:\n    return value * SCALE_{name}\n"
        )
    write(root / "corpus/scales.py", "\n".join(scales))
    write(root / "corpus/fitting.py", FIT)
    write(root / "corpus/__init__.py", "")


def front_matter(number: int) -> str:
    """Ten posts a month, three categories."""
    day = f"{2018 + number // 120}-{number // 10 % 12 + 1:02d}-{number % 10 + 11:02d}"
    category = ("Rand", "Research", "Notes")[number % 3]
    return f'---\ntitle: "{title(number)}"\ndate: {day}\ncategories: [{category}]\ndescription: Post {number}.\n---\n\n'


def markdown(number: int, fences: list[str]) -> str:
    """A post in Markdown around its five code blocks, the excerpt being what stands before the second."""
    text = []
    for place, (paragraph, fence) in enumerate(zip(prose(number), fences, strict=True)):
        text.append(f"## Part {place + 1}\n\n{paragraph}\n\n{fence}\n")
        if place == 0:
            text.append("<!-- more -->\n")
    return "\n".join(text)


def ours(root: Path, count: int) -> None:
    """The corpus as a project of mlblog's."""
    write(root / "pyproject.toml", '[tool.mlblog]\npackages = ["corpus"]\n')
    write(root / "mkdocs.yml", SITE.format("mlblog, blog: {post_url_format: '{slug}'}"))
    write(root / "docs/index.md", "# Home\n")
    package(root, count)
    for number in range(count):
        *start, picture, table = (f"```python\n{cell}\n```" for cell in cells(number))
        picture = picture.replace("```python", f'```python alt="A falling line, post {number}"')
        table = table.replace("rows = fitting", "from IPython.display import Markdown\n\nrows = fitting").replace(
            "\n```", "\nMarkdown(rows)\n```"
        )
        write(root / f"posts_src/{slug(number)}.md", front_matter(number) + markdown(number, [*start, picture, table]))


def markdown_exec(root: Path, count: int) -> None:
    """The corpus for markdown-exec: ordinary pages, since it has no posts."""
    write(root / "mkdocs.yml", SITE.format("markdown-exec"))
    write(root / "docs/index.md", "# Home\n")
    package(root, count)
    show = (
        '\nimport base64, io\nkept = io.BytesIO()\nfigure.savefig(kept, format="png")\n'
        "print(f'<img src=\"data:image/png;base64,{base64.b64encode(kept.getvalue()).decode()}\">')"
    )
    for number in range(count):
        code = cells(number)
        code[3] += show
        code[4] += "\nprint(rows)"
        ways = ['result="text"'] * 3 + ['html="1"', ""]
        fences = [
            f'```python exec="1" source="above" session="{slug(number)}" {way}\n{cell}\n```'
            for way, cell in zip(ways, code, strict=True)
        ]
        write(root / f"docs/{slug(number)}.md", f"# {title(number)}\n\n" + markdown(number, fences))


def mkdocs_jupyter(root: Path, count: int) -> None:
    """The corpus as notebooks, for mkdocs-jupyter, which runs them."""
    write(root / "mkdocs.yml", SITE.format("mkdocs-jupyter: {execute: true, ignore: ['*.md', '*.py']}"))
    write(root / "docs/index.md", "# Home\n")
    package(root, count)
    for number in range(count):
        found = [{"cell_type": "markdown", "id": "title", "metadata": {}, "source": f"# {title(number)}"}]
        for place, (paragraph, code) in enumerate(zip(prose(number), _shown(number), strict=True)):
            text = f"## Part {place + 1}\n\n{paragraph}"
            found.append({"cell_type": "markdown", "id": f"text-{place}", "metadata": {}, "source": text})
            kept = {"metadata": {}, "execution_count": None, "outputs": [], "source": code}
            found.append({"cell_type": "code", "id": f"code-{place}", **kept})
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = {"cells": found, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
        write(root / f"docs/{slug(number)}.ipynb", json.dumps(notebook))


def myst_nb(root: Path, count: int) -> None:
    """The corpus for Sphinx with MyST-NB, which runs it and keeps what has not changed."""
    names = "\n".join(map(slug, range(count)))
    write(root / "conf.py", "extensions = ['myst_nb']\nnb_execution_mode = 'cache'\nexclude_patterns = ['_build']\n")
    write(root / "index.md", f"# Home\n\n```{{toctree}}\n{names}\n```\n")
    package(root, count)
    head = "---\nfile_format: mystnb\nkernelspec:\n  name: python3\n---\n\n"
    for number in range(count):
        fences = [f"```{{code-cell}} ipython3\n{code}\n```" for code in _shown(number)]
        text = markdown(number, fences).replace("<!-- more -->\n", "")
        write(root / f"{slug(number)}.md", f"{head}# {title(number)}\n\n{text}")


def sphinx_gallery(root: Path, count: int, *, parallel: bool = False) -> None:
    """The corpus as scripts, for Sphinx-Gallery, which runs those that have changed, in one process or in two."""
    jobs = 2 if parallel else False
    gallery = f"{{'examples_dirs': 'scripts', 'gallery_dirs': 'posts', 'filename_pattern': '.*', 'parallel': {jobs}}}"
    write(root / "conf.py", f"extensions = ['sphinx_gallery.gen_gallery']\nsphinx_gallery_conf = {gallery}\n")
    write(root / "index.rst", "Home\n====\n\n.. toctree::\n\n   posts/index\n")
    write(root / "scripts/README.txt", "Posts\n=====\n")
    package(root, count)
    for number in range(count):
        name = title(number)
        paragraphs, code = prose(number), cells(number)
        code[4] += "\nprint(rows)"
        text = f'"""\n{name}\n{"=" * len(name)}\n\n{paragraphs[0]}\n"""\n{code[0]}\n'
        for place in range(1, 5):
            text += f"\n# %%\n# Part {place + 1}\n# ------\n#\n# {paragraphs[place]}\n\n{code[place]}\n"
        write(root / f"scripts/plot_{slug(number).replace('-', '_')}.py", text)


def _shown(number: int) -> list[str]:
    """Cells whose last expression is shown."""
    code = cells(number)
    code[4] = f"from IPython.display import Markdown\n\n{code[4]}\nMarkdown(rows)"
    return code


def write(path: Path, text: str) -> None:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


SITE = """site_name: corpus
site_url: http://127.0.0.1:8000/
theme: {{name: material, font: false}}
plugins: [search, {}]
markdown_extensions:
  [admonition, attr_list, footnotes, md_in_html, pymdownx.superfences, tables, toc: {{permalink: true}}]
"""
