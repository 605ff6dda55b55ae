"""The fingerprint, tried on real experiments and on a project of odd forms: mutate the code, and see who notices.

`python tests/lab/mutation.py ROOT PROJECT [COUNT [SEED [PARTS]]]` tries COUNT mutants of PROJECT (`blog`, `forms`, or
one part of it: `forms/docs`) with the lab of the checkout ROOT in PARTS processes, and prints what it found: a table,
every record that was called fresh and was not, and which experiments are stale for nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from mutants.table import Line, pairs, table

HERE = Path(__file__).parent


def trial(root: Path, folder: Path, project: str, count: int, seed: int, *, parts: int = 2) -> list[Line]:
    """Try mutants in `parts` processes; return the lines that they print."""
    children = []
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    for part in range(parts):
        own = folder / f"{project.replace('/', '-')}-{part}"
        own.mkdir()
        arguments = (root.resolve(), own, project, count, seed, part, parts)
        command = [sys.executable, "-m", "mutants.trial", *map(str, arguments)]
        children.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
    printed = [child.communicate()[0] for child in children]
    assert not any(child.returncode for child in children), "a process that tried mutants has failed; see above"
    return [json.loads(line) for text in printed for line in text.splitlines()]


def main(root: str, project: str = "forms", count: str = "500", seed: str = "47", parts: str = "2") -> None:
    """Try mutants, and print what was found."""
    with tempfile.TemporaryDirectory() as folder:
        lines = trial(Path(root), Path(folder), project, int(count), int(seed), parts=int(parts))
    found = list(pairs(lines))
    print(table(lines))
    print("\nmissed: the values change, or the run fails, and the record is called fresh")
    print("\n".join(sorted(str(pair) for pair in found if pair.missed)))
    print("\nstale for nothing, by experiment:")
    idle = [pair for pair in found if pair.for_nothing]
    for name, number in Counter(pair.name for pair in idle).most_common(20):
        example = next(pair for pair in idle if pair.name == name)
        print(f"{number:6}  {name}: {example}: {example.why[0]}")


if __name__ == "__main__":
    main(*sys.argv[1:])
