"""A project with one experiment, for posts to read."""

from __future__ import annotations

from pathlib import Path

from mlblog.lab import Project

COIN = '''\
import numpy as np

from mlblog.lab import Run, experiment


def toss(generator, n):
    return generator.random(n) - 0.5


@experiment(smoke=dict(n=5), small=dict(n=50), seeds=3)
def coin(run: Run, *, n: int, seed: int) -> None:
    """Toss a coin."""
    walk = np.cumsum(toss(np.random.default_rng(seed), n))
    run.save(mean=float(walk.mean()), walk=walk)
'''


def write_project(root: Path) -> Project:
    """A project whose package is `toy`, with one experiment, without posts and records."""
    for name, text in {
        "pyproject.toml": '[tool.mlblog]\npackages = ["toy"]\n',
        "toy/__init__.py": "",
        "toy/experiments/__init__.py": "",
        "toy/experiments/coin.py": COIN,
        "posts_src/.keep": "",
        "docs/index.md": "# Home\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return Project(root.resolve(), ("toy",), "toy.experiments")
