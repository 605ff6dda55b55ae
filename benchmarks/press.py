"""How long building takes: against MkDocs with Material on the same pages, and against other builders, in one run.

    python benchmarks/press.py [--posts 50] [--repeats 5] [--large 1000] [--peers DIR [--only NAME …]]

All times are wall seconds of whole processes, medians over the repeats; ratios are medians of ratios of neighbouring
runs, so that a machine shared with others skews them less. A time counts only if the page then shows what the source
says. With `--peers DIR`, other builders are installed from the package index below DIR (kept for the next time) and
measured on the same corpus; those that start a process for each post take minutes.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from statistics import median

import corpus
from peers import PEERS, Peer

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
    names = ("plain", "warm", "cell", "module", "cell, waiting", "module, waiting", "cells alone")
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


def latency(root: Path, source: Path, repeats: int) -> float:
    """Seconds from saving a post to its new page being served by `mkdocs serve`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/blog/{corpus.slug(POST)}/"
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "MPLBACKEND": "agg"}
    command = (*MKDOCS, "serve", "--livereload", "-q", "-a", f"127.0.0.1:{port}")
    process = subprocess.Popen(
        command, cwd=root, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        wait_for(url, "tagvalue=")
        times = []
        for _ in range(repeats + 1):
            time.sleep(2)
            text = source.read_text(encoding="utf-8")
            if source.is_relative_to(root / "posts_src"):
                expected = f"tagvalue={raised(source, 'tag') * 1000 + POST}"
                start = time.perf_counter()
            else:  # the output stands in the page
                old = int(re.search(r"tagvalue=(\d+)", text)[1])
                expected = f"tagvalue={old + 1000}"
                start = time.perf_counter()
                source.write_text(text.replace(f"tagvalue={old}", expected), encoding="utf-8")
            wait_for(url, expected)
            times.append(time.perf_counter() - start)
        return median(times[1:])  # the first save after the start is slower, whoever serves
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(30)


def wait_for(url: str, text: str, limit: float = 300) -> None:
    """Poll a page until it holds a text."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=limit) as answer:
                if text in answer.read().decode():
                    return
        except (urllib.error.URLError, ConnectionError):
            pass
        time.sleep(0.02)
    raise SystemExit(f"{url} did not show {text} within {limit:.0f} s")


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
    parser.add_argument("--posts", type=int, nargs="+", default=[50, 200])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--large", type=int, default=0, metavar="POSTS", help="also compile so many posts, warm")
    parser.add_argument("--peers", type=Path, metavar="DIR", help="also measure others, installed below DIR")
    parser.add_argument("--only", nargs="+", choices=list(PEERS), default=list(PEERS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpora: dict[int, Ours] = {}
        print("| what | measured | target |\n|---|---|---|")
        for count in options.posts:
            ours = corpora[count] = Ours(folder / f"{count}", count)
            found = measure(ours, options.repeats)
            say(f"{count} posts: MkDocs alone on the finished pages", f"{found['plain']:.2f} s", "")
            say(f"{count} posts: cold", f"{found['cold']:.2f} s", "")
            say(f"{count} posts: nothing changed", with_ratio(found, "warm"), "at most 1.05 times")
            say(f"{count} posts: the cells of one post alone", f"{found['cells alone']:.2f} s", "")
            least = found["warm"] + found["cells alone"]
            for name, what in (("cell", "a cell"), ("module", "an imported module")):
                for way in (name, f"{name}, waiting"):
                    told = f"{with_ratio(found, way)}, {found[way] - least:+.2f} s"
                    after = ", process kept from the last build" if way != name else ""
                    say(f"{count} posts: {what} edited{after}", told, "warm + the cells + 0.15 s")
            cold, warm = imports(ours, folder)
            say(f"{count} posts: imports of torch, cold and warm", f"{cold} and {warm}", "1 and 0")
            if count == options.posts[0]:
                exported = ours.plain / f"docs/blog/posts/{corpus.slug(POST)}.md"
                floor = latency(ours.plain, exported, options.repeats)
                mine = latency(ours.root, ours.post, options.repeats)
                say(f"{count} posts: save to page, MkDocs alone", f"{floor:.2f} s", "")
                say(f"{count} posts: save to page, a cell edited", f"{mine:.2f} s", f"at most {floor + 0.2:.2f} s")
        if options.large:
            seconds, peak = large(folder, options.large, options.repeats)
            say(f"{options.large} posts: our part, nothing changed", f"{seconds:.2f} s", "at most 1.5 s")
            say(f"{options.large} posts: peak memory of it", f"{peak:.0f} MiB", "at most 300 MB")
        if options.peers:
            for peer in (PEERS[name] for name in options.only):
                count = options.posts[0]
                cold_s, ratio, warm_s, edited, module = peer_times(
                    peer, options.peers, folder, count, corpora[count], options.repeats
                )
                told = f"cold {cold_s:.1f} s, {ratio:.2f} times ours, warm {warm_s:.2f} s, a cell {edited:.2f} s"
                say(
                    f"{count} posts: {peer.name}",
                    f"{told}, an imported module: {module}",
                    "8" if peer.isolates else "1",
                )


def with_ratio(found: dict[str, float], name: str) -> str:
    """Seconds, and how they compare with MkDocs alone."""
    return f"{found[name]:.2f} s, {found[f'{name}/plain']:.2f} times"


def say(what: str, measured: str, target: str) -> None:
    """Print a row as soon as it is known."""
    print(f"| {what} | {textwrap.shorten(measured, 200)} | {target} |", flush=True)


if __name__ == "__main__":
    main()
