"""What is kept in `.mlblog` can be damaged in any way: a build makes it again, and never shows it."""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from toypost import HEAD

from mlblog.lab import Project
from mlblog.press import Compiled, Server, compile_posts

BODY = "\n```python\nfrom toy.tools import twice\n\nprint('number', twice(8))\n```\n"


@pytest.fixture
def build(fresh: Project) -> Iterator[Callable[[], tuple[Compiled, bytes]]]:
    (fresh.root / "toy/tools.py").write_text("def twice(x):\n    return 2 * x\n")
    (fresh.posts / "t.md").write_text(HEAD + BODY)
    with Server(fresh, timeout=30) as server:

        def build() -> tuple[Compiled, bytes]:
            done = compile_posts(fresh, server=server)
            assert not done.errors
            return done, (fresh.work / "pages/blog/posts/t.md").read_bytes()

        yield build


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def garbage(path: Path) -> None:
    path.write_bytes(b"\xff\xfe{]")


def other_json(path: Path) -> None:
    path.write_bytes(b'{"ran": 3, "runs": [1], "posts": [], "files": 7, "world": null}')


def flip(path: Path) -> None:
    path.write_bytes(re.sub(rb"\d", lambda digit: b"%d" % ((int(digit[0]) + 1) % 10), path.read_bytes()))


def folder(path: Path) -> None:
    path.unlink()
    (path / "inside").mkdir(parents=True)


def without_permission(path: Path) -> None:
    path.chmod(0)


def dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


@pytest.mark.parametrize(
    "damage",
    [
        *(cut, other_json, flip, folder, without_permission),
        *(pytest.param(damage, marks=pytest.mark.audit) for damage in (empty, garbage, dangling)),
    ],
)
def test_a_damaged_entry_is_made_again(
    damage: Callable[[Path], None], build: Callable[[], tuple[Compiled, bytes]], fresh: Project
) -> None:
    _, page = build()
    files = [path for path in fresh.work.rglob("*.json") if path.is_file() and "pages" not in path.parts]
    assert {path.relative_to(fresh.work).parts[0] for path in files} >= {"outputs", "cache", "bases"}
    for path in files:
        damage(path)
    assert build()[1] == page
    shutil.rmtree(fresh.work / "pages")
    assert build()[1] == page


def test_one_flipped_digit_of_an_output_is_not_shown(
    build: Callable[[], tuple[Compiled, bytes]], fresh: Project
) -> None:
    _, page = build()
    (entry,) = [path for path in (fresh.work / "outputs").rglob("*.json") if b"number 16" in path.read_bytes()]
    entry.write_bytes(entry.read_bytes().replace(b"number 16", b"number 17"))
    shutil.rmtree(fresh.work / "pages")
    done, again = build()
    assert (done.ran, again) == (["posts_src/t.md"], page)


@pytest.mark.parametrize("name", ["outputs", "cache", "bases", "kept.json"])
def test_a_file_where_a_folder_was_and_the_reverse(
    name: str, build: Callable[[], tuple[Compiled, bytes]], fresh: Project
) -> None:
    _, page = build()
    place = fresh.work / name
    if place.is_dir():
        shutil.rmtree(place)
        place.write_text("x")
    else:
        place.unlink(missing_ok=True)
        (place / "inside").mkdir(parents=True)
    assert build()[1] == page


@pytest.mark.parametrize(("before", "after"), [("timeout: 30\n", "timeout: 0.5\n"), ("", "timeout: 0.5\n")])
def test_an_output_is_not_kept_under_a_shorter_limit(
    before: str, after: str, build: Callable[[], tuple[Compiled, bytes]], fresh: Project
) -> None:
    post = HEAD.replace("title: T\n", "title: T\n{}") + "\n```python\nimport time\ntime.sleep(0.7)\n```\n"
    (fresh.posts / "t.md").write_text(post.format(before))
    build()
    (fresh.posts / "t.md").write_text(post.format(after))
    with pytest.raises(AssertionError, match=r"timed out after 0.5 s"):
        build()


def test_a_file_that_is_edited_while_its_reader_runs_is_read_again(
    build: Callable[[], tuple[Compiled, bytes]], fresh: Project
) -> None:
    (fresh.root / "x.txt").write_text("old")
    os.mkfifo(fresh.root / "gate")
    (fresh.posts / "t.md").write_text(
        f"{HEAD}\n```python\nname = 'x'\nprint('I read', open(f'{{name}}.txt').read())\n```\n\n"
        "```python\nopen('gate').read();\n```\n"
    )

    def edit() -> None:
        with open(fresh.root / "gate", "w") as gate:  # the second cell waits for it
            (fresh.root / "x.txt").write_text("new")
            gate.write("go")

    for seen in (b"I read old", b"I read new"):
        editor = threading.Thread(target=edit, daemon=True)
        editor.start()
        assert seen in build()[1]
        editor.join()
    assert build()[0].ran == []
