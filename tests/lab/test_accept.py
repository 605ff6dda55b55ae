"""A refactor is adopted where old and new code agree to the bit, and not otherwise."""

from __future__ import annotations

from workbench import Bench, write_mutated


def test_refactor_with_the_same_bits_is_adopted(recorded: Bench) -> None:
    before = {record.key: record for record in map(recorded.lab.store.read, recorded.lab.store.names())}
    recorded.edit("toy/losses.py", "return abs(x)", "return x if x > 0 else -x")
    result = recorded("accept", "with_absolute")
    assert (result.exit_code, result.output) == (
        0, "2 records accepted: smoke runs of old and new code agree to the bit\n",
    )  # fmt: skip
    assert recorded("status", "with_absolute").exit_code == 0
    for name in recorded.lab.store.names():
        now = recorded.lab.store.read(name)
        then = before[now.key]
        assert (now.values, now.params, now.seed) == (then.values, then.params, then.seed)
        assert now.arrays["curve"].tobytes() == then.arrays["curve"].tobytes()
        if now.experiment == "with_absolute":
            (vouched,) = now.environment["accepted"]  # type: ignore[misc]
            assert str(vouched).endswith(f"{recorded.git('rev-parse', 'HEAD')[:12]} with uncommitted changes")
            assert dict(now.environment) == {**then.environment, "accepted": [vouched]}
    assert recorded("status", "with_two").exit_code == 1, "it was not asked for"


def test_other_bits_are_refused_and_nothing_changes(recorded: Bench) -> None:
    recorded.edit("toy/losses.py", "return abs(x)", "return abs(x) * (1 + 2**-52)")
    before = recorded.files()
    result = recorded("accept", "with_absolute")
    assert result.exit_code == 1
    assert "with_absolute: not accepted" in result.stderr
    assert "gives other bits for loss than commit" in result.stderr
    assert recorded.files() == before


def test_code_in_no_commit_cannot_be_compared_with(recorded: Bench) -> None:
    recorded.edit("toy/losses.py", "return abs(x)", "return abs(x + 1)")
    assert recorded("run", "with_absolute", "--scale", "smoke", "--executor", "inline").exit_code == 0
    recorded.edit("toy/losses.py", "return abs(x + 1)", "return abs(1 + x)")
    before = recorded.files()
    result = recorded("accept", "with_absolute")
    assert result.exit_code == 2
    assert "it ran on code that is in no commit" in result.stderr
    assert recorded.files() == before


def test_other_parameters_are_another_run(recorded: Bench) -> None:
    recorded.edit("toy/experiments/with_two.py", "slope: float = 1.0", "slope: float = 2.0")
    result = recorded("accept", "with_two")
    assert result.exit_code == 2
    assert "slope was 1.0, is 2.0: that is another run, not a refactor" in result.stderr


def test_commit_that_this_repository_does_not_have_is_named(recorded: Bench) -> None:
    path = recorded.project.results / "with_two/smoke/base/seed-0.json"
    write_mutated(path, lambda body: body["environment"].update(commit="0" * 40))
    recorded.edit("toy/losses.py", "return abs(x)", "return x if x > 0 else -x")
    result = recorded("accept", "with_two")
    assert result.exit_code == 2
    assert f"no commit '{'0' * 40}'" in result.stderr


def test_nothing_stale_is_nothing_to_accept(recorded: Bench) -> None:
    before = recorded.files()
    assert recorded("accept", "with_none").stdout == "with_none: nothing to accept, no record is stale\n"
    assert recorded.files() == before
