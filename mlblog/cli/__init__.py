"""The command line: thin commands on top of the lab, the press and the goals.

Modules are imported where a command needs them: `mlblog` starts without torch, MkDocs or IPython.
"""

import sys

if sys.platform == "win32":  # processes are forked, their memory limited: neither is possible there
    sys.exit("mlblog: runs on Linux and macOS; on Windows use WSL (https://learn.microsoft.com/windows/wsl/install)")

from mlblog.cli import begin, goals, pages, records, rename, results, run  # noqa: F401  # each adds its commands to main
from mlblog.cli.frame import main

__all__ = ["main"]
