"""`mlblog run`: update records."""

from __future__ import annotations

import itertools

import click

from mlblog.cli.frame import SCALE, main, reported
from mlblog.cli.watch import watch
from mlblog.errors import InputError
from mlblog.lab import Lab, Project
from mlblog.lab.declared import Declaration, find
from mlblog.lab.records.record import Key
from mlblog.lab.running.executors import Executor


@main.command()
@click.argument("names", nargs=-1)
@SCALE
@click.option(
    "--set", "overrides", multiple=True, metavar="NAME=VALUE", help="Set a parameter; replaces the declared variants."
)
@click.option("--sweep", "sweeps", multiple=True, metavar="NAME=V,V,…", help="Record every value of a parameter.")
@click.option("--seeds", type=click.IntRange(1), help="Number of seeds, instead of the declared one.")
@click.option("--all", "again", is_flag=True, help="Also rerun fresh records.")
@click.option("--executor", type=click.Choice(["local", "inline", "ray"]), default="local", show_default=True)
@click.option("--workers", type=click.IntRange(1), help="Parallel runs; default: one per GPU, or one per core.")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), help="Seconds after which a run is stopped.")
@click.option("--address", help="Address of a Ray cluster; needs --executor ray.")
@click.option("--watch", "look_on", is_flag=True, help="Run nothing; show current runs until they finish.")
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
    look_on: bool,
) -> int:
    """Update the records of all experiments, or of those named."""
    from mlblog.lab.running.environment import gpus

    if look_on:
        _refuse_options(click.get_current_context())
        return watch(Lab(Project.find()), names)
    _refuse_unused(executor, workers, timeout, address)
    _refuse_repeated(overrides, sweeps)
    lab = Lab(Project.find())
    wanted = scale or ("full" if gpus() else "small")
    chosen = [find(lab.experiments, name) for name in names] or list(lab.experiments.values())
    if scale:  # requested explicitly, so do not fall back to another scale
        chosen = [declaration for declaration in chosen if scale in declaration.scales]
        if not chosen:
            raise InputError(f"no experiment{' named' if names else ''} has the scale {scale}")
    found = (key for declaration in chosen for key in _keys(lab, declaration, wanted, overrides, sweeps, seeds))
    keys = list(dict.fromkeys(found))
    outcomes = []
    try:
        for outcome in lab.renew(
            keys, lambda: _executor(lab.project, executor, workers, timeout, address), again=again
        ):
            outcomes.append(outcome)
    except KeyboardInterrupt:
        rest = "starts over" if executor == "ray" else "resumes from checkpoints, where there are any"
        click.echo(f"mlblog: interrupted; finished runs are recorded; if run again, the rest {rest}", err=True)
        return 130
    if not outcomes:
        click.echo(f"nothing to do: {len(keys)} records are fresh")
        return 0
    failed = [outcome for outcome in outcomes if outcome.error]
    for outcome in failed:
        click.echo(f"mlblog: {outcome.error}", err=True)
    fresh = len(keys) - len({outcome.job.key for outcome in outcomes} & set(keys))
    click.echo(f"{len(outcomes) - len(failed)} recorded, {len(failed)} failed, {fresh} were fresh")
    return 1 if failed else 0


def _keys(
    lab: Lab,
    declaration: Declaration,
    scale: str,
    overrides: tuple[str, ...],
    sweeps: tuple[str, ...],
    seeds: int | None,
) -> list[Key]:
    from mlblog.lab.running.jobs import parse_override, parse_sweep

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


def _refuse_unused(executor: str, workers: int | None, timeout: float | None, address: str | None) -> None:
    """Reject options that would have no effect, before anything runs."""
    if address is not None and executor != "ray":
        raise InputError(f"--address requires --executor ray, but --executor is {executor}; add --executor ray")
    for option, given in (("--workers", workers), ("--timeout", timeout)):
        if given is not None and executor != "local":
            raise InputError(f"{option} requires --executor local, but --executor is {executor}; leave it out")


def _refuse_options(context: click.Context) -> None:
    """`--watch` runs nothing, so it excludes options for runs."""
    for parameter in context.command.params:
        given = context.get_parameter_source(parameter.name or "") is click.core.ParameterSource.COMMANDLINE
        if given and parameter.name not in ("names", "look_on"):
            raise InputError(f"--watch runs nothing; leave out {parameter.opts[0]}, or --watch")


def _refuse_repeated(overrides: tuple[str, ...], sweeps: tuple[str, ...]) -> None:
    """Reject two values for one parameter, of which the first would be silently ignored."""
    seen: dict[str, str] = {}
    for option, text in (*(("--set", text) for text in overrides), *(("--sweep", text) for text in sweeps)):
        name, given = text.partition("=")[0], f"{option} {text}"
        if name in seen:
            raise InputError(
                f"{seen[name]} and {given} both set {name!r}; name it once, with --sweep for several values"
            )
        seen[name] = given


def _executor(project: Project, name: str, workers: int | None, timeout: float | None, address: str | None) -> Executor:
    if name == "inline":
        from mlblog.lab.running.executors.inline import InlineExecutor

        return InlineExecutor(project)
    if name == "ray":
        try:
            from mlblog.lab.running.executors.ray import RayExecutor
        except ImportError as error:
            raise InputError(f"--executor ray needs Ray ({error}): pip install 'mlblog[ray]'") from error
        return RayExecutor(project, address=address)
    from mlblog.lab.running.executors.local import LocalExecutor

    return LocalExecutor(project, slots=workers, timeout=timeout)
