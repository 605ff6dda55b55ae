"""Posts of any shape: a page, or an error with a file and a line; nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from toypost import HEAD

from mlblog.errors import CellError, PostError
from mlblog.lab import Project
from mlblog.press import Server, compile_posts

ODD = st.sampled_from(
    [
        "\x00",
        "\x0b",
        "\x0c",
        "\x1c",
        "\x85",
        "\u2028",
        "\u2029",
        "\ufeff",
        "\u202e",
        "e\u0301",
        "🏳️‍🌈",
        "\t",
        "\r",
        "\x1b[31m",
        "\\",
        "ﬁ",
        "\U0010ffff",
    ]
)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
CODE = st.sampled_from(
    [
        "1 + 1",
        "x = [",
        "x",
        "print('a')",
        "raise ValueError('é\\ud800')",
        "def f():\n    return 1",
        "%time",
        "!echo a",
        "%%bash\necho a",
        "",
        "   ",
        "\tx = 1",
        "1;",
        "'''\n```\n'''",
        "await x",
        "return",
        "print('\\x1b[31m')",
        "display(1)",
        "import nothing",
        "/// html | div",
        "print('///')",
        "del print",
        "\u00aa = 1",
        "x = 'a\u2028b'",
        "f'{1!r:>{2}}'",
        "lambda: (yield)",
        "print('```')",
        "1/0",
        "\x0c1",
        "`",
        "?print",
        "print?",
        "import sys; sys.exit(0)",
        "globals().clear()",
        "from toy.experiments.coin import coin",
        "from toy import *",
        "__import__('toy.x')",
    ]
)
EXPRESSIONS = st.sampled_from(
    ["1 + 1", "'a'", "f'{1!r:>3}'", "'é\\ud800'", "'|'", "'<b>'", "print('a')", "[1, 2]", "None", "x", "1/0", "(", "''"]
)
INFO = st.sampled_from(
    [
        *["python"] * 12,
        "python",
        "python .noeval",
        "pycon",
        'python tags=["hide-input"]',
        'python alt="a"',
        "python alt=",
        "Python",
        "{python}",
        'python tags=["remove-input"]',
        'python tags=["raises-exception"]',
        "python timeout=5",
        "python timeout=0",
        "python .noeval hl_lines=1",
        'python caption="`{python} x`" label="a"',
        "text",
        "",
        "markdown",
        'python alt="\\ud800"',
    ]
)
AROUND = st.sampled_from(
    ["", "    ", "> ", "- ", "   ", "        ", "\t", ">", "> > ", "!!! note\n    ", '=== "A"\n\n    ', "1. a\n\n    "]
)


@st.composite
def fences(draw: st.DrawFn) -> str:
    marks = draw(st.sampled_from(["```", "```", "~~~", "````", "~~~~~"]))
    closing = draw(st.sampled_from([*[marks] * 12, marks + "`", "", "  " + marks]))
    body = f"{marks}{draw(INFO)}\n{draw(CODE)}\n{closing}\n"
    around = draw(AROUND)
    prefix = around.rpartition("\n")[2]
    return "\n" + around + ("\n" + prefix).join(body.split("\n")) + "\n"


LINES = st.one_of(
    WORDS.map(lambda text: text + "\n"),
    ODD,
    EXPRESSIONS.map(lambda code: f"a `{{python}} {code}` b\n"),
    st.sampled_from(
        [
            "\n",
            "# A\n",
            "<!-- more -->\n",
            "<!--\n",
            "-->\n",
            "---\n",
            "| a | `{python} 1` |\n",
            "$$\nx\n$$\n",
            "[^1]: a\n",
            ">>> 1\n",
        ]
    ),
)
META = st.sampled_from(
    [
        *[HEAD] * 40,
        "",
        "---\n",
        "---\n---\n",
        "---\ntitle: [\n---\n",
        "---\n- 1\n---\n",
        '---\ntitle: "\\ud800"\ndate: 2026-01-01\n---\n',
        "---\ntitle: a\ndate: 2026-13-01\n---\n",
        "---\ntitle: 1\ndate: 2026-01-01\n---\n",
        "---\n? [a]\n: b\ntitle: a\ndate: 2026-01-01\n---\n",
        "---\ntitle: a\ndate: {created: 2026-01-01}\nslug: a/b\n---\n",
        "---\ntitle: a\ndate: 2026-01-01\nslug: ../x\n---\n",
        "---\ntitle: a\ndate: 2026-01-01\ntimeout: .inf\n---\n",
        "---\ntitle: a\ndate: 2026-01-01\nx: !!python/object:a {}\n---\n",
        "---\n&a a: *a\n---\n",
        "---\ntitle: a\ndate: 2026-01-01\nslug: ''\n---\n",
        "---\r\ntitle: a\r\ndate: 2026-01-01\r\n---\r\n",
    ]
)
POSTS = st.tuples(META, st.lists(st.one_of(fences(), fences(), LINES), max_size=8)).map(
    lambda parts: parts[0] + "".join(parts[1])
)


def check(project: Project, server: Server, text: str) -> None:
    path = project.posts / "fuzzed.md"
    path.write_bytes(text.encode())
    done = compile_posts(project, server=server)
    outside = [p for p in (project.work / "pages").rglob("*") if p.is_file() and "posts" not in p.parts]
    assert not outside
    if done.errors:
        (error,) = done.errors
        assert isinstance(error, PostError | CellError), error
        found = re.match(r"posts_src/fuzzed\.md:(\d+): .", str(error))
        assert found, str(error)
        assert 1 <= int(found[1]) <= text.count("\n") + text.count("\r") + 1, str(error)
    else:
        (page,) = done.pages
        assert (Path(done.folder) / page).read_text()


NO_DEADLINE = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=50, derandomize=True, phases=[Phase.generate], **NO_DEADLINE)  # type: ignore[arg-type]
@given(text=POSTS)
def test_some_posts_of_any_shape(text: str, project: Project, server: Server) -> None:
    check(project, server, text)


@pytest.mark.audit
@settings(max_examples=1000, **NO_DEADLINE)  # type: ignore[arg-type]
@given(text=POSTS)
def test_a_thousand_posts_of_any_shape(text: str, project: Project, server: Server) -> None:
    check(project, server, text)
