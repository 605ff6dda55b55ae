"""`mlblog goals`: this week's checklist; what is ticked, carried over and earned, and how good the confidences were."""

from __future__ import annotations

import json
from datetime import date

import click

from mlblog.cli.frame import JSON, main, reported
from mlblog.errors import InputError
from mlblog.lab import Lab, Project


@main.group()
def goals() -> None:
    """Weekly goals: open a week, tick what is earned, see how they stand."""


@goals.command()
@click.argument("week", required=False, default="")
@reported
def start(week: str) -> int:
    """Open a WEEK, such as 2026-W48, with what the last one left over; without a name, this week or the next."""
    from mlblog.goals import Proof
    from mlblog.goals import start as begin
    from mlblog.goals.report import counted

    lab = Lab(Project.find())
    path, carried = begin(lab.project, Proof(lab), date.today(), week)
    click.echo(
        f"{lab.project.relative(path)}: {counted(carried, 'goal')} carried over. "
        "Write how sure you are behind each, as in `, 3/5`, and commit it before the work begins"
    )
    return 0


@goals.command()
@click.argument("words", nargs=-1, required=True)
@reported
def tick(words: tuple[str, ...]) -> int:
    """Tick the goal of the open week whose title holds WORDS, if it is earned."""
    from mlblog.goals import Ledger, Proof
    from mlblog.goals import tick as mark

    lab = Lab(Project.find())
    proof = Proof(lab)
    click.echo(f"ticked: {mark(lab.project, proof, ' '.join(words)).text}")
    if untold := proof.untold(Ledger.of(lab.project).weeks[-1]):
        click.echo(f"note: {untold}")
    return 0


@goals.command()
@click.argument("week", required=False, default="")
@JSON
@reported
def status(week: str, as_json: bool) -> int:
    """Say how the open WEEK stands, or the one named; fail if a tick in it is not earned."""
    from mlblog.goals import Ledger, Proof
    from mlblog.goals.report import status_json, status_table

    lab = Lab(Project.find())
    ledger = Ledger.of(lab.project)
    chosen = [one for one in ledger.weeks if one.name == week] if week else list(ledger.weeks[-1:])
    if not chosen:
        known = ", ".join(one.name for one in ledger.weeks) or "none; open one: mlblog goals start"
        raise InputError(f"posts_src/goals: no week{f' {week}' if week else ' is open'}; there is {known}")
    proof = Proof(lab)
    unearned, untold = proof.unearned(chosen[0]), proof.untold(chosen[0])
    if as_json:
        click.echo(json.dumps(status_json(ledger, chosen[0], unearned, untold), indent=1))
    else:
        click.echo(status_table(ledger, chosen[0], unearned, untold))
    return 1 if unearned else 0
