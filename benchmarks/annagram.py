"""Training speed of the pointer transformer against the same network from `torch.nn` modules, as ratios in one run.

    python benchmarks/annagram.py [--scale small] [--device cpu] [--json]

Runs the experiment `anagram_speed` without recording it. Ratios hold for the machine at hand; rates vary with its load.
"""

from __future__ import annotations

import argparse

from results import Report

from mlblog.experiments.annagram_speed import anagram_speed
from mlblog.lab.determinism import deterministic
from mlblog.lab.records.record import Key
from mlblog.lab.running.run import Run


def main() -> None:
    """Time and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", default="small", choices=list(anagram_speed.scales))
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--json", action="store_true", help="one document, for benchmarks/results.py")
    arguments = parser.parse_args()
    params = anagram_speed.params(arguments.scale, {})
    run = Run(Key("anagram_speed", arguments.scale, {}, 0), params, device=arguments.device)
    with deterministic(0, arguments.device):
        anagram_speed.function(run, **params, seed=0)
    values, arrays, _ = run.results()
    report = Report("annagram", ("what", "letters per second", "from", "to"), as_json=arguments.json)
    for name, way in {
        "ours": "ours, batches of one length",
        "modules": "torch.nn, the same batches",
        "padded": "torch.nn, words padded to the longest",
    }.items():
        rates, median = arrays[f"rates_{name}"], values[f"letters_per_second_{name}"]
        report.say(way, f"{median:,.0f}", f"{rates.min():,.0f}", f"{rates.max():,.0f}")
    same, padded = values["faster_than_modules"], values["faster_than_padded"]
    report.say("ours / torch.nn, the same batches", f"{same:.2f}")
    report.say("ours / torch.nn, padded", f"{padded:.2f}")
    report.end()


if __name__ == "__main__":
    main()
