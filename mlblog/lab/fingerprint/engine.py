"""Which parts of the package mlblog are the generator: all but the library, which is code like any blog's own."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parents[2]
_LIBRARY = {"claims", "classical", "data", "experiments", "figures", "losses", "models", "numerics", "training"}
#: The parts that are the generator, by their names below `mlblog`.
PARTS = frozenset(
    path.stem for path in FOLDER.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()
) - {"__init__", *_LIBRARY}
