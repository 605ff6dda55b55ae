"""The pages of weekly goals: one per week, and an index with carried-over goals and calibration."""

from __future__ import annotations

import calendar
import html
import re
from collections.abc import Iterable, Iterator
from datetime import date

import yaml

from mlblog.goals import Bullet, Carried, Goal, Heading, Ledger, Progress, Proof, Unearned, Week, progress
from mlblog.goals.ledger import reached
from mlblog.goals.report import BETWEEN, weeks
from mlblog.lab import Lab
from mlblog.lab.records.stores import Previewed
from mlblog.papers import Bibliography, cite, references
from mlblog.papers.citation import escaped
from mlblog.press import Context, Page
from mlblog.press.source.blocks import block, indented
from mlblog.site.reliability import fifths, judged

FOLDER = "goals"
_ABOUT = """Every week begins with a list of goals and our confidence in each: 3/5 means a probability of 60 %.
Confidences are committed before the work is done. A paper counts as read when its note has a summary, an
implementation as done when its record is fresh. Unfinished goals are carried over to the next week, with their age.
"""


def pages(context: Context) -> Iterator[Page]:
    """Yield the index and a page per week, if there are weekly goals.

    Raises:
        PostError: a week is invalid, or cites an unknown paper; with the line.
    """
    ledger = Ledger.of(context.project)
    if ledger.current is None:
        return
    # previews, which `mkdocs serve` shows in place of records, do not earn ticks
    lab = Lab(context.project) if isinstance(context.lab.store, Previewed) else context.lab
    proof, bibliography = Proof(lab), Bibliography.of(context.project)
    yield Page(f"{FOLDER}/index.md", index(ledger, proof, bibliography))
    for week in ledger.weeks:
        yield Page(f"{FOLDER}/{week.name}.md", week_page(ledger, week, proof, bibliography))


def title(week: Week) -> str:
    """The display name of a week."""
    year, number, _ = week.monday.isocalendar()
    return f"Week {number} of {year}"


def days(week: Week) -> str:
    """The days of a week: `16 to 22 November 2026`."""
    first, last = week.monday, week.sunday

    def said(day: date, *parts: str) -> str:
        return " ".join([str(day.day), *parts])

    month, year = calendar.month_name[first.month], str(first.year)
    start = said(first, *([month, year] if first.year != last.year else [month] if first.month != last.month else []))
    return f"{start} to {said(last, calendar.month_name[last.month], str(last.year))}"


def index(ledger: Ledger, proof: Proof, bibliography: Bibliography) -> str:
    """The Markdown of the index; its front matter has this week's progress, for the home page."""
    week = ledger.current
    assert week is not None
    text = _head("Goals", "This week's goals, carried-over goals, and the calibration of our confidences.", _meta(week))
    text += f"\n{_ABOUT}\n## This week\n\n[{title(week)}]({week.name}.md), {days(week)}. {_expected(week)}\n\n"
    text += _progress(progress(week.goals)) + _unearned(proof.unearned(week)) + _unverifiable(proof.unverifiable(week))
    if carried := ledger.carried(week):
        text += f"\n## Carried over\n\n{_carried(carried)}"
    judgement = cite(judged(ledger.forecasts, bibliography), bibliography, f"{FOLDER}/index.md", 1)
    text += f"\n## Calibration\n\n{judgement.text}"
    text += "\n## All weeks\n\n" + "".join(
        f"- [{title(one)}]({one.name}.md): {reached(one.goals)} of {len(one.goals)} reached"
        + (", open\n" if one is week else "\n")
        for one in reversed(ledger.weeks)
    )
    return text + references(judgement.keys, bibliography, "..")


def week_page(ledger: Ledger, week: Week, proof: Proof, bibliography: Bibliography) -> str:
    """The Markdown of a week's page.

    Raises:
        PostError: it cites an unknown paper.
    """
    is_open = week is ledger.current
    state = f"Open. {_expected(week)}" if is_open else f"Closed: {reached(week.goals)} of {len(week.goals)} reached."
    text = _head(title(week), f"Goals for the week of {days(week)}.", {})
    unearned = proof.unearned(week)
    text += f"\n{days(week)}. {state}\n\n{_progress(progress(week.goals))}"
    text += f"{_unearned(unearned)}{_unverifiable(proof.unverifiable(week))}\n"
    listed, keys = _list(ledger, week, unearned, bibliography)
    text += listed
    if keys:
        text += references(dict.fromkeys(keys), bibliography, "..")
    return text


def _head(name: str, description: str, meta: dict[str, object]) -> str:
    front = yaml.safe_dump({"title": name, "description": description, **meta}, sort_keys=False, allow_unicode=True)
    return f"---\n{front}---\n\n# {name}\n"


