"""Live preview: what an edit does not reach does not run again, and the page is that of a run of all of it."""

from __future__ import annotations

import contextlib
import io
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mlblog.lab import Project
from mlblog.press import Server, compile_posts

HEAD = "---\ntitle: T\ndate: 2026-11-21\n---\n"
COUNT = "import os\nwith open(os.environ['HOME'] + '/count', 'a') as file:\n    file.write('x')"


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


# what a post is before and after an edit, and what it shows then
SPARED: dict[str, tuple[tuple[str, ...], tuple[str, ...], list[str]]] = {
    "a constant that a later cell takes": (
        ("n = 3", COUNT, "n * 2"),
        ("n = 4", COUNT, "n * 2"),
        ["8"],
    ),
    "a constant that nothing takes": (("n = 3", COUNT, "'end'"), ("n = 4", COUNT, "'end'"), ["'end'"]),
    "constants of constants": (
        ("n = 3", "m = n + 1\nprint(m)", COUNT, "[n, m]"),
        ("n = 4", "m = n + 1\nprint(m)", COUNT, "[n, m]"),
        ["5", "[4, 5]"],
    ),
    "beside an import": (
        ("import math, os\nn = 3", COUNT, "math.sqrt(n)"),
        ("import math, os\nn = 4", COUNT, "math.sqrt(n)"),
        ["2.0"],
    ),
    "by NumPy": (
        ("import numpy as np", "grid = np.linspace(0, 1, 3)", COUNT, "len(grid)"),
        ("import numpy as np", "grid = np.linspace(0, 1, 5)", COUNT, "len(grid)"),
        ["5"],
    ),
    "a list that a later cell changes": (
        ("xs = [1, 2]", COUNT, "xs.append(3)\nxs"),
        ("xs = [5]", COUNT, "xs.append(3)\nxs"),
        ["[5, 3]"],
    ),
    "a function that a later cell calls": (
        ("def f(x):\n    return x", COUNT, "f(2)"),
        ("def f(x):\n    return -x", COUNT, "f(2)"),
        ["-2"],
    ),
    "a name that is no more": (
        ("n = 3\nm = 1", COUNT, "try:\n    print(m)\nexcept NameError:\n    print('none')"),
        ("n = 3", COUNT, "try:\n    print(m)\nexcept NameError:\n    print('none')"),
        ["none"],
    ),
    "a new cell": (("n = 3", COUNT, "n"), ("n = 3", "n2 = n * n", COUNT, "n"), ["3"]),
    "a cell less": (("n = 3", "k = 2", COUNT, "n"), ("n = 3", COUNT, "n"), ["3"]),
    "two constants, with a cell between": (
        ("n = 3", COUNT, "m = 4", COUNT.replace("'x'", "'xx'"), "n, m"),
        ("n = 5", COUNT, "m = 6", COUNT.replace("'x'", "'xx'"), "n, m"),
        ["(5, 6)"],
    ),
    "numbers drawn in between": (
        ("n = 3", "import random\nrandom.seed(1)\n" + COUNT, "random.random(), n"),
        ("n = 4", "import random\nrandom.seed(1)\n" + COUNT, "random.random(), n"),
        [f"({random.Random(1).random()}, 4)"],
    ),
    "a name used for other things before": (
        ("n = 1\nk = n", "n = 3", COUNT, "n, k"),
        ("n = 1\nk = n", "n = 4", COUNT, "n, k"),
        ["(4, 1)"],
    ),
    "a cell that begins with a remark and ends with a semicolon": (
        ("# of points\nn = 3\nn;", COUNT, "n"),
        ("# of points\nn = 4\nn;", COUNT, "n"),
        ["4"],
    ),
    "a module with a main part of its own": (
        ("n = 3", "from toy.script import K\n" + COUNT, "n + K"),
        ("n = 4", "from toy.script import K\n" + COUNT, "n + K"),
        ["5"],
    ),
    "a loop over `_` elsewhere": (
        ("n = 3", COUNT + "\nfor i in range(2):\n    pass", "n"),
        ("n = 4", COUNT + "\nfor i in range(2):\n    pass", "n"),
        ["4"],
    ),
}

