"""Commands on records: status, reasons for staleness, accepting, packing, cleaning up."""

from __future__ import annotations

import json
from pathlib import Path

import click

from mlblog.cli.frame import JSON, SCALE, main, reported
from mlblog.errors import InputError, MlblogError, RecordError
from mlblog.lab import Lab, Project
from mlblog.lab.declared import find
from mlblog.lab.records.record import Key, Record


@main.command()
@click.argument("names", nargs=-1)
@SCALE
@JSON
@reported
def status(names: tuple[str, ...], scale: str | None, as_json: bool) -> int:
    """Show which records are fresh, stale or missing, their devices, and the cost of renewing them."""
    from mlblog.lab.report import beyond, status_json, status_table

    lab = Lab(Project.find())
    chosen = {find(lab.experiments, name).name for name in names} or set(lab.experiments)
    states = lab.states(key for key in lab.keys(scale) if key.experiment in chosen)
    if as_json:
        click.echo(json.dumps(status_json(states), indent=1))
    else:
        click.echo(status_table(states))
    for name in sorted(chosen):
        declaration = lab.experiments[name]
        own = [state.key for state in states if state.key.experiment == name]
        declared = {key for one in {key.scale for key in own} for key in declaration.keys(one)}
        if further := [key.path for key in own if key not in declared]:
            click.echo(f"note: {beyond(name, further)}", err=as_json)
    return 1 if any(state.why for state in states) else 0


@main.command()
@click.argument("name")
@SCALE
@JSON
@reported
def why(name: str, scale: str | None, as_json: bool) -> int:
    """Show why the records of an experiment are stale: what changed, how it is reached, and the diff."""
    from mlblog.lab.report import why_json, why_text
    from mlblog.lab.why import explain

    lab = Lab(Project.find())
    declaration = find(lab.experiments, name)
    states = lab.states(lab.keys_of(name, scale or lab.recorded_scale(name) or next(iter(declaration.scales))))
    explained = [(state, explain(lab, state.record) if state.record else []) for state in states if state.why]
    click.echo(json.dumps(why_json(explained), indent=1) if as_json else why_text(name, explained))
    return 1 if explained else 0


