"""`python -m mlblog` is `mlblog`."""

from mlblog.cli import main

main()
