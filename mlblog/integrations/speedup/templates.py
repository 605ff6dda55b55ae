"""Cache of compiled Jinja templates."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from jinja2 import Environment, FileSystemBytecodeCache, TemplateError

from mlblog.files.canonical import digest
from mlblog.files.made_by import made_by

# modules whose filters and tests are pure functions of constants; Material's date filters take no constants
_PURE = {"_operator", "builtins", "jinja2", "markupsafe", "material", "mkdocs"}
_LIBRARIES = ("Jinja2", "MarkupSafe", "mkdocs", "mkdocs-material")


def keep_compiled(env: Environment, folder: Path) -> bool:
    """Let `env` cache compiled templates below `folder`, keyed by their text.

    Jinja applies filters to constants at compile time. A filter added by a hook may not be
    deterministic, in which case nothing is cached.

    Returns:
        Whether the cache was empty.
    """
    functions = (*env.filters.values(), *env.tests.values())
    if not _PURE.issuperset(str(function.__module__).split(".")[0] for function in functions):
        return False
    here = folder / digest("templates", made_by(libraries=_LIBRARIES), *sorted(env.extensions))
    is_new = not here.is_dir()
    if is_new:
        shutil.rmtree(folder, ignore_errors=True)  # left by another version of Jinja
        here.mkdir(parents=True)
    env.bytecode_cache = FileSystemBytecodeCache(str(here))
    return is_new


def compile_all(env: Environment, folder: Path) -> None:
    """Compile every template of `env` into an empty cache below `folder`."""
    if keep_compiled(env, folder):
        for name in env.list_templates(extensions=["html"]):
            with contextlib.suppress(TemplateError):  # the error is reported when the template is used
                env.get_template(name)
