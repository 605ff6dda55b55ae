"""Commands on recorded results: tables, and differences between two sets."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import click

from mlblog.cli.frame import JSON, SCALE, main, reported
from mlblog.errors import InputError, MissingRecord, RecordError
from mlblog.lab import Lab, Project, Record
from mlblog.lab.declared import Declaration, find
from mlblog.lab.records.record import SCALES

if TYPE_CHECKING:
    from mlblog.lab.records.table import Row


@main.command()
@click.argument("name", metavar="EXPERIMENT")
@SCALE
@click.option("--seeds", "by_seed", is_flag=True, help="One row per seed instead of means over seeds.")
@click.option("--all", "every", is_flag=True, help="Show all parameters, not only those that differ.")
@click.option("--columns", metavar="NAME,…", help="Only these columns, in this order.")
@click.option("--sort", metavar="NAME,…", help="Sort by these columns; -NAME sorts descending.")
@JSON
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV with all digits instead of a table.")
@reported
def table(
    name: str,
    scale: str | None,
    by_seed: bool,
    every: bool,
    columns: str | None,
    sort: str | None,
    as_json: bool,
    as_csv: bool,
) -> int:
    """Show the recorded runs of an experiment: parameters, and means of values with 95 % intervals over seeds.

    Example: mlblog table digit_contrast --scale small --sort -learned
    """
    from mlblog.lab import terminal
    from mlblog.lab.records.table import Columns, ordered, rows

    if as_json and as_csv:
        raise InputError("--json and --csv exclude each other; choose one")
    lab = Lab(Project.find())
    find(lab.experiments, name).params(scale or "smoke", {})  # raises if it has no such scale
    found, broken = _readable(lab, name, scale)
    made = rows(found, lambda record: bool(lab.reasons(record)), by_seed=by_seed)
    known = Columns(made, by_seed=by_seed)
    chosen = [known.find(part) for part in _parts(columns)] if columns is not None else known.default(every=every)
    keys = [(known.find(part.removeprefix("-")), part.startswith("-")) for part in _parts(sort)]
    made = ordered(made, keys)
    if as_json:
        only = chosen if columns is not None else None
        click.echo(json.dumps([row.to_json(only) for row in made], indent=1))
    else:
        # always mark stale rows
        chosen += [column for column in known.state() if column not in chosen]
        if as_csv:
            click.echo(terminal.as_csv(made, chosen), nl=False)
        else:
            click.echo(terminal.text(made, chosen, shutil.get_terminal_size((100, 24)).columns))
            for line in _legend(name, made):
                click.echo(line)
    for error in broken:
        click.echo(f"mlblog: {error}", err=True)
    return 1 if broken else 0


@main.command()
@click.argument("name", metavar="EXPERIMENT")
@click.option("--against", metavar="REV", help="The commit to compare with.  [default: HEAD]")
@click.option("--between", nargs=2, metavar="A B", help="Two current variants: `base`, or overrides such as x=1,y=2.")
@click.option("--scale", type=click.Choice(SCALES), help="Scale of both.  [default: the largest that both have]")
@JSON
@reported
def diff(name: str, against: str | None, between: tuple[str, str] | None, scale: str | None, as_json: bool) -> int:
    """Compare recorded values with those at a commit, or between two variants, and mark changes beyond noise.

    Variants are compared seed by seed if both have the same seeds. `seed=0-4` in a variant selects these seeds.
    The exit code is 1 if anything moved.

    Example: mlblog diff digit_contrast --between base loss=decoupled
    """
    if between and against:
        raise InputError("--against compares with a commit, --between two current variants; choose one")
    if scale and not between:
        raise InputError("--scale requires --between; leave it out")
    lab = Lab(Project.find())
    declaration = find(lab.experiments, name)
    if between:
        return _between(lab, declaration, between, scale, as_json)
    return _against(lab, name, against or "HEAD", as_json)


def _against(lab: Lab, name: str, against: str, as_json: bool) -> int:
    from mlblog.lab.records.compare import moves
    from mlblog.lab.records.history import Revision
    from mlblog.lab.records.store import records
    from mlblog.lab.report import diff_json, diff_table

    then, now = Revision(lab.project, against).records(name), list(records(lab.store, name))
    if not then and now and not as_json:
        click.echo(f"{name}: no records at {against}, so nothing to compare; {len(now)} records are new")
        return 0
    found = moves(then, now)
    if (then or now) and not found and not as_json:
        click.echo(f"{name}: its records hold no single numbers to compare; `mlblog table {name}` shows what they hold")
        return 0
    click.echo(json.dumps(diff_json(found), indent=1) if as_json else diff_table(found, against))
    return 1 if any(one.moved for _, one in found) else 0


def _between(lab: Lab, declaration: Declaration, labels: tuple[str, str], scale: str | None, as_json: bool) -> int:
    from mlblog.lab.contrast import Variant, sides
    from mlblog.lab.records.compare import contrasts
    from mlblog.lab.report import contrast_json, contrast_table

    variants = [Variant.parse(label, declaration) for label in labels]
    first, second = sides(lab.store, declaration, variants[0], variants[1], scale)
    found = contrasts(first, second)
    if as_json:
        click.echo(json.dumps(contrast_json(found, first, second), indent=1))
    else:
        click.echo(contrast_table(found, first, second, labels))
    for label, side in zip(labels, (first, second), strict=True):
        if stale := [record for record in side if lab.reasons(record)]:
            click.echo(
                f"mlblog: {label}: {len(stale)} of {len(side)} records are stale; see: mlblog why {declaration.name}",
                err=True,
            )
    return 1 if any(one.moved for one in found) else 0


def _parts(text: str | None) -> list[str]:
    return [] if text is None else [part.strip() for part in text.split(",")]


def _legend(name: str, made: list[Row]) -> list[str]:
    from mlblog.lab.records.table import Estimate

    told = []
    if any(len(row.seeds) > 1 for row in made):
        told.append("±: half width of the 95 % interval of the mean over n seeds (Student's t)")
    if any(isinstance(cell, Estimate) and cell.lopsided for row in made for cell in row.values.values()):
        told.append("(low to high): the interval on the logit, where all seeds lie in [0, 1] and ± would leave it")
    if any(row.stale for row in made):
        told.append(f"stale: the code has changed since; see: mlblog why {name}")
    if lists := dict.fromkeys(one for row in made for one in row.lists):
        told.append(f"not shown (lists): {', '.join(lists)}")
    return ["", *told] if told else []


def _readable(lab: Lab, name: str, scale: str | None) -> tuple[list[Record], list[RecordError]]:
    """The readable records of an experiment, at one scale or all, and the errors of the others.

    Raises:
        MissingRecord: there are none.
    """
    found: list[Record] = []
    broken: list[RecordError] = []
    paths = [path for path in lab.store.names() if path.experiment == name]
    for path in paths:
        if scale in (None, path.scale):
            try:
                found.append(lab.store.read(path))
            except RecordError as error:
                broken.append(error)
    if not found and not broken:
        scales = ", ".join(dict.fromkeys(path.scale for path in paths))
        there = f"; there are records at scale {scales}" if scales else ""
        raise MissingRecord(
            f"{name}: no records{f' at scale {scale}' if scale else ''}{there}."
            f" Record it: mlblog run {name}{f' --scale {scale}' if scale else ''}"
        )
    return found, broken
