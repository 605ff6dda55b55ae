"""The contract refuses each wrong import, also where a part or a module is new."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest
from house.imports import allowed, wrong

ROOT = Path(__file__).parents[2]

# what somebody might write in a hurry, and who must not
WRONG = [
    *((f"mlblog.{part}", "torch") for part in ("goals.report", "papers.paper", "site.claims", "press.build", "cli.run", "claims")),
    *((f"mlblog.{part}", "mkdocs.plugins") for part in ("goals.report", "papers.paper", "site.compile", "press.export", "lab.lab")),
    *((f"mlblog.{part}", "pytest") for part in ("site.compile", "integrations.mkdocs", "lab.running.run", "models.gan")),
    *((f"mlblog.{part}", "ray") for part in ("lab.running.batch", "lab.running.executors.local", "cli.run")),
    *((f"mlblog.{part}", "IPython") for part in ("press.build", "press.page.render", "lab.records.runs")),
    *((f"mlblog.{part}", "matplotlib.pyplot") for part in ("goals.report", "press.page.render", "papers.note")),
    ("mlblog.numerics.odeint", "mlblog.lab"),
    ("mlblog.numerics.odeint", "mlblog.papers.paper"),
    ("mlblog.numerics.odeint", "mlblog.site"),
    ("mlblog.experiments.gan", "mlblog.papers"),
    ("mlblog.experiments.gan", "mlblog.goals.report"),
    ("mlblog.experiments.gan", "mlblog.site.claims"),
    ("mlblog.models.gan", "mlblog.claims"),
    ("mlblog.models.gan", "mlblog.errors"),
    ("mlblog.models.gan", "mlblog.goals"),
    ("mlblog.models.gan", "mlblog.experiments.gan"),
    ("mlblog.lab.lab", "mlblog.press.build"),
    ("mlblog.lab.records.record", "mlblog.experiments.gan"),
    ("mlblog.press.build", "mlblog.site.compile"),
    ("mlblog.press.build", "mlblog.models.gan"),
    ("mlblog.papers.paper", "mlblog.press.source.document"),
    ("mlblog.goals.report", "mlblog.press"),
    ("mlblog.site.claims", "mlblog.integrations.mkdocs"),
    ("mlblog.files.atomic", "mlblog.lab.project"),
    ("mlblog.errors", "mlblog.files.text"),
    ("mlblog.data.digits", "mlblog.models.gan"),
    ("mlblog.plugins.new", "json"),
    ("mlblog.newest", "mlblog"),
]  # fmt: skip
RIGHT = [
    ("mlblog.lab.running.executors.ray", "ray"),
    ("mlblog.experiments.gan", "mlblog.lab"),
    ("mlblog.models.gan", "torch.nn"),
    ("mlblog.integrations.mkdocs", "mkdocs.plugins"),
    ("mlblog.press.kernel.shell", "IPython.core"),
    ("mlblog.site.claims", "mlblog.claims"),
    ("mlblog.goals.report", "json"),
    ("mlblog.cli.run", "mlblog"),
]


@pytest.fixture(scope="module")
def table() -> dict[str, frozenset[str]]:
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    return dict(allowed(contracts["importlinter:contract:allowed"]["parts"].strip().splitlines()))


@pytest.mark.parametrize("pair", WRONG, ids=" imports ".join)
def test_wrong_import_is_refused(table: dict[str, frozenset[str]], pair: tuple[str, str]) -> None:
    (said,) = wrong([pair], "mlblog", table)
    assert pair[0] in said


@pytest.mark.parametrize("pair", RIGHT, ids=" imports ".join)
def test_right_import_is_not(table: dict[str, frozenset[str]], pair: tuple[str, str]) -> None:
    assert not list(wrong([pair], "mlblog", table))


def test_every_folder_is_placed_and_nothing_else(table: dict[str, frozenset[str]]) -> None:
    here = {
        path.stem for path in (ROOT / "mlblog").iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    assert {part.partition(".")[0] for part in table} == here - {"__init__"}
    for part in table:
        path = ROOT.joinpath("mlblog", *part.split("."))
        assert path.is_dir() or path.with_suffix(".py").is_file(), f"{part} is no more"
