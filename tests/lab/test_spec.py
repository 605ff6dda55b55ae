"""What may be declared an experiment, and how its records are read back."""

from collections.abc import Callable

import numpy as np
import pytest

from mlblog.errors import InputError, MissingRecord, ProjectError
from mlblog.lab import Lab, MemoryStore, Project, Read, Record, Run, experiment, reading, using
from mlblog.lab.declared import experiments


@experiment(smoke={"steps": 1}, small={"steps": 10, "sizes": (1, 2)}, seeds=2, variants=[{"heads": 1}])
def solver(run: Run, *, steps: int, sizes: tuple[int, ...] = (3,), heads: int = 4, seed: int) -> None:
    """Solve."""


def recorded(scale: str, seed: int, value: float, **overrides: int) -> Record:
    return Record("solver", scale, overrides, {}, seed, {"v": value}, {"a": np.ones(3)}, {}, {}, {})


def test_parameters_come_from_defaults_then_scale_then_overrides() -> None:
    assert solver.params("smoke", {}) == {"steps": 1, "sizes": [3], "heads": 4}
    assert solver.params("small", {"heads": 2}) == {"steps": 10, "sizes": [1, 2], "heads": 2}


def test_kept_runs_are_the_base_and_the_variants_at_every_seed(
    make_project: Callable[[dict[str, str]], Project],
) -> None:
    source = """
    from mlblog.lab import experiment

    @experiment(smoke={"steps": 1}, small={"steps": 10}, seeds=2, variants=[{"heads": 1}])
    def trial(run, *, steps, heads=4, seed): ...
    """
    project = make_project({"toy/experiments/trial.py": source})
    declaration = Lab(project).experiments["trial"]
    assert [(dict(key.overrides), key.seed) for key in declaration.keys("small")] == [
        ({}, 0), ({}, 1), ({"heads": 1}, 0), ({"heads": 1}, 1),
    ]  # fmt: skip
    for scale, overrides in [("full", {}), ("small", {"depth": 3})]:
        with pytest.raises(InputError) as refused:
            declaration.params(scale, overrides)
        assert refused.type is InputError, "the experiment is known"


def test_largest_recorded_scale_answers_by_seed() -> None:
    store = MemoryStore()
    for one in [recorded("smoke", 0, 9.0), recorded("small", 1, 2.0), recorded("small", 0, 1.0)]:
        store.put(one)
    with using(store):
        runs = solver.runs()
        assert (runs.scale, runs.seeds, runs.mean("v")) == ("small", (0, 1), 1.5)
        assert solver.runs(scale="smoke").mean("v") == 9.0


def test_overrides_answer_only_for_themselves() -> None:
    store = MemoryStore()
    store.put(recorded("small", 0, 1.0))
    store.put(recorded("smoke", 0, 5.0, heads=1))
    with using(store):
        assert solver.runs().mean("v") == 1.0
        assert solver.runs(heads=1).mean("v") == 5.0
        with pytest.raises(MissingRecord, match=r"mlblog run solver --set heads=2"):
            solver.runs(heads=2)


def test_what_was_read_is_known_and_stops_being_current() -> None:
    store = MemoryStore()
    store.put(recorded("small", 0, 1.0))
    with using(store), reading() as outer:
        with reading() as reads:
            solver.runs()
            solver.runs()
        with reading() as missing, pytest.raises(MissingRecord):
            solver.runs(heads=1)
    (read,) = reads
    assert outer == [read, *missing]
    assert Read.from_json(read.to_json()) == read
    assert read.is_current(store)
    assert missing[0].is_current(store)
    store.put(recorded("small", 1, 1.0))
    assert not read.is_current(store), "another seed is another answer"
    store.put(recorded("small", 0, 2.0, heads=1))
    assert not missing[0].is_current(store), "nothing was an answer, too"


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (lambda: experiment(smoke={})(_positional), r"\(run, \*, …, seed\)"),
        (lambda: experiment(smoke={})(_seedless), "must take `seed`"),
        (lambda: experiment(smoke={"width": 1})(_plain), "smoke sets 'width'"),
        (lambda: experiment(smoke={"n": object()})(_plain), "records cannot store"),
        (lambda: experiment(smoke={})(_plain), "smoke does not set 'n'"),
        (lambda: experiment(smoke={"n": 1}, variants=[{"m": 1}])(_plain), "variant 0 sets 'm'"),
        (lambda: experiment(smoke={"n": 1}, seeds=0)(_plain), "seeds"),
        (lambda: experiment(smoke={"scale": 1})(_scaled), r"_scaled: parameter 'scale' clashes with .* rename it"),
        (lambda: experiment(smoke={})(_größe), "the experiment '_größe' needs a name of at most 100 letters"),
        (lambda: solver.runs(scale="full"), "no scale 'full'; it has smoke, small"),
        (lambda: solver.runs(depth=3), "no parameter 'depth'; it has steps, sizes, heads"),
    ],
)
def test_wrong_declarations_and_questions_say_what_is_wrong(declare: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        declare()  # type: ignore[operator]


def _positional(run: Run, n: int, seed: int) -> None: ...


def _seedless(run: Run, *, n: int) -> None: ...


def _plain(run: Run, *, n: int, seed: int) -> None: ...


def _scaled(run: Run, *, scale: int, seed: int) -> None: ...


def _größe(run: Run, *, seed: int) -> None: ...


@pytest.mark.parametrize(
    ("other", "told"), [("coin", "is also declared"), ("Coin", "differs only in case from 'coin'")]
)
def test_two_experiments_cannot_have_one_folder(
    other: str, told: str, make_project: Callable[[dict[str, str]], Project]
) -> None:
    """A Mac takes `Coin` and `coin` for the same folder."""
    declared = (
        "from mlblog.lab import Run, experiment\n\n\n"
        '@experiment(smoke={{}})\ndef {}(run: Run, *, seed: int) -> None:\n    """A coin."""\n'
    )
    files = {"toy/__init__.py": "", "toy/experiments/__init__.py": ""}
    files |= {f"toy/experiments/{file}.py": declared.format(name) for file, name in (("a", "coin"), ("b", other))}
    with pytest.raises(ProjectError, match=f"toy/experiments/b.py:5: .*{told}"):
        experiments(make_project(files))
