"""The command line: thin commands on top of the lab, the press and the goals.

Modules are imported where a command needs them: `mlblog` starts without torch, MkDocs or IPython.
"""

from mlblog.cli import begin, goals, pages, records, rename, results, run  # noqa: F401  # each adds its commands to main
from mlblog.cli.frame import main

__all__ = ["main"]
