"""`mlblog new`, `mlblog init`, `mlblog doctor`: getting started."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlblog.cli.frame import JSON, main, reported
from mlblog.lab import Lab, Project

if TYPE_CHECKING:
    from mlblog.scaffold import Created


@main.group()
def new() -> None:
    """Create a post, a note, an experiment or a week."""


@new.command()
@click.argument("title")
@click.option("--slug", "name", default="", metavar="NAME", help="Last part of its address; default: from the title.")
@reported
def post(title: str, name: str) -> int:
    """Create a draft post called TITLE, with a block, a number and a figure."""
    from mlblog.scaffold import new_post

    project = Project.find()
    return _print_created(project, new_post(project, title, date.today(), name))


@new.command()
@click.argument("key")
@reported
def note(key: str) -> int:
    """Create a note on the paper with KEY in the bibliography."""
    from mlblog.scaffold import new_note

    project = Project.find()
    return _print_created(project, new_note(project, key))


@new.command()
@click.argument("source")
@click.option("--topic", default="", help="Its topic in the index of papers.")
@reported
def paper(source: str, topic: str) -> int:
    """Put a paper into the bibliography, and begin a note on it.

    SOURCE is an arXiv number, a DOI, a URL with either, a BibTeX file, BibTeX itself, or - for standard input.

    Example: mlblog new paper arXiv:1706.03762 --topic Attention
    """
    from mlblog.scaffold import new_paper

    project = Project.find()
    if source == "-":
        source = sys.stdin.read()
    for one in new_paper(project, source, topic):
        _print_created(project, one)
    return 0


@new.command()
@click.argument("name")
@reported
def experiment(name: str) -> int:
    """Create an experiment called NAME."""
    from mlblog.scaffold import new_experiment

    project = Project.find()
    return _print_created(project, new_experiment(project, name))


@new.command()
@click.argument("name", required=False, default="")
@reported
def week(name: str) -> int:
    """Open a week, such as 2026-W48, as `mlblog goals start` does."""
    from mlblog.goals import Proof, start
    from mlblog.goals.report import counted
    from mlblog.scaffold import Created

    lab = Lab(Project.find())
    path, carried = start(lab.project, Proof(lab), date.today(), name)
    then = (
        f"{counted(carried, 'goal')} carried over",
        "add your confidence to each goal, as in `, 3/5`, and commit before the work begins",
        "mlblog goals status: see the progress",
    )
    return _print_created(lab.project, Created(path, then))


def _print_created(project: Project, created: Created) -> int:
    click.echo(project.relative(created.path))
    for line in created.then:
        click.echo(f"  {line}")
    return 0


@main.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--package", default="", metavar="NAME", help="Name of its package; default: from the folder's name.")
@reported
def init(folder: Path, package: str) -> int:
    """Create a blog in the empty folder DIR, with one post and one experiment, ready to build."""
    from mlblog.scaffold import new_blog, source

    project = new_blog(folder, package, date.today())
    click.echo(f"{folder}: a blog with the package {project.packages[0]}, a post, and its experiment at smoke scale")
    for line in (
        *([] if folder.resolve() == Path.cwd() else [f"cd {folder}"]),
        "git init -b main && git add . && git commit -m 'Begin'",
        "mkdocs serve                      see it, and follow your edits",
        "mlblog run --scale small          record its experiment at a meaningful size; commit the records",
        'mlblog new post "What you found"  write the next one',
    ):
        click.echo(f"  {line}")
    if doubt := source().doubt:
        click.echo(f"  before you push, say in pyproject.toml where mlblog comes from: {doubt}")
    return 0


@main.command("upgrade")
@reported
def upgraded() -> int:
    """Bring the files that `mlblog init` wrote up to date with the installed mlblog.

    Files that you have not changed are replaced. Of others, what mlblog has changed is printed as a diff, which
    `mlblog upgrade | git apply` takes over where it fits; the exit code is then 1.
    """
    from mlblog.scaffold import upgrade

    done = upgrade(Project.find())
    for path in done.written:
        click.echo(f"{path}: up to date", err=True)
    for path, text in done.diffs.items():
        click.echo(f"{path}: yours, and unchanged; what mlblog has changed since {done.since}:", err=True)
        click.echo(text, nl=False)
    if not done.written and not done.diffs:
        click.echo("everything is up to date", err=True)
    return 1 if done.diffs else 0


@main.command()
@JSON
@reported
def doctor(as_json: bool) -> int:
    """Check this machine and say how to fix what is missing; fail if anything is."""
    from mlblog.doctor import examine, table

    findings = examine()
    if as_json:
        click.echo(json.dumps([finding.to_json() for finding in findings], indent=1))
    else:
        click.echo(table(findings))
    return 1 if any(finding.state == "missing" for finding in findings) else 0
