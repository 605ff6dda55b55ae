"""The options of the plugin."""

from __future__ import annotations

from mkdocs.config import config_options
from mkdocs.config.base import Config

from mlblog.integrations.records import EXPERIMENTS


class PluginConfig(Config):  # type: ignore[no-untyped-call]  # MkDocs has partial types
    """Options of the plugin in `mkdocs.yml`."""

    #: Runs during a build: `auto` at full scale if there is a GPU, `always` also small on a CPU, `never` none.
    experiments = config_options.Choice(EXPERIMENTS, default="auto")
    #: Whether to keep what earlier builds have computed, in place of parts of MkDocs and Material; pages are the same.
    speedup = config_options.Type(bool, default=True)
    #: Whether templates, style sheets, scripts and fonts are those that come with mlblog.
    design = config_options.Type(bool, default=False)
    #: Whether each page has a Markdown twin beside it, and the site an `llms.txt`.
    markdown = config_options.Type(bool, default=True)
