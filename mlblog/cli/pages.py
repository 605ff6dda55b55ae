"""Commands on pages: compiling them, building and serving the site, writing it out for other hosts."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from mlblog.cli.frame import main, reported
from mlblog.lab import Project


@main.command()
@click.option("--fail-fast", is_flag=True, help="Stop at the first post that fails.")
@reported
def compile(fail_fast: bool) -> int:
    """Compile the posts to pages, as `mkdocs build` and `mkdocs serve` do automatically."""
    from mlblog.site import compile_site

    project = Project.find()
    result = compile_site(project, fail_fast=fail_fast)
    for said in (*result.warnings, *result.errors):
        click.echo(f"mlblog: {said}", err=True)
    click.echo(f"{result.summary} in {project.relative(result.folder)}")
    return 1 if result.errors else 0


HOSTS = click.Choice(["mkdocs", "zensical"])
HOST = click.option("--host", type=HOSTS, default="mkdocs", show_default=True, help="Site generator to use.")
FOR_HOST = click.argument("arguments", metavar="[OPTIONS OF THE HOST]", nargs=-1, type=click.UNPROCESSED)
PASSED_ON = {"ignore_unknown_options": True}


@main.command(context_settings=PASSED_ON)
@HOST
@FOR_HOST
@reported
def build(host: str, arguments: tuple[str, ...]) -> int:
    """Compile the posts and build the site."""
    return _run(host, "build", arguments)


@main.command(context_settings=PASSED_ON)
@HOST
@FOR_HOST
@reported
def serve(host: str, arguments: tuple[str, ...]) -> int:
    """Serve the site on http://127.0.0.1:8000 and update it on edits."""
    return _run(host, "serve", arguments)


def _run(host: str, what: str, arguments: tuple[str, ...]) -> int:
    project = Project.find()
    if host == "mkdocs":
        if find_spec("mkdocs") is None:
            raise ModuleNotFoundError("mkdocs is not installed", name="mkdocs")
        os.chdir(project.root)
        os.execv(sys.executable, [sys.executable, "-m", "mkdocs", what, *arguments])  # noqa: S606  # replaces this process
    from mlblog.integrations import zensical

    return {"build": zensical.build, "serve": zensical.serve}[what](project, arguments)


@main.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@reported
def export(folder: Path) -> int:
    """Export the site to DIR for stock MkDocs, ProperDocs or Zensical, which can build it without mlblog."""
    from mlblog.press.export import export as write
    from mlblog.site import compile_site

    project = Project.find()
    compiled = compile_site(project)
    for said in (*compiled.warnings, *compiled.errors):
        click.echo(f"mlblog: {said}", err=True)
    done = write(project, compiled.without_drafts(), folder)
    for name in done.left_out:
        click.echo(f"mlblog: dropped {name}, which other hosts may not support", err=True)
    click.echo(f"{len(compiled.pages)} pages, {done.files} files in {folder}")
    return 1 if compiled.errors else 0