@main.command()
@click.argument("names", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every experiment with stale records.")
@SCALE
@click.option("--smoke", is_flag=True, help="Compare smoke runs only, and mark the records accordingly.")
@reported
def accept(names: tuple[str, ...], everything: bool, scale: str | None, smoke: bool) -> int:
    """Accept stale records after a refactoring, if old and new code give bitwise identical results."""
    from mlblog.lab.accepting.accept import accept as adopt
    from mlblog.lab.accepting.accept import cost, steps
    from mlblog.lab.accepting.checkouts import Pasts
    from mlblog.lab.running.environment import commit

    if everything == bool(names):
        raise InputError("name experiments, or give --all; not both" if names else "name experiments, or give --all")
    project = Project.find()
    since = commit(project.root)
    lab = Lab(project)
    chosen = list(dict.fromkeys(find(lab.experiments, name).name for name in names or lab.experiments))
    codes: list[int] = []

    def refused(error: MlblogError) -> None:
        if len(chosen) == 1:
            raise error
        click.echo(f"mlblog: {error}", err=True)
        codes.append(error.exit_code)

    with Pasts(lab.project) as pasts:
        planned = []
        for name in chosen:
            states = lab.states(lab.recorded_keys(name, scale))
            if not any(state.record for state in states):
                if not everything:
                    refused(InputError(f"{name}: no record to accept; record it: mlblog run {name}"))
            elif not any(state.name == "stale" for state in states):
                if not everything:
                    click.echo(f"{name}: nothing to accept: no record is stale")
            else:
                try:
                    planned.append(steps(lab, [state.record for state in states if state.record], pasts, smoke=smoke))
                except MlblogError as error:
                    refused(error)
        for step in (step for one in planned for step in one):
            click.echo(step)
        if planned:
            click.echo(cost([step for one in planned for step in one]))
        accepted = 0
        for one in planned:
            try:
                counted = adopt(lab, one, since)
            except MlblogError as error:
                refused(error)
            else:
                accepted += sum(counted.values())
                for evidence, count in counted.items():
                    click.echo(f"{one[0].key.experiment}: {count} accepted: {evidence}")
    if everything and not planned and not codes:
        click.echo("nothing to accept: no record is stale")
    elif len(chosen) > 1:
        click.echo(f"{accepted} records accepted, {len(codes)} of {len(chosen)} experiments refused")
    return max(codes, default=0)


@main.command()
@JSON
@reported
def check(as_json: bool) -> int:
    """Fail if anything on the site is stale, missing or broken. Runs no experiments or posts; meant for CI."""
    from mlblog.goals import findings as of_goals
    from mlblog.press.check import findings
    from mlblog.press.check import notes as accepted
    from mlblog.site.unsaid import unsaid

    project = Project.find()
    found, notes = findings(project)
    unearned, unverifiable = of_goals(project)
    found += unearned
    if as_json:
        click.echo(json.dumps(found, indent=1))
    else:
        click.echo("\n".join(found) if found else "all records are valid and fresh, and all posts can be read")
    for note in (*notes, *accepted(project), *unverifiable, *unsaid(project)):
        click.echo(f"note: {note}", err=as_json)
    return 1 if found else 0


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("names", nargs=-1)
@click.option("--any", "stale_too", is_flag=True, help="Also pack stale records.")
@reported
def pack(file: Path, names: tuple[str, ...], stale_too: bool) -> int:
    """Write the fresh records of all or the named experiments into one FILE."""
    from mlblog.lab.records.pack import pack as write
    from mlblog.lab.records.store import records

    if not file.absolute().parent.is_dir():
        raise InputError(f"{file}: the folder {file.parent} does not exist; create it first")
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
@click.option("--any", "stale_too", is_flag=True, help="Also import records made by other code, as stale.")
@click.option("--replace", is_flag=True, help="Also replace fresh records.")
@reported
def unpack(file: Path, stale_too: bool, replace: bool) -> int:
    """Import the records in FILE, if all of them are valid and were made by the code here."""
    from mlblog.lab.records.pack import difference
    from mlblog.lab.records.pack import unpack as read

    lab = Lab(Project.find())
    try:
        records = read(file)
    except RecordError as error:  # the input is wrong, not the project
        raise InputError(f"{error}. Nothing was imported") from error
    if not stale_too:
        for record in records:
            if found := lab.reasons(record):
                raise InputError(
                    f"{record.path}: {record.key} was made by other code: {found[0]}"
                    + (f", and {len(found) - 1} more" if len(found) > 1 else "")
                    + ". Nothing was imported; --any imports it as stale"
                )
    here = {record.key: _known(lab, record.key) for record in records}
    lost: dict[Key, str] = {}
    for record in records:
        mine = here[record.key]
        if mine is not None and mine.id != record.id and not lab.reasons(mine):
            lost[record.key] = difference(mine, record)
    if lost and not replace:
        told = "".join(f"\n  {key}: {how}" for key, how in lost.items())
        raise InputError(f"{file}: these records are fresh here. Nothing was imported; --replace replaces them:{told}")
    for record in records:
        mine = here[record.key]
        if mine is not None and mine.id == record.id:
            click.echo(f"{record.key.path}: already here")
        else:
            how = f": replaced a fresh record; {lost[record.key]}" if record.key in lost else ""
            click.echo(f"{lab.store.put(record)}{how}")
    return 0


def _known(lab: Lab, key: Key) -> Record | None:
    """The local record of `key`; None if it is missing or invalid, so that nothing can be lost."""
    try:
        record = lab.store.get(key)
        _ = len(record.arrays)  # decode them for the comparison
    except RecordError:
        return None
    return record


@main.command()
@click.option("--delete", is_flag=True, help="Delete the listed files.")
@click.option("--beyond", "names", multiple=True, metavar="NAME", help="Also records that NAME does not declare.")
@reported
def gc(delete: bool, names: tuple[str, ...]) -> int:
    """List files that can be deleted: orphaned records and leftovers of runs. Delete them with --delete."""
    from mlblog.lab import gc as rubbish
    from mlblog.lab.report import beyond

    lab = Lab(Project.find())
    chosen = {find(lab.experiments, name).name for name in names}
    found = rubbish.delete(lab, chosen) if delete else rubbish.rubbish(lab, chosen)
    for item in found:
        click.echo(f"{item.size:>10,} bytes  {lab.project.relative(item.path)}: {item.why}")
    done = "deleted" if delete else "can be deleted: mlblog gc --delete"
    click.echo(
        f"{len(found)} files, {sum(item.size for item in found):,} bytes: {done}" if found else "nothing to delete"
    )
    for name in lab.experiments:
        if name not in chosen and (further := lab.beyond(name)):
            click.echo(f"note: {beyond(name, further)}")
    return 0
