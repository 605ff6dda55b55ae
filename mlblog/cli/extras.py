"""Which extra of mlblog brings a library that a command needs."""

from __future__ import annotations

import re
from importlib import metadata

# modules that are not called as their distributions are
_DISTRIBUTIONS = {
    "IPython": "ipython",
    "PIL": "pillow",
    "griffe": "griffelib",
    "material": "mkdocs-material",
    "mkdocs_jupyter": "mkdocs-jupyter",
    "mkdocs_redirects": "mkdocs-redirects",
    "mkdocs_rss_plugin": "mkdocs-rss-plugin",
    "quickjs": "quickjs-ng",
    "pymdownx": "pymdown-extensions",
    "yaml": "pyyaml",
}
_BROUGHT_ALONG = {"jinja2": "mkdocs", "markdown": "mkdocs", "markupsafe": "mkdocs", "pillow": "matplotlib"}
_REQUIREMENT = re.compile(r"^([\w.-]+).*extra == ['\"]([\w-]+)['\"]")
_ORDER = ("site", "torch")  # before others, where several bring the same


def extra_for(module: str) -> str:
    """The extra that brings a module; empty if none does."""
    name = module.partition(".")[0]
    distribution = _DISTRIBUTIONS.get(name, name).lower()
    wanted = _BROUGHT_ALONG.get(distribution, distribution)
    found = [match for line in metadata.requires("mlblog") or () if (match := _REQUIREMENT.match(line))]
    extras = {match[2] for match in found if match[1].lower() == wanted} - {"dev", "refs"}
    return min(extras, key=lambda extra: (extra not in _ORDER, extra), default="")
