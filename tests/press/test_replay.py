"""Live preview: what an edit does not reach does not run again, and the page is that of a run of all of it."""

from __future__ import annotations

import contextlib
import io
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from replay_rows import COUNT, REACHING, SPARED
from toypost import HEAD

from mlblog.lab import Project
from mlblog.press import Server, compile_posts


@pytest.fixture(scope="module")
def live(project: Project, home: Path) -> Iterator[Server]:
    project.work.mkdir()
    (project.root / "toy" / "frames.py").write_text(
        "import sys\n\n\ndef look_up(name):\n    return sys._getframe(1).f_globals[name]\n"
    )
    (project.root / "toy" / "mains.py").write_text(
        "import sys\n\n\ndef points():\n    return getattr(sys.modules['__main__'], ''.join(['n', '_pts']))\n"
    )
    (project.root / "toy" / "script.py").write_text("K = 1\n\nif __name__ == '__main__':\n    print(K)\n")
    with Server(project, timeout=20, live=True, worth=0) as server:
        yield server


@pytest.fixture
def shown(project: Project, live: Server) -> Callable[[tuple[str, ...]], list[str]]:
    """Write the post and compile it; what its cells print and show."""

    def shown(codes: tuple[str, ...]) -> list[str]:
        fences = "\n".join(code if "```" in code or "`{" in code else f"```python\n{code}\n```\n" for code in codes)
        (project.posts / "t.md").write_text(HEAD + fences)
        done = compile_posts(project, server=live)
        if done.errors:
            return [str(done.errors[0])]
        page = (project.work / "pages" / "blog" / "posts" / "t.md").read_text()
        return [block.partition("\n```")[0] for block in page.split("```text\n")[1:]]

    return shown


def runs(home: Path) -> int:
    counted = home / "count"
    return len(counted.read_text()) if counted.exists() else 0


@pytest.mark.parametrize(("before", "after", "expected"), SPARED.values(), ids=SPARED.keys())
def test_a_cell_that_an_edit_does_not_reach_is_spared(
    before: tuple[str, ...],
    after: tuple[str, ...],
    expected: list[str],
    home: Path,
    shown: Callable[[tuple[str, ...]], list[str]],
) -> None:
    shown(("'another post'",))
    shown(before)
    once = runs(home)
    assert shown(after) == expected
    assert runs(home) == once
    shown(before)
    assert shown(after) == expected
    assert runs(home) == once


@pytest.mark.parametrize(("before", "after", "expected"), REACHING.values(), ids=REACHING.keys())
def test_what_an_edit_may_reach_runs(
    before: tuple[str, ...],
    after: tuple[str, ...],
    expected: list[str],
    home: Path,
    shown: Callable[[tuple[str, ...]], list[str]],
) -> None:
    shown(("'another post'",))
    shown(before)
    once = runs(home)
    page = shown(after)
    assert page[-len(expected) :] == expected or not expected
    assert runs(home) == once + 1


def test_a_value_in_the_text_follows(
    home: Path, shown: Callable[[tuple[str, ...]], list[str]], project: Project
) -> None:
    post = ("n = {}", "There are `{{python}} n` points.\n", COUNT, "n")
    shown(tuple(code.format(30) for code in post[:2]) + post[2:])
    once = runs(home)
    assert shown(tuple(code.format(40) for code in post[:2]) + post[2:]) == ["40"]
    assert "There are 40 points." in (project.work / "pages" / "blog" / "posts" / "t.md").read_text()
    assert runs(home) == once


