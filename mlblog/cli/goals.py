"""`mlblog goals`: this week's checklist: progress, carried-over goals, earned ticks, calibration."""

from __future__ import annotations

import json
from datetime import date

import click

from mlblog.cli.frame import JSON, main, reported
from mlblog.errors import InputError
from mlblog.lab import Lab, Project


@main.group()
def goals() -> None:
    """Weekly goals: open a week, tick earned goals, see the progress."""


@goals.command()
@click.argument("week", required=False, default="")
@reported
def start(week: str) -> int:
    """Open a WEEK, such as 2026-W48 (default: this week or the next), and carry over unfinished goals."""
    from mlblog.goals import Proof
    from mlblog.goals import start as begin
    from mlblog.goals.report import counted

    lab = Lab(Project.find())
    path, carried = begin(lab.project, Proof(lab), date.today(), week)
    click.echo(
        f"{lab.project.relative(path)}: {counted(carried, 'goal')} carried over. "
        "Add your confidence to each, as in `, 3/5`, and commit before the work begins"
    )
    return 0


@goals.command()
@click.argument("words", nargs=-1, required=True)
@reported
def tick(words: tuple[str, ...]) -> int:
    """Tick the goal of the open week whose title contains WORDS, if it is earned."""
    from mlblog.goals import Ledger, Proof
    from mlblog.goals import tick as mark

    lab = Lab(Project.find())
    proof = Proof(lab)
    click.echo(f"ticked: {mark(lab.project, proof, ' '.join(words)).text}")
    if unverifiable := proof.unverifiable(Ledger.of(lab.project).weeks[-1]):
        click.echo(f"note: {unverifiable}")
    return 0


@goals.command()
@click.argument("week", required=False, default="")
@JSON
@reported
def status(week: str, as_json: bool) -> int:
    """Show the progress of WEEK (default: the open week); fail if a tick is not earned."""
    from mlblog.goals import Ledger, Proof
    from mlblog.goals.report import status_json, status_table

    lab = Lab(Project.find())
    ledger = Ledger.of(lab.project)
    chosen = [one for one in ledger.weeks if one.name == week] if week else list(ledger.weeks[-1:])
    if not chosen:
        known = ", ".join(one.name for one in ledger.weeks) or "none; open one: mlblog goals start"
        raise InputError(f"posts_src/goals: no week{f' {week}' if week else ' is open'}; there is {known}")
    proof = Proof(lab)
    unearned, unverifiable = proof.unearned(chosen[0]), proof.unverifiable(chosen[0])
    if as_json:
        click.echo(json.dumps(status_json(ledger, chosen[0], unearned, unverifiable), indent=1))
    else:
        click.echo(status_table(ledger, chosen[0], unearned, unverifiable))
    return 1 if unearned else 0
