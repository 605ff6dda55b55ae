"""Every key that a docstring cites stands in the bibliography, and every entry there is cited."""

import re
from pathlib import Path

import mlblog

PACKAGE = Path(mlblog.__file__).parent
KEY = re.compile(r"\[@?([a-z]+(?:19|20)\d\d[a-z]+)")


def test_cited_keys_and_entries_are_the_same() -> None:
    entries = re.findall(r"^@\w+\{(\w+),", (PACKAGE / "papers" / "references.bib").read_text(encoding="utf-8"), re.M)
    cited = {key for file in PACKAGE.rglob("*.py") for key in KEY.findall(file.read_text(encoding="utf-8"))}
    assert len(entries) == len(set(entries))
    assert cited == set(entries)
