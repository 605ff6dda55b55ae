"""An edit within one tick of bytecode's clock, of the same size, is what runs."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
sys.path.insert(0, {root!r})
if {fresh}:
    from mlblog.lab.observing.fromsource import import_from_source
    import_from_source(["toy.sub"])
import toy.sub.a
print(toy.sub.a.K, toy.sub.a.__file__)
"""


def value(root: Path, *, fresh: bool) -> str:
    command = [sys.executable, "-c", SCRIPT.format(root=str(root), fresh=fresh)]
    kept = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(command, env=kept, capture_output=True, text=True, check=True).stdout.split()[0]


def test_bytecode_of_the_same_second_and_size_is_not_run(tmp_path: Path) -> None:
    module = tmp_path / "toy" / "sub" / "a.py"
    module.parent.mkdir(parents=True)
    for number in (1, 2):
        module.write_text(f"K = {number}\n", encoding="utf-8")
        os.utime(module, (10**9, 10**9))
        if number == 1:
            assert value(tmp_path, fresh=False) == "1"
    assert value(tmp_path, fresh=False) == "1", "this Python compares more than seconds and size: nothing to guard"
    assert value(tmp_path, fresh=True) == "2"
