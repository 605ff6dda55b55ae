"""Create a post, note or experiment that works as is, and say what to do next."""

from __future__ import annotations

import json
import keyword
import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from mlblog.errors import InputError
from mlblog.files.atomic import write_atomically
from mlblog.lab import Lab, Project
from mlblog.papers import Bibliography
from mlblog.scaffold.template import FOLDER, filled


@dataclass(frozen=True)
class Created:
    """A new file, and the next steps for its author, one per line."""

    path: Path
    then: tuple[str, ...]


def new_post(project: Project, title: str, today: date, name: str = "") -> Created:
    """Create a draft post with that title, a block, a number and a figure.

    Args:
        project: the blog.
        title: its title.
        today: its date.
        name: last part of its address; by default made from the title.

    Raises:
        InputError: the title has no letter or digit, the name is none, or the post exists.
    """
    if name and name != slug(name):
        raise InputError(f"{name!r}: a name consists of a to z, digits and hyphens")
    name = name or slug(title)
    path = project.posts / f"{name}.md"
    shown = json.dumps(title.strip(), ensure_ascii=False)  # any JSON string is valid YAML
    _write(project, path, filled(FOLDER / "post.md.txt", {"title": shown, "date": today.isoformat()}))
    return Created(
        path,
        (
            "mkdocs serve: preview it while you write",
            f"pytest {project.relative(path)}: run its blocks as tests",
            "remove `draft: true` to publish it",
        ),
    )


def slug(title: str) -> str:
    """The last part of a URL: `How long is a word?` gives `how-long-is-a-word`.

    Raises:
        InputError: nothing is left of the title.
    """
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().casefold()
    found = "-".join(re.findall(r"[a-z0-9]+", plain.replace("'", "")))
    if not found:
        raise InputError(
            f"{title!r}: a title needs a letter or a digit of the Latin alphabet, for the URL; name one: --slug my-post"
        )
    return found


def new_note(project: Project, key: str) -> Created:
    """Create a note on a paper in the bibliography, in the state "to read".

    Raises:
        InputError: the paper is unknown, or its note exists.
    """
    bibliography = Bibliography.of(project)
    if key not in bibliography:
        raise InputError(f"{bibliography.unknown(key)} Notes are on papers in {bibliography.place}; add it there first")
    path = project.root.joinpath(*project.packages[0].split(".")) / "papers" / "notes" / f"{key}.md"
    _write(project, path, filled(FOLDER / "note.md.txt", {"topic": bibliography[key].topic or "Further"}))
    return Created(path, ("read the paper, write the summary, and set its state and your confidence",))


def new_experiment(project: Project, name: str) -> Created:
    """Create an experiment with that name, in its own file.

    Raises:
        InputError: the name is not a valid function name, or is taken.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise InputError(f"{name!r}: an experiment is a function; use lower-case letters, digits and underscores")
    if known := Lab(project).experiments.get(name):
        raise InputError(f"{project.relative(known.path)}:{known.line}: the experiment {name} already exists")
    path = project.root.joinpath(*project.experiments.split(".")) / f"{name}.py"
    title = name.replace("_", " ").capitalize()
    _write(project, path, filled(FOLDER / "experiment.py.txt", {"name": name, "title": title}))
    return Created(
        path,
        (
            f"mlblog run {name} --scale smoke: check that it runs",
            f"commit it, then mlblog run {name} --scale small, and commit the records",
            f"read them in a post: from {project.experiments}.{name} import {name}; {name}.runs()",
        ),
    )


def _write(project: Project, path: Path, text: str) -> None:
    if path.exists():
        raise InputError(f"{project.relative(path)}: already exists; nothing was written")
    write_atomically(path, text.encode())