NAMES = "abcd"
PLAIN = (
    "{0} = {n}", "{0} = {n}\n{1} = {0} + 1", "{0} = ({n}, {n})", "{0} = [{n}]", "print({0})", "{0} = {1}",
    "{0} = str({1})", "{0} = {n} if {1} else 2", "assert True\n{0}, {1} = {n}, 5", "{0} += {0}", "{0} = len(str({1}))",
    "{0} = dict(k={n})\n{0}['k'] = 2", "def {0}(x=1):\n    return {n}", "{0} = [{1} for {1} in range(3)]", "{0} = {0}",
    "print('{n}', str({1}))", "del {0}", "import math\n{0} = math.floor({n} / 2)", "for {0} in (1, {n}):\n    pass",
)  # fmt: skip
OTHER = (
    "import random\nrandom.seed({n})\n{0} = random.random()", "import random\nprint(random.random(), str({1}))",
    "def {0}():\n    return str({1})", "print({0}() if callable({0}) else 0)", "print(eval('{0}'))",
    "{0} = (lambda: {1})", "try:\n    {0}.append({n})\nexcept AttributeError:\n    pass", "print(globals()['{0}'])",
    "class {0}:\n    value = {1}", "{0} = (str({1}) for i in range(2))", "if {n} > 4:\n    {0} = {1}",
    "import random as {0}", "{0} = [str]\n{1} = {0}[0]({1})",
    "alias = {0}\nif isinstance(alias, list):\n    alias.append({n})",
    "import math\nmath.floor = lambda x: {n}",
)  # fmt: skip


def _line(generator: random.Random) -> str:
    kind = PLAIN if generator.random() < 0.7 else OTHER
    first, second = generator.choice(NAMES), generator.choice(NAMES)
    return generator.choice(kind).format(first, second, n=generator.randrange(9))


def _edited(cells: tuple[str, ...], generator: random.Random) -> tuple[str, ...]:
    at, how = generator.randrange(1, len(cells)), generator.random()  # the first seeds what others draw
    if how < 0.15:
        return (*cells[:at], _line(generator), *cells[at:])
    if how < 0.25 and len(cells) > 3:
        return (*cells[:at], *cells[at + 1 :])
    if how < 0.6:
        digits = [i for i, letter in enumerate(cells[at]) if letter.isdigit()]
        if digits:
            i = generator.choice(digits)
            return (*cells[:at], cells[at][:i] + str(generator.randrange(9)) + cells[at][i + 1 :], *cells[at + 1 :])
    return (*cells[:at], _line(generator), *cells[at + 1 :])


def _printed(cells: tuple[str, ...]) -> str | None:
    """What Python itself prints of cells that run one after another; None if one raises."""
    namespace = {"__name__": "__main__"}
    import math

    floor, state = math.floor, random.getstate()
    try:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            for cell in cells:
                exec(cell, namespace)
    except Exception:
        return None
    finally:
        math.floor = floor
        random.setstate(state)
    return out.getvalue()


def _sessions(seed: int, edits: int) -> Iterator[tuple[str, ...]]:
    """Posts as they are after each of many edits."""
    generator = random.Random(seed)
    end = "print(*(str(x) if type(x) in (int, str, list, tuple, dict, float) else type(x) for x in (a, b, c, d)))"
    cells: tuple[str, ...] = ()
    for number in range(edits):
        fresh = ("import random\nrandom.seed(1)", *(f"{name} = {number}" for name in NAMES))
        if number % 20 == 0:
            cells = (*fresh, *(_line(generator) for _ in range(6)), end)
        while True:
            edited = _edited(cells[:-1], generator)
            if _printed((*edited, end)) is not None:
                break
        cells = (*edited, end)
        yield cells


def _check(seed: int, edits: int, shown: Callable[[tuple[str, ...]], list[str]]) -> None:
    for cells in _sessions(seed, edits):
        page, printed = "\n".join(shown(cells)), str(_printed(cells)).strip()
        assert re.sub("0x[0-9a-f]+", "0x", page) == re.sub("0x[0-9a-f]+", "0x", printed), cells


def test_pages_are_what_python_prints(shown: Callable[[tuple[str, ...]], list[str]]) -> None:
    _check(4, 60, shown)


@pytest.mark.audit
@pytest.mark.parametrize("seed", range(6))
def test_pages_are_what_python_prints_after_many_edits(
    seed: int, shown: Callable[[tuple[str, ...]], list[str]]
) -> None:
    _check(seed, 120, shown)
