"""Which parts of the package mlblog are the generator: all but the library, which is code like any blog's own.

This is the one place that says so; fingerprints, observation, pages and the audit of the tests take it from here.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parents[2]
#: The parts that are the library, by their names below `mlblog`.
LIBRARY = frozenset(
    {"claims", "classical", "data", "experiments", "figures", "losses", "models", "numerics", "training"}
)
#: The parts that are the generator.
PARTS = frozenset(
    path.stem for path in FOLDER.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()
) - {"__init__", *LIBRARY}
