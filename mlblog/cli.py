"""The command line: every command is a few lines over the lab and the press."""

from __future__ import annotations

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
from mlblog.lab.declared import find
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
@click.option("--seeds", type=click.IntRange(1), help="How many seeds, from 0, instead of the declared number.")
@click.option("--all", "again", is_flag=True, help="Run what is fresh, too.")
@click.option("--executor", type=click.Choice(["local", "inline"]), default="local", show_default=True)
@click.option("--workers", type=click.IntRange(1), help="Runs at a time; default: one a GPU, or one a core.")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), help="Seconds after which a run is ended.")
@reported
def run(
    names: tuple[str, ...],
    scale: str | None,
    overrides: tuple[str, ...],
    seeds: int | None,
    again: bool,
    executor: str,
    workers: int | None,
    timeout: float | None,
) -> int:
    """Bring records up to date: all experiments, or those named."""
    from mlblog.lab.environment import gpus

    lab = Lab(Project.find())
    wanted = scale or ("full" if gpus() else "small")
    keys = [key for name in names or lab.experiments for key in _keys(lab, name, wanted, overrides, seeds)]
    if scale and not keys:
        raise InputError(f"no experiment named has the scale {scale}")
    jobs = lab.plan(keys, again=again)
    if not jobs:
        click.echo(f"nothing to do: {len(keys)} records are fresh")
        return 0
    failed = [outcome for outcome in lab.run(jobs, _executor(lab.project, executor, workers, timeout)) if outcome.error]
    for outcome in failed:
        click.echo(f"mlblog: {outcome.error}", err=True)
    click.echo(f"{len(jobs) - len(failed)} recorded, {len(failed)} failed, {len(keys) - len(jobs)} were fresh")
    return 1 if failed else 0


def _keys(lab: Lab, name: str, scale: str, overrides: tuple[str, ...], seeds: int | None) -> list[Key]:
    from mlblog.lab.jobs import parse_override

    declaration = find(lab.experiments, name)
    if scale not in declaration.scales:
        scale = declaration.largest("smoke", "small") or scale
    if overrides:
        values = dict(parse_override(text, declaration) for text in overrides)
        return [Key(name, scale, values, seed) for seed in range(seeds or declaration.seeds)]
    keys = declaration.keys(scale)
    if seeds is None:
        return keys
    groups = [key for key in keys if key.seed == 0]
    return [Key(name, scale, key.overrides, seed) for key in groups for seed in range(seeds)]


def _executor(project: Project, name: str, workers: int | None, timeout: float | None) -> Any:
    if name == "inline":
        from mlblog.lab.executors.inline import InlineExecutor

        return InlineExecutor(project)
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
@click.option("--fail-fast", is_flag=True, help="Stop at the first post that fails.")
@reported
def compile(fail_fast: bool) -> int:
    """Compile the posts to pages; `mkdocs build` and `mkdocs serve` do this by themselves."""
    from mlblog.press.compile import compile_posts

    result = compile_posts(Project.find(), fail_fast=fail_fast)
    for error in result.errors:
        click.echo(f"mlblog: {error}", err=True)
    click.echo(f"{result.summary} in {Path(Project.find().work, 'pages')}")
    return 1 if result.errors else 0
