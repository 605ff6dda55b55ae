"""Benchmarks fill their own sections of RESULTS.md, and leave the others alone."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "benchmarks"
RECORDED = {
    "section": "library",
    "command": "python benchmarks/library.py --rounds 3",
    "date": "2025-02-28",
    "cores": 1,
    "python": "3.11.7",
    "columns": ["piece", "ours / theirs"],
    "rows": [["a | b", "0.92"], ["missed its aim", "3.53"]],
}
FILE = """# Results

<!-- lab -->
old | lab
<!-- /lab -->

## The library
<!-- library -->
old, and \\1
<!-- /library -->
The end.
"""


def write(target: Path, document: dict[str, object]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, FOLDER / "results.py", target]
    return subprocess.run(command, input=json.dumps(document), capture_output=True, text=True, check=False)


def test_section_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    target = tmp_path / "RESULTS.md"
    target.write_text(FILE, encoding="utf-8")
    assert write(target, RECORDED).returncode == 0
    expected = """<!-- library -->

Measured on 2025-02-28 by `python benchmarks/library.py --rounds 3`, on 1 core, with Python 3.11.7.

| piece | ours / theirs |
|---|---|
| a \\| b | 0.92 |
| missed its aim | 3.53 |

<!-- /library -->"""
    before, after = FILE.split("<!-- library -->\nold, and \\1\n<!-- /library -->")
    assert target.read_text(encoding="utf-8") == before + expected + after
    assert write(target, RECORDED | {"rows": [["new", "1.00"]]}).returncode == 0, "and again"
    assert "3.53" not in target.read_text(encoding="utf-8")


def test_section_that_is_not_there_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "RESULTS.md"
    target.write_text(FILE, encoding="utf-8")
    done = write(target, RECORDED | {"section": "nonesuch"})
    assert done.returncode == 1
    assert "nonesuch" in done.stderr
    assert target.read_text(encoding="utf-8") == FILE


def test_a_benchmark_prints_what_the_writer_takes(tmp_path: Path) -> None:
    command = [sys.executable, FOLDER / "library.py", "--only", "relaxed_draw", "--rounds", "1", "--json"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = json.loads(printed)
    assert found["command"] == "python benchmarks/library.py --only relaxed_draw --rounds 1"
    ((piece, *_, ratio),) = found["rows"]
    assert "gumbel_softmax" in piece
    assert float(ratio) > 0
    target = tmp_path / "RESULTS.md"
    target.write_text(FILE, encoding="utf-8")
    assert write(target, found).returncode == 0
    assert f"| {ratio} |" in target.read_text(encoding="utf-8")


def test_every_benchmark_has_a_section() -> None:
    reported = set()
    for file in FOLDER.glob("*.py"):
        text = file.read_text(encoding="utf-8")
        if "__main__" not in text or file.name == "results.py":
            continue
        assert '"--json"' in text, file.name
        calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
        (report,) = (call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Report")
        name = report.args[0]
        reported |= {name.value} if isinstance(name, ast.Constant) else {"press", "saving", "peers"}
    markers = re.findall(r"^<!-- (/?)(\w+) -->$", (FOLDER / "RESULTS.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for slash, name in markers if not slash] == [name for slash, name in markers if slash]
    assert {name for _, name in markers} == reported
