"""How long the lab takes to look at a project: `python benchmarks/lab.py [times] [--json]`.

It prints medians of fresh processes. Fingerprinting is timed inside the process, after its imports, on a generated
project: 100 experiments in 20 files, over 300 modules of about 100 lines that import from each other. Cold: nothing
was read before. Warm: the cache of an earlier process is there, and nothing has changed. The other rows are whole
processes, from their start to their end, on this project.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from results import Report

ROOT = Path(__file__).resolve().parents[1]
MODULES, EXPERIMENTS, FILES = 300, 100, 20

FINGERPRINT = """
import json, sys, time
from pathlib import Path
from mlblog.lab import Code, Project
from mlblog.lab.declared import experiments
started = time.perf_counter()
project = Project.find(Path(sys.argv[1]))
code = Code.of(project)
manifests = [code.manifest(found.qualified) for found in experiments(project, code).values()]
seconds = time.perf_counter() - started
code.save()
print(json.dumps([seconds, len(manifests), sum(map(len, manifests)), "torch" in sys.modules]))
"""

FUNCTION = '''
def {name}(values, *, scale: float = {scale}, steps: int = {steps}) -> list[float]:
    """Transform `values` by what this module and others know.

    Args:
        values: numbers.
        scale: a factor.
        steps: how often.
    """
    found = [float(value) * scale for value in values]
    for step in range(steps):
        shift = {constant} * step + sum(len(str(value)) for value in found) / max(len(found), 1)
        found = [value + shift if value < LIMIT else value - shift for value in found]
        if any(value != value for value in found):
            raise ValueError(f"diverged at step {{step}}")
    {call}
    return [np.tanh(value) for value in found]
'''
CLASS = '''
@dataclass(frozen=True)
class {name}{base}:
    """A layer with a few settings."""

    width: int = {steps}
    rate: float = {scale}
    names: tuple[str, ...] = ("weight", "bias")

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return self.width * len(self.names)

    def __call__(self, values):
        """Apply it."""
        mixed = [self.rate * value + self.shift(place) for place, value in enumerate(values)]
        return {function}(mixed, steps=1)

    def shift(self, place: int) -> float:
        """Return the shift at a place."""
        return math.sin(place / self.width) if place % 2 else TABLE.get(place, self.rate)
'''


def generate(root: Path) -> int:
    """Write the project below `root`; return the number of its lines."""
    draw, lines = random.Random(0), 0
    (root / "pyproject.toml").write_text('[tool.mlblog]\npackages = ["toy"]\n', encoding="utf-8")
    for folder in ("toy", "toy/models", "toy/losses", "toy/data", "toy/experiments"):
        (root / folder).mkdir()
        (root / folder / "__init__.py").write_text('"""A package."""\n', encoding="utf-8")
    names: list[str] = []
    for number in range(MODULES):
        name = f"toy.{draw.choice(['models', 'losses', 'data'])}.m{number:03}"
        text = _module(draw, number, draw.sample(names, min(len(names), draw.choice([0, 1, 2, 3, 4]))))
        (root / f"{name.replace('.', '/')}.py").write_text(text, encoding="utf-8")
        lines += text.count("\n")
        names.append(name)
    for file in range(FILES):
        (root / f"toy/experiments/e{file:02}.py").write_text(_experiments(draw, file, names), encoding="utf-8")
    return lines


def _module(draw: random.Random, number: int, needs: list[str]) -> str:
    imports = [f"from {need} import f{need[-3:]}_0, C{need[-3:]}" for need in needs]
    calls = [f"found = f{need[-3:]}_0(found)" for need in needs] or ["found = sorted(found)"]
    functions = [
        FUNCTION.format(
            name=f"f{number:03}_{k}", scale=draw.random(), steps=draw.randrange(1, 9), constant=draw.random(),
            call=draw.choice(calls),
        )
        for k in range(4)
    ]  # fmt: skip
    base = f"(C{needs[0][-3:]})" if needs and draw.random() < 0.3 else ""
    cls = CLASS.format(
        name=f"C{number:03}", base=base, steps=draw.randrange(1, 64), scale=draw.random(), function=f"f{number:03}_1"
    )
    head = ["import math", "from dataclasses import dataclass", "", "import numpy as np", "", *imports, ""]
    table = ", ".join(f"{key}: {draw.random()}" for key in range(8))
    return "\n".join([*head, f"LIMIT = {draw.random()}", f"TABLE = {{{table}}}", *functions, cls, ""])


def _experiments(draw: random.Random, file: int, names: list[str]) -> str:
    used = draw.sample(names, 8)
    text = ["from mlblog.lab import Run, experiment"]
    text += [f"from {name} import f{name[-3:]}_0, f{name[-3:]}_1, f{name[-3:]}_2, C{name[-3:]}" for name in used]
    for number in range(EXPERIMENTS // FILES):
        mine = draw.sample(used, 3)
        calls = ", ".join(f"{name.rpartition('.')[2]}=f{name[-3:]}_{draw.randrange(3)}([x])" for name in mine)
        text += [
            "", "", "@experiment(smoke=dict(x=1.0), small=dict(x=2.0))",
            f"def experiment_{file:02}_{number}(run: Run, *, x: float, seed: int) -> None:",
            f"    run.save({calls}, last=C{mine[0][-3:]}()([x]))",
        ]  # fmt: skip
    return "\n".join([*text, ""])


def whole(*command: str) -> float:
    """Return the seconds that a process takes."""
    started = time.perf_counter()
    subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    return time.perf_counter() - started


def fingerprints(root: Path, *, warm: bool) -> float:
    """Return the seconds that all fingerprints take in a new process."""
    cache = root / ".mlblog" / "cache" / "code.json"
    if not warm:
        cache.unlink(missing_ok=True)
    command = [sys.executable, "-c", FINGERPRINT, str(root)]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    seconds, experiments, entries, torch = json.loads(printed)
    assert (experiments, torch) == (EXPERIMENTS, False)
    assert entries > 20 * EXPERIMENTS, "the experiments hardly reach anything"
    return float(seconds)


def rows(root: Path) -> Iterator[tuple[str, float | None, Callable[[], float]]]:
    """Yield what is measured: its name, the aim in seconds, and how."""
    yield "fingerprint 100 experiments, cold", 1.0, lambda: fingerprints(root, warm=False)
    yield "fingerprint 100 experiments, warm", 0.15, lambda: fingerprints(root, warm=True)
    yield "mlblog status, whole process", 0.5, lambda: whole(sys.executable, "-m", "mlblog", "status")
    yield "import mlblog, whole process", 0.5, lambda: whole(sys.executable, "-c", "import mlblog")
    yield "python alone, for comparison", None, lambda: whole(sys.executable, "-c", "")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("times", type=int, nargs="?", default=7, help="how often each is measured")
    parser.add_argument("--json", action="store_true", help="one document, for benchmarks/results.py")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        lines = generate(root)
        print(f"{MODULES} modules of {lines // MODULES} lines on average", file=sys.stderr)
        report = Report("lab", ("what", "median", "best", "worst", "aim"), as_json=options.json)
        time.sleep(2.5)  # files younger than two seconds are read again whatever the cache says
        for name, aim, measure in rows(root):
            measure()  # the disk's cache, and the code cache
            seconds = [measure() for _ in range(options.times)]
            found = (statistics.median(seconds), min(seconds), max(seconds))
            report.say(name, *(f"{value:.3f} s" for value in found), "" if aim is None else f"{aim:.2f} s")
        report.end()


if __name__ == "__main__":
    main()
