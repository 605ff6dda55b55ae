"""The command line: every command is a few lines over the lab and the press."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from mlblog import __version__
from mlblog.errors import InputError, MlblogError
from mlblog.lab import Lab, Project
from mlblog.lab.declared import Declaration, find
from mlblog.lab.executors import Executor
from mlblog.lab.record import SCALES, Key


def reported(command: Callable[..., int | None]) -> Callable[..., None]:
    """Turn our errors into a message and an exit code: 0 fine, 1 stale, missing or failed, 2 wrong call or input."""

    @wraps(command)
    def wrapped(*arguments: Any, **options: Any) -> None:
        try:
            code = command(*arguments, **options)
        except MlblogError as error:
            click.echo(f"mlblog: {error}", err=True)
            code = error.exit_code
        except KeyboardInterrupt:
            click.echo(
                "mlblog: interrupted; what was finished is recorded, the rest goes on from its checkpoints", err=True
            )
            code = 130
        sys.exit(code or 0)

    return wrapped


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mlblog")
def main() -> None:
    """An ML blog in which a page cannot lie unseen."""


SCALE = click.option("--scale", type=click.Choice(SCALES), help="Size of the runs.")
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document instead of a table.")


@main.command()
@click.argument("names", nargs=-1)
@SCALE
@click.option(
    "--set", "overrides", multiple=True, metavar="NAME=VALUE", help="A parameter, instead of the kept variants."
)
@click.option(
    "--sweep", "sweeps", multiple=True, metavar="NAME=V,V,…", help="Every value of a parameter, recorded each."
)
@click.option("--seeds", type=click.IntRange(1), help="How many seeds, from 0, instead of the declared number.")
@click.option("--all", "again", is_flag=True, help="Run what is fresh, too.")
@click.option("--executor", type=click.Choice(["local", "inline", "ray"]), default="local", show_default=True)
@click.option("--workers", type=click.IntRange(1), help="Runs at a time; default: one a GPU, or one a core.")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), help="Seconds after which a run is ended.")
@click.option("--address", help="Of a Ray cluster; needs --executor ray.")
@reported
def run(
    names: tuple[str, ...],
    scale: str | None,
    overrides: tuple[str, ...],
    sweeps: tuple[str, ...],
    seeds: int | None,
    again: bool,
    executor: str,
    workers: int | None,
    timeout: float | None,
    address: str | None,
) -> int:
    """Bring records up to date: all experiments, or those named."""
    from mlblog.lab.environment import gpus

    lab = Lab(Project.find())
    wanted = scale or ("full" if gpus() else "small")
    chosen = [find(lab.experiments, name) for name in names] or list(lab.experiments.values())
    if scale:  # asked for: another scale would be another answer
        chosen = [declaration for declaration in chosen if scale in declaration.scales]
        if not chosen:
            raise InputError(f"no experiment{' named' if names else ''} has the scale {scale}")
    found = (key for declaration in chosen for key in _keys(lab, declaration, wanted, overrides, sweeps, seeds))
    keys = list(dict.fromkeys(found))
    jobs = lab.plan(keys, again=again)
    if not jobs:
        click.echo(f"nothing to do: {len(keys)} records are fresh")
        return 0
    failed = [
        outcome
        for outcome in lab.run(jobs, _executor(lab.project, executor, workers, timeout, address), again=again)
        if outcome.error
    ]
    for outcome in failed:
        click.echo(f"mlblog: {outcome.error}", err=True)
    click.echo(f"{len(jobs) - len(failed)} recorded, {len(failed)} failed, {len(keys) - len(jobs)} were fresh")
    return 1 if failed else 0


def _keys(
    lab: Lab,
    declaration: Declaration,
    scale: str,
    overrides: tuple[str, ...],
    sweeps: tuple[str, ...],
    seeds: int | None,
) -> list[Key]:
    from mlblog.lab.jobs import parse_override, parse_sweep

    name = declaration.name
    if scale not in declaration.scales:
        scale = declaration.largest("smoke", "small") or scale
    if overrides or sweeps:
        fixed = dict(parse_override(text, declaration) for text in overrides)
        points = itertools.product(*(parse_sweep(text, declaration) for text in sweeps))
        count = seeds or declaration.seeds
        return [Key(name, scale, fixed | dict(point), seed) for point in points for seed in range(count)]
    if seeds is None:
        return lab.keys_of(name, scale)
    groups = [key for key in declaration.keys(scale) if key.seed == 0]
    return [Key(name, scale, key.overrides, seed) for key in groups for seed in range(seeds)]


def _executor(project: Project, name: str, workers: int | None, timeout: float | None, address: str | None) -> Executor:
    if name == "inline":
        from mlblog.lab.executors.inline import InlineExecutor

        return InlineExecutor(project)
    if name == "ray":
        try:
            from mlblog.lab.executors.ray import RayExecutor
        except ImportError as error:
            raise InputError(f"--executor ray needs Ray ({error}): pip install 'mlblog[ray]'") from error
        return RayExecutor(project, address=address)
    from mlblog.lab.executors.local import LocalExecutor

    return LocalExecutor(project, slots=workers, timeout=timeout)


@main.command()
@click.argument("names", nargs=-1)
@SCALE
@JSON
@reported
def status(names: tuple[str, ...], scale: str | None, as_json: bool) -> int:
    """Say what is fresh, stale, missing; on which device it ran, and what renewing it would cost."""
    from mlblog.lab.report import status_json, status_table

    lab = Lab(Project.find())
    chosen = {find(lab.experiments, name).name for name in names} or set(lab.experiments)
    states = lab.states(key for key in lab.keys(scale) if key.experiment in chosen)
    if as_json:
        click.echo(json.dumps(status_json(states), indent=1))
    else:
        click.echo(status_table(states))
    return 1 if any(state.why for state in states) else 0


@main.command()
@click.argument("name")
@SCALE
@JSON
@reported
def why(name: str, scale: str | None, as_json: bool) -> int:
    """Say why the records of an experiment are stale: what changed, the path to it, the diff."""
    from mlblog.lab.report import why_json, why_text
    from mlblog.lab.why import explain

    lab = Lab(Project.find())
    declaration = find(lab.experiments, name)
    states = lab.states(lab.keys_of(name, scale or lab.recorded_scale(name) or next(iter(declaration.scales))))
    explained = [(state, explain(lab, state.record) if state.record else []) for state in states if state.why]
    click.echo(json.dumps(why_json(explained), indent=1) if as_json else why_text(name, explained))
    return 1 if explained else 0


@main.command()
@click.argument("name")
@click.option("--against", default="HEAD", show_default=True, metavar="REV", help="The commit to compare with.")
@JSON
@reported
def diff(name: str, against: str, as_json: bool) -> int:
    """Show how the values of an experiment moved between its records now and at a commit, and whether beyond noise."""
    from mlblog.lab.compare import moves
    from mlblog.lab.history import Revision
    from mlblog.lab.report import diff_json, diff_table
    from mlblog.lab.store import records

    lab = Lab(Project.find())
    find(lab.experiments, name)
    found = moves(Revision(lab.project, against).records(name), records(lab.store, name))
    click.echo(json.dumps(diff_json(found), indent=1) if as_json else diff_table(found, against))
    return 1 if any(move.moved for move in found) else 0


@main.command()
@click.argument("name")
@SCALE
@reported
def accept(name: str, scale: str | None) -> int:
    """Keep records under refactored code, after proving by smoke runs that old and new code compute the same bits."""
    from mlblog.lab.accept import accept as adopt

    lab = Lab(Project.find())
    declaration = find(lab.experiments, name)
    states = lab.states(lab.keys_of(name, scale or lab.recorded_scale(name) or next(iter(declaration.scales))))
    adopted = adopt(lab, [state.record for state in states if state.record])
    click.echo(f"{len(adopted)} records accepted: smoke runs of old and new code agree to the bit")
    return 0


@main.command()
@JSON
@reported
def check(as_json: bool) -> int:
    """Fail if anything on the site is stale, missing or broken. Executes nothing; what CI runs."""
    from mlblog.press.check import findings

    found = findings(Project.find())
    if as_json:
        click.echo(json.dumps(found, indent=1))
    else:
        click.echo("\n".join(found) if found else "every record is whole and fresh, and every post can be read")
    return 1 if found else 0


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("names", nargs=-1)
@click.option("--any", "stale_too", is_flag=True, help="Pack stale records, too.")
@reported
def pack(file: Path, names: tuple[str, ...], stale_too: bool) -> int:
    """Write the fresh records, of all experiments or those named, into one FILE."""
    from mlblog.lab.pack import pack as write
    from mlblog.lab.store import records

    lab = Lab(Project.find())
    wanted = [find(lab.experiments, name).name for name in names or lab.experiments]
    chosen = [record for name in wanted for record in records(lab.store, name)]
    fresh = chosen if stale_too else [record for record in chosen if not lab.reasons(record)]
    count = write(fresh, file)
    click.echo(
        f"{count} records in {file}" + (f"; {len(chosen) - count} stale ones left out" if len(chosen) > count else "")
    )
    return 0


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--any", "stale_too", is_flag=True, help="Take records that do not fit the code here, too.")
@reported
def unpack(file: Path, stale_too: bool) -> int:
    """Take the records in FILE into the store, if every one of them can be trusted and fits the code here."""
    from mlblog.lab.pack import unpack as read

    lab = Lab(Project.find())
    records = read(file)
    if not stale_too:
        for record in records:
            if found := lab.reasons(record):
                raise InputError(
                    f"{record.path}: {record.key} was made by other code: {found[0]}"
                    + (f", and {len(found) - 1} more" if len(found) > 1 else "")
                    + ". Nothing was taken; --any takes it as stale"
                )
    for record in records:
        click.echo(lab.store.put(record))
    return 0


@main.command()
@click.option("--delete", is_flag=True, help="Delete what is listed.")
@reported
def gc(delete: bool) -> int:
    """List what can be deleted: records that no experiment claims, leftovers of runs. Delete it with --delete."""
    from mlblog.lab import rubbish

    lab = Lab(Project.find())
    found = rubbish.delete(lab) if delete else rubbish.rubbish(lab)
    for item in found:
        click.echo(f"{item.size:>10,} bytes  {lab.project.relative(item.path)}: {item.why}")
    done = "deleted" if delete else "can be deleted: mlblog gc --delete"
    click.echo(
        f"{len(found)} files, {sum(item.size for item in found):,} bytes {done}" if found else "nothing to delete"
    )
    return 0


@main.command()
@click.option("--fail-fast", is_flag=True, help="Stop at the first post that fails.")
@reported
def compile(fail_fast: bool) -> int:
    """Compile the posts to pages; `mkdocs build` and `mkdocs serve` do this by themselves."""
    from mlblog.site import compile_site

    result = compile_site(Project.find(), fail_fast=fail_fast)
    for error in result.errors:
        click.echo(f"mlblog: {error}", err=True)
    click.echo(f"{result.summary} in {Path(Project.find().work, 'pages')}")
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
    for error in compiled.errors:
        click.echo(f"mlblog: {error}", err=True)
    done = write(project, compiled, folder)
    for name in done.left_out:
        click.echo(f"mlblog: left out: {name}; other hosts may not have it", err=True)
    click.echo(f"{len(compiled.pages)} pages, {done.files} files in all, in {folder}")
    return 1 if compiled.errors else 0