def _meta(week: Week) -> dict[str, object]:
    groups = [{"title": _name(one), "done": one.done, "count": one.count} for one in progress(week.goals)]
    summary = {
        "title": title(week),
        "days": days(week),
        "page": f"{FOLDER}/{week.name}/",
        "done": reached(week.goals),
        "count": len(week.goals),
        "groups": groups,
    }
    return {"this_week": summary}


def _expected(week: Week) -> str:
    said = [goal.probability for goal in week.goals if goal.probability is not None]
    told = f"{reached(week.goals)} of {len(week.goals)} goals are reached so far."
    if not said:
        return f"{told} No confidences were given."
    return f"{told} {len(said)} have a confidence; expected: {sum(said):.1f} of {len(said)}."


def _name(one: Progress) -> str:
    return BETWEEN.join(one.group) or "No group"


def _progress(groups: list[Progress]) -> str:
    if not groups:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{html.escape(_name(one))}</th><td>{one.done} of {one.count}</td>'
        f'<td><span class="mlblog-bar" aria-hidden="true">'
        f'<span style="width: {100 * one.done / one.count:.4g}%"></span></span></td></tr>\n'
        for one in groups
    )
    head = '<thead><tr><th scope="col">Group</th><th scope="col">Reached</th><th scope="col">Share</th></tr></thead>'
    return block("div.mlblog-progress", f"<table>\n{head}\n<tbody>\n{rows}</tbody>\n</table>", raw=True)


def _unearned(unearned: list[Unearned]) -> str:
    if not unearned:
        return ""
    lines = "".join(f"- {_bare(one.goal)}: {escaped(one.why)}\n" for one in unearned)
    return "\n" + block("div.mlblog-stale", f"Ticked but not earned:\n\n{lines}")


def _unverifiable(unverifiable: str) -> str:
    return f"\nNote: {escaped(unverifiable)}.\n" if unverifiable else ""


def _carried(carried: Iterable[Carried]) -> str:
    return "".join(f"- {_bare(one.goal)}: since {one.since}, {weeks(one.age)}\n" for one in carried)


def _bare(goal: Goal) -> str:
    """The title without markup and citations, as Markdown."""
    return escaped(re.sub(r"\s*\[@[^\[\]]*\]", "", goal.text).rstrip(".")) or escaped(goal.text)


def _list(ledger: Ledger, week: Week, unearned: list[Unearned], bibliography: Bibliography) -> tuple[str, list[str]]:
    """The checklist, with headings below the page title, and the keys of cited papers."""
    ages = {id(one.goal): one for one in ledger.carried(week)}
    lacking = {id(one.goal) for one in unearned}
    levels = [part.level for part in week.parts if isinstance(part, Heading)]
    higher = min(levels, default=2) - 2
    text: list[str] = []
    keys: list[str] = []

    def cited(markdown: str, line: int) -> str:
        found = cite(markdown, bibliography, week.path, line)
        keys.extend(found.keys)
        return found.text

    listed: list[str] = []
    for part in week.parts:
        if isinstance(part, Goal | Bullet):
            mark = ""
            if isinstance(part, Goal):
                mark = _box(part) + " "
            lines = mark + cited(" ".join(part.markdown.split()), part.line)
            if isinstance(part, Goal):
                lines += _said(part, ages.get(id(part)), is_earned=id(part) not in lacking)
                lines += "".join(f"\n\n{cited(note, part.line)}" for note in part.note)
            first, *rest = indented(lines, "    " * (part.depth + 1)).rstrip("\n").split("\n")
            # each item is a block, or it would be merged into preceding paragraphs or nested items
            listed += ["    " * part.depth + "- " + first.strip(), *rest, ""]
            continue
        text += _closed(listed)
        if isinstance(part, Heading):
            text.append(f"\n{'#' * min(6, part.level - higher)} {escaped(part.title)}\n")
        else:
            text.append(f"\n{cited(part.text, part.line)}\n")
    text += _closed(listed)
    return "".join(text), keys


def _closed(listed: list[str]) -> list[str]:
    """Return the collected list as a block, and clear it."""
    found = ["\n" + block("div.mlblog-goals", "\n".join(listed))] if listed else []
    listed.clear()
    return found


def _box(goal: Goal) -> str:
    name, sign = ("reached", "✓") if goal.done else ("open", "")
    return f'<span class="mlblog-box mlblog-box--{name}" role="img" aria-label="{name}">{sign}</span>'


def _said(goal: Goal, carried: Carried | None, *, is_earned: bool) -> str:
    found = []
    if goal.fifths is not None:
        found.append(f'<span class="mlblog-confidence">{fifths(goal.fifths)}</span>')
    if carried is not None:
        found.append(f'<span class="mlblog-age">since {carried.since}, {weeks(carried.age)}</span>')
    if not is_earned:
        found.append('<span class="mlblog-stale">not earned</span>')
    return "".join(f" {one}" for one in found)
