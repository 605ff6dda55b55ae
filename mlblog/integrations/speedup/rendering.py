"""In live preview, render a page again only if the input of its template has changed.

The rest of the build is unchanged: plugins still process pages, contexts and rendered output. This is
off if a template might read untracked input: the text of other pages, the clock, random numbers.
"""

from __future__ import annotations

import functools
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import Environment, Template, meta, nodes

from mlblog.files.canonical import digest
from mlblog.files.remembered import Remembered
from mlblog.integrations.speedup import hosts
from mlblog.integrations.speedup.telling import Teller, Unknown

log = logging.getLogger("mkdocs.plugins.mlblog")

#: Context variables that need no tracking: they follow from others, or `bounded` keeps templates from using them.
_FOLLOWS = {"build_date_utc", "pages", "mkdocs_version"}
_FUNCTIONS = {"_operator", "builtins", "gettext", "jinja2", "markupsafe", "material", "mkdocs"}
# names that custom templates must not use: random numbers, the clock, other pages and their text
_NEVER_NAMES = {"build_date_utc", "lipsum", "pages"}
_NEVER = {"active", "excerpt", "file", "pages", "plugins", "posts", "update_date", "views"}
_OWN = {"content", "markdown", "toc"}
_BY_NAME = {"attr", "groupby", "map", "max", "min", "random", "rejectattr", "selectattr", "sort", "sum", "unique"}


def remember(env: Environment, config: Any, rendered: Remembered) -> bool:
    """Make `env` render pages only if they are not in `rendered`.

    Returns:
        Whether that is safe with these plugins and templates.
    """
    if doubt := _doubt(env, config):
        log.info("mlblog: every save renders all pages: %s", doubt)
        return False
    custom = [Path(folder) for folder in config.theme.dirs if not _is_packaged(folder)]
    sources = digest("templates", *_texts(custom, skip=()))
    is_bounded = functools.cache(functools.partial(bounded, env, custom))

    teller = Teller()

    @functools.cache
    def around(nav: Any) -> str:
        return digest("around", sources, json.dumps([teller.tell(dict(config)), teller.navigation(nav)]))

    class Remembering(Template):
        """A template that caches rendered pages."""

        def render(self, *args: Any, **kwargs: Any) -> str:
            def make() -> str:
                return super(Remembering, self).render(*args, **kwargs)

            context = args[0] if args else {}
            if context.get("page") is None or not is_bounded(self.name):
                return make()
            try:
                told = json.dumps(_tell_context(teller, context))
                key = digest("page", str(self.name), around(context["nav"]), told)
            except Unknown as unknown:
                log.debug("mlblog: %s is not cached: its context contains a %s", context["page"].url, unknown)
                return make()
            return str(rendered.get(key, make))

    env.template_class = Remembering
    return True


def _tell_context(teller: Teller, context: Any) -> list[Any]:
    told: list[Any] = [teller.page(context["page"])]
    for name, value in context.items():
        if name in _FOLLOWS or name in ("config", "nav", "page"):
            continue
        if name == "posts":
            told.append([name, *map(teller.excerpt, value)])
        elif name == "pagination":  # follows from the page's position in its list
            told.append([name, bool(value)])
        else:
            told.append([name, teller.tell(value)])
    return told


def _doubt(env: Environment, config: Any) -> str:
    """Why rendered pages cannot be cached; empty if they can."""
    for event in ("page_context", "post_page"):
        for handler in config.plugins.events[event]:
            module = str(getattr(handler, "__module__", ""))
            if not f"{module}.".startswith(hosts.HANDLERS):
                return f"the effect of {module} on them is unknown"
    functions = (*env.filters.values(), *env.tests.values(), *filter(callable, env.globals.values()))
    for function in functions:
        module = str(getattr(function, "__module__", None) or type(function).__module__)
        if module.split(".")[0] not in _FUNCTIONS:
            return f"{module} adds an unknown template function"
    packaged = [Path(folder) for folder in config.theme.dirs if _is_packaged(folder)]
    if digest("templates", *_texts(packaged, skip=(".icons", "assets"))) != hosts.TEMPLATES:
        return "this version of Material has unknown templates"
    return ""


def bounded(env: Environment, custom: list[Path], name: str) -> bool:
    """Whether the template `name` can only show tracked input.

    Only templates below the folders `custom` are checked, including overrides of the theme, which
    any other template may use.
    """
    seen: set[str] = set()
    due = [name, *_standing_in(env, custom)]
    while due:
        name = due.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            text, path, _ = env.loader.get_source(env, name)  # type: ignore[union-attr]  # a site always has a loader
        except jinja2.TemplateError:
            return False
        if path is None or not any(Path(path).is_relative_to(folder) for folder in custom):
            continue
        tree = env.parse(text)
        if not _is_modest(tree):
            return False
        for other in meta.find_referenced_templates(tree):
            if other is None:
                return False
            due.append(other)
    return True


def _standing_in(env: Environment, custom: list[Path]) -> Iterator[str]:
    """Custom templates that override one of the theme, such as `main.html`."""
    for folder in custom:
        for path in folder.rglob("*.html"):
            name = path.relative_to(folder).as_posix()
            if sum((Path(place) / name).is_file() for place in _folders(env)) > 1 and name != "404.html":
                yield name


def _is_modest(tree: nodes.Template) -> bool:
    for name in tree.find_all(nodes.Name):
        if name.name in _NEVER_NAMES or (name.name == "page" and name.ctx != "load"):
            return False
    if any(filtered.name in _BY_NAME for filtered in tree.find_all((nodes.Filter, nodes.Test))):
        return False
    asked = {id(operand.expr) for operand in tree.find_all(nodes.Operand)}  # tests for the presence of a plugin
    taken = (node for node in tree.find_all((nodes.Getattr, nodes.Getitem)) if id(node) not in asked)
    return all(map(_is_told, taken))


def _is_told(node: nodes.Expr) -> bool:
    if isinstance(node, nodes.Getattr):
        name: Any = node.attr
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        name = node.arg.value
    else:
        return isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Slice)
    is_own = isinstance(node.node, nodes.Name) and node.node.name in ("page", "post")
    return name not in _NEVER and (is_own or name not in _OWN)


def _texts(folders: list[Path], skip: tuple[str, ...]) -> Iterator[bytes]:
    """Names and contents of the files below `folders`."""
    for folder in folders:
        for top, below, names in os.walk(folder):
            below[:] = sorted(name for name in below if name not in (*skip, "__pycache__"))
            for path in (Path(top, name) for name in sorted(names)):
                yield path.relative_to(folder).as_posix().encode()
                yield path.read_bytes()


def _is_packaged(folder: str) -> bool:
    return Path(folder).parts[-2:] in (("material", "templates"), ("mkdocs", "templates"))


def _folders(env: Environment) -> list[str]:
    return list(getattr(env.loader, "searchpath", ()))
