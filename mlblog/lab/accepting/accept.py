"""Accepting a refactor by proof: records keep their values under new code only if both codes compute the same bits.

The proof is the best that costs less than renewing: that a commit has the current code; else one run a group at the
recorded scale, compared with its record; else smoke runs of both codes. The record says which it was.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mlblog.errors import InputError, RunError
from mlblog.lab.accepting.checkouts import Past, Pasts
from mlblog.lab.accepting.proof import Runner
from mlblog.lab.accepting.same import differences, same_code
from mlblog.lab.fingerprint.inputs import HELD
from mlblog.lab.lab import Lab
from mlblog.lab.records import acceptance
from mlblog.lab.records.record import Key, Record
from mlblog.lab.records.store import as_label
from mlblog.lab.report import duration
from mlblog.lab.running.environment import commit, pick_device
from mlblog.lab.staleness import Kind, Reason, same


@dataclass(frozen=True)
class Step:
    """A proof step for a group of records that are accepted together.

    Attributes:
        records: of one scale, overrides, commit and kind of device, by seed.
        past: the commit with the code that made them.
        evidence: evidence available without a run; empty if a run is needed.
        key: the run on which both versions must agree.
        device: `cpu` or `cuda`: where it runs.
        smoke: why only smoke runs are compared; empty for a run at the recorded scale.
    """

    records: tuple[Record, ...]
    past: Past
    evidence: str
    key: Key
    device: str
    smoke: str

    @property
    def seconds(self) -> float:
        """Duration of the run to repeat; 0 for smoke runs."""
        return 0.0 if self.evidence or self.smoke else _seconds(self.records[:1])

    def __str__(self) -> str:
        """What will be done and what it costs, as text."""
        first, count = self.records[0], len(self.records)
        name = f"{first.experiment} {first.scale} {as_label(first.overrides)}, {_counted(count, 'record')}"
        then = f"commit {self.past.commit[:12]}"
        if self.evidence:
            return f"{name}: {self.evidence}; nothing to run"
        if self.smoke:
            return f"{name}: smoke runs of the current code and of {then}, {self.smoke}"
        return (
            f"{name}: one run, seed {first.seed}, about {duration(self.seconds)}"
            f" (renewing: {duration(_seconds(self.records))}); if the result differs from the record,"
            f" another with the code of {then}"
        )


def steps(lab: Lab, records: Iterable[Record], pasts: Pasts, *, smoke: bool = False) -> list[Step]:
    """Return the steps that would prove the stale ones among `records` acceptable; runs nothing.

    Args:
        lab: whose records.
        records: of one experiment.
        pasts: provides checkouts of commits.
        smoke: use smoke runs instead of runs at the recorded scale.

    Raises:
        InputError: a record's code was not committed or is not available, or the run itself has changed.
    """
    groups: dict[tuple[str, ...], list[Record]] = {}
    known: dict[tuple[str, ...], str] = {}
    gpu = pick_device() == "cuda"
    for record in sorted(records, key=lambda one: one.seed):
        if not (found := lab.reasons(record)):
            continue
        past = _refuse(record, found, pasts)
        evidence = same_code(lab, record, found, pasts)
        device = record.environment.kind
        group = (record.experiment, record.scale, record.key.group, past.commit, device, evidence)
        groups.setdefault(group, []).append(record)
        known[group] = evidence
    return [_step(lab, tuple(same), pasts, known[group], group[4], gpu, smoke) for group, same in groups.items()]


def _refuse(record: Record, found: Sequence[Reason], pasts: Pasts) -> Past:
    """The commit that made a record, if the record can be accepted."""
    if record.environment.is_dirty or not record.environment.commit:
        raise InputError(
            f"{record.path}: it was made by uncommitted code, so there is nothing to compare with."
            f" Run it again: mlblog run {record.experiment}"
        )
    for reason in found:
        is_new = reason.kind is Kind.PARAMETER and reason.name not in record.params
        if reason.kind is Kind.GONE or (reason.kind is Kind.PARAMETER and not is_new):
            raise InputError(f"{record.path}: {reason}: this changes the run, so it is not a refactoring")
    try:
        past = pasts.at(record.environment.commit)
        past.declaration(record.experiment)
    except InputError as error:
        raise InputError(f"{record.path}: {error}") from error
    return past


def _step(
    lab: Lab, records: tuple[Record, ...], pasts: Pasts, evidence: str, device: str, gpu: bool, smoke: bool
) -> Step:
    first = records[0]
    past = pasts.at(first.environment.commit)
    why = ""
    if device == "cuda" and not gpu:
        why, device = f"since they were made on {first.environment.device} and this machine has no GPU", "cpu"
    elif first.scale != "smoke":
        if smoke:
            why = "as requested"
        elif len(records) == 1:
            why = "since a run at this scale would cost as much as renewing"
    key = dataclasses.replace(first.key, scale="smoke") if why else first.key
    step = Step(records, past, evidence, key, device, why)
    if not evidence:
        if not {*first.values, *first.arrays} - first.environment.measured:
            raise InputError(
                f"{first.path}: it has measured values only, so no run can show that other code computes the same."
                f" Run it again: mlblog run {first.experiment}"
            )
        _refuse_other_parameters(lab, step)
    return step


def _refuse_other_parameters(lab: Lab, step: Step) -> None:
    """Require equal parameters for runs of both versions; parameters unknown to the old code, as recorded."""
    key, name = step.key, step.key.experiment
    before = step.past.declaration(name).params(key.scale, key.overrides)
    after = lab.experiments[name].params(key.scale, key.overrides)
    kept = lab.experiments[name].params(step.records[0].scale, key.overrides)
    for parameter in sorted({*before, *after}):
        then = before.get(parameter) if parameter in before else kept.get(parameter)
        if parameter not in after or not same(then, after[parameter]):
            raise InputError(
                f"{step.records[0].path}: at {key.scale} scale {parameter} was {then!r}, is {after.get(parameter)!r}:"
                f" runs of the old and new code are not comparable. Run it again: mlblog run {name}"
            )


def accept(lab: Lab, planned: Sequence[Step], since: tuple[str, bool]) -> dict[str, int]:
    """Carry out planned steps, and accept all of their records under the current code, or none.

    Args:
        lab: whose records.
        planned: result of `steps`.
        since: `environment.commit` from before `lab` read any code.

    Returns:
        Number of accepted records by evidence.

    Raises:
        RunError: a run failed, or the values differ.
        InputError: a record has changed since planning.
    """
    head, dirty = since
    dirty = dirty or commit(lab.project.root) != since  # files changed meanwhile: it is unknown which version was read
    date = datetime.now(UTC).isoformat(timespec="seconds")
    runner = Runner(lab)
    runner.run([(step.key, step.device) for step in planned if not step.evidence])
    adopted: list[Record] = []
    counted: dict[str, int] = {}
    for step in planned:
        run = None if step.evidence else runner.of(step.key, step.device)
        evidence = step.evidence if run is None else _evidence(step, run, runner)
        line = str(acceptance.Acceptance(date, head[:12], dirty, evidence))
        adopted += [_adopted(lab, record, run, line) for record in step.records]
        counted[evidence] = counted.get(evidence, 0) + len(step.records)
    for step in planned:
        for record in step.records:
            if lab.store.get(record.key).id != record.id:
                raise InputError(f"{record.path}: it was re-recorded in the meantime. Nothing was accepted")
    for record in adopted:
        lab.store.put(record)
    return counted


def _evidence(step: Step, run: Record, runner: Runner) -> str:
    """What a run of the current code shows."""
    if not step.smoke and not differences(step.records[0], run):
        return acceptance.same_bits(run, "recorded")
    old = runner.old(step.past, step.key, step.device)
    if changed := differences(old, run):
        raise RunError(
            f"{run.experiment}: not accepted: the new code gives different {', '.join(changed)} than commit"
            f" {step.past.commit[:12]} ({step.key}). Run it again: mlblog run {run.experiment}"
        )
    if step.smoke:
        return acceptance.same_smoke(run, step.past.commit)
    return acceptance.same_bits(run, f"commit {step.past.commit[:12]}")


def _adopted(lab: Lab, record: Record, run: Record | None, line: str) -> Record:
    declaration = lab.experiments[record.experiment]
    adopted = dataclasses.replace(
        record,
        params={**declaration.params(record.scale, record.overrides), **record.params},
        manifest=adopted_manifest(lab, record, run),
        environment=record.environment.accepted_again(line),
    )
    if left := lab.reasons(adopted):
        raise RunError(
            f"{record.path}: not accepted: no run here can verify {left[0].name}."
            f" Run it again: mlblog run {record.experiment}"
        )
    return adopted


def adopted_manifest(lab: Lab, record: Record, run: Record | None) -> Mapping[str, str]:
    """Return the manifest of `record` under the current code; `run` is the record of the proof run.

    The proof run may use less than the original run, so unchanged entries of the record are kept.
    """
    if run is not None and run.key == record.key:
        return run.manifest
    stale = {reason.name for reason in lab.reasons(record)}
    # unknown for this record: the modules that the new code loads
    own = {n: digest for n, digest in record.manifest.items() if n not in stale and not n.startswith(f"{HELD}:")}
    return dict(sorted({**own, **lab.manifest(record.key), **(run.manifest if run is not None else {})}.items()))


def cost(planned: Sequence[Step]) -> str:
    """Describe the cost of the planned runs, and of renewing the records instead."""
    runs = [step for step in planned if not step.evidence and not step.smoke]
    small = sum(bool(step.smoke) and not step.evidence for step in planned)
    if not runs and not small:
        return "nothing to run"
    what = [f"{_counted(len(runs), 'run')} of about {duration(sum(step.seconds for step in runs))}"] if runs else []
    what += [f"{_counted(small, 'pair')} of smoke runs"] if small else []
    renewing = sum(_seconds(step.records) for step in planned)
    return f"total: {' and '.join(what)}; renewing would take about {duration(renewing)}"


def _seconds(records: Iterable[Record]) -> float:
    return sum(record.environment.seconds or 0.0 for record in records)


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
