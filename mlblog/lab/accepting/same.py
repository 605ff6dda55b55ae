"""Compare two versions of the code, by fingerprints or by the bits of their results."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from mlblog.errors import InputError, ProjectError
from mlblog.lab import determinism
from mlblog.lab.accepting.checkouts import Past, Pasts
from mlblog.lab.fingerprint.inputs import HELD
from mlblog.lab.lab import Lab
from mlblog.lab.records import acceptance
from mlblog.lab.records.record import Record
from mlblog.lab.staleness import Reason, same
from mlblog.lab.why import text_of

_DETERMINISM = "mlblog.lab.determinism."


def same_code(lab: Lab, record: Record, found: Collection[Reason], pasts: Pasts) -> str:
    """Return evidence that a commit recorded in `record` has the current code; empty if none has.

    Those are the commit that made it, and the one at which it was last accepted. Both sides are fingerprinted by
    today's code, so that a new way of taking fingerprints makes no difference.
    """
    if not all(reason.is_in_manifest for reason in found):
        return ""
    now = lab.code.manifest(lab.experiments[record.experiment].qualified, record.params)
    moved = {reason.name for reason in found}
    before = acceptance.acceptances(record)
    # the manifest of an accepted record is not that of its commit, so each entry has to be compared
    candidates = [(record.environment.commit, {*record.manifest, *now} if before else moved)]
    if before and not before[-1].dirty:
        candidates.append((before[-1].commit, moved))
    for commit, names in candidates:
        try:
            past = pasts.at(commit)
            if past.manifest(record.experiment, record.params) == now and all(
                _told(name, name in now, past, lab) for name in names
            ):
                return acceptance.same_code(past.commit)
        except (InputError, ProjectError):
            continue  # unreadable; a run may still prove it
    return ""


def _told(name: str, is_now: bool, past: Past, lab: Lab) -> bool:
    """Whether equal manifests, of a commit and now, show that `name` is the same in both.

    Excludes untracked files, and mlblog's own file, which both manifests take from the running version.
    """
    kind, colon, path = name.partition(":")
    then = past.lab.project.root
    if kind == HELD:
        return True  # the content of the module is covered by other names
    if colon:
        if kind != "data" or (lab.project.root / path).is_relative_to(lab.project.results):
            return False  # records are not among what makes a commit clean
        return _same_file(then / path, lab.project.root / path)
    if name.startswith(_DETERMINISM):
        own = Path(determinism.__file__)
        return _same_file(then / "mlblog" / "lab" / "determinism.py", own)
    return is_now or _defines(then, name)


def _defines(root: Path, name: str) -> bool:
    """Whether `name` is defined below `root`; if not, it was in an ignored file."""
    parts = name.split(".")
    for end in range(len(parts) - 1, 0, -1):
        base, rest = root.joinpath(*parts[:end]), parts[end:]
        for file in (base.with_suffix(".py"), base / "__init__.py"):
            if file.is_file():
                is_whole = len(rest) == 1 and not rest[0].isidentifier()  # `<import>` and the like
                return is_whole or bool(text_of(file.read_text(encoding="utf-8", errors="replace"), ".".join(rest)))
    return False


def _same_file(first: Path, second: Path) -> bool:
    return first.is_file() and second.is_file() and first.read_bytes() == second.read_bytes()


def differences(old: Record, new: Record) -> list[str]:
    """Return values, arrays and `data:` entries that are not bitwise identical, except measured values."""
    before, after = old.environment.measured, new.environment.measured
    names = {*old.values, *new.values, *old.arrays, *new.arrays} - (before & after)
    found = [name for name in names if name in before ^ after or not _same_result(old, new, name)]
    found += [f"data:{name}" for name in {*old.data, *new.data} if old.data.get(name) != new.data.get(name)]
    return sorted(found)


def _same_result(old: Record, new: Record, name: str) -> bool:
    if name in old.arrays and name in new.arrays:
        first, second = old.arrays[name], new.arrays[name]
        return first.dtype == second.dtype and first.shape == second.shape and first.tobytes() == second.tobytes()
    return name in old.values and name in new.values and same(old.values[name], new.values[name])
