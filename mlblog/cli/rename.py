"""`mlblog rename`: rename an experiment in code, posts, goals and records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from mlblog.cli.frame import main, reported
from mlblog.errors import InputError
from mlblog.files.git import Git
from mlblog.lab import Lab, Project

if TYPE_CHECKING:
    from mlblog.lab.renaming.references import Source
    from mlblog.lab.renaming.rename import Edit, File
    from mlblog.press.source.document import Post

_SHOWN = 20  # most remaining mentions to list


@main.command()
@click.argument("old")
@click.argument("new")
@reported
def rename(old: str, new: str) -> int:
    """Rename the experiment OLD to NEW, with its records; fresh records stay fresh.

    Edits its function, references in packages and posts, and goals that name it in backticks. Either all
    changes are made or none. The files concerned must be committed before.

    Example: mlblog rename digit_contrast contrast_of_digits
    """
    from mlblog.lab.renaming.rename import rename as carry_out

    lab = Lab(Project.find())
    project = lab.project
    done = carry_out(lab, old, new, list(_posts(project, old)), list(_goals(project, old, new)))
    for edit in done.edits:
        for line, before, after in edit.lines:
            click.echo(f"{project.relative(edit.path)}:{line}\n  - {before}\n  + {after}")
    moved, results = len(done.records.own), project.relative(project.results)
    click.echo(f"{results}/{old} -> {results}/{new}: {moved} records, {done.records.fresh} of them fresh, as before")
    if others := sorted({record.experiment for record in done.records.others}):
        click.echo(f"{len(done.records.others)} records of {', '.join(others)} refer to it and were updated")
    left = _mentions(project, old)
    if left:
        click.echo(f"{old} is still mentioned here; please check:")
        more = [f"  and {len(left) - _SHOWN} more lines"] if len(left) > _SHOWN else []
        click.echo("\n".join([*(f"  {line}" for line in left[:_SHOWN]), *more]))
    click.echo("Commit this separately, so that git shows the moves: git add --all && git commit")
    return 0


def _posts(project: Project, old: str) -> Iterator[File]:
    """Posts with the name in a block, a doctest or an inline expression."""
    from mlblog.files.text import text_of
    from mlblog.lab.renaming.rename import File
    from mlblog.press.compile import post_files
    from mlblog.press.source.parse import parse_post

    for path in post_files(project):
        data, name = path.read_bytes(), project.relative(path)
        if path.suffix != ".md" or old.encode() not in data:
            continue
        text = text_of(data, name)
        if text.encode() != data:
            raise InputError(f"{name}: save it with Unix line ends and without a byte order mark, then retry")
        yield File(path, text, _python(parse_post(data, name), text))


def _python(post: Post, text: str) -> Source:
    """The Python of a post as one module: its blocks, then its doctests and expressions."""
    import doctest

    from mlblog.lab.renaming.references import Source
    from mlblog.press.source.document import Doctest, Inline

    rows = text.split("\n")

    def placed(line: str, row: int) -> tuple[str, int, int]:
        return line, row, max(0, len(rows[row]) - len(line.rstrip("\n")))

    lines = [placed(line, row) for row, line in enumerate(post.shadow)]
    at = len(text) - sum(len(part.source) for part in post.parts)
    for part in post.parts:
        if isinstance(part, Doctest):
            for example in doctest.DocTestParser().get_examples(part.code):
                first = part.code_line - 1 + example.lineno
                lines += [placed(line, row) for row, line in enumerate(example.source.splitlines(True), first)]
        elif isinstance(part, Inline):
            start = at + part.source.find(part.code)
            row = text.count("\n", 0, start)
            lines.append((f"{part.code}\n", row, start - (text.rfind("\n", 0, start) + 1)))
        at += len(part.source)
    return Source(post.path, lines)


def _goals(project: Project, old: str, new: str) -> Iterator[Edit]:
    from mlblog.lab.records.former import with_new_names
    from mlblog.lab.renaming.rename import Edit

    for path in sorted((project.posts / "goals").glob("*.md")):
        text = path.read_bytes().decode("utf-8")
        yield Edit(path, text, with_new_names(text, {old: new}))


def _mentions(project: Project, old: str) -> list[str]:
    """Lines in tracked files with the old name as a word, except records and the changelog."""
    results = f":!{project.relative(project.results)}"
    found = Git(project.root).ask("grep", "-nIwF", "-e", old, "--", ".", results)  # fails if there are no matches
    return [line[:120] for line in found.splitlines()]
