"""How long building takes: against MkDocs with Material on the same pages, and against other builders, in one run.

    python benchmarks/press.py [--cores 2] [--posts 50] [--repeats 5] [--large 1000] [--save 500] [--slope 50 1000]
        [--peers DIR [--only NAME …]] [--json]

All times are wall seconds of whole processes, medians over the repeats; ratios are medians of ratios of neighbouring
runs, so that a machine shared with others skews them less. A time counts only if the page then shows what the source
says. With `--peers DIR`, other builders are installed from the package index below DIR (kept for the next time) and
measured on the same corpus; those that start a process for each post take minutes. Everything runs on the cores that
each row states; peers use as many processes as is said beside them.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import corpus
from peers import PEERS, Peer
from results import Report
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


def peer_times(
    peer: Peer, cache: Path, folder: Path, count: int, ours: Ours, repeats: int
) -> tuple[float, float, float, float, str]:
    """Seconds of cold builds of a peer, their ratio to ours, taken in turn, seconds of warm and edited builds.

    The last says whether the page shows an edit of the module that a post imports.
    """
    programs, root = peer.install(cache), folder / peer.name
    peer.write(root, count)
    name = corpus.slug(POST)
    names = {"post": name, "post_": name.replace("-", "_")}
    source, page = root / peer.source.format(**names), root / peer.page.format(**names)
    command = (str(programs / peer.command[0]), *peer.command[1:])
    path = os.pathsep.join([str(programs), os.environ["PATH"]])

    def build() -> float:
        # what the packages that all share have installed beside themselves: templates, kernels
        return timed(command, root, PATH=path, PYTHONPATH=str(root), JUPYTER_PATH=f"{sys.prefix}/share/jupyter")

    cold, ratios = [], []
    for _ in range(1 if peer.isolates else repeats):  # which would take minutes each time
        peer.forget(root)
        cold.append(build())
        ratios.append(cold[-1] / ours.cold())
    warm = build()
    tag = raised(source, "tag")
    edited = build()
    if not shows(page, f"tagvalue={tag * 1000 + POST}"):
        edited = float("nan")
    gain = raised(root / f"corpus/gain_{POST:04d}.py", "GAIN")
    build()
    return median(cold), median(ratios), warm, edited, "shown" if shows(page, f"gainvalue={gain * 1000}") else "stale"


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cores", type=int, default=2, help="how many cores everything may use")
    parser.add_argument("--posts", type=int, nargs="*", default=[50, 200])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--large", type=int, default=0, metavar="POSTS", help="also compile so many posts, warm")
    parser.add_argument("--save", type=int, nargs="*", default=[], metavar="POSTS", help="also from saving to the page")
    parser.add_argument("--slope", type=int, nargs=2, metavar=("FEW", "MANY"), help="also compare two cold builds")
    parser.add_argument("--prints", type=int, default=0, metavar="LINES", help="also a cell that prints so many lines")
    parser.add_argument("--peers", type=Path, metavar="DIR", help="also measure others, installed below DIR")
    parser.add_argument("--only", nargs="+", choices=list(PEERS), default=list(PEERS))
    parser.add_argument("--json", action="store_true", help="one document, for benchmarks/results.py")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))[: options.cores]
    os.sched_setaffinity(0, cores)  # what is started from here has no more
    section = "peers" if options.peers else "saving" if options.save else "press"
    report = Report(section, ("what", "measured", "aim"), as_json=options.json)
    with tempfile.TemporaryDirectory() as name:
        tell_all(options, Path(name), report)
    report.end()


def tell_all(options: argparse.Namespace, folder: Path, report: Report) -> None:
    """Measure what was asked for."""
    for count in options.posts:
        tell_builds(Ours(folder / f"{count}", count), count, options.repeats, folder, report)
    for count in options.save:
        for what, seconds in saving(folder, count, options.repeats).items():
            report.say(f"{count} posts: save to page, {what}", f"{seconds:.2f} s")
    if options.large:
        seconds, peak = large(folder, options.large, options.repeats)
        report.say(f"{options.large} posts: our part, nothing changed", f"{seconds:.2f} s", "at most 1.5 s")
        report.say(f"{options.large} posts: peak memory of it", f"{peak:.0f} MiB", "at most 300 MB")
    if options.slope:
        few, many, exponent = slope(folder, *options.slope)
        told = f"{few:.1f} and {many:.1f} s, exponent {exponent:.2f}"
        report.say(f"{options.slope[0]} and {options.slope[1]} posts: cold", told, "0.9 to 1.1")
    if options.prints:
        report.say(f"a cell that prints {options.prints} lines: cold", f"{printing(folder, options.prints):.2f} s")
    if options.peers:
        count = options.posts[0]
        ours = Ours(folder / "beside-peers", count)
        for peer in (PEERS[name] for name in options.only):
            cold, ratio, warm, edited, module = peer_times(peer, options.peers, folder, count, ours, options.repeats)
            told = f"cold {cold:.1f} s, {ratio:.2f} times ours, warm {warm:.2f} s, a cell {edited:.2f} s"
            told += f", an imported module: {module}"
            report.say(f"{count} posts: {peer.name}, {peer.processes}", told, "8" if peer.isolates else "1")


def tell_builds(ours: Ours, count: int, repeats: int, folder: Path, report: Report) -> None:
    """Measure builds of one corpus."""
    found = measure(ours, repeats)
    report.say(f"{count} posts: MkDocs alone on the finished pages", f"{found['plain']:.2f} s")
    report.say(f"{count} posts: cold", f"{found['cold']:.2f} s")
    report.say(f"{count} posts: nothing changed", with_ratio(found, "warm"), "at most 1.05 times")
    report.say(f"{count} posts: the cells of one post alone", f"{found['cells alone']:.2f} s")
    least = found["warm"] + found["cells alone"]
    for name, what in (("cell", "a cell"), ("module", "an imported module")):
        for way in (name, f"{name}, waiting"):
            told = f"{with_ratio(found, way)}, {found[way] - least:+.2f} s"
            after = ", process kept from the last build" if way != name else ""
            report.say(f"{count} posts: {what} edited{after}", told, "warm + the cells + 0.15 s")
    told = f"{with_ratio(found, 'shared')}, {found['shared'] - least:+.2f} s"
    report.say(f"{count} posts: what one post uses of a module that all import, edited", told)
    cold, warm = imports(ours, folder)
    report.say(f"{count} posts: imports of torch, cold and warm", f"{cold} and {warm}", "1 and 0")


def with_ratio(found: dict[str, float], name: str) -> str:
    """Seconds, and how they compare with MkDocs alone."""
    return f"{found[name]:.2f} s, {found[f'{name}/plain']:.2f} times"


if __name__ == "__main__":
    main()
