"""Bring the files that `mlblog init` wrote up to date with the installed mlblog.

What was written is kept in `.scaffold.json`: a file that is still so is replaced; of others a diff is shown.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlblog import __version__
from mlblog.errors import InputError
from mlblog.files.atomic import write_atomically
from mlblog.lab import Project
from mlblog.scaffold.source import source
from mlblog.scaffold.template import blog_files

RECORD = ".scaffold.json"
# the author's own from the first day
_OWN = ("posts_src/", "docs/index.md", "docs/about.md")


@dataclass
class Upgraded:
    """What an upgrade did, by path.

    Attributes:
        since: version that wrote the files.
        written: files that were replaced or added.
        diffs: of files that the author has changed, what mlblog changed in them since.
    """

    since: str
    written: list[str] = field(default_factory=list)
    diffs: dict[str, str] = field(default_factory=dict)


def record(values: Mapping[str, str], files: Mapping[str, str]) -> bytes:
    """The content of `.scaffold.json`: what the templates were filled with, and the files that are kept up to date."""
    kept = {name: text for name, text in files.items() if _is_kept(name, values["package"])}
    body = {"mlblog": __version__, "values": dict(values), "files": kept}
    return (json.dumps(body, indent=1, ensure_ascii=False) + "\n").encode()


def upgrade(project: Project) -> Upgraded:
    """Replace the files that the author has not touched, and add new ones; leave those deleted or changed.

    Raises:
        InputError: the blog has no `.scaffold.json`, or it is damaged.
    """
    path = project.root / RECORD
    try:
        known: dict[str, Any] = json.loads(path.read_bytes())
        before, values, since = dict(known["files"]), dict(known["values"]), str(known["mlblog"])
    except FileNotFoundError as error:
        raise InputError(
            f"{path}: missing, so what mlblog once wrote is unknown; begin another blog, mlblog init DIR, and compare"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: damaged; restore it from git") from error
    origin = source()
    values["requirement"] = origin.requirement
    now = {name: text for name, text in blog_files(values).items() if _is_kept(name, values["package"])}
    done = Upgraded(since)
    kept = dict(before)
    for name, text in now.items():
        file = project.root / name
        current = file.read_text(encoding="utf-8") if file.is_file() else None
        if current == text or (current is None and name in before):  # up to date, or deleted
            kept[name] = text
        elif current is None or current == before.get(name):
            write_atomically(file, text.encode())
            done.written.append(name)
            kept[name] = text
        elif text != before.get(name):
            if _is_taken(before.get(name, ""), text, current):
                kept[name] = text
            else:
                done.diffs[name] = _diff(name, before.get(name, current), text)
    origin.copy_into(project.root)
    write_atomically(path, record(values, kept))
    return done


def _is_kept(name: str, package: str) -> bool:
    return not name.startswith((*_OWN, f"{package}/"))


def _diff(name: str, old: str, new: str) -> str:
    before, after = (text.splitlines(keepends=True) for text in (old, new))
    return "".join(difflib.unified_diff(before, after, f"a/{name}", f"b/{name}"))


def _is_taken(old: str, new: str, current: str) -> bool:
    """Whether the author has taken over what changed from `old` to `new`."""
    changed = list(difflib.ndiff(old.splitlines(), new.splitlines()))
    lines = current.splitlines()
    added = [line[2:] for line in changed if line.startswith("+ ")]
    removed = [line[2:] for line in changed if line.startswith("- ")]
    return all(line in lines for line in added) and not any(line in lines for line in removed if line not in added)
