"""Commands on records: how they stand, why they are stale; accepting, carrying, tidying."""

from __future__ import annotations

import json
from pathlib import Path

import click

from mlblog.cli.frame import JSON, SCALE, main, reported
from mlblog.errors import InputError, RecordError
from mlblog.lab import Lab, Project
from mlblog.lab.declared import find


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
@SCALE
@reported
def accept(name: str, scale: str | None) -> int:
    """Keep records under refactored code, after proving by smoke runs that old and new code compute the same bits."""
    from mlblog.lab.accept import accept as adopt

    lab = Lab(Project.find())
    declaration = find(lab.experiments, name)
    states = lab.states(lab.keys_of(name, scale or lab.recorded_scale(name) or next(iter(declaration.scales))))
    if not any(state.record for state in states):
        raise InputError(f"{name}: there is no record to accept; record it: mlblog run {name}")
    if not any(state.name == "stale" for state in states):
        click.echo(f"{name}: nothing to accept, no record is stale")
        return 0
    adopted = adopt(lab, [state.record for state in states if state.record])
    click.echo(f"{len(adopted)} records accepted: smoke runs of old and new code agree to the bit")
    return 0


@main.command()
@JSON
@reported
def check(as_json: bool) -> int:
    """Fail if anything on the site is stale, missing or broken. Executes nothing; what CI runs."""
    from mlblog.goals import findings as of_goals
    from mlblog.press.check import findings

    project = Project.find()
    found = [*findings(project), *of_goals(project)]
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

    if not file.absolute().parent.is_dir():
        raise InputError(f"{file}: there is no folder {file.parent}; make it first")
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
    try:
        records = read(file)
    except RecordError as error:  # here it is the input that is wrong, not the project
        raise InputError(f"{error}. Nothing was taken") from error
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