# edits that reach the cell that counts, or of which nobody can say
REACHING: dict[str, tuple[tuple[str, ...], tuple[str, ...], list[str]]] = {
    "the cell takes it": (("n = 3", COUNT + "\nn"), ("n = 4", COUNT + "\nn"), ["4"]),
    "by a function": (
        ("n = 3", "def f():\n    return n", COUNT + "\nf()"),
        ("n = 4", "def f():\n    return n", COUNT + "\nf()"),
        ["4"],
    ),
    "by a function's default": (
        ("n = 3", "def f(x=n):\n    return x", COUNT + "\nf()"),
        ("n = 4", "def f(x=n):\n    return x", COUNT + "\nf()"),
        ["4"],
    ),
    "by a lambda": (("n = 3", "f = lambda: n", COUNT + "\nf()"), ("n = 4", "f = lambda: n", COUNT + "\nf()"), ["4"]),
    "by a class": (
        ("n = 3", "class A:\n    n = n", COUNT + "\nA.n"),
        ("n = 4", "class A:\n    n = n", COUNT + "\nA.n"),
        ["4"],
    ),
    "by a generator": (
        ("n = 3", "g = (n for _ in range(1))", COUNT + "\nlist(g)"),
        ("n = 4", "g = (n for _ in range(1))", COUNT + "\nlist(g)"),
        ["[4]"],
    ),
    "in a comprehension over the same name": (
        ("n = [3]", COUNT + "\n[n for n in n]"),
        ("n = [4]", COUNT + "\n[n for n in n]"),
        ["[4]"],
    ),
    "by globals()": (("n = 3", COUNT + "\nglobals()['n']"), ("n = 4", COUNT + "\nglobals()['n']"), ["4"]),
    "by eval": (("n = 3", COUNT + "\neval('n')"), ("n = 4", COUNT + "\neval('n')"), ["4"]),
    "by the module": (
        ("n = 3", COUNT + "\nimport __main__\n__main__.n"),
        ("n = 4", COUNT + "\nimport __main__\n__main__.n"),
        ["4"],
    ),
    "by a magic": (("n = 3", COUNT + "\n%time n"), ("n = 4", COUNT + "\n%time n"), []),
    "by its name in a text": (
        ("n = 3", "from toy.frames import look_up\n" + COUNT + "\nlook_up('n')"),
        ("n = 4", "from toy.frames import look_up\n" + COUNT + "\nlook_up('n')"),
        ["4"],
    ),
    "by a module of the package that looks at the post": (
        ("n_pts = 3", "from toy.mains import points\n" + COUNT + "\npoints()"),
        ("n_pts = 4", "from toy.mains import points\n" + COUNT + "\npoints()"),
        ["4"],
    ),
    "by a frame, under a name put together": (
        ("n_pts = 3", "from toy.frames import look_up\n" + COUNT + "\nlook_up('n_' + 'pts')"),
        ("n_pts = 4", "from toy.frames import look_up\n" + COUNT + "\nlook_up('n_' + 'pts')"),
        ["4"],
    ),
    "by a pattern": (
        ("n = 3", COUNT + "\nmatch 4:\n    case x if x > n:\n        print(n)"),
        ("n = 2", COUNT + "\nmatch 4:\n    case x if x > n:\n        print(n)"),
        ["2"],
    ),
    "by a format of values": (
        ("n = 3", COUNT + "\nprint(f'{1:{n}}|')"),
        ("n = 4", COUNT + "\nprint(f'{1:{n}}|')"),
        ["   1|"],
    ),
    "by a decorator": (
        ("n = [3]", COUNT + "\n@n.append\ndef f():\n    pass\nprint(n[0])"),
        ("n = [4]", COUNT + "\n@n.append\ndef f():\n    pass\nprint(n[0])"),
        ["4"],
    ),
    "by a frame": (
        ("n = 3", COUNT + "\nimport sys\nsys._getframe().f_globals['n']"),
        ("n = 4", COUNT + "\nimport sys\nsys._getframe().f_globals['n']"),
        ["4"],
    ),
    "what was shown last": (("n = 3\nn", COUNT + "\n_"), ("n = 4\nn", COUNT + "\n_"), ["4", "4"]),
    "by adding to it": (("n = 3", COUNT + "\nn += 1\nn"), ("n = 5", COUNT + "\nn += 1\nn"), ["6"]),
    "it hides a built-in": (("m = 3", COUNT + "\nlen('ab')"), ("len = str", COUNT + "\nlen('ab')"), ["'ab'"]),
    "it draws": (
        ("import random", "random.seed(1)", "a = random.random()", COUNT + "\nrandom.random()"),
        ("import random", "random.seed(1)", "a = 1", COUNT + "\nrandom.random()"),
        [str(random.Random(1).random())],
    ),
    "it changes a list": (
        ("xs = [1]", "xs.append(2)", COUNT + "\nlen([xs])", "xs"),
        ("xs = [1]", "xs.append(3)", COUNT + "\nlen([xs])", "xs"),
        ["1", "[1, 3]"],
    ),
    "it takes a list that is changed later": (
        ("xs = [1]", "n = len(xs)", COUNT + "\nys = xs\nys.append(2)", "n"),
        ("xs = [1]", "n = len(xs) + 0", COUNT + "\nys = xs\nys.append(2)", "n"),
        ["1"],
    ),
    "it takes a name that is bound anew": (
        ("k = 1", "n = k", COUNT + "\nk = 5", "n"),
        ("k = 1", "n = k + 0", COUNT + "\nk = 5", "n"),
        ["1"],
    ),
    "it binds a name that is bound anew": (
        ("n = 1", COUNT + "\nn = 5", "n"),
        ("n = 2", COUNT + "\nn = 5", "n"),
        ["5"],
    ),
    "it no longer binds what was bound before": (
        ("n = 1", "n = 2\nk = 3", COUNT, "n"),
        ("n = 1", "k = 3", COUNT, "n"),
        ["1"],
    ),
    "a module's value is changed later": (
        ("import math", "n = math.tau", COUNT + "\nmath.tau = 3", "n > 6"),
        ("import math", "n = math.tau + 0", COUNT + "\nmath.tau = 3", "n > 6"),
        ["True"],
    ),
    "a function was another then": (
        ("import random\nrandom.seed(1)\nf = random.random", "n = f()", COUNT + "\nf = float\nrandom.random()"),
        ("import random\nrandom.seed(1)\nf = random.random", "n = 1", COUNT + "\nf = float\nrandom.random()"),
        [str(random.Random(1).random())],
    ),
    "it imports another module": (
        ("n = 3", COUNT + "\nimport sys\n'colorsys' in sys.modules"),
        ("import colorsys\nn = 3", COUNT + "\nimport sys\n'colorsys' in sys.modules"),
        ["True"],
    ),
    "its printing has been replaced": (
        ("n = 3", "said = []\nprint = said.append", COUNT + "\nprint(n)", "said"),
        ("n = 4", "said = []\nprint = said.append", COUNT + "\nprint(n)", "said"),
        ["[4]"],
    ),
    "it is a class": (
        ("class A:\n    pass", "class B(A):\n    pass", COUNT + "\nlen(A.__subclasses__())"),
        ("class A:\n    x = 1", "class B(A):\n    pass", COUNT + "\nlen(A.__subclasses__())"),
        ["1"],
    ),
    "numbers are printed in another way later": (
        ("import numpy as np", "print(np.float64(1) / 3 * np.ones(1))", COUNT + "\nnp.set_printoptions(precision=2)"),
        ("import numpy as np", "print(np.float64(2) / 3 * np.ones(1))", COUNT + "\nnp.set_printoptions(precision=2)"),
        ["[0.66666667]"],
    ),
    "warnings are hidden later": (
        ("import numpy as np", "y = np.log(1.0)", COUNT + "\nnp.seterr(all='ignore');", "y"),
        ("import numpy as np", "y = np.log(2.0)", COUNT + "\nnp.seterr(all='ignore');", "y"),
        ["np.float64(0.6931471805599453)"],
    ),
    "it raised and may": (
        ('```python tags=["raises-exception"]\n1 / 0\n```\n', "n = 3", COUNT + "\nn"),
        ('```python tags=["raises-exception"]\n1 / 0\n```\n', "n = 4", COUNT + "\nn"),
        ["4"],
    ),
}


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
