"""Templates of pages that have been compiled before are not compiled again."""

from __future__ import annotations

import contextlib
import shutil
import sys
from pathlib import Path

from jinja2 import Environment, FileSystemBytecodeCache, TemplateError

from mlblog.files.canonical import digest
from mlblog.lab.running.environment import version

# what filters and tests of these make of a constant depends on it alone; Material's dates take none
_PURE = {"_operator", "builtins", "jinja2", "markupsafe", "material", "mkdocs"}
_LIBRARIES = ("Jinja2", "MarkupSafe", "mkdocs", "mkdocs-material")


def keep_compiled(env: Environment, folder: Path) -> bool:
    """Let `env` keep what it compiles below `folder`, by the text of each template.

    Jinja applies filters to constants when it compiles. One that a hook has added may give something else the next
    time: then nothing is kept.

    Returns:
        Whether nothing had been kept there.
    """
    functions = (*env.filters.values(), *env.tests.values())
    if not _PURE.issuperset(str(function.__module__).split(".")[0] for function in functions):
        return False
    libraries = [f"{name} {version(name)}" for name in _LIBRARIES]
    here = folder / digest("templates", sys.version, *libraries, *sorted(env.extensions))
    is_new = not here.is_dir()
    if is_new:
        shutil.rmtree(folder, ignore_errors=True)  # what another Jinja left
        here.mkdir(parents=True)
    env.bytecode_cache = FileSystemBytecodeCache(str(here))
    return is_new


def compile_all(env: Environment, folder: Path) -> None:
    """Compile every template that `env` knows, if nothing has been kept below `folder`."""
    if keep_compiled(env, folder):
        for name in env.list_templates(extensions=["html"]):
            with contextlib.suppress(TemplateError):  # what is wrong with it is said where it is used
                env.get_template(name)
