"""What `press.py` times: builds of the corpus as our project, after edits, large, and served."""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import corpus
from saving import MKDOCS as SERVED
from saving import ZENSICAL, latency, replaced

POST = 3
MKDOCS = (sys.executable, "-m", "mkdocs")
# reports each import of torch, in whatever process: a finder that finds nothing
COUNTER = """
import os, sys
class Counter:
    def find_spec(self, name, path=None, target=None):
        frame = sys._getframe()
        while frame is not None and frame.f_code.co_name != "_find_and_load":  # or somebody only asks where it is
            frame = frame.f_back
        if name == "torch" and frame is not None:
            with open(os.environ["TORCH_IMPORTS"], "a") as file:
                file.write("torch ")
sys.meta_path.insert(0, Counter())
"""
COMPILE = """
import resource, time
start = time.perf_counter()
from mlblog.lab import Project
from mlblog.site import compile_site
imported, done = time.perf_counter(), compile_site(Project.find())
assert not done.errors, done.errors
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(time.perf_counter() - imported, imported - start, peak, len(done.ran))
"""
CELLS = """
import sys, time
from pathlib import Path
from mlblog.lab import Project
from mlblog.press import Server, parse_post
post = parse_post(Path(sys.argv[1]).read_bytes(), sys.argv[1])
with Server(Project.find()) as server:
    server.run(post)
    start = time.perf_counter()
    server.run(post)
    print(time.perf_counter() - start)
"""
#: Of builds that leave a process to the next.
WAITING = {"MLBLOG_WARM": "60"}


def timed(command: tuple[str, ...], folder: Path, **extra: str) -> float:
    """Seconds that a command takes, which has to succeed."""
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "MPLBACKEND": "agg", "MLBLOG_EXPERIMENTS": "never"} | extra
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} in {folder} failed:\n{done.stderr[-2000:]}")
    return seconds


def raised(path: Path, name: str) -> int:
    """Raise the number given to `name` in a file; return it. An old value would be found in caches."""
    text = path.read_text(encoding="utf-8")
    number = int(re.search(rf"{name} = (\d+)", text)[1]) + 1
    path.write_text(re.sub(rf"{name} = \d+", f"{name} = {number}", text), encoding="utf-8")
    return number


def shows(page: Path, text: str) -> bool:
    """Whether a built page holds what a cell printed."""
    return text in page.read_text(encoding="utf-8")


class Ours:
    """The corpus as our project, and as the pages that it gives."""

    def __init__(self, folder: Path, count: int) -> None:
        self.root, self.plain = folder / "ours", folder / "plain"
        corpus.ours(self.root, count)
        self.post = self.root / f"posts_src/{corpus.slug(POST)}.md"
        self.page = self.root / f"site/blog/{corpus.slug(POST)}/index.html"
        self.module = self.root / f"corpus/gain_{POST:04d}.py"
        self.shared = self.root / "corpus/scales.py"

    def build(self, **extra: str) -> float:
        """A build with what the last one left."""
        return timed((*MKDOCS, "build", "-q"), self.root, **extra)

    def build_plain(self) -> float:
        """MkDocs alone on the pages with their outputs."""
        if not self.plain.exists():
            timed((sys.executable, "-m", "mlblog", "export", str(self.plain)), self.root)
        return timed((*MKDOCS, "build", "-q"), self.plain)

    def cold(self) -> float:
        """A build with nothing kept."""
        shutil.rmtree(self.root / ".mlblog", ignore_errors=True)
        return self.build()

    def cells(self) -> float:
        """The cells of one post alone, in a process that has imported everything: what an edit has to pay at least."""
        command = (sys.executable, "-c", CELLS, str(self.post.relative_to(self.root)))
        return float(subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=True).stdout)

    def after(self, path: Path, name: str, shown: Callable[[int], str], **extra: str) -> float:
        """A build after an edit, which has to show on the page."""
        expected, seconds = shown(raised(path, name)), self.build(**extra)
        if not shows(self.page, expected):
            raise SystemExit(f"{self.page} does not show {expected}")
        return seconds


