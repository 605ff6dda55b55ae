"""A plugin of pytest that notes which functions of the package each test runs, and how long the test takes.

Loaded by `-p reach`; writes JSON to the file that $REACH names: `{test: [seconds, ["file function", …]]}`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest

_found: dict[str, tuple[float, list[str]]] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    root = str(item.config.rootpath) + os.sep
    ran: set[str] = set()
    for value in [*vars(getattr(item, "module", None) or object).values()]:
        if hasattr(value, "cache_clear"):
            value.cache_clear()  # or what a test looks up was run by an earlier one

    def note(frame: FrameType, event: str, argument: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(root):
            ran.add(f"{code.co_filename[len(root) :]} {code.co_qualname.partition('.<locals>')[0]}")

    started = time.perf_counter()
    sys.setprofile(note)
    try:
        result = yield
    finally:
        sys.setprofile(None)
        kept = sorted(one for one in ran if one.startswith("mlblog/"))
        _found[item.nodeid] = (round(time.perf_counter() - started, 3), kept)
    return result


def pytest_sessionfinish() -> None:
    Path(os.environ["REACH"]).write_text(json.dumps(_found), encoding="utf-8")
