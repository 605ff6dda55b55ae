"""Cells run in a process of their own, as Jupyter would run them, with the post's lines in what goes wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import pytest
from running import Run, texts

from mlblog.errors import CellError
from mlblog.lab import Project
from mlblog.press import Post, Server
from mlblog.press.kernel.output import FIGURE
from mlblog.press.page.values import value_text


def test_cells_share_a_namespace_and_show_their_last_expression(run: Run) -> None:
    _, outputs = run("```python\nx = 20\nprint('a')\nx + 1\n```\n\n```python\nx * 2\n```\n")
    assert [texts(ran.outputs) for ran in outputs.ran] == [["a\n", "21"], ["40"]]


def test_outputs_come_in_the_order_in_which_they_were_made(run: Run) -> None:
    code = "import sys\nprint('a')\ndisplay(1)\nprint('b', file=sys.stderr)\nprint('c')\n2"
    _, outputs = run(f"```python\n{code}\n```\n")
    assert texts(outputs.ran[0].outputs) == ["a\n", "1", "b\n", "c\n", "2"]


def test_a_last_semicolon_and_none_show_nothing(run: Run) -> None:
    _, outputs = run("```python\n1;\n```\n\n```python\nNone\n```\n")
    assert [ran.outputs for ran in outputs.ran] == [(), ()]


def test_magics_await_and_rich_values_work(run: Run) -> None:
    body = (
        "```python\nimport asyncio\nawait asyncio.sleep(0, 'waited')\n```\n\n```python\n%env HOME\n```\n\n"
        "```python\nclass A:\n    def _repr_html_(self):\n        return '<b>a</b>'\n\n\nA()\n```\n"
    )
    _, outputs = run(body)
    assert texts(outputs.ran[0].outputs) == ["'waited'"]
    assert texts(outputs.ran[1].outputs) == [repr(os.environ["HOME"])]
    assert outputs.ran[2].outputs[0]["data"]["text/html"] == "<b>a</b>"


def test_inline_expressions_see_the_cells_before_them(run: Run) -> None:
    _, outputs = run(
        "```python\nx = 1\n```\n\n`{python} x` and `{python} f'{x:.2f}'`\n\n```python\nx = 2\n```\n`{python} x`\n"
    )
    assert [value_text(ran) for ran in outputs.ran] == ["", "1", "1.00", "", "2"]


def test_source_of_functions_and_classes_is_that_of_the_post(run: Run) -> None:
    code = "import inspect\n\nclass A:\n    one = 1\n\ndef f():\n    return A\n"
    asked = "    ```python\n    %time\n    inspect.getsource(A) + inspect.getsource(f)\n    ```\n"
    _, outputs = run(f"Prose.\n\n```python\n{code}```\n\n- item\n\n{asked}")
    shown = [o for o in outputs.ran[1].outputs if o["output_type"] == "execute_result"]
    assert eval(texts(shown)[0]) == "class A:\n    one = 1\ndef f():\n    return A\n"


def test_warnings_name_the_line_of_the_post(run: Run) -> None:
    _, outputs = run("Prose.\n\n```python\nimport warnings\nwarnings.warn('careful')\n```\n")
    assert texts(outputs.ran[0].outputs)[0].startswith("posts_src/t.md:9: UserWarning: careful")


def test_figures_left_open_are_shown_and_nothing_of_them_stays(run: Run) -> None:
    plot = "import matplotlib.pyplot as plt\nplt.plot([1, 2])"
    cells = (plot, "plt.get_fignums()", f"{plot}\nplt.show()\nprint('after')")
    _, outputs = run("\n".join(f"```python\n{code}\n```\n" for code in cells))
    first, second, third = (ran.outputs for ran in outputs.ran)
    assert [FIGURE in output["data"] for output in first] == [True]  # and no `[<Line2D …>]`
    assert texts(second) == ["[]"]
    assert [output["output_type"] for output in third] == ["display_data", "stream"]


def test_a_figure_shown_by_hand_is_shown_once(run: Run) -> None:
    _, outputs = run("```python\nimport matplotlib.pyplot as plt\nfig, ax = plt.subplots()\ndisplay(fig)\n```\n")
    assert len(outputs.ran[0].outputs) == 1


def test_a_post_starts_fresh(run: Run) -> None:
    run("```python\nimport sys\nsys.left_behind = 1\nx = 1\n```\n")
    _, outputs = run("```python\nimport sys\nhasattr(sys, 'left_behind'), 'x' in globals()\n```\n")
    assert texts(outputs.ran[0].outputs) == ["(False, False)"]


def test_outputs_do_not_depend_on_hash_seed_or_threads(run: Run) -> None:
    body = "```python\nimport torch\ntorch.get_num_threads(), list({'a', 'b', 'c', 'd', 'e'})\n```\n"
    first, second = run(body)[1], run(body)[1]
    assert first == second
    assert texts(first.ran[0].outputs)[0].startswith("(1, ")


def test_torch_trains_in_a_forked_process(run: Run) -> None:
    code = (
        "import torch\nw = torch.nn.Linear(37, 41)\no = torch.optim.Adam(w.parameters())\n"
        "for _ in range(3):\n    o.zero_grad()\n    w(torch.ones(500, 37)).square().mean().backward()\n    o.step()\n"
        "'trained'"
    )
    _, outputs = run(f"```python\n{code}\n```\n")
    assert texts(outputs.ran[0].outputs) == ["'trained'"]


def test_an_expected_exception_is_an_output_without_paths_of_this_machine(run: Run, project: Project) -> None:
    code = "import json\njson.loads('{')"
    _, outputs = run(f'```python tags=["raises-exception"]\n{code}\n```\n\n```python\n1\n```\n')
    (error,) = outputs.ran[0].outputs
    assert (error["output_type"], error["ename"]) == ("error", "JSONDecodeError")
    assert error["traceback"][0] == "posts_src/t.md:7, in <module>"
    for foreign in (str(project.root), "site-packages", "/lib/"):
        assert foreign not in str(error)
    assert texts(outputs.ran[1].outputs) == ["1"]


@pytest.mark.parametrize(
    ("name", "line", "says"),
    [
        (
            "failing_cell",
            14,
            ["ZeroDivisionError: division by zero", "divide(x)", "posts_src/failing_cell.md:11 in divide"],
        ),
        ("killed_cell", 9, ["died here (SIGKILL)"]),
        ("unknown_experiment", 6, ["ImportError", "from toy.experiments.coin import dice"]),
        ("missing_record", 8, ["MissingRecord: coin: no records", "mlblog run coin", "coin.runs()"]),
        ("syntax_error", 6, ["SyntaxError: '(' was never closed", "x = (1,"]),
        ("wrong_doctest", 6, ["Expected:\n    3\nGot:\n    2"]),
    ],
)
def test_what_goes_wrong_is_told_by_its_line(
    name: str, line: int, says: list[str], sample: Callable[[str], Post], server: Server
) -> None:
    with pytest.raises(CellError) as caught:
        server.run(sample(name))
    text = str(caught.value)
    assert text.startswith(f"posts_src/{name}.md:{line}: ")
    for piece in says:
        assert piece in text


def test_a_process_that_is_killed_after_a_renewal_is_replaced(server: Server, run: Run) -> None:
    server.renew()
    code = (
        "import os, signal\nfrom pathlib import Path\nonce = Path('killed')\n"
        "if not once.exists():\n    once.touch()\n    for process in (os.getppid(), os.getpid()):\n"
        "        os.kill(process, signal.SIGKILL)\n'replaced'"
    )
    _, outputs = run(f"```python\n{code}\n```\n")
    assert texts(outputs.ran[0].outputs) == ["'replaced'"]


def test_the_traceback_starts_at_the_post(sample: Callable[[str], Post], server: Server) -> None:
    with pytest.raises(CellError) as caught:
        server.run(sample("failing_cell"))
    assert caught.value.traceback == (
        '  File "posts_src/failing_cell.md", line 14, in <module>\n    divide(x)\n'
        '  File "posts_src/failing_cell.md", line 11, in divide\n    return a / (a - a)\n'
        "           ~~^~~~~~~~~\n"
        "ZeroDivisionError: division by zero\n"
    )


def test_an_error_in_the_project_is_placed_in_both(project: Project, run: Run) -> None:
    (project.root / "toy" / "broken.py").write_text("def f():\n    raise ValueError('no')\n")
    with pytest.raises(CellError, match=r"posts_src/t.md:7: ValueError: no\n.*\n  raised at toy/broken.py:2 in f"):
        run("```python\nfrom toy.broken import f\nf()\n```\n")


IMPORTS = (
    ("import toy.nowhere", "posts_src/t.md:6: ModuleNotFoundError: No module named 'toy.nowhere'"),
    ("from toy import nothing", "ImportError: cannot import name 'nothing' from 'toy' (toy/__init__.py)"),
    ("from json import nothing", "ImportError: cannot import name 'nothing' from 'json' (json/__init__.py)"),
    ("from numpy import nothing", "ImportError: cannot import name 'nothing' from 'numpy' (numpy/__init__.py)"),
    ("import json\njson.loads('{')", "posts_src/t.md:7: JSONDecodeError"),
    ("open(__import__('os').path.abspath('no.csv'))", "No such file or directory: 'no.csv'"),
)


@pytest.mark.parametrize(("code", "says"), IMPORTS, ids=[code[-18:] for code, _ in IMPORTS])
def test_no_error_names_a_path_of_this_machine(project: Project, run: Run, code: str, says: str) -> None:
    with pytest.raises(CellError) as caught:
        run(f"```python\n{code}\n```\n")
    assert says in str(caught.value)
    _, found = run(f'```python tags=["raises-exception"]\n{code}\n```\n')
    assert says.partition("md:")[2].partition(": ")[2] in str(found.ran[0].outputs).replace('"', "'")
    for text in (str(caught.value), caught.value.traceback, str(found)):
        for foreign in (str(project.root), sys.prefix, sys.base_prefix, "site-packages/"):
            assert foreign not in text


def test_a_syntax_error_shows_the_line_as_it_is_written(run: Run) -> None:
    with pytest.raises(CellError) as caught:
        run("```python\nx = 1\nprint(\n```\n")
    assert str(caught.value).endswith("\n    print(")


def test_leaving_python_is_a_failure(run: Run) -> None:
    with pytest.raises(CellError, match=r"posts_src/t.md:6: SystemExit: 3"):
        run("```python\nraise SystemExit(3)\n```\n")


def test_an_exception_that_was_promised_must_come(run: Run) -> None:
    with pytest.raises(CellError, match="raised nothing"):
        run('```python tags=["raises-exception"]\n1\n```\n')


def test_a_post_that_does_not_end_is_ended(project: Project, sample: Callable[[str], Post]) -> None:
    with Server(project, timeout=4) as server, pytest.raises(CellError, match=r"_cell.md:9: timed out after 4 s"):
        server.run(sample("endless_cell"))


def test_reads_of_records_are_told_cell_by_cell(project: Project, run: Run, record: Callable[..., None]) -> None:
    record(project, "smoke")
    body = "```python\nfrom toy.experiments.coin import coin\nr = coin.runs()\n```\n\n```python\nlen(r)\n```\n"
    _, outputs = run(body)
    ((read,), ()) = (ran.reads for ran in outputs.ran)
    assert (read["experiment"], read["scale"], len(read["found"])) == ("coin", None, 3)


def test_files_that_a_post_opens_are_told(project: Project, run: Run) -> None:
    (project.root / "table.csv").write_text("a\n")
    _, outputs = run("```python\nfrom pathlib import Path\nPath('table.csv').read_text()\n```\n")
    assert list(outputs.files) == ["table.csv"]


def test_source_that_is_shown_is_a_file_that_is_opened_and_source_that_is_imported_is_not(
    project: Project, run: Run
) -> None:
    (project.root / "toy" / "shown.py").write_text("def f():\n    return 1  # a remark\n")
    imported = run("```python\nfrom toy.shown import f\nf()\n```\n")[1]
    shown = run("```python\nimport inspect\nfrom toy.shown import f\ninspect.getsource(f)\n```\n")[1]
    assert list(imported.files) == []
    assert list(shown.files) == ["toy/shown.py"]
