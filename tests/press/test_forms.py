"""What cells may print and show, in whatever way, and what becomes of cells that take too much."""

from __future__ import annotations

from typing import Any

import pytest
from running import Run
from toypost import HEAD

from mlblog.errors import PostError
from mlblog.lab import Project
from mlblog.press import Compiled, Outputs, Post, Server, compile_posts, parse_post


def outputs(run: Run, *codes: str) -> list[list[tuple[str, Any]]]:
    """Of each cell: the kind of each output, and its text."""
    _, found = run("\n".join(f"```python\n{code}\n```\n" for code in codes))
    return [
        [
            (one["name"], one["text"]) if "text" in one else (one["output_type"], one["data"]["text/plain"])
            for one in ran.outputs
        ]
        for ran in found.settled().ran
    ]


def test_what_is_printed_behind_pythons_back_comes_in_order(run: Run) -> None:
    code = (
        "import ctypes, os, subprocess\nprint('a')\nos.system('echo b')\nprint('c')\n"
        "subprocess.run(['echo', 'd'])\nctypes.CDLL(None).printf(b'e\\n')\nprint('f')\nos.write(2, b'g\\n');"
    )
    assert outputs(run, code, "!echo h", "%%bash\necho i") == [
        [("stdout", "a\nb\nc\nd\ne\nf\n"), ("stderr", "g\n")],
        [("stdout", "h\r\n")],
        [("stdout", "i\n")],
    ]


def test_lines_of_c_of_python_and_of_the_system_keep_their_order(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # with it C holds nothing back either
    code = (
        "import ctypes, os, sys\nc = ctypes.CDLL(None)\nfor n in range(3):\n    print('python', n)\n"
        "    c.puts(f'c {n}'.encode())\n    os.write(1, f'system {n}\\n'.encode())\n"
        "    print('first', n, file=sys.__stdout__)\n    display(n)\n    c.puts(f'late {n}'.encode())\n"
        "    c.fflush(None)\n    print('error', n, file=sys.stderr);"
    )

    def run(body: str) -> tuple[Post, Outputs]:
        post = parse_post(HEAD + body, "posts_src/t.md")
        with Server(project) as server:
            return post, server.run(post)

    assert outputs(run, code) == [
        [
            one
            for n in range(3)
            for one in [
                ("stdout", f"python {n}\nc {n}\nsystem {n}\nfirst {n}\n"),
                ("display_data", str(n)),
                ("stdout", f"late {n}\n"),
                ("stderr", f"error {n}\n"),
            ]
        ]
    ]


def test_streams_are_files_to_who_needs_files(run: Run) -> None:
    code = "import subprocess, sys\nsys.stdout.buffer.write(b'a\\n')\nsubprocess.run(['echo', 'b'], stdout=sys.stdout);"
    assert outputs(run, code) == [[("stdout", "a\nb\n")]]


def test_a_logging_handler_writes_to_the_cell_that_logs(run: Run) -> None:
    codes = ("import logging\nlogging.warning('a')", "logging.warning('b')")
    assert outputs(run, *codes) == [[("stderr", "WARNING:root:a\n")], [("stderr", "WARNING:root:b\n")]]


def test_displays_are_updated_and_cleared(run: Run) -> None:
    codes = (
        "h = display(1, display_id=True)\nprint(2)\nh.update(3)",
        "h.update(4)",  # where it stands, as in Jupyter
        "from IPython.display import clear_output\nprint('gone')\nclear_output()\nprint('a')\nclear_output(wait=True)\n"
        "print('b')",
        "print('c')\nclear_output(wait=True)",
    )
    assert outputs(run, *codes) == [
        [("display_data", "4"), ("stdout", "2\n")],
        [],
        [("stdout", "b\n")],
        [("stdout", "c\n")],
    ]


def test_values_that_json_cannot_hold_are_text(run: Run) -> None:
    _, found = run(
        "```python\ndisplay({'application/json': float('nan'), 'text/plain': 'n'}, raw=True)\n"
        "display({'text/x': {1, 2}, 'text/plain': 's'}, raw=True)\nprint('\\ud800')\n```\n"
    )
    first, second, third = found.ran[0].outputs
    assert (first["data"]["application/json"], second["data"]["text/x"], third["text"]) == ("nan", "{1, 2}", "?\n")


@pytest.mark.parametrize(
    ("mime", "code"),
    [
        ("text/html", "class A:\n    def _repr_html_(self):\n        return '<b>a</b>'\nA()"),
        ("text/markdown", "from IPython.display import Markdown\nMarkdown('**a**')"),
        ("text/latex", "from IPython.display import Math\nMath('x^2')"),
        ("image/svg+xml", "from IPython.display import SVG\nSVG('<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>')"),
        ("image/png", "from IPython.display import Image\nImage(b'\\x89PNG', format='png')"),
        ("application/json", "from IPython.display import JSON\nJSON({'a': 1})"),
    ],
)
def test_rich_values(mime: str, code: str, run: Run) -> None:
    _, found = run(f"```python\n{code}\n```\n")
    assert mime in found.ran[0].outputs[-1]["data"]


def limited(project: Project, server: Server, body: str, head: str = "") -> Compiled:
    for path in project.posts.glob("*.md"):
        path.unlink()
    (project.posts / "t.md").write_text(HEAD.replace("title: T\n", f"title: T\n{head}") + body)
    (project.posts / "other.md").write_text(HEAD + "```python\n1\n```\n")
    return compile_posts(project, server=server)


@pytest.mark.parametrize(
    ("body", "head", "says"),
    [
        ("```python timeout=0.5\nwhile True: pass\n```\n", "", "posts_src/t.md:5: timed out after 0.5 s"),
        ("```python\nwhile True: pass\n```\n", "timeout: 1\n", "posts_src/t.md:6: timed out after 1 s"),
        ("```python\nx = bytearray(2 * 2**30)\n```\n", "memory: 1.5\n", "posts_src/t.md:7: MemoryError"),
        ("```python\nimport os\nos._exit(3)\n```\n", "", "posts_src/t.md:5: the process of the post died here (exit c"),
    ],
)
def test_a_cell_that_takes_too_much_is_named_and_the_rest_is_built(
    body: str, head: str, says: str, project: Project, server: Server
) -> None:
    done = limited(project, server, body, head)
    (error,) = done.errors
    assert str(error).startswith(says)
    assert done.pages == ["blog/posts/other.md"]


def test_limits_stay_off_the_page_and_a_cell_may_take_its_time(project: Project, server: Server) -> None:
    done = limited(project, server, "```python timeout=60\n1\n```\n", "timeout: 60\nmemory: 2\n")
    assert not done.errors
    text = (project.work / "pages" / "blog" / "posts" / "t.md").read_text()
    assert "timeout" not in text
    assert "memory" not in text


@pytest.mark.parametrize("head", ["timeout: soon\n", "memory: 0\n", "timeout: true\n"])
def test_limits_are_numbers(head: str) -> None:
    with pytest.raises(PostError, match=r"t.md:4: (timeout|memory) must be a number"):
        parse_post(HEAD.replace("date", f"{head}date").replace("title: T\n", "title: T\n# a\n"), "t.md")
