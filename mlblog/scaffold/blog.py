"""Create a blog in an empty folder, ready to build, with one post and one recorded experiment."""

from __future__ import annotations

import keyword
import re
import sys
from datetime import date
from pathlib import Path

from mlblog.errors import InputError, MlblogError, ProjectError
from mlblog.files.atomic import write_atomically
from mlblog.lab import Lab, Project
from mlblog.lab.running.executors.inline import InlineExecutor
from mlblog.scaffold.source import source
from mlblog.scaffold.template import blog_files
from mlblog.scaffold.upgrade import RECORD, record


def new_blog(folder: Path, package: str, today: date) -> Project:
    """Create a blog in `folder`, and record its experiment at smoke scale.

    Args:
        folder: created if missing; must be empty.
        package: name of its package; by default derived from the folder's name.
        today: date of its post.

    Raises:
        InputError: the folder is not empty or inside another blog, or the package name is invalid.
        MlblogError: its experiment failed.
    """
    folder = folder.absolute()
    name = package or re.sub(r"\W+", "_", folder.name.casefold(), flags=re.ASCII).strip("_")
    _check(folder, name)
    origin = source()
    words = folder.name.replace("_", " ").replace("-", " ").strip()
    values = {
        "package": name,
        "project": re.sub(r"_+", "-", name),
        "title": words[:1].upper() + words[1:] if re.fullmatch(r"[\w ]+", words) else name,
        "requirement": origin.requirement,
        "date": today.isoformat(),
    }
    files = blog_files(values)
    for path, text in files.items():
        write_atomically(folder / path, text.encode())
    write_atomically(folder / RECORD, record(values, files))
    origin.copy_into(folder)
    project = Project.find(folder)
    _record(project)
    return project


def _check(folder: Path, name: str) -> None:
    if folder.is_dir() and any(folder.iterdir()):
        raise InputError(f"{folder}: not empty; choose a new folder")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise InputError(f"{name!r}: not a valid package name; give one: mlblog init {folder.name} --package my_blog")
    if name == "mlblog" or name in sys.stdlib_module_names:
        raise InputError(f"{name!r}: taken by a Python module; choose another name with --package")
    try:
        outer = Project.find(folder)
    except ProjectError:
        return
    raise InputError(f"{folder}: inside the blog {outer.root}; choose a folder outside of it")


def _record(project: Project) -> None:
    lab = Lab(project)
    jobs = lab.plan(key for name in lab.experiments for key in lab.keys_of(name, "smoke"))
    for outcome in lab.run(jobs, InlineExecutor(project)):
        if outcome.error is not None:
            raise MlblogError(f"{project.root}: the blog was created, but its experiment failed: {outcome.error}")