def measure(ours: Ours, repeats: int) -> dict[str, float]:
    """Seconds of each kind of build, and ratios to MkDocs alone, by name."""
    cold = [ours.cold() for _ in range(max(1, repeats // 2))]
    ours.build_plain()
    names = ("plain", "warm", "cell", "module", "shared", "cell, waiting", "module, waiting", "cells alone")
    rows: dict[str, list[float]] = {name: [] for name in names}

    def edited(kind: str, **extra: str) -> float:
        if kind == "cell":
            return ours.after(ours.post, "tag", lambda tag: f"tagvalue={tag * 1000 + POST}", **extra)
        return ours.after(ours.module, "GAIN", lambda gain: f"gainvalue={gain * 1000}", **extra)

    edited("cell", **WAITING)  # starts the process that waits
    for _ in range(repeats):
        rows["plain"].append(ours.build_plain())
        time.sleep(2)  # what was written within two seconds is looked at again
        rows["warm"].append(ours.build())
        for kind in ("cell", "module"):
            rows[kind].append(edited(kind))
            rows[f"{kind}, waiting"].append(edited(kind, **WAITING))
        name = f"SCALE_{POST:04d}"
        rows["shared"].append(ours.after(ours.shared, name, lambda scale: f"scalevalue={scale * 1000}"))
        rows["cells alone"].append(ours.cells())
        ours.build()
    found = {name: median(times) for name, times in rows.items()} | {"cold": median(cold)}
    for name in names[1:-1]:
        found[f"{name}/plain"] = median(mine / floor for mine, floor in zip(rows[name], rows["plain"], strict=True))
    return found


def imports(ours: Ours, folder: Path) -> tuple[int, int]:
    """How often torch is imported in a cold and in a warm build."""
    (folder / "counting").mkdir(exist_ok=True)
    (folder / "counting/sitecustomize.py").write_text(COUNTER, encoding="utf-8")
    path = os.pathsep.join(filter(None, [str(folder / "counting"), os.environ.get("PYTHONPATH", "")]))
    counts = []
    for name in ("cold", "warm"):
        log = folder / f"{name}.imports"
        log.write_text("", encoding="utf-8")
        if name == "cold":
            shutil.rmtree(ours.root / ".mlblog", ignore_errors=True)
        ours.build(PYTHONPATH=path, TORCH_IMPORTS=str(log))
        counts.append(len(log.read_text(encoding="utf-8").split()))
    return counts[0], counts[1]


def large(folder: Path, count: int, repeats: int) -> tuple[float, float]:
    """Seconds and MiB of compiling `count` posts of which nothing has changed: our part of a build."""
    corpus.ours(folder / "large", count)
    timed((sys.executable, "-c", COMPILE), folder / "large")
    runs = []
    for _ in range(repeats):
        command = (sys.executable, "-c", COMPILE)
        done = subprocess.run(command, cwd=folder / "large", capture_output=True, text=True, check=True)
        seconds, _, peak, ran = map(float, done.stdout.split())
        if ran:
            raise SystemExit(f"{ran:.0f} posts ran again")
        runs.append((seconds, peak))
    return median(seconds for seconds, _ in runs), max(peak for _, peak in runs)


def printing(folder: Path, lines: int) -> float:
    """Seconds of a cold build of one post that prints so many lines, one call each."""
    corpus.ours(folder / "printing", 1)
    (post,) = (folder / "printing/posts_src").iterdir()
    cell = f"```python\nfor i in range({lines}):\n    print(f'line {{i}}')\n```\n"
    post.write_text(corpus.front_matter(0) + cell, encoding="utf-8")
    seconds = timed((*MKDOCS, "build", "-q"), folder / "printing")
    if not shows(folder / f"printing/site/blog/{post.stem}/index.html", "line 17\n"):
        raise SystemExit("nothing was printed")
    return seconds


def saving(folder: Path, count: int, repeats: int) -> dict[str, float]:
    """Seconds from a save to its page, of so many posts: a cell on either host, a page of text on MkDocs alone."""
    ours = Ours(folder / f"saving-{count}", count)
    ours.build()
    ours.build_plain()
    path, exported = f"/blog/{corpus.slug(POST)}/", ours.plain / f"docs/blog/posts/{corpus.slug(POST)}.md"
    pattern, before = r"tagvalue=(\d+)", "tagvalue="

    def plain() -> str:
        return replaced(exported, pattern, 1000)

    def cell() -> str:
        return f"tagvalue={raised(ours.post, 'tag') * 1000 + POST}"

    return {
        "MkDocs alone, a page": latency(SERVED, ours.plain, path, plain, repeats, before),
        "MkDocs, a cell": latency(SERVED, ours.root, path, cell, repeats, before),
        "Zensical, a cell": latency(ZENSICAL, ours.root, path, cell, repeats, before),
    }


def slope(folder: Path, few: int, many: int) -> tuple[float, float, float]:
    """Seconds of cold builds of few and of many posts, and the exponent between them: 1 is in proportion."""
    times = [Ours(folder / f"slope-{count}", count).cold() for count in (few, many)]
    return times[0], times[1], math.log(times[1] / times[0]) / math.log(many / few)
