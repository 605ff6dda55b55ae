"""What is changed that outputs rest on: `NAME` in a path is the row's own name, `OUTSIDE` a folder beside the blog."""

from __future__ import annotations

import os
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

MODULE = '''\
import os
import warnings

WORD = "v1"


def f():
    return WORD


class Thing:
    def __repr__(self):
        return f()


def g():
    """v1"""


def log(logger):
    logger.error(0)


def warn():
    warnings.warn("x", stacklevel=1)


def fail():
    raise ValueError


def variable():
    return os.environ["MLTEST_WORD"]


def read(name):
    with open(f"data/{name}.txt") as file:
        return file.read()


if __name__ == "__main__":
    print(WORD)
'''

Change = Callable[[Path, str], object]


def edit(path: str) -> Change:
    def change(root: Path, name: str) -> None:
        file = root / filled(path, name)
        file.write_text(file.read_text().replace("v1", "v2"))

    return change


def write(path: str, text: str = "v2\n") -> Change:
    def change(root: Path, name: str) -> None:
        (root / filled(path, name)).parent.mkdir(parents=True, exist_ok=True)
        (root / filled(path, name)).write_text(text)

    return change


def delete(path: str) -> Change:
    return lambda root, name: (root / filled(path, name)).unlink()


def same_size_and_time(path: str) -> Change:
    def change(root: Path, name: str) -> None:
        file = root / filled(path, name)
        stat = file.stat()
        edit(path)(root, name)
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    return change


def touch(path: str) -> Change:
    return lambda root, name: os.utime(root / filled(path, name), (10**9, 10**9))


def insert(root: Path, name: str) -> None:
    with sqlite3.connect(root / f"data/{name}.db") as data:
        data.execute("insert into t values ('v2')")
    data.close()


def prose(root: Path, name: str) -> None:
    post = root / f"posts_src/{name}.md"
    post.write_text(post.read_text().replace("---\n\n", "---\n\nProse.\n\nMore of it.\n\n"))


def remark(root: Path, name: str) -> None:
    """Move every line of the row's module."""
    module = root / f"toy/{name}.py"
    module.write_text(f"# A remark.\n\n{module.read_text()}")


def relink(root: Path, name: str) -> None:
    (root / f"data/{name}.link").unlink()
    (root / f"data/{name}.link").symlink_to(root / f"toy/{name}.cfg")


def rezip(root: Path, name: str, word: str = "v2") -> None:
    with zipfile.ZipFile(root / f"data/{name}.zip", "w") as file:
        file.writestr("a", word)
        file.writestr(f"{name}z.py", f"WORD = '{word}'\n")


def in_post(old: str, new: str) -> Change:
    def change(root: Path, name: str) -> None:
        post = root / f"posts_src/{name}.md"
        assert old in post.read_text()
        post.write_text(post.read_text().replace(old, new))

    return change


THE_MODULE, THE_FILE = edit("toy/NAME.py"), edit("data/NAME.txt")


def filled(code: str, name: str, outside: Path | str = "../outside") -> str:
    """`text` with what its row has of its own."""
    return code.replace("NAME", name).replace("OUTSIDE", str(outside))
