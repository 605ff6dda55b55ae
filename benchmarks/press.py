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
import os
import sys
import tempfile
from pathlib import Path
from statistics import median

import corpus
from building import POST, Ours, imports, large, measure, printing, raised, saving, shows, slope, timed
from peers import PEERS, Peer
from results import Report


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
