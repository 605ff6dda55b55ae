"""`mlblog new`, `mlblog init`, `mlblog doctor`: what stands at the beginning."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlblog.cli.frame import JSON, main, reported
from mlblog.lab import Lab, Project

if TYPE_CHECKING:
    from mlblog.scaffold import Begun


@main.group()
def new() -> None:
    """Begin a post, a note, an experiment or a week: a file that works as it stands."""


@new.command()
@click.argument("title")
@reported
def post(title: str) -> int:
    """Write a post called TITLE, as a draft, with a block, a number and a figure."""
    from mlblog.scaffold import new_post

    project = Project.find()
    return _told(project, new_post(project, title, date.today()))


@new.command()
@click.argument("key")
@reported
def note(key: str) -> int:
    """Write a note on the paper that has KEY in the bibliography."""
    from mlblog.scaffold import new_note

    project = Project.find()
    return _told(project, new_note(project, key))


@new.command()
@click.argument("name")
@reported
def experiment(name: str) -> int:
    """Write an experiment called NAME."""
    from mlblog.scaffold import new_experiment

    project = Project.find()
    return _told(project, new_experiment(project, name))


@new.command()
@click.argument("name", required=False, default="")
@reported
def week(name: str) -> int:
    """Open a week, such as 2026-W48, as `mlblog goals start` does."""
    from mlblog.goals import Proof, start
    from mlblog.goals.report import counted
    from mlblog.scaffold import Begun

    lab = Lab(Project.find())
    path, carried = start(lab.project, Proof(lab), date.today(), name)
    then = (
        f"{counted(carried, 'goal')} carried over",
        "write how sure you are behind each goal, as in `, 3/5`, and commit it before the work begins",
        "mlblog goals status: see how it stands",
    )
    return _told(lab.project, Begun(path, then))


def _told(project: Project, begun: Begun) -> int:
    click.echo(project.relative(begun.path))
    for line in begun.then:
        click.echo(f"  {line}")
    return 0


@main.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--package", default="", metavar="NAME", help="Of its own code; default: from the folder's name.")
@reported
def init(folder: Path, package: str) -> int:
    """Write a blog of your own into the empty folder DIR: one post, one experiment, and it builds as it is."""
    from mlblog.scaffold import new_blog, source

    project = new_blog(folder, package, date.today())
    click.echo(f"{folder}: a blog with the package {project.packages[0]}, a post, and its experiment at smoke scale")
    for line in (
        f"cd {folder} && git init -b main && git add . && git commit -m 'Begin'",
        "mkdocs serve                      see it, and follow your edits",
        "mlblog run --scale small          record its experiment at a size that means something; commit the records",
        'mlblog new post "What you found"  write the next one',
    ):
        click.echo(f"  {line}")
    if doubt := source().doubt:
        click.echo(f"  before you push, say in pyproject.toml where mlblog comes from: {doubt}")
    return 0


@main.command()
@JSON
@reported
def doctor(as_json: bool) -> int:
    """Say what is missing on this machine, and what to do about each; fail if something is."""
    from mlblog.doctor import examine, table

    findings = examine()
    if as_json:
        click.echo(json.dumps([finding.to_json() for finding in findings], indent=1))
    else:
        click.echo(table(findings))
    return 1 if any(finding.state == "missing" for finding in findings) else 0
