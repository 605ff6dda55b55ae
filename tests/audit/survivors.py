"""Do the tests see what goes wrong? Mutants of the library and of the experiments, and those that no test kills.

`python tests/audit/survivors.py [--count 400] [--seed 1] [--within REGEX] [--parts 2] [--survivors]` prints progress,
the share of mutants that are killed, and those that survive with the reason that `survivors.toml` gives. What was found
is kept in `.mlblog/mutants.jsonl`: a mutant that was killed is tried again when one of the files changes that the test
ran, one that survived when any code or test does. `--survivors` tries only those again that survived last time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent / "lab")]

from chosen import PARTS, Known, chosen, every, listed  # noqa: E402
from killing import copied  # noqa: E402


def state(root: Path, on: list[str] | None = None) -> str:
    """A digest of all code that is mutated and of all tests that may kill it.

    What was found for a mutant that survived, or that ended otherwise than in a test, rests on all of this. What killed
    one rests on the files that the test ran, `on`, and on what tests share.
    """
    digest = hashlib.blake2b((HERE / "killing.py").read_bytes(), digest_size=10)
    folders = [root / "mlblog" / part for part in PARTS]
    folders += [root / "tests" / part for part in (*PARTS, "library", "edges")]
    for file in sorted(one for folder in folders for one in folder.rglob("*.py")):
        name = file.relative_to(root).as_posix()
        shared = name.startswith("tests/") and not file.name.startswith("test_")
        if not on or shared or name in on:
            digest.update(f"{name}\n".encode() + file.read_bytes())
    return digest.hexdigest()


def tried(root: Path, mutants: list[Known], kept: Path, *, parts: int) -> list[dict[str, Any]]:
    """Try `mutants` in `parts` processes, those left out that need not be tried again; return the lines."""
    found = {}
    lines = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()] if kept.is_file() else []
    names, states = {one.name for one in mutants}, cache(lambda *on: state(root, [*on]))
    for line in lines:
        if line["name"] in names and line["state"] == states(*line["on"]):
            found[line["name"]] = line
    left = [one.name for one in mutants if one.name not in found]
    left.sort(key=lambda name: hashlib.blake2b(name.encode()).digest())  # a run cut short has tried some of each kind
    with tempfile.TemporaryDirectory(prefix="mutants") as folder, kept.open("a", encoding="utf-8") as file:
        if left:
            source = copied(root, Path(folder) / "source")  # whatever is edited meanwhile
            reach = kept.with_name(f"reach-{state(source)}.json")
            if not reach.is_file() and _process(["reach", str(source), f"{folder}/all", str(reach)]).wait():
                raise SystemExit("what the tests reach is not known; see above")
            children = []
            for part in range(parts):
                (Path(folder) / f"{part}.json").write_text(json.dumps(left[part::parts]), encoding="utf-8")
                command = ["try", str(source), f"{folder}/{part}", str(reach), f"{folder}/{part}.json"]
                children.append(_process(command, output=Path(folder) / f"{part}.jsonl"))
            _follow(children, [Path(folder) / f"{part}.jsonl" for part in range(parts)], found, file, source, len(left))
            assert not any(child.wait() for child in children), "a process that tried mutants has failed; see above"
    return [found[one.name] for one in mutants]


def _process(arguments: list[str], output: Path | None = None) -> subprocess.Popen[bytes]:
    paths = [str(HERE), str(HERE.parent / "lab")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    command = [sys.executable, __file__, "--worker", *arguments]
    if output is None:
        return subprocess.Popen(command, env=environment)
    with output.open("wb") as said:
        return subprocess.Popen(command, env=environment, stdout=said)


def _follow(
    children: list[subprocess.Popen[bytes]],
    outputs: list[Path],
    found: dict[str, Any],
    kept: Any,
    source: Path,
    total: int,
) -> None:
    """Collect lines as they come, and show how far it is."""
    read, done, started = [0] * len(outputs), 0, time.monotonic()
    running = True
    while running:
        running = any(child.poll() is None for child in children)
        for number, output in enumerate(outputs):
            lines = output.read_text(encoding="utf-8").splitlines(keepends=True)
            for text in lines[read[number] :]:
                if not text.endswith("\n"):
                    break
                read[number] += 1
                line = json.loads(text)
                line["state"] = state(source, line["on"])
                found[line["name"]] = line
                kept.write(json.dumps(line) + "\n")
                kept.flush()
                done += 1
                minutes = (time.monotonic() - started) / 60
                mark = "" if line["by"] else f"  survived: {line['name']}"
                if mark or done % 20 == 0 or done == total:
                    print(f"{done:5} of {total}, {minutes:.1f} min{mark}", flush=True)
        time.sleep(0.2)


def report(lines: list[dict[str, Any]]) -> float:
    """Print what was found, and what `survivors.toml` says of it; return the share that was killed."""
    groups: dict[str, list[bool]] = {}
    for line in lines:
        group = "experiments" if line["name"].startswith("mlblog/experiments/") else "library"
        if group == "experiments" and line["kind"] == "other part":
            group = "experiments that take another part of the data"
        groups.setdefault(group, []).append(bool(line["by"]))
    groups["together"] = [bool(line["by"]) for line in lines]
    for group, dead in groups.items():
        print(f"{group}: {sum(dead)} of {len(dead)} killed, {sum(dead) / len(dead):.1%}")
    reasons = listed()
    for line in lines:
        if not line["by"]:
            print(f"  survived {line['tests']} tests: {line['name']}\n    {reasons.get(line['name'], 'NOT LISTED')}")
    return sum(groups["together"]) / len(lines)


def main() -> None:
    """Try mutants, and print what survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--within", default="")
    parser.add_argument("--parts", type=int, default=2)
    parser.add_argument("--survivors", action="store_true")
    arguments = parser.parse_args()
    kept = ROOT / ".mlblog" / "mutants.jsonl"
    kept.parent.mkdir(exist_ok=True)
    mutants = chosen(ROOT, arguments.count, arguments.seed, arguments.within)
    if arguments.survivors:
        last = {line["name"]: line["by"] for line in map(json.loads, kept.read_text(encoding="utf-8").splitlines())}
        mutants = [one for one in mutants if not last.get(one.name, "never tried")]
    report(tried(ROOT, mutants, kept, parts=arguments.parts))


def worker(task: str, root: Path, folder: Path, reach: Path, names: str = "") -> None:
    """Be one of the processes: find what the tests reach, or try some mutants."""
    from killing import killed, reached, warm_up

    copy = copied(root, folder)
    warm_up(copy)
    if task == "reach":
        reach.write_text(json.dumps(reached(copy)), encoding="utf-8")
    else:
        known, wanted = json.loads(reach.read_text(encoding="utf-8")), json.loads(Path(names).read_text("utf-8"))
        by_name = {one.name: one for one in every(copy)}
        for name in wanted:
            print(json.dumps(killed(copy, by_name[name], known)), flush=True)
    shutil.rmtree(copy)


if __name__ == "__main__":
    if "--worker" in sys.argv:
        _, _, _task, _root, _folder, _reach, *_names = sys.argv
        worker(_task, Path(_root), Path(_folder), Path(_reach), *_names)
    else:
        main()
