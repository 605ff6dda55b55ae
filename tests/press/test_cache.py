"""When outputs are used again, and when not. A cell counts its own runs in a file outside the project."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from toypost import HEAD

from mlblog.lab import Code, Lab, Project
from mlblog.press import Compiled, Outputs, Ran, Server, compile_posts, parse_post
from mlblog.press.cache.outputs import OutputCache, keys
from mlblog.press.kernel.basis import Basis, unobserved


def kept(project: Project) -> OutputCache:
    lab = Lab(project)
    return OutputCache(project, lab.store, Basis(project, lab.code.inputs))


def key(project: Project, body: str, head: str = HEAD) -> str:
    return keys(parse_post(head + body, "posts_src/t.md"), Code.of(project))[-1]


BASE = "Prose.\n\n```python\nx = [1, 2]\n```\n\n```python\nx\n```\n"


@pytest.mark.parametrize(
    "body",
    [
        BASE.replace("Prose", "Other prose, and\n\nmore of it"),
        BASE.replace("x = [1, 2]", "x = [ 1,2 ]  # a comment"),
        BASE.replace("```python\nx\n", '```python tags=["hide-input"] caption="C" alt="A"\nx\n'),
        BASE.replace("```python\nx\n```", "- i\n\n    ```python\n    x\n    ```"),
    ],
)
def test_prose_formatting_and_display_options_are_not_in_the_key(body: str, fresh: Project) -> None:
    assert key(fresh, body) == key(fresh, BASE)


@pytest.mark.parametrize(
    "body",
    [
        BASE.replace("[1, 2]", "[1, 3]"),
        BASE.replace("```python\nx\n", "```python\nx;\n"),
        BASE.replace("```python\nx\n", '```python tags=["raises-exception"]\nx\n'),
        BASE.replace("```python\nx\n```", "`{python} x`"),
        BASE.replace("x = [1, 2]", "%time\nx = [1, 2]"),
        BASE.replace("Prose.", "```python\n\n```"),
    ],
)
def test_whatever_runs_is_in_the_key(body: str, fresh: Project) -> None:
    assert key(fresh, body) != key(fresh, BASE)


def test_a_key_holds_the_cells_before_it_and_not_those_after(fresh: Project) -> None:
    code = Code.of(fresh)
    first = keys(parse_post(HEAD + BASE, "posts_src/t.md"), code)
    second = keys(parse_post(HEAD + BASE.replace("x\n```\n", "x, 1\n```\n"), "posts_src/t.md"), code)
    assert first[0] == second[0]
    assert first[1] != second[1]


def test_first_party_code_counts_by_what_is_reached(fresh: Project) -> None:
    module = fresh.root / "toy" / "tools.py"
    module.write_text(
        "def used():\n    return inner()\n\n\ndef inner():\n    return 1\n\n\ndef other():\n    return 2\n"
    )
    body = "```python\nfrom toy.tools import used\n\nused()\n```\n"
    before = key(fresh, body)
    module.write_text(module.read_text().replace("return 2", "return 3").replace("return 1", "return 1  # one"))
    assert key(fresh, body) == before
    module.write_text(module.read_text().replace("return 1", "return 4"))
    assert key(fresh, body) != before


def test_code_that_only_a_doctest_or_an_inline_expression_reaches_counts(fresh: Project) -> None:
    module = fresh.root / "toy" / "tools.py"
    for body in (
        "```pycon\n>>> import toy.tools\n>>> toy.tools.f()\n1\n```\n",
        "`{python} __import__('toy.tools').f()`\n",
    ):
        module.write_text("def f():\n    return 1\n")
        before = key(fresh, body)
        module.write_text("def f():\n    return 2\n")
        assert key(fresh, body) != before, body


def test_outputs_come_back_as_they_were_put(fresh: Project) -> None:
    cache, code = kept(fresh), Code.of(fresh)
    post, other = (parse_post(HEAD + BASE.replace("1", n), "posts_src/t.md") for n in "13")
    stream = {"output_type": "stream", "name": "stdout", "text": "é\n"}
    outputs = Outputs((Ran((stream,)), Ran(rests={"data:none.csv": ""}, lines=True)))
    cache.put(post, code, outputs)
    assert cache.get(post, code) == outputs.ran
    assert cache.get(other, code) == ()


def test_outputs_that_name_lines_hold_for_these_lines_only(fresh: Project) -> None:
    cache = kept(fresh)
    post, moved = (parse_post(HEAD + more + BASE, "posts_src/t.md") for more in ("", "\n\n"))
    code = Code.of(fresh)
    for text, lines, expected in (("posts_src/t.md:8: a", False, 0), ("nothing of the kind", False, 2), ("", True, 0)):
        ran = Ran(({"output_type": "stream", "name": "stderr", "text": text},), lines=lines)
        cache.put(post, code, Outputs((ran, Ran())))
        assert len(cache.get(post, code)) == 2
        assert len(cache.get(moved, code)) == expected


@pytest.fixture
def compiled(home: Path, renewed: Project, server: Server) -> Callable[..., Compiled]:
    """Write the post, if given, and compile."""

    def compiled(body: str | None = None) -> Compiled:
        if body is not None:
            (renewed.posts / "t.md").write_text(HEAD + body)
        return compile_posts(renewed, server=server)

    return compiled


def test_a_post_runs_again_only_when_what_it_rests_on_changes(
    renewed: Project, compiled: Callable[..., Compiled], record: Callable[..., None]
) -> None:
    record(renewed, "smoke")
    table = renewed.root / "table.csv"
    table.write_text("1\n")
    body = (
        "Prose.\n\n```python\nfrom toy.experiments.coin import coin\nfrom pathlib import Path\n"
        "coin.runs().scale, Path('table.csv').read_text()\n```\n"
    )
    page = renewed.work / "pages" / "blog" / "posts" / "t.md"

    assert compiled(body).ran == ["posts_src/t.md"]
    assert "('smoke', '1\\n')" in page.read_text()
    assert compiled().ran == []
    assert compiled(body.replace("Prose", "Other")).ran == []
    assert "Other." in page.read_text()

    record(renewed, "small")  # a larger scale answers `coin.runs()`
    assert compiled().ran == ["posts_src/t.md"]
    assert "('small', '1\\n')" in page.read_text()

    table.write_text("2\n")
    assert compiled().ran == ["posts_src/t.md"]
    assert "('small', '2\\n')" in page.read_text()

    table.unlink()
    failed = compiled()
    assert "FileNotFoundError" in str(failed.errors[0])
    assert not page.exists()


LOOKS: dict[str, tuple[str, Callable[[Project], object]]] = {
    "a file that was not there": (
        "import os\ntry:\n    open('more.csv')\nexcept OSError:\n    pass",
        lambda project: (project.root / "more.csv").write_text("1"),
    ),
    "a folder that was listed": (
        "from pathlib import Path\nsorted(Path('data').glob('*.csv'))",
        lambda project: (project.root / "data" / "b.csv").write_text("1"),
    ),
    "a folder that was walked": (
        "import os\nlist(os.walk('data'))",
        lambda project: (project.root / "data" / "c.txt").write_text("1"),
    ),
    "a module beside the packages": (
        "import loose\nloose.x",
        lambda project: (project.root / "loose.py").write_text("x = 2"),
    ),
    "a file of a subfolder, opened with numpy": (
        "import numpy as np\nnp.loadtxt('data/a.csv')",
        lambda project: (project.root / "data" / "a.csv").write_text("8\n"),
    ),
    "the text of a function that is shown": (
        "import inspect\nfrom toy.shown import f\ninspect.getsource(f)",
        lambda project: (project.root / "toy" / "shown.py").write_text("def f():\n    return 1  # new remark\n"),
    ),
}


@pytest.mark.parametrize(("code", "change"), LOOKS.values(), ids=LOOKS.keys())
def test_whatever_a_cell_looks_at_counts(
    code: str, change: Callable[[Project], object], renewed: Project, compiled: Callable[..., Compiled]
) -> None:
    (renewed.root / "data").mkdir()
    (renewed.root / "data" / "a.csv").write_text("1\n")
    (renewed.root / "loose.py").write_text("x = 1")
    (renewed.root / "toy" / "shown.py").write_text("def f():\n    return 1  # remark\n")
    body = f"```python\n{code}\n```\n"
    assert compiled(body).ran
    assert not compiled().ran
    (renewed.root / "data" / "a.csv").touch()
    assert not compiled().ran
    change(renewed)
    assert compiled().ran
    assert not compiled().ran


def test_a_name_that_a_star_brought_before_the_post_made_its_own_counts(
    renewed: Project, compiled: Callable[..., Compiled]
) -> None:
    module = renewed.root / "toy" / "stars.py"
    module.write_text("def f():\n    return 1\n")
    body = "```python\nfrom toy.stars import *\nf()\n```\n\n```python\ndef f():\n    return 5\n```\n"
    assert compiled(body).ran
    assert not compiled().ran
    module.write_text("def f():\n    return 2\n")
    assert compiled().ran


def test_code_that_changes_while_a_post_runs_is_not_taken_for_the_code_before(
    renewed: Project, compiled: Callable[..., Compiled]
) -> None:
    module = renewed.root / "toy" / "moving.py"
    module.write_text("def f():\n    return 1\n")
    body = (
        "```python\nimport os\nif not os.path.exists(os.environ['HOME'] + '/saved'):\n"
        "    open(os.environ['HOME'] + '/saved', 'w').close()\n"
        "    open('toy/mov' + 'ing.py', 'w').write('def f():\\n    return 2\\n')\n"
        "from toy.moving import f\nf()\n```\n"
    )
    assert compiled(body).ran
    module.write_text("def f():\n    return 1\n")  # the code whose key the run had
    assert compiled().ran
    assert "```text\n1\n```" in (renewed.work / "pages" / "blog" / "posts" / "t.md").read_text()


def test_nothing_that_failed_is_kept(renewed: Project, compiled: Callable[..., Compiled]) -> None:
    body = "```python\nfrom pathlib import Path\nassert Path('/proc/version').exists() is %s\n```\n"
    assert compiled(body % False).errors
    assert not list((renewed.work / "outputs").rglob("*.json"))
    assert not compiled(body % True).errors


def test_a_damaged_entry_is_not_used(renewed: Project, compiled: Callable[..., Compiled]) -> None:
    compiled("```python\n1\n```\n")
    for entry in (renewed.work / "outputs").rglob("*.json"):
        entry.write_bytes(entry.read_bytes()[:20])
    assert compiled().ran == ["posts_src/t.md"]


def test_a_warm_compile_starts_no_process_and_imports_nothing_heavy(
    renewed: Project, compiled: Callable[..., Compiled]
) -> None:
    compiled("```python\n1\n```\n")
    code = (
        "import sys; from mlblog.lab import Project; from mlblog.press import compile_posts\n"
        "done = compile_posts(Project.find()); assert done.cached == ['posts_src/t.md'], done\n"
        "print(sorted({'torch', 'IPython', 'matplotlib', 'mkdocs'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=renewed.root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_is_fixed_for_cells_makes_no_difference() -> None:
    """Ray, once imported, names a debugger; a shell may say that Python writes no bytecode."""
    assert unobserved({"TZ": "UTC", "PYTHONBREAKPOINT": "ray.util.rpdb.set_trace"}) == unobserved({"TZ": "UTC"})
    assert unobserved({"TZ": "UTC"}) != unobserved({"TZ": "CET"})


@pytest.mark.parametrize("name", ["t", "müll"])
def test_outputs_that_name_a_line_of_the_post_are_known(name: str) -> None:
    warning = {"output_type": "stream", "name": "stderr", "text": f"posts_src/{name}.md:5: UserWarning: x\n"}
    assert Ran((warning,)).shows_lines(f"posts_src/{name}.md")
    assert not Ran((warning,)).shows_lines("posts_src/s.md")
    assert Ran(lines=True).shows_lines("posts_src/s.md")
