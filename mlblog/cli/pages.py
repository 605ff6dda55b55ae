"""Commands on pages: compiling them, writing the site out for other hosts."""

from __future__ import annotations

from pathlib import Path

import click

from mlblog.cli.frame import main, reported
from mlblog.lab import Project


@main.command()
@click.option("--fail-fast", is_flag=True, help="Stop at the first post that fails.")
@reported
def compile(fail_fast: bool) -> int:
    """Compile the posts to pages; `mkdocs build` and `mkdocs serve` do this by themselves."""
    from mlblog.site import compile_site

    project = Project.find()
    result = compile_site(project, fail_fast=fail_fast)
    for said in (*result.warnings, *result.errors):
        click.echo(f"mlblog: {said}", err=True)
    click.echo(f"{result.summary} in {project.relative(result.folder)}")
    return 1 if result.errors else 0


@main.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@reported
def export(folder: Path) -> int:
    """Write the site to DIR for stock MkDocs, ProperDocs or Zensical: no mlblog is needed to build it."""
    from mlblog.press.export import export as write
    from mlblog.site import compile_site

    project = Project.find()
    compiled = compile_site(project)
    for said in (*compiled.warnings, *compiled.errors):
        click.echo(f"mlblog: {said}", err=True)
    done = write(project, compiled.without_drafts(), folder)
    for name in done.left_out:
        click.echo(f"mlblog: left out: {name}; other hosts may not have it", err=True)
    click.echo(f"{len(compiled.pages)} pages, {done.files} files in all, in {folder}")
    return 1 if compiled.errors else 0
